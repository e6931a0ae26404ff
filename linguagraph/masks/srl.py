"""A frozen model, probes and a batch -> gates for every edge and layer, and a masked prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from linguagraph import display
from linguagraph.errors import MaskError
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.learning import LabelTally
from linguagraph.masks.probe import Probe, ProbeConfig
from linguagraph.models.batch import SrlBatch, SrlExample, collate, in_order
from linguagraph.models.gateable import Trace
from linguagraph.models.precision import check_precision, computed_in
from linguagraph.models.scoring import RoleCounts, count_roles, predict_roles
from linguagraph.models.srl import SrlModel
from linguagraph.models.world import World

__all__ = ["SrlGraphMask", "Masked", "Quality", "counted", "where_effective"]


@dataclass(frozen=True)
class Masked:
    """What a method makes of one batch; S seeds, E edges, U units, L layers.

    Attributes:
        original: the unmasked pass.
        locations: L tensors float [S, E], see :class:`HardConcrete`; none for methods without.
        scores: L tensors float [S, E], probability that the binary gate is open; the scores of
            other methods, see :class:`linguagraph.masks.explainable.EdgeMask`.
        gates: L tensors float [S, E] in {0, 1}; 0 where an edge cannot matter in a layer (see
            :meth:`SrlBatch.effective`).
        logits: float [S, U, classes] of the masked model.
        fills: per seed and layer what stands in the place of dropped messages, float [D] or [E, D],
            ``None`` for zeros; empty for methods that have one for all batches.
    """

    original: Trace
    locations: tuple[Tensor, ...]
    scores: tuple[Tensor, ...]
    gates: tuple[Tensor, ...]
    logits: Tensor
    fills: tuple[tuple[Tensor | None, ...], ...] = ()

    def _shares(self) -> list[list[float]]:
        """Share of the gates that are open, by layer and seed."""
        return [gates.float().mean(dim=1).tolist() for gates in self.gates]

    def __repr__(self) -> str:
        seeds, edges = self.gates[0].shape if self.gates else (0, 0)
        words = [
            display.counted(number, word)
            for number, word in ((seeds, "seed"), (len(self.gates), "layer"), (edges, "edge"))
        ]
        kept = sum(map(sum, self._shares())) / max(1, seeds * len(self.gates))
        return f"<Masked: {', '.join(words)}, {kept:.1%} retained>"

    def _repr_html_(self) -> str:
        shares = self._shares()
        seeds, edges = self.gates[0].shape if self.gates else (0, 0)
        rows = tuple(
            (str(layer), f"{sum(row) / max(1, len(row)):.1%}", f"{min(row):.1%}", f"{max(row):.1%}")
            for layer, row in enumerate(shares)
            if row
        )
        facts = (("seeds", f"{seeds:,}"), ("edges", f"{edges:,}"))
        columns = ("layer", "retained, mean over seeds", "least", "most")
        return display.html(display.Card("Masks of a batch", facts, columns, rows))


@dataclass(frozen=True)
class Quality:
    """Role F1 of the original and of the masked model, and shares of edges kept, all in [0, 1]."""

    original: float
    masked: float
    retained: float
    per_layer: tuple[float, ...]

    @property
    def difference(self) -> float:
        """Masked minus original F1."""
        return self.masked - self.original


class SrlGraphMask:
    """Amortised GraphMask (Schlichtkrull et al. 2021, section 3) for a gateable model.

    The erasure function of a layer sees only what the model has when it sends the message; it is
    trained on a data set (:func:`linguagraph.masks.fit_graphmask`) and applied to unseen examples.
    The model is never changed.

    Args:
        model: the model to explain.
        probe: erasure functions; made by :meth:`create` or loaded.
        precision: of masks and of the masked model, one of
            :data:`linguagraph.models.precision.PRECISIONS`; for training see :class:`FitConfig`.

    Raises:
        MaskError: probe and model have different numbers of layers.
        ConfigError: unknown precision.
    """

    def __init__(self, model: SrlModel, probe: Probe, *, precision: str = "float32") -> None:
        if len(probe.layers) != len(model.message_sizes):
            raise MaskError(
                f"the probe has {len(probe.layers)} layers, the model {len(model.message_sizes)}"
            )
        self.model, self.probe = model, probe
        self.precision = check_precision(precision)

    @property
    def method(self) -> str:
        """Name of the method."""
        return "graphmask"

    @property
    def seeds(self) -> tuple[int, ...]:
        """One per probe."""
        return self.probe.seeds

    @property
    def num_layers(self) -> int:
        """L."""
        return len(self.probe.layers)

    @classmethod
    def create(
        cls, model: SrlModel, *, seeds: Sequence[int], config: ProbeConfig | None = None
    ) -> SrlGraphMask:
        """Untrained probes for a model, on the model's device."""
        probe = Probe(
            seeds,
            state_sizes=model.state_sizes,
            message_sizes=model.message_sizes,
            config=config or ProbeConfig(),
        )
        return cls(model, probe.to(next(model.parameters()).device))

    @torch.inference_mode()
    def mask(self, batch: SrlBatch) -> Masked:
        """Decide every edge in every layer and run the masked model, all seeds at once."""
        with frozen(self.model), computed_in(self.precision, batch.source.device):
            trace = self._pass(batch)
            locations = tuple(
                value
                for value in self.probe.locations(trace, batch.source, batch.target)
                if value is not None
            )
            decided = [self.probe.config.gates.decide(value) for value in locations]
            gates = tuple(where_effective(decided, batch))
            logits = self.run(trace, batch, gates)
        scores = tuple(self.probe.config.gates.open_probability(v) for v in locations)
        return Masked(trace, locations, scores, gates, logits)

    def cut(self, examples: Sequence[SrlExample], *, tokens: int) -> Iterator[list[int]]:
        """Positions of examples of similar length, batch after batch."""
        order = sorted(range(len(examples)), key=lambda i: (examples[i].num_nodes, i))
        for run in in_order([examples[i].num_nodes for i in order], tokens=tokens):
            yield [order[i] for i in run]

    def explain(self, batch: SrlBatch, examples: Sequence[SrlExample], *, first: int = 0) -> Masked:
        """:meth:`mask`; probes have no noise, and read all from the batch."""
        return self.mask(batch)

    def under(self, masked: Masked, batch: SrlBatch, gates: Sequence[Tensor]) -> Tensor:
        """:meth:`run` with other gates than those found."""
        return self.run(masked.original, batch, gates)

    def run(self, trace: Trace, batch: SrlBatch, gates: Sequence[Tensor]) -> Tensor:
        """Logits [S, U, classes] under binary gates [S, E] per layer, with the baselines.

        Without gradient; call inside :func:`frozen`.
        """
        with computed_in(self.precision, batch.source.device):
            found = [
                self.model.masked_logits(
                    trace,
                    batch,
                    gates=[gate[part] for gate in gates],
                    baselines=[baseline[part] for baseline in self.probe.baselines],
                )
                for part in self._parts(batch)
            ]
        return torch.cat(found).float()

    def _pass(self, batch: SrlBatch) -> Trace:
        trace: Trace = self.model(batch)
        return replace(trace, logits=trace.logits.float())

    def step(
        self,
        batch: SrlBatch,
        *,
        lowest: int = 0,
        divergence: Divergence,
        there: tuple[Tensor, Tensor] | None = None,
        noise: Sequence[Tensor] | None = None,
        weight: float = 1.0,
        world: World | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Penalty and divergence of one batch, each float [S], differentiable in the probe.

        Call inside :func:`frozen`. The unmasked pass is shared by all seeds and takes no gradient;
        the masked pass starts at layer ``lowest``, the lowest with gates, from its unmasked
        messages. The penalty is the expected share of open gates in the layers with gates
        (equation 11, divided by the number of gates), over edges that can matter there.

        Args:
            batch: examples; of a larger batch, those of this process.
            lowest: the lowest layer with gates.
            divergence: between the unmasked and the masked prediction.
            there: which units, float [U] in {0, 1}, and edges, float [E], are no padding (see
                :mod:`linguagraph.models.padding`); all are real if not given.
            noise: float [S, E] of each layer with gates, see :meth:`HardConcrete.noise`; drawn if
                not given.
            weight: 0 if the batch only stands in (see :class:`linguagraph.models.world.Part`).
            world: processes with the other parts of the batch; the sums over all of them are the
                penalty and the divergence of the whole.
        """
        probe, model, world = self.probe, self.model, world or World()
        with torch.no_grad():
            training = model.training
            model.eval()
            trace = self._pass(batch)
            model.train(training)
        locations = probe.locations(trace, batch.source, batch.target, lowest=lowest)
        placed = [v for v in locations if v is not None]
        sample = probe.config.gates.sample
        if noise is None:
            sampled = [sample(v) for v in placed]
        else:
            sampled = [sample(v, noise=own) for v, own in zip(placed, noise, strict=True)]
        gates = [None] * lowest + sampled
        masked = torch.cat(
            [
                model.propagate(
                    trace.states[lowest],
                    batch,
                    start=lowest,
                    messages=trace.messages[lowest],
                    gates=[None if gate is None else gate[part] for gate in gates],
                    baselines=[baseline[part] for baseline in probe.baselines],
                ).logits
                for part in self._parts(batch)
            ]
        ).float()
        expected = probe.config.gates.nonzero_probability(torch.stack(placed))
        real = None if there is None else there[0]
        if there is not None:
            penalty = (expected * there[1]).sum(dim=(0, 2))
            edges = there[1].sum() * len(placed)
        elif batch.has_context:
            counts = torch.stack(
                [counted(batch, k, len(locations)) for k in range(lowest, len(locations))]
            )
            penalty, edges = (expected * counts.unsqueeze(1)).sum(dim=(0, 2)), counts.sum()
        else:
            penalty, edges = expected.sum(dim=(0, 2)), expected.new_full((), expected[:, 0].numel())
        units = divergence.units(trace.logits, there=real)
        sizes = world.total(torch.stack((edges.to(expected), units.to(expected))) * weight)
        edges, units = sizes.clamp(min=1)
        apart = divergence.total(trace.logits, masked, there=real)
        return penalty * weight / edges, apart * weight / units

    def evaluate(
        self,
        examples: Sequence[SrlExample],
        *,
        tokens: int = 4000,
        lowest: int = 0,
        tally: LabelTally | None = None,
        world: World | None = None,
    ) -> dict[int, Quality]:
        """Quality of each seed's masks on annotated examples; layers below ``lowest`` stay open.

        ``tally`` is told of every gate. Each process of ``world`` does a part of the batches; all
        get the results of all.
        """
        world = world or World()
        seeds, layers = self.probe.seeds, len(self.probe.layers)
        device = next(self.model.parameters()).device  # sums stay there and are read once
        plain = torch.zeros(3, dtype=torch.long, device=device)
        masked = torch.zeros(len(seeds), 3, dtype=torch.long, device=device)
        kept = torch.zeros(layers, len(seeds), dtype=torch.float64, device=device)
        edges = torch.zeros(layers, dtype=torch.float64, device=device)
        ordered = sorted(examples, key=lambda example: example.num_nodes)
        runs = in_order([e.num_nodes for e in ordered], tokens=tokens)
        for run in runs[world.rank :: world.size]:
            batch = self.collate([ordered[i] for i in run])
            with (
                torch.inference_mode(),
                frozen(self.model),
                computed_in(self.precision, device),
            ):
                trace = self._pass(batch)
                found = self.probe.locations(trace, batch.source, batch.target, lowest=lowest)
                gates = where_effective([self._decide(v, batch) for v in found], batch)
                logits = self.run(trace, batch, gates)
            plain += count_roles(predict_roles(trace.logits), batch.roles).sum(0)
            masked += count_roles(predict_roles(logits), batch.roles).sum(1)
            there = [counted(batch, k, layers) for k in range(layers)]
            kept += torch.stack([g.sum(-1).double() for g in gates])
            edges += torch.stack([found.sum() for found in there])
            if tally is not None:
                tally.add(gates, there, batch.edge_type)
        if tally is not None:
            tally.together(world)
        plain, masked, kept, edges = (world.total(v).cpu() for v in (plain, masked, kept, edges))
        before = RoleCounts(*plain.tolist()).f1
        shares = kept.t() / edges.clamp(min=1)
        same = bool((edges == edges[0]).all())
        overall = kept.sum(0) / edges.sum().clamp(min=1)
        return {
            seed: Quality(
                before,
                RoleCounts(*masked[i].tolist()).f1,
                float(shares[i].mean() if same else overall[i]),
                tuple(shares[i].tolist()),
            )
            for i, seed in enumerate(seeds)
        }

    def collate(self, examples: Sequence[SrlExample]) -> SrlBatch:
        """A batch of examples on the model's device."""
        device = next(self.model.parameters()).device
        return collate(examples, num_labels=len(self.model.vocabulary.labels)).to(device)

    def _parts(self, batch: SrlBatch) -> list[slice]:
        """Seeds that go through the model side by side.

        One at a time on a CPU, whose caches hold the states of one seed only (five at once take
        a fifth longer); all on a GPU, which has room for them.
        """
        count = len(self.probe.seeds)
        size = 1 if batch.source.device.type == "cpu" else count
        return [slice(start, start + size) for start in range(0, count, size)]

    def _decide(self, locations: Tensor | None, batch: SrlBatch) -> Tensor:
        if locations is None:
            device = batch.source.device
            return torch.ones(len(self.probe.seeds), batch.num_edges, device=device)
        return self.probe.config.gates.decide(locations)


def counted(batch: SrlBatch, layer: int, layers: int) -> Tensor:
    """Float [E], 1 for every edge that can matter in a layer, else 0."""
    effective = batch.effective(layer, layers)
    if effective is None:
        return torch.ones(batch.num_edges, device=batch.source.device)
    return effective.float()


def where_effective(gates: Sequence[Tensor], batch: SrlBatch) -> list[Tensor]:
    """Gates [..., E] per layer, closed where an edge cannot matter in its layer."""
    found = (batch.effective(layer, len(gates)) for layer in range(len(gates)))
    return [g if e is None else g * e for g, e in zip(gates, found, strict=True)]
