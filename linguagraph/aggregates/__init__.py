"""Edge, path, role and score tables in, small tidy tables with n and intervals out."""

from __future__ import annotations

from linguagraph.aggregates.agreement import agreement
from linguagraph.aggregates.faithfulness import faithfulness, faithfulness_by_seed
from linguagraph.aggregates.items import Items, compile_items
from linguagraph.aggregates.labels import label_contrasts, labels
from linguagraph.aggregates.paths import distance_contrast, path_distances, path_lengths
from linguagraph.aggregates.retention import retention, retention_by_type
from linguagraph.aggregates.roles import roles
from linguagraph.aggregates.selection import Choice, select_examples
from linguagraph.aggregates.soft_gates import soft_gate_histogram, soft_gates
from linguagraph.aggregates.statistics import Resampling, wilson
from linguagraph.aggregates.targets import targets

__all__ = [
    "Choice",
    "Items",
    "Resampling",
    "agreement",
    "compile_items",
    "distance_contrast",
    "faithfulness",
    "faithfulness_by_seed",
    "label_contrasts",
    "labels",
    "path_distances",
    "path_lengths",
    "retention",
    "retention_by_type",
    "roles",
    "select_examples",
    "soft_gate_histogram",
    "soft_gates",
    "targets",
    "wilson",
]
