"""Models and graphs -> masks over every edge and layer: GraphMask and its rivals."""

from linguagraph.masks.amortised import AmortisedConfig, AmortisedResult
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_free import FreeMaskConfig, mask_units_freely
from linguagraph.masks.diffmask_gates import DiffMaskConfig
from linguagraph.masks.diffmask_training import DiffMaskTraining
from linguagraph.masks.divergences import DIVERGENCES, Divergence
from linguagraph.masks.explainable import EdgeMask, Explainable, GraphBatch, Pass, Sent, Site
from linguagraph.masks.faithfulness import measure
from linguagraph.masks.fit_config import FitConfig
from linguagraph.masks.fitting import FitResult, fit_graphmask
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.hard_concrete import HardConcrete
from linguagraph.masks.lagrangian import Lagrangian, LagrangianConfig
from linguagraph.masks.nonamortised import NonAmortisedConfig, mask_nonamortised
from linguagraph.masks.outputs import OUTPUTS, Output
from linguagraph.masks.probe import Probe, ProbeConfig
from linguagraph.masks.pyg import PygModel
from linguagraph.masks.srl import Masked, Quality, SrlGraphMask
from linguagraph.masks.srl_model import SrlExplainable
from linguagraph.masks.units import Layered, UnitBatch, UnitMask

__all__ = [
    "DIVERGENCES",
    "OUTPUTS",
    "AmortisedConfig",
    "AmortisedResult",
    "DiffMask",
    "DiffMaskConfig",
    "DiffMaskTraining",
    "Divergence",
    "EdgeMask",
    "Explainable",
    "FitConfig",
    "FitResult",
    "FreeMaskConfig",
    "GraphBatch",
    "GraphMask",
    "HardConcrete",
    "Lagrangian",
    "LagrangianConfig",
    "Layered",
    "Masked",
    "NonAmortisedConfig",
    "Output",
    "Pass",
    "Probe",
    "ProbeConfig",
    "PygModel",
    "Quality",
    "Sent",
    "Site",
    "SrlExplainable",
    "SrlGraphMask",
    "UnitBatch",
    "UnitMask",
    "fit_graphmask",
    "frozen",
    "mask_nonamortised",
    "mask_units_freely",
    "measure",
]
