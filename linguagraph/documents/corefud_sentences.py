"""One sentence with ``Entity=`` in MISC <-> the sentence without it, and its mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from linguagraph.documents.blocks import Block
from linguagraph.documents.corefud_brackets import (
    Span,
    SpanReader,
    parse_brackets,
    span_brackets,
)
from linguagraph.documents.mentions import mention_head
from linguagraph.documents.records import EmptyNode, Mention, Sentence, Token
from linguagraph.errors import DocumentError

__all__ = ["HEAD_FIELD", "NODES", "TYPE_FIELDS", "mentions_of", "plain_head", "with_mentions"]

TYPE_FIELDS = ("etype", "entity")
"""Names that the header may give to the field of the entity type."""

HEAD_FIELD = "head"
"""Field of the head: its number among the nodes of the mention, from 1."""

NODES = "(nodes)"
"""Attribute with the node ids of a mention (``3,3.1,4``) where its words do not tell them."""

_ENTITY = "Entity="
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")

_Node = Token | EmptyNode


class _Nodes:
    """Words and empty nodes of a sentence in surface order.

    Attributes:
        items: the nodes.
        words: position in ``items`` of each word.
        ids: position in ``items`` by id as written (``3``, ``3.1``).
    """

    def __init__(self, sentence: Sentence) -> None:
        self.items: list[_Node] = list(sentence.tokens)
        if sentence.empty_nodes:
            self.items = sorted([*self.items, *sentence.empty_nodes], key=_order)
        self.words = [place for place, item in enumerate(self.items) if isinstance(item, Token)]
        self.ids = {_id(item): place for place, item in enumerate(self.items)}

    def plain(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Nodes of a mention's words, with the empty nodes between two that are neighbours."""
        found: list[int] = []
        for before, token in zip((None, *tokens), tokens, strict=False):
            start = self.words[token]
            if found and before == token - 1:
                start = found[-1] + 1
            found.extend(range(start, self.words[token] + 1))
        return tuple(found)


def mentions_of(
    sentence: Sentence, header: Sequence[str] | None, position: int, block: Block
) -> tuple[Sentence, list[tuple[str, Mention]]]:
    """A sentence without its brackets, and the id and mention of each entity in it.

    Args:
        sentence: as read from ``block``.
        header: field names of ``# global.Entity``, if there was one.
        position: of the sentence in its document, from 0.
        block: for the place of errors.

    Raises:
        DocumentError: see :func:`linguagraph.documents.corefud.read_corefud`.
    """
    nodes = _Nodes(sentence)
    for multiword in sentence.multiwords:
        if multiword.columns and _split(multiword.columns[-1])[0]:
            raise _error(
                block,
                f"Entity= on the multiword token {multiword.form[:40]!r}; expected it on its words",
                f"{multiword.first + 1}-{multiword.last + 1}",
            )
    spans, rests = _read_spans(nodes, header, block)
    found: list[tuple[str, Mention]] = []
    zeros: list[Span] = []  # without a word
    for span in spans:
        if not any(isinstance(nodes.items[node], Token) for node in span.nodes):
            zeros.append(span)
            continue
        try:
            found.append((span.id, _mention(sentence, nodes, span, header or (), position)))
        except DocumentError as error:
            raise _error(block, error.message, _id(nodes.items[span.nodes[0]])) from None
    kept = span_brackets(zeros, header or ())
    rests |= {node: _join(entity, rests[node]) for node, entity in kept.items()}
    return _with_misc(sentence, nodes, rests), found


def with_mentions(
    sentence: Sentence, mentions: Iterable[tuple[str, Mention]], header: Sequence[str]
) -> Sentence:
    """The sentence with the brackets of its mentions in MISC: the inverse of :func:`mentions_of`.

    Raises:
        DocumentError: two mentions of a chain cross, or the MISC of an empty node is malformed.
    """
    nodes = _Nodes(sentence)
    spans = [_span(nodes, id, mention, header) for id, mention in mentions]
    reader = SpanReader()
    rests: dict[int, str] = {}
    for node, item in enumerate(nodes.items):
        entity, rest = _split(_misc(item))
        if entity is not None:
            rests[node] = rest
            if isinstance(item, EmptyNode):
                reader.take(node, parse_brackets(entity, header))
    brackets = span_brackets([*spans, *reader.spans], header)
    changed = {
        node: _join(brackets.get(node, ""), rests.get(node, _misc(nodes.items[node])))
        for node in {*brackets, *rests}
    }
    return _with_misc(sentence, nodes, changed)


def plain_head(sentence: Sentence, mention: Mention) -> int:
    """The head that a reader finds for a mention where no field names it."""
    return mention_head(sentence, mention.tokens)


def _read_spans(
    nodes: _Nodes, header: Sequence[str] | None, block: Block
) -> tuple[list[Span], dict[int, str]]:
    """The spans of a sentence, and MISC without ``Entity=`` by node where it had one."""
    reader = SpanReader()
    rests: dict[int, str] = {}
    for node, item in enumerate(nodes.items):
        try:
            entity, rest = _split(_misc(item))
            if not entity:
                continue
            if header is None:
                raise DocumentError(
                    "Entity= without a '# global.Entity = eid-etype-head-other' comment that names "
                    "its fields; expected one in the first sentence: add it"
                )
            reader.take(node, parse_brackets(entity, header))
            rests[node] = rest
        except DocumentError as error:
            raise _error(block, error.message, _id(item)) from None
    left = reader.unfinished()
    if left is not None:
        node, name = left
        raise _error(
            block,
            f"Entity: ({name} is not complete; expected {name}) in the same sentence: mentions "
            "stay within one",
            _id(nodes.items[node]),
        )
    return reader.spans, rests


