"""Edge, path, role and score tables in, small tidy tables with n and intervals out."""

from __future__ import annotations

from linguagraph.aggregates.agreement import agreement
from linguagraph.aggregates.chains import chain_statistics
from linguagraph.aggregates.coreference_scores import (
    CoreferenceScores,
    score_coreference,
    scores_table,
)
from linguagraph.aggregates.corpus_statistics import corpus_statistics
from linguagraph.aggregates.faithfulness import faithfulness, faithfulness_by_seed
from linguagraph.aggregates.graph_statistics import graph_statistics
from linguagraph.aggregates.groups import share_by, share_contrast
from linguagraph.aggregates.items import Items, compile_items
from linguagraph.aggregates.labels import label_contrasts, labels
from linguagraph.aggregates.learning import learning_curves
from linguagraph.aggregates.parse_comparison import compare_parses
from linguagraph.aggregates.paths import distance_contrast, path_distances, path_lengths
from linguagraph.aggregates.retention import retention, retention_by_type
from linguagraph.aggregates.retention_entropy import label_entropy, retention_information
from linguagraph.aggregates.retention_model import RetentionModel, retention_model
from linguagraph.aggregates.roles import roles
from linguagraph.aggregates.selection import Choice, select_examples
from linguagraph.aggregates.soft_gates import soft_gate_histogram, soft_gates
from linguagraph.aggregates.statistics import Resampling, wilson
from linguagraph.aggregates.targets import targets
from linguagraph.aggregates.typed_paths import typed_paths

__all__ = [
    "Choice",
    "CoreferenceScores",
    "Items",
    "Resampling",
    "RetentionModel",
    "agreement",
    "chain_statistics",
    "compare_parses",
    "compile_items",
    "corpus_statistics",
    "distance_contrast",
    "faithfulness",
    "faithfulness_by_seed",
    "graph_statistics",
    "label_contrasts",
    "label_entropy",
    "labels",
    "learning_curves",
    "path_distances",
    "path_lengths",
    "retention",
    "retention_by_type",
    "retention_information",
    "retention_model",
    "roles",
    "score_coreference",
    "scores_table",
    "select_examples",
    "share_by",
    "share_contrast",
    "soft_gate_histogram",
    "soft_gates",
    "targets",
    "typed_paths",
    "wilson",
]
