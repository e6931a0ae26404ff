"""The study of agreement on a tiny corpus: split, subjects, places where paths start."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from linguagraph.documents.agreement import AgreementItem
from linguagraph.errors import ConfigError
from linguagraph.runs import study_agreement_data
from linguagraph.runs.study_agreement import AgreementConfig, _in_turn, _places, study_agreement
from linguagraph.runs.study_agreement_data import read_agreement

pytest.importorskip("transformers")

TREE = """1\tthe\tthe\tDET\tDT\t_\t2\tdet\t_\t_
2\t{noun}\t_\tNOUN\t{tag}\t_\t3\tnsubj\t_\t_
3\t{verb}\t_\tVERB\t{form}\t_\t0\troot\t_\t_
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Trees, and a folder of Linzen's files; the parser takes the second word for the subject."""
    trees = tmp_path / "t.conllu"
    one = TREE.format(noun="key", tag="NN", verb="is", form="VBZ")
    many = TREE.format(noun="keys", tag="NNS", verb="are", form="VBP")
    trees.write_text(f"{one}\n{many}\n" * 5, encoding="utf-8")
    folder = tmp_path / "sva"
    folder.mkdir()
    text = ["the key to keys is here . <eos>", "the keys are here . <eos>"] * 10
    gold = ["4\tis\tare\t1", "2\tare\tis\t0"] * 10
    (folder / "linzen.text").write_text("\n".join(text) + "\n", encoding="utf-8")
    (folder / "linzen.gold").write_text("\n".join(gold) + "\n", encoding="utf-8")

    def find(
        items: list[AgreementItem], parser: Any, *, dropped: Counter[str], tick: Any
    ) -> list[AgreementItem]:
        dropped["no subject in the tree"] += 1
        return [replace(item, subject=1) for item in items[1:]]

    monkeypatch.setattr(study_agreement_data, "load_parser", lambda: None)
    monkeypatch.setattr(study_agreement_data, "find_subjects", find)
    return trees, folder


def test_data_are_split_by_tens_and_parsed_once(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    data = read_agreement(*files, tmp_path / "out", longest=20, log=said.append)
    assert (len(data.train), len(data.dev), len(data.test)) == (10 + 12, 2, 6)
    assert len(data.known) == 5
    assert data.dropped == {"test: no subject in the tree": 1}
    assert said == ["22 training, 2 dev, 6 test; 5 subjects"]
    monkeypatch.delattr(study_agreement_data, "find_subjects")
    assert read_agreement(*files, tmp_path / "out", longest=20, log=said.append) == data
    with pytest.raises(ConfigError, match="0 training"):
        read_agreement(*files, tmp_path / "out", longest=2, log=said.append)


def test_a_study_writes_tables_by_attractors(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    config = AgreementConfig(sentences=4, epochs=6, rare_word=1)
    summary = study_agreement(*files, out, config, log=lambda line: None)
    accuracy = pd.read_csv(out / "tables" / "accuracy_by_attractors_data.csv", dtype=str)
    assert accuracy["attractors"].tolist() == ["0", "1", "all"]
    assert accuracy["n"].tolist() == ["4", "2", "6"]
    starts = pd.read_csv(out / "tables" / "starts_at_subject_data.csv")
    assert starts["chance"].between(0.2, 0.5).all()
    assert summary["starts_at_subject"]["n"] == starts["n"].iloc[-1]
    assert "Paths from the subject" in (out / "report.html").read_text(encoding="utf-8")


def test_attractors_take_turns() -> None:
    items = [AgreementItem(("a", "b"), 1, 0, n, 0) for n in (0, 0, 0, 1, 2, 2)]
    assert [item.attractors for item in _in_turn(items, 5)] == [0, 1, 2, 0, 2]


def test_places_are_named_from_left_to_right() -> None:
    item = AgreementItem(tuple("abcdef"), 4, 0, 0, 1)
    words = [-1, 0, 1, 3, 4, 5]
    table = _places(pd.DataFrame({"sentence": range(6), "word": words}), [item] * 6)
    assert sorted(table["starts"]) == [
        *("[CLS] or [SEP]", "[MASK]", "after the verb", "before the subject", "between"),
        "subject",
    ]
    assert table["k"].tolist() == [1] * 6
