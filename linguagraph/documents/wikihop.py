"""A WikiHop (Qangaroo) JSON file -> questions with candidates and supporting texts, one at a time.

The file is a JSON array of items, or one item a line. Format: Welbl et al. 2018, "Constructing
Datasets for Multi-hop Reading Comprehension Across Documents".
"""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.words import date_keys, split_words, word_keys
from linguagraph.errors import ConfigError, DocumentError

__all__ = [
    "GoldChain",
    "MAX_ITEM_BYTES",
    "WikihopError",
    "WikihopItem",
    "candidate_found",
    "is_wikihop",
    "read_wikihop",
]

MAX_ITEM_BYTES = 64 * 2**20
"""Longest item that is read, in bytes: beyond it the file is taken to be damaged."""

_CHUNK = 2**16
_MAX_DEPTH = 100


class WikihopError(DocumentError):
    """An item that cannot be used.

    Attributes:
        item_id: its id; where it has none, its position in the file from 1, as ``item 17``.
        reason: one of ``not an object``, ``missing keys``, ``fields of another type``, ``duplicate
            id``, ``fewer than two candidates``, ``duplicate candidates``, ``no supports``,
            ``answer not among the candidates``, ``query without relation or subject``, ``gold
            supports outside the supports``, ``no candidate in any support``.
    """

    def __init__(
        self, message: str, *, item_id: str, reason: str, path: str | Path | None = None
    ) -> None:
        super().__init__(message, path=path)
        self.item_id = item_id
        self.reason = reason


@dataclass(frozen=True, slots=True)
class GoldChain:
    """The gold reasoning of an item: only ever used to score explanations, never as model input.

    Attributes:
        subject: the entity asked about, as the texts write it.
        bridge: the entity that leads from the subject to the answer, as the texts write it.
        triples: (subject, relation, object) facts in order, from the subject to the answer.
        supports: positions among the item's supports: the subject's text, then the answer's.
    """

    subject: str
    bridge: str
    triples: tuple[tuple[str, str, str], ...]
    supports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WikihopItem:
    """A question, the candidates for its answer, and the texts that hold them.

    Attributes:
        id: unique in its file.
        query: one or more relations and a subject, as in ``director__date_of_birth inception``.
        candidates: at least two different strings, in the order of the file.
        supports: texts, in the order of the file.
        answer: one of the candidates; ``None`` in a test file without answers.
        forms: other surface forms of candidates in these supports; candidates without are left
            out, and so is the candidate's own string.
        gold: the gold reasoning, where the file gives it.
        answer_type: kind of answer (``PERSON``, ``DATE_FULL`` ...); empty where not given.
    """

    id: str
    query: str
    candidates: tuple[str, ...]
    supports: tuple[str, ...]
    answer: str | None
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    gold: GoldChain | None = None
    answer_type: str = ""

    @property
    def relations(self) -> tuple[str, ...]:
        """The relations of the query in order: what precedes its first space, split at ``__``."""
        return tuple(self.query.partition(" ")[0].split("__"))

    @property
    def subject(self) -> str:
        """What follows the first space of the query."""
        return self.query.partition(" ")[2].strip()


def is_wikihop(path: str | Path) -> bool:
    """Whether the file name ends in ``.json`` or ``.jsonl``; the file itself is not looked at."""
    return Path(path).suffix.lower() in (".json", ".jsonl")


