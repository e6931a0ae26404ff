"""A corpus in shards: the plan, what is made anew and what is not, failures, several at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dying
import pandas as pd
import pytest
from linguagraph.analyses import Params
from tiny import make_model

from linguagraph.columns import TABLES
from linguagraph.documents import read_sentences, write_sentences
from linguagraph.edges.storage import read_table
from linguagraph.errors import ConfigError, DocumentError, RunError
from linguagraph.pretrained import sample_path
from linguagraph.runs import collection as collection_module
from linguagraph.runs import running
from linguagraph.runs.analysing_stored import analyse_stored
from linguagraph.runs.collection import Collection
from linguagraph.runs.directory import Run
from linguagraph.runs.planned import read_piece
from linguagraph.runs.recipe import MaskRecipe, Recipe, ShardSizes, read_recipe
from linguagraph.runs.reporting import ReportOptions, run_report
from linguagraph.runs.running import run_recipe
from linguagraph.runs.shard_plan import plan_shards
from linguagraph.runs.sources import Reading
from linguagraph.runs.status import status_of

TEXTS = (
    "The dog chased the cat. It ran away.\n",
    "Mary gave her friend a book about ships.\n",
    "The old man who fished alone caught nothing.\n",
    "They asked her to leave. She refused.\n",
    "Nobody believed the story that he told.\n",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for number, text in enumerate(TEXTS):
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    return folder


def recipe_of(corpus: Path | list[Path], model: Path, **shards: Any) -> Recipe:
    names = corpus if isinstance(corpus, list) else [corpus]
    sizes = ShardSizes(**{"documents": 2, **shards})
    return Recipe(tuple(map(str, names)), sizes, mask=MaskRecipe(model=str(model), seeds="2"))


def test_a_plan_cuts_by_documents_and_by_size(texts: Path, model: Path) -> None:
    shards = plan_shards(recipe_of(texts, model))
    assert [[p.id for p in s.pieces] for s in shards] == [
        ["0.txt", "1.txt"],
        ["2.txt", "3.txt"],
        ["4.txt"],
    ]
    assert [s.size for s in shards] == [
        len(TEXTS[0]) + len(TEXTS[1]),
        len(TEXTS[2]) + len(TEXTS[3]),
        len(TEXTS[4]),
    ]
    by_size = plan_shards(recipe_of(texts, model, documents=9, megabytes=8e-5))
    assert [len(s.pieces) for s in by_size] == [2, 1, 2]  # 80 bytes
    assert [s.number for s in plan_shards(recipe_of(texts, model, limit=2))] == [0, 1]


def test_a_plan_is_the_same_twice_and_grows_at_its_end(texts: Path, model: Path) -> None:
    before = plan_shards(recipe_of(texts, model))
    assert plan_shards(recipe_of(texts, model)) == before
    (texts / "5.txt").write_text("One more.\n")
    after = plan_shards(recipe_of(texts, model))
    assert after[:2] == before[:2]
    assert after[2].fingerprint != before[2].fingerprint
    (texts / "2.txt").write_text(TEXTS[2].replace("old", "odd"))
    changed = plan_shards(recipe_of(texts, model))
    assert [a.fingerprint == b.fingerprint for a, b in zip(changed, after, strict=True)] == [
        True,
        False,
        True,
    ]


def test_a_large_text_is_cut_at_blank_lines(tmp_path: Path, model: Path) -> None:
    paragraphs = [f"Paragraph {i} has a line.\nAnd another one.\n\n" for i in range(9)]
    path = tmp_path / "large.txt"
    path.write_text("".join(paragraphs))
    shards = plan_shards(recipe_of(path, model, documents=1, megabytes=1e-4))
    pieces = [piece for shard in shards for piece in shard.pieces]
    assert [read_piece(p).decode() for p in pieces] == [
        "".join(paragraphs[i : i + 2]) for i in range(0, 9, 2)
    ]  # 42 bytes each, 100 at most
    assert [p.id for p in pieces] == [f"large.txt#{i}" for i in range(1, 6)]
    assert [p.line for p in pieces] == [1, 7, 13, 19, 25]


def test_an_annotated_file_is_cut_between_sentences_or_documents(
    tmp_path: Path, model: Path
) -> None:
    sentences = list(read_sentences(sample_path()))
    path = tmp_path / "c.conllu"
    write_sentences(sentences, path, format="conllu")
    plain = plan_shards(recipe_of(path, model, megabytes=0.01))
    assert len(plain) > 3
    assert all(s.size <= 10_000 and s.format == "conllu" for s in plain)
    assert b"".join(read_piece(s.pieces[0]) for s in plain) == path.read_bytes()
    blocks = [block for block in path.read_text().split("\n\n") if block.strip()]
    head = "# global.Entity = eid-etype-head-other\n"
    marked = "\n\n".join(
        (f"# newdoc id = d{i // 4}\n" if i % 4 == 0 else "") + block
        for i, block in enumerate(blocks[:20])
    )
    path.write_text(head + marked + "\n\n")
    cut = plan_shards(recipe_of(path, model, documents=2, megabytes=1.0))
    found = [read_piece(s.pieces[0]).decode() for s in cut]
    assert [text.count("# newdoc") for text in found] == [2, 2, 1]
    assert found[1].startswith("# newdoc id = d2")
    assert [s.pieces[0].header for s in cut] == ["", head, head]
    assert cut[1].pieces[0].line == 1 + found[0].count("\n")


def test_shards_have_the_rows_of_the_corpus_in_one_piece(tmp_path: Path, model: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    made = run_recipe(recipe_of(sample_path(), model, megabytes=0.02), out, device="cpu")
    assert len(made.done) >= 3
    assert not made.failed
    reading = Reading()
    options = ReportOptions(model=str(model), seeds="2", device="cpu", reading=reading)
    run_report(sample_path(), whole, options=options)
    start = {"sentence": 0, "example": 0}
    parts = []
    for number in range(len(made.done)):
        home = Collection(out).shard_path(number)
        edges = read_table(home / "edges.parquet", TABLES["edges"])
        for name in start:
            edges[name] += start[name]
        record = json.loads((home / "shard.json").read_text())
        start["sentence"] += record["sentences"]
        start["example"] += record["predicates"]
        parts.append(edges)
    found = pd.concat(parts, ignore_index=True)
    wanted = read_table(whole / "edges.parquet", TABLES["edges"])
    assert len(found) == len(wanted) > 1000
    order = ["example", "seed", "layer", "edge"]
    found = found.sort_values(order, ignore_index=True)
    wanted = wanted.sort_values(order, ignore_index=True)
    soft = ["score", "soft_gate"]
    pd.testing.assert_frame_equal(found[soft], wanted[soft], atol=1e-5, rtol=1e-4)
    for name in wanted.columns.difference([*soft, "corpus"]):
        assert found[name].astype(object).equals(wanted[name].astype(object)), name


def test_a_second_run_does_only_what_is_missing_or_changed(texts: Path, model: Path) -> None:
    out = texts.parent / "out"
    recipe = recipe_of(texts, model)
    assert sorted(run_recipe(recipe, out, device="cpu").done) == [0, 1, 2]
    stamps = {p.parent.name: p.stat().st_mtime_ns for p in out.glob("shards/*/shard.json")}
    assert run_recipe(recipe, out, device="cpu").kept == [0, 1, 2]
    (out / "shards" / "00001").rename(out / "lost")
    assert run_recipe(recipe, out, device="cpu").done == [1]
    (texts / "4.txt").write_text("Nobody believed it.\n")
    assert run_recipe(recipe, out, device="cpu").done == [2]
    now = {p.parent.name: p.stat().st_mtime_ns for p in out.glob("shards/*/shard.json")}
    assert now["00000"] == stamps["00000"]
    assert now["00002"] != stamps["00002"]


def test_other_masks_do_not_parse_again(texts: Path, model: Path) -> None:
    out = texts.parent / "out"
    recipe = recipe_of(texts, model)
    assert run_recipe(recipe, out, until="graph").done == [0, 1, 2]
    assert status_of(out)["until"] == "graph"
    parsed = {p: p.stat().st_ino for p in out.glob("shards/*/parse/shard-*.jsonl")}
    assert len(parsed) == 3
    assert run_recipe(recipe, out, device="cpu").done == [0, 1, 2]
    assert run_recipe(recipe, out, until="parse").kept == [0, 1, 2]
    assert all(path.stat().st_ino == inode for path, inode in parsed.items())
    other = Recipe(recipe.corpus, recipe.shards, mask=MaskRecipe(model=str(model), seeds="1"))
    edges = out / "shards" / "00000" / "edges.parquet"
    two = read_table(edges, TABLES["edges"])
    assert run_recipe(other, out, device="cpu").done == [0, 1, 2]
    one = read_table(edges, TABLES["edges"])
    assert set(two["seed"]) > set(one["seed"])
    assert all(path.stat().st_ino == inode for path, inode in parsed.items())


def test_shards_keep_their_results_when_they_move(texts: Path, model: Path) -> None:
    out = texts.parent / "out"
    run_recipe(recipe_of(texts, model), out, until="parse")
    (texts / "0.txt").unlink()
    (texts / "1.txt").unlink()  # the first shard is gone, the others move up
    made = run_recipe(recipe_of(texts, model), out, until="parse")
    assert made.kept == [0, 1]
    assert sorted(p.name for p in (out / "shards").iterdir()) == ["00000", "00001"]


def test_a_bad_shard_is_named_and_the_others_are_made(texts: Path, model: Path) -> None:
    out = texts.parent / "out"
    (texts / "4.txt").write_bytes(b" \n\t\n")
    told: list[str] = []
    made = run_recipe(recipe_of(texts, model), out, device="cpu", warn=told.append)
    assert sorted(made.done) == [0, 1]
    assert list(made.failed) == [2]
    assert "4.txt" in made.failed[2]
    assert any("shard 2 failed" in message for message in told)
    found = status_of(out)
    assert (found["done"], found["failed"], found["left"]) == (2, 1, 0)
    assert found["failures"]["2"]["file"].endswith("4.txt")
    (texts / "4.txt").write_text(TEXTS[4])
    assert status_of(out)["failed"] == 1  # as planned
    assert run_recipe(recipe_of(texts, model), out, device="cpu").done == [2]
    assert status_of(out)["failed"] == 0


def test_an_error_names_the_line_in_the_whole_file(tmp_path: Path, model: Path) -> None:
    sentences = list(read_sentences(sample_path()))
    path = tmp_path / "c.conllu"
    write_sentences(sentences, path, format="conllu")
    lines = path.read_text().splitlines()
    bad = len(lines) - next(i for i, line in enumerate(reversed(lines)) if line)
    lines[bad - 1] = "not ten columns"
    path.write_text("\n".join(lines) + "\n\n")
    recipe = recipe_of(path, model, megabytes=0.02)
    out = tmp_path / "out"
    made = run_recipe(recipe, out, until="parse")
    assert list(made.failed) == [len(made.done)]
    assert f"{path}, line {bad}" in made.failed[len(made.done)]
    tolerant = Recipe(recipe.corpus, recipe.shards, Reading(skip_bad=True), recipe.mask)
    made = run_recipe(tolerant, out, until="parse")
    assert not made.failed
    assert any(f"{path}, line {bad}" in text for text in status_of(out)["warnings"])


def test_a_shard_without_predicates_has_empty_tables(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("Chapter One\n")
    (folder / "b.txt").write_text(TEXTS[0])
    out = tmp_path / "out"
    made = run_recipe(recipe_of(folder, model, documents=1), out, device="cpu")
    assert made.done == [0, 1]
    sizes = [
        len(read_table(out / "shards" / name / "edges.parquet", TABLES["edges"]))
        for name in ("00000", "00001")
    ]
    assert sizes[0] == 0 < sizes[1]


def test_several_processes_give_the_same_tables(texts: Path, model: Path) -> None:
    one, two = texts.parent / "one", texts.parent / "two"
    run_recipe(recipe_of(texts, model), one, device="cpu")
    made = run_recipe(recipe_of(texts, model), two, device="cpu", workers=2)
    assert sorted(made.done) == [0, 1, 2]
    for number in range(3):
        for table in TABLES.values():
            pair = [
                read_table(Collection(o).shard_path(number) / f"{table.name}.parquet", table)
                for o in (one, two)
            ]
            pd.testing.assert_frame_equal(*pair)


def test_two_runs_at_once_share_the_work(texts: Path, model: Path, tmp_path: Path) -> None:
    for number in range(5, 12):
        (texts / f"{number:02d}.txt").write_text(TEXTS[number % 5] * 3)
    path = tmp_path / "recipe.toml"
    path.write_text(
        f'corpus = "texts"\n[shards]\ndocuments = 1\n[mask]\nmodel = "{model}"\nseeds = "1"\n'
    )
    out = tmp_path / "out"
    command = [sys.executable, "-m", "linguagraph.cli", "run", str(path), "-o", str(out)]
    command += ["--device", "cpu", "--threads", "1", "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = [json.loads(process.communicate(timeout=240)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    done = sorted(found[0]["done"] + found[1]["done"])
    assert done == list(range(12))  # each shard once
    assert status_of(out)["done"] == 12
    with Collection(out).begin(*_plan(read_recipe(path), out), until="tabulate"):
        other = Recipe((str(texts),), mask=MaskRecipe(model=str(model)))
        with (
            pytest.raises(RunError, match="another recipe"),
            _waits_not(),
            Collection(out).begin(other, plan_shards(other), {}, until="tabulate"),
        ):
            pass


def _plan(recipe: Recipe, out: Path) -> tuple[Recipe, Any, Any]:
    return recipe, plan_shards(recipe), Collection(out).plan["keys"]


class _waits_not:
    """A block that must not take long."""

    def __enter__(self) -> None:
        self.began = time.monotonic()

    def __exit__(self, *error: object) -> None:
        assert time.monotonic() - self.began < 30


def test_a_killed_driver_loses_only_the_shard_at_hand(
    texts: Path, model: Path, tmp_path: Path
) -> None:
    for number in range(5, 10):
        (texts / f"{number}.txt").write_text(TEXTS[number % 5] * 40)
    path = tmp_path / "recipe.toml"
    path.write_text(
        f'corpus = "texts"\n[shards]\ndocuments = 1\n[mask]\nmodel = "{model}"\nseeds = "1"\n'
    )
    out = tmp_path / "out"
    command = [sys.executable, "-m", "linguagraph.cli", "run", str(path), "-o", str(out)]
    command += ["--device", "cpu", "--threads", "1"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(list(out.glob("shards/*/shard.json"))) >= 3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = {p.parent.name: p.stat().st_mtime_ns for p in out.glob("shards/*/shard.json")}
    assert 3 <= len(before) < 10
    made = run_recipe(path, out, device="cpu", threads=1)
    assert len(made.kept) == len(before)
    assert len(made.done) == 10 - len(before)
    for name, stamp in before.items():
        assert (out / "shards" / name / "shard.json").stat().st_mtime_ns == stamp


def wait_for(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "took too long"
        time.sleep(0.02)


def test_a_shard_that_kills_its_worker_fails_after_three_attempts(
    texts: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from linguagraph.runs import shard_worker

    out = texts.parent / "out"
    run_recipe(recipe_of(texts, model), out, until="parse")
    worker = shard_worker.ShardWorker(out, until="graph", call="one")

    class Killed(BaseException):
        pass

    def dies(*args: object, **kwargs: object) -> None:
        raise Killed

    monkeypatch.setattr(shard_worker, "graph_stage", dies)
    for _ in range(shard_worker.ATTEMPTS):
        with pytest.raises(Killed):
            worker.make(1)
    result = worker.make(1)
    assert result["state"] == "failed"
    assert "ended 3 times" in result["error"]
    again = shard_worker.ShardWorker(out, until="graph", call="two")
    with pytest.raises(Killed):  # another call tries anew
        again.make(1)


def test_a_worker_that_dies_takes_no_other_shard_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_start", dying.start)
    monkeypatch.setattr(running, "_make", dying.make)
    told: list[str] = []
    found = list(running._make_in_processes([0, 1, 2], {"folder": tmp_path}, 2, told.append))
    states = {result["number"]: result["state"] for result in found}
    assert states == {0: "done", 1: "failed", 2: "done"}
    assert len(list(tmp_path.glob("0-*"))) <= 2  # once beside the one that died, once alone
    assert len(list(tmp_path.glob("1-*"))) == 3
    assert "shard 1 is tried again, alone" in " ".join(told)


def test_shards_that_a_dying_process_moved_are_found_again(texts: Path, model: Path) -> None:
    out = texts.parent / "out"
    run_recipe(recipe_of(texts, model), out, until="parse")
    shards = out / "shards"
    (shards / "00000").rename(shards / ".moving-00001")
    (shards / "00002").rename(shards / ".old-00002")
    made = run_recipe(recipe_of(texts, model), out, until="parse")
    assert sorted(made.kept) == [0, 1, 2]
    assert sorted(p.name for p in shards.iterdir()) == ["00000", "00001", "00002"]


def test_nobody_begins_while_the_folder_is_held(
    texts: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = texts.parent / "out"
    run_recipe(recipe_of(texts, model), out, until="parse")
    monkeypatch.setattr(collection_module, "PATIENCE", 0.1)
    with Run(out).lock(), pytest.raises(RunError, match="plans or analyses"):
        run_recipe(recipe_of(texts, model), out, until="parse")


def test_a_report_is_about_the_shards_of_the_plan(texts: Path, model: Path) -> None:
    out = texts.parent / "out"
    (texts / "0.txt").write_text("A table.\n")  # no predicate: an empty shard, the first
    (texts / "9.txt").write_text("A chair.\n")  # and the last
    run_recipe(recipe_of(texts, model, documents=1), out, device="cpu")
    params = Params(resamples=20)
    told: list[str] = []
    report = analyse_stored(out, params=params, warn=told.append)
    assert not told
    assert report.summary["corpus"]["sentences"] == 7
    (texts / "2.txt").write_bytes(b" \n")  # was good, is bad
    made = run_recipe(recipe_of(texts, model, documents=1), out, device="cpu")
    assert list(made.failed) == [2]
    assert (out / "shards" / "00002").is_dir()  # of before
    report = analyse_stored(out, params=params, warn=told.append)
    assert told == ["shard 00002 has no tables of this plan and is left out"]
    assert "The old man" not in report.path.read_text()
    assert "shards without tables" in report.path.read_text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("corpus = []", "corpus"),
        ("corpus = '-'", "standard input"),
        ("corpus = 'a'\nlimit = 3", "unknown"),
        ("corpus = 'a'\n[shards]\ndocuments = 'x'", r"\[shards\] documents = 'x'; expected int"),
        ("corpus = 'a'\n[shards]\ndocuments = 0", "documents=0"),
        ("corpus = 'a'\n[mask]\nshare = 2", "share=2"),
        ("corpus = 'a'\n[mask]\nmodl = 'x'", "unknown option"),
        ("corpus = 'a'\n[reading]\nlimit = 3", "limit"),
        ("corpus = 'a'\n[reading]\nformat = 'pdf'", "pdf"),
        ("corpus = ", "TOML"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_recipe(path)


def test_wrong_calls_are_refused_before_any_work(texts: Path, model: Path, tmp_path: Path) -> None:
    recipe = recipe_of(texts, model)
    for wrong in ({"engine": "dask"}, {"until": "analyse"}, {"workers": 0}, {"address": "x:1"}):
        with pytest.raises(ConfigError):
            run_recipe(recipe, tmp_path / "out", **wrong)
    with pytest.raises(DocumentError, match="no such"):
        run_recipe(recipe_of(tmp_path / "none", model), tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        run_recipe(recipe, tmp_path / "full", until="parse")
    learns = Recipe(recipe.corpus, mask=MaskRecipe(str(model), method="information_bottleneck"))
    with pytest.raises(ConfigError, match="learns from the corpus"):
        run_recipe(learns, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(RunError, match="neither a run"):
        status_of(tmp_path)
