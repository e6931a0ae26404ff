"""A batch of any size -> the same batch with neutral nodes, edges and examples up to a round size.

Replayed CUDA graphs need batches of few sizes. What is added takes part in every operation and
changes nothing for the others: its nodes are in examples of their own, and :class:`Padded` says
what is there, so that losses and penalties can leave it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.models.batch import SrlBatch

__all__ = ["Padded", "RoundSizes", "pad"]


@dataclass(frozen=True)
class RoundSizes:
    """Nodes, edges, examples and longest sentence of padded batches; equal ones share a graph."""

    nodes: int
    edges: int
    examples: int
    longest: int

    @classmethod
    def of(cls, batch: SrlBatch) -> RoundSizes:
        """The sizes that a batch is padded to, at least one node and one example more."""
        examples = 32
        while examples < batch.num_examples + 1:
            examples *= 2
        return cls(
            _up(batch.num_nodes + 1, 512),
            _up(batch.num_edges, 1024),
            examples,
            _up(batch.longest, 16),
        )


@dataclass(frozen=True)
class Padded:
    """A padded batch.

    Attributes:
        batch: with neutral parts behind the real ones; every node is a unit.
        units: int64 [U], 1 for real units, else 0; edges: int64 [E], likewise.
    """

    batch: SrlBatch
    units: Tensor
    edges: Tensor

    def tensors(self) -> dict[str, Tensor]:
        """All tensors, by name."""
        return {**self.batch.tensors(), "units": self.units, "edges": self.edges}

    def with_tensors(self, tensors: Mapping[str, Tensor]) -> Padded:
        """The same with other tensors of the names and shapes of :meth:`tensors`."""
        own: dict[str, Any] = {n: t for n, t in tensors.items() if n not in ("units", "edges")}
        return Padded(replace(self.batch, **own), tensors["units"], tensors["edges"])


def pad(batch: SrlBatch, sizes: RoundSizes) -> Padded:
    """Add neutral parts.

    Added nodes stand in the last example and send and receive the added edges, which are spread
    over them; added examples have their predicate there.

    Args:
        batch: on the processor; without context, so that every node is a unit.
        sizes: of :meth:`RoundSizes.of`, or larger.

    Raises:
        ConfigError: the batch has context, or is larger than the sizes.
    """
    if batch.has_context:
        raise ConfigError("batches with context (merged graphs) cannot be padded")
    nodes = sizes.nodes - batch.num_nodes
    edges, examples = sizes.edges - batch.num_edges, sizes.examples - batch.num_examples
    if nodes < 1 or edges < 0 or examples < 1 or sizes.longest < batch.longest:
        raise ConfigError(f"a batch of {batch.num_nodes} nodes does not fit into {sizes}")
    last, first = sizes.examples - 1, batch.num_nodes
    spread = first + torch.arange(edges) % nodes
    added = {
        **dict.fromkeys(("example", "row", "unit_example"), torch.full((nodes,), last)),
        "unit": first + torch.arange(nodes),
        "predicate": torch.full((examples,), first),
        "spans": torch.ones(examples, dtype=torch.long),
        "source": spread,
        "target": spread,
        "roles": torch.full((nodes,), -100),
    }
    of_nodes = ("words", "lemmas", "tags", "suffixes", "shapes", "position")
    added |= dict.fromkeys(of_nodes, torch.zeros(nodes, dtype=torch.long))
    of_examples = ("predicate_lemma", "lengths", "edge_counts")
    added |= dict.fromkeys(of_examples, torch.zeros(examples, dtype=torch.long))
    of_edges = ("edge_type", "direction", "kind", "hops")
    added |= dict.fromkeys(of_edges, torch.zeros(edges, dtype=torch.long))
    whole: dict[str, Any] = {n: torch.cat((t, added[n])) for n, t in batch.tensors().items()}
    return Padded(
        SrlBatch(**whole, longest=sizes.longest),
        torch.cat((torch.ones(first, dtype=torch.long), torch.zeros(nodes, dtype=torch.long))),
        (torch.arange(sizes.edges) < batch.num_edges).long(),
    )


def _up(value: int, step: int) -> int:
    return max(step, -(-value // step) * step)
