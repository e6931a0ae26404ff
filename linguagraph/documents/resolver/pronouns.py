"""A discourse -> links from third-person pronouns to the most salient entity that fits.

Salience adds up over an entity's recent mentions: a weight for the grammatical role, halved for
every sentence between (after Lappin and Leass 1994, with weights of our own).
"""

from __future__ import annotations

from collections import defaultdict

from linguagraph.documents.resolver.agreement import Gender, Number
from linguagraph.documents.resolver.discourse import Discourse
from linguagraph.documents.resolver.lexicon import WEATHER
from linguagraph.documents.resolver.mentions import Candidate
from linguagraph.documents.resolver.view import SentenceView

__all__ = ["link_pronouns", "link_reflexives"]

_SENTENCES = {"person": 5, "thing": 3, "plural": 3}
_LIMIT = 80  # mentions looked at before a pronoun
_ROLES = {"nsubj": 80, "obj": 50, "iobj": 50, "obl": 40, "nmod": 30, "root": 60, "vocative": 20}
_LABELS = {"nmod:poss": 65, "compound": 20}
_OTHER_ROLE = 30
_DECAY = 0.5
_ARGUMENTS = ("nsubj", "obj", "iobj", "obl")
_CLAUSES = ("acl", "advcl", "nsubj", "csubj", "ccomp")
_DEEPEST = 100  # edges upwards in the tree


def link_reflexives(discourse: Discourse) -> None:
    """A reflexive and the subject of its clause: *Byron blamed himself*."""
    entities = discourse.entities
    for mention in discourse.mentions:
        word = discourse.view(mention).lowers[mention.head]
        if mention.kind != "pronoun" or not word.endswith(("self", "selves")):
            continue
        subject = _subject_of_clause(discourse, mention)
        entities.comparisons["reflexive"] += 1
        if subject is not None and entities.agree(mention.order, subject.order):
            entities.link(mention.order, subject.order, "reflexive")


def link_pronouns(discourse: Discourse) -> None:
    """*he*, *she*, *it*, *they* and their forms, from left to right."""
    entities = discourse.entities
    for mention in discourse.mentions:
        if mention.kind != "pronoun" or mention.person != 3:
            continue
        if discourse.view(mention).lowers[mention.head] in ("one", "oneself"):
            continue
        if _pleonastic(discourse, mention):
            continue
        if min(entities.members(mention.order)) < mention.order:
            continue  # a reflexive has its antecedent already
        antecedent = _most_salient(discourse, mention)
        if antecedent is not None:
            entities.link(mention.order, antecedent.order, "pronoun")


def _most_salient(discourse: Discourse, pronoun: Candidate) -> Candidate | None:
    entities = discourse.entities
    kind = "thing" if pronoun.gender == Gender.THING else "person"
    if pronoun.number == Number.PLUR:
        kind = "plural"
    barred = _barred(discourse, pronoun)
    scores: dict[int, float] = defaultdict(float)
    nearest: dict[int, Candidate] = {}
    own = entities.entity(pronoun.order)
    for candidate in discourse.before(pronoun, sentences=_SENTENCES[kind], limit=_LIMIT):
        entities.comparisons["pronoun"] += 1
        entity = entities.entity(candidate.order)
        if entity == own or entity in barred or not _fits(discourse, pronoun, candidate):
            continue
        distance = pronoun.sentence - candidate.sentence
        scores[entity] += _weight(candidate) * _DECAY**distance
        nearest.setdefault(entity, candidate)
    if not scores:
        return None
    best = max(scores, key=lambda entity: (scores[entity], nearest[entity].order))
    return nearest[best]


def _weight(candidate: Candidate) -> float:
    if candidate.label in _LABELS:
        return _LABELS[candidate.label]
    return _ROLES.get(candidate.role, _OTHER_ROLE)


def _fits(discourse: Discourse, pronoun: Candidate, candidate: Candidate) -> bool:
    entities = discourse.entities
    if candidate.kind in ("expletive", "clause", "number"):
        return False
    if entities.person(candidate.order) != entities.person(pronoun.order):
        return False
    number, gender = entities.number(candidate.order), entities.gender(candidate.order)
    if not number & entities.number(pronoun.order) or not gender & entities.gender(pronoun.order):
        return False
    return not (candidate.type == "time" and not candidate.pronominal)


def _barred(discourse: Discourse, pronoun: Candidate) -> set[int]:
    """Entities that a pronoun cannot be: those of phrases around it and of its fellow arguments."""
    entities = discourse.entities
    view = discourse.view(pronoun)
    barred = set()
    here = discourse.of_sentence(pronoun.sentence)
    first, last = max(here.start, pronoun.order - _LIMIT), min(here.stop, pronoun.order + _LIMIT)
    for order in range(first, last):
        other = discourse.mentions[order]
        if order == pronoun.order:
            continue
        around = other.start <= pronoun.start and pronoun.end <= other.end
        if (
            not _in_clause_of(view, pronoun.head, other.head)
            if around
            else _fellow_arguments(view, pronoun.head, other.head)
        ):
            barred.add(entities.entity(order))
    return barred


def _fellow_arguments(view: SentenceView, first: int, second: int) -> bool:
    return (
        view.heads[first] == view.heads[second] >= 0
        and view.bases[first] in _ARGUMENTS
        and view.bases[second] in _ARGUMENTS
    )


def _in_clause_of(view: SentenceView, token: int, head: int) -> bool:
    """Whether a token is in a clause that modifies ``head``."""
    for _ in range(_DEEPEST):
        above = view.heads[token]
        if above < 0 or token == head:
            return False
        if above == head and view.bases[token] in _CLAUSES:
            return True
        token = above
    return False


def _subject_of_clause(discourse: Discourse, mention: Candidate) -> Candidate | None:
    """Subject of the nearest verb above a mention that has one."""
    view = discourse.view(mention)
    node = view.heads[mention.head]
    for _ in range(_DEEPEST):
        if node < 0:
            return None
        for subject in view.dependents(node, "nsubj")[:2]:
            found = discourse.headed(mention.sentence, subject)
            if found is not None and subject != mention.head:
                return found
        node = view.heads[node]
    return None


def _pleonastic(discourse: Discourse, mention: Candidate) -> bool:
    """Whether an *it* refers to nothing: weather, time, *it seems that*."""
    view = discourse.view(mention)
    if view.lowers[mention.head] != "it" or view.bases[mention.head] != "nsubj":
        return False
    head = view.heads[mention.head]
    if head < 0:
        return False
    if view.lemmas[head] in WEATHER or view.tags[head] == "NUM":
        return True
    if view.lemmas[head] in ("seem", "appear", "happen", "turn"):
        return bool(view.dependents(head, "ccomp", "csubj", "advcl"))
    return view.tags[head] == "ADJ" and bool(view.dependents(head, "csubj", "ccomp"))
