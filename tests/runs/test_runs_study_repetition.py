"""The study of repetition on tiny models: files, shares, resuming."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from linguagraph.errors import ConfigError, RunError
from linguagraph.runs.study_paths import keys_at
from linguagraph.runs.study_repetition import RepetitionConfig, study_repetition
from linguagraph.runs.study_repetition_keys import _strongest

pytest.importorskip("transformers")

CONFIG = RepetitionConfig(train=40, dev=10, sentences=6, epochs=1, tokens=200)


def test_a_study_writes_a_page_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    said: list[str] = []
    summary = study_repetition(tmp_path, CONFIG, log=said.append)
    assert len(said) == 4  # one epoch of each task
    assert set(summary["tasks"]) <= {"first_symbol", "repeated", "any_repeated", "parity"}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The keys of the repeated symbol" in page
    assert "say little about the task" in page  # untrained models are called so
    parts = pd.read_csv(tmp_path / "tables" / "top_parts_data.csv")
    assert parts.groupby("layer")["share"].sum().tolist() == pytest.approx([1, 1])
    weights = pd.read_csv(tmp_path / "tables" / "weight_parts_data.csv")
    assert weights.groupby("layer")["share"].sum().tolist() == pytest.approx([1, 1])
    lines = tmp_path / "paths" / "repeated.jsonl"
    whole = lines.read_text(encoding="utf-8")
    assert len(whole.splitlines()) == 6
    lines.write_text(whole[: len(whole) // 2], encoding="utf-8")  # stopped in the middle of a line
    again = study_repetition(tmp_path, CONFIG, log=said.append)
    assert lines.read_text(encoding="utf-8") == whole
    assert len(said) == 4  # nothing is trained again
    assert json.dumps(again) == json.dumps(summary)
    lines.write_text(whole.replace('"label": 1', '"label": 0'), encoding="utf-8")
    with pytest.raises(RunError, match="paths of other sentences or of another model"):
        study_repetition(tmp_path, CONFIG, log=said.append)
    with pytest.raises(RunError, match="differs from the options given"):
        study_repetition(tmp_path, RepetitionConfig(epochs=2), log=said.append)


def test_keys_are_looked_for_in_every_layer() -> None:
    layers = pd.DataFrame(
        {
            "sentence": [0, 0, 1, 1, 2, 2],
            "layer": [1, 2] * 3,
            "part": ["skip", "key", "key", "skip", "value", "query"],
            "piece": [3, 3, 2, 3, 3, 3],
        }
    )
    assert keys_at(layers, [3, 3, 3]) == [True, False, False]


def test_options_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ConfigError, match="sentences=0"):
        RepetitionConfig(sentences=0)


def test_the_strongest_symbol_is_the_one_of_the_largest_value() -> None:
    sentences = pd.DataFrame(
        {
            "correct": [True, True, False],
            "words": [4, 2, 4],
            "best": [[0.1, 0.2, 0.9, 0.3], [0.5, 0.1], [0.0, 0.0, 1.0, 0.0]],
            "total": [[1.0, 2.0, 3.0, 9.0], [1.0, 2.0], [0.0, 0.0, 1.0, 0.0]],
        }
    )
    table = _strongest(sentences, [2, 1, 2])
    assert table[["by", "k", "n"]].to_numpy().tolist() == [
        ["top path", 1, 2],
        ["total weight", 1, 2],
    ]
    assert table["chance"].tolist() == [0.375, 0.375]
