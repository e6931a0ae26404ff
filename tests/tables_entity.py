"""Small runs on questions with known answers: by hand, and a planted one with chains and scores.

The planted run: every item has six mentions, 0 (subject) and 1 (bridge) in support 0, 2 (bridge),
3 (candidate 0, predicted, right) and 4 (coreferent, of candidate 0) in support 1, 5 (candidate
1) in support 2. Edges, both ways: DOC-BASED 0-1, 2-3, 2-4, 3-4; MATCH 1-2; COREF 3-4, and 1-2 in
even items; COMPLEMENT for the ten other pairs: 32 directed edges, 34 in even items.

Retained by every seed: in layer 0 DOC-BASED 0->1 and 1->0, in layer 1 MATCH 1->2 and 2->1, in
layer 2 DOC-BASED 2->3 alone: five edges, and the path 0 > 1 > 2 > 3 from subject to prediction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from linguagraph.columns import ATTRIBUTIONS, CHAINS, ITEMS, MENTIONS, PATHS, ROLES, SCORES
from linguagraph.edges.build import MaskArrays, Names
from linguagraph.edges.graphs import GraphEdges, Scored, graph_edge_rows, graph_score_rows
from linguagraph.edges.storage import RunTables

__all__ = ["edge_table", "empty_entity_run", "entity_run", "mention_table"]

Edge = tuple[int, int, str]
Vote = tuple[int, int, int, int]

LABELS = ("MATCH", "DOC-BASED", "COREF", "COMPLEMENT")
ROLES_OF = ("subject", "bridge", "bridge", "candidate", "coreferent", "candidate")
CANDIDATES = (-1, -1, -1, 0, 0, 1)
SUPPORTS = (0, 0, 1, 1, 1, 2)
JOINED = {(0, 1): "DOC-BASED", (2, 3): "DOC-BASED", (2, 4): "DOC-BASED", (3, 4): "DOC-BASED"}
KEPT = ((0, 0, 1), (0, 1, 0), (1, 1, 2), (1, 2, 1), (2, 2, 3))
"""Layer, source and target of the retained edges."""


def edge_table(
    graphs: Sequence[Sequence[Edge]],
    retained: Collection[Vote],
    *,
    layers: int = 3,
    seeds: int = 1,
    present: Collection[int] | None = None,
) -> pd.DataFrame:
    """An edge table from the edges of every item and the retained (seed, item, layer, edge).

    ``present``: the layers that have rows; all by default.
    """
    item = np.repeat(np.arange(len(graphs)), [len(g) for g in graphs])
    flat = [edge for graph in graphs for edge in graph]
    first = np.cumsum([0, *(len(g) for g in graphs)])
    kept = np.zeros((seeds, layers, len(flat)), dtype=np.bool_)
    for seed, example, layer, edge in retained:
        kept[seed, layer, first[example] + edge] = True
    rows = np.ones((layers, len(flat)), dtype=np.bool_)
    if present is not None:
        rows[[k for k in range(layers) if k not in present]] = False
    edges = GraphEdges(
        first=0,
        graph=item,
        source=np.array([u for u, _, _ in flat], dtype=np.int64),
        target=np.array([v for _, v, _ in flat], dtype=np.int64),
        labels=[label for _, _, label in flat],
        sets=(("edges", len(flat)),),
        present=rows,
    )
    masks = MaskArrays(tuple(range(seeds)), kept.astype(np.float32), kept, None)
    return graph_edge_rows(edges, masks, Names("toy", "qa", "graphmask"))


def mention_table(items: Iterable[Sequence[str]]) -> pd.DataFrame:
    """Mentions from words: "subject", "bridge", or a candidate's number, with "*" if predicted."""
    rows = []
    for example, nodes in enumerate(items):
        for node, word in enumerate(nodes):
            number = word.rstrip("*")
            role = "candidate" if number.isdigit() else word
            candidate = int(number) if number.isdigit() else -1
            rows.append(_mention(example, node, role, candidate, predicted=word.endswith("*")))
    return MENTIONS.check(pd.DataFrame(rows)) if rows else MENTIONS.empty()


def _mention(
    example: int, node: int, role: str, candidate: int, *, predicted: bool, support: int = 0
) -> dict[str, Any]:
    return {
        "example": example,
        "node": node,
        "support": support,
        "start": node,
        "end": node + 1,
        "text": f"m{node}",
        "left": "",
        "right": "",
        "role": role,
        "candidate": candidate,
        "chain": -1,
        "predicted": predicted,
        "answer": predicted,
        "gold_support": ("subject", "answer", "")[support],
        "gold_bridge": node == 1,
    }


def _graph(example: int) -> list[Edge]:
    pairs: list[Edge] = []
    for u, v in combinations(range(6), 2):
        labels = [JOINED[u, v]] if (u, v) in JOINED else []
        labels = labels + (["MATCH"] if (u, v) == (1, 2) else [])
        labels = labels + (["COREF"] if (u, v) == (3, 4) else [])
        labels = labels + (["COREF"] if (u, v) == (1, 2) and example % 2 == 0 else [])
        for label in labels or ["COMPLEMENT"]:
            pairs += [(u, v, label), (v, u, label)]
    return sorted(pairs, key=lambda edge: (LABELS.index(edge[2]), edge[0], edge[1]))


