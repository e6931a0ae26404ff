"""Views and mentions of a document -> one working state that every pass reads and changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linguagraph.documents.resolver.entities import Entities
from linguagraph.documents.resolver.mentions import Candidate, find_mentions
from linguagraph.documents.resolver.quotes import find_speakers
from linguagraph.documents.resolver.view import SentenceView

__all__ = ["Discourse"]


class Discourse:
    """A document while it is being resolved.

    Attributes:
        views: its sentences.
        mentions: its mentions, in text order.
        entities: the partition of the mentions so far.
    """

    def __init__(
        self, views: Sequence[SentenceView], *, turns: Sequence[str] | None = None
    ) -> None:
        self.views = views
        self.mentions = find_mentions(views)
        self.entities = Entities(self.mentions)
        self.speakers = find_speakers(views, turns)
        self._first = [0] * (len(views) + 1)
        self._by_head: dict[tuple[int, int, bool], int] = {}
        for mention in self.mentions:
            self._first[mention.sentence + 1] += 1
            if mention.kind != "coordination":
                key = mention.sentence, mention.head, mention.kind == "clause"
                self._by_head[key] = mention.order
        for position in range(len(views)):
            self._first[position + 1] += self._first[position]

    def view(self, mention: Candidate) -> SentenceView:
        """The sentence of a mention."""
        return self.views[mention.sentence]

    def headed(self, sentence: int, head: int, *, clause: bool = False) -> Candidate | None:
        """The phrase (or the clause) with that head that is a mention, coordinations left out."""
        order = self._by_head.get((sentence, head, clause))
        return None if order is None else self.mentions[order]

    def of_sentence(self, sentence: int) -> range:
        """Mentions of a sentence."""
        return range(self._first[sentence], self._first[sentence + 1])

    def before(self, mention: Candidate, *, sentences: int, limit: int) -> Iterator[Candidate]:
        """Mentions before this one, nearest first: of its sentence and of some before it."""
        stop = self._first[max(0, mention.sentence - sentences)]
        stop = max(stop, mention.order - limit)
        for order in range(mention.order - 1, stop - 1, -1):
            yield self.mentions[order]

    def speaker(self, mention: Candidate) -> int:
        """Number of the speech that a mention is part of; ``NARRATOR`` outside all quotes."""
        return self.speakers.speech(mention.sentence, mention.head)
