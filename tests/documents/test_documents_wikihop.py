"""WikiHop files: items as records, bad ones left out with a reason, damage named, little memory."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ijson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguagraph.documents.wikihop import (
    GoldChain,
    WikihopError,
    WikihopItem,
    candidate_found,
    is_wikihop,
    read_wikihop,
)
from linguagraph.documents.words import date_keys, split_words, word_keys
from linguagraph.errors import ConfigError, DocumentError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "qa"

MINIMAL: dict[str, Any] = {
    "id": "q0",
    "query": "painter__date_of_birth the blue barn",
    "candidates": ["3 may 1901", "9 june 1877"],
    "supports": [
        "The Blue Barn was painted by Ada Moll.",
        "Ada Moll (May 3rd, 1901) painted barns.",
    ],
    "answer": "3 may 1901",
}
FULL = MINIMAL | {
    "id": "q1",
    "hops": 2,
    "answer_type": "DATE_FULL",
    "subject": "The Blue Barn",
    "bridge": "Ada Moll",
    "chain": [["The Blue Barn", "painter", "Ada Moll"], ["Ada Moll", "born", "3 May 1901"]],
    "gold_supports": [0, 1],
    "candidate_forms": {
        "3 may 1901": ["3 may 1901", "May 3rd, 1901"],
        "9 june 1877": ["9 june 1877"],
        "somebody else": ["nobody"],
    },
}


def write(tmp_path: Path, value: Any, name: str = "items.json") -> Path:
    """``value`` as a file: bytes and text as they are, anything else as JSON."""
    if not isinstance(value, bytes | str):
        value = json.dumps(value, ensure_ascii=False)
    path = tmp_path / name
    path.write_bytes(value.encode() if isinstance(value, str) else value)
    return path


def read_all(path: Path) -> tuple[list[str], list[WikihopError], DocumentError | None]:
    """Ids of the good items, the errors of the bad ones, and the error that ended the file."""
    ids: list[str] = []
    bad: list[Any] = []
    try:
        ids.extend(item.id for item in read_wikihop(path, on_bad=bad.append))
    except DocumentError as error:
        return ids, bad, error
    return ids, bad, None


def item_of(candidates: list[str], supports: list[str], **more: Any) -> WikihopItem:
    return WikihopItem("x", "is it", tuple(candidates), tuple(supports), None, **more)


def test_an_item_keeps_its_fields(tmp_path: Path) -> None:
    (item,) = read_wikihop(write(tmp_path, [MINIMAL]))
    assert item == WikihopItem(
        "q0",
        "painter__date_of_birth the blue barn",
        ("3 may 1901", "9 june 1877"),
        tuple(MINIMAL["supports"]),
        "3 may 1901",
    )
    assert item.relations == ("painter", "date_of_birth")
    assert item.subject == "the blue barn"
    assert (item.forms, item.gold, item.answer_type) == ({}, None, "")
    assert hash(item) == hash(item)


def test_an_extended_item_has_forms_and_gold(tmp_path: Path) -> None:
    (item,) = read_wikihop(write(tmp_path, [FULL]))
    assert item.forms == {"3 may 1901": ("May 3rd, 1901",)}
    assert item.answer_type == "DATE_FULL"
    assert item.gold == GoldChain(
        "The Blue Barn",
        "Ada Moll",
        (("The Blue Barn", "painter", "Ada Moll"), ("Ada Moll", "born", "3 May 1901")),
        (0, 1),
    )
    assert all(type(place) is int for place in item.gold.supports)


@pytest.mark.parametrize("key", ["chain", "gold_supports", "subject", "bridge"])
def test_gold_needs_all_of_its_fields(tmp_path: Path, key: str) -> None:
    for value in (FULL | {key: None}, {name: FULL[name] for name in FULL if name != key}):
        (item,) = read_wikihop(write(tmp_path, [value]))
        assert item.gold is None


def test_a_test_file_has_no_answers(tmp_path: Path) -> None:
    without = {key: value for key, value in MINIMAL.items() if key != "answer"}
    for value in (without, MINIMAL | {"answer": None}):
        (item,) = read_wikihop(write(tmp_path, [value]))
        assert item.answer is None


def test_a_query_with_one_relation_and_blanks_at_its_end(tmp_path: Path) -> None:
    (item,) = read_wikihop(write(tmp_path, [MINIMAL | {"query": "made_by  red kite "}]))
    assert (item.relations, item.subject) == (("made_by",), "red kite")


def test_masked_candidates_are_found(tmp_path: Path) -> None:
    masked = MINIMAL | {
        "candidates": ["___MASK12___", "___MASK3___"],
        "supports": ["A town in (___MASK12___), it is said."],
        "answer": "___MASK12___",
        "candidate_forms": {"3 may 1901": ["a form of a name that is masked"]},
    }
    (item,) = read_wikihop(write(tmp_path, [masked]))
    assert item.forms == {}
    assert not candidate_found(item_of(["___MASK1___"], ["___MASK12___"]))


@pytest.mark.parametrize(
    "text",
    [
        "[{0},{1}]",
        " \r\n\t[\n  {0},\n  {1}\n]\n\n",
        "\ufeff[{0},{1}]",
        "{0}\n{1}",
        "\ufeff\n{0}\n\n{1}\n",
        "{0}\r\n{1}\r\n",
    ],
)
def test_arrays_and_lines_and_byte_order_marks(tmp_path: Path, text: str) -> None:
    text = text.replace("{0}", json.dumps(MINIMAL)).replace("{1}", json.dumps(FULL))
    assert read_all(write(tmp_path, text)) == (["q0", "q1"], [], None)


def test_names_of_files() -> None:
    assert is_wikihop("a/b.json")
    assert is_wikihop(Path("b.JSONL"))
    assert not is_wikihop("b.json.gz")
    assert not is_wikihop("json")


BAD: list[tuple[str, Any]] = [
    *(
        ("missing keys", {name: value for name, value in MINIMAL.items() if name != key})
        for key in ("query", "candidates", "supports")
    ),
    *(
        ("fields of another type", MINIMAL | change)
        for change in (
            {"query": 3},
            {"query": None},
            {"answer": ["3 may 1901"]},
            {"candidates": "3 may 1901"},
            {"candidates": ["3 may 1901", 3]},
            {"candidates": None},
            {"supports": {"0": "text"}},
            {"supports": [["a text in a list"]]},
            {"answer_type": 1},
            {"candidate_forms": ["x"]},
            {"candidate_forms": {"3 may 1901": "x"}},
            {"chain": [["two", "strings"]]},
            {"chain": [{"0": "a", "1": "b", "2": "c"}]},
            {"gold_supports": [0, "1"]},
            {"gold_supports": [0, True]},
            {"gold_supports": [0.5]},
            {"bridge": 7},
        )
    ),
    ("fewer than two candidates", MINIMAL | {"candidates": []}),
    ("fewer than two candidates", MINIMAL | {"candidates": ["3 may 1901"]}),
    ("duplicate candidates", MINIMAL | {"candidates": ["3 may 1901", "b", "3 may 1901"]}),
    ("no supports", MINIMAL | {"supports": []}),
    ("answer not among the candidates", MINIMAL | {"answer": "4 may 1901"}),
    ("answer not among the candidates", MINIMAL | {"answer": ""}),
    *(
        ("query without relation or subject", MINIMAL | {"query": query})
        for query in ("painter", "painter ", " the barn", "", "painter__ the barn", "__ the barn")
    ),
    ("gold supports outside the supports", FULL | {"id": "q0", "gold_supports": [0, 2]}),
    ("gold supports outside the supports", FULL | {"id": "q0", "gold_supports": [-1, 1]}),
    ("no candidate in any support", MINIMAL | {"supports": ["A barn.", ""]}),
]


@pytest.mark.parametrize(("reason", "value"), BAD)
def test_a_bad_item_is_left_out_with_its_reason(tmp_path: Path, reason: str, value: Any) -> None:
    path = write(tmp_path, [FULL | {"id": "one"}, value, MINIMAL | {"id": "two"}])
    ids, bad, end = read_all(path)
    assert (ids, end) == (["one", "two"], None)
    (error,) = bad
    assert (error.reason, error.item_id) == (reason, "q0")
    assert str(error).startswith(f"{path}: item 'q0': ")
    assert "expected" in str(error)
    items = read_wikihop(path)
    assert next(items).id == "one"
    with pytest.raises(WikihopError, match="expected"):
        next(items)


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        ("not an object", [MINIMAL]),
        ("not an object", "text"),
        ("not an object", None),
        ("not an object", 17),
        ("missing keys", {}),
        ("missing keys", {"data": [MINIMAL]}),
        ("fields of another type", MINIMAL | {"id": 4}),
        ("fields of another type", MINIMAL | {"id": None}),
        ("fields of another type", MINIMAL | {"id": " "}),
    ],
)
def test_an_item_without_id_is_named_by_its_position(
    tmp_path: Path, reason: str, value: Any
) -> None:
    path = write(tmp_path, [MINIMAL, value, FULL])
    ids, (error,), end = read_all(path)
    assert (ids, end) == (["q0", "q1"], None)
    assert (error.reason, error.item_id) == (reason, "item 2")
    assert str(error).startswith(f"{path}: item 2: ")


def test_an_id_counts_once(tmp_path: Path) -> None:
    other = MINIMAL | {"query": "painter the red barn"}
    path = write(tmp_path, [MINIMAL, FULL, other, other])
    ids, bad, _ = read_all(path)
    assert ids == ["q0", "q1"]
    assert [(error.item_id, error.reason) for error in bad] == [("q0", "duplicate id")] * 2
    assert [item.id for item in read_wikihop(path, limit=2)] == ["q0", "q1"]


def test_long_values_do_not_fill_the_message(tmp_path: Path) -> None:
    for change in ({"answer": "x" * 9999}, {"query": "y" * 9999}, {"supports": {"z" * 9999: 1}}):
        _, (error,), _ = read_all(write(tmp_path, [MINIMAL | change]))
        assert len(str(error)) < 400


ONE = json.dumps(MINIMAL)
TWO = json.dumps(FULL)
DAMAGED: list[tuple[str, str | bytes]] = [
    ("cut in the second item", f"[{ONE},{TWO[:90]}"),
    ("cut in a string", f"[{ONE},{TWO[: TWO.index('Barn')]}"),
    ("no closing bracket", f"[{ONE}"),
    ("comma at the end", f"[{ONE},]"),
    ("no comma", f"[{ONE}{TWO}]"),
    ("text after the array", f"[{ONE}] and more"),
    ("a second array", f"[{ONE}][{TWO}]"),
    ("not a number", f'[{ONE},{{"id": NaN}}]'),
    ("a comment", f"[{ONE}, /* {TWO} */]"),
    ("a line end in a string", f'[{ONE},{{"id": "a\nb"}}]'),
    ("lines with a cut one", f"{ONE}\n{TWO[:50]}"),
    ("lines with commas", f"{ONE},\n{TWO}"),
    ("lines with text", f"{ONE}\nid: q1\n"),
    ("latin-1", f'[{ONE},{{"id": "'.encode() + b'\xe9t\xe9"}]'),
    ("half a surrogate pair in bytes", f'[{ONE},{{"id": "'.encode() + b'\xed\xa0\x80"}]'),
    ("cut within a character", f'[{ONE},{{"id": "'.encode() + b"\xc3"),
    ("a NUL byte", f'[{ONE},{{"id": "\0"}}]'),
    ("a number that is too long", f'[{ONE},{{"n": {"9" * 5000}}}]'),
    ("a number that is too large", f'[{ONE},{{"n": 1e999}}]'),
    ("too many brackets", f"[{ONE},{'[' * 50_000}"),
    ("too many brackets, all closed", f"[{ONE},{'[' * 50_000}{']' * 50_000}]"),
]


@pytest.mark.parametrize("text", [text for _, text in DAMAGED], ids=[name for name, _ in DAMAGED])
def test_damage_ends_the_file_after_the_items_before_it(tmp_path: Path, text: str | bytes) -> None:
    path = write(tmp_path, text)
    ids, bad, end = read_all(path)
    assert (ids, bad) == (["q0"], [])
    assert end is not None
    assert not isinstance(end, WikihopError)
    assert end.path == str(path)
    assert "damaged after item 1 (" in str(end)
    assert str(end).endswith("restore the file")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" \n ", "begins with"),
        ("\ufeff", "empty"),
        ('"text"', "begins with"),
        ("id,query\n", "begins with b'id,query"),
        (b"\xff\xfe[\0", "UTF-8"),
        (b"\x1f\x8b\x08", "begins with"),
        ("[]", "no item"),
        ("[", "damaged at its beginning"),
        ("[1", "damaged"),
    ],
)
def test_a_file_without_items(tmp_path: Path, text: str | bytes, message: str) -> None:
    ids, _, end = read_all(write(tmp_path, text))
    assert ids == []
    assert message in str(end)


def test_a_file_that_is_not_there_and_a_directory(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        items = read_wikihop(path)
        with pytest.raises(DocumentError, match=r"cannot be read .*check") as caught:
            next(items)
        assert caught.value.path == str(path)


def test_the_fallback_parser_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ijson, "basic_parse", ijson.get_backend("python").basic_parse)
    assert read_all(write(tmp_path, [MINIMAL, FULL])) == (["q0", "q1"], [], None)
    assert read_all(write(tmp_path, f"{ONE}\n{TWO}\n")) == (["q0", "q1"], [], None)
    for text in (f"[{ONE},{TWO[:90]}", f'[{ONE},{{"n": {"9" * 5000}}}]', f"[{ONE},{'[' * 50_000}"):
        ids, _, end = read_all(write(tmp_path, text))
        assert ids == ["q0"]
        assert "damaged after item 1 (" in str(end)


def test_an_item_without_end_is_not_collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linguagraph.documents.wikihop.MAX_ITEM_BYTES", 100_000)
    many = [MINIMAL | {"id": str(number), "note": "x" * 1000} for number in range(500)]
    assert len(read_all(write(tmp_path, many))[0]) == 500
    long = MINIMAL | {"id": "long", "note": ["x" * 1000] * 500}
    ids, _, end = read_all(write(tmp_path, [MINIMAL, long, FULL]))
    assert ids == ["q0"]
    assert "an item of more than 100000 bytes" in str(end)


def test_limit_counts_good_items_and_ends_the_reading(tmp_path: Path) -> None:
    path = write(tmp_path, f'["no item",{ONE},{TWO},')
    bad: list[DocumentError] = []
    assert [item.id for item in read_wikihop(path, on_bad=bad.append, limit=2)] == ["q0", "q1"]
    assert len(bad) == 1
    for limit in (0, -1):
        with pytest.raises(ConfigError, match=f"limit is {limit}"):
            read_wikihop(path, limit=limit)


@pytest.mark.parametrize(
    ("candidates", "supports", "found"),
    [
        (["old mill"], ["The OLD-MILL road."], True),
        (["old mill"], ["an old\nmill"], True),
        (["old mill"], ["old", "mill"], False),
        (["old mill"], ["an old wind mill"], False),
        (["old mill"], ["old mills"], False),
        (["the the mill"], ["the the the mill"], True),
        (["mill"], ["mil", "", "a mill"], True),
        (["u.s."], ["in the U.S. then"], True),
        (["zürich"], ["Zurich"], True),
        (["zurich"], ["in Zürich"], True),
        (["zürich"], ["in Zu\u0308rich"], True),  # combining signs belong to the word
        (["łódź"], ["Łódź, a town"], True),
        (["straße"], ["STRASSE"], True),
        (["北京"], ["北京"], True),
        (["北京"], ["東京"], False),
        (["7 march 2007"], ["on March 7th, 2007."], True),
        (["march 7, 2007"], ["7 Mar 2007"], True),
        (["may 3, 983"], ["3 May 0983"], True),
        (["may 3, 0983"], ["3 May 983"], True),
        (["7 march 2007"], ["7 March 2008", "8 March 2007"], False),
        (["the battle of 7 march 2007"], ["March 7, 2007"], False),
        (["2007"], ["March 7, 2007"], True),
        (["..."], ["..."], False),
        ([""], ["text"], False),
    ],
)
def test_a_candidate_is_found_by_its_words_or_its_date(
    candidates: list[str], supports: list[str], found: bool
) -> None:
    assert candidate_found(item_of(["quite absent", *candidates], supports)) is found


def test_a_candidate_is_found_by_a_form() -> None:
    forms = {"dutch": ("the netherlands",)}
    supports = ["Born in the Netherlands."]
    assert candidate_found(item_of(["dutch", "danish"], supports, forms=forms))
    assert not candidate_found(item_of(["dutch", "danish"], supports))


def plainly_found(item: WikihopItem) -> bool:
    """The definition, word by word."""

    def keys(text: str) -> list[str]:
        return [key for key in word_keys(text, split_words(text)) if key]

    def dates(text: str, whole: bool) -> set[str]:
        found = keys(text)
        return {d for a, b, d in date_keys(found) if not whole or b - a == len(found)}

    wanted = [*item.candidates, *(form for forms in item.forms.values() for form in forms)]
    return any(
        (phrase and f" {' '.join(phrase)} " in f" {' '.join(keys(text))} ")
        or dates(candidate, True) & dates(text, False)
        for text in item.supports
        for candidate in wanted
        for phrase in [keys(candidate)]
    )


words = st.sampled_from(
    ["a", "b", "ab", "é", "e", "ß", "ss", "İ", "ł", ".", "7", "may", "983", "0983"]
)
phrases = st.lists(words, max_size=5).map(" ".join)


@given(st.lists(phrases, max_size=3), st.lists(phrases, max_size=3), st.lists(phrases, max_size=2))
def test_the_search_is_what_its_definition_says(
    candidates: list[str], supports: list[str], forms: list[str]
) -> None:
    item = item_of(candidates, supports, forms={"a": tuple(forms)})
    assert candidate_found(item) == bool(plainly_found(item))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    """A good item as it stands in a file."""
    candidates = draw(st.lists(texts, min_size=2, max_size=4, unique=True))
    candidates.append("a mill" if "a mill" not in candidates else "a mill!")
    supports = [*draw(st.lists(texts, max_size=3)), "Here is a mill."]
    value: dict[str, Any] = {
        "id": draw(texts.filter(str.strip)),
        "query": f"made_by {draw(texts.filter(str.strip))}",
        "candidates": candidates,
        "supports": supports,
    }
    if draw(st.booleans()):
        value["answer"] = draw(st.sampled_from(candidates))
    if draw(st.booleans()):
        places = st.integers(0, len(supports) - 1)
        value |= {
            "subject": draw(texts),
            "bridge": draw(texts),
            "chain": draw(st.lists(st.lists(texts, min_size=3, max_size=3), max_size=2)),
            "gold_supports": draw(st.lists(places, max_size=2)),
            "answer_type": draw(texts),
            "note": draw(st.recursive(texts | st.integers(-9, 9), st.lists, max_leaves=4)),
        }
    return value


@given(
    st.lists(items(), min_size=1, max_size=4, unique_by=lambda value: value["id"]),
    st.booleans(),
    st.booleans(),
)
def test_written_items_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, Any]], lines: bool, plain: bool
) -> None:
    dumped = [json.dumps(value, ensure_ascii=plain) for value in values]
    path = tmp_path_factory.getbasetemp() / "property.json"
    path.write_text("\n".join(dumped) if lines else f"[{','.join(dumped)}]", encoding="utf-8")
    read = list(read_wikihop(path))
    assert len(read) == len(values)
    for item, value in zip(read, values, strict=True):
        assert (item.id, item.query) == (value["id"], value["query"])
        assert list(item.candidates) == value["candidates"]
        assert list(item.supports) == value["supports"]
        assert item.answer == value.get("answer")
        assert item.subject == value["query"].removeprefix("made_by ").strip()
        assert (item.gold is not None) == ("chain" in value)
        if item.gold is not None:
            assert [list(triple) for triple in item.gold.triples] == value["chain"]
            assert list(item.gold.supports) == value["gold_supports"]


@pytest.mark.parametrize("form", ["[{},{}]", "{}\n{}"])
def test_a_large_file_is_never_held_in_memory(tmp_path: Path, form: str) -> None:
    begin, middle, end = form.split("{}")
    path = tmp_path / "large.json"
    supports = ["A long tale of barns and mills. " * 30] * 20 + MINIMAL["supports"]
    with path.open("w", encoding="utf-8") as handle:
        for number in range(3000):
            handle.write(middle if number else begin)
            handle.write(json.dumps(MINIMAL | {"id": f"q{number}", "supports": supports}))
        handle.write(end)
    assert path.stat().st_size > 55e6
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_wikihop(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        path.unlink()
    assert count == 3000
    assert peak < 4e6


@pytest.mark.parametrize("sign", ["", "é "])
@pytest.mark.parametrize("name", ["name{} of none", "word{} word word", "{} may 1901"])
def test_the_largest_items_are_searched_quickly(sign: str, name: str) -> None:
    supports = [sign + " ".join(f"word{n % 700} word" for n in range(1023))] * 63
    item = item_of([name.format(number + 1) for number in range(80)], supports)
    best = 9.0
    for _ in range(3):
        start = time.perf_counter()
        assert not candidate_found(item)
        best = min(best, time.perf_counter() - start)
    assert best < 1.0  # 0.02 to 0.15 on a free core


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared questions are not there")
@pytest.mark.parametrize(
    ("name", "count", "check"),
    [
        ("dev.json", 273, lambda item: item.gold and len(item.relations) == 2),
        ("dev_1hop.json", 529, lambda item: not item.gold and len(item.relations) == 1),
        ("real_wikihop_dev_sample.json", 28, lambda item: not item.forms and item.answer),
        ("real_wikihop_train_sample.json", 22, lambda item: not item.forms and item.answer),
        ("train.json", 1284, lambda item: item.gold and len(item.relations) == 2),
        ("train_1hop.json", 2442, lambda item: not item.gold and len(item.relations) == 1),
    ],
)
def test_the_shared_questions_are_read_without_a_bad_one(
    name: str, count: int, check: Callable[[WikihopItem], object]
) -> None:
    read = list(read_wikihop(SHARED / name))
    assert len(read) == count
    assert all(check(item) for item in read)
