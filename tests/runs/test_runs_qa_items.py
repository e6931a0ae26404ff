"""Questions with their mentions: order, what is left out and why, limits, coreference, entities."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linguagraph.documents import stanza_entities, stanza_parser
from linguagraph.documents.item_mentions import MentionConfig
from linguagraph.documents.wikihop import WikihopError
from linguagraph.errors import ConfigError, DocumentError, ParserError
from linguagraph.pretrained import sample_path
from linguagraph.runs import qa_items
from linguagraph.runs.progress import AbstractTask
from linguagraph.runs.qa_items import QaReading, QaSource, open_items

SAMPLE = sample_path().parent / "sample-qa.json"
NONE = QaReading(coreference="none")


def question(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"q{number}",
        "query": "painter the grey mill",
        "candidates": ["orm dale", "ida tolk"],
        "supports": [f"The Grey Mill was painted by Orm Dale in 19{number:02d}.", "Ida Tolk sang."],
    } | fields


def write(tmp_path: Path, *items: Any) -> Path:
    path = tmp_path / "questions.json"
    path.write_text(json.dumps(items), encoding="utf-8")
    return path


def ids(source: QaSource) -> list[str]:
    return [found.item.id for found in source.items()]


def test_items_come_in_order_and_as_often_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa_items, "AT_ONCE", 3)
    source = open_items(write(tmp_path, *map(question, range(8))), reading=NONE)
    expected = [f"q{number}" for number in range(8)]
    assert ids(source) == expected
    assert ids(source) == expected


def test_the_sample_has_mentions_of_every_named_kind() -> None:
    for found in open_items(SAMPLE, reading=NONE).items():
        roles = {mention.role for mention in found.mentions}
        assert roles == {"candidate", "subject", "bridge"}
        answer = found.item.candidates.index(found.item.answer or "")
        assert answer in {mention.candidate for mention in found.mentions}
        assert {mention.chain for mention in found.mentions} == {-1}


def test_the_kinds_of_mentions_can_be_chosen() -> None:
    config = MentionConfig(bridges="none")
    source = open_items(SAMPLE, reading=QaReading("none", limit=2), mentions=config)
    roles = {mention.role for found in source.items() for mention in found.mentions}
    assert roles == {"candidate", "subject"}


def test_bad_items_stop_the_reading_or_are_counted(tmp_path: Path) -> None:
    bad = [question(1, supports=[]), question(2, candidates=["x"]), question(3, supports=[])]
    path = write(tmp_path, question(0), *bad, question(4))
    with pytest.raises(WikihopError, match="q1"):
        ids(open_items(path, reading=NONE))
    source = open_items(path, reading=QaReading("none", skip_bad=True))
    told: list[str] = []
    assert [f.item.id for f in source.items(warn=told.append)] == ["q0", "q4"]
    expected = {"questions: no supports": 2, "questions: fewer than two candidates": 1}
    assert dict(source.dropped) == expected
    assert [text.partition("'")[2][:2] for text in told] == ["q1", "q2", "q3"]
    assert ids(source) == ["q0", "q4"]
    assert dict(source.dropped) == expected


def test_a_limit_counts_good_items(tmp_path: Path) -> None:
    path = write(tmp_path, question(0, supports=[]), *map(question, range(1, 6)))
    assert ids(open_items(path, reading=QaReading("none", limit=2, skip_bad=True))) == ["q1", "q2"]
    with pytest.raises(ConfigError, match="limit is 0"):
        ids(open_items(path, reading=QaReading("none", limit=0)))


def test_progress_is_told_of_each_item(tmp_path: Path) -> None:
    steps: list[Any] = []

    class Task(AbstractTask):
        def __call__(self, number: int = 1) -> None:
            steps.append(number)

        def close(self) -> None:
            steps.append("closed")

    def progress(title: str, total: int | None) -> Task:
        steps.append((title, total))
        return Task()

    source = open_items(write(tmp_path, *map(question, range(3))), reading=NONE)
    list(source.items(progress=progress))
    assert steps == [("finding mentions", None), 1, 1, 1, "closed"]


def test_what_is_no_file_of_questions_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no such file"):
        open_items(tmp_path / "none.json")
    (tmp_path / "text.txt").write_text("Orm Dale.", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"text\.txt: questions come as WikiHop JSON"):
        open_items(tmp_path / "text.txt")
    with pytest.raises(ConfigError, match="coreference='stanza'; for questions one of"):
        QaReading(coreference="stanza")
    path = write(tmp_path, question(0, supports=[]))
    with pytest.raises(DocumentError, match="no question could be read"):
        ids(open_items(path, reading=QaReading("none", skip_bad=True)))
    (tmp_path / "damaged.json").write_text('[{"id": ', encoding="utf-8")
    with pytest.raises(DocumentError, match="damaged"):
        ids(open_items(tmp_path / "damaged.json", reading=NONE))


def test_supports_are_parsed_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Nothing:
        """A parser that finds no token anywhere."""

        def parse(self, documents: Any, *, on_bad: Any, **options: Any) -> Iterator[Any]:
            for raw in documents:
                seen.append(raw.text)
                on_bad(DocumentError("no token was found"))
            yield from ()

    monkeypatch.setattr(stanza_parser, "load_parser", lambda *a, **k: Nothing())
    cache = tmp_path / "chains.jsonl"
    path = write(tmp_path, question(0), question(1), question(1, id="again"))
    assert ids(open_items(path, cache=cache)) == ["q0", "q1", "again"]
    assert len(seen) == len(set(seen)) == 3
    monkeypatch.setattr(stanza_parser, "load_parser", None)
    assert ids(open_items(path, cache=cache)) == ["q0", "q1", "again"]


def test_a_parser_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("stanza")
    reading = QaReading(parser=str(tmp_path / "nowhere"))
    with pytest.raises(ParserError):
        ids(open_items(write(tmp_path, question(0)), reading=reading))


def test_entities_are_loaded_once_and_are_the_bridges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[tuple[Any, ...]] = []

    def load(language: str, *, stanza_dir: Any) -> Any:
        loaded.append((language, stanza_dir))
        return lambda text: [(0, 3)]

    monkeypatch.setattr(stanza_entities, "load_entities", load)
    reading = QaReading("none", entities="en", stanza_dir="models")
    supports = ["was it Orm Dale?", "was it the grey mill?"]
    path = write(tmp_path, question(0, supports=supports), question(1, supports=supports))
    source = open_items(path, reading=reading)
    for found in source.items():
        bridges = [found.text(m) for m in found.mentions if m.role == "bridge"]
        assert bridges == ["was", "was"]
    assert loaded == [("en", "models")]
