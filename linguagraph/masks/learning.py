"""Gates of the checks of a training -> edges and retained edges by seed, layer, label, direction.

While probes are trained they are checked on the development examples again and again
(:func:`linguagraph.masks.fitting.fit_graphmask`). Each check decides every edge anyway; what is
decided is counted here by label, so that one can see later which labels were given up when.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from linguagraph.columns import LEARNING
from linguagraph.graphs.textgraph import DIRECTIONS
from linguagraph.models.world import World

__all__ = ["LabelTally", "learning_rows"]


class LabelTally:
    """Counts of one check, added up over batches.

    The sums stay on the device of the gates until they are asked for.

    Attributes:
        counts: int64 [1 + S, L, T] for S seeds, L layers and T edge types (a label in a direction):
            first the edges that can matter in the layer, then those that each seed retains. Layers
            without gates yet are 0 throughout.

    Args:
        seeds: S; layers: L; types: T.
        lowest: the lowest layer with gates.
    """

    def __init__(self, *, seeds: int, layers: int, types: int, lowest: int = 0) -> None:
        self._sizes, self.lowest = (1 + seeds, layers, types), lowest
        self._sums: Tensor | None = None

    def add(self, gates: Sequence[Tensor], there: Sequence[Tensor], edge_type: Tensor) -> None:
        """Count one batch.

        Args:
            gates: L tensors [S, E] in {0, 1}.
            there: L tensors [E], 1 for edges that can matter in the layer, else 0.
            edge_type: int64 [E].
        """
        if self._sums is None:
            self._sums = torch.zeros(self._sizes, dtype=torch.long, device=edge_type.device)
        for layer in range(self.lowest, len(gates)):
            open_ = torch.cat((there[layer].unsqueeze(0), gates[layer])) > 0
            self._sums[:, layer].scatter_add_(1, edge_type.expand_as(open_), open_.long())

    def together(self, world: World) -> None:
        """Add up what all processes have counted; each calls this at the same time."""
        if world.size == 1:
            return
        nothing = torch.zeros(self._sizes, dtype=torch.long, device=world.device)
        self._sums = world.total(nothing if self._sums is None else self._sums)

    @property
    def counts(self) -> Tensor:
        """See the class."""
        nothing = torch.zeros(self._sizes, dtype=torch.long)
        return nothing if self._sums is None else self._sums.cpu()


def learning_rows(
    counts: Sequence[Tensor],
    checks: Sequence[tuple[int, float, int]],
    *,
    seeds: Sequence[int],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Counts of several checks as a table.

    Args:
        counts: of each check, see :attr:`LabelTally.counts`.
        checks: of each check its number, its epoch and the lowest layer with gates.
        seeds: S seeds.
        labels: the T / 2 labels; a type is ``direction * len(labels) + label``.

    Returns:
        :data:`linguagraph.columns.LEARNING`; labels without an edge have no row.
    """
    parts = []
    for (check, epoch, lowest), found in zip(checks, counts, strict=True):
        values = found.numpy()
        layer, kind = np.nonzero(values[0])
        for seed, retained in zip(seeds, values[1:], strict=True):
            parts.append(
                pd.DataFrame(
                    {
                        "seed": seed,
                        "check": check,
                        "epoch": epoch,
                        "lowest": lowest,
                        "layer": layer,
                        "label": np.array(labels, dtype=object)[kind % len(labels)],
                        "direction": np.array(DIRECTIONS, dtype=object)[kind // len(labels)],
                        "edges": values[0, layer, kind],
                        "retained": retained[layer, kind],
                    }
                )
            )
    return LEARNING.check(pd.concat(parts, ignore_index=True)) if parts else LEARNING.empty()
