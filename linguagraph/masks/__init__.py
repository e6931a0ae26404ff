"""Models and graphs -> masks over every edge and layer: GraphMask and its rivals."""

from linguagraph.masks.divergences import DIVERGENCES, Divergence
from linguagraph.masks.fitting import FitConfig, FitResult, fit_graphmask
from linguagraph.masks.frozen import frozen
from linguagraph.masks.hard_concrete import HardConcrete
from linguagraph.masks.lagrangian import Lagrangian, LagrangianConfig
from linguagraph.masks.nonamortised import NonAmortisedConfig, mask_nonamortised
from linguagraph.masks.probe import Probe, ProbeConfig
from linguagraph.masks.srl import Masked, Quality, SrlGraphMask

__all__ = [
    "DIVERGENCES",
    "Divergence",
    "FitConfig",
    "FitResult",
    "SrlGraphMask",
    "HardConcrete",
    "Lagrangian",
    "LagrangianConfig",
    "Masked",
    "NonAmortisedConfig",
    "Probe",
    "ProbeConfig",
    "Quality",
    "fit_graphmask",
    "frozen",
    "mask_nonamortised",
]
