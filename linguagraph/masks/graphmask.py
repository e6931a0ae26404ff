"""Any model that sends messages, and graphs -> an amortised GraphMask, and masks by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import MaskError
from linguagraph.masks.adjacency_probe import AdjacencyProbe
from linguagraph.masks.amortised import AmortisedConfig, AmortisedResult, AmortisedTraining
from linguagraph.masks.amortised_loading import (
    Batches,
    as_graphs,
    fitted_scale,
    randomness_kept,
    sample,
    start_probe,
)
from linguagraph.masks.amortised_probe import SiteProbe
from linguagraph.masks.amortised_step import EdgeProbe, MaskQuality, hard_gates, measure
from linguagraph.masks.amortised_storage import check_sites, load_probe, save_probe
from linguagraph.masks.explainable import EdgeMask, Explainable, GraphBatch, Pass
from linguagraph.masks.frozen import frozen
from linguagraph.masks.outputs import Output
from linguagraph.masks.pyg import PygModel
from linguagraph.models.precision import computed_in
from linguagraph.models.world import World

__all__ = ["ERASURES", "GraphMask"]

ERASURES = ("messages", "adjacency")
"""What an erasure function sees: each message, or pairs of nodes by relation."""


class GraphMask:
    """Amortised GraphMask (Schlichtkrull et al. 2021, section 3) for any model.

    ``GraphMask(model).fit(loader).explain(batch)``: which edges of each layer the model can do
    without. The erasure functions are trained on a data set and applied to unseen graphs; each sees
    only what the model has when it sends the message. The model is never changed: its outputs,
    parameters, buffers, hooks, training modes, ``requires_grad`` and torch's random state are as
    before after every call, also after an exception or Ctrl-C.

    Args:
        model: a module with ``torch_geometric.nn.MessagePassing`` layers, or an
            :class:`Explainable`, for which the other arguments but ``seeds`` and ``config`` do not
            matter. Probes live on the model's device.
        output: kind of the model's output, or an :class:`Output`; for ``"regression"`` without a
            scale :meth:`fit` estimates it.
        seeds: one probe for each, trained side by side; a number stands for the first so many.
        config: schedule, constraint and architecture.
        erasure: ``messages`` (a gate sees both nodes and the message, equation 7) or, for models
            over adjacency matrices, ``adjacency`` (both nodes and the relation, equation 9).
        call: how the model is called, units: what has a prediction, asked: which of these
            predictions are to be kept; see :class:`linguagraph.masks.pyg.PygModel`.

    Attributes:
        model: the :class:`Explainable`.
        probe: ``None`` before it is fitted or loaded; result: how the fit went, likewise.

    Raises:
        MaskError: the model sends no messages, or no seed or one twice.
        ConfigError: unknown kind of output.
    """

    def __init__(
        self,
        model: nn.Module | Explainable,
        *,
        output: str | Output = "classification",
        seeds: int | Sequence[int] = (0,),
        config: AmortisedConfig | None = None,
        erasure: str = "messages",
        call: Callable[[Any, Any], Any] | None = None,
        units: str | Callable[[Any], Tensor] | None = None,
        asked: str | Callable[[Any], Tensor] | None = None,
    ) -> None:
        seeds = range(seeds) if isinstance(seeds, int) else seeds
        if len(set(seeds)) != len(seeds) or not seeds or min(seeds) < 0:
            raise MaskError(f"seeds={list(seeds)}; expected numbers from 0 up and none twice")
        self.model = _explainable(model, output, call, units, asked)
        if erasure not in ERASURES:
            raise MaskError(f"erasure={erasure!r}; expected one of {list(ERASURES)}")
        if erasure == "adjacency" and not hasattr(self.model, "matrix_states"):
            raise MaskError(
                f"erasure='adjacency' is for models over adjacency matrices; "
                f"{type(self.model).__name__} sends its messages along edges"
            )
        self.seeds, self.config = tuple(seeds), config or AmortisedConfig()
        self.erasure = erasure
        self.probe: EdgeProbe | None = None
        self.result: AmortisedResult | None = None
        self._scaled = self.model.output.scale is not None

    def fit(
        self,
        loader: Iterable[Any],
        *,
        dev: Iterable[Any] | None = None,
        config: AmortisedConfig | None = None,
        directory: str | Path | None = None,
        resume: bool = False,
        log: Callable[[str], None] | None = None,
        progress: Callable[[int, int], None] | None = None,
        world: World | None = None,
    ) -> GraphMask:
        """Train on a data set and keep, per seed, the sparsest check that is close enough.

        Interrupted, it leaves the best probes so far, if there are any, and ``directory`` holds the
        last whole epoch.

        Args:
            loader: batches of what the model reads, for example a PyG ``DataLoader``; gone through
                again and again. A single ``Data`` or ``HeteroData`` is one batch.
            dev: batches to choose among checks by; by default the first 16 of the loader.
            config: in place of the one given at the start.
            directory: where ``trainer.safetensors`` is written after every epoch.
            resume: go on from there, if it is there.
            log: receives a line per check, ``print`` for example; progress: (step, steps).
            world: processes that train together, for loaders that :meth:`Batches.parts` can cut;
                the first one alone writes.

        Raises:
            MaskError: nothing to train on (see :class:`Batches`), or outputs that do not fit, such
                as probabilities in place of logits.
            RunError: the directory holds a training with other options.
        """
        config, world = config or self.config, world or World()
        path = None if directory is None else Path(directory) / "trainer.safetensors"
        with self._untouched() as device:
            torch.manual_seed(config.seed)
            train = Batches(_as_loader(loader), self._graphs)
            first = sample(self.model, train)
            passes = [trace for _, trace in first]
            if not any(bool(trace.asked.any()) for trace in passes):
                raise MaskError(
                    "asked picks no unit of any batch, so that there is no answer to keep"
                )
            for width in {trace.output.shape[-1] for trace in passes}:  # of candidates, say
                outputs = [t.output for t in passes if t.output.shape[-1] == width]
                self.model.output.refuse_probabilities(torch.cat(outputs))
            self._set_scale(passes)
            dev = [batch for batch, _ in first] if dev is None else dev
            probe = self._new_probe(config, first).to(device)
            checked = Batches(dev, self._graphs, name="dev loader")
            training = AmortisedTraining(
                self.model, probe, train, checked, config, log=log, progress=progress, world=world
            )
            if path is not None and resume and world.ask(path.is_file):
                training.load(path)
            try:
                training.run(path)
            finally:
                if len(training.best) == len(self.seeds):
                    self.probe, self.result = probe.requires_grad_(False), training.result()
                    self.config = config
        return self

    def explain(self, batch: Any, *, seed: int | None = None) -> EdgeMask:
        """The mask of a batch by one probe, the first by default.

        Args:
            batch: what the loader yields, a list of single graphs, or a :class:`GraphBatch`.
            seed: which probe.

        Raises:
            MaskError: not fitted, or no such seed.
        """
        self._fitted(seed)
        return self.explain_seeds(batch)[0 if seed is None else self.seeds.index(seed)]

    def explain_seeds(self, batch: Any) -> list[EdgeMask]:
        """The masks of a batch by all probes, from one unmasked pass.

        Scores are probabilities that the (binary) gate is open, see :class:`HardConcrete`.

        Raises:
            MaskError: not fitted.
        """
        probe = self._fitted(None)
        with self._untouched():
            graphs = self._graphs(batch)
            if not graphs.num_edges:
                layers = 1 + max(site.layer for site in probe.sites)
                nothing = graphs.edge_index.new_zeros(layers, 0, dtype=torch.bool)
                return [
                    EdgeMask(nothing.float(), nothing, nothing, graphs.edge_sets, seed=seed)
                    for seed in self.seeds
                ]
            trace = self._trace(graphs, probe)
            scores, gates = hard_gates(self.model, probe, graphs, trace)
        present = trace.present
        return [
            EdgeMask(
                torch.where(present, scores[place], 0.0),
                gates[place].bool() & present,
                present,
                graphs.edge_sets,
                seed=seed,
            )
            for place, seed in enumerate(self.seeds)
        ]

    def masked_output(self, batch: Any, mask: EdgeMask) -> Tensor:
        """Output float [U, C] where messages that are not retained are replaced by the baselines.

        Args:
            batch: the graphs; mask: of this batch; its seed says whose baselines.

        Raises:
            MaskError: not fitted, or no such seed.
        """
        probe = self._fitted(mask.seed)
        with self._untouched(), torch.no_grad():
            graphs = self._graphs(batch)
            trace = self._trace(graphs, probe)
            gates = mask.retained.to(trace.output.dtype)
            baselines = probe.baselines(self.seeds.index(mask.seed))
            return self.model.run(graphs, gates, baselines=baselines, trace=trace)

    def quality(self, loader: Iterable[Any]) -> dict[int, MaskQuality]:
        """What the masks are worth on a data set, by seed.

        Raises:
            MaskError: not fitted, or an empty loader.
        """
        probe, tolerance = self._fitted(None), self.config.constraint.tolerance
        with self._untouched():
            batches = Batches(loader, self._graphs)
            for batch, _ in sample(self.model, batches, count=1):
                self._trace(batch, probe)
            return measure(self.model, probe, batches, tolerance=tolerance)

    def save(self, path: str | Path, *, half: bool = False) -> None:
        """Write ``seed-N.safetensors`` and ``.json`` for every seed into a directory.

        Args:
            path: the directory; half: store 16-bit floats.

        Raises:
            MaskError: not fitted.
        """
        probe = self._fitted(None)
        kept = {} if self.result is None else self.result.kept
        save_probe(path, self.model, probe, config=self.config, kept=kept, half=half)

    @classmethod
    def load(
        cls,
        path: str | Path,
        model: nn.Module | Explainable,
        *,
        seeds: Sequence[int] | None = None,
        call: Callable[[Any, Any], Any] | None = None,
        units: str | Callable[[Any], Tensor] | None = None,
        asked: str | Callable[[Any], Tensor] | None = None,
    ) -> GraphMask:
        """Read what :meth:`save` wrote, for the same model.

        Args:
            path: the directory.
            model: the explained model, or its adapter.
            seeds: which; all that there are by default.
            call, units, asked: as before.

        Raises:
            CheckpointError: files are missing or damaged, or were made for another model.
        """
        stored = load_probe(path, seeds)
        explainable = _explainable(model, stored.output, call, units, asked)
        stored.check(explainable)
        mask = cls(
            explainable, seeds=stored.probe.seeds, config=stored.config, erasure=stored.erasure
        )
        parameter = next(explainable.module.parameters(), torch.zeros(()))
        mask.probe, mask.result = stored.probe.to(parameter.device), stored.result
        explainable.output = stored.output  # type: ignore[misc]
        return mask

    def _new_probe(
        self, config: AmortisedConfig, first: Sequence[tuple[GraphBatch, Pass]]
    ) -> EdgeProbe:
        if self.erasure == "adjacency":
            model: Any = self.model
            pairs = AdjacencyProbe(self.seeds, model.sites, model.relations, config.probe)
            pairs.start(model, [(batch, trace) for batch, trace in first])
            return pairs
        probe = SiteProbe(self.seeds, self.model.sites, config.probe)
        start_probe(probe, [trace for _, trace in first])
        return probe

    def _graphs(self, content: Any) -> GraphBatch:
        return as_graphs(self.model, content)

    def _trace(self, graphs: GraphBatch, probe: EdgeProbe) -> Pass:
        trace = self.model.trace(graphs)
        check_sites(probe.sites, self.model)
        return trace

    def _fitted(self, seed: int | None) -> EdgeProbe:
        if self.probe is None:
            raise MaskError("GraphMask is not fitted: call fit(loader), or GraphMask.load")
        if seed is not None and seed not in self.seeds:
            raise MaskError(f"there is no probe of seed {seed}; there are {list(self.seeds)}")
        return self.probe

    def _set_scale(self, passes: Sequence[Pass]) -> None:
        if self.model.output.kind == "regression" and not self._scaled:
            self.model.output = fitted_scale(self.model.output, passes)  # type: ignore[misc]

    @contextmanager
    def _untouched(self) -> Iterator[torch.device]:
        parameter = next(self.model.module.parameters(), None)
        device = torch.device("cpu") if parameter is None else parameter.device
        with ExitStack() as stack:
            stack.enter_context(randomness_kept(device))
            stack.enter_context(frozen(self.model.module))
            stack.enter_context(computed_in("float32", device))
            if isinstance(self.model, PygModel):
                stack.enter_context(self.model.held())
            yield device


def _as_loader(loader: Any) -> Any:
    """A single PyG graph is a loader of one batch."""
    single = hasattr(loader, "edge_index") or hasattr(loader, "edge_types")
    return [loader] if single else loader


def _explainable(
    model: nn.Module | Explainable,
    output: str | Output,
    call: Callable[[Any, Any], Any] | None,
    units: str | Callable[[Any], Tensor] | None,
    asked: str | Callable[[Any], Tensor] | None,
) -> Explainable:
    if not isinstance(model, nn.Module):
        return model
    return PygModel(model, output=output, call=call, units=units, asked=asked)
