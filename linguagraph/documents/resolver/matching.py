"""A discourse -> links between names and noun phrases that share their words."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

from linguagraph.documents.resolver.discourse import Discourse
from linguagraph.documents.resolver.lexicon import GENERIC_NOUNS, PRONOUNS, TITLES
from linguagraph.documents.resolver.mentions import Candidate

__all__ = [
    "link_acronyms",
    "link_exact",
    "link_heads",
    "link_names",
    "link_possessed",
    "link_relaxed",
]

_REMEMBERED = 12  # earlier mentions with the same key that are looked at
_HEAD_SENTENCES = 40


def link_exact(discourse: Discourse) -> None:
    """The same words, articles left out: *food* ... *food*, *a dress* ... *the dress*.

    Not where the later phrase is indefinite (*a dress* ... *a dress*), possessed by a pronoun, or
    names too little (*the way* ... *the way*).
    """
    _link_by(discourse, "exact", _exact_key, _may_repeat)


def link_relaxed(discourse: Discourse) -> None:
    """The same words up to the head, after which a definite phrase has nothing more:
    *the treaty of Rome* ... *the treaty*."""

    def fits(anaphor: Candidate, antecedent: Candidate) -> bool:
        return (
            _may_repeat(anaphor, antecedent)
            and anaphor.text == anaphor.core
            and anaphor.determiner in ("definite", "demonstrative")
        )

    _link_by(discourse, "relaxed", _core_key, fits)


def link_heads(discourse: Discourse) -> None:
    """The same head with no modifier that the earlier phrase lacks: *a red car* ... *the car*.

    The later phrase is definite or demonstrative and has nothing after its head.
    """
    entities = discourse.entities

    def fits(anaphor: Candidate, antecedent: Candidate) -> bool:
        if anaphor.determiner not in ("definite", "demonstrative") or anaphor.text != anaphor.core:
            return False
        if anaphor.sentence - antecedent.sentence > _HEAD_SENTENCES:
            return False
        known = antecedent.modifiers.union(
            *(discourse.mentions[m].modifiers for m in entities.members(antecedent.order)[:20])
        )
        return anaphor.modifiers <= known and _apart(discourse, anaphor, antecedent)

    _link_by(discourse, "head", _head_key, fits)


def link_names(discourse: Discourse) -> None:
    """A part of a name for the whole: *Mary Chaworth* ... *Miss Chaworth*, *Harrow School* ...
    *Harrow*."""
    entities = discourse.entities
    known: dict[str, deque[Candidate]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
    for anaphor in discourse.mentions:
        name = _name(anaphor)
        if not name or anaphor.determiner == "indefinite":
            continue
        earlier = {other.order: other for word in (name[0], name[-1]) for other in known[word]}
        for order in sorted(earlier, reverse=True):
            entities.comparisons["name"] += 1
            antecedent = earlier[order]
            if (
                _same_name(name, _name(antecedent), person=_person(anaphor, antecedent))
                and entities.agree(anaphor.order, antecedent.order)
                and _apart(discourse, anaphor, antecedent)
            ):
                entities.link(anaphor.order, antecedent.order, "name")
                break
        for word in dict.fromkeys((name[0], name[-1])):
            known[word].append(anaphor)


def link_acronyms(discourse: Discourse) -> None:
    """Initials for the name or phrase: *World Health Organization* ... *WHO*, either first."""
    entities = discourse.entities
    short: dict[str, Candidate] = {}
    long: dict[str, Candidate] = {}
    for mention in discourse.mentions:
        if mention.kind not in ("proper", "nominal"):
            continue
        word = mention.name[0].replace(".", "") if len(mention.name) == 1 else ""
        if 2 <= len(word) <= 6 and word.isupper() and word.isalpha():
            other, key = long.get(word), word
            short.setdefault(word, mention)
        else:
            key = "".join(part[0] for part in mention.name if part[:1].isupper())
            other = short.get(key) if len(key) > 1 else None
            if len(key) > 1:
                long.setdefault(key, mention)
        if other is not None:
            entities.comparisons["acronym"] += 1
            if not _nested(mention, other):
                entities.link(mention.order, other.order, "acronym")


def link_possessed(discourse: Discourse) -> None:
    """The same noun of the same possessor: *Melanie's mother* ... *her mother*."""
    entities = discourse.entities
    known: dict[tuple[str, int, int], Candidate] = {}
    for mention in discourse.mentions:
        if mention.possessor < 0 or mention.kind == "coordination":
            continue
        possessor = discourse.headed(mention.sentence, mention.possessor)
        if possessor is None:
            continue
        key = (mention.lemma, int(mention.number), entities.entity(possessor.order))
        antecedent = known.get(key)
        entities.comparisons["possessor"] += 1
        if antecedent is not None and (
            mention.modifiers <= antecedent.modifiers or antecedent.modifiers <= mention.modifiers
        ):
            entities.link(mention.order, antecedent.order, "possessor")
        known[key] = mention


