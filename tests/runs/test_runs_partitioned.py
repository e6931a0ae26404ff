"""Shards side by side as one corpus: numbers, text and manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from collections_of_runs import split_run

from linguagraph.errors import RunError
from linguagraph.runs.partitioned import (
    JoinedSentences,
    is_collection,
    joined_manifest,
    open_shards,
)
from linguagraph.runs.stored import Sentences


def test_sentences_are_numbered_through(made: object, tmp_path: Path) -> None:
    path = made.path  # type: ignore[attr-defined]
    home = split_run(path, tmp_path / "all", cuts=(0, 4, 5, 12))
    shards, missing = open_shards(home)
    assert is_collection(home)
    assert not is_collection(path)
    assert not missing
    assert [(s.sentences, s.own_sentences) for s in shards] == [(0, 4), (4, 1), (5, 7)]
    joined, whole = JoinedSentences(shards), Sentences(path / "parse")
    assert list(joined) == list(whole)
    assert [joined[i].forms for i in joined] == [s.forms for s in whole.stream()]
    with pytest.raises(KeyError):
        joined[12]


def test_a_run_is_a_collection_of_one(made: object) -> None:
    path = made.path  # type: ignore[attr-defined]
    (shard,), missing = open_shards(path)
    assert (shard.path, shard.sentences, shard.examples, missing) == (path, 0, 0, ())


def test_counts_of_manifests_are_added_up(made: object, tmp_path: Path) -> None:
    path = made.path  # type: ignore[attr-defined]
    home = split_run(path, tmp_path / "all", cuts=(0, 6, 12))
    (home / "shards" / "00007").mkdir()
    shards, missing = open_shards(home)
    assert [p.name for p in missing] == ["00007"]
    found = joined_manifest(shards, missing)
    whole = json.loads((path / "manifest.json").read_text())
    assert found["corpus"] == whole["corpus"]
    assert found["dropped"]["shards without tables"] == 1
    assert found["model"] == whole["model"]


def test_shards_of_two_models_are_refused(made: object, tmp_path: Path) -> None:
    home = split_run(made.path, tmp_path / "all", cuts=(0, 6, 12))  # type: ignore[attr-defined]
    other = home / "shards" / "00001" / "manifest.json"
    found = json.loads(other.read_text())
    other.write_text(json.dumps({**found, "seeds": [99]}))
    shards, missing = open_shards(home)
    with pytest.raises(RunError, match="'seeds'"):
        joined_manifest(shards, missing)


def test_without_tables_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "shards" / "00000").mkdir(parents=True)
    with pytest.raises(RunError, match="holds no tables"):
        open_shards(tmp_path)
