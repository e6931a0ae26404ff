"""Named entities of Stanza: spans of a stand-in pipeline, and which model is missing."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("stanza")

from linguagraph.documents import stanza_entities
from linguagraph.documents.stanza_entities import StanzaEntities, load_entities
from linguagraph.errors import ParserError


class Pipeline:
    """Finds every "Orm", from the last to the first."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, text: str) -> Any:
        self.seen.append(text)
        starts = [at for at in range(len(text)) if text.startswith("Orm", at)]
        ents = [SimpleNamespace(start_char=at, end_char=at + 3) for at in reversed(starts)]
        return SimpleNamespace(ents=ents)


def test_spans_come_in_order_and_each_text_is_analysed_once() -> None:
    pipeline = Pipeline()
    entities = StanzaEntities(pipeline, "en/tiny")
    assert entities("Orm met Orm.") == [(0, 3), (8, 11)]
    assert entities("Orm met Orm.") == [(0, 3), (8, 11)]
    assert entities("nobody") == []
    assert pipeline.seen == ["Orm met Orm.", "nobody"]
    assert entities.package == "en/tiny"


@pytest.mark.parametrize("blank", ["", " \n\t"])
def test_blank_texts_are_not_analysed(blank: str) -> None:
    pipeline = Pipeline()
    assert StanzaEntities(pipeline, "")(blank) == []
    assert pipeline.seen == []


def models(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / "en" / f"{name}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no model")
    return folder


def test_missing_models_are_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ParserError, match=r"no tokenize model for 'en'.*processors='tokenize,ner'"):
        load_entities("en", stanza_dir=tmp_path)
    models(tmp_path, "tokenize/combined")
    with pytest.raises(ParserError, match="no ner model for 'en'"):
        load_entities("en", stanza_dir=tmp_path)


def test_damaged_models_are_named(tmp_path: Path) -> None:
    models(tmp_path, "tokenize/combined", "ner/onto")
    with pytest.raises(ParserError, match=r"combined\.pt is damaged or no model file"):
        load_entities("en", stanza_dir=tmp_path)


PARTS = ("pretrain/crawl", "pretrain/other", "forward_charlm/big", "backward_charlm/big")


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (None, ("crawl.pt", "big.pt", "big.pt")),
        ("{", ("crawl.pt", "big.pt", "big.pt")),
        ({"en": {"ner": {"onto": {}}}}, ("", "", "")),
        (
            {
                "en": {
                    "ner": {
                        "onto": {
                            "dependencies": [
                                {"model": "pretrain", "package": "other"},
                            ]
                        }
                    }
                }
            },
            ("other.pt", "", ""),
        ),
    ],
)
def test_a_model_gets_what_it_is_built_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    index: Any,
    expected: tuple[str, str, str],
) -> None:
    models(tmp_path, "tokenize/combined", "ner/onto", *PARTS)
    if index is not None:
        text = index if isinstance(index, str) else json.dumps(index)
        (tmp_path / "resources.json").write_text(text, encoding="utf-8")
    given: dict[str, Any] = {}

    def load(packages: Any, files: Any, **options: Any) -> Pipeline:
        given.update(packages=packages, files=files, **options)
        return Pipeline()

    monkeypatch.setattr(stanza_entities, "load_pipeline", load)
    entities = load_entities("en", stanza_dir=tmp_path)
    assert entities("Orm") == [(0, 3)]
    assert entities.package == "en/onto"
    assert given["packages"] == {"tokenize": "combined", "ner": "onto"}
    parts = ("pretrain", "forward_charlm", "backward_charlm")
    assert tuple(Path(given["paths"][f"ner_{part}_path"]).name for part in parts) == expected
    assert given["paths"]["ner_model_path"] == str(tmp_path / "en" / "ner" / "onto.pt")


def test_a_part_that_the_index_names_must_be_there(tmp_path: Path) -> None:
    models(tmp_path, "tokenize/combined", "ner/onto", *PARTS)
    needed = [{"model": "pretrain", "package": "lost"}]
    index = {"en": {"ner": {"onto": {"dependencies": needed}}}}
    (tmp_path / "resources.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(ParserError, match=r"'onto' needs .*pretrain.lost\.pt, which is missing"):
        load_entities("en", stanza_dir=tmp_path)