def _link_by(
    discourse: Discourse,
    rule: str,
    key_of: Callable[[Candidate], tuple[str, ...] | None],
    fits: Callable[[Candidate, Candidate], bool],
) -> None:
    """Link each mention to the nearest earlier one with its key that fits and agrees."""
    entities = discourse.entities
    known: dict[tuple[str, ...], deque[Candidate]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
    for anaphor in discourse.mentions:
        key = key_of(anaphor)
        if key is None:
            continue
        for antecedent in reversed(known[key]):
            entities.comparisons[rule] += 1
            if entities.same(anaphor.order, antecedent.order):
                break
            if fits(anaphor, antecedent) and entities.agree(anaphor.order, antecedent.order):
                entities.link(anaphor.order, antecedent.order, rule)
                break
        known[key].append(anaphor)


def _exact_key(mention: Candidate) -> tuple[str, ...] | None:
    if mention.pronominal or mention.kind == "clause":
        return None
    return mention.text


def _core_key(mention: Candidate) -> tuple[str, ...] | None:
    if mention.kind not in ("proper", "nominal"):
        return None
    return mention.core


def _head_key(mention: Candidate) -> tuple[str, ...] | None:
    if mention.kind not in ("proper", "nominal") or mention.lemma in GENERIC_NOUNS:
        return None
    return (mention.lemma,)


def _may_repeat(anaphor: Candidate, antecedent: Candidate) -> bool:
    if {anaphor.kind, antecedent.kind} == {"proper", "nominal"}:
        return False  # Bell, the bell
    if anaphor.kind in ("proper", "number", "coordination"):
        return True
    if anaphor.determiner in ("indefinite", "interrogative"):
        return False
    if anaphor.text[0] in PRONOUNS or antecedent.text[0] in PRONOUNS:
        return False
    return not (len(anaphor.core) == 1 and anaphor.lemma in GENERIC_NOUNS)


def _name(mention: Candidate) -> tuple[str, ...]:
    """Words of a name without titles, lower case; empty where there are only titles."""
    if mention.kind != "proper":
        return ()
    words = (word.lower() for word in mention.name)
    return tuple(word for word in words if word not in TITLES)


def _person(first: Candidate, second: Candidate) -> bool:
    """Whether one of two names is known to be a person's: *Mary Chaworth* ... *Chaworth*."""
    return "person" in (first.type, second.type)


def _same_name(name: tuple[str, ...], other: tuple[str, ...], *, person: bool) -> bool:
    if not other:
        return False
    short, long = sorted((name, other), key=len)
    if len(short) == len(long):
        return short == long
    if len(short) == 1:
        return short[0] == long[0] or (short[0] == long[-1] and person)
    return set(short) <= set(long) and (short[-1] == long[-1] or short[0] == long[0])


def _nested(first: Candidate, second: Candidate) -> bool:
    return (
        first.sentence == second.sentence and first.start < second.end and second.start < first.end
    )


def _apart(discourse: Discourse, first: Candidate, second: Candidate) -> bool:
    """Whether neither mention is inside the other nor coordinated with it."""
    if first.sentence != second.sentence:
        return True
    if _nested(first, second):
        return False
    view = discourse.view(first)
    return view.first_conjunct(first.head) != view.first_conjunct(second.head)
