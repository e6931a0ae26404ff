"""Questions under a fitted GraphMask, and under other methods -> rows of a run's tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from linguagraph.columns import EDGES, FIDELITY, QA_TABLES, SCORES, Table
from linguagraph.edges.build import MaskArrays, Names
from linguagraph.edges.graphs import GraphEdges, graph_edge_rows, graph_score_rows
from linguagraph.graphs.entity import RELATIONS
from linguagraph.masks.controls import draw_like
from linguagraph.masks.explainable import EdgeMask, GraphBatch
from linguagraph.masks.faithfulness import measure
from linguagraph.masks.frozen import frozen
from linguagraph.masks.qa_model import EDGES as KIND
from linguagraph.masks.rivals.method import Method
from linguagraph.models.qa_batch import by_size
from linguagraph.models.qa_examples import QaExample
from linguagraph.runs.any_scores import Explained, score_masks
from linguagraph.runs.qa_models import ExplainedQa
from linguagraph.runs.qa_rows import (
    attribution_rows,
    gold_rows,
    item_rows,
    mention_rows,
    removal_scores,
)

__all__ = ["QaMasker", "Shard"]

METHOD = "graphmask"
DRAWS = 3
"""Random draws per control."""

MEASURED = 100
"""Questions, the first ones, for which keep and drop curves are measured with the first seed."""

_BY_EXAMPLE = {"edges": "example", "scores": "sentence", "fidelity": "graph"}

Tick = Callable[[int], Any]


@dataclass
class Shard:
    """Frames of the tables that a part of the questions gives."""

    parts: dict[str, list[pd.DataFrame]] = field(default_factory=dict)

    def add(self, name: str, frame: pd.DataFrame) -> None:
        """Add rows of a table."""
        self.parts.setdefault(name, []).append(frame)

    def frames(self) -> Iterator[tuple[Table, pd.DataFrame]]:
        """Every table that has rows, in the order of the questions."""
        known = {table.name: table for table in (EDGES, SCORES, FIDELITY)} | QA_TABLES
        for name, parts in self.parts.items():
            frame = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
            order = frame[_BY_EXAMPLE.get(name, "example")].to_numpy().argsort(kind="stable")
            yield known[name], known[name].check(frame.iloc[order].reset_index(drop=True))


class QaMasker:
    """Explains questions one shard after the other.

    Args:
        explained: model and fitted masks.
        corpus: name of the file.
        cells: node pairs per batch.
        seed: of random controls; they belong to it and to the first question of the shard.
        answered: whether all answers are known; else the model's own ones are the right ones.
    """

    def __init__(
        self,
        explained: ExplainedQa,
        *,
        corpus: str,
        cells: int = 40_000,
        seed: int = 0,
        answered: bool = True,
    ) -> None:
        self.explained, self.cells, self.seed = explained, cells, seed
        self.answered = answered
        self.masks, self.model = explained.masks, explained.masks.model
        self.names = Names(corpus, explained.name, METHOD)

    def rows(
        self, examples: Sequence[QaExample], *, first: int, tick: Tick = lambda n: None
    ) -> Shard:
        """All tables of some questions under GraphMask.

        Args:
            examples: in the order of the run; first: number of the first one.
            tick: told of the number of questions that are done.
        """
        shard = Shard()
        random = np.random.default_rng([self.seed, first])
        for part in by_size([e.num_nodes for e in examples], cells=self.cells):
            chosen, numbers = [examples[i] for i in part], [first + i for i in part]
            with frozen(self.explained.model):
                self._batch(shard, chosen, numbers, random)
            tick(len(part))
        return shard

    def _batch(
        self,
        shard: Shard,
        examples: list[QaExample],
        numbers: list[int],
        random: np.random.Generator,
    ) -> None:
        model = self.model
        batch = model.batch(examples)
        trace = model.trace(batch)
        found = self.masks.explain_seeds(batch)
        predicted = trace.output.argmax(-1).tolist()
        right = batch.content.answer if self.answered else None
        probe: Any = self.masks.probe
        explained = Explained(
            batch=batch,
            trace=trace,
            masks=found,
            baselines=[probe.baselines(place) for place in range(len(self.masks.seeds))],
            labels=batch.content.relation.cpu().numpy(),
            right=right,
        )
        shard.add("items", item_rows(examples, numbers, predicted))
        shard.add("mentions", mention_rows(examples, numbers, predicted))
        shard.add("edges", self._edge_rows(examples, batch, found, numbers))
        scored = [
            *score_masks(model, explained, random=random),
            *removal_scores(model, batch, trace, batch.content.relation, right),
        ]
        scores = graph_score_rows(scored, first=0, model=self.names.model, method=METHOD)
        shard.add("scores", _renumbered(scores, numbers, "sentence"))
        for mask in found:
            self._compared(shard, examples, numbers, batch, mask, METHOD, random)
        if min(numbers) < MEASURED:
            curves = measure(
                model,
                [batch],
                found[:1],
                labels=[torch.from_numpy(explained.labels)],
                baselines=explained.baselines[0],
                seed=(self.seed, numbers[0]),
                name=self.names.model,
            )
            curves = _renumbered(curves, numbers, "sentence", "graph")
            shard.add("fidelity", curves[curves["graph"] < MEASURED])

    def rival(
        self,
        method: str,
        examples: Sequence[QaExample],
        *,
        first: int,
        tick: Tick | None = None,
    ) -> Shard:
        """What the tables that compare methods say of another method.

        A method that gives scores keeps as many edges of each question as GraphMask's first seed.

        Args:
            method: key of :data:`linguagraph.masks.rivals.METHODS`.
            examples: in the order of the run; first: number of the first one.
            tick: told of the number of questions that are done.
        """
        shard = Shard()
        one = _method(method)
        random = np.random.default_rng([self.seed, first, 1])
        for part in by_size([e.num_nodes for e in examples], cells=self.cells):
            chosen, numbers = [examples[i] for i in part], [first + i for i in part]
            mask = one.explain(self.model, chosen, seed=0, first=numbers[0])
            batch = self.model.batch(chosen)
            if not one.hard:
                mask = _as_many(mask, self.masks.explain(batch), batch)
            self._compared(shard, chosen, numbers, batch, mask, method, random)
            if tick is not None:
                tick(len(part))
        return shard

    def _compared(
        self,
        shard: Shard,
        examples: list[QaExample],
        numbers: list[int],
        batch: GraphBatch,
        mask: EdgeMask,
        method: str,
        random: np.random.Generator,
    ) -> None:
        gold = gold_rows(examples, numbers, mask, method=method, draws=DRAWS, random=random)
        shard.add("chains", gold)
        shard.add("attributions", attribution_rows(batch, numbers, mask, method=method))

    def _edge_rows(
        self,
        examples: list[QaExample],
        batch: GraphBatch,
        found: Sequence[EdgeMask],
        numbers: list[int],
    ) -> pd.DataFrame:
        ends = np.concatenate([e.graph.edge_index for e in examples], 1)
        edges = GraphEdges(
            first=0,
            graph=batch.edge_graph.cpu().numpy().astype(np.int64),
            source=ends[0],
            target=ends[1],
            labels=[RELATIONS[code] for code in batch.content.relation.tolist()],
            sets=((KIND, batch.num_edges),),
            present=found[0].present.cpu().numpy(),
        )
        arrays = MaskArrays(
            tuple(mask.seed for mask in found),
            np.stack([mask.scores.cpu().numpy().astype(np.float32) for mask in found]),
            np.stack([mask.retained.cpu().numpy() for mask in found]),
            None,
        )
        rows = graph_edge_rows(edges, arrays, self.names)
        return _renumbered(rows, numbers, "sentence", "example")


def _method(name: str) -> Method:
    """A method at its defaults; GNNExplainer with a mask for each layer, which tables compare."""
    from linguagraph.masks.rivals import find_method
    from linguagraph.masks.rivals.gnnexplainer import GNNExplainerConfig

    make = find_method(name)
    return make(GNNExplainerConfig(per_layer=True)) if name == "gnnexplainer" else make()


def _renumbered(frame: pd.DataFrame, numbers: Sequence[int], *columns: str) -> pd.DataFrame:
    """Numbers within a batch -> numbers in the run."""
    known = np.asarray(numbers)
    return frame.assign(**{name: known[frame[name].to_numpy()] for name in columns})


def _as_many(mask: EdgeMask, like: EdgeMask, batch: GraphBatch) -> EdgeMask:
    """The edges with the highest scores, as many of each graph as another mask retains."""
    layers = mask.num_layers
    graph = np.tile(batch.edge_graph.cpu().numpy(), layers).astype(np.int64)
    kept: NDArray[np.bool_] = (like.retained & like.present).cpu().numpy().reshape(-1)
    order = -mask.scores.double().cpu().numpy().reshape(-1)
    chosen = draw_like(kept, graph, order).reshape(layers, -1)
    retained = torch.from_numpy(chosen).to(mask.present.device)
    return EdgeMask(
        mask.scores, retained & mask.present, mask.present, mask.edge_sets, mask.method, mask.seed
    )
