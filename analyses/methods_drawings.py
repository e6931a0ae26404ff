"""Curves and measures of several methods in, figures of them beside random edges out."""

from __future__ import annotations

import pandas as pd

from linguagraph.figures import bars, lines, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock

from .blocks import rows
from .compared import Compared
from .params import Params
from .phrases import percent

__all__ = ["AOPC", "draw_curves", "draw_gains"]

NAME = "methods_curves"
TITLES = {"keep": "top edges kept", "drop": "top edges dropped"}
AOPC = ("aopc_sufficiency", "aopc_comprehensiveness")
"""Measures of whole curves."""


def draw_curves(curves: pd.DataFrame, compared: Compared, caption: str) -> FigureBlock:
    """Keep and drop curves of all methods, with random edges."""
    own = curves[curves["control"] == "method"].assign(edges=lambda t: t["method"])
    chance = curves[(curves["control"] == "random") & (curves["method"] == compared.names[0])]
    drawn = pd.concat([own, chance.assign(edges="random edges")], ignore_index=True)
    drawn = drawn.assign(
        panel=drawn["direction"].map(TITLES).astype(str), percent=drawn["share"] * 100
    )
    figure = lines(
        drawn,
        x="percent",
        y="confidence",
        low="confidence_low",
        high="confidence_high",
        hue="edges",
        panel="panel",
        xlabel="Edges chosen (%)",
        ylabel="Probability of the original answer",
    )
    spoken = [
        f"{panel}, {name}: "
        + ", ".join(f"{r['percent']:.0f}% {percent(r['confidence'])}" for r in rows(part))
        for (panel, name), part in drawn.groupby(["panel", "edges"], sort=False)
    ]
    return FigureBlock(NAME, caption, ". ".join(spoken), to_svg(figure), to_pdf(figure), data=NAME)


def draw_gains(against: pd.DataFrame, params: Params) -> FigureBlock:
    """What each method gains over random edges, over the whole curves."""
    drawn = against[against["measure"].isin(AOPC)]
    drawn = drawn.assign(panel=drawn["measure"].str.replace("_", " "))
    figure = bars(
        drawn,
        y="method",
        x="difference",
        low="difference_low",
        high="difference_high",
        panel="panel",
        xlabel="Method minus random",
        percent=False,
    )
    spoken = ", ".join(f"{r['panel']} of {r['method']} {r['difference']:.3f}" for r in rows(drawn))
    name = f"{NAME}_measures"
    caption = f"Method minus random edges of the same number, {params.level:.0%} intervals."
    return FigureBlock(name, caption, f"{spoken}.", to_svg(figure), to_pdf(figure), data=name)
