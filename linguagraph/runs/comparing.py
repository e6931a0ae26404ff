"""Annotated sentences and a parser -> the same sentences with predicted trees; a run beside a run.

The second run is an ordinary run in the folder ``predicted`` of the first: the same tokens,
predicates and roles, the parser's tags, lemmas and trees. :func:`read_compared` hands its tables to
the analyses, as ``RunTables.compared``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from linguagraph.documents.parsers import Parser, RawDocument
from linguagraph.documents.records import Document, Sentence
from linguagraph.edges.storage import RunTables
from linguagraph.errors import DocumentError, RunError
from linguagraph.runs.directory import Run
from linguagraph.runs.stored import Sentences

__all__ = ["FOLDER", "raw_document", "read_compared", "reparsed", "with_parse"]

FOLDER = "predicted"
"""Folder of the second run, in the directory of the first."""

_BATCH = 100


def raw_document(sentences: Iterable[Sentence], *, id: str = "") -> RawDocument:
    """Annotated sentences -> a document that a parser neither segments nor tokenises.

    Its text is made of the tokens with a blank between them and a line per sentence.
    """
    lines: list[str] = []
    offsets: list[tuple[tuple[int, int], ...]] = []
    position = 0
    for sentence in sentences:
        spans = []
        for form in sentence.forms:
            spans.append((position, position + len(form)))
            position += len(form) + 1
        offsets.append(tuple(spans))
        lines.append(" ".join(sentence.forms))
    return RawDocument(id, "\n".join(lines), sentences=tuple(offsets), tokenised=True)


def with_parse(gold: Sentence, parsed: Sentence) -> Sentence:
    """``gold`` with tags, lemmas, features and tree of ``parsed``; all else is kept.

    Raises:
        DocumentError: the two do not have the same tokens, or ``parsed`` has no tree.
    """
    if gold.forms != parsed.forms:
        pairs = zip(gold.forms, parsed.forms, strict=False)
        place = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(gold), len(parsed)))
        raise DocumentError(
            f"sentence {gold.index}: the parser changed the tokens from token {place} on; "
            "it must keep those that it is given"
        )
    if any(token.head is None for token in parsed.tokens):
        raise DocumentError(f"sentence {gold.index}: the parser gave no tree")
    tokens = tuple(
        replace(
            token,
            **{name: getattr(found, name) for name in _PARSED},
            deps=None,
            predicted=None,
        )
        for token, found in zip(gold.tokens, parsed.tokens, strict=True)
    )
    return replace(gold, tokens=tokens)


_PARSED = ("lemma", "upos", "xpos", "feats", "head", "deprel")


def reparsed(
    sentences: Iterable[Sentence], parser: Parser, *, batch: int = _BATCH
) -> Iterator[Sentence]:
    """Annotated sentences with the trees of a parser that is given their tokens, in order.

    Args:
        sentences: tokens, frames and roles are kept.
        parser: any; it gets documents of ``batch`` sentences, one after another.
        batch: sentences in memory.

    Raises:
        DocumentError: the parser loses sentences or tokens.
    """
    stream = iter(sentences)
    while gold := list(islice(stream, batch)):
        parsed: list[Document] = list(parser.parse([raw_document(gold, id=str(gold[0].index))]))
        found = [sentence for document in parsed for sentence in document.sentences]
        if len(found) != len(gold):
            raise DocumentError(
                f"the parser made {len(found)} sentences of {len(gold)}, from sentence "
                f"{gold[0].index} on; it must keep those that it is given"
            )
        yield from (with_parse(*pair) for pair in zip(gold, found, strict=True))


def read_compared(run: Run) -> RunTables | None:
    """The tables of the run with predicted trees; ``None`` where there is none.

    Raises:
        RunError: it is not tabulated, or was made with another model or other probes.
    """
    folder = run.path / FOLDER
    if not (folder / "manifest.json").is_file():
        return None
    other = Run.open(folder)
    other.finished("tabulate")
    first, second = run.manifest, other.manifest
    for name, keys in (("model", ("model", "fingerprint")), ("probes", ("seeds",))):
        ours, theirs = (_value(manifest, keys) for manifest in (first, second))
        if ours != theirs:
            raise RunError(
                f"{folder} was made with other {name} ({theirs}) than {run.path} ({ours}); remove "
                "it, or compare parses again"
            )
    return RunTables.read(folder, manifest=second, sentences=Sentences(Path(folder) / "parse"))


def _value(manifest: dict[str, object], keys: tuple[str, ...]) -> object:
    value: object = manifest
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
