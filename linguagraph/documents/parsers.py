"""Raw text -> documents with trees: what every parser promises, and the parsers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.records import Document

__all__ = ["Parser", "RawDocument", "given_words"]


@dataclass(frozen=True)
class RawDocument:
    """Text that no one has analysed yet.

    Attributes:
        id: identifier (the file's name for files; unique within a corpus).
        text: the text, line ends as ``\\n``; offsets count its characters.
        path: the file that it came from, if any.
        sentences: ``None`` lets the parser segment and tokenise. Otherwise what is given: for each
            sentence the character offsets ``(start, end)`` of its tokens in ``text``, or one
            offset pair for the whole sentence where only the sentences are given
            (``tokenised`` tells which).
        tokenised: the offsets in ``sentences`` are those of tokens.
    """

    id: str
    text: str
    path: Path | None = None
    sentences: tuple[tuple[tuple[int, int], ...], ...] | None = field(default=None)
    tokenised: bool = False


def given_words(name: str, words: Sequence[str]) -> RawDocument:
    """A document of one sentence whose words, without spaces, are to be taken as they are."""
    spans, start = [], 0
    for word in words:
        spans.append((start, start + len(word)))
        start += len(word) + 1
    return RawDocument(name, " ".join(words), sentences=(tuple(spans),), tokenised=True)


class Parser(Protocol):
    """Segments, tokenises, tags, lemmatises and parses.

    Attributes:
        name: as given on the command line (``bundled``, ``stanza:en`` ...).
        language: ISO code.
    """

    name: str
    language: str

    def parse(
        self,
        documents: Iterable[RawDocument],
        *,
        on_bad: OnBad | None = None,
        tick: Callable[[int], None] = ...,
    ) -> Iterator[Document]:
        """Analyse documents one at a time, in order.

        ``on_bad`` is called with the error of each document that cannot be analysed, which is then
        left out; ``tick`` with the number of characters that were analysed.

        Sentences count from 0 within each document (``Sentence.index``), carry the document's id
        and, where the text has blank lines, their paragraph; tokens carry form, lemma, upos, xpos,
        feats, head, deprel, start and end.

        Raises:
            DocumentError: a document cannot be analysed.
        """
        ...

    def facts(self) -> dict[str, Any]:
        """What the manifest and the report say of the parser, JSON-able.

        Keys: ``name``, ``language``, ``package`` (with version), ``processors`` (name to
        fingerprint), ``scores`` (measured accuracy by metric, or ``None``), ``scored_on``.
        """
        ...
