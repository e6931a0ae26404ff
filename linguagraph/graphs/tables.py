"""Graphs of several sentences <-> one table, a row per edge."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from linguagraph.columns import GRAPHS
from linguagraph.errors import TableError
from linguagraph.graphs.textgraph import TextGraph

__all__ = ["graph_rows", "graphs_from_rows"]


def graph_rows(graphs: Mapping[int, TextGraph]) -> pd.DataFrame:
    """Graphs by sentence -> :data:`linguagraph.columns.GRAPHS`; an empty graph gets one row."""
    rows: list[tuple[int, int, int, int, int, str, str]] = []
    for sentence, graph in graphs.items():
        if not graph.num_edges:
            rows.append((sentence, graph.num_nodes, -1, -1, -1, "", ""))
        sources, targets = graph.edge_index.tolist()
        rows.extend(
            (sentence, graph.num_nodes, edge, *ends)
            for edge, ends in enumerate(
                zip(sources, targets, graph.labels, graph.directions, strict=True)
            )
        )
    return GRAPHS.check(pd.DataFrame(rows, columns=list(GRAPHS.names)))


def graphs_from_rows(rows: pd.DataFrame) -> dict[int, TextGraph]:
    """The inverse of :func:`graph_rows`.

    Raises:
        TableError: the edge ids of a graph do not count from 0.
        ConfigError: an edge leaves its graph.
    """
    codes, sentences = pd.factorize(rows["sentence"].to_numpy())
    order = np.lexsort((rows["edge"].to_numpy(), codes))
    nodes, edge, source, target = (
        rows[name].to_numpy()[order] for name in ("nodes", "edge", "source", "target")
    )
    labels, directions = (
        np.asarray(rows[name].astype(str), dtype=object)[order] for name in ("label", "direction")
    )
    ends = np.cumsum(np.bincount(codes, minlength=len(sentences))).tolist()
    found = {}
    for sentence, start, end in zip(sentences.tolist(), [0, *ends][:-1], ends, strict=True):
        part = slice(start + int((edge[start:end] < 0).sum()), end)
        ids = edge[part].tolist()
        if ids != list(range(len(ids))):
            raise TableError(
                f"sentence {sentence}: edge ids {ids[:20]}; expected 0 to {len(ids) - 1}, each once"
            )
        found[int(sentence)] = TextGraph(
            num_nodes=int(nodes[start]),
            edge_index=np.stack((source[part], target[part])).astype(np.int64),
            labels=tuple(labels[part]),
            directions=tuple(directions[part]),
        )
    return found
