"""The commands of the studies: options reach them, results come out as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from linguagraph.cli import app
from linguagraph.runs import study_agreement, study_repetition, study_sentiment


def test_options_reach_the_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[Any, ...]] = []

    def note(*arguments: Any, **options: Any) -> dict[str, Any]:
        seen.append((*arguments, options.get("model"), options.get("limit")))
        return {"share": 0.5}

    for module in (study_agreement, study_repetition, study_sentiment):
        monkeypatch.setattr(module, module.__name__.rsplit(".", 1)[1], note)
    common = ["-o", str(tmp_path), "--seed", "3", "--threads", "1", "--json", "-q"]
    lines = [
        ["repetition", "--train", "9", "--sentences", "8", "--epochs", "7"],
        ["agreement", "--trees", "a", "--linzen", "b", "--whole", "--limit", "5", "--model", "m"],
        ["sentiment", "--data", "d", "--tolerance", "0.1", "--limit", "6", "--shown", "0"],
    ]
    for line in lines:
        app(["study", *line, *common], standalone_mode=False)
        assert json.loads(capsys.readouterr().out) == {"share": 0.5}
    repetition = study_repetition.RepetitionConfig(train=9, sentences=8, epochs=7, seed=3)
    assert seen[0] == (tmp_path, repetition, None, None)
    agreement = study_agreement.AgreementConfig(prefix=False, seed=3)
    assert seen[1] == (Path("a"), Path("b"), tmp_path, agreement, Path("m"), 5)
    sentiment = study_sentiment.SentimentConfig(tolerance=0.1, limit=6, shown=0, seed=3)
    assert seen[2] == (Path("d"), tmp_path, sentiment, None, None)


def test_a_study_of_missing_data_is_one_error(tmp_path: Path) -> None:
    from linguagraph.errors import DocumentError

    with pytest.raises(DocumentError, match=r"train\.tsv"):
        app(
            ["study", "sentiment", "--data", str(tmp_path), "-o", str(tmp_path / "out"), "-q"],
            standalone_mode=False,
        )
