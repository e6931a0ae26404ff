"""Keep and drop curves and their measures in, a figure and a part of ``summary.json`` out."""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.faithfulness_curves import HIGHER
from linguagraph.figures import lines, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock

from .blocks import Row, rows
from .params import Params
from .phrases import number, percent

__all__ = ["FILLS", "SOURCES", "draw_curves", "fidelity_shape", "fill_notes", "side_by_side"]

SOURCES = {
    "method": "the mask",
    "random_labels": "random, same number and labels",
    "random": "random, same number",
}
"""What chooses the edges, as the report names it."""

FILLS = {"baselines": "learned baselines", "zeros": "nothing"}
"""What dropped messages are replaced by, as the report names it."""

OWN_FILLS = ("nonamortised", "information_bottleneck")
"""Methods that learn, graph by graph, what dropped messages are replaced by; it is not stored."""


def fill_notes(whole: pd.DataFrame) -> tuple[str, ...]:
    """What to know of the fills of ``fidelity_summary``, a paragraph each."""
    fills = whole.groupby("method", observed=True)["fill"].agg(set)
    found = [name for name in OWN_FILLS if name in fills.index and "baselines" not in fills[name]]
    return tuple(
        f"The masks of {name} were found with learned replacements of their own for dropped "
        "messages, one set per graph, which a run does not store: here dropped messages become "
        "nothing, so that these curves can show the method as less faithful than it is with its "
        "own."
        for name in found
    )


def draw_curves(curves: pd.DataFrame, fill: str, params: Params) -> FigureBlock:
    """Keep and drop curves, side by side, from rows of one fill of ``fidelity_curves``."""
    drawn = curves.assign(edges=curves["control"].map(SOURCES), percent=curves["share"] * 100)
    drawn["panel"] = ["top edges " + {"keep": "kept"}.get(d, "dropped") for d in drawn["direction"]]
    spoken = [
        f"{panel}, {name}: "
        + ", ".join(f"{r['percent']:.0f}% {percent(r['confidence'])}" for r in rows(part))
        for (panel, name), part in drawn.groupby(["panel", "edges"], sort=False)
    ]
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
    caption = (
        "Probability that the model gives its original answers when only the edges with the "
        "highest scores are kept, and when they are dropped, against random edges; dropped "
        f"messages become {FILLS[fill]}. {params.level:.0%} intervals."
    )
    alt = "Probability of the original answers. " + ". ".join(spoken) + "."
    name = "faithfulness_curves"
    return FigureBlock(name, caption, alt, to_svg(figure), to_pdf(figure), data=name)


def fidelity_shape(whole: pd.DataFrame) -> Row:
    """``fidelity_summary`` by method, fill, control and measure, as JSON values."""
    shape: Row = {}
    for row in rows(whole):
        place = shape
        for key in ("method", "fill", "control"):
            place = place.setdefault(str(row[key]), {})
        names = {"value": "value", "low": "ci_low", "high": "ci_high", "difference": "difference"}
        place[row["measure"]] = {new: number(row[old]) for old, new in names.items()}
    return shape


def side_by_side(whole: pd.DataFrame, fill: str) -> pd.DataFrame:
    """One row per method and measure: the mask's value, and each control with the difference."""
    part = whole[whole["fill"] == fill]
    keys = ["method", "measure"]
    own = part[part["control"] == "method"]
    table = own[[*keys, "value", "low", "high"]].copy()
    table.insert(2, "better", ["higher" if HIGHER[m] else "lower" for m in table["measure"]])
    for control in SOURCES:
        if control == "method" or control not in set(part["control"]):
            continue
        names = {"value": control}
        names |= {f"difference{e}": f"{control}_difference{e}" for e in ("", "_low", "_high")}
        other = part[part["control"] == control].rename(columns=names)
        table = table.merge(other[[*keys, *names.values()]], on=keys, how="left")
    return table.assign(measure=table["measure"].str.replace("_", " "))