def entity_run(*, items: int = 12, seeds: int = 2, gold: bool = True) -> RunTables:
    """The planted run; ``gold``: whether answers and gold reasoning are known.

    Accuracy: the model is right in all items but the first; without MATCH in half of them, without
    layer 0 in none, without anything else as with all edges.
    """
    graphs = [_graph(example) for example in range(items)]
    votes = [
        (seed, example, layer, edge)
        for seed in range(seeds)
        for example, graph in enumerate(graphs)
        for layer, u, v in KEPT
        for edge, (source, target, label) in enumerate(graph)
        if (source, target) == (u, v) and label != "COREF"
    ]
    mentions = MENTIONS.check(
        pd.DataFrame(
            [
                _mention(
                    example,
                    node,
                    ROLES_OF[node],
                    CANDIDATES[node],
                    predicted=CANDIDATES[node] == 0,
                    support=SUPPORTS[node],
                )
                for example in range(items)
                for node in range(6)
            ]
        )
    )
    known = np.arange(items)
    table = pd.DataFrame(
        {
            "example": known,
            "id": [f"item {i}" for i in known],
            "query": "country Ann",
            "relations": "country",
            "subject": "Ann",
            "answer_type": "",
            "supports": 3,
            "candidates": 2,
            "nodes": 6,
            "predicted": "Oz",
            "answer": ["Oz" if gold else None] * items,
            "correct": ["" if not gold else "no" if i == 0 else "yes" for i in known],
            "gold_subject_support": 0 if gold else -1,
            "gold_answer_support": 1 if gold else -1,
            "bridge": ["Emerald" if gold and i % 2 == 0 else "" for i in known],
        }
    )
    return RunTables(
        edges=edge_table(graphs, votes, seeds=seeds),
        paths=PATHS.empty(),
        roles=ROLES.empty(),
        scores=_scores(items, graphs),
        manifest={"language": False, "corpus": {"name": "toy"}, "model": {"name": "qa"}},
        items=ITEMS.check(table),
        mentions=mentions,
        chains=_chains(items, seeds) if gold else CHAINS.empty(),
        attributions=_attributions(items, seeds),
    )


def _scores(items: int, graphs: Sequence[Sequence[Edge]]) -> pd.DataFrame:
    right, ones = np.arange(items) > 0, np.ones(items, dtype=np.int64)
    edges = np.array([3 * len(graph) for graph in graphs])
    values: Mapping[str, Any] = {
        "original": right,
        "removed_MATCH": right & (np.arange(items) % 2 == 0),
        **{f"removed_{name}": right for name in LABELS[1:]},
        "removed_layer_0": np.zeros(items, dtype=np.bool_),
        "removed_layer_1": right,
        "removed_layer_2": right,
    }
    scored = [Scored(n, -1, v.astype(np.int64), ones, edges, edges) for n, v in values.items()]
    scored += [Scored("retained_100", 0, right.astype(np.int64), ones, 0 * edges + 5, edges)]
    return graph_score_rows(scored, first=0, model="qa", method="graphmask")


def _chains(items: int, seeds: int) -> pd.DataFrame:
    """Every method keeps four of ten edges, three of six gold ones; random edges one of them."""
    rows = []
    for method in ("graphmask", "gnnexplainer"):
        for control, draws in (("method", 1), ("random", 2), ("random_labels", 2)):
            own = control == "method"
            rows += [
                {
                    "method": method,
                    "seed": seed,
                    "example": example,
                    "control": control,
                    "draw": draw,
                    "retained": 4,
                    "edges": 10,
                    "gold_retained": 3 if own else 1,
                    "gold_edges": 6,
                    "supports": 2 if own else 1,
                    "path": own or example % 2 == 0,
                    "gold_path": own,
                    "bridge_path": own and example % 4 == 0,
                }
                for draw in range(draws)
                for seed in range(seeds)
                for example in range(items)
            ]
    return CHAINS.check(pd.DataFrame(rows))


def _attributions(items: int, seeds: int) -> pd.DataFrame:
    """GraphMask gives layers 0 to 2 the totals 6, 3 and 1, gradients the reverse."""
    totals = {"graphmask": (6.0, 3.0, 1.0), "integrated_gradients": (1.0, 3.0, 6.0)}
    rows = [
        {
            "method": method,
            "seed": seed,
            "example": example,
            "layer": layer,
            "level": level,
            "above": above,
            "edges": 20,
            "total": total if example else 0.0,
        }
        for method, parts in totals.items()
        for seed in range(seeds if method == "graphmask" else 1)
        for example in range(items)
        for layer, total in enumerate(parts)
        for level, above in ((0.0, 10), (0.5, 5), (0.9, 0))
    ]
    return ATTRIBUTIONS.check(pd.DataFrame(rows))


def empty_entity_run() -> RunTables:
    """Tables without a row."""
    run = entity_run(items=1)
    return replace(
        run,
        edges=run.edges.iloc[:0],
        scores=SCORES.empty(),
        items=ITEMS.empty(),
        mentions=MENTIONS.empty(),
        chains=CHAINS.empty(),
        attributions=ATTRIBUTIONS.empty(),
    )
