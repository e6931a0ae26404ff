"""What the paper reports of entity graphs (Schlichtkrull et al. 2021, section 5, appendix K)."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "ABLATION",
    "ATTRIBUTION",
    "FORMS",
    "INVERSES",
    "KEPT",
    "NOTE",
    "OF_EDGES",
    "OF_RETAINED",
    "ON_PATHS",
    "OVERLAP",
    "QUERY_EDGES",
    "REACHED",
    "TARGET",
]

NOTE = (
    "paper: what Schlichtkrull et al. (2021) report for their model, on WikiHop. It is another "
    "model on other data, so patterns can be compared with it, and numbers cannot."
)

OF_EDGES: Mapping[str, float] = {
    "MATCH": 0.081,
    "DOC-BASED": 0.132,
    "COREF": 0.042,
    "COMPLEMENT": 0.735,
    "all": 1.0,
}
"""Table 2, first column: of all edges."""

_TABLE2 = {
    "MATCH": (0.094, 0.111, 0.089),
    "DOC-BASED": (0.059, 0.177, 0.107),
    "COREF": (0.044, 0.0, 0.0),
    "COMPLEMENT": (0.319, 0.0, 0.0),
    "all": (0.516, 0.288, 0.196),
}

OF_RETAINED: Mapping[tuple[str, str], float] = {
    (str(layer), relation): share
    for relation, shares in _TABLE2.items()
    for layer, share in enumerate(shares)
}
"""Table 2: layer and relation, of all retained edges; all cells but the totals add up to 1."""

KEPT = 0.27
"""Edges retained."""

OVERLAP: Mapping[str, float] = {"all": 0.324, "retained": 0.023}
"""COREF edges that MATCH joins, too."""

QUERY_EDGES: Mapping[str, float] = {"all": 0.927, "0": 0.841}
"""Items with a retained edge at a mention of the query's entity, by layer."""

ON_PATHS: Mapping[str, float] = {"0": 0.118, "1": 0.427, "2": 0.738}
"""Retained edges on paths from mentions of the query's entity, by layer."""

TARGET: Mapping[str, float] = {"all": 0.997}
"""Items in which a retained edge enters a mention of the predicted answer."""

REACHED: Mapping[str, float] = {"predicted": 0.721, "average": 0.692}
"""Candidates that the query is connected to."""

FORMS: Mapping[str, float] = {"two edges": 0.22, "three edges": 0.52}
"""Paths of COMPLEMENT and then one, or two, of MATCH and DOC-BASED."""

INVERSES: Mapping[str, float] = {"0": 0.49, "1": 0.98, "2": 0.79}
"""Retained edges whose inverse is retained, by layer."""

ABLATION: Mapping[str, float] = {
    "nothing": 0.590,
    "layer 0": 0.331,
    "layer 1": 0.416,
    "layer 2": 0.520,
}
"""Table 6: accuracy without a layer."""

ATTRIBUTION: Mapping[tuple[str, int], float] = {
    (method, layer): share
    for method, shares in {
        "graphmask": (0.516, 0.288, 0.196),
        "gnnexplainer": (0.043, 0.119, 0.838),
        "integrated_gradients": (0.113, 0.330, 0.557),
    }.items()
    for layer, share in enumerate(shares)
}
"""Table 7: share of the total score in each layer."""
