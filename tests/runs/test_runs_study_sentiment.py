"""The study of sentiment: sections of made-up masks counted by hand, and a tiny run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from linguagraph.aggregates.statistics import Resampling
from linguagraph.errors import ConfigError
from linguagraph.masks.unit_controls import UNIT_CONDITIONS, ConditionScore
from linguagraph.runs import study_sentiment as study
from linguagraph.runs.study_sentiment_sections import sentiment_sections

pytest.importorskip("transformers")

RIGHT = {"original": 90, "retained": 89, "deleted": 50, "random": 60}


def made_up() -> tuple[pd.DataFrame, list[ConditionScore]]:
    """Two sentences of six words; the input keeps all of them, the top the last two."""
    rows = [
        (sentence, position, layer, float(keep), keep, f"w{position}", upos, label, 1)
        for sentence, label in ((0, 1), (1, 0))
        for layer in ("input", "layer 1")
        for position, upos in enumerate(("DET", "DET", "ADJ", "NOUN", "ADJ", "ADJ"))
        for keep in (layer == "input" or position > 3,)
    ]
    names = ["sentence", "position", "layer", "score", "kept", "word", "upos", "label", "predicted"]
    scores = [
        ConditionScore(c, layer, 0.5, 0.1, 0.9, {"right": RIGHT[c], "answers": 100})
        for layer in ("input", "layer 1")
        for c in UNIT_CONDITIONS
    ]
    return pd.DataFrame(rows, columns=names), scores


def test_sections_count_words_and_controls() -> None:
    words, scores = made_up()
    sections, summary = sentiment_sections(
        words, scores, labels=("bad", "good"), shown=2, resampling=Resampling(resamples=20)
    )
    by_name = {section.name: section for section in sections}
    assert summary["kept_by_layer"] == {"input": 1, "layer 1": pytest.approx(1 / 3)}
    assert summary["within_one_point"] is True
    assert summary["deleted_accuracy"] == 0.5
    parts = by_name["parts_of_speech"].tables[0].frame
    assert dict(zip(parts["upos"], parts["k"], strict=True)) == {"ADJ": 4, "DET": 0, "NOUN": 0}
    assert dict(zip(parts["upos"], parts["n"], strict=True)) == {"ADJ": 6, "DET": 4, "NOUN": 2}
    drawn = by_name["sentences"]
    assert len(drawn.figures) == 1  # the other sentence is answered wrongly
    assert "Predicted good; most kept at the top: w4, w5" in drawn.figures[0].alt


def test_more_than_a_point_is_said() -> None:
    words, scores = made_up()
    worse = [
        ConditionScore(s.condition, s.layer, 0.5, 0.1, 0.9, {"right": 80, "answers": 100})
        if s.condition == "retained"
        else s
        for s in scores
    ]
    options = {"labels": ("bad", "good"), "resampling": Resampling(resamples=20)}
    sections, summary = sentiment_sections(words, worse, shown=0, **options)
    assert summary["within_one_point"] is False
    assert "sentences" not in [section.name for section in sections]


def test_a_tiny_study_keeps_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    data.mkdir()
    lines = "".join(f"this film is quite {w}\t{n}\n" for w, n in (("fine", 1), ("dull", 0)))
    (data / "train.tsv").write_text(lines * 20, encoding="utf-8")
    (data / "dev.tsv").write_text(lines * 3, encoding="utf-8")
    tags = ["DET", "NOUN", "AUX", "ADV", "ADJ"]
    monkeypatch.setattr(study, "tag_words", lambda sentences, progress: [tags] * len(sentences))
    config = study.SentimentConfig(epochs=1)
    said: list[str] = []
    summary = study.study_sentiment(data, tmp_path / "out", config, log=said.append)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Words kept, layer by layer" in page
    kept = pd.read_csv(tmp_path / "out" / "tables" / "kept_by_layer_data.csv")
    assert kept["layer"].tolist() == ["input", "layer 1", "layer 2"]
    assert kept["n"].tolist() == [30, 30, 30]
    lines_before = len(said)
    assert study.study_sentiment(data, tmp_path / "out", config, log=said.append) == summary
    assert len(said) == lines_before  # nothing is trained again


def test_options_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ConfigError, match="limit=1"):
        study.SentimentConfig(limit=1)
