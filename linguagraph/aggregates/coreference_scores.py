"""Documents with key and response chains -> MUC, B-cubed, CEAF, the CoNLL average, and by type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd

from linguagraph.aggregates.coreference_metrics import METRICS, Fractions
from linguagraph.documents.mentions import MENTION_TYPES, mention_type
from linguagraph.documents.records import Chain, Document, Link, Mention
from linguagraph.errors import ConfigError

__all__ = ["MATCHES", "CoreferenceScores", "score_coreference", "scores_table"]

MATCHES = ("exact", "head")
"""When a response mention is a key mention: the same words, or the same head."""


@dataclass(frozen=True)
class CoreferenceScores:
    """What :func:`score_coreference` found; see there.

    Attributes:
        muc, b_cubed, ceaf_e, ceaf_m: the metrics of
            :mod:`linguagraph.aggregates.coreference_metrics`.
        mentions: mention detection.
        mentions_by_type: the same by type (:data:`MENTION_TYPES`) of the key mention for recall,
            of the response mention for precision.
        links: anaphors that are linked to a right antecedent.
        links_by_type: the same by the type of the anaphor.
        links_by_rule: precision of the response's links by their rule, the most frequent first;
            recall is undefined (its denominator is 0).
        documents: number of documents.
        singletons: whether singletons were scored.
        match: one of :data:`MATCHES`.
    """

    muc: Fractions
    b_cubed: Fractions
    ceaf_e: Fractions
    ceaf_m: Fractions
    mentions: Fractions
    mentions_by_type: Mapping[str, Fractions]
    links: Fractions
    links_by_type: Mapping[str, Fractions]
    links_by_rule: Mapping[str, Fractions]
    documents: int
    singletons: bool
    match: str

    @property
    def conll(self) -> float:
        """Mean of the F1 of MUC, B-cubed and CEAF-e (Pradhan et al. 2011), 0 to 1."""
        return (self.muc.f1 + self.b_cubed.f1 + self.ceaf_e.f1) / 3


def score_coreference(
    key: Sequence[Document],
    response: Sequence[Document],
    *,
    singletons: bool = False,
    match: str = "exact",
) -> CoreferenceScores:
    """Score the chains of ``response`` against those of ``key``, over the same tokens.

    A mention counts once, in the first chain that has it. An anaphor of the key (any mention but
    the first of its chain) is recalled if the response puts it in a chain with an earlier mention
    that the key has in its chain, too. A link of the response is correct if the key has both of its
    mentions in one chain; a chain without links has one from each mention to the one before.

    Args:
        key: documents with the right chains.
        response: the same documents, in the same order, with other chains.
        singletons: score chains of one mention; otherwise they are left out of key and response
            alike, before anything is counted.
        match: ``exact`` takes mentions with the same words for the same; ``head`` then also takes,
            one to one, mentions with the same head, those that share most words first.

    Raises:
        ConfigError: unknown ``match``; documents that differ in number or in their tokens.
    """
    _check(key, response, match)
    tally = _Tally()
    for ours, theirs in zip(key, response, strict=True):
        tally.add(_Side(ours, singletons), _Side(theirs, singletons), match)
    by_rule = sorted(tally.rules.items(), key=lambda item: (-item[1].response, item[0]))
    return CoreferenceScores(
        **tally.metrics,
        mentions=sum(tally.mentions.values(), Fractions()),
        mentions_by_type=tally.mentions,
        links=sum(tally.links.values(), Fractions()),
        links_by_type=tally.links,
        links_by_rule=dict(by_rule),
        documents=len(key),
        singletons=singletons,
        match=match,
    )


def scores_table(scores: CoreferenceScores) -> pd.DataFrame:
    """One row per metric, and per type and rule of what the scores tell apart.

    Returns:
        ``measure`` (``muc`` ... ``conll``, ``mentions``, ``links``, ``rules``), ``part`` (a type or
        rule, or ``all``), ``precision``, ``recall``, ``f1`` (0 to 1), ``key`` and ``response`` (the
        denominators of recall and precision). Missing: what a denominator of 0 leaves undefined,
        and all but ``f1`` for ``conll``.
    """
    parts: list[tuple[str, str, Fractions]] = [
        (name, "all", getattr(scores, name)) for name in (*METRICS, "mentions", "links")
    ]
    parts += [("mentions", name, part) for name, part in scores.mentions_by_type.items()]
    parts += [("links", name, part) for name, part in scores.links_by_type.items()]
    parts += [("rules", name, part) for name, part in scores.links_by_rule.items()]
    rows = [
        {
            "measure": measure,
            "part": name,
            "precision": part.precision if part.response else None,
            "recall": part.recall if part.key else None,
            "f1": part.f1 if part.key else None,
            "key": part.key,
            "response": part.response,
        }
        for measure, name, part in parts
    ]
    rows.insert(len(METRICS), {"measure": "conll", "part": "all", "f1": scores.conll})
    columns = ["measure", "part", "precision", "recall", "f1", "key", "response"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(columns[2:], "float64"))


def _check(key: Sequence[Document], response: Sequence[Document], match: str) -> None:
    if match not in MATCHES:
        raise ConfigError(f"match={match!r}; expected one of {list(MATCHES)}")
    if len(key) != len(response):
        raise ConfigError(
            f"{len(key)} key and {len(response)} response documents; expected as many of each"
        )
    for place, (ours, theirs) in enumerate(zip(key, response, strict=True)):
        if list(map(len, ours.sentences)) != list(map(len, theirs.sentences)):
            raise ConfigError(
                f"document {place} ({ours.id!r}): key and response have other sentences or "
                "tokens; give both the same ones"
            )


class _Side:
    """The mentions of one document, numbered, with the chain and type of each."""

    def __init__(self, document: Document, singletons: bool) -> None:
        self.mentions: list[Mention] = []
        self.chains: list[list[int]] = []
        self.links: list[tuple[int, int, str]] = []  # anaphor, antecedent, rule
        self.types: list[str] = []
        seen: set[tuple[int, tuple[int, ...]]] = set()
        for chain in document.chains:
            numbers: dict[int, int] = {}  # number by position in the chain
            fresh = [
                place for place, mention in enumerate(chain.mentions) if self._new(mention, seen)
            ]
            if len(fresh) < 2 and not singletons:
                continue
            for place in fresh:
                mention = chain.mentions[place]
                numbers[place] = len(self.mentions)
                self.mentions.append(mention)
                self.types.append(mention_type(document.sentences[mention.sentence], mention))
            self.chains.append(list(numbers.values()))
            self.links.extend(
                (numbers[link.anaphor], numbers[link.antecedent], link.rule)
                for link in _links(chain, list(numbers))
                if link.anaphor in numbers and link.antecedent in numbers
            )

    @staticmethod
    def _new(mention: Mention, seen: set[tuple[int, tuple[int, ...]]]) -> bool:
        place = (mention.sentence, mention.tokens)
        if place in seen:
            return False
        seen.add(place)
        return True

    def antecedents(self) -> Iterator[tuple[int, list[int]]]:
        """Every mention but the first of its chain, with those before it."""
        for chain in self.chains:
            for place in range(1, len(chain)):
                yield chain[place], chain[:place]

    @property
    def chain_of(self) -> dict[int, int]:
        """Position of the chain by number of the mention."""
        return {number: place for place, chain in enumerate(self.chains) for number in chain}


def _links(chain: Chain, places: Sequence[int]) -> Sequence[Link]:
    """The links of a chain; where it has none, from each of its mentions to the one before."""
    if chain.links:
        return chain.links
    return [Link(ana, ante, "") for ante, ana in pairwise(places)]


@dataclass
class _Tally:
    metrics: dict[str, Fractions] = field(
        default_factory=lambda: dict.fromkeys(METRICS, Fractions())
    )
    mentions: dict[str, Fractions] = field(
        default_factory=lambda: dict.fromkeys(MENTION_TYPES, Fractions())
    )
    links: dict[str, Fractions] = field(
        default_factory=lambda: dict.fromkeys(MENTION_TYPES, Fractions())
    )
    rules: dict[str, Fractions] = field(default_factory=dict)

    def add(self, key: _Side, response: _Side, match: str) -> None:
        """Add one document."""
        to_key = _matched(key.mentions, response.mentions, match)
        offset = len(key.mentions)  # unmatched response mentions are numbered after the key's
        ours = [frozenset(chain) for chain in key.chains]
        theirs = [
            frozenset(to_key.get(number, offset + number) for number in chain)
            for chain in response.chains
        ]
        for name, metric in METRICS.items():
            self.metrics[name] += metric(ours, theirs)
        self._add_mentions(key, response, to_key)
        self._add_links(key, response, to_key)

    def _add_mentions(self, key: _Side, response: _Side, to_key: Mapping[int, int]) -> None:
        found = set(to_key.values())
        for number, type in enumerate(key.types):
            self.mentions[type] += Fractions(recalled=number in found, key=1)
        for number, type in enumerate(response.types):
            self.mentions[type] += Fractions(correct=number in to_key, response=1)

    def _add_links(self, key: _Side, response: _Side, to_key: Mapping[int, int]) -> None:
        chain_of = key.chain_of
        entity = {number: chain_of[mention] for number, mention in to_key.items()}
        resolved = {
            to_key[number]
            for number, before in response.antecedents()
            if number in entity and any(entity.get(b) == entity[number] for b in before)
        }
        for number, _ in key.antecedents():
            self.links[key.types[number]] += Fractions(recalled=number in resolved, key=1)
        for anaphor, antecedent, rule in response.links:
            right = anaphor in entity and entity[anaphor] == entity.get(antecedent)
            count = Fractions(correct=right, response=1)
            self.links[response.types[anaphor]] += count
            self.rules[rule] = self.rules.get(rule, Fractions()) + count


def _matched(key: Sequence[Mention], response: Sequence[Mention], match: str) -> dict[int, int]:
    """Number of the key mention by number of the response mention, one to one."""
    places = {(mention.sentence, mention.tokens): number for number, mention in enumerate(key)}
    found = {
        number: places[mention.sentence, mention.tokens]
        for number, mention in enumerate(response)
        if (mention.sentence, mention.tokens) in places
    }
    if match == "exact":
        return found
    taken = set(found.values())
    by_head: dict[tuple[int, int], list[int]] = {}
    for number, mention in enumerate(key):
        if number not in taken:
            by_head.setdefault((mention.sentence, mention.head), []).append(number)
    pairs = sorted(
        (-len({*mention.tokens} & {*key[other].tokens}), other, number)
        for number, mention in enumerate(response)
        if number not in found
        for other in by_head.get((mention.sentence, mention.head), ())
    )
    for _, other, number in pairs:
        if number not in found and other not in taken:
            found[number] = other
            taken.add(other)
    return found
