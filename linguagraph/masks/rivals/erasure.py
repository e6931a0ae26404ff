"""A model and graphs -> the largest sets of gates that can be closed with the same answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any, ClassVar

import torch
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.masks.explainable import Explainable, GraphBatch, Pass
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.method import MethodMask, NotFitted, chosen
from linguagraph.masks.rivals.noise import graph_seed

__all__ = ["TIES", "Erasure", "ErasureConfig"]

TIES = ("confidence", "random")


@dataclass(frozen=True)
class ErasureConfig:
    """How sets are searched.

    Attributes:
        limit: graphs with at most so many gates (present edges, summed over layers) are searched
            exhaustively, others greedily.
        ties: which of several smallest sets is taken: the one with the highest ``confidence`` (the
            first, if that is equal too), or any, at ``random`` by seed.
        edges: edges, over all copies of a graph, that are run at once.
    """

    limit: int = 12
    ties: str = "confidence"
    edges: int = 20_000

    def __post_init__(self) -> None:
        if self.ties not in TIES:
            raise ConfigError(f"ties={self.ties!r}; expected one of {list(TIES)}")
        if not 0 <= self.limit <= 24 or self.edges < 1:
            raise ConfigError(
                f"limit={self.limit}, edges={self.edges}; expected 0 to 24 gates (their subsets "
                "are all tried) and at least one edge"
            )


class Erasure(NotFitted):
    """Erasure search (Li et al. 2016), with zeros in place of erased messages.

    Exhaustive search goes by the number of retained gates, from none, and stops at the first number
    with which some set keeps the answers of all asked units: the result is a smallest set. Greedy
    search closes one gate after the other, each time the one without which the answers stay and the
    confidence is highest, until none can be closed. ``how`` of the mask says which it was.
    """

    name: ClassVar[str] = "erasure"
    hard: ClassVar[bool] = True

    def __init__(self, config: ErasureConfig | None = None) -> None:
        self.config = config or ErasureConfig()

    @torch.no_grad()
    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`; subsets of a size run at once."""
        with frozen(model.module):
            batch = model.batch(graphs)
            trace = model.trace(batch)
            retained = torch.zeros_like(trace.present)
            how = []
            for number, graph in enumerate(graphs):
                copies = _Copies(model, graph, edges=self.config.edges)
                generator = torch.Generator().manual_seed(graph_seed(seed, first + number))
                gates = int(copies.present.sum())
                how.append("exhaustive" if gates <= self.config.limit else "greedy")
                search = self._exhaustive if how[-1] == "exhaustive" else self._greedy
                retained[:, batch.edge_graph == number] = search(copies, generator)
        return chosen(retained, batch, trace.present, name=self.name, seed=seed, how=tuple(how))

    def _exhaustive(self, copies: _Copies, generator: torch.Generator) -> Tensor:
        count = int(copies.present.sum())
        for size in range(count):
            found: list[Tensor] = []
            confidence: list[Tensor] = []
            for gates in copies.subsets(size):
                same, sure = copies.answers(gates)
                found.append(gates[same])
                confidence.append(sure[same])
            sets = torch.cat(found)
            if len(sets):
                if self.config.ties == "random":
                    best = int(torch.randint(len(sets), (), generator=generator))
                else:
                    best = int(torch.cat(confidence).argmax())
                return sets[best]
        return copies.present

    def _greedy(self, copies: _Copies, generator: torch.Generator) -> Tensor:
        kept = copies.present.clone()
        while True:
            places = kept.nonzero()
            gates = kept.repeat(len(places), 1, 1)
            gates[torch.arange(len(places)), places[:, 0], places[:, 1]] = False
            same, sure = copies.answers(gates)
            if not same.any():
                return kept
            sure = torch.where(same, sure, -1.0)
            best = (sure == sure.max()).nonzero().flatten()
            pick = 0
            if self.config.ties == "random":
                pick = int(torch.randint(len(best), (), generator=generator))
            kept = gates[best[pick]]


class _Copies:
    """One graph many times in one batch, each copy under gates of its own.

    The batch, and the unmasked pass over it, are made anew only when another number of copies fits
    better.
    """

    def __init__(self, model: Explainable, graph: Any, *, edges: int) -> None:
        self.model, self.graph = model, graph
        self._make(1)
        self.present = self.trace.present
        self.original, self.asked = self.trace.output, self.trace.asked
        self.most = max(1, edges // max(1, self.present.shape[1]))

    def _make(self, count: int) -> None:
        self.count = count
        self.batch: GraphBatch = self.model.batch([self.graph] * count)
        self.trace: Pass = self.model.trace(self.batch)
        self.columns = torch.argsort(self.batch.edge_graph, stable=True)
        self.units = torch.argsort(self.batch.unit_graph, stable=True)

    def subsets(self, size: int) -> Iterator[Tensor]:
        """All sets of ``size`` present gates, bool [n, L, E], as many at once as may run."""
        places = self.present.nonzero()
        ways = combinations(range(len(places)), size)
        while part := list(islice(ways, self.most)):
            gates = torch.zeros(len(part), *self.present.shape, dtype=torch.bool)
            at = places[torch.tensor(part, dtype=torch.long).flatten()].cpu()
            which = torch.arange(len(part)).repeat_interleave(size)
            gates[which, at[:, 0], at[:, 1]] = True
            yield gates.to(self.present.device)

    def answers(self, gates: Tensor) -> tuple[Tensor, Tensor]:
        """Under gates bool [n, L, E]: whether all asked answers stay, and mean confidence, [n]."""
        if not len(gates):
            return gates.new_zeros(0), torch.zeros(0, device=gates.device)
        parts = [self._answers(part) for part in torch.split(gates, self.most)]
        return torch.cat([same for same, _ in parts]), torch.cat([sure for _, sure in parts])

    def _answers(self, gates: Tensor) -> tuple[Tensor, Tensor]:
        count = len(gates)
        if count > self.count or count <= self.count // 2:
            self._make(count)
        layers, edges = self.present.shape
        spread = torch.ones(
            layers, self.count * edges, dtype=self.original.dtype, device=gates.device
        )
        spread[:, self.columns[: count * edges]] = (
            gates.to(spread.dtype).transpose(0, 1).reshape(layers, -1)
        )
        found = self.model.run(self.batch, spread, trace=self.trace).index_select(0, self.units)
        found = found.view(self.count, *self.original.shape)[:count]
        same = self.model.output.same(self.original, found)[:, self.asked].all(-1)
        sure = self.model.output.confidence(self.original, found)[:, self.asked].mean(-1)
        return same, sure.nan_to_num(1.0)
