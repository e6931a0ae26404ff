"""Documents with chains in, running text with every mention of a chain marked out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linguagraph.aggregates.chains import chain_numbers
from linguagraph.documents.records import Document, Sentence
from linguagraph.figures.text import shorten
from linguagraph.reports.sections import Piece, TextBlock

__all__ = ["chain_texts", "marked", "spacing"]

_WORD = 60
_MOST_TEXTS = 5

Span = tuple[int, int, int, bool]
"""First token, token after the last, number of the chain, and whether the mention begins here."""


def chain_texts(documents: Iterable[Document], *, limit: int) -> tuple[TextBlock, ...]:
    """The beginning of the corpus, one block per document that has chains, ``limit`` tokens in all.

    A chain has the same number here as in the tables. Words that are longer than 60 characters are
    cut. Stops reading when the limit is reached.
    """
    blocks: list[TextBlock] = []
    for document in documents:
        if not chain_numbers(document):
            continue
        sizes = [len(sentence) for sentence in document.sentences]
        total, shown = sum(sizes), min(sum(sizes), limit)
        name = f"chains_{len(blocks) + 1}"
        caption = f"{shorten(document.id, _WORD) or 'Text'}: every mention of a chain is boxed and "
        caption += "begins with its number; “…” goes on with a mention that was interrupted."
        cut = f"The first {shown:,} of {total:,} tokens." if shown < total else ""
        blocks.append(TextBlock(name, caption, tuple(_paragraphs(document, shown)), cut))
        limit -= shown
        if limit <= 0 or len(blocks) == _MOST_TEXTS:
            break
    return tuple(blocks)


def spacing(sentence: Sentence) -> list[str]:
    """What stands before each token: a blank or nothing.

    From character offsets where they are known, else from ``SpaceAfter=No`` and multiword tokens.
    """
    inside = {
        index
        for word in sentence.multiwords
        if "".join(sentence.forms[word.first : word.last + 1]) == word.form
        for index in range(word.first + 1, word.last + 1)
    }
    found = []
    for before, token in zip((None, *sentence.tokens), sentence.tokens, strict=False):
        if before is None:
            found.append(" ")
        elif before.end is not None and token.start is not None:
            apart = token.start > before.end or token.start == before.start
            found.append(" " if apart else "")
        else:
            glued = token.index in inside or "SpaceAfter=No" in (before.misc or "").split("|")
            found.append("" if glued else " ")
    return found


def marked(tokens: list[str], gaps: list[str], spans: list[Span]) -> Iterator[Piece]:
    """Tokens with spans -> pieces; of spans that cross, the one that ends later is reopened.

    Args:
        tokens: words of a sentence.
        gaps: what stands before each.
        spans: as :data:`Span`.
    """
    starts: dict[int, list[Span]] = {}
    for span in spans:
        starts.setdefault(span[0], []).append(span)
    stack: list[Span] = []
    for place, token in enumerate(tokens):
        waiting = []
        while any(span[1] <= place for span in stack):
            span = stack.pop()
            yield Piece("close")
            if span[1] > place:
                waiting.append((place, span[1], span[2], False))
        yield Piece("text", gaps[place])
        for span in sorted((*waiting, *starts.get(place, ())), key=lambda s: (-s[1], s[2])):
            number = str(span[2]) if span[3] else f"…{span[2]}"
            yield Piece("open", number, span[2] - 1)
            stack.append(span)
        yield Piece("text", shorten(token, _WORD))
    yield from (Piece("close") for _ in stack)


def _paragraphs(document: Document, limit: int) -> Iterator[tuple[Piece, ...]]:
    """Paragraphs of the first ``limit`` tokens, the last sentence cut where the limit falls."""
    spans = _spans(document, limit)
    pieces: list[Piece] = []
    before: int | None = None
    for position, sentence in enumerate(document.sentences):
        if limit <= 0:
            break
        if pieces and sentence.paragraph != before:
            yield tuple(_joined(pieces))
            pieces = []
        before, shown = sentence.paragraph, min(limit, len(sentence))
        words = list(sentence.forms[:shown])
        gaps = spacing(sentence)
        known = [(s[0], min(s[1], shown), *s[2:]) for s in spans.get(position, ()) if s[0] < shown]
        pieces.extend(marked(words, gaps, known))
        limit -= shown
    if pieces:
        yield tuple(_joined(pieces))


def _spans(document: Document, limit: int) -> dict[int, list[Span]]:
    """Spans by sentence, of the first ``limit`` sentences; a mention with gaps has several."""
    found: dict[int, list[Span]] = {}
    for position, number in chain_numbers(document).items():
        for mention in document.chains[position].mentions:
            if mention.sentence >= limit:
                continue
            start = previous = mention.tokens[0]
            for token in (*mention.tokens[1:], -1):
                if token != previous + 1:
                    new = start == mention.tokens[0]
                    found.setdefault(mention.sentence, []).append(
                        (start, previous + 1, number, new)
                    )
                    start = token
                previous = token
    return found


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same with neighbouring texts joined and empty ones left out."""
    waiting = ""
    for piece in pieces:
        if piece.kind == "text":
            waiting += piece.text
            continue
        if waiting:
            yield Piece("text", waiting)
            waiting = ""
        yield piece
    if waiting:
        yield Piece("text", waiting)
