"""Questions with their mentions <-> JSON lines, one question a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

from linguagraph.documents.item_mentions import ItemMention, ItemMentions
from linguagraph.documents.wikihop import GoldChain, WikihopItem
from linguagraph.documents.words import split_words
from linguagraph.errors import DocumentError
from linguagraph.files import replaced

__all__ = ["item_from_json", "item_to_json", "read_items", "write_items"]


def item_to_json(found: ItemMentions) -> dict[str, Any]:
    """A JSON value with everything but the words, which follow from the texts."""
    item, gold = found.item, found.item.gold
    return {
        "id": item.id,
        "query": item.query,
        "candidates": item.candidates,
        "supports": item.supports,
        "answer": item.answer,
        "forms": dict(item.forms),
        "answer_type": item.answer_type,
        "gold": None
        if gold is None
        else {
            "subject": gold.subject,
            "bridge": gold.bridge,
            "triples": gold.triples,
            "supports": gold.supports,
        },
        "mentions": [astuple(mention) for mention in found.mentions],
    }


def item_from_json(value: dict[str, Any]) -> ItemMentions:
    """The inverse of :func:`item_to_json`.

    Raises:
        KeyError, TypeError, ValueError: a field is missing or of another type, or a mention lies
            outside the texts.
    """
    gold = value["gold"]
    item = WikihopItem(
        id=value["id"],
        query=value["query"],
        candidates=tuple(value["candidates"]),
        supports=tuple(value["supports"]),
        answer=value["answer"],
        forms={name: tuple(forms) for name, forms in value["forms"].items()},
        gold=None
        if gold is None
        else GoldChain(
            gold["subject"],
            gold["bridge"],
            tuple((s, r, o) for s, r, o in gold["triples"]),
            tuple(gold["supports"]),
        ),
        answer_type=value["answer_type"],
    )
    words = tuple(tuple(split_words(support)) for support in item.supports)
    mentions = tuple(ItemMention(*m) for m in value["mentions"])
    for m in mentions:
        if not (0 <= m.support < len(words) and 0 <= m.start < m.end <= len(words[m.support])):
            raise ValueError(f"no words {m.start} to {m.end} in support {m.support}")
        if not -1 <= m.candidate < len(item.candidates):
            raise ValueError(f"no candidate {m.candidate}")
    return ItemMentions(item, words, mentions)


def write_items(items: Iterable[ItemMentions], path: str | Path) -> None:
    """Write questions, all or nothing."""
    with replaced(path) as temporary, open(temporary, "wb") as stream:
        for found in items:
            line = json.dumps(item_to_json(found), ensure_ascii=False) + "\n"
            stream.write(line.encode("utf-8", "surrogatepass"))


def read_items(path: str | Path) -> Iterator[ItemMentions]:
    """Read what :func:`write_items` wrote, one question at a time.

    Raises:
        DocumentError: the file cannot be read, or a line is damaged.
    """
    try:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    found = item_from_json(json.loads(line.decode("utf-8", "surrogatepass")))
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    raise DocumentError(
                        f"damaged: {error!r}; parse the questions again", path=path, line=number
                    ) from error
                yield found
    except OSError as error:
        raise DocumentError(f"cannot be read: {error}", path=path) from error
