"""Short texts -> their coreference chains as character spans; each is parsed once, and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from linguagraph.documents.parsers import Parser, RawDocument
from linguagraph.documents.records import Document
from linguagraph.documents.resolver.resolve import resolve
from linguagraph.documents.words import Span
from linguagraph.errors import DocumentError
from linguagraph.files import write_text

__all__ = ["Chains", "PassageChains", "chain_spans"]

Chains = tuple[tuple[Span, ...], ...]
"""Coreference chains of a text: of each mention the first character and the one after the last."""


class PassageChains:
    """Chains of passages, by the passage's text.

    Passages occur in many items; each is parsed and resolved once. With a file, what was found is
    appended as JSON lines and read back, so that an interrupted run goes on where it stopped.

    Args:
        parser: for passages that are not known yet; ``None`` makes them an error.
        path: the file; ``None`` keeps everything in memory.
    """

    def __init__(self, parser: Parser | None = None, path: str | Path | None = None) -> None:
        self.parser, self.path = parser, None if path is None else Path(path)
        self.known: dict[str, Chains] = {}
        if self.path is not None and self.path.is_file():
            self._read(self.path)

    def __len__(self) -> int:
        return len(self.known)

    def of(self, text: str) -> Chains:
        """Chains of a passage.

        Raises:
            DocumentError: it was not added.
        """
        found = self.known.get(_key(text))
        if found is None:
            raise DocumentError(
                f"no coreference chains for the passage {text[:60]!r}; add it first"
            )
        return found

    def missing(self, texts: Iterable[str]) -> list[str]:
        """Distinct passages that are not known yet, in order."""
        new = {_key(text): text for text in texts}
        return [text for key, text in new.items() if key not in self.known]

    def add(self, texts: Iterable[str], *, tick: Callable[[int], None] = lambda n: None) -> None:
        """Parse and resolve passages that are not known yet; ``tick`` is told of each.

        A passage that cannot be parsed (nothing but spaces or control characters) has no chains.

        Raises:
            DocumentError: there are such passages, and no parser.
        """
        missing = self.missing(texts)
        if missing and self.parser is None:
            raise DocumentError(
                f"{len(missing)} passages have no coreference chains, and no parser"
            )
        if not missing or self.parser is None:
            return
        left = {str(number): text for number, text in enumerate(missing)}
        raw = [RawDocument(number, text) for number, text in left.items() if text.strip()]
        for document in self.parser.parse(raw, on_bad=lambda error: None) if raw else ():
            self._keep(left.pop(document.id), chain_spans(resolve(document)))
            tick(1)
        for text in left.values():
            self._keep(text, ())
            tick(1)

    def _keep(self, text: str, chains: Chains) -> None:
        key = _key(text)
        self.known[key] = chains
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"text": key, "chains": chains}) + "\n")

    def _read(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except ValueError as error:
            raise DocumentError(f"not UTF-8: {error}", path=path) from error
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line) if line else None
            except ValueError as error:
                if number >= len(lines):  # the line that an interruption cut off
                    self._shorten(path, lines[:-1])
                    return
                raise DocumentError(f"no JSON: {error}", path=path, line=number) from error
            if row is None:
                continue
            try:
                self.known[row["text"]] = tuple(
                    tuple((start, end) for start, end in chain) for chain in row["chains"]
                )
            except (KeyError, TypeError, ValueError) as error:
                raise DocumentError(f"damaged: {error!r}", path=path, line=number) from error
        if lines[-1]:  # whole, but for its end
            self._shorten(path, lines)

    def _shorten(self, path: Path, lines: Sequence[str]) -> None:
        write_text(path, "".join(line + "\n" for line in lines))


def chain_spans(document: Document) -> Chains:
    """Chains of a document with more than one mention, as spans of its text.

    A discontinuous mention is the span of the stretch that holds its head; a mention whose
    characters are not known is left out.
    """
    found = []
    for chain in document.chains:
        spans = []
        for mention in chain.mentions:
            tokens = document.sentences[mention.sentence].tokens
            place = mention.tokens.index(mention.head)
            first = last = place
            while first and mention.tokens[first - 1] == mention.tokens[first] - 1:
                first -= 1
            while last + 1 < len(mention.tokens) and (
                mention.tokens[last + 1] == mention.tokens[last] + 1
            ):
                last += 1
            start, end = tokens[mention.tokens[first]].start, tokens[mention.tokens[last]].end
            if start is not None and end is not None:
                spans.append((start, end))
        if len(spans) > 1:
            found.append(tuple(spans))
    return tuple(found)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
