"""Aggregates over graphs in, the figures of a report without linguistic sections out."""

from __future__ import annotations

import pandas as pd

from linguagraph.figures import bars, histogram, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock

from .blocks import Row, rows
from .params import Params
from .phrases import percent

__all__ = ["draw_attention", "draw_edge_labels", "draw_gold"]

_SPOKEN = 10


def _panel(layer: str) -> str:
    return "all layers" if layer == "all" else f"layer {layer}"


def draw_edge_labels(table: pd.DataFrame, ranked: list[str], params: Params) -> FigureBlock:
    """Retained share of the labels with the most retained edges, by layer.

    Args:
        table: ``label``, ``layer`` ("all", "0" ...), ``share``, ``low``, ``high``, ``small``.
        ranked: labels, most retained edges first.
        params: how many are drawn.
    """
    shown = [str(name) for name in ranked[: params.max_labels]]
    drawn = table[table["label"].astype(str).isin(shown) & ~table["small"]].copy()
    layers = list(dict.fromkeys(drawn["layer"]))
    if len(layers) == 2:  # a model of one layer
        drawn = drawn[drawn["layer"] == "all"]
        layers = ["all"]
    pairs = pd.MultiIndex.from_product([layers, shown], names=["layer", "label"])
    drawn["label"] = drawn["label"].astype(str)
    grid = drawn.set_index(["layer", "label"]).reindex(pairs).reset_index()
    grid["panel"] = [_panel(layer) for layer in grid["layer"]]
    spoken = "; ".join(
        f"{r['panel']}: {r['label']} {percent(r['share'])}"
        for r in rows(grid.dropna(subset=["share"]).head(3 * _SPOKEN))
    )
    drawing = bars(
        grid,
        y="label",
        x="share",
        low="low",
        high="high",
        panel="panel" if len(layers) > 1 else None,
        xlabel="Retained share",
    )
    return FigureBlock(
        "labels_retained",
        caption=f"Retained share of the edges of {_those(len(shown), len(ranked))}, by layer, with "
        f"{params.level:.0%} intervals; cells under {params.min_n} edges are left out.",
        alt=f"Retained share by label. {spoken or 'All cells are small, no label is drawn'}.",
        svg=to_svg(drawing),
        pdf=to_pdf(drawing),
        data="labels_by_layer",
    )


def _those(shown: int, known: int) -> str:
    return "each label" if shown == known else f"the {shown} labels with most retained edges"


def draw_gold(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Precision, recall and F1 by layer, means over seeds, from ``needed_edges``."""
    mean = table[(table["seed"] == "mean") & (table["needed"] + table["retained"] > 0)]
    layers = list(dict.fromkeys(mean["layer"]))
    mean = mean[mean["layer"].isin(["all"] if len(layers) == 2 else layers)]
    drawn = pd.DataFrame(
        [
            {
                "measure": title,
                "panel": _panel(str(row["layer"])),
                "share": row[name],
                "low": row[f"{name}_low"],
                "high": row[f"{name}_high"],
            }
            for row in rows(mean)
            for name, title in (("precision", "precision"), ("recall", "recall"), ("f1", "F1"))
        ]
    )
    panels = drawn["panel"].nunique()
    spoken = "; ".join(
        f"{r['panel']}, {r['measure']} {percent(r['share'])}" for r in rows(drawn.head(3 * _SPOKEN))
    )
    drawing = bars(
        drawn,
        y="measure",
        x="share",
        low="low",
        high="high",
        panel="panel" if panels > 1 else None,
        xlabel="Share",
    )
    return FigureBlock(
        "gold_scores",
        caption="Retained against needed edges: precision, recall and F1 by layer, means over "
        f"seeds, with {params.level:.0%} intervals over graphs.",
        alt=f"Retained against needed edges. {spoken}.",
        svg=to_svg(drawing),
        pdf=to_pdf(drawing),
        data="gold",
    )


def draw_attention(bins: pd.DataFrame, whole: Row) -> FigureBlock:
    """Distribution of the model's own weights, from ``soft_gate_histogram``."""
    marks = {"mean": float(whole["mean"])}
    top = rows(bins.nlargest(1, "edges"))[0]
    drawing = histogram(
        bins, x="gate", weight="edges", xlabel="Weight", ylabel="Edges", marks=marks
    )
    return FigureBlock(
        "attention_histogram",
        caption="Distribution of the model's own weights of messages, over all layers.",
        alt=f"Weights: mean {whole['mean']:.2f}, standard deviation {whole['sd']:.2f}, most "
        f"frequent between {top['gate_from']:.3f} and {top['gate_to']:.3f}.",
        svg=to_svg(drawing),
        pdf=to_pdf(drawing),
        data="attention_histogram",
    )
