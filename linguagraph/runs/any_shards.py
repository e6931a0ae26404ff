"""Batches under a fitted GraphMask -> rows of the edge and score tables, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch

from linguagraph.columns import EDGES
from linguagraph.edges.build import MaskArrays, Names
from linguagraph.edges.graphs import GraphEdges, graph_edge_rows, graph_score_rows
from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.amortised_loading import as_graphs
from linguagraph.masks.explainable import EdgeMask, GraphBatch, Pass
from linguagraph.masks.faithfulness import measure
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.runs.any_inputs import (
    EdgeLabels,
    Named,
    edge_names,
    needed_edges,
    node_count,
    node_numbers,
    right_answers,
)
from linguagraph.runs.any_scores import Explained, score_masks

__all__ = ["Counts", "Rows", "Shards"]

METHOD = "graphmask"
MEASURED = 300
"""Graphs, the first ones, for which keep and drop curves are measured with the first seed."""


@dataclass
class Counts:
    """Graphs, nodes, edges and answers so far.

    Attributes:
        nodes: ``None`` where the model's adapter does not tell.
        right: whether answers were compared with right ones, ``None`` before the first batch.
        dropped: reasons for leaving graphs out, with counts.
    """

    graphs: int = 0
    nodes: int | None = 0
    edges: int = 0
    answers: int = 0
    right: bool | None = None
    dropped: dict[str, int] = field(default_factory=dict)

    def leave_out(self, content: Any, size: int | None) -> None:
        """Note graphs beyond the last one: one batch, or all if their number is known."""
        reason = f"graphs beyond the first {self.graphs:,}"
        if size is not None:
            self.dropped[reason] = size - self.graphs
        else:
            left = int(getattr(content, "num_graphs", 1) or 1)
            self.dropped[reason] = self.dropped.get(reason, 0) + left


@dataclass(frozen=True)
class Rows:
    """What a batch adds to the tables.

    Attributes:
        edges, scores: see :data:`linguagraph.columns.EDGES` and ``SCORES``.
        fidelity: see ``FIDELITY``; ``None`` for batches beyond the first :data:`MEASURED` graphs.
        graphs: in the batch.
    """

    edges: pd.DataFrame
    scores: pd.DataFrame
    fidelity: pd.DataFrame | None
    graphs: int


class Shards:
    """Masks batches one after the other; graphs are numbered in the order in which they come.

    Args:
        masks: fitted.
        name: of the model; data: of the data.
        edge_labels, y, gold: see :class:`linguagraph.runs.any_model.ModelOptions`.
        seed: of the random controls.

    Raises:
        MaskError: not fitted.
    """

    def __init__(
        self,
        masks: GraphMask,
        *,
        name: str,
        data: str,
        edge_labels: EdgeLabels,
        y: Named,
        gold: Named,
        seed: int,
    ) -> None:
        if masks.probe is None:
            raise MaskError("GraphMask is not fitted: call fit(loader)")
        self.masks, self.probe, self.names = masks, masks.probe, Names(data, name, METHOD)
        self.edge_labels, self.y, self.gold, self.seed = edge_labels, y, gold, seed
        self.codes: dict[str, int] = {}
        self.counts = Counts()

    def rows(self, content: Any) -> Rows:
        """Rows of a batch.

        Raises:
            ConfigError: labels, answers or gold edges do not fit; or some batches have right
                answers and others none.
        """
        model, first = self.masks.model, self.counts.graphs
        with torch.no_grad(), frozen(model.module):
            batch = as_graphs(model, content)
            trace = model.trace(batch)
        found = self.masks.explain_seeds(batch)
        labels = edge_names(batch, self.edge_labels)
        codes = np.array(
            [self.codes.setdefault(name, len(self.codes)) for name in labels], dtype=np.int64
        )
        right = right_answers(batch, self.y, model.output, trace.output)
        self._count(batch, trace, right is not None)
        if not batch.num_edges:
            edges = EDGES.empty()
        else:
            edges = graph_edge_rows(
                self._edges(batch, trace, labels, first), _arrays(found, trace), self.names
            )
        explained = Explained(
            batch=batch,
            trace=trace,
            masks=found,
            baselines=[self.probe.baselines(place) for place in range(len(self.masks.seeds))],
            labels=codes,
            right=right,
        )
        scored = score_masks(model, explained, random=np.random.default_rng([self.seed, first]))
        scores = graph_score_rows(scored, first=first, model=self.names.model, method=METHOD)
        fidelity = None
        if first < MEASURED:
            fidelity = measure(
                model,
                [batch],
                found[:1],
                labels=[torch.from_numpy(codes)],
                baselines=explained.baselines[0],
                seed=(self.seed, first),
                name=self.names.model,
                first=first,
            )
        return Rows(edges, scores, fidelity, batch.num_graphs)

    def _edges(self, batch: GraphBatch, trace: Pass, labels: list[str], first: int) -> GraphEdges:
        ends = node_numbers(batch)
        return GraphEdges(
            first=first,
            graph=batch.edge_graph.cpu().numpy().astype(np.int64),
            source=ends[0],
            target=ends[1],
            labels=labels,
            sets=batch.edge_sets,
            present=trace.present.cpu().numpy(),
            needed=needed_edges(batch, self.gold, self.masks.model.num_layers),
        )

    def _count(self, batch: GraphBatch, trace: Pass, right: bool) -> None:
        counts = self.counts
        if counts.right not in (None, right):
            raise ConfigError(
                "some batches have right answers that fit the model's output and others have "
                "none; give y=None to compare with the model's own answers"
            )
        counts.right = right
        nodes = node_count(batch)
        counts.nodes = None if nodes is None or counts.nodes is None else counts.nodes + nodes
        counts.graphs += batch.num_graphs
        counts.edges += batch.num_edges
        counts.answers += int(trace.asked.sum())


def _arrays(found: list[EdgeMask], trace: Pass) -> MaskArrays:
    own = None if trace.own is None else trace.own.cpu().numpy().astype(np.float32)
    return MaskArrays(
        tuple(mask.seed for mask in found),
        np.stack([mask.scores.cpu().numpy().astype(np.float32) for mask in found]),
        np.stack([mask.retained.cpu().numpy() for mask in found]),
        own,
    )