def read_wikihop(
    path: str | Path, *, on_bad: OnBad | None = None, limit: int | None = None
) -> Iterator[WikihopItem]:
    """Yield the items of a WikiHop file; an item is held in memory, never the file.

    Args:
        path: the file: UTF-8, a JSON array of items, or one item a line.
        on_bad: called with the :class:`WikihopError` of each bad item, which is then left out;
            ``None`` raises the error instead.
        limit: read no more than this many good items.

    Raises:
        ConfigError: at once: ``limit`` below 1.
        WikihopError: while reading: an item is bad, and ``on_bad`` is ``None``.
        DocumentError: while reading, after the items before it: the file cannot be read, is
            damaged, or holds no item. Never left to ``on_bad``.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"limit is {limit}; expected at least 1, or None for all items")
    return islice(_items(str(path), on_bad), limit)


def candidate_found(item: WikihopItem) -> bool:
    """Whether any candidate occurs in any support; the search ends at the first.

    A candidate occurs where its words, or those of one of its forms, follow each other, without
    regard to case, accents and punctuation, or where a full date has the same value.
    """
    phrases: dict[str, set[tuple[int, tuple[str, ...]]]] = {}  # by their longest word: it is rare
    dates: set[str] = set()
    for text in (*item.candidates, *(form for forms in item.forms.values() for form in forms)):
        if keys := _keys(text):
            place = max(range(len(keys)), key=lambda at: len(keys[at]))
            phrases.setdefault(keys[place], set()).add((place, tuple(keys)))
            dates.update(date for start, end, date in date_keys(keys) if end - start == len(keys))
    marks = {_letters(key) for key in phrases} | {str(int(date[:4])).encode() for date in dates}
    for text in item.supports:
        letters = _letters(text)
        if not any(mark in letters for mark in marks):
            continue  # most texts need not be split
        keys = _keys(text)
        for at, key in enumerate(keys):
            for place, phrase in phrases.get(key, ()):
                start = at - place
                if start >= 0 and tuple(keys[start : start + len(phrase)]) == phrase:
                    return True
            if dates and key.isdecimal():  # a year, perhaps
                near = date_keys(keys[max(0, at - 2) : at + 1])
                if any(date in dates for _, _, date in near):
                    return True
    return False


def _keys(text: str) -> list[str]:
    return [key for key in word_keys(text, split_words(text)) if key]


def _letters(text: str) -> bytes:
    """What is left of a text in ASCII: if a word occurs in a text, so do its letters in these."""
    return unicodedata.normalize("NFKD", text).casefold().encode("ascii", "ignore")


def _items(path: str, on_bad: OnBad | None) -> Iterator[WikihopItem]:
    seen: set[str] = set()
    for number, value in enumerate(_values(path), start=1):
        try:
            item = _item(value, path, number, seen)
        except WikihopError as error:
            if on_bad is None:
                raise
            on_bad(error)
        else:
            yield item


def _item(value: Any, path: str, number: int, seen: set[str]) -> WikihopItem:
    given = value.get("id") if isinstance(value, dict) else None
    known = isinstance(given, str) and given.strip() != ""

    def bad(reason: str, message: str) -> WikihopError:
        item_id, name = (str(given), f"item {given!r}") if known else (f"item {number}",) * 2
        return WikihopError(f"{name}: {message}", item_id=item_id, reason=reason, path=path)

    if not isinstance(value, dict):
        raise bad("not an object", f"it is of type {type(value).__name__}; expected an object")
    if missing := [key for key in _REQUIRED if key not in value]:
        raise bad("missing keys", f"{', '.join(missing)} missing; expected {', '.join(_REQUIRED)}")
    for key, (kind, fits) in _FIELDS.items():
        found = value.get(key)
        if not (fits(found) or (found is None and key not in _REQUIRED)):
            shown = f"{type(found).__name__} {repr(found)[:40]}"
            raise bad("fields of another type", f"{key} is the {shown}; expected {kind}")
    if value["id"] in seen:
        raise bad("duplicate id", "an item before it has the same id; expected another")
    seen.add(value["id"])
    gold = None
    if all(value.get(key) is not None for key in ("chain", "gold_supports", "subject", "bridge")):
        triples = tuple((one, two, three) for one, two, three in value["chain"])
        gold = GoldChain(value["subject"], value["bridge"], triples, tuple(value["gold_supports"]))
    forms = value.get("candidate_forms") or {}
    further = {
        c: tuple(form for form in forms.get(c, ()) if form != c) for c in value["candidates"]
    }
    item = WikihopItem(
        id=value["id"],
        query=value["query"],
        candidates=tuple(value["candidates"]),
        supports=tuple(value["supports"]),
        answer=value.get("answer"),
        forms={candidate: others for candidate, others in further.items() if others},
        gold=gold,
        answer_type=value.get("answer_type") or "",
    )
    if problem := _problem(item):
        raise bad(*problem)
    return item


def _problem(item: WikihopItem) -> tuple[str, str] | None:
    """The first reason and message, where fields that are each of its type do not go together."""
    names, size = item.candidates, len(item.supports)
    if len(names) < 2:
        return "fewer than two candidates", f"{len(names)} candidates; expected at least 2"
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        return "duplicate candidates", f"{twice!r:.60} is there twice; expected different ones"
    if not size:
        return "no supports", "the list of supports is empty; expected at least one text"
    if item.answer is not None and item.answer not in names:
        message = (
            f"the answer {item.answer!r:.60} is none of the {len(names)}; expected one of them"
        )
        return "answer not among the candidates", message
    if not item.subject or not all(relation.strip() for relation in item.relations):
        message = f"the query is {item.query!r:.60}; expected a relation, a space and a subject"
        return "query without relation or subject", message
    if item.gold and not all(0 <= at < size for at in item.gold.supports):
        message = f"gold_supports is {list(item.gold.supports)}; expected positions below {size}"
        return "gold supports outside the supports", message
    if not candidate_found(item):
        message = f"none of {len(names)} is in the {size} supports; expected at least one"
        return "no candidate in any support", message
    return None


def _values(path: str) -> Iterator[Any]:
    """Yield the JSON values of an array, or of a file of one value a line."""
    count = depth = 0
    try:
        with open(path, "rb") as handle:
            source = _Source(handle)
            lines = source.first != b"["
            builder, top = ijson.ObjectBuilder(), 0 if lines else 1
            # Events without their path, which in deep nesting takes memory without bound; and
            # use_float, without which a number of thousands of digits ends the interpreter.
            for event, value in ijson.basic_parse(source, use_float=True, multiple_values=lines):
                opens = event.startswith("start_")
                depth += opens - event.startswith("end_")
                if depth > _MAX_DEPTH:
                    raise ValueError(f"more than {_MAX_DEPTH} brackets within each other")
                if depth < top or (opens and depth == top):
                    continue  # the array itself
                builder.event(event, value)
                if depth == top:
                    count += 1
                    source.size = 0
                    yield builder.value
                    builder = ijson.ObjectBuilder()
    except OSError as error:
        message = f"the file cannot be read ({error.strerror}); check path and permissions"
        raise DocumentError(message, path=path) from error
    except (ijson.JSONError, ValueError) as error:
        where = f"after item {count}" if count else "at its beginning"
        reason = str(error).removeprefix("b'").replace("\\n", "\n").partition("\n")[0][:100]
        message = f"the file is damaged {where} ({reason}); {_EXPECTED}: restore the file"
        raise DocumentError(message, path=path) from error
    if not count:
        raise DocumentError(f"the file holds no item; {_EXPECTED}", path=path)


class _Source:
    """A file as a parser reads it: without a byte order mark, and no item without end.

    Attributes:
        first: the first byte that is not blank.
        size: bytes read since it was last set to 0.
    """

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._head = handle.read(_CHUNK).removeprefix(codecs.BOM_UTF8)
        self.size = 0
        self.first = self._head.lstrip(b" \t\r\n")[:1]
        if self.first not in (b"[", b"{"):
            raise ValueError(f"it begins with {self._head[:20]!r}" if self._head else "it is empty")

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size``."""
        if self.size > MAX_ITEM_BYTES:
            raise ValueError(f"an item of more than {MAX_ITEM_BYTES} bytes")
        data, self._head = self._head[:size], self._head[size:]
        data = data or self._handle.read(size)
        self.size += len(data)
        return data


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _triple(value: Any) -> bool:
    return _list_of(_text)(value) and len(value) == 3


def _forms(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_list_of(_text), value.values()))


_EXPECTED = "expected UTF-8 JSON, an array of items or one item a line"
_REQUIRED = ("id", "query", "candidates", "supports")
_FIELDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "id": ("a string that is not blank", lambda value: _text(value) and value.strip() != ""),
    "query": ("a string", _text),
    "candidates": ("a list of strings", _list_of(_text)),
    "supports": ("a list of strings", _list_of(_text)),
    "answer": ("a string", _text),
    "answer_type": ("a string", _text),
    "subject": ("a string", _text),
    "bridge": ("a string", _text),
    "chain": ("a list of triples of strings", _list_of(_triple)),
    "gold_supports": ("a list of integers", _list_of(lambda value: type(value) is int)),
    "candidate_forms": ("an object of lists of strings", _forms),
}
