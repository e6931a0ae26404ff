"""What a user gives as graphs -> batches that can be gone through again, and their statistics."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.amortised_probe import SiteErasure, SiteProbe
from linguagraph.masks.explainable import Explainable, GraphBatch, Pass
from linguagraph.masks.outputs import Output
from linguagraph.models.world import World

__all__ = ["Batches", "as_graphs", "fitted_scale", "randomness_kept", "sample", "start_probe"]

SAMPLE = 16  # batches that standardisation, first baselines and the scale of outputs are taken from


class Batches:
    """A loader's batches as :class:`GraphBatch`, over and over.

    Args:
        content: any iterable that can be gone through again (a PyG ``DataLoader``, a list).
        graphs: makes a batch of an element.
        name: of the argument, for messages.

    Raises:
        MaskError: it is an iterator, or has no batches.
    """

    def __init__(
        self, content: Iterable[Any], graphs: Callable[[Any], GraphBatch], *, name: str = "loader"
    ) -> None:
        if isinstance(content, GraphBatch):
            content = [content]
        if iter(content) is content:
            raise MaskError(
                f"the {name} is {_a(type(content).__name__)}, which can be gone through only once, "
                "and training does so in every epoch: pass a DataLoader or a list"
            )
        self.content, self.graphs, self.name = content, graphs, name
        try:
            self.size = len(content)  # type: ignore[arg-type]
        except TypeError:
            self.size = sum(1 for _ in content)
        if not self.size:
            raise MaskError(f"the {name} is empty; GraphMask needs at least one batch of graphs")

    def __iter__(self) -> Iterator[GraphBatch]:
        seen = False
        for element in self.content:
            seen = True
            yield self.graphs(element)
        if not seen:
            raise MaskError(
                f"the {self.name} has no more batches; it must give them anew every time that it "
                "is gone through: pass a DataLoader or a list"
            )

    def parts(self, world: World) -> Iterator[tuple[GraphBatch, float]]:
        """This process' part of every batch, and what it counts (0 where it only stands in).

        With several processes the content must know how to cut its batches: by a method ``parts``
        that takes the world and yields elements and weights.

        Raises:
            MaskError: it does not, or there are no more batches.
        """
        if world.size == 1:
            for batch in self:
                yield batch, 1.0
            return
        cut = getattr(self.content, "parts", None)
        if cut is None:
            raise MaskError(
                f"the {self.name} is {_a(type(self.content).__name__)}, whose batches cannot be "
                f"cut among {world.size} processes: give it a method 'parts(world)', or train in "
                "one process"
            )
        for element, weight in cut(world):
            yield self.graphs(element), weight


def _a(noun: str) -> str:
    """A noun with its article: "a generator", "an iterator"."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def as_graphs(model: Explainable, content: Any) -> GraphBatch:
    """What a loader yields (or a list of single graphs) as a batch.

    Raises:
        MaskError: the model's adapter does not know how.
    """
    if isinstance(content, GraphBatch):
        return content
    if isinstance(content, (list, tuple)):
        return model.batch(content)
    graphs = getattr(model, "graphs", None)
    if graphs is None:
        raise MaskError(
            f"{type(model).__name__} cannot read {type(content).__name__}; pass GraphBatch objects "
            "or lists of its graphs"
        )
    found: GraphBatch = graphs(content)
    return found


def sample(
    model: Explainable, batches: Batches, *, count: int = SAMPLE
) -> list[tuple[GraphBatch, Pass]]:
    """The first batches in which something is sent, with their unmasked passes.

    Raises:
        MaskError: nothing is sent in any batch, or the model's outputs are not finite.
    """
    return list(islice(_sending(model, batches), count)) or _no_edges(batches)


def _sending(model: Explainable, batches: Batches) -> Iterator[tuple[GraphBatch, Pass]]:
    for batch in batches:
        if not batch.num_edges:
            continue
        trace = model.trace(batch)
        if not bool(torch.isfinite(trace.output).all()):
            raise MaskError("the model's unmasked outputs are not finite; nothing can be explained")
        if bool(trace.present.any()):
            yield batch, trace


def _no_edges(batches: Batches) -> list[Any]:
    raise MaskError(
        f"no batch of the {batches.name} has an edge along which the model sends a message: a "
        "loader without edges; there is nothing to mask"
    )


def fitted_scale(output: Output, passes: Iterable[Pass]) -> Output:
    """The output with the standard deviation of the asked units as scale."""
    values = torch.cat([trace.output[trace.asked] for trace in passes]).double()
    deviation = values.std(0, correction=0).square().mean().sqrt() if len(values) else values.sum()
    scale = float(deviation) if float(deviation) > 1e-12 else float(values.abs().mean())
    return replace(output, scale=scale if scale > 1e-12 else 1.0)


@torch.no_grad()
def start_probe(probe: SiteProbe, passes: Iterable[Pass]) -> None:
    """Standardise inputs and start baselines at the mean message, by sampled passes."""
    sums = [_Moments(erasure) for erasure in probe.erasures]
    for trace in passes:
        for moments, site, sent in zip(sums, probe.sites, trace.sent, strict=True):
            there = trace.present[site.layer]
            moments.add(
                moments.erasure.inputs(sent)[there if sent.edge is None else there[sent.edge]]
            )
    for moments in sums:
        moments.finish()


@dataclass
class _Moments:
    erasure: SiteErasure
    count: int = 0
    total: Tensor | float = 0.0
    squares: Tensor | float = 0.0

    def add(self, values: Tensor) -> None:
        self.count += len(values)
        self.total = self.total + values.double().sum(0)
        self.squares = self.squares + values.double().square().sum(0)

    def finish(self) -> None:
        if self.count:
            mean = torch.as_tensor(self.total) / self.count
            variance = torch.as_tensor(self.squares) / self.count - mean.square()
            width = self.erasure.widths[2]
            self.erasure.standardise(mean, variance.clamp(min=0).sqrt(), mean[-width:])


@contextmanager
def randomness_kept(device: torch.device) -> Iterator[None]:
    """Leave the random states of torch (CPU and this device) and Python as they were."""
    before = random.getstate()
    devices = [device] if device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(before)
