"""A model, batches and their masks -> a long table of what happens without parts of the edges.

For each graph a mask gives a ranking of the present (layer, edge) pairs, its scores, and a hard
choice, the retained ones. The model is run again on parts of the edges, the conditions:

* ``keep_P`` keeps the top P% by score, ``drop_P`` drops them and keeps the others, for P in
  :data:`linguagraph.masks.choices.SHARES`; ties are broken at random, and P% is rounded to whole
  edges, halves up;
* ``mask`` keeps the retained, ``complement`` everything but the retained.

Each is done again with edges drawn at random in the place of the chosen ones, the controls:
``random`` draws as many per graph and layer, ``random_labels`` as many per graph, layer and edge
label. One draw is one random order for all shares, so that its choices are nested as a method's.
What is dropped sends a baseline (fill ``baselines``) or nothing (fill ``zeros``).

Sources: DeYoung et al. (2020), "ERASER", section 4.2, for sufficiency and comprehensiveness; Amara
et al. (2022), "GraphFramEx", section 3, for fidelity, in the reading of
``torch_geometric.explain.metric.fidelity``; Agarwal et al. (2023), "Evaluating explainability for
graph neural networks", for unfaithfulness. :mod:`linguagraph.aggregates.faithfulness_curves` turns
the table into those measures. Controls of equal size and label mix are our addition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from linguagraph.columns import FIDELITY
from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.choices import choices
from linguagraph.masks.explainable import EdgeMask, Explainable, GraphBatch, divergence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.outputs import Output

__all__ = ["measure"]

Bools = NDArray[np.bool_]

_NAMES = ("condition", "control", "draw", "fill")


def measure(
    model: Explainable,
    batches: Sequence[GraphBatch],
    masks: Sequence[EdgeMask],
    *,
    labels: Sequence[Tensor] | None = None,
    gold: Sequence[Tensor] | None = None,
    baselines: Sequence[Tensor | None] | None = None,
    draws: int = 3,
    seed: int | Sequence[int] = 0,
    name: str = "model",
    sentences: Sequence[int] | None = None,
    predicate_types: Sequence[str] | None = None,
    first: int = 0,
    advance: Callable[[int], None] = lambda graphs: None,
) -> pd.DataFrame:
    """Run a model under every condition and control.

    Averages within a graph are over its asked units (:attr:`Pass.asked`), with their weights
    scaled to a sum of 1. A graph without edges or without asked units has no rows.

    Args:
        model: any model with an adapter; left as it is.
        batches: the graphs.
        masks: one per batch, all of one method and seed.
        labels: per batch int64 [E], code of each edge's label; ``None`` leaves the control
            ``random_labels`` out.
        gold: per batch the right answers: int64 [U] of classes for classification, [U, C] of 0 and
            1 for several labels; units with a number below 0 are not counted.
        baselines: one per site, float [D] or ``None`` for zeros; ``None`` for methods without
            any, for which only zeros are put in the place of messages.
        draws: of each control.
        seed: of the draws.
        name: of the model, for the table.
        sentences, predicate_types: per graph, all batches one after another; by default the number
            of the graph and "graph".
        first: number of the first graph.
        advance: told of the number of graphs that are done, after each batch.

    Returns:
        :data:`linguagraph.columns.FIDELITY`.

    Raises:
        ConfigError: batches, masks and what describes them differ in number.
        MaskError: a mask does not fit its batch.
    """
    starts = np.cumsum([0, *(batch.num_graphs for batch in batches)])
    lengths = {"masks": (len(masks), len(batches))}
    for what, given in (("labels", labels), ("gold", gold)):
        lengths |= {} if given is None else {what: (len(given), len(batches))}
    for what, about in (("sentences", sentences), ("predicate_types", predicate_types)):
        lengths |= {} if about is None else {what: (len(about), int(starts[-1]))}
    for what, (found, expected) in lengths.items():
        if found != expected:
            raise ConfigError(f"{found} {what}; expected {expected}")
    if draws < 1:
        raise ConfigError(f"draws={draws}; expected at least 1")
    random = np.random.default_rng(seed)
    frames = []
    for number, (batch, mask) in enumerate(zip(batches, masks, strict=True)):
        one = _Batch(
            model,
            batch,
            mask,
            labels=None if labels is None else labels[number],
            gold=None if gold is None else gold[number],
            baselines=baselines,
        )
        frame = one.table(draws, random)
        at = frame["graph"].to_numpy() + starts[number]
        frame["graph"] = at + first
        frame["sentence"] = at + first if sentences is None else np.asarray(sentences)[at]
        types = "graph" if predicate_types is None else np.asarray(predicate_types, object)[at]
        frames.append(frame.assign(predicate_type=types))
        advance(batch.num_graphs)
    if not frames:
        return FIDELITY.empty()
    whole = pd.concat(frames, ignore_index=True)
    methods = {(mask.method, mask.seed) for mask in masks}
    if len(methods) > 1:
        raise ConfigError(f"masks of {sorted(methods)}; measure one method and seed at a time")
    return FIDELITY.check(whole.assign(model=name, method=masks[0].method, seed=masks[0].seed))


class _Batch:
    """One batch under one mask; what every condition needs of the unmasked pass."""

    def __init__(
        self,
        model: Explainable,
        batch: GraphBatch,
        mask: EdgeMask,
        *,
        labels: Tensor | None,
        gold: Tensor | None,
        baselines: Sequence[Tensor | None] | None,
    ) -> None:
        with torch.no_grad(), frozen(model.module):
            self.trace = model.trace(batch)
        expected = tuple(self.trace.present.shape)
        if tuple(mask.scores.shape) != expected:
            raise MaskError(f"a mask [L, E] of {tuple(mask.scores.shape)}; expected {expected}")
        if labels is not None and tuple(labels.shape) != expected[1:]:
            raise MaskError(f"labels of shape {tuple(labels.shape)}; expected [E] = {expected[1:]}")
        self.model, self.batch, self.mask, self.labels = model, batch, mask, labels
        self.fills: dict[str, Sequence[Tensor | None] | None] = {"zeros": None}
        if baselines is not None:
            self.fills = {"baselines": baselines, **self.fills}
        self.gold = None if gold is None else gold.to(self.trace.output.device)
        self.weights = _scaled(batch, (self.trace.weights * self.trace.asked).double())
        self.known = self.weights
        if self.gold is not None:
            sure = (self.gold >= 0).flatten(1).all(-1) if self.gold.dim() > 1 else self.gold >= 0
            self.known = _scaled(batch, self.weights * sure)
        self.original = self._right(self.trace.output)
        self.memory: dict[tuple[str, bytes], dict[str, NDArray[np.float64]]] = {}

    def table(self, draws: int, random: np.random.Generator) -> pd.DataFrame:
        """Rows of all conditions; graphs are numbered from 0."""
        batch, output = self.batch, self.trace.output
        graph = batch.edge_graph.cpu().numpy().astype(np.int64)
        present = self.mask.present.cpu().numpy()
        edges = self._per_edge(present, graph)
        weight = batch.per_graph(self.weights, batch.unit_graph).cpu().numpy()
        units = batch.per_graph((self.weights > 0).double(), batch.unit_graph).cpu().numpy()
        rows = np.flatnonzero((edges > 0) & (weight > 0))
        codes = None if self.labels is None else self.labels.cpu().numpy().astype(np.int64)
        names: list[tuple[str, str, int, str]] = []
        found: dict[str, list[NDArray[Any]]] = {}
        for choice in choices(self.mask, graph, labels=codes, draws=draws, random=random):
            for condition, kept in (
                (choice.keep, choice.chosen),
                (choice.drop, present & ~choice.chosen),
            ):
                for fill in self.fills:
                    names.append((condition, choice.control, choice.draw, fill))
                    values = self._outcome(fill, kept, present)
                    for key, value in {**values, "kept": self._per_edge(kept, graph)}.items():
                        found.setdefault(key, []).append(value[rows])
        fixed = {
            "graph": np.arange(batch.num_graphs),
            "edges": edges,
            "units": units,
            "original_confidence": self._mean(self.model.output.confidence(output, output)),
            "original_correct": self._mean(self.original, known=True),
        }
        table = {key: np.tile(value[rows], len(names)) for key, value in fixed.items()}
        table |= {key: np.concatenate(values) for key, values in found.items()}
        for key, column in zip(_NAMES, zip(*names, strict=True), strict=True):
            table[key] = np.repeat(np.array(column, dtype=object), len(rows))
        return pd.DataFrame(table)

    def _per_edge(self, flags: Bools, graph: NDArray[np.int64]) -> NDArray[np.int64]:
        """Flags [L, E] counted by graph, int64 [G]."""
        found = np.bincount(graph, weights=flags.sum(0), minlength=self.batch.num_graphs)
        return found.astype(np.int64)

    def _outcome(self, fill: str, kept: Bools, present: Bools) -> dict[str, NDArray[np.float64]]:
        """Measures [G] with just these edges; equal choices are run once."""
        key = (fill, kept.tobytes())
        if key not in self.memory:
            output = self.trace.output
            if (kept != present).any():
                gates = torch.from_numpy(kept).to(output)
                with torch.no_grad(), frozen(self.model.module):
                    output = self.model.run(
                        self.batch, gates, baselines=self.fills[fill], trace=self.trace
                    )
            self.memory[key] = self._measures(output)
        return self.memory[key]

    def _measures(self, masked: Tensor) -> dict[str, NDArray[np.float64]]:
        original, output = self.trace.output, self.model.output
        right = self._right(masked)
        changed = None if right is None or self.original is None else right != self.original
        return {
            "confidence": self._mean(output.confidence(original, masked)),
            "same": self._mean(output.same(original, masked)),
            "divergence": divergence(output, self.batch, self.trace, masked).double().cpu().numpy(),
            "kl": self._mean(_kl(output, original, masked)),
            "correct": self._mean(right, known=True),
            "correct_changed": self._mean(changed, known=True),
        }

    def _mean(self, values: Tensor | None, *, known: bool = False) -> NDArray[np.float64]:
        """Weighted means [G] of values [U]; NaN without values, or without known units."""
        if values is None:
            return np.full(self.batch.num_graphs, np.nan)
        weights = self.known if known else self.weights
        batch = self.batch
        summed = batch.per_graph(values.double() * weights, batch.unit_graph)
        there = batch.per_graph(weights, batch.unit_graph) > 0
        found: NDArray[np.float64] = torch.where(there, summed, torch.nan).cpu().numpy()
        return found

    def _right(self, output: Tensor) -> Tensor | None:
        """Whether each unit's answer is the gold one, bool [U]."""
        if self.gold is None or self.model.output.kind == "regression":
            return None
        if self.model.output.kind == "classification":
            return output.argmax(-1) == self.gold
        return ((output > 0) == (self.gold.view_as(output) > 0)).all(-1)


def _scaled(batch: GraphBatch, weights: Tensor) -> Tensor:
    """Weights [U] scaled to a sum of 1 in every graph; 0 where there are none."""
    total = batch.per_graph(weights, batch.unit_graph).index_select(0, batch.unit_graph)
    return weights / torch.where(total > 0, total, 1.0)


def _kl(output: Output, original: Tensor, masked: Tensor) -> Tensor | None:
    """KL(masked || original) per unit in nats, float [U], the direction in which PyG takes it."""
    if output.kind == "classification":
        log_p, log_q = F.log_softmax(masked, -1), F.log_softmax(original, -1)
        return (log_p.exp() * (log_p - log_q)).sum(-1)
    if output.kind == "multilabel":
        yes = torch.sigmoid(masked) * (F.logsigmoid(masked) - F.logsigmoid(original))
        no = torch.sigmoid(-masked) * (F.logsigmoid(-masked) - F.logsigmoid(-original))
        return (yes + no).mean(-1)
    return None
