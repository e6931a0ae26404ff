"""Sentence and document records <-> lines of JSON, lossless, for the shards of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from linguagraph.documents.records import (
    Analysis,
    Chain,
    Document,
    EmptyNode,
    Frame,
    Link,
    Mention,
    MultiwordToken,
    Role,
    Sentence,
    Token,
)
from linguagraph.documents.writing import write_text
from linguagraph.errors import DocumentError

__all__ = [
    "document_from_json",
    "document_to_json",
    "read_jsonl",
    "sentence_from_json",
    "sentence_to_json",
    "write_jsonl",
]

_RECORDS: dict[str, Any] = {
    "tokens": Token,
    "frames": Frame,
    "multiwords": MultiwordToken,
    "empty_nodes": EmptyNode,
    "roles": Role,
    "sentences": Sentence,
    "chains": Chain,
    "mentions": Mention,
    "links": Link,
}


def sentence_to_json(sentence: Sentence) -> dict[str, Any]:
    """A dict of JSON values; fields at their defaults are left out."""
    found: dict[str, Any] = _plain(sentence)
    return found


def sentence_from_json(value: dict[str, Any]) -> Sentence:
    """The inverse of :func:`sentence_to_json`.

    Raises:
        DocumentError: a field is unknown, missing or of the wrong kind.
    """
    try:
        sentence: Sentence = _record(Sentence, value)
    except (TypeError, ValueError, AttributeError) as error:
        raise DocumentError(f"not a sentence record: {error}") from error
    return sentence


def document_to_json(document: Document) -> dict[str, Any]:
    """A dict of JSON values, the sentences among them; fields at their defaults are left out."""
    found: dict[str, Any] = _plain(document)
    return found


def document_from_json(value: dict[str, Any]) -> Document:
    """The inverse of :func:`document_to_json`.

    Raises:
        DocumentError: a field is unknown, missing or of the wrong kind.
    """
    try:
        document: Document = _record(Document, value)
    except (TypeError, ValueError, AttributeError) as error:
        raise DocumentError(f"not a document record: {error}") from error
    return document


def write_jsonl(sentences: Iterable[Sentence], path: str | Path) -> None:
    """One sentence a line, UTF-8, all or nothing."""
    lines = (json.dumps(_plain(s), ensure_ascii=False, separators=(",", ":")) for s in sentences)
    write_text((line + "\n" for line in lines), path)


def read_jsonl(path: str | Path) -> Iterator[Sentence]:
    """Stream what :func:`write_jsonl` wrote.

    Raises:
        DocumentError: names file and line.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    yield sentence_from_json(json.loads(line))
                except DocumentError as error:
                    raise DocumentError(error.message, path=path, line=number) from error
                except ValueError as error:
                    raise DocumentError(f"not JSON ({error})", path=path, line=number) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"cannot be read ({error})", path=path) from error


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    found = {}
    for spec in fields(value):
        item = getattr(value, spec.name)
        default = () if spec.default is MISSING else spec.default
        if item != default:
            found[spec.name] = _plain(item)
    return found


def _record(kind: Any, value: dict[str, Any]) -> Any:
    given: dict[str, Any] = {}
    for name, item in value.items():
        if name == "predicted":
            given[name] = _record(Analysis, item)
        elif name in _RECORDS:
            given[name] = tuple(
                _record(_RECORDS[name], entry) if isinstance(entry, dict) else entry
                for entry in item
            )
        elif isinstance(item, list):
            given[name] = tuple(tuple(e) if isinstance(e, list) else e for e in item)
        else:
            given[name] = item
    for required in {Sentence: ("tokens",), Chain: ("mentions",)}.get(kind, ()):
        given.setdefault(required, ())
    return kind(**given)