def _mention(
    sentence: Sentence,
    nodes: _Nodes,
    span: Span,
    header: Sequence[str],
    position: int,
) -> Mention:
    tokens = tuple(
        item.index for node in span.nodes if isinstance(item := nodes.items[node], Token)
    )
    named = dict(span.fields)
    type = named.pop(_type_field(header) or "", None) or None
    number = named.pop(HEAD_FIELD, "")
    attributes = [(name, value) for name, value in named.items() if value]
    head = mention_head(sentence, tokens)
    if number:
        if not _NUMBER.fullmatch(number) or int(number) > len(span.nodes):
            raise DocumentError(
                f"Entity: head {number[:40]!r} of {span.id}; expected the number of a word of the "
                f"mention, from 1 to {len(span.nodes)}"
            )
        item = nodes.items[span.nodes[int(number) - 1]]
        if isinstance(item, Token):
            head = item.index
        else:
            attributes.append((HEAD_FIELD, number))
    elif HEAD_FIELD in header:
        attributes.append((HEAD_FIELD, ""))
    if span.nodes != nodes.plain(tokens):
        attributes.append((NODES, ",".join(_id(nodes.items[node]) for node in span.nodes)))
    return Mention(position, tokens, head, type, tuple(attributes))


def _span(nodes: _Nodes, id: str, mention: Mention, header: Sequence[str]) -> Span:
    named = dict(mention.attributes)
    own = [nodes.ids.get(name, -1) for name in named.get(NODES, "").split(",")]
    words = [
        item.index for node in own if node >= 0 and isinstance(item := nodes.items[node], Token)
    ]
    kept = tuple(words) == mention.tokens and own == sorted({*own})
    taken = tuple(own) if kept else nodes.plain(mention.tokens)
    number = taken.index(nodes.words[mention.head]) + 1
    fields = {HEAD_FIELD: str(number), **named, (_type_field(header) or ""): mention.type or ""}
    return Span(id, taken, tuple(fields.items()))


def _type_field(header: Sequence[str]) -> str | None:
    return next((name for name in header if name in TYPE_FIELDS), None)


def _order(node: _Node) -> tuple[int, int]:
    return (node.index, 0) if isinstance(node, Token) else (node.after, node.number)


def _id(node: _Node) -> str:
    return str(node.index + 1) if isinstance(node, Token) else f"{node.after + 1}.{node.number}"


def _misc(node: _Node) -> str:
    """MISC as written; empty for none."""
    misc = node.misc if isinstance(node, Token) else (node.columns[-1] if node.columns else None)
    return "" if misc is None or misc == "_" else misc


def _with_misc(sentence: Sentence, nodes: _Nodes, changed: dict[int, str]) -> Sentence:
    """The sentence with other MISC values (empty for none) at some of its nodes."""
    if not changed:
        return sentence
    items = list(nodes.items)
    for node, misc in changed.items():
        item = items[node]
        if isinstance(item, Token):
            items[node] = replace(item, misc=misc or None)
        else:
            columns = (*(item.columns[:-1] or ("_",) * 7), misc or "_")
            items[node] = replace(item, columns=columns)
    return replace(
        sentence,
        tokens=tuple(item for item in items if isinstance(item, Token)),
        empty_nodes=tuple(item for item in items if isinstance(item, EmptyNode)),
    )


def _split(misc: str) -> tuple[str | None, str]:
    """The value of ``Entity=``, ``None`` if absent, and MISC without it.

    Where its place is not the alphabetical one, an ``Entity=`` without value keeps it.
    """
    if _ENTITY not in misc:
        return None, misc
    items = misc.split("|")
    places = [place for place, item in enumerate(items) if item.startswith(_ENTITY)]
    if not places:
        return None, misc
    if len(places) > 1:
        raise DocumentError("MISC has Entity= twice; expected it once: join the brackets")
    place = places[0]
    value = items.pop(place).removeprefix(_ENTITY)
    if place != _alphabetical(items):
        items.insert(place, _ENTITY)
    return value, "|".join(items)


def _join(entity: str, rest: str) -> str:
    """MISC with ``Entity=`` in its place, or without it if it is empty."""
    items = rest.split("|") if rest else []
    if _ENTITY in items:
        place = items.index(_ENTITY)
        items.pop(place)
    else:
        place = _alphabetical(items)
    if entity:
        items.insert(place, _ENTITY + entity)
    return "|".join(items)


def _alphabetical(items: Sequence[str]) -> int:
    """Where ``Entity=`` stands among other attributes, capitals and small letters alike."""
    names = [item.partition("=")[0].casefold() for item in items]
    return next((place for place, name in enumerate(names) if name > "entity"), len(names))


def _error(block: Block, message: str, id: str) -> DocumentError:
    """The error for the MISC column of the line with this id."""
    rows = [row for row, line in enumerate(block.lines) if line.startswith(f"{id}\t")]
    return block.error(message, rows[0] if rows else 0, 10)
