"""The fidelity table in, keep and drop curves and faithfulness measures with intervals out.

Values of a graph are means over draws and seeds; a mean over graphs gets its interval by resampling
sentences (graphs, where there is no language), and a difference between a method and its control is
taken graph by graph and resampled in the same way. With fewer sentences (graphs) than
``Resampling.min_sentences`` all ends of intervals are NaN.

Measures of :func:`fidelity_summary`, p the confidence (probability of the original answers):

* ``sufficiency``, p(all edges) - p(mask), and ``comprehensiveness``, p(all edges) - p(complement):
  DeYoung et al. (2020), equations 1 and 2;
* ``aopc_sufficiency`` and ``aopc_comprehensiveness``: the mean of the same differences over keep_P
  and drop_P for all P (their equation 3; all of our shares count as bins, 0% and 100% as well);
* ``fidelity_minus``, the share of answers that change with the mask alone, and ``fidelity_plus``,
  with the complement: fid- and fid+ of Amara et al. (2022) in the reading of
  ``torch_geometric.explain.metric.fidelity`` for explanations of the model; with ``_phenomenon``,
  the share of answers that become right or wrong, for explanations of the phenomenon;
* ``characterization``: 2 / (1 / fid+ + 1 / (1 - fid-)), of the means; 0 where fid+ is 0 or fid- 1;
* ``unfaithfulness``: 1 - exp(-KL) of the mask, per graph (Agarwal et al. 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.aggregates.items import require_one
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    Sums,
    percentile_interval,
    ratio_table,
    resample,
)
from linguagraph.errors import TableError

__all__ = ["CONTROLS", "HIGHER", "fidelity_curves", "fidelity_summary"]

CONTROLS = ("method", "random_labels", "random")
"""What chooses the edges, in the order of the report."""

HIGHER = {
    "sufficiency": False,
    "comprehensiveness": True,
    "aopc_sufficiency": False,
    "aopc_comprehensiveness": True,
    "fidelity_minus": False,
    "fidelity_plus": True,
    "fidelity_minus_phenomenon": False,
    "fidelity_plus_phenomenon": True,
    "characterization": True,
    "unfaithfulness": False,
}
"""The measures in order, and whether higher is more faithful."""

_VALUES = ("confidence", "same", "correct_changed", "unfaithfulness", "kept", "edges")
_FIXED = ("keep_0", "keep_100", "drop_0", "drop_100")


@dataclass(frozen=True)
class _Panel:
    """Means per graph; G graphs of one method.

    Attributes:
        values: by (fill, control, condition): [G, measures in the order of ``_VALUES``].
        original: [G], confidence with all edges.
        sentence: [G], position of each graph's sentence.
        sentences: number of sentences.
    """

    values: dict[tuple[str, str, str], FloatArray]
    original: FloatArray
    sentence: NDArray[np.intp]
    sentences: int

    def sources(self) -> list[tuple[str, str]]:
        """Fills and controls, in order."""
        found = {(fill, control) for fill, control, _ in self.values}
        return sorted(found, key=lambda pair: (pair[0], CONTROLS.index(pair[1])))

    def get(self, fill: str, control: str, condition: str, name: str) -> FloatArray:
        """Values [G]; nothing is drawn in the place of no edge or of all edges."""
        source = "method" if condition in _FIXED else control
        values: FloatArray = self.values[fill, source, condition][:, _VALUES.index(name)]
        return values

    def by_sentence(self, values: FloatArray) -> FloatArray:
        """Values [G, M] summed: [sentences, M]."""
        summed = np.zeros((self.sentences, values.shape[1]))
        np.add.at(summed, self.sentence, values)
        return summed


def fidelity_curves(table: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """Confidence and equal answers by the share of edges that are kept or dropped.

    Args:
        table: :data:`linguagraph.columns.FIDELITY`, of one model.

    Returns:
        One row per ``method``, ``fill``, ``control``, ``direction`` (keep, drop) and ``share`` (in
        [0, 1], of the edges with the highest scores): ``graphs``; ``kept`` (share of all edges);
        ``confidence`` and ``same``, each with ``_low`` and ``_high``; ``difference`` of the
        method's confidence from the control's, with ``_low`` and ``_high``, NaN for the method.

    Raises:
        TableError: several models, or graphs that lack a condition.
    """
    parts = [_curves(name, panel, resampling) for name, panel in _panels(table)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_CURVES)


_KEYS = ["method", "fill", "control"]
_CURVES = [
    *(*_KEYS, "direction", "share", "graphs", "kept"),
    *(f"{name}{end}" for name in ("confidence", "same") for end in ("", "_low", "_high")),
    *("difference", "difference_low", "difference_high"),
]
_SUMMARY = [
    *(*_KEYS, "measure", "graphs", "value", "low", "high"),
    *("difference", "difference_low", "difference_high"),
]


def _curves(method: str, panel: _Panel, resampling: Resampling) -> pd.DataFrame:
    keys = [
        (fill, control, direction, share)
        for fill, control in panel.sources()
        for direction in ("keep", "drop")
        for share in _shares(panel, direction)
    ]
    columns: dict[str, list[FloatArray]] = {}
    for fill, control, direction, share in keys:
        where = f"{direction}_{share}"
        for name in ("confidence", "same", "kept", "edges"):
            columns.setdefault(name, []).append(panel.get(fill, control, where, name))
        own = panel.get(fill, "method", where, "confidence")
        columns.setdefault("difference", []).append(own - columns["confidence"][-1])
    stacked = [panel.by_sentence(np.stack(values, axis=1)) for values in columns.values()]
    stacked.append(panel.by_sentence(np.ones((len(panel.original), 1))))
    sums = dict(zip([*columns, "graphs"], resample(*stacked, resampling=resampling), strict=True))
    result = pd.DataFrame(keys, columns=["fill", "control", "direction", "share"])
    result["share"] /= 100
    result["graphs"] = len(panel.original)
    result["kept"] = sums["kept"].total / sums["edges"].total
    for name in ("confidence", "same"):
        found = ratio_table(sums[name], sums["graphs"], resampling=resampling)
        result[[name, f"{name}_low", f"{name}_high"]] = found[["share", "low", "high"]]
    names = ["difference", "difference_low", "difference_high"]
    result[names] = np.stack(_mean(sums["difference"], sums["graphs"], resampling), axis=1)
    result.loc[result["control"] == "method", names] = np.nan
    return result.assign(method=method)[_CURVES]


def fidelity_summary(table: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """The measures that the module names, for a method and its controls.

    Args:
        table: :data:`linguagraph.columns.FIDELITY`, of one model.

    Returns:
        One row per ``method``, ``fill``, ``control`` and ``measure`` (in the order of
        :data:`HIGHER`; those that need gold answers only where there are any): ``graphs`` that
        count; ``value``, ``low``, ``high``; ``difference`` of the method from the control with
        ``_low`` and ``_high``, NaN for the method.

    Raises:
        TableError: several models, or graphs that lack a condition.
    """
    parts = [_summary(name, panel, resampling) for name, panel in _panels(table)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_SUMMARY)


def _summary(method: str, panel: _Panel, resampling: Resampling) -> pd.DataFrame:
    sources = panel.sources()
    found = [_per_graph(panel, fill, control) for fill, control in sources]
    names = list(found[0])
    values = np.stack([np.stack(list(one.values()), axis=1) for one in found], axis=1)
    known = ~np.isnan(values)
    flat = np.where(known, values, 0.0).reshape(len(values), -1)
    sums, counts = resample(
        panel.by_sentence(flat),
        panel.by_sentence(known.reshape(len(values), -1).astype(float)),
        resampling=resampling,
    )
    shape = (len(sources), len(names))
    with np.errstate(invalid="ignore", divide="ignore"):
        total = (sums.total / counts.total).reshape(shape)
        samples = (sums.samples / counts.samples).reshape(-1, *shape)
    graphs = counts.total.reshape(shape).astype(np.int64)
    plus, minus = names.index("fidelity_plus"), names.index("fidelity_minus")
    total, samples = (
        np.concatenate([a, _characterization(a[..., plus], a[..., minus])[..., None]], axis=-1)
        for a in (total, samples)
    )
    graphs = np.concatenate([graphs, graphs[:, [plus]]], axis=1)
    names.append("characterization")
    base = [sources.index((fill, "method")) for fill, _ in sources]
    low, high = percentile_interval(samples, level=resampling.level)
    change = percentile_interval(samples[:, base] - samples, level=resampling.level)
    cells = {
        "graphs": graphs,
        "value": total,
        "low": low,
        "high": high,
        "difference": total[base] - total,
        "difference_low": change[0],
        "difference_high": change[1],
    }
    order = [names.index(name) for name in HIGHER if name in names]
    rows = [(fill, control, names[i]) for fill, control in sources for i in order]
    result = pd.DataFrame(rows, columns=["fill", "control", "measure"])
    for name, cell in cells.items():
        result[name] = cell[:, order].ravel()
    result.loc[result["control"] == "method", list(cells)[4:]] = np.nan
    return result[result["graphs"] > 0].assign(method=method)[_SUMMARY].reset_index(drop=True)


def _per_graph(panel: _Panel, fill: str, control: str) -> dict[str, FloatArray]:
    """Measures [G] that are means over graphs; ``characterization`` is none."""

    def get(condition: str, name: str) -> FloatArray:
        return panel.get(fill, control, condition, name)

    def aopc(direction: str) -> FloatArray:
        conditions = [f"{direction}_{share}" for share in _shares(panel, direction)]
        lost = [panel.original - get(condition, "confidence") for condition in conditions]
        return np.asarray(np.mean(lost, axis=0))

    return {
        "sufficiency": panel.original - get("mask", "confidence"),
        "comprehensiveness": panel.original - get("complement", "confidence"),
        "aopc_sufficiency": aopc("keep"),
        "aopc_comprehensiveness": aopc("drop"),
        "fidelity_minus": 1 - get("mask", "same"),
        "fidelity_plus": 1 - get("complement", "same"),
        "fidelity_minus_phenomenon": get("mask", "correct_changed"),
        "fidelity_plus_phenomenon": get("complement", "correct_changed"),
        "unfaithfulness": get("mask", "unfaithfulness"),
    }


def _characterization(plus: FloatArray, minus: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(2 / (1 / np.maximum(plus, 0) + 1 / np.maximum(1 - minus, 0)))


def _shares(panel: _Panel, direction: str) -> list[int]:
    """Percents of a direction, ascending."""
    start = f"{direction}_"
    found = {name for _, control, name in panel.values if control == "method"}
    return sorted(int(n.removeprefix(start)) for n in found if n.startswith(start))


def _mean(
    sums: Sums, graphs: Sums, resampling: Resampling
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean over graphs, and the ends of its interval."""
    low, high = percentile_interval(sums.samples / graphs.samples, level=resampling.level)
    return sums.total / graphs.total, low, high


