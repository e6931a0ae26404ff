"""The score table in, what it costs to remove a relation or a layer out (the paper's Table 6)."""

from __future__ import annotations

import re

import pandas as pd

from linguagraph.aggregates.faithfulness import ORIGINAL, faithfulness
from linguagraph.aggregates.items import ALL
from linguagraph.aggregates.statistics import Resampling
from linguagraph.graphs.entity import RELATIONS

__all__ = ["REMOVED", "entity_ablation"]

REMOVED = "removed_"
"""How conditions begin in which edges are removed."""

_LAYER = re.compile(r"layer_(\d+)")
_ENDS = ("", "_low", "_high")


def entity_ablation(scores: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """Accuracy with all edges, and without those of a relation or of a layer.

    Args:
        scores: :data:`linguagraph.columns.SCORES`; conditions ``original`` and ``removed_X``.

    Returns:
        A row per condition, all edges first, then relations, then layers: ``removed`` (what is
        removed, "nothing" first), ``kind`` ("original", "relation", "layer"), ``n`` answers,
        ``accuracy`` with ``_low``, ``_high`` (over items), ``difference`` from all edges with
        ``_low``, ``_high`` (paired, over items; NaN in the first row, or where it is missing) and
        ``kept``, the share of edges. Empty where nothing was removed.
    """
    names = scores["condition"].astype(str)
    removed = names.str.startswith(REMOVED)
    measures = [f"{name}{end}" for name in ("accuracy", "difference") for end in _ENDS]
    columns = ["removed", "kind", "n", *measures, "kept"]
    if not removed.any():
        return pd.DataFrame(columns=columns)
    found = faithfulness(scores[removed | (names == ORIGINAL)], resampling=resampling)
    found = found[found["predicate_type"] == ALL]
    what = [str(name).removeprefix(REMOVED) for name in found["condition"]]
    order = sorted(range(len(what)), key=lambda place: _rank(what[place]))
    table = found.rename(columns={"gold": "n", **{f"f1{e}": f"accuracy{e}" for e in _ENDS}})
    table = table.assign(
        removed=["nothing" if name == ORIGINAL else name.replace("_", " ") for name in what],
        kind=[_kind(name) for name in what],
    ).iloc[order]
    differences = [f"difference{end}" for end in _ENDS]
    table.loc[table["kind"] == ORIGINAL, differences] = float("nan")
    return table[columns].reset_index(drop=True)


def _kind(name: str) -> str:
    if name == ORIGINAL:
        return ORIGINAL
    return "layer" if _LAYER.fullmatch(name) else "relation"


def _rank(name: str) -> tuple[int, int, str]:
    layer = _LAYER.fullmatch(name)
    if name == ORIGINAL or layer:
        return (2, int(layer[1]), "") if layer else (0, 0, "")
    return 1, RELATIONS.index(name) if name in RELATIONS else len(RELATIONS), name
