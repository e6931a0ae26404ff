"""Sentences, graphs and masks of a shard -> rows of the edge, path and role tables; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.columns import EDGES, PATHS, ROLES
from linguagraph.documents.records import Frame, Sentence, predicate_type
from linguagraph.edges.trees import TreePaths
from linguagraph.errors import TableError
from linguagraph.graphs.context import ContextGraph
from linguagraph.graphs.textgraph import TextGraph

__all__ = ["KINDS", "Example", "MaskArrays", "Names", "edge_rows", "example_values", "path_rows"]
__all__ += ["role_rows", "token_kinds"]

KINDS = ("predicate", "argument", "other_argument", "elsewhere")
"""What a token is to an example, see :func:`token_kinds`."""


@dataclass(frozen=True)
class Names:
    """Constant columns: corpus, explained model and masking method."""

    corpus: str
    model: str
    method: str


@dataclass(frozen=True)
class Example:
    """One predicate of one sentence, with the prediction of the unmasked model.

    Attributes:
        index: example number in the corpus, from 0.
        sentence, frame, graph: what it is about; the graph's first nodes are the sentence's tokens.
        roles: predicted role of each token, ``None`` where there is none.
        context: where further nodes of the graph come from; ``None`` if there are none.
    """

    index: int
    sentence: Sentence
    frame: Frame
    graph: TextGraph
    roles: tuple[str | None, ...]
    context: ContextGraph | None = None

    @cached_property
    def type(self) -> str:
        """Predicate type."""
        token = self.sentence.tokens[self.frame.predicate]
        return predicate_type(token.xpos, token.upos)

    @cached_property
    def gold(self) -> tuple[str | None, ...]:
        """Gold role of each token."""
        found: list[str | None] = [None] * len(self.sentence)
        for role in self.frame.roles:
            found[role.token] = role.label
        return tuple(found)


@dataclass(frozen=True)
class MaskArrays:
    """Masks of consecutive examples; S seeds, L layers, E edges over all examples in order.

    Attributes:
        seeds: S probe seeds.
        scores: float32 [S, L, E], probability that the gate is open.
        retained: bool [S, L, E].
        soft_gates: float32 [L, E], the model's own gates, or ``None``.
    """

    seeds: tuple[int, ...]
    scores: NDArray[np.float32]
    retained: NDArray[np.bool_]
    soft_gates: NDArray[np.float32] | None

    def __post_init__(self) -> None:
        if self.scores.shape != self.retained.shape or len(self.seeds) != len(self.scores):
            raise TableError(
                f"masks: scores {self.scores.shape}, retained {self.retained.shape}, "
                f"{len(self.seeds)} seeds; expected (seeds, layers, edges) for both"
            )


def edge_rows(examples: Sequence[Example], masks: MaskArrays, names: Names) -> pd.DataFrame:
    """One row per example, layer, edge and seed (:data:`linguagraph.columns.EDGES`).

    An edge has no row in layers in which it cannot matter (only edges of a context; see
    :attr:`ContextGraph.hops`).

    Raises:
        TableError: the masks do not have as many edges as the examples' graphs.
    """
    counts = _edge_counts(examples, masks)
    seeds, layers, total = masks.scores.shape
    if not total:
        return EDGES.empty()
    per_edge = {
        **_example_columns(examples, counts, names),
        **_graph_columns(examples),
        **_target_columns(examples),
    }
    there = _effective(examples, layers, seeds)
    order = np.tile(np.arange(total), seeds * layers)[there]
    columns: dict[str, object] = {name: _take(value, order) for name, value in per_edge.items()}
    columns["seed"] = np.repeat(np.array(masks.seeds), layers * total)[there]
    columns["layer"] = np.tile(np.repeat(np.arange(layers), total), seeds)[there]
    columns["score"] = masks.scores.reshape(-1)[there]
    columns["retained"] = masks.retained.reshape(-1)[there]
    if masks.soft_gates is None:
        columns["soft_gate"] = np.full(len(order), np.nan, dtype=np.float32)
    else:
        columns["soft_gate"] = np.tile(masks.soft_gates.reshape(-1), seeds)[there]
    return EDGES.check(pd.DataFrame(columns))


def _effective(
    examples: Sequence[Example], layers: int, seeds: int
) -> NDArray[np.bool_] | slice[None, None, None]:
    """Which of seeds * layers * edges rows there are: bool, or all."""
    if all(example.context is None for example in examples):
        return slice(None)
    parts = [
        np.ones((layers, e.graph.num_edges), dtype=bool)
        if e.context is None
        else e.context.effective(layers)
        for e in examples
    ]
    return np.tile(np.concatenate(parts, axis=1).reshape(-1), seeds)


def _edge_counts(examples: Sequence[Example], masks: MaskArrays) -> NDArray[np.int64]:
    counts = np.array([e.graph.num_edges for e in examples], dtype=np.int64)
    if counts.sum() != masks.scores.shape[2]:
        raise TableError(
            f"masks for {masks.scores.shape[2]} edges; the examples have {counts.sum()}"
        )
    return counts


def path_rows(
    examples: Sequence[Example], masks: MaskArrays, names: Names
) -> tuple[pd.DataFrame, int]:
    """One row per example, predicted argument and seed (:data:`linguagraph.columns.PATHS`).

    Returns:
        The rows, and how many arguments were left out because no path leads to them (a sentence
        with several roots).

    Raises:
        TableError: the masks do not have as many edges as the examples' graphs.
    """
    _edge_counts(examples, masks)
    rows: list[dict[str, object]] = []
    lost = start = 0
    trees: dict[int, TreePaths] = {}
    for example in examples:
        end = start + example.graph.num_edges
        tree = trees.get(id(example.graph))
        if tree is None:
            nodes = None if example.context is None else len(example.sentence)
            tree = trees[id(example.graph)] = TreePaths(example.graph, nodes=nodes)
        kept = masks.retained[:, :, start:end]
        shared = example_values(example, names)
        for token, role in enumerate(example.roles):
            if role is None:
                continue
            path = tree.path(example.frame.predicate, token)
            if path is None:
                lost += 1
                continue
            row = {
                **shared,
                "argument_index": token,
                "role": role,
                "gold_role": example.gold[token],
                "path": tree.name(path),
                "path_length": len(path),
                "token_distance": abs(example.frame.predicate - token),
            }
            for index, seed in enumerate(masks.seeds):
                on_path = kept[index][:, path]
                rows.append(
                    {
                        **row,
                        "seed": seed,
                        "retained_by_layer": on_path.sum(axis=1).tolist(),
                        "subpath_length": subpath_length(on_path),
                    }
                )
        start = end
    return (PATHS.check(pd.DataFrame(rows)) if rows else PATHS.empty()), lost


def subpath_length(retained: NDArray[np.bool_]) -> int:
    """Longest retained subpath ending at the end of a path, one edge per layer, layers ascending.

    Information travels one edge per layer, so that a subpath counts only if its edges are retained
    in ascending layers. Taking the highest possible layer for each edge, from the last edge
    backwards, is optimal.

    Args:
        retained: bool [layers, path length], in path order.
    """
    above, length = retained.shape[0], 0
    for edge in range(retained.shape[1] - 1, -1, -1):
        layers = np.flatnonzero(retained[:above, edge])
        if not len(layers):
            break
        above, length = int(layers[-1]), length + 1
    return length


def role_rows(examples: Sequence[Example], names: Names) -> pd.DataFrame:
    """One row per example and token with a gold or predicted role."""
    rows = [
        {
            **{k: v for k, v in example_values(example, names).items() if k != "method"},
            "token": token,
            "token_distance": abs(example.frame.predicate - token),
            "gold_role": gold,
            "role": role,
        }
        for example in examples
        for token, (gold, role) in enumerate(zip(example.gold, example.roles, strict=True))
        if gold is not None or role is not None
    ]
    return ROLES.check(pd.DataFrame(rows)) if rows else ROLES.empty()


def example_values(example: Example, names: Names) -> dict[str, object]:
    """The columns of every table that say which example a row is about."""
    lemma = example.sentence.tokens[example.frame.predicate].lemma
    return {
        "corpus": names.corpus,
        "document": example.sentence.document,
        "sentence": example.sentence.index,
        "example": example.index,
        "predicate_index": example.frame.predicate,
        "predicate_lemma": lemma or "_",
        "predicate_type": example.type,
        "model": names.model,
        "method": names.method,
    }


def _example_columns(
    examples: Sequence[Example], counts: NDArray[np.int64], names: Names
) -> dict[str, object]:
    table = pd.DataFrame([example_values(example, names) for example in examples])
    place = np.repeat(np.arange(len(examples)), counts)
    return {
        name: _take(
            pd.Categorical(table[name]) if table[name].dtype.kind not in "iu" else table[name],
            place,
        )
        for name in table.columns
    }


def _graph_columns(examples: Sequence[Example]) -> dict[str, object]:
    index = np.concatenate([_tokens(e) for e in examples], axis=1)
    offsets = np.concatenate([_offsets(e) for e in examples], axis=1)
    distances = [
        np.abs(e.graph.edge_index[0] - e.graph.edge_index[1])
        if e.context is None
        else e.context.distances
        for e in examples
    ]
    return {
        "edge": np.concatenate([np.arange(e.graph.num_edges) for e in examples]),
        "source": index[0],
        "target": index[1],
        "label": pd.Categorical([label for e in examples for label in e.graph.labels]),
        "direction": pd.Categorical([d for e in examples for d in e.graph.directions]),
        "kind": pd.Categorical([kind for e in examples for kind in e.graph.edge_kinds]),
        "source_offset": offsets[0],
        "target_offset": offsets[1],
        "token_distance": np.concatenate(distances),
    }


def _tokens(example: Example) -> NDArray[np.int64]:
    return example.graph.edge_index if example.context is None else example.context.edge_tokens


def _offsets(example: Example) -> NDArray[np.int64]:
    if example.context is None:
        return np.zeros_like(example.graph.edge_index)
    return example.context.edge_offsets


def token_kinds(examples: Sequence[Example]) -> list[NDArray[np.int64]]:
    """What each token is to its example: positions in :data:`KINDS`, one array per example.

    Args:
        examples: all examples of each sentence among them.
    """
    arguments: dict[int, NDArray[np.int64]] = {}
    for example in examples:
        there = np.array([role is not None for role in example.roles], dtype=np.int64)
        known = arguments.setdefault(example.sentence.index, np.zeros_like(there))
        known += there
    found = []
    for example in examples:
        own = np.array([role is not None for role in example.roles])
        kind = np.where(arguments[example.sentence.index] > 0, 2, 3).astype(np.int64)
        kind[own] = 1
        kind[example.frame.predicate] = 0
        found.append(kind)
    return found


def _target_columns(examples: Sequence[Example]) -> dict[str, object]:
    kinds: list[NDArray[np.int64]] = []
    roles: list[str | None] = []
    gold: list[str | None] = []
    for example, kind in zip(examples, token_kinds(examples), strict=True):
        target = example.graph.edge_index[1]
        beyond = example.graph.num_nodes - len(kind)
        kinds.append(np.concatenate((kind, np.full(beyond, 3)))[target])
        own_roles, own_gold = ((*v, *(None,) * beyond) for v in (example.roles, example.gold))
        roles.extend(own_roles[t] for t in target)
        gold.extend(own_gold[t] for t in target)
    return {
        "target_kind": pd.Categorical.from_codes(np.concatenate(kinds), categories=pd.Index(KINDS)),
        "target_role": pd.Categorical(roles),
        "target_gold_role": pd.Categorical(gold),
    }


def _take(values: object, order: NDArray[np.int64]) -> object:
    if isinstance(values, pd.Series):
        return values.to_numpy()[order]
    return values.take(order)  # type: ignore[attr-defined]
