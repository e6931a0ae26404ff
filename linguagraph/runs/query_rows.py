"""Rows that a query found, with their sentences -> marked text, and drawings of their examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from linguagraph.documents.records import Sentence
from linguagraph.errors import QueryError
from linguagraph.figures.arcs import arcs
from linguagraph.figures.relation_arcs import relation_arcs
from linguagraph.graphs.dependency import dependency_graph

__all__ = ["Drawing", "draw_rows", "example_arcs", "marked_texts"]

_PAIRS = (("source", "target"), ("predicate_index", "argument_index"), ("predicate_index", "token"))
"""Columns whose tokens are marked; the first pair that a row has."""

_MARKS = (("[", "]"), ("{", "}"))
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
        sentences: by corpus index.

    Raises:
        QueryError: no column ``sentence``, or a value that names no sentence or token.
    """
    _require(rows, "sentence", "--text")
    pair = next((p for p in _PAIRS if set(p) <= set(rows.columns)), ())
    names = [*pair, *(f"{name}_offset" for name in pair if name in ("source", "target"))]
    known = [name for name in names if name in rows.columns]
    cells = zip(rows["sentence"], *(rows[name] for name in known), strict=True)
    return [
        _marked(int(number), dict(zip(known, map(int, values), strict=True)), pair, sentences)
        for number, *values in cells
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
        QueryError: neither column is there, or a value names nothing.
    """
    column = "example" if "example" in rows.columns else "sentence"
    _require(rows, column, "--draw")
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
    layers = sorted(set(edges["layer"]))
    found: set[tuple[int, int, int]] = set()
    for row in rows.to_dict("records"):
        own = [row["layer"]] if "layer" in row else layers
        found |= {(int(row["source"]), int(row["target"]), int(layer)) for layer in own}
    return frozenset(found)


def _marked(
    number: int,
    tokens: Mapping[str, int],
    pair: Sequence[str],
    sentences: Mapping[int, Sentence],
) -> str:
    places = [(number + tokens.get(f"{name}_offset", 0), tokens[name]) for name in pair]
    parts = []
    for index in sorted({number, *(sentence for sentence, _ in places)}):
        words = list(_sentence(index, sentences).forms)
        for (sentence, token), (left, right) in zip(places, _MARKS, strict=False):
            if sentence != index:
                continue
            if not 0 <= token < len(words):
                raise QueryError(f"sentence {index} has {len(words)} tokens, but no {token}")
            words[token] = f"{left}{words[token]}{right}"
        parts.append(" ".join(words))
    return " / ".join(parts)


def _sentence(number: int, sentences: Mapping[int, Sentence]) -> Sentence:
    try:
        return sentences[number]
    except KeyError as error:
        raise QueryError(f"the query gave sentence {number}, which is not in this run") from error


def _require(rows: pd.DataFrame, column: str, option: str) -> None:
    if column not in rows.columns:
        raise QueryError(f"{option} needs the column {column!r} among what is selected")
    missing: Any = rows[column].isna()
    if bool(missing.any()):
        raise QueryError(f"{option}: the column {column!r} has missing values")