def _panels(table: pd.DataFrame) -> list[tuple[str, _Panel]]:
    require_one(table, "model")
    if table.empty:
        return []
    table = table.assign(unfaithfulness=-np.expm1(-table["kl"].astype(float)))
    groups = table.groupby("method", observed=True, sort=True)
    return [(str(name), _panel(part)) for name, part in groups]


def _panel(table: pd.DataFrame) -> _Panel:
    graph, graphs = pd.factorize(table["graph"], sort=True)
    first = np.unique(graph, return_index=True)[1]
    sentence, sentences = pd.factorize(table["sentence"].to_numpy()[first])
    values: dict[tuple[str, str, str], FloatArray] = {}
    data = table[list(_VALUES)].to_numpy(dtype=float)
    keys = ["fill", "control", "condition"]
    for found, rows in table.groupby(keys, observed=True, sort=True).indices.items():
        fill, control, condition = map(str, cast("tuple[str, str, str]", found))
        key = fill, control, condition
        count = np.bincount(graph[rows], minlength=len(graphs))
        if not count.all():
            raise TableError(
                f"table 'fidelity': {int((count == 0).sum())} of {len(graphs)} graphs have no row "
                f"for {key}; every graph needs every condition"
            )
        summed = [np.bincount(graph[rows], weights=data[rows, i]) for i in range(len(_VALUES))]
        values[key] = np.stack(summed, axis=1) / count[:, None]
    original = table["original_confidence"].to_numpy(dtype=float)
    original = np.bincount(graph, weights=original) / np.bincount(graph)
    return _Panel(values, original, sentence.astype(np.intp), len(sentences))
