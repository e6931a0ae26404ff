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
    found = {}
    for sentence, group in rows.groupby("sentence", sort=False):
        edges = group[group["edge"] >= 0].sort_values("edge")
        if edges["edge"].tolist() != list(range(len(edges))):
            raise TableError(
                f"sentence {sentence}: edge ids {edges['edge'].tolist()[:20]}; expected "
                f"0 to {len(edges) - 1}, each once"
            )
        found[int(str(sentence))] = TextGraph(
            num_nodes=int(group["nodes"].iloc[0]),
            edge_index=edges[["source", "target"]].to_numpy(dtype=np.int64).T,
            labels=tuple(edges["label"].astype(str)),
            directions=tuple(edges["direction"].astype(str)),
        )
    return found
