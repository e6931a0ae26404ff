"""QUESTION"""

from __future__ import annotations

import numpy as np
import pandas as pd
from linguagraph.aggregates import share_by, share_contrast
from linguagraph.analyses import Params
from linguagraph.analyses.phrases import difference, percent
from linguagraph.edges.storage import RunTables
from linguagraph.figures import bars, to_pdf, to_svg
from linguagraph.reports import FigureBlock, Section, TableBlock

NAME, TITLE = "new_analysis", "TITLE"
FIRST, SECOND = "before its head", "after its head"


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """One section, from the tables of a run: here, the dependencies in the edge table."""
    question = " ".join((__doc__ or "").split())
    edges = tables.edges[tables.edges["kind"] == "dependency"]
    if edges.empty:
        finding = "There is nothing to report: the run has no dependencies."
        return (Section(NAME, TITLE, question, finding),)
    edges = edges.assign(dependent=group(edges))
    shares = share_by(edges, "dependent", resampling=params.resampling)
    contrast = share_contrast(edges, "dependent", FIRST, SECOND, resampling=params.resampling)
    share = ("share", "low", "high")
    table = TableBlock(
        NAME,
        "Retained share of the edges by the place of the dependent, mean over seeds and layers; "
        "n: edges of one seed.",
        shares,
        percent=share,
    )
    said = ", ".join(f"{r['dependent']} {percent(r['share'])}" for r in shares.to_dict("records"))
    drawing = bars(shares, y="dependent", x="share", low="low", high="high", xlabel="Retained")
    figure = FigureBlock(
        NAME,
        f"Retained share, with {params.level:.0%} intervals over sentences.",
        f"Retained share by the place of the dependent: {said}.",
        svg=to_svg(drawing),
        pdf=to_pdf(drawing),
        data=NAME,
    )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question,
            finding=finding_of(contrast, params),
            figures=(figure,),
            tables=(table,),
            notes=("An edge is counted once per predicate of its sentence, layer and direction.",),
            summary={NAME: dict(zip(shares["dependent"], shares["share"], strict=True))},
        ),
    )


def group(edges: pd.DataFrame) -> np.ndarray:
    """Which group each edge belongs to; write your own distinction here."""
    downwards = edges["direction"] == "->"  # from head to dependent
    dependent = edges["target"].where(downwards, edges["source"])
    head = edges["source"].where(downwards, edges["target"])
    return np.where(dependent < head, FIRST, SECOND)


def finding_of(contrast: pd.DataFrame, params: Params) -> str:
    """What the difference between the two groups says, in a sentence."""
    if contrast.empty:
        return "All dependents stand on one side of their heads, so nothing can be compared."
    row = contrast.iloc[0]
    words = difference(
        row["difference"], row["low"], row["high"], level=params.level, up="more", down="less"
    )
    return (
        f"Of the edges whose dependent stands {FIRST}, {percent(row['share_first'])} are retained, "
        f"of the others {percent(row['share_second'])}: {words}."
    )
