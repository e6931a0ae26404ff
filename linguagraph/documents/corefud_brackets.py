"""``Entity=`` values of the nodes of a sentence <-> spans of nodes, each with its bracket's fields.

A bracket is ``(e1-person-1`` (a mention begins), ``e1)`` (it ends) or ``(e1-person-1)`` (both).
The parts of a discontinuous mention are numbered: ``(e1[1/2]-person-1`` to ``e1[1/2])``, then
``(e1[2/2]-person-1)``. Format: CorefUD 1.0, https://ufal.mff.cuni.cz/corefud (section "File
format"). Nodes are the words and empty nodes of a sentence, counted from 0 in surface order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from linguagraph.errors import DocumentError

__all__ = ["ID_FIELDS", "Bracket", "Span", "SpanReader", "parse_brackets", "span_brackets"]

ID_FIELDS = ("eid", "GRP")
"""Names that the header may give to the field of the entity's id."""

_BRACKET = re.compile(r"\((?P<opening>[^()]+)(?P<closed>\))?|(?P<closing>[^()]+)\)")
_PART = re.compile(r"(?P<id>.+)\[(?P<part>[1-9][0-9]{0,3})/(?P<parts>[1-9][0-9]{0,3})\]")


@dataclass(frozen=True, slots=True)
class Bracket:
    """One bracket of an ``Entity=`` value.

    Attributes:
        id: the entity.
        opens, closes: a single-node bracket does both.
        part, parts: ``1`` and ``1`` unless the mention is discontinuous.
        fields: values of the header's fields other than the id, by name, in order; a bracket that
            only closes has none, and fields left out at the end are missing.
    """

    id: str
    opens: bool
    closes: bool
    part: int = 1
    parts: int = 1
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A mention as nodes of its sentence.

    Attributes:
        id: the entity.
        nodes: ascending; gaps make it discontinuous.
        fields: values of the header's fields other than the id, by name.
    """

    id: str
    nodes: tuple[int, ...]
    fields: tuple[tuple[str, str], ...] = ()


def parse_brackets(value: str, header: Sequence[str]) -> list[Bracket]:
    """The brackets of one ``Entity=`` value, in order.

    Args:
        value: what stands after ``Entity=``.
        header: field names of ``# global.Entity``, one of :data:`ID_FIELDS` among them.

    Raises:
        DocumentError: something is no bracket, has no id, a bad part number or too many fields.
    """
    brackets = []
    end = 0
    for match in _BRACKET.finditer(value):
        if match.start() != end:
            break
        end = match.end()
        if match["closing"] is not None:
            brackets.append(_bracket(match["closing"], opens=False, closes=True))
            continue
        values = match["opening"].split("-")
        if len(values) > len(header):
            raise DocumentError(
                f"({_short(match['opening'])} has {len(values)} fields; expected at most "
                f"{len(header)} ({'-'.join(header)}): write a hyphen within a value as %2D"
            )
        fields = list(zip(header, values, strict=False))
        id = next((found for name, found in fields if name in ID_FIELDS), "")
        rest = tuple(pair for pair in fields if pair[0] not in ID_FIELDS)
        closes = match["closed"] is not None
        brackets.append(_bracket(id, opens=True, closes=closes, fields=rest))
    if end != len(value):
        raise DocumentError(
            f"Entity: {_short(value[end:])!r} is no bracket; expected (id-... to open a mention, "
            "id) to close it, or (id-...) around a single word"
        )
    return brackets


def _bracket(
    id: str, *, opens: bool, closes: bool, fields: tuple[tuple[str, str], ...] = ()
) -> Bracket:
    part = parts = 1
    if "[" in id or "]" in id:
        match = _PART.fullmatch(id)
        part, parts = (int(match["part"]), int(match["parts"])) if match else (2, 1)
        if match is None or not part <= parts or "[" in match["id"]:
            raise DocumentError(
                f"Entity: id {_short(id)!r}; expected the number of a part and of all parts in "
                "brackets, as in e1[1/2]"
            )
        id = match["id"]
    if not id:
        raise DocumentError("Entity: a bracket without an id; expected (id-... or id)")
    return Bracket(id, opens, closes, part, parts, fields)


@dataclass(slots=True)
class _Open:
    """A mention whose last bracket is still to come."""

    bracket: Bracket
    number: int  # of all mentions, in the order in which they open
    start: int | None  # where its open part begins; None between parts
    opened: int  # node of its latest opening bracket
    part: int = 1
    nodes: list[int] = field(default_factory=list)


class SpanReader:
    """Takes the brackets of one sentence node by node and gives its spans.

    A closing bracket ends the part with its id and part number that was opened last.
    """

    def __init__(self) -> None:
        self._closed: list[tuple[int, Span]] = []
        self._open: list[_Open] = []

    @property
    def spans(self) -> list[Span]:
        """The mentions closed so far, in the order in which they opened."""
        return [span for _, span in sorted(self._closed, key=lambda item: item[0])]

    def take(self, node: int, brackets: Iterable[Bracket]) -> None:
        """Take the brackets of the next node.

        Raises:
            DocumentError: a bracket closes what is not open, or a part comes too early.
        """
        for bracket in brackets:
            mention = self._opening(node, bracket) if bracket.opens else self._find(bracket)
            if bracket.closes:
                assert mention.start is not None  # both ways of finding it see to that
                mention.nodes.extend(range(mention.start, node + 1))
                mention.start = None
                if bracket.part == bracket.parts:
                    self._open.remove(mention)
                    first = mention.bracket
                    span = Span(first.id, tuple(mention.nodes), first.fields)
                    self._closed.append((mention.number, span))

    def unfinished(self) -> tuple[int, str] | None:
        """Node and name of a mention that is still open; ``None`` if all are closed."""
        for mention in self._open:
            parts = mention.bracket.parts
            part = mention.part if mention.start is not None else mention.part + 1
            name = mention.bracket.id + (f"[{part}/{parts}]" if parts > 1 else "")
            return mention.opened, name
        return None

    def _opening(self, node: int, bracket: Bracket) -> _Open:
        if bracket.part == 1:
            mention = _Open(bracket, len(self._open) + len(self._closed), node, node)
            self._open.append(mention)
            return mention
        mention = self._search(bracket, bracket.part - 1, begun=False)
        mention.start = mention.opened = node
        mention.part = bracket.part
        if mention.nodes[-1] >= node:
            raise DocumentError(f"Entity: two parts of {bracket.id} overlap; expected a gap")
        return mention

    def _find(self, bracket: Bracket) -> _Open:
        return self._search(bracket, bracket.part, begun=True)

    def _search(self, bracket: Bracket, part: int, *, begun: bool) -> _Open:
        for mention in reversed(self._open):
            first = mention.bracket
            if (first.id, first.parts, mention.part) == (bracket.id, bracket.parts, part) and (
                mention.start is not None
            ) == begun:
                return mention
        if begun:
            name = bracket.id + (f"[{part}/{bracket.parts}]" if bracket.parts > 1 else "")
            raise DocumentError(
                f"Entity: {name}) closes a mention that is not open; expected ({name} on the same "
                "or an earlier word of the sentence: mentions stay within one sentence"
            )
        raise DocumentError(
            f"Entity: ({bracket.id}[{bracket.part}/{bracket.parts}] comes without part {part}; "
            "expected the parts in order, within one sentence"
        )


def span_brackets(spans: Sequence[Span], header: Sequence[str]) -> dict[int, str]:
    """The ``Entity=`` value of each node that begins or ends a part of a span.

    Mentions that begin earlier come first, of those that begin together the longer, of equals the
    one that comes first in ``spans``; brackets open in this order and close in the reverse one. On
    one node the closing brackets come first, then the opening, then those of single-node mentions;
    where none opens, the single-node mentions precede the closing brackets: ``(e3)e2)e1)``. This
    gives back GUM and, as far as its mentions are nested, what CorefUD's own tools write.

    Args:
        spans: nodes and fields; fields that ``header`` does not name are left out.
        header: field names of ``# global.Entity``.

    Raises:
        DocumentError: two spans with the same id cross so that brackets cannot tell them apart.
    """
    parts = [part for span in spans for part in _parts(span, header)]
    parts.sort(key=lambda part: (part.start, -part.end))
    closing: dict[int, list[str]] = {}
    opening: dict[int, list[str]] = {}
    single: dict[int, list[str]] = {}
    for part in parts:
        if part.start == part.end:
            single.setdefault(part.start, []).append(part.opening + ")")
        else:
            opening.setdefault(part.start, []).append(part.opening)
            closing.setdefault(part.end, []).insert(0, part.name + ")")
    values = {}
    for node in sorted({*closing, *opening, *single}):
        ends, begins, alone = (found.get(node, []) for found in (closing, opening, single))
        pieces = [*ends, *begins, *alone] if begins else [*alone, *ends]
        values[node] = "".join(pieces)
    _check(spans, values, header)
    return values


@dataclass(frozen=True, slots=True)
class _Part:
    start: int
    end: int
    name: str  # the id with its part number
    opening: str


def _parts(span: Span, header: Sequence[str]) -> list[_Part]:
    runs: list[list[int]] = []
    for node in span.nodes:
        if runs and node == runs[-1][1] + 1:
            runs[-1][1] = node
        else:
            runs.append([node, node])
    named = dict(span.fields)
    parts = []
    for number, (start, end) in enumerate(runs, start=1):
        name = span.id + (f"[{number}/{len(runs)}]" if len(runs) > 1 else "")
        values = [name if field in ID_FIELDS else named.get(field, "") for field in header]
        while values and not values[-1]:
            values.pop()
        parts.append(_Part(start, end, name, "(" + "-".join(values)))
    return parts


def _check(spans: Sequence[Span], values: Mapping[int, str], header: Sequence[str]) -> None:
    """See that a reader tells the mentions of each chain apart."""
    counts = Counter(span.id for span in spans if len(span.nodes) > 1)
    if not counts or max(counts.values()) == 1:
        return
    reader = SpanReader()
    wanted = Counter((span.nodes, _parts(span, header)[0].opening) for span in spans)
    try:
        for node, value in values.items():
            reader.take(node, parse_brackets(value, header))
        found = Counter((span.nodes, _parts(span, header)[0].opening) for span in reader.spans)
    except DocumentError:
        found = Counter()
    if found != wanted:
        ids = ", ".join(sorted(id for id, count in counts.items() if count > 1))
        raise DocumentError(
            f"two mentions of {ids} cross in one sentence; Entity= brackets cannot tell them "
            "apart: remove one of them"
        )


def _short(value: str) -> str:
    return value if len(value) <= 40 else value[:40] + "..."
