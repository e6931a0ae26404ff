"""A discourse -> links that one sentence's tree shows: appositions, copulas, extraposed clauses."""

from __future__ import annotations

from linguagraph.documents.resolver.discourse import Discourse
from linguagraph.documents.resolver.mentions import Candidate, extraposed
from linguagraph.documents.resolver.view import SentenceView

__all__ = ["link_appositions", "link_copulas", "link_extraposed"]

_PREDICATIVE = ("definite", "indefinite", "possessive", "demonstrative")


def link_appositions(discourse: Discourse) -> None:
    """A phrase and its apposition: *Theseus, the king*."""
    entities = discourse.entities
    for mention in discourse.mentions:
        if mention.label != "appos" or mention.kind == "coordination":
            continue
        view = discourse.view(mention)
        head = discourse.headed(mention.sentence, view.heads[mention.head])
        entities.comparisons["apposition"] += 1
        if _listed(view, mention.head):
            continue
        if head is not None and _may_be(mention, head) and not _address(view, mention, head):
            entities.link(mention.order, head.order, "apposition")


def link_copulas(discourse: Discourse) -> None:
    """A subject and its predicate noun: *Athens is the capital*.

    Not under negation, in questions for the predicate (*who is he*), nor where number differs.
    """
    entities = discourse.entities
    for mention in discourse.mentions:
        if mention.kind not in ("nominal", "proper"):
            continue
        view = discourse.view(mention)
        subject = _subject(view, mention)
        if subject < 0:
            continue
        other = discourse.headed(mention.sentence, subject)
        entities.comparisons["copula"] += 1
        if other is not None and _may_be(mention, other):
            entities.link(mention.order, other.order, "copula")


def link_extraposed(discourse: Discourse) -> None:
    """An expletive *it* and the clause that it stands in for: *it is sad that they left*.

    Such an *it* refers to no thing; GUM annotates the pair as a cataphor, and so it is kept apart
    from the pronouns.
    """
    for mention in discourse.mentions:
        if mention.kind != "expletive":
            continue
        head = extraposed(discourse.view(mention), mention.head)
        clause = discourse.headed(mention.sentence, head, clause=True)
        discourse.entities.comparisons["extraposition"] += 1
        if clause is not None:
            discourse.entities.link(mention.order, clause.order, "extraposition")


def _subject(view: SentenceView, mention: Candidate) -> int:
    """Subject of which a mention is the predicate noun, or -1."""
    head = mention.head
    copulas = view.dependents(head, "cop")
    subjects = view.dependents(head, "nsubj")
    if not copulas or not subjects or mention.determiner not in _PREDICATIVE:
        return -1
    negated = any(view.lemmas[c] in ("not", "never", "no", "n't") for c in view.children[head])
    if negated or view.dependents(head, "case"):
        return -1
    return subjects[-1]


def _listed(view: SentenceView, apposition: int) -> bool:
    """Whether what is called an apposition is the middle of a list: *the wheel, the window and*."""
    return bool(view.dependents(apposition, "conj"))


def _address(view: SentenceView, mention: Candidate, head: Candidate) -> bool:
    """Whether an apposition only places or honours: *Lahore, Pakistan*, *Mark Tedeschi, QC*."""
    if mention.kind != "proper" or head.kind != "proper":
        return False
    if head.type == "person":
        return len(mention.core) == 1 and view.forms[mention.head].isupper()
    return view.forms[mention.start - 1] == ","


def _may_be(mention: Candidate, other: Candidate) -> bool:
    return bool(mention.number & other.number and mention.gender & other.gender)
