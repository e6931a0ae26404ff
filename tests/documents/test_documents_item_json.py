"""Questions with their mentions as JSON lines: the same again, and damage with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguagraph.documents.item_json import (
    item_from_json,
    item_to_json,
    read_items,
    write_items,
)
from linguagraph.documents.item_mentions import ItemMentions, MentionConfig, find_item_mentions
from linguagraph.documents.wikihop import GoldChain, WikihopItem
from linguagraph.errors import DocumentError

text = st.text(st.characters(), max_size=12)
supports = st.lists(text | st.just("Orm Dale slept, she did."), min_size=1, max_size=3)
golds = st.none() | st.builds(
    GoldChain,
    text,
    text,
    st.lists(st.tuples(text, text, text), max_size=2).map(tuple),
    st.lists(st.integers(0, 2), max_size=2).map(tuple),
)
items = st.builds(
    WikihopItem,
    text,
    text,
    st.lists(text | st.just("orm dale"), min_size=2, max_size=3).map(tuple),
    supports.map(tuple),
    st.none() | text,
    st.dictionaries(text, st.lists(text, max_size=2).map(tuple), max_size=2),
    golds,
    text,
)


def found(item: WikihopItem) -> ItemMentions:
    return find_item_mentions(
        item, MentionConfig(bridges="all"), chains=lambda text: (((0, 8), (16, 19)),)
    )


def example(name: str = "q") -> ItemMentions:
    supports = ("Orm Dale slept, she did.", "Ask \u2028\x85\r\n Orm\ud800 Dale.")
    return found(WikihopItem(name, "asks it", ("orm dale", "x"), supports, None))


@given(items)
def test_an_item_is_the_same_again(item: WikihopItem) -> None:
    before = found(item)
    assert item_from_json(json.loads(json.dumps(item_to_json(before)))) == before


@given(st.lists(items, max_size=3))
def test_a_file_of_items_is_the_same_again(tmp_path_factory: Any, given: list[WikihopItem]) -> None:
    path = tmp_path_factory.mktemp("items") / "items.jsonl"
    before = [found(item) for item in given]
    write_items(before, path)
    assert path.read_bytes().count(b"\n") == len(before)
    assert list(read_items(path)) == before


def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    write_items([example()], path)

    def failing() -> Any:
        yield example("other")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_items(failing(), path)
    assert list(read_items(path)) == [example()]
    assert [p.name for p in tmp_path.iterdir()] == ["items.jsonl"]


def changed(**fields: Any) -> bytes:
    return json.dumps(item_to_json(example()) | fields).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"\xff{}",
        b"{}",
        changed(supports=7),
        changed(forms=[]),
        changed(gold={}),
        changed(mentions=[[0, 0, 1]]),
        changed(mentions=[[5, 0, 1, "a", "a", "bridge", -1, -1]]),
        changed(mentions=[[0, 1, 1, "a", "a", "bridge", -1, -1]]),
        changed(mentions=[[0, 0, 99, "a", "a", "bridge", -1, -1]]),
        changed(mentions=[[0, 0, 1, "a", "a", "candidate", 2, -1]]),
        changed(mentions=[["0", 0, 1, "a", "a", "bridge", -1, -1]]),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "items.jsonl"
    write_items([example()], path)
    path.write_bytes(path.read_bytes() + line + b"\n" + changed() + b"\n")
    reading = read_items(path)
    assert next(reading) == example()
    with pytest.raises(DocumentError, match=r"items\.jsonl.*2.*damaged.*parse the questions again"):
        next(reading)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        next(read_items(tmp_path / "none.jsonl"))
