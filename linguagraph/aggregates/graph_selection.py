"""Items in, the graphs that a report draws out, chosen by rule, and the part that is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import Items
from linguagraph.aggregates.statistics import FloatArray

__all__ = ["GraphChoice", "part_of_graph", "select_graphs"]


@dataclass(frozen=True, slots=True)
class GraphChoice:
    """A graph to draw.

    Attributes:
        rule: "typical", "densest" or "disagreement".
        graph: its number in the tables.
        reason: what the rule looked at, with the numbers.
    """

    rule: str
    graph: int
    reason: str


def select_graphs(items: Items, *, max_edges: int = 40) -> tuple[GraphChoice, ...]:
    """Choose a typical graph, one of which much is retained, and one the seeds disagree about.

    * typical: retained share and number of edges closest to their medians (distances in median
      absolute deviations, added);
    * densest: the largest retained share;
    * disagreement: the largest share of disagreeing pairs of seeds, if there is any disagreement.

    Graphs of more than ``max_edges`` edges are passed over unless there are no others, no graph is
    chosen twice, and ties go to the lowest number.
    """
    table = _graphs(items)
    if (table["edges"] <= max_edges).any():
        table = table[table["edges"] <= max_edges]
    chosen: list[GraphChoice] = []
    for rule in (_typical, _densest, _disagreement):
        left = table[~table["graph"].isin([choice.graph for choice in chosen])]
        found = rule(left) if len(left) else None
        if found is not None:
            chosen.append(found)
    return tuple(chosen)


def part_of_graph(edges: pd.DataFrame, *, max_nodes: int = 24) -> pd.DataFrame:
    """The rows of one graph's edges that a drawing has room for.

    All of them, if the graph has at most ``max_nodes`` nodes with edges; else those between the
    node that receives most retained messages (in the layers and seeds of ``edges``) and the nodes
    nearest to it over retained edges, then over any.

    Args:
        edges: ``source``, ``target``, ``retained_share`` and anything else.
        max_nodes: at least 1.
    """
    nodes = {*edges["source"].tolist(), *edges["target"].tolist()}
    if len(nodes) <= max_nodes:
        return edges
    incoming = edges.groupby("target")["retained_share"].sum().sort_index()
    start = int(incoming.index.to_numpy()[int(np.argmax(incoming.to_numpy()))])
    kept = edges[edges["retained_share"] > 0]
    near = _nearest(kept, {start: None}, max_nodes)
    near = _nearest(edges, near, max_nodes)
    return edges[edges["source"].isin(list(near)) & edges["target"].isin(list(near))]


def _nearest(edges: pd.DataFrame, known: dict[int, None], most: int) -> dict[int, None]:
    """Add nodes to ``known`` in the order of their distance against the edges' direction."""
    into: dict[int, list[int]] = {}
    for source, target in zip(edges["source"].tolist(), edges["target"].tolist(), strict=True):
        into.setdefault(int(target), []).append(int(source))
    found = dict(known)
    waiting = list(found)
    while waiting and len(found) < most:
        node = waiting.pop(0)
        for source in into.get(node, ()):
            if source not in found and len(found) < most:
                found[source] = None
                waiting.append(source)
    return found


def _graphs(items: Items) -> pd.DataFrame:
    """One row per graph: number, edges, retained share, disagreement."""
    size, raters = len(items.examples), len(items.seeds)
    count = np.maximum(np.bincount(items.example, minlength=size), 1)
    rated = np.bincount(items.example, weights=items.rated, minlength=size)
    share = np.bincount(items.example, weights=items.retained, minlength=size)
    k, n = items.retained, items.rated
    pairs = 2 * k * (n - k) / max(1, raters * (raters - 1))
    edge = items.column("edge").astype(np.int64)
    most = np.zeros(size, dtype=np.int64)
    np.maximum.at(most, items.example, edge + 1)
    return pd.DataFrame(
        {
            "graph": items.examples,
            "edges": most,
            "share": share / np.maximum(rated, 1),
            "disagreement": np.bincount(items.example, weights=pairs, minlength=size) / count,
        }
    )


def _typical(table: pd.DataFrame) -> GraphChoice:
    share, edges = table["share"].to_numpy(), table["edges"].to_numpy(dtype=np.float64)
    row = table.iloc[int(np.argmin(_deviation(share) + _deviation(edges)))]
    return GraphChoice(
        "typical",
        int(row["graph"]),
        f"{row['share']:.1%} of its edges retained (median {np.median(share):.1%}), "
        f"{row['edges']:.0f} edges (median {np.median(edges):.0f})",
    )


def _densest(table: pd.DataFrame) -> GraphChoice:
    row = table.iloc[int(np.argmax(table["share"].to_numpy()))]
    reason = f"the largest share of edges retained, {row['share']:.1%}"
    return GraphChoice("densest", int(row["graph"]), reason)


def _disagreement(table: pd.DataFrame) -> GraphChoice | None:
    row = table.iloc[int(np.argmax(table["disagreement"].to_numpy()))]
    if not row["disagreement"] > 0:
        return None
    return GraphChoice(
        "disagreement",
        int(row["graph"]),
        f"two seeds disagree about {row['disagreement']:.1%} of its edges (mean over pairs of "
        f"seeds), against a median of {table['disagreement'].median():.1%}",
    )


def _deviation(values: FloatArray) -> FloatArray:
    """Distance from the median in median absolute deviations; in the values' unit if that is 0."""
    distance = np.abs(values - np.median(values))
    spread = float(np.median(distance))
    return distance / spread if spread > 0 else distance
