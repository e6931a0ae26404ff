"""In which layer does the model come to know which tokens it can do without?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import faithfulness
from linguagraph.edges.storage import RunTables
from linguagraph.figures import lines, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock, Section

from .blocks import nothing, question, rows, rows_by, shown
from .params import Params
from .phrases import join, number, percent
from .token_parts import masks_of, shares, states_of

__all__ = ["run"]

NAME, TITLE = "token_layers", "Tokens kept by layer"


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Share of tokens kept under the mask of every layer, and the score under it."""
    masks = masks_of(tables)
    if masks.empty:
        return (nothing(NAME, TITLE, __doc__, "no token was masked"),)
    states = states_of(masks)
    table = shares(masks, "layer", params)
    table.insert(1, "state", states)
    scored = faithfulness(tables.scores, resampling=params.resampling)
    conditions = rows_by(scored, "condition", kind="all")
    names = [f"mask_{layer}" for layer in range(len(states) - 1)] + ["retained_100"]
    for end in ("", "_low", "_high"):
        values = [conditions[n][f"f1{end}"] if n in conditions else float("nan") for n in names]
        table[f"f1{end}"] = values
    main = shown(
        NAME,
        "Tokens kept under the mask of each layer, and the score with them alone. n: tokens, k: "
        f"kept, means over seeds; low, high: {params.level:.0%} intervals over sentences.",
        table,
        percent=("share", "low", "high", "f1", "f1_low", "f1_high"),
    )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, params),
            figures=(_draw(table, params),),
            tables=(main,),
            notes=(
                "The mask of a layer rests on what the states up to it tell: at the input a gate "
                "sees the token alone, above it sees what the model has made of it. Tokens that "
                "are dropped only in higher layers are those that the model must read before it "
                "can tell that it does not need them.",
            ),
            summary={
                NAME: {
                    r["state"]: {"share": number(r["share"]), "f1": number(r["f1"])}
                    for r in rows(table)
                }
            },
        ),
    )


def _draw(table: pd.DataFrame, params: Params) -> FigureBlock:
    parts = []
    for panel, columns in (
        ("tokens kept", ("share", "low", "high")),
        (f"{params.score} with them alone", ("f1", "f1_low", "f1_high")),
    ):
        part = table[["layer", *columns]].set_axis(["layer", "value", "low", "high"], axis=1)
        parts.append(part.assign(panel=panel))
    drawn = pd.concat(parts, ignore_index=True)
    figure = lines(
        drawn,
        x="layer",
        y="value",
        low="low",
        high="high",
        panel="panel",
        xlabel="Layer (0: the input)",
        ylabel="Share",
    )
    spoken = "; ".join(
        f"{r['state']}: {percent(r['share'])} kept, {params.score} {percent(r['f1'])}"
        for r in rows(table)
    )
    caption = f"Tokens kept and {params.score} by layer, with {params.level:.0%} intervals."
    return FigureBlock(NAME, caption, f"{spoken}.", to_svg(figure), to_pdf(figure), data=NAME)


def _finding(table: pd.DataFrame, params: Params) -> str:
    said = join(f"{percent(r['share'])} under the mask of {r['state']}" for r in rows(table))
    text = f"Tokens kept: {said}"
    drops = [
        (a["share"] - b["share"], b["state"])
        for a, b in zip(rows(table), rows(table)[1:], strict=False)
        if a["low"] > b["high"]
    ]
    if not drops:
        return f"{text}; the intervals of neighbouring layers do not set them apart."
    return f"{text}; the largest step that the intervals tell is at {max(drops)[1]}."
