"""Effects, patterns, entropies and curves in, figures out, each with a caption and alt text."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from linguagraph.figures import bars, forest, lines, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock

from .blocks import edge_name, rows
from .params import Params
from .phrases import percent

__all__ = ["FACTOR_NAMES", "draw_effects", "draw_entropy", "draw_learning", "draw_patterns"]

FACTOR_NAMES = {
    "label": "label",
    "direction": "direction",
    "predicate_type": "predicate type",
    "distance": "token distance",
    "position": "position",
    "layer": "layer",
    "frequency": "frequency of the label",
}
"""Factors of the model as the report names them."""

_SPOKEN = 10
_CURVES = 6


def _block(name: str, drawing: Figure, *, caption: str, alt: str, data: str) -> FigureBlock:
    svg = to_svg(drawing)
    return FigureBlock(name, caption=caption, alt=alt, svg=svg, pdf=to_pdf(drawing), data=data)


def draw_effects(effects: pd.DataFrame, params: Params) -> FigureBlock:
    """A forest plot of average marginal effects, from ``RetentionModel.effects``."""
    drawn = effects[effects["effect"].notna()]
    most = drawn[drawn["factor"] == "label"].nlargest(params.max_labels, "n").index
    drawn = drawn[(drawn["factor"] != "label") | drawn.index.isin(most)]
    drawn = drawn.assign(
        group=[
            f"{FACTOR_NAMES[f]} (against {r})" if r else FACTOR_NAMES[f]
            for f, r in zip(drawn["factor"], drawn["reference"], strict=True)
        ]
    )
    far = drawn.reindex(drawn["effect"].abs().sort_values(ascending=False).index).head(_SPOKEN)
    spoken = "; ".join(f"{r['group']}, {r['level']}: {percent(r['effect'])}" for r in rows(far))
    return _block(
        "retention_effects",
        forest(
            pd.concat([drawn.assign(estimator="logit"), _of_gee(drawn)], ignore_index=True),
            y="level",
            x="effect",
            low="effect_low",
            high="effect_high",
            group="group",
            hue="estimator",
            xlabel="Change in the retained share, all else equal",
        ),
        caption="Average marginal effects: how the retained share changes against the reference "
        f"level (or when a number doubles), all other factors equal, with {params.level:.0%} "
        f"intervals; the {min(params.max_labels, len(most))} most frequent labels.",
        alt=f"Largest effects: {spoken or 'no effect could be estimated'}.",
        data="retention_effects",
    )


def _of_gee(drawn: pd.DataFrame) -> pd.DataFrame:
    ends = ["effect", "effect_low", "effect_high"]
    other = drawn.drop(columns=ends).rename(columns={"gee": "effect"})
    return other.rename(columns={"gee_low": "effect_low", "gee_high": "effect_high"}).assign(
        estimator="GEE"
    )


def draw_patterns(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Lift of the patterns that are retained most often, from ``typed_paths``."""
    drawn = table[table["k"] > 0].head(params.max_labels)
    drawn = drawn.assign(edges=[f"patterns of length {k}" for k in drawn["length"]])
    drawn = drawn.sort_values("length", kind="stable")
    spoken = "; ".join(f"{r['pattern']} {r['lift']:.2f}" for r in rows(drawn.head(_SPOKEN)))
    return _block(
        "typed_paths_lift",
        forest(
            drawn,
            y="pattern",
            x="lift",
            low="lift_low",
            high="lift_high",
            group="edges",
            xlabel="Lift: retained share against all patterns of that length",
            line=1.0,
            percent=False,
        ),
        caption=f"Lift of the {len(drawn)} patterns that are retained most often, with "
        f"{params.level:.0%} intervals; 1: as often as any pattern of that length.",
        alt=f"Lift: {spoken or 'no pattern is retained'}.",
        data="typed_paths",
    )


def draw_entropy(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Entropy of the labels with the most edges, from ``label_entropy``."""
    drawn = table[~table["small"]].nlargest(params.max_labels, "n", keep="first")
    drawn = drawn.sort_values("entropy", ascending=False, kind="stable")
    drawn = drawn.assign(edge=[*map(edge_name, drawn["label"], drawn["direction"])])
    spoken = "; ".join(f"{r['edge']} {r['entropy']:.2f}" for r in rows(drawn.head(_SPOKEN)))
    return _block(
        "retention_entropy_labels",
        bars(
            drawn,
            y="edge",
            x="entropy",
            low="entropy_low",
            high="entropy_high",
            xlabel="Entropy of retention in bits",
            percent=False,
        ),
        caption=f"Entropy of retention of the {len(drawn)} most frequent labels: 0 where the label "
        f"decides, 1 where it says nothing, with {params.level:.0%} intervals.",
        alt=f"Entropy in bits, least decided first: {spoken or 'no label has enough edges'}.",
        data="retention_entropy",
    )


def draw_learning(curves: pd.DataFrame) -> FigureBlock:
    """Retained share of the most frequent labels over the training, from ``learning_curves``."""
    curves = curves.assign(edge=[*map(edge_name, curves["label"], curves["direction"])])
    most = curves.groupby("edge")["n"].max().nlargest(_CURVES).index
    drawn = curves[curves["edge"].isin(most)]
    last = drawn[drawn["check"] == drawn["check"].max()]
    spoken = "; ".join(f"{r['edge']} {percent(r['share'])}" for r in rows(last))
    return _block(
        "retention_learning",
        lines(
            drawn,
            x="epoch",
            y="share",
            low="lowest",
            high="highest",
            hue="edge",
            xlabel="Epoch of the probes' training",
            ylabel="Retained share",
        ),
        caption=f"Retained share of the {len(most)} most frequent labels while the probes were "
        "trained, mean and range over seeds, in the layers that had gates.",
        alt=f"At the last check: {spoken or 'nothing recorded'}.",
        data="retention_learning",
    )
