"""Raw documents -> documents with trees, by Stanza's models on this machine."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.pieces import Piece, cut_document, split_long, split_token
from linguagraph.documents.records import Document, Sentence
from linguagraph.documents.stanza_models import StanzaModels, find_models
from linguagraph.documents.stanza_pipeline import load_pipeline, quiet, short
from linguagraph.documents.stanza_sentences import Surface, to_sentence
from linguagraph.errors import DocumentError
from linguagraph.files import fingerprint

__all__ = ["MAX_GIVEN", "MAX_TOKENS", "StanzaParser", "load_parser"]

MAX_TOKENS = 200
"""Longest sentence that is found in raw text, in tokens; time and memory grow squared."""

MAX_GIVEN = 500
"""Longest sentence that is taken as given, in tokens."""

_CHUNK = 20_000  # characters that are analysed at once, of one document or of many small ones
_SHOWN = 100  # longest token that the models see whole, in characters
_GAP = "\n\n"  # what the tokeniser never joins across
_FAILURES = (ValueError, LookupError, RuntimeError, AssertionError)  # of Stanza on odd text


def load_parser(
    spec: str | None = None,
    *,
    language: str | None = None,
    stanza_dir: str | Path | None = None,
    model_paths: Mapping[str, str | Path] | None = None,
    device: str = "cpu",
    threads: int | None = None,
) -> StanzaParser:
    """Load a parser from files on this machine; nothing is fetched.

    Args:
        spec, language, stanza_dir, model_paths: which models; see
            :func:`linguagraph.documents.stanza_models.find_models`.
        device: ``cpu``, ``cuda`` or ``cuda:0`` ...
        threads: of torch, while parsing; ``None`` leaves them as they are.

    Raises:
        ConfigError: an option that cannot be used.
        ParserError: stanza or models are missing, damaged or of another version.
    """
    models = find_models(spec, language=language, stanza_dir=stanza_dir, model_paths=model_paths)
    pipeline = load_pipeline(
        models.packages,
        models.files,
        language=models.language,
        directory=models.directory,
        paths=models.paths,
        device=device,
    )
    return StanzaParser(models, pipeline, threads=threads)


@dataclass
class _Open:
    """A document of which some pieces are not analysed yet."""

    raw: RawDocument
    left: int = 0
    sentences: list[Sentence] = field(default_factory=list)
    error: DocumentError | None = None

    def fail(self, message: str, *, at: int | None = None) -> None:
        """Keep the first error; ``at`` is a character offset."""
        line = None if at is None else self.raw.text.count("\n", 0, at) + 1
        where = self.raw.path or self.raw.id
        self.error = self.error or DocumentError(message, path=where, line=line)


class StanzaParser:
    """A :class:`linguagraph.documents.parsers.Parser` with Stanza's models.

    Args:
        models: what was loaded.
        pipeline: the ``stanza.Pipeline``.
        threads: of torch, while parsing.

    Paragraphs are what blank lines separate; no sentence reaches across one. Control characters
    separate tokens. A sentence of more than :data:`MAX_TOKENS` tokens is cut after punctuation.
    Of a token beyond 100 characters the models see its two ends, and its lemma is its form. Text
    is analysed in chunks of about 20,000 characters, small documents together.
    """

    def __init__(self, models: StanzaModels, pipeline: Any, *, threads: int | None = None) -> None:
        self.name = models.name
        self.language = models.language
        self._models = models
        self._pipeline = pipeline
        self._threads = threads

    def parse(
        self,
        documents: Iterable[RawDocument],
        *,
        on_bad: OnBad | None = None,
        tick: Callable[[int], None] = lambda characters: None,
    ) -> Iterator[Document]:
        """Analyse documents in order, a chunk of text ahead of what is yielded.

        Args:
            documents: what to parse; taken one at a time.
            on_bad: called with the error of each document that cannot be analysed, which is then
                left out; ``None`` raises the error instead.
            tick: told of the number of characters that were analysed.

        Raises:
            DocumentError: a document holds no text, offsets that are not in its text, or a given
                sentence of more than :data:`MAX_GIVEN` tokens.
        """
        waiting: deque[_Open] = deque()
        chunk: list[tuple[_Open, Piece]] = []
        size = 0
        for raw in documents:
            opened = _Open(raw)
            waiting.append(opened)
            try:
                cut = cut_document(raw)
            except DocumentError as error:
                opened.error = error
                continue
            opened.left = len(cut)
            for piece in cut:
                chunk.append((opened, piece))
                size += len(piece.text)
                if size >= _CHUNK:
                    self._analyse(chunk)
                    tick(size)
                    chunk, size = [], 0
                    yield from _finished(waiting, on_bad)
        self._analyse(chunk)
        tick(size)
        yield from _finished(waiting, on_bad)

    def facts(self) -> dict[str, Any]:
        """See :class:`linguagraph.documents.parsers.Parser`; also ``trained_with``, ``licence``."""
        said = self._models.facts
        return {
            "name": self.name,
            "language": self.language,
            "package": f"stanza {version('stanza')}",
            "processors": dict(self._fingerprints),
            "scores": said.get("scores"),
            "scored_on": said.get("scored_on"),
            "trained_with": said.get("package"),
            "licence": said.get("licence"),
        }

    @cached_property
    def _fingerprints(self) -> dict[str, str]:
        files = self._models.files
        return {
            name: fingerprint(files[name]) if name in files else package
            for name, package in self._models.packages.items()
        }

    def _analyse(self, chunk: Sequence[tuple[_Open, Piece]]) -> None:
        """Add the sentences of a chunk to their documents; on failure, one document at a time."""
        chunk = [(owner, piece) for owner, piece in chunk if owner.error is None]
        if not chunk:
            return
        try:
            with quiet(self._threads):
                found = self._sentences(chunk)
        except _FAILURES as error:
            owners = {id(owner): owner for owner, _ in chunk}
            if len(owners) == 1:
                chunk[0][0].fail(f"Stanza cannot analyse this text ({short(error)})")
            for owner in owners.values() if len(owners) > 1 else ():
                self._analyse([pair for pair in chunk if pair[0] is owner])
            return
        for owner, piece, surfaces, analysed in found:
            _add(owner, piece, surfaces, analysed)
        for owner, _ in chunk:
            owner.left -= 1

    def _sentences(
        self, chunk: Sequence[tuple[_Open, Piece]]
    ) -> list[tuple[_Open, Piece, list[Surface], Any]]:
        """(document, piece, tokens, what Stanza makes of them) of each sentence, in order."""
        from stanza.models.common.doc import Document as StanzaDocument

        segmented = self._tokenise(chunk)
        plan = []
        for (owner, piece), sentences in zip(chunk, segmented, strict=True):
            if piece.whole:
                sentences = [[surface for sentence in sentences for surface in sentence]]
                if len(sentences[0]) > MAX_GIVEN:
                    owner.fail(
                        f"a sentence of {len(sentences[0])} tokens; expected at most {MAX_GIVEN}: "
                        "give one sentence a line, or let the parser find the sentences",
                        at=piece.start,
                    )
                    continue
            for sentence in sentences:
                shown = [surface.shown for surface in sentence]
                limit = MAX_GIVEN if piece.whole else MAX_TOKENS
                plan += [(owner, piece, sentence[a:b]) for a, b in split_long(shown, limit=limit)]
        plan = [item for item in plan if item[0].error is None and item[2]]
        if not plan:
            return []
        rows = [[_row(n, s) for n, s in enumerate(item[2], start=1)] for item in plan]
        document = StanzaDocument(rows)
        self._pipeline.process(document, [p for p in self._models.packages if p != "tokenize"])
        return [(*item, done) for item, done in zip(plan, document.sentences, strict=True)]

    def _tokenise(self, chunk: Sequence[tuple[_Open, Piece]]) -> list[list[list[Surface]]]:
        """The tokens of each sentence of each piece."""
        found: list[list[list[Surface]]] = []
        starts: list[int] = []
        asked: list[int] = []
        position = 0
        for number, (_, piece) in enumerate(chunk):
            given = [
                Surface(a, b, _shown(piece.text[a - piece.start : b - piece.start]))
                for a, b in piece.tokens
            ]
            found.append([given] if given else [])
            if not given:
                asked.append(number)
                starts.append(position)
                position += len(piece.text) + len(_GAP)
        if not asked:
            return found
        text = _GAP.join(chunk[number][1].text for number in asked)
        document = self._pipeline.processors["tokenize"].process(text)
        for sentence in document.sentences:
            place = bisect_right(starts, sentence.tokens[0].start_char) - 1
            owner, piece = chunk[asked[place]]
            shift = piece.start - starts[place]
            surfaces: list[Surface] = []
            for token in sentence.tokens:
                surfaces += _surfaces(token, shift, owner.raw.text)
            found[asked[place]].append(surfaces)
        return found


def _finished(waiting: deque[_Open], on_bad: OnBad | None) -> Iterator[Document]:
    """Take the documents that are done from the front of the queue."""
    while waiting and (waiting[0].left == 0 or waiting[0].error is not None):
        done = waiting.popleft()
        if done.error is None and not done.sentences:
            done.fail("no token was found")
        if done.error is None:
            yield Document(done.raw.id, tuple(done.sentences), text=done.raw.text)
        elif on_bad is None:
            raise done.error
        else:
            on_bad(done.error)


def _add(owner: _Open, piece: Piece, surfaces: Sequence[Surface], analysed: Any) -> None:
    before = owner.sentences[-1] if owner.sentences else None
    comments = [] if before else [f"# newdoc id = {owner.raw.id}"]
    if before is None or before.paragraph != piece.paragraph:
        comments.append("# newpar")
    owner.sentences.append(
        to_sentence(
            analysed,
            surfaces,
            owner.raw.text,
            document=owner.raw.id,
            index=len(owner.sentences),
            paragraph=piece.paragraph,
            comments=comments,
        )
    )


def _surfaces(token: Any, shift: int, text: str) -> list[Surface]:
    start, end = token.start_char + shift, token.end_char + shift
    spans = split_token(text, start, end)
    if spans != [(start, end)]:
        return [Surface(a, b, _shown(text[a:b])) for a, b in spans]
    if end - start > _SHOWN:
        return [Surface(start, end, _shown(text[start:end]))]
    return [Surface(start, end, token.text, multiword="MWT=Yes" in (token.misc or ""))]


def _shown(form: str) -> str:
    form = " ".join(form.split())
    return form if len(form) <= _SHOWN else form[: _SHOWN // 2] + form[-_SHOWN // 2 :]


def _row(number: int, surface: Surface) -> dict[str, Any]:
    row = {"id": (number,), "text": surface.shown}
    return {**row, "misc": "MWT=Yes"} if surface.multiword else row
