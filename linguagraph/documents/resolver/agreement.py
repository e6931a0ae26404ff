"""The head of a mention -> number, gender, person and type of what it may refer to."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import IntFlag

from linguagraph.documents.resolver import lexicon
from linguagraph.documents.resolver.view import SentenceView

__all__ = [
    "INDEFINITES",
    "NAME_LABELS",
    "YEAR",
    "Agreement",
    "Gender",
    "Number",
    "agreement_of",
]

YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")
NAME_LABELS = frozenset(("compound", "flat", "fixed", "goeswith"))
"""Labels between the words of a name."""
INDEFINITES = lexicon.words(
    "everyone everybody someone somebody anyone anybody nobody something everything anything"
)
_NO_NAMES = lexicon.TIMES | lexicon.PLACES


class Number(IntFlag):
    """Numbers that a mention may have."""

    SING = 1
    PLUR = 2
    ANY = 3


class Gender(IntFlag):
    """Genders that a mention may have; a person may be male or female, a thing is neuter."""

    MALE = 1
    FEMALE = 2
    PERSON = 3
    THING = 4
    ANY = 7


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a mention may refer to; ``person`` is 1, 2 or 3, ``type`` a guess or None."""

    number: Number
    gender: Gender
    person: int = 3
    type: str | None = None

    def plural(self) -> Agreement:
        """The same of several: a coordination may mix genders and types."""
        gender = Gender.ANY if self.gender & Gender.PERSON else self.gender
        return replace(self, number=Number.PLUR, gender=gender, person=3, type=None)


def agreement_of(view: SentenceView, head: int, kind: str, start: int) -> Agreement:
    """Agreement of a mention.

    Args:
        view: its sentence.
        head: token index of its head.
        kind: kind of the mention (see ``Candidate.kind``), no coordination.
        start: its first token, where a name's first name is.
    """
    low = view.lowers[head]
    if kind in ("pronoun", "demonstrative"):
        person, number, gender = lexicon.PRONOUNS[low]
        return Agreement(_NUMBERS[number], _GENDERS[gender], person, _PRONOUN_TYPES.get(gender))
    if kind in ("expletive", "clause"):
        return Agreement(Number.SING, Gender.THING)
    if kind == "number":
        return Agreement(Number.ANY, Gender.THING, 3, "time" if YEAR.fullmatch(low) else None)
    if kind == "proper":
        return Agreement(_number(view, head), *_of_name(view, head, start))
    return Agreement(_number(view, head), *_of_noun(low, view.lemmas[head]))


_NUMBERS = {"sing": Number.SING, "plur": Number.PLUR, "any": Number.ANY}
_GENDERS = {
    "male": Gender.MALE,
    "female": Gender.FEMALE,
    "person": Gender.PERSON,
    "thing": Gender.THING,
    "any": Gender.ANY,
}
_PRONOUN_TYPES = {"male": "person", "female": "person", "person": "person"}


def _number(view: SentenceView, head: int) -> Number:
    if view.lemmas[head] in lexicon.COLLECTIVES and view.lemmas[head] == view.lowers[head]:
        return Number.ANY
    given = view.feature(head, "Number")
    if given in ("Plur", "Ptan"):
        return Number.PLUR
    if given == "Sing":
        return Number.SING
    if view.xpos(head) in ("NNS", "NNPS"):
        return Number.PLUR
    return Number.SING if view.xpos(head) in ("NN", "NNP") else Number.ANY


_NOUNS: tuple[tuple[frozenset[str], Gender, str], ...] = (
    (lexicon.MALE_NOUNS, Gender.MALE, "person"),
    (lexicon.FEMALE_NOUNS, Gender.FEMALE, "person"),
    (lexicon.PERSONS | INDEFINITES, Gender.PERSON, "person"),
    (lexicon.ANIMALS, Gender.ANY, "animal"),
    (lexicon.ORGANIZATIONS, Gender.THING, "organization"),
    (lexicon.PLACES, Gender.THING, "place"),
    (lexicon.TIMES, Gender.THING, "time"),
)


def _of_noun(low: str, lemma: str) -> tuple[Gender, int, str | None]:
    for word in (low, lemma):
        for words, gender, type_ in _NOUNS:
            if word in words:
                return gender, 3, type_
        if word.endswith(lexicon.PERSON_ENDINGS):
            return Gender.PERSON, 3, "person"
    return Gender.THING, 3, None


def _of_name(view: SentenceView, head: int, start: int) -> tuple[Gender, int, str | None]:
    """Gender and type of a name, from its title, its first name or what it is called."""
    words = [view.lowers[head]] + [
        view.lowers[child]
        for child in view.children[head]
        if view.bases[child] in NAME_LABELS or view.labels[child] == "nmod:desc"
    ]
    for word in words:
        if word in lexicon.MALE_NOUNS:
            return Gender.MALE, 3, "person"
        if word in lexicon.FEMALE_NOUNS:
            return Gender.FEMALE, 3, "person"
        if word in lexicon.TITLES:
            return Gender.PERSON, 3, "person"
    for word in (view.lowers[start], *words):
        gender = Gender(
            Gender.MALE * (word in lexicon.MALE_NAMES)
            + Gender.FEMALE * (word in lexicon.FEMALE_NAMES)
        )
        if gender and word not in _NO_NAMES:
            return gender, 3, "person"
    for word in words:
        for known, gender, type_ in _NOUNS[-3:]:
            if word in known:
                return gender, 3, type_
    if any(word in lexicon.PERSONS for word in words):
        return Gender.PERSON, 3, "person"
    return Gender.ANY, 3, None
