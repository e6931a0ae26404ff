"""Documents in, one at a time; how many chains, how long, of what mentions, made by what, out."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from linguagraph.aggregates.corpus_statistics import distribution
from linguagraph.documents.mentions import MENTION_TYPES, mention_type
from linguagraph.documents.records import Chain, Document, Mention

__all__ = ["ChainStatistics", "chain_numbers", "chain_statistics", "mention_text"]

LONGEST = 20
"""Chains that are named."""

_TEXT = 80
_TOP = 10


@dataclass(frozen=True)
class ChainStatistics:
    """Coreference in a corpus; a chain has two mentions or more, a singleton is none.

    Attributes:
        documents: those with any mention.
        chains, mentions, singletons, sentences: counts; ``mentions`` are those of chains.
        crossing: chains whose mentions stand in more than one sentence.
        sizes: as :func:`linguagraph.aggregates.corpus_statistics.distribution` gives them, column
            ``mentions``: chains by number of mentions.
        types: ``mention_type`` (pronoun, proper, nominal), ``n`` (mentions, singletons among
            them), ``share``, ``in_chain`` (share of them in a chain).
        entities: the same by ``entity_type``; empty where mentions have none.
        rules: ``rule`` (what made the link), ``n`` (links), ``share``, ``cross_sentence`` (share
            of them between sentences).
        longest: ``document``, ``chain`` (its number in the document, see :func:`chain_numbers`),
            ``mentions``, ``sentences`` (from the first to the last, both counted),
            ``first_mention`` and ``types``; most mentions first, at most :data:`LONGEST` rows.
    """

    documents: int
    chains: int
    mentions: int
    singletons: int
    sentences: int
    crossing: int
    sizes: pd.DataFrame
    types: pd.DataFrame
    entities: pd.DataFrame
    rules: pd.DataFrame
    longest: pd.DataFrame


def chain_numbers(document: Document) -> dict[int, int]:
    """Position in ``document.chains`` -> number from 1, of chains that are no singletons."""
    linked = (i for i, chain in enumerate(document.chains) if len(chain.mentions) > 1)
    return {position: number for number, position in enumerate(linked, start=1)}


def mention_text(document: Document, mention: Mention, *, length: int = _TEXT) -> str:
    """The words of a mention, gaps as "…", cut after ``length`` characters."""
    forms = document.sentences[mention.sentence].forms
    parts: list[str] = []
    size = 0
    for place, token in enumerate(mention.tokens):
        if place and token != mention.tokens[place - 1] + 1:
            parts.append("…")
        parts.append(forms[token])
        size += len(forms[token]) + 1
        if size > length:
            break
    text = " ".join(parts)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def chain_statistics(documents: Iterable[Document]) -> ChainStatistics:
    """Count the chains of a corpus in time linear in its mentions."""
    tally = _Tally()
    for document in documents:
        tally.add(document)
    return ChainStatistics(
        documents=tally.documents,
        chains=sum(tally.sizes.values()),
        mentions=sum(size * n for size, n in tally.sizes.items()),
        singletons=tally.singletons,
        sentences=tally.sentences,
        crossing=tally.crossing,
        sizes=distribution(tally.sizes, "mentions", least=2, top=_TOP),
        types=_shares(tally.types, tally.chained_types, "mention_type", order=MENTION_TYPES),
        entities=_shares(tally.entities, tally.chained_entities, "entity_type"),
        rules=_rules(tally),
        longest=pd.DataFrame(
            [row for *_, row in sorted(tally.longest, reverse=True)],
            columns=["document", "chain", "mentions", "sentences", "first_mention", "types"],
        ),
    )


@dataclass
class _Tally:
    """Counts so far."""

    documents: int = 0
    singletons: int = 0
    sentences: int = 0
    crossing: int = 0
    sizes: Counter[int] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    chained_types: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
    chained_entities: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    crossing_rules: Counter[str] = field(default_factory=Counter)
    longest: list[tuple[int, int, tuple[object, ...]]] = field(default_factory=list)

    def add(self, document: Document) -> None:
        self.sentences += len(document.sentences)
        self.documents += bool(document.chains)
        numbers = chain_numbers(document)
        for position, chain in enumerate(document.chains):
            number = numbers.get(position)
            types = Counter(mention_type(document.sentences[m.sentence], m) for m in chain.mentions)
            entities = Counter(m.type for m in chain.mentions if m.type)
            self.types.update(types)
            self.entities.update(entities)
            self._links(chain)
            if number is None:
                self.singletons += len(chain.mentions)
                continue
            self.chained_types.update(types)
            self.chained_entities.update(entities)
            self.sizes[len(chain.mentions)] += 1
            self.crossing += len({m.sentence for m in chain.mentions}) > 1
            self._rank(document, chain, number, types)

    def _links(self, chain: Chain) -> None:
        for link in chain.links:
            ends = (chain.mentions[link.anaphor], chain.mentions[link.antecedent])
            self.rules[link.rule] += 1
            self.crossing_rules[link.rule] += ends[0].sentence != ends[1].sentence

    def _rank(self, document: Document, chain: Chain, number: int, types: Counter[str]) -> None:
        """Keep the chain if it is among the longest so far; of equals the earlier one."""
        size, order = len(chain.mentions), -sum(self.sizes.values())
        if len(self.longest) >= LONGEST and self.longest[0][:2] >= (size, order):
            return
        places = [mention.sentence for mention in chain.mentions]
        row = (
            document.id,
            number,
            size,
            max(places) - min(places) + 1,
            mention_text(document, chain.mentions[0]),
            ", ".join(f"{name} {types[name]}" for name in MENTION_TYPES if types[name]),
        )
        keep = heapq.heappushpop if len(self.longest) >= LONGEST else heapq.heappush
        keep(self.longest, (size, order, row))


def _shares(
    counts: Counter[str], chained: Counter[str], name: str, *, order: tuple[str, ...] = ()
) -> pd.DataFrame:
    total = sum(counts.values())
    known = [key for key in order if key in counts] or sorted(counts, key=lambda k: (-counts[k], k))
    rows = [(key, counts[key], counts[key] / total, chained[key] / counts[key]) for key in known]
    return pd.DataFrame(rows, columns=[name, "n", "share", "in_chain"])


def _rules(tally: _Tally) -> pd.DataFrame:
    total = sum(tally.rules.values())
    rows = [
        (rule, n, n / total, tally.crossing_rules[rule] / n)
        for rule, n in sorted(tally.rules.items(), key=lambda item: (-item[1], item[0]))
    ]
    return pd.DataFrame(rows, columns=["rule", "n", "share", "cross_sentence"])
