"""Rows that a query found, with their sentences -> marked text, and drawings of their examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from linguagraph.documents.records import Sentence
from linguagraph.errors import QueryError
from linguagraph.figures.arcs import arcs
from linguagraph.figures.relation_arcs import relation_arcs
from linguagraph.graphs.dependency import dependency_graph

__all__ = ["Drawing", "draw_rows", "example_arcs", "marked_texts", "no_sentences"]

_PAIRS = (("source", "target"), ("predicate_index", "argument_index"), ("predicate_index", "token"))
"""Columns whose tokens are marked; the first pair that a row has."""

_MARKS = (("[", "]"), ("{", "}"))
_BAND = ("source", "target", "layer", "source_offset", "target_offset")
"""Columns that say which edge of an example is set off."""

_LARGEST = 2**31 - 1
"""Whole numbers of the tables are no larger."""

_NUMBERS = (int, float, Decimal, np.integer, np.floating)

_SHOWN = 40
"""Characters of a wrong value in a message."""

_EDGE = ["edge", "layer", "source", "target", "label", "direction"]


@dataclass(frozen=True)
class Drawing:
    """One sentence drawn for the rows that it gave.

    Attributes:
        title: what is drawn.
        svg: a standalone document.
        rows: how many rows of the query are marked in it.
    """

    title: str
    svg: str
    rows: int


def marked_texts(rows: pd.DataFrame, sentences: Mapping[int, Sentence]) -> list[str]:
    """The sentence of every row; ``[source]`` or ``[predicate]`` and ``{target}`` are marked.

    An edge between sentences gives these in their order, joined by " / ".

    Args:
        rows: with the column ``sentence``; tokens are those of ``source`` and ``target``, else of
            ``predicate_index`` and ``argument_index`` or ``token``, else none is marked.
            A token that is missing (as by a LEFT JOIN) is not marked.
        sentences: by corpus index.

    Raises:
        QueryError: no column ``sentence``, or a value that names no sentence or token.
    """
    numbers = _whole_numbers(rows, "sentence", "--text")
    pair = next((p for p in _PAIRS if set(p) <= set(rows.columns)), ())
    marks = [_places(rows, numbers, name) for name in pair]
    return [
        _marked(number, tuple(found), sentences)
        for number, *found in zip(numbers, *marks, strict=True)
    ]


def draw_rows(
    rows: pd.DataFrame,
    sentences: Mapping[int, Sentence],
    *,
    edges_of: Callable[[Sequence[int]], pd.DataFrame],
    roles: pd.DataFrame,
    most: int,
) -> tuple[list[Drawing], int]:
    """Draw the examples of the rows, in the rows' order; the rows' edges get a band.

    Rows with ``example`` give the example's edges over all layers and seeds; with ``source`` and
    ``target`` (and ``layer``; without it all layers) these are marked. Rows with ``sentence``
    alone give the dependency tree.

    Args:
        rows: what the query found.
        sentences: by corpus index.
        edges_of: the rows of the edge table of some examples.
        roles: the role table.
        most: drawings at most.

    Returns:
        The drawings, and how many were left out.

    Raises:
        QueryError: neither column is there, or a value names nothing, such as an edge that the
            example does not have.
    """
    column = "example" if "example" in rows.columns else "sentence"
    banded = column == "example" and {"source", "target"} <= set(rows.columns)
    names = [column, *(name for name in _BAND if banded and name in rows.columns)]
    rows = pd.DataFrame({name: _whole_numbers(rows, name, "--draw") for name in names})
    groups: list[tuple[Any, pd.DataFrame]] = list(rows.groupby(column, sort=False))
    chosen = groups[:most]
    if column == "sentence":
        made = [_tree(int(key), len(part), sentences) for key, part in chosen]
        return made, len(groups) - len(made)
    edges = edges_of([int(key) for key, _ in chosen])
    made = []
    for key, part in chosen:
        own = edges[edges["example"] == key]
        if own.empty:
            raise QueryError(f"the query gave example {key}, which has no edges in this run")
        found = _sentence(int(own["sentence"].iloc[0]), sentences)
        svg = example_arcs(found, own, roles[roles["example"] == key], marked=_bands(part, own))
        made.append(Drawing(_title(found, own), svg, len(part)))
    return made, len(groups) - len(made)


def no_sentences(name: str, *, mentions: bool) -> QueryError:
    """The error for text and drawings of a run without language, with what to ask in their place.

    Args:
        name: of the run.
        mentions: whether its nodes are mentions in questions.
    """
    other = (
        "SELECT example, source_text, target_text FROM words gives the mentions' texts, and other "
        "tables can be joined with mentions ON example and node"
        if mentions
        else "ask for its edges without --text and --draw (in Python without text=True)"
    )
    return QueryError(f"{name} is a run without sentences to show, draw or give; {other}")


def example_arcs(
    sentence: Sentence,
    edges: pd.DataFrame,
    roles: pd.DataFrame,
    *,
    marked: frozenset[tuple[int, int, int]] = frozenset(),
) -> str:
    """Draw the edges of one example that lie within its sentence; shares are over its rows.

    Args:
        sentence: of the example.
        edges, roles: the example's rows of these tables.
        marked: see :func:`linguagraph.figures.arcs`.
    """
    inside = edges[(edges["source_offset"] == 0) & (edges["target_offset"] == 0)]
    shares = inside.groupby(_EDGE, observed=True)["retained"].mean().rename("retained_share")
    gold, predicted = (
        {int(t): str(r) for t, r in zip(roles["token"], roles[name], strict=True) if pd.notna(r)}
        for name in ("gold_role", "role")
    )
    return arcs(
        sentence,
        shares.reset_index(),
        predicate=int(edges["predicate_index"].iloc[0]),
        gold=gold,
        predicted=predicted,
        title=_title(sentence, edges),
        marked=marked,
    )


def _title(sentence: Sentence, edges: pd.DataFrame) -> str:
    word = sentence.forms[int(edges["predicate_index"].iloc[0])]
    return f"Sentence {sentence.index}, example {int(edges['example'].iloc[0])}: {word}"


def _tree(number: int, rows: int, sentences: Mapping[int, Sentence]) -> Drawing:
    found = _sentence(number, sentences)
    title = f"Sentence {number}"
    return Drawing(title, relation_arcs(found, dependency_graph(found), title=title), rows)


def _bands(rows: pd.DataFrame, edges: pd.DataFrame) -> frozenset[tuple[int, int, int]]:
    if not {"source", "target"} <= set(rows.columns):
        return frozenset()
    for name in ("source_offset", "target_offset"):
        if name in rows.columns:
            rows = rows[rows[name] == 0]
    known: dict[tuple[int, int], set[int]] = {}
    ends = (edges[name].tolist() for name in ("source", "target", "layer"))
    for source, target, layer in zip(*ends, strict=True):
        known.setdefault((source, target), set()).add(layer)
    found: set[tuple[int, int, int]] = set()
    for row in rows.to_dict("records"):
        source, target = row["source"], row["target"]
        layers = known.get((source, target), set())
        own = {row["layer"]} & layers if "layer" in row else layers
        if not own:
            where = f" in layer {row['layer']}" if layers else ""
            raise QueryError(
                f"the query gave an edge from {source} to {target}{where}, which example "
                f"{row['example']} does not have; select example, layer, source and target as "
                "they are in the edge table"
            )
        found |= {(source, target, layer) for layer in own}
    return frozenset(found)


def _marked(
    number: int,
    places: Sequence[tuple[int, int] | None],
    sentences: Mapping[int, Sentence],
) -> str:
    parts = []
    for index in sorted({number, *(place[0] for place in places if place is not None)}):
        words = list(_sentence(index, sentences).forms)
        for place, (left, right) in zip(places, _MARKS, strict=False):
            if place is None or place[0] != index:
                continue
            token = place[1]
            if not 0 <= token < len(words):
                raise QueryError(f"sentence {index} has {len(words)} tokens, but no {token}")
            words[token] = f"{left}{words[token]}{right}"
        parts.append(" ".join(words))
    return " / ".join(parts)


def _places(rows: pd.DataFrame, numbers: Sequence[int], name: str) -> list[tuple[int, int] | None]:
    """Sentence and token that each row marks by a column; ``None`` where it has no value."""
    there = rows[name].notna().tolist()
    known = rows[there]
    tokens = iter(_whole_numbers(known, name, "--text"))
    offset = f"{name}_offset"
    offsets = iter(
        _whole_numbers(known, offset, "--text") if offset in rows.columns else [0] * len(known)
    )
    return [
        (number + next(offsets), next(tokens)) if marked else None
        for number, marked in zip(numbers, there, strict=True)
    ]


def _sentence(number: int, sentences: Mapping[int, Sentence]) -> Sentence:
    try:
        return sentences[number]
    except KeyError as error:
        raise QueryError(f"the query gave sentence {number}, which is not in this run") from error


def _whole_numbers(rows: pd.DataFrame, column: str, option: str) -> list[int]:
    """The values of a column that names sentences, examples, layers or tokens.

    Raises:
        QueryError: there is no such column, or a value is missing or no whole number.
    """
    if column not in rows.columns:
        raise QueryError(f"{option} needs the column {column!r} among what is selected")
    if bool(rows[column].isna().any()):
        raise QueryError(
            f"{option}: the column {column!r} has missing values; add WHERE {column} IS NOT NULL, "
            "or select the column from a table that has it"
        )
    values = rows[column].tolist()
    for value in values:
        number = isinstance(value, _NUMBERS) and not isinstance(value, bool)
        if not number or not -_LARGEST <= value <= _LARGEST or value != int(value):
            raise QueryError(
                f"{option}: the column {column!r} has the value {_short(value)}, but needs whole "
                "numbers as the tables have them; give other values another name"
            )
    return [int(value) for value in values]


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
