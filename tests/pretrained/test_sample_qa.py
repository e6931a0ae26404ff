"""The bundled sample questions: WikiHop's form, and that only the gold chain gives the answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.resources import files
from itertools import permutations
from typing import Any

import pytest

Item = dict[str, Any]

_FIELDS = """
    id query answer candidates supports hops answer_type subject bridge chain gold_supports titles
    candidate_forms
"""
FIELDS = _FIELDS.split()
ANSWER_TYPES = {
    "date_of_birth": "DATE_FULL",
    "date_of_death": "DATE_FULL",
    "country_of_citizenship": "COUNTRY",
    "place_of_birth": "PLACE",
    "place_of_death": "PLACE",
    "father": "PERSON",
    "mother": "PERSON",
    "spouse": "PERSON",
}
_MONTH_NAMES = """
    january february march april may june july august september october november december
"""
_MONTHS = _MONTH_NAMES.split()
_MONTH = "|".join(_MONTHS)
DATE = re.compile(
    rf"\b(?:(?P<day>\d\d?) (?P<month>{_MONTH})|(?P<month2>{_MONTH}) (?P<day2>\d\d?),)"
    r" (?P<year>\d{4})\b"
)
_DEMONYMS = """
    american austrian belgian british canadian czech danish dutch english finnish french german
    hungarian irish italian norwegian polish portuguese russian scottish spanish swedish swiss
"""
DEMONYMS = frozenset(_DEMONYMS.split())
_COUNTRIES = """
    america austria belgium britain canada denmark england finland france germany hungary ireland
    italy netherlands norway poland portugal russia scotland spain sweden switzerland
