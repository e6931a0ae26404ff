"""An annotated corpus in any known format <-> sentences or documents, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.conll09 import read_conll09, use_predicted, write_conll09
from linguagraph.documents.conllu import read_conllu, read_conllup, write_conllu, write_conllup
from linguagraph.documents.conllu_parser import comment_value
from linguagraph.documents.records import Document, Sentence
from linguagraph.errors import ConfigError, DocumentError

__all__ = ["FORMATS", "Format", "read_documents", "read_sentences", "write_sentences"]


@dataclass(frozen=True, slots=True)
class Format:
    """A corpus format.

    Attributes:
        suffixes: file name endings that mean this format.
        read: called as ``read(path, on_bad)``.
        write: called as ``write(sentences, path)``.
        predicted: whether the format has predicted columns beside the gold ones.
    """

    suffixes: tuple[str, ...]
    read: Callable[[str | Path, OnBad | None], Iterator[Sentence]]
    write: Callable[[Iterable[Sentence], str | Path], None]
    predicted: bool = False


FORMATS: dict[str, Format] = {
    "conll09": Format(
        (".conll09", ".conll"),
        lambda path, on_bad: read_conll09(path, on_bad=on_bad),
        write_conll09,
        predicted=True,
    ),
    "conllu": Format(
        (".conllu",), lambda path, on_bad: read_conllu(path, on_bad=on_bad), write_conllu
    ),
    "conllup": Format(
        (".conllup", ".conllp"),
        lambda path, on_bad: read_conllup(path, on_bad=on_bad),
        write_conllup,
    ),
}
"""Every known format by name."""


def read_sentences(
    path: str | Path,
    *,
    format: str | None = None,
    on_bad: OnBad | None = None,
    predicted: bool = False,
    limit: int | None = None,
) -> Iterator[Sentence]:
    """Yield the sentences of a corpus; a sentence is held in memory, never the file.

    Args:
        path: the file.
        format: a name in :data:`FORMATS`; ``None`` goes by the suffix of ``path``.
        on_bad: called with the error of each bad sentence, which is then left out; ``None``
            raises the error instead.
        predicted: take the predicted columns instead of the gold ones (CoNLL-2009 only).
        limit: read no more than this many good sentences.

    Raises:
        ConfigError: at once: unknown format or suffix, ``limit`` below 1, or ``predicted`` for a
            format without predicted columns.
        DocumentError: while reading: the file cannot be read or holds no sentence, or a sentence
            is bad.
    """
    chosen = _format(path, format)
    if limit is not None and limit < 1:
        raise ConfigError(f"limit is {limit}; expected at least 1, or None for all sentences")
    if predicted and not chosen.predicted:
        known = [name for name, other in FORMATS.items() if other.predicted]
        raise ConfigError(
            f"{Path(path).name} has no predicted columns; only {', '.join(known)} has: read it "
            "with predicted=False"
        )
    sentences = chosen.read(path, on_bad)
    if predicted:
        sentences = _predicted(sentences, path, on_bad)
    return sentences if limit is None else _first(sentences, limit)


def read_documents(
    path: str | Path,
    *,
    format: str | None = None,
    on_bad: OnBad | None = None,
    predicted: bool = False,
    limit: int | None = None,
) -> Iterator[Document]:
    """Yield the documents of a corpus: runs of sentences with the same document id.

    A document is held in memory, never the file. A sentence without a document id is a document
    of its own, whose id is empty; so is every sentence of a format that knows no documents.
    Arguments and errors are those of :func:`read_sentences`; ``limit`` counts sentences.
    """
    return _group(
        read_sentences(path, format=format, on_bad=on_bad, predicted=predicted, limit=limit)
    )


def write_sentences(
    sentences: Iterable[Sentence], path: str | Path, *, format: str | None = None
) -> None:
    """Write sentences, under a temporary name that is renamed at the end.

    Args:
        sentences: what to write; an iterator is written as it comes.
        path: the file.
        format: a name in :data:`FORMATS`; ``None`` goes by the suffix of ``path``.

    Raises:
        ConfigError: unknown format or suffix.
        DocumentError: the file cannot be written, or a sentence has no such form.
    """
    _format(path, format).write(sentences, path)


def _format(path: str | Path, name: str | None) -> Format:
    known = "; ".join(f"{key} ({', '.join(value.suffixes)})" for key, value in FORMATS.items())
    if name is not None:
        if name not in FORMATS:
            raise ConfigError(f"unknown format {name!r}; known formats: {known}")
        return FORMATS[name]
    suffix = Path(path).suffix.lower()
    for value in FORMATS.values():
        if suffix in value.suffixes:
            return value
    raise ConfigError(
        f"{path}: suffix {suffix!r} names no known format; name the format, one of: {known}"
    )


def _predicted(
    sentences: Iterator[Sentence], path: str | Path, on_bad: OnBad | None
) -> Iterator[Sentence]:
    index = 0
    for sentence in sentences:
        try:
            swapped = use_predicted(sentence)
        except DocumentError as found:
            error = DocumentError(found.message, path=path, line=found.line, column=found.column)
            if on_bad is None:
                raise error from None
            on_bad(error)
            continue
        yield swapped if swapped.index == index else replace(swapped, index=index)
        index += 1


def _first(sentences: Iterator[Sentence], limit: int) -> Iterator[Sentence]:
    for count, sentence in enumerate(sentences, start=1):
        yield sentence
        if count == limit:
            return


def _group(sentences: Iterator[Sentence]) -> Iterator[Document]:
    group: list[Sentence] = []
    for sentence in sentences:
        if group and (sentence.document != group[0].document or _opens_document(sentence)):
            yield Document(group[0].document, tuple(group))
            group = []
        group.append(sentence)
        if not sentence.document:
            yield Document("", (sentence,))
            group = []
    if group:
        yield Document(group[0].document, tuple(group))


def _opens_document(sentence: Sentence) -> bool:
    return any(
        comment_value(comment, key) is not None
        for comment in sentence.comments
        for key in ("newdoc id", "newdoc")
    )
