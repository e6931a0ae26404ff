"""Training, loading and scoring predicate finders from files, and the bundled one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from srl_tools import build_sentence

from linguagraph.documents import write_sentences
from linguagraph.documents.records import Sentence
from linguagraph.errors import CheckpointError, ConfigError
from linguagraph.models.predicates import find_predicates
from linguagraph.models.scoring import RoleCounts
from linguagraph.runs.configuring import read_tables, updated
from linguagraph.runs.predicates import (
    BUNDLED_FINDER,
    load_predicate_finder,
    score_predicates_run,
    train_predicates_run,
)
from linguagraph.runs.progress import AbstractTask

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ewt-srl"

CONFIG = """
[model]
lemma = 6
lstm_hidden = 4
dropout = 0

[training]
epochs = 5
held_out = 0.5
rare_word = 1
"""


def corpus(path: Path, *, tag: str = "VBD") -> Path:
    """Eight sentences: a dog that barks, and every second time a noise."""
    sentences = []
    for index in range(8):
        rows = [("dogs", "NNS", 1, "nsubj"), ("barked", tag, -1, "root")]
        if index % 2:
            rows.append(("noise", "NN", 1, "obj"))
        sentences.append(build_sentence(rows, [(1, {})], index=index))
    write_sentences(sentences, path)
    return path


def english(*rows: tuple[str, str, str, int, str]) -> Sentence:
    """A sentence of (form, lemma, tag, head, label)."""
    sentence = build_sentence([(form, tag, head, label) for form, _, tag, head, label in rows])
    tokens = tuple(
        type(t)(t.index, t.form, lemma=row[1], xpos=t.xpos, head=t.head, deprel=t.deprel)
        for t, row in zip(sentence.tokens, rows, strict=True)
    )
    return Sentence(tokens)


def test_files_and_options_give_a_model_that_loads_and_scores(tmp_path: Path) -> None:
    train, dev = corpus(tmp_path / "train.conll09"), corpus(tmp_path / "dev.conll09")
    config = tmp_path / "options.toml"
    config.write_text(CONFIG)
    tasks: list[tuple[str, int | None]] = []
    lines: list[str] = []

    def progress(title: str, total: int | None) -> AbstractTask:
        tasks.append((title, total))
        return AbstractTask()

    record = train_predicates_run(
        train,
        dev,
        tmp_path / "out",
        config=config,
        overrides={"epochs": 2, "seed": 1},
        licence="CC0",
        name="toy",
        device="cpu",
        threads=1,
        log=lines.append,
        progress=progress,
    )
    assert [title for title, _ in tasks] == ["epoch 1/2", "epoch 2/2"]
    assert len(lines) == 2
    assert (record["training"]["epochs"], record["training"]["seed"]) == (2, 1)
    assert (record["name"], record["licence"]) == ("toy", "CC0")
    assert record["data"]["train"]["name"] == "train.conll09"
    finder, loaded = load_predicate_finder(tmp_path / "out", device="cpu")
    assert finder.config.lemma == 6
    assert loaded["scores"] == record["scores"]
    counts = score_predicates_run(dev, model=tmp_path / "out", device="cpu")
    assert counts["all"].gold == record["scores"]["all"]["gold"] == 8


def test_a_parsed_corpus_is_read_in_place_of_the_gold_trees(tmp_path: Path) -> None:
    gold = corpus(tmp_path / "gold.conll09")
    parsed = corpus(tmp_path / "parsed.conll09", tag="RB")
    config = tmp_path / "options.toml"
    config.write_text(CONFIG)
    train_predicates_run(
        gold, gold, tmp_path / "out", config=config, device="cpu", threads=1, log=lambda line: None
    )
    counts = score_predicates_run(gold, parsed=parsed, model=tmp_path / "out", device="cpu")
    assert counts["V"] == RoleCounts(correct=0, predicted=0, gold=8)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither the bundled finder"):
        load_predicate_finder(tmp_path)
    with pytest.raises(ConfigError, match="does not exist"):
        train_predicates_run(tmp_path / "a", tmp_path / "b", tmp_path / "out")


def test_an_srl_model_is_no_finder() -> None:
    srl = Path(__file__).resolve().parents[2] / "linguagraph" / "pretrained" / "srl-gnn"
    with pytest.raises(CheckpointError, match="not a predicate finder"):
        load_predicate_finder(srl)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[modell]", "unknown tables"),
        ("model = 3", "not a table"),
        ("[model", "cannot be read as TOML"),
        ("[model]\nlemmas = 3", "unknown option"),
        ("[model]\nlemma = 3.5", "expected int"),
        ("[model]\nlemma = true", "expected int"),
        ("[training]\nlr = '1'", "expected float"),
    ],
)
def test_wrong_options_are_named(text: str, message: str, tmp_path: Path) -> None:
    config = tmp_path / "options.toml"
    config.write_text(text)
    data = corpus(tmp_path / "a.conll09")
    with pytest.raises(ConfigError, match=message):
        train_predicates_run(data, data, tmp_path / "out", config=config)


def test_whole_numbers_may_stand_for_floats(tmp_path: Path) -> None:
    from linguagraph.models.predicates import PredicateConfig

    assert read_tables(None, ("model",)) == {"model": {}}
    assert updated(PredicateConfig(), {"dropout": 0}, where="model").dropout == 0


def test_the_bundled_finder_reads_a_plain_sentence() -> None:
    finder, record = load_predicate_finder(device="cpu")
    sentence = english(
        ("She", "she", "PRP", 2, "nsubj"),
        ("has", "have", "VBZ", 2, "aux"),
        ("announced", "announce", "VBN", -1, "root"),
        ("her", "her", "PRP$", 4, "nmod:poss"),
        ("decision", "decision", "NN", 2, "obj"),
        ("to", "to", "TO", 6, "mark"),
        ("sell", "sell", "VB", 4, "acl"),
        ("the", "the", "DT", 8, "det"),
        ("house", "house", "NN", 6, "obj"),
        (".", ".", ".", 2, "punct"),
    )
    (found,) = find_predicates([sentence], finder)
    assert [frame.predicate for frame in found.frames] == [2, 4, 6]
    assert record["name"] == BUNDLED_FINDER
    assert record["scores"]["V"]["f1"] >= 0.92
    assert record["scores"]["N"]["f1"] >= 0.75
    assert record["licence"] == "CC BY-SA 4.0"
    assert all(math.isfinite(value) for value in finder.thresholds.values())


def test_the_bundled_finder_is_small() -> None:
    from linguagraph.pretrained import __file__ as pretrained

    files = list((Path(pretrained).parent / BUNDLED_FINDER).iterdir())
    assert {file.name for file in files} == {"model.json", "model.safetensors"}
    assert sum(file.stat().st_size for file in files) < 2_500_000


@pytest.mark.skipif(not DATA.is_dir(), reason="the corpus is not beside the repository")
def test_the_bundled_finder_reaches_its_bars_on_dev() -> None:
    counts = score_predicates_run(DATA / "dev.conll09", device="cpu")
    assert (counts["V"].gold, counts["N"].gold) == (3237, 857)
    assert counts["V"].f1 >= 0.92
    assert counts["N"].f1 >= 0.75
    assert counts["J"].f1 >= 0.6
