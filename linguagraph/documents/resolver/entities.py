"""Mentions and links between them -> entities, with what their mentions agree on.

Every link merges two entities, so the links of an entity make a tree over its mentions. What an
entity may be (number, gender, type) is what all its mentions may be; features of whole entities
instead of single mentions are the idea of Raghunathan et al. (2010).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from linguagraph.documents.resolver.agreement import Gender, Number
from linguagraph.documents.resolver.mentions import Candidate

__all__ = ["Entities"]


class Entities:
    """A partition of a document's mentions that only grows coarser.

    Attributes:
        mentions: all mentions, in text order.
        links: (anaphor, antecedent, pass) in the order in which they were made.
        comparisons: antecedents looked at so far, by pass.
    """

    def __init__(self, mentions: Sequence[Candidate]) -> None:
        self.mentions = tuple(mentions)
        self.links: list[tuple[int, int, str]] = []
        self.comparisons: Counter[str] = Counter()
        self._parent = list(range(len(mentions)))
        self._members = [[order] for order in range(len(mentions))]
        self._number = [mention.number for mention in mentions]
        self._gender = [mention.gender for mention in mentions]
        self._person = [mention.person for mention in mentions]
        self._type = [mention.type for mention in mentions]

    def entity(self, mention: int) -> int:
        """Name of the entity of a mention: the number of one of its mentions."""
        parent = self._parent
        while parent[mention] != mention:
            parent[mention] = parent[parent[mention]]
            mention = parent[mention]
        return mention

    def members(self, mention: int) -> Sequence[int]:
        """Mentions of the entity of a mention, in no particular order."""
        return self._members[self.entity(mention)]

    def same(self, first: int, second: int) -> bool:
        """Whether two mentions are of one entity."""
        return self.entity(first) == self.entity(second)

    def number(self, mention: int) -> Number:
        """Numbers that the entity of a mention may have."""
        return self._number[self.entity(mention)]

    def gender(self, mention: int) -> Gender:
        """Genders that the entity of a mention may have."""
        return self._gender[self.entity(mention)]

    def person(self, mention: int) -> int:
        """1 or 2 where a mention of the entity is of that person, else 3."""
        return self._person[self.entity(mention)]

    def type(self, mention: int) -> str | None:
        """Type of the entity of a mention, where one of its mentions shows it."""
        return self._type[self.entity(mention)]

    def agree(self, first: int, second: int) -> bool:
        """Whether number, gender and type allow that two mentions are of one entity."""
        types = {self.type(first), self.type(second)} - {None}
        return (
            bool(self.number(first) & self.number(second))
            and bool(self.gender(first) & self.gender(second))
            and len(types) < 2
        )

    def link(self, anaphor: int, antecedent: int, rule: str) -> bool:
        """Merge two entities; ``False``, and no link, where they are one already."""
        kept, gone = self.entity(anaphor), self.entity(antecedent)
        if kept == gone:
            return False
        self.links.append((anaphor, antecedent, rule))
        if len(self._members[kept]) < len(self._members[gone]):
            kept, gone = gone, kept
        self._parent[gone] = kept
        self._members[kept] += self._members[gone]
        self._members[gone] = []
        self._number[kept] = self._number[kept] & self._number[gone] or self._number[kept]
        self._gender[kept] = self._gender[kept] & self._gender[gone] or self._gender[kept]
        self._person[kept] = min(self._person[kept], self._person[gone])
        self._type[kept] = self._type[kept] or self._type[gone]
        return True
