"""Runs that were stopped go on where they stopped and end as if nothing had happened."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from lines import interrupt, tabulated

from linguagraph.columns import TABLES
from linguagraph.edges.storage import read_table
from linguagraph.errors import RunError
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.batch import SrlBatch
from linguagraph.runs.directory import Run
from linguagraph.runs.masking import mask_stage
from linguagraph.runs.models import Explained, load_explained
from linguagraph.runs.parsing import parse_stage
from linguagraph.runs.sources import Reading


@pytest.fixture(scope="module", autouse=True)
def small_shards() -> Iterator[None]:
    """Four sentences a shard: nine sentences make three shards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("linguagraph.runs.parsing.SHARD", 4)
        yield


@pytest.fixture(scope="module")
def whole(
    small_shards: None,
    tmp_path_factory: pytest.TempPathFactory,
    corpus: Path,
    explained: Explained,
) -> Run:
    """A run over nine sentences that nothing disturbed."""
    return tabulated(tmp_path_factory.mktemp("whole"), corpus, explained, limit=9)


@pytest.fixture
def masked_examples(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of examples of every batch that is masked, noted as the test goes on."""
    seen: list[int] = []
    mask = SrlGraphMask.mask

    def noted(self: SrlGraphMask, batch: SrlBatch) -> object:
        seen.append(batch.num_examples)
        return mask(self, batch)

    monkeypatch.setattr(SrlGraphMask, "mask", noted)
    return seen


def same_tables(one: Path, two: Path) -> None:
    for name, table in TABLES.items():
        pd.testing.assert_frame_equal(
            read_table(one / f"{name}.parquet", table), read_table(two / f"{name}.parquet", table)
        )


def state(folder: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in folder.iterdir() if p.name != "stage.json"}


def test_an_interrupted_run_goes_on(
    tmp_path: Path, corpus: Path, explained: Explained, whole: Run, masked_examples: list[int]
) -> None:
    every = whole.manifest["corpus"]["predicates"]
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        tabulated(out, corpus, explained, limit=9, progress=interrupt("masking edges", 2))
    assert len(list((out / "mask").glob("*.safetensors"))) == 2
    assert "mask" not in Run.open(out).manifest["stages"]
    done = sum(masked_examples)
    masked_examples.clear()
    before = state(out / "mask"), state(out / "graph"), state(out / "parse")

    run = tabulated(out, corpus, explained, limit=9, resume=True)
    assert sum(masked_examples) == every - done
    after = state(out / "mask"), state(out / "graph"), state(out / "parse")
    assert {k: v for k, v in after[0].items() if k in before[0]} == before[0]
    assert after[1:] == before[1:]
    same_tables(out, whole.path)
    assert run.manifest["unknown_labels"] == whole.manifest["unknown_labels"]


@pytest.mark.parametrize(
    "title",
    ["reading sentences", "building graphs", "reading the model's gates", "building tables"],
)
def test_every_stage_can_be_interrupted(
    tmp_path: Path, corpus: Path, explained: Explained, whole: Run, title: str
) -> None:
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        tabulated(out, corpus, explained, limit=9, progress=interrupt(title, 2))
    tabulated(out, corpus, explained, limit=9, resume=True)
    same_tables(out, whole.path)
    assert not list(out.rglob("*.part"))


def test_a_finished_run_computes_nothing_again(
    tmp_path: Path, corpus: Path, explained: Explained, masked_examples: list[int]
) -> None:
    out = tmp_path / "run"
    tabulated(out, corpus, explained, limit=6)
    masked_examples.clear()
    times = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    told: list[str] = []
    tabulated(out, corpus, explained, limit=6, resume=True, notify=told.append)
    assert masked_examples == []
    assert told == []
    assert {p: p.stat().st_mtime_ns for p in times if p.suffix == ".parquet"} == {
        p: t for p, t in times.items() if p.suffix == ".parquet"
    }


def test_half_a_shard_is_done_again(
    tmp_path: Path, corpus: Path, explained: Explained, whole: Run
) -> None:
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        tabulated(out, corpus, explained, limit=9, progress=interrupt("masking edges", 3))
    for lost in ("shard-00000.json", "shard-00001.parquet", "shard-00002.safetensors"):
        (out / "mask" / lost).unlink()
    tabulated(out, corpus, explained, limit=9, resume=True)
    same_tables(out, whole.path)


def test_changed_options_redo_what_depends_on_them(
    tmp_path: Path, corpus: Path, explained: Explained, model: Path
) -> None:
    out = tmp_path / "run"
    told: list[str] = []
    tabulated(out, corpus, explained, limit=6)
    (out / "report.html").touch()
    parsed, graphed = state(out / "parse"), state(out / "graph")

    fewer = load_explained(model, seeds="0,4", device="cpu")
    run = tabulated(out, corpus, fewer, limit=6, resume=True, notify=told.append)
    assert told == ["inputs or options have changed: doing mask, tabulate again"]
    assert (state(out / "parse"), state(out / "graph")) == (parsed, graphed)
    assert run.manifest["seeds"] == [0, 4]
    told.clear()
    run = tabulated(out, corpus, fewer, limit=5, resume=True, notify=told.append)
    assert told == ["inputs or options have changed: doing parse, graph, mask, tabulate again"]
    assert run.manifest["corpus"]["sentences"] == 5
    assert len(list((out / "parse").glob("shard-*"))) == 2
    same_tables(out, tabulated(tmp_path / "five", corpus, fewer, limit=5).path)


def test_what_was_made_from_other_inputs_is_removed(
    tmp_path: Path, corpus: Path, explained: Explained
) -> None:
    out = tmp_path / "run"
    run = tabulated(out, corpus, explained, limit=5)
    (out / "analyse").mkdir()
    (out / "report.html").touch()
    (out / "notes.txt").touch()
    with pytest.raises(KeyboardInterrupt):
        tabulated(
            out, corpus, explained, limit=6, resume=True, progress=interrupt("masking edges", 1)
        )
    assert not (out / "report.html").exists()
    assert not (out / "edges.parquet").exists()
    assert (out / "notes.txt").exists()
    assert list(run.manifest["stages"]) == ["parse", "graph"]


def test_another_corpus_under_the_same_name_is_noticed(
    tmp_path: Path, corpus: Path, explained: Explained
) -> None:
    copy = tmp_path / "copy.conll09"
    copy.write_bytes(corpus.read_bytes())
    tabulated(tmp_path / "run", copy, explained, limit=5)
    stamp = copy.stat()
    copy.write_bytes(corpus.read_bytes().replace(b"council", b"kouncil"))
    os.utime(copy, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    told: list[str] = []
    run = tabulated(tmp_path / "run", copy, explained, limit=5, resume=True, notify=told.append)
    assert len(told) == 1
    first = json.loads((run.path / "parse" / "shard-00000.jsonl").read_text().splitlines()[0])
    assert first["tokens"][1]["form"] == "kouncil"


def test_a_finished_run_is_not_replaced_without_being_asked(
    tmp_path: Path, corpus: Path, explained: Explained
) -> None:
    out = tmp_path / "run"
    tabulated(out, corpus, explained, limit=6)
    before = (out / "edges.parquet").read_bytes()
    run = Run.create(out, resume=True, overwrite=False)
    with pytest.raises(RunError, match=r"limit=6 \(now 5\).*--overwrite"):
        parse_stage(run, corpus, reading=Reading(limit=5))
    with pytest.raises(RunError, match=r"tokens=.*--overwrite"):
        mask_stage(run, explained, tokens=17)
    assert (out / "edges.parquet").read_bytes() == before
