"""The name of a masking method, as tables have it -> the name that people read."""

from __future__ import annotations

__all__ = ["METHOD_NAMES", "method_name"]

METHOD_NAMES = {
    "graphmask": "GraphMask",
    "nonamortised": "non-amortised GraphMask",
    "erasure": "erasure search",
    "integrated_gradients": "integrated gradients",
    "gradient_gate": "gradient times gate",
    "information_bottleneck": "the information bottleneck",
    "gnnexplainer": "GNNExplainer",
    "pgexplainer": "PGExplainer",
    "attention": "the model's own gates or attention",
    "semiring": "semiring back-propagation",
    "semiring_best": "the best semiring path",
    "diffmask": "DiffMask",
    "random": "random scores",
}
"""Names inside of a sentence."""


def method_name(name: str) -> str:
    """The name inside of a sentence; unknown ones as they are."""
    return METHOD_NAMES.get(name, name)
