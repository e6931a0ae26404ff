"""Every method by its name, behind one interface: model and graphs -> mask."""

from __future__ import annotations

from collections.abc import Callable

from linguagraph.errors import ConfigError
from linguagraph.masks.rivals.attention import Attention
from linguagraph.masks.rivals.erasure import Erasure
from linguagraph.masks.rivals.gnnexplainer import GNNExplainer
from linguagraph.masks.rivals.gradient_gate import GradientGate
from linguagraph.masks.rivals.graphmask import AmortisedGraphMask
from linguagraph.masks.rivals.information_bottleneck import InformationBottleneck
from linguagraph.masks.rivals.integrated_gradients import IntegratedGradients
from linguagraph.masks.rivals.method import Method, MethodMask
from linguagraph.masks.rivals.nonamortised import NonAmortised
from linguagraph.masks.rivals.pgexplainer import PGExplainer
from linguagraph.masks.rivals.random_scores import RandomScores
from linguagraph.masks.rivals.semiring import SemiringBest, SemiringPaths

__all__ = ["METHODS", "Method", "MethodMask", "find_method"]

METHODS: dict[str, Callable[..., Method]] = {
    method.name: method
    for method in (
        AmortisedGraphMask,
        NonAmortised,
        Erasure,
        IntegratedGradients,
        GradientGate,
        InformationBottleneck,
        GNNExplainer,
        PGExplainer,
        Attention,
        SemiringPaths,
        SemiringBest,
        RandomScores,
    )
}
"""Name and class of every method; each takes its own config, or none for the defaults."""


def find_method(name: str) -> Callable[..., Method]:
    """The class of a method.

    Raises:
        ConfigError: there is no such method.
    """
    if name not in METHODS:
        raise ConfigError(f"method={name!r}; expected one of {list(METHODS)}")
    return METHODS[name]
