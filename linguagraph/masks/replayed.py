"""GraphMask iterations -> the same, recorded once per size of batch and replayed on a GPU.

An iteration on a small batch is some hundred short operations, and a GPU waits for the processor to
launch each. A CUDA graph launches them all at once. It needs tensors of the same size at the same
places every time: batches are padded (:mod:`linguagraph.models.padding`) and copied to one block.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.lagrangian import Lagrangian
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.batch import SrlBatch
from linguagraph.models.padding import Padded, RoundSizes, pad
from linguagraph.models.precision import computed_in
from linguagraph.models.transfer import pack, unpacked

__all__ = ["ReplayedSteps", "padded_step"]

PLAIN = 2
"""Iterations of a size that are run as usual, as torch asks for, before one is recorded."""


@dataclass
class _Recording:
    """What belongs to one size of batches."""

    block: Tensor
    batch: Padded
    runs: int = 0
    graph: torch.cuda.CUDAGraph | None = field(default=None)


def padded_step(
    masker: SrlGraphMask, padded: Padded, *, lowest: int, divergence: Divergence
) -> tuple[Tensor, Tensor]:
    """:meth:`SrlGraphMask.step` for a padded batch, whose padding counts for nothing."""
    there = (padded.units.float(), padded.edges.float())
    return masker.step(padded.batch, lowest=lowest, divergence=divergence, there=there)


class ReplayedSteps:
    """Iterations of one training.

    The first :data:`PLAIN` of every size and lowest layer are run as usual; all count. Gate noise
    is drawn for the padding, too, so that it differs from that of unpadded batches.

    Args:
        masker: model, frozen, and probes, on a CUDA device.
        optimizer: of the probes, ``capturable``, its learning rate a tensor on the device.
        lagrangian: the multipliers.
        divergence: between the model's prediction and the masked one.
        precision: see :data:`linguagraph.models.precision.PRECISIONS`.

    Raises:
        ConfigError: there is no CUDA device, or the model's batches have context.
    """

    def __init__(
        self,
        masker: SrlGraphMask,
        optimizer: torch.optim.Optimizer,
        lagrangian: Lagrangian,
        *,
        divergence: Divergence,
        precision: str = "float32",
    ) -> None:
        self.device = next(masker.probe.parameters()).device
        if self.device.type != "cuda":
            raise ConfigError("replay=true needs a GPU; on a processor leave it out")
        if masker.model.config.merged:
            raise ConfigError("replay=true is for models over dependencies alone; leave it out")
        self.masker, self.optimizer, self.lagrangian = masker, optimizer, lagrangian
        self.divergence, self.precision = divergence, precision
        self.apart = torch.zeros_like(lagrangian.multipliers)
        self.recordings: dict[tuple[int, RoundSizes], _Recording] = {}
        self.stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]

    def __call__(self, batch: SrlBatch, *, lowest: int) -> Tensor:
        """One iteration; the divergence float [S], overwritten by the next one.

        Args:
            batch: on the processor; lowest: layers below have no gates.
        """
        sizes = RoundSizes.of(batch)
        padded = pad(batch, sizes)
        tensors = padded.tensors()
        count = sum(tensor.numel() for tensor in tensors.values())
        staged = pack(tensors, torch.empty(count, dtype=torch.int64, pin_memory=True))
        found = self.recordings.get((lowest, sizes))
        if found is None:
            block = torch.empty(count, dtype=torch.int64, device=self.device)
            there = padded.with_tensors(unpacked(block, tensors))
            found = self.recordings[lowest, sizes] = _Recording(block, there)
        found.block.copy_(staged, non_blocking=True)
        if found.runs < PLAIN:
            self._aside(found, lowest)
        else:
            if found.graph is None:
                self._record(found, lowest)
            assert found.graph is not None
            found.graph.replay()
        found.runs += 1
        return self.apart

    def _aside(self, found: _Recording, lowest: int) -> None:
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            self._iteration(found.batch, lowest)
        torch.cuda.current_stream().wait_stream(self.stream)

    def _record(self, found: _Recording, lowest: int) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        found.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(found.graph, stream=self.stream):
            self._iteration(found.batch, lowest)

    def _iteration(self, batch: Padded, lowest: int) -> None:
        with computed_in(self.precision, self.device):
            penalty, apart = padded_step(
                self.masker, batch, lowest=lowest, divergence=self.divergence
            )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self.lagrangian.loss(penalty, apart))
        self.optimizer.step()
        self.lagrangian.ascend(apart)
        self.apart.copy_(apart.detach())
