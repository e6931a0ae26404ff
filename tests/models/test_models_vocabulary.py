"""Closed vocabularies."""

from __future__ import annotations

import pytest
from srl_tools import build_sentence, planted_sentences

from linguagraph.errors import CheckpointError
from linguagraph.models.vocabulary import UNKNOWN, SrlVocabulary, Vocabulary, lemma, shape, suffix


def test_strings_are_ordered_by_frequency_then_alphabet_and_the_rest_is_unknown() -> None:
    vocabulary = Vocabulary.count(list("cbabcd"), least=1)
    assert vocabulary.items == (UNKNOWN, "b", "c", "a", "d")
    assert [vocabulary(x) for x in ("b", "d", "zzz", UNKNOWN)] == [1, 4, 0, 0]
    assert Vocabulary.count(list("cbabcd"), least=2).items == (UNKNOWN, "b", "c")
    assert len(vocabulary) == 5


def test_the_first_string_is_never_counted_twice() -> None:
    assert Vocabulary.count(["_", "A0", "_"], first="_").items == ("_", "A0")


def test_a_repeated_string_means_damage() -> None:
    with pytest.raises(CheckpointError, match="twice"):
        Vocabulary(("a", "a"))


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("dog", "lower"),
        ("Dog", "title"),
        ("NATO", "upper"),
        ("iPod", "mixed"),
        ("x7", "digit"),
        ("...", "other"),
        ("I", "upper"),
    ],
)
def test_shapes(form: str, kind: str) -> None:
    assert shape(form) == kind


def test_suffixes_and_lemmas() -> None:
    assert [suffix(f) for f in ("Running", "19", "a", "")] == ["ing", "00", "a", ""]
    assert [lemma(v) for v in ("Be", None)] == ["be", UNKNOWN]


def test_building_applies_each_threshold() -> None:
    rows = [("Ann", "NNP", 1, "nsubj"), ("saw", "VBD", -1, "root"), ("it", "PRP", 1, "obj")]
    frames = [(1, {0: "A0", 2: "A1"})]
    rare = build_sentence([("Ann", "NNP", -1, "root")], [(0, {0: "A7"})])
    corpus = [build_sentence(rows, frames), build_sentence(rows, frames), rare]
    vocabulary = SrlVocabulary.build(corpus, rare_word=3)
    assert vocabulary.words.items == (UNKNOWN, "ann")
    assert vocabulary.roles.items == ("_", "A0", "A1")
    assert vocabulary.predicates.items == (UNKNOWN, "saw")
    assert vocabulary.labels.items == (UNKNOWN, "nsubj", "obj")
    assert vocabulary.num_edge_types == 6


def test_json_and_back() -> None:
    vocabulary = SrlVocabulary.build(planted_sentences(20, seed=0))
    assert SrlVocabulary.from_json(vocabulary.to_json()) == vocabulary
    broken = vocabulary.to_json()
    del broken["roles"], broken["tags"]
    with pytest.raises(CheckpointError, match=r"\['tags', 'roles'\]"):
        SrlVocabulary.from_json(broken)
