"""How GraphMask probes of a semantic role labelling model are trained, every option checked."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from linguagraph.errors import ConfigError
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.models.precision import check_precision

__all__ = ["FitConfig"]


@dataclass(frozen=True)
class FitConfig:
    """How probes are trained.

    Attributes:
        epochs_per_layer: passes over the data after each layer is added, from the top (delta in
            appendix C).
        epochs_after: further passes once all layers have gates.
        tokens: tokens per batch.
        lr: peak learning rate of Adam; it falls linearly to a twentieth over the whole training.
        divergence: between the model's own prediction and the masked one.
        constraint: tolerance (in the divergence's unit) and multiplier.
        dropout: keep the explained model's dropout on in the masked pass.
        checks: evaluations on dev per epoch.
        allowed: largest loss of dev F1 (in [0, 1]) at which a probe may be kept.
        seed: of the order of the batches, shared by all probes.
        precision: one of :data:`linguagraph.models.precision.PRECISIONS`.
        replay: record iterations as CUDA graphs, see :mod:`linguagraph.masks.replayed`; in
            one process only.
    """

    epochs_per_layer: int = 1
    epochs_after: int = 3
    tokens: int = 2000
    lr: float = 2e-3
    divergence: Divergence = field(default_factory=Divergence)
    constraint: LagrangianConfig = field(default_factory=LagrangianConfig)
    dropout: bool = False
    checks: int = 2
    allowed: float = 0.009
    seed: int = 0
    precision: str = "float32"
    replay: bool = False

    def __post_init__(self) -> None:
        if self.epochs_per_layer < 1 or self.epochs_after < 0 or self.checks < 1:
            raise ConfigError(
                f"epochs_per_layer={self.epochs_per_layer}, epochs_after={self.epochs_after}, "
                f"checks={self.checks}; expected at least 1, 0 and 1"
            )
        check_precision(self.precision)

    def to_json(self) -> dict[str, Any]:
        """Field names and values; precision and replay only where they are not the usual ones."""
        usual = [n for n in ("precision", "replay") if getattr(self, n) == getattr(FitConfig, n)]
        return {name: value for name, value in asdict(self).items() if name not in usual}
