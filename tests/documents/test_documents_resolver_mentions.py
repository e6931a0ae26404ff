"""Which phrases are mentions, where they begin and end, and what they may refer to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from resolver_texts import sentence

from linguagraph.documents.records import Sentence
from linguagraph.documents.resolver.agreement import Gender, Number
from linguagraph.documents.resolver.mentions import Candidate, find_mentions
from linguagraph.documents.resolver.view import SentenceView


def mentions(text: Sentence) -> dict[str, Candidate]:
    """Mentions of one sentence by their words."""
    view = SentenceView.of(text)
    return {" ".join(view.forms[m.start : m.end]): m for m in find_mentions([view])}


def test_a_relative_clause_belongs_to_the_phrase_and_its_preposition_does_not() -> None:
    found = mentions(
        sentence(
            """
            She PRON 2 nsubj
            spoke/speak VERB 0 root
            with ADP 6 case
            the DET 6 det
            old ADJ 6 amod
            man NOUN 2 obl Number=Sing
            who PRON 8 nsubj PronType=Rel
            waited/wait VERB 6 acl:relcl
            . PUNCT 2 punct
            """
        )
    )
    assert list(found) == ["She", "the old man who waited"]
    man = found["the old man who waited"]
    assert (man.gender, man.number, man.determiner) == (Gender.MALE, Number.SING, "definite")
    assert man.core == ("old", "man")


def test_conjuncts_are_mentions_and_so_is_the_coordination() -> None:
    found = mentions(
        sentence(
            """
            Anna PROPN 5 nsubj Number=Sing
            and CCONJ 4 cc
            her PRON 4 nmod:poss
            dog NOUN 1 conj Number=Sing
            slept/sleep VERB 0 root
            """
        )
    )
    assert list(found) == ["Anna and her dog", "Anna", "her dog", "her"]
    assert found["Anna and her dog"].number == Number.PLUR
    assert found["her dog"].determiner == "possessive"


def test_a_predicate_noun_leaves_its_clause_out() -> None:
    found = mentions(
        sentence(
            """
            Today ADV 4 advmod
            he PRON 4 nsubj
            is/be AUX 4 cop
            king NOUN 0 root Number=Sing
            , PUNCT 4 punct
            """
        )
    )
    assert list(found) == ["he", "king"]


def test_parts_of_names_and_expletives_are_no_mentions() -> None:
    found = mentions(
        sentence(
            """
            There PRON 2 expl
            is/be VERB 0 root
            New PROPN 5 compound
            York PROPN 5 compound
            City PROPN 2 nsubj Number=Sing
            """
        )
    )
    assert list(found) == ["New York City"]


def test_the_possessive_mark_belongs_to_the_possessor() -> None:
    found = mentions(
        sentence(
            """
            Anna PROPN 3 nmod:poss Number=Sing
            's PART 1 case
            hat NOUN 0 root Number=Sing
            """
        )
    )
    assert list(found) == ["Anna 's hat", "Anna 's"]


@pytest.mark.parametrize(
    ("word", "gender", "type_"),
    [
        ("Peter", Gender.MALE, "person"),
        ("Anna", Gender.FEMALE, "person"),
        ("Berlin", Gender.THING, "place"),
        ("NASA", Gender.THING, "organization"),
        ("Qwxz", Gender.ANY, None),
    ],
)
def test_names_show_gender_and_type(word: str, gender: Gender, type_: str | None) -> None:
    found = mentions(sentence(f"{word} PROPN 0 root Number=Sing"))[word]
    assert (found.gender, found.type) == (gender, type_)


def test_penn_tags_and_conll_2009_labels_stand_in_for_universal_ones() -> None:
    text = sentence(
        """
        The _ 2 NMOD
        dogs/dog _ 3 SBJ
        saw/see _ 0 ROOT
        him _ 3 OBJ
        """
    )
    tags = ("DT", "NNS", "VBD", "PRP")
    tokens = tuple(
        replace(token, upos=None, xpos=tag) for token, tag in zip(text.tokens, tags, strict=True)
    )
    found = mentions(replace(text, tokens=tokens))
    assert list(found) == ["The dogs", "him"]
    assert found["The dogs"].number == Number.PLUR
    assert found["The dogs"].role == "nsubj"


def test_a_very_long_phrase_is_cut_to_its_head() -> None:
    rows = ["The DET 2 det", "list NOUN 0 root Number=Sing"]
    rows += [f"w{number} ADJ 2 acl" for number in range(500)]
    assert list(mentions(sentence("\n".join(rows)))) == ["The list"]