"""
COUNTRIES = frozenset(_COUNTRIES.split())
OTHER_NAMES = {
    "sample_2": {"Patient"},
    "sample_4": {"Gil", "Hathersby"},
    "sample_6": set(),
    "sample_7": set(),
    "sample_8": set(),
    "sample_9": {"Amalia", "Rautenstern", "Klara", "Dombrink", "Uncle", "Oboe"},
}
"""Capitalised words of the items on places and persons that are no title and no candidate."""


def _text() -> str:
    return (files("linguagraph.pretrained") / "sample-qa.json").read_text(encoding="utf-8")


ITEMS: list[Item] = json.loads(_text())
each_item = pytest.mark.parametrize("item", ITEMS, ids=[item["query"] for item in ITEMS])


def _says(text: str, form: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(form.lower())}(?!\w)", text.lower()) is not None


def _dates(text: str) -> set[tuple[int, int, int]]:
    return {
        (
            int(match["year"]),
            _MONTHS.index(match["month"] or match["month2"]) + 1,
            int(match["day"] or match["day2"]),
        )
        for match in DATE.finditer(text.lower())
    }


def _gold(item: Item) -> tuple[str, str]:
    subject, bridge = item["gold_supports"]
    return item["supports"][subject], item["supports"][bridge]


def test_file_is_ten_items_in_plain_json() -> None:
    assert [item["id"] for item in ITEMS] == [f"sample_{number}" for number in range(10)]
    assert _text() == json.dumps(ITEMS, indent=1, ensure_ascii=False) + "\n"


def test_relation_pairs_vary() -> None:
    assert Counter(item["query"].split()[0] for item in ITEMS) == {
        "director__date_of_birth": 2,
        "director__date_of_death": 1,
        "director__country_of_citizenship": 1,
        "director__spouse": 1,
        "father__father": 1,
        "father__mother": 1,
        "performer__place_of_birth": 1,
        "spouse__place_of_birth": 1,
        "composer__place_of_death": 1,
    }


def test_names_do_not_repeat_across_items() -> None:
    names = [
        name
        for item in ITEMS
        for name in {title.lower() for title in item["titles"]}
        | (set(item["candidates"]) if item["answer_type"] in {"PLACE", "PERSON"} else set())
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@each_item
def test_fields_agree_with_each_other(item: Item) -> None:
    assert list(item) == FIELDS
    assert item["hops"] == 2
    first, last = item["chain"]
    relations = "__".join(relation.replace(" ", "_") for relation in (first[1], last[1]))
    assert item["query"] == f"{relations} {item['subject'].lower()}"
    assert item["answer_type"] == ANSWER_TYPES[last[1].replace(" ", "_")]
    assert (first[0], first[2], last[0]) == (item["subject"], item["bridge"], item["bridge"])
    assert last[2].lower() == item["answer"]
    assert [item["titles"][index] for index in item["gold_supports"]] == [
        item["subject"],
        item["bridge"],
    ]


@each_item
def test_supports_are_short_and_begin_with_their_title(item: Item) -> None:
    assert 8 <= len(item["supports"]) <= 10
    assert len(item["titles"]) == len(item["supports"]) == len(set(item["titles"]))
    for title, text in zip(item["titles"], item["supports"], strict=True):
        assert 30 <= len(text.split()) <= 90, title
        assert re.match(rf"{re.escape(title)}(?!\w)", text), title
        assert text == " ".join(text.split())
        assert text.endswith(".")


@each_item
def test_candidates_are_sorted_lowercased_and_apart(item: Item) -> None:
    candidates = item["candidates"]
    assert 5 <= len(candidates) <= 10
    assert candidates == sorted({candidate.lower() for candidate in candidates})
    assert item["answer"] in candidates
    assert not [pair for pair in permutations(candidates, 2) if pair[0] in pair[1]]
    assert item["subject"].lower() not in candidates
    assert (item["bridge"].lower() in candidates) == (item["answer_type"] == "PERSON")


@each_item
def test_candidate_forms_are_in_the_supports(item: Item) -> None:
    assert list(item["candidate_forms"]) == item["candidates"]
    for candidate, forms in item["candidate_forms"].items():
        assert forms == sorted(set(forms))
        for form in forms:
            assert form == form.lower()
            assert any(_says(text, form) for text in item["supports"]), form
        if item["answer_type"] == "DATE_FULL":
            assert {value for form in forms for value in _dates(form)} == _dates(candidate)
        else:
            assert forms == [candidate]


@each_item
def test_only_the_bridge_leads_to_the_answer(item: Item) -> None:
    subject, bridge = _gold(item)
    assert item["bridge"] in subject
    forms = item["candidate_forms"][item["answer"]]
    assert item["chain"][1][2] in bridge
    assert any(_says(bridge, form) for form in forms)
    assert not any(_says(subject, form) for form in forms)
    if item["answer_type"] == "DATE_FULL":
        assert not _dates(item["answer"]) & _dates(subject)
    # No paragraph that holds the answer names the subject.
    holding = [text for text in item["supports"] if any(_says(text, form) for form in forms)]
    assert not any(item["subject"] in text for text in holding)


@each_item
def test_three_other_chains_lead_to_other_candidates(item: Item) -> None:
    gold_subject, gold_bridge = item["gold_supports"]
    texts, titles = item["supports"], item["titles"]
    bridges: dict[int, set[int]] = {}
    for start, end in permutations(range(len(texts)), 2):
        rivals = set(item["candidates"]) - {item["answer"], titles[start].lower()}
        rivals -= {titles[end].lower()}
        forms = [form for rival in rivals for form in item["candidate_forms"][rival]]
        if start == gold_subject or end == gold_bridge or titles[end] not in texts[start]:
            continue
        if any(_says(texts[end], form) for form in forms):
            bridges.setdefault(end, set()).add(start)
    assert len(bridges) >= 3
    assert len(set().union(*bridges.values())) >= 3
    if item["query"].startswith("director__"):
        directors = [
            title
            for text in texts
            for title in titles
            if re.search(rf"directed by {re.escape(title)}(?!\w)", text)
        ]
        assert len(directors) == len(set(directors)) >= 4
        assert item["bridge"] in directors


@each_item
def test_candidates_are_all_values_of_their_type(item: Item) -> None:
    text = " ".join(item["supports"])
    forms = {form for forms in item["candidate_forms"].values() for form in forms}
    if item["answer_type"] == "DATE_FULL":
        assert forms == {match[0] for match in DATE.finditer(text.lower())}
        assert len({value for form in forms for value in _dates(form)}) == len(item["candidates"])
    elif item["answer_type"] == "COUNTRY":
        words = set(re.findall(r"\w+", text.lower()))
        assert forms == words & (DEMONYMS | COUNTRIES)
    else:
        names = sorted({*forms, *map(str.lower, item["titles"])}, key=len, reverse=True)
        known = {part for name in names for part in name.split()} | DEMONYMS
        if item["answer_type"] == "PERSON":
            known |= COUNTRIES
        for name in names:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "_", text, flags=re.IGNORECASE)
        rest = {
            word
            for word in re.findall(r"(?<![.!?] )(?<!\w)[^\W\d_a-z][\w-]*", text)
            if word.lower() not in known
        }
        assert rest == OTHER_NAMES[item["id"]]


@each_item
def test_person_titles_are_candidates_of_items_on_persons(item: Item) -> None:
    if item["answer_type"] == "PERSON":
        persons = {
            title.lower()
            for title, text in zip(item["titles"], item["supports"], strict=True)
            if re.match(rf"{re.escape(title)} \((?:born )?\d", text)
        }
        assert persons - {item["subject"].lower()} <= set(item["candidates"])


def test_one_date_is_written_in_two_ways() -> None:
    several = [
        forms for item in ITEMS for forms in item["candidate_forms"].values() if len(forms) > 1
    ]
    assert several == [["14 november 1938", "november 14, 1938"]]
