"""A WikiHop file -> items with their mentions: read, parsed for coreference, matched; streamed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from linguagraph.documents.item_mentions import ItemMentions, MentionConfig, find_item_mentions
from linguagraph.documents.passages import Chains, PassageChains
from linguagraph.documents.wikihop import WikihopError, WikihopItem, is_wikihop, read_wikihop
from linguagraph.documents.words import Span
from linguagraph.errors import ConfigError, DocumentError
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["COREFERENCE", "QaReading", "QaSource", "open_items"]

COREFERENCE = ("rules", "none")
AT_ONCE = 50
"""Items whose supports are parsed together."""


@dataclass(frozen=True)
class QaReading:
    """How questions are read.

    Attributes:
        coreference: ``rules`` (supports are parsed, the bundled rules find chains) or ``none``.
        parser: as for text, see :class:`linguagraph.runs.sources.Reading`.
        stanza_dir: folder of Stanza's full models.
        entities: language of a Stanza NER model, whose named entities are the bridges;
            ``None``: capitalised spans.
        limit: read so many items at most.
        skip_bad: leave bad items out and count them, rather than stop.

    Raises:
        ConfigError: an unknown kind of coreference.
    """

    coreference: str = "rules"
    parser: str | None = None
    stanza_dir: str | None = None
    entities: str | None = None
    limit: int | None = None
    skip_bad: bool = False

    def __post_init__(self) -> None:
        if self.coreference not in COREFERENCE:
            raise ConfigError(
                f"coreference={self.coreference!r}; for questions one of {list(COREFERENCE)}"
            )


@dataclass
class QaSource:
    """A file of questions, read anew each time that it is gone through.

    Attributes:
        path, reading, mentions: what is read and how.
        cache: file in which the chains of supports are kept; ``None``: in memory.
        dropped: reasons for leaving items out, with counts, of the last pass.
    """

    path: Path
    reading: QaReading
    mentions: MentionConfig
    cache: Path | None = None
    dropped: Counter[str] = field(default_factory=Counter)
    _chains: PassageChains | None = field(default=None, repr=False)
    _entities: Any = field(default=None, repr=False)

    def items(
        self,
        *,
        progress: Progress = no_progress,
        warn: Callable[[str], None] = lambda message: None,
    ) -> Iterator[ItemMentions]:
        """Items with their mentions, in order; a few dozen are in memory at a time.

        Raises:
            WikihopError: a bad item, unless bad ones are skipped.
            DocumentError: the file cannot be read, or holds no good item.
            ParserError: supports are to be parsed, and there is no parser.
        """
        self.dropped.clear()

        def bad(error: DocumentError) -> None:
            reason = error.reason if isinstance(error, WikihopError) else "cannot be read"
            self.dropped[f"questions: {reason}"] += 1
            warn(str(error))

        read = read_wikihop(
            self.path, on_bad=bad if self.reading.skip_bad else None, limit=self.reading.limit
        )
        task = progress("finding mentions", self.reading.limit)
        found = 0
        while part := list(islice(read, AT_ONCE)):
            chains = self._resolved(part)
            for item in part:
                found += 1
                yield find_item_mentions(item, self.mentions, chains=chains, entities=self._named())
                task(1)
        task.close()
        if not found:
            raise DocumentError("no question could be read", path=self.path)

    def _resolved(self, items: list[WikihopItem]) -> Callable[[str], Chains] | None:
        if self.reading.coreference == "none":
            return None
        if self._chains is None:
            self._chains = PassageChains(None, self.cache)
        texts = [support for item in items for support in item.supports]
        if self._chains.parser is None and self._chains.missing(texts):
            from linguagraph.documents.stanza_parser import load_parser

            self._chains.parser = load_parser(
                self.reading.parser, stanza_dir=self.reading.stanza_dir
            )
        self._chains.add(texts)
        return self._chains.of

    def _named(self) -> Callable[[str], list[Span]] | None:
        if self.reading.entities is None:
            return None
        if self._entities is None:
            from linguagraph.documents.stanza_entities import load_entities

            self._entities = load_entities(
                self.reading.entities, stanza_dir=self.reading.stanza_dir
            )
        found: Callable[[str], list[Span]] = self._entities
        return found


def open_items(
    path: str | Path,
    *,
    reading: QaReading | None = None,
    mentions: MentionConfig | None = None,
    cache: Path | None = None,
) -> QaSource:
    """A file of questions, not read yet.

    Raises:
        DocumentError: it is not there.
        ConfigError: its name does not end in ``.json`` or ``.jsonl``.
    """
    path = Path(path)
    if not path.is_file():
        raise DocumentError("no such file; give a WikiHop JSON file", path=path)
    if not is_wikihop(path):
        raise ConfigError(f"{path}: questions come as WikiHop JSON (.json, .jsonl)")
    return QaSource(path, reading or QaReading(), mentions or MentionConfig(), cache)
