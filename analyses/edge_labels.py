"""Which edge labels does the model rely on, and in which layer?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import compile_items, labels
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, Row, nothing, question, rows, seeds_note, shown
from .graph_drawings import draw_edge_labels
from .params import Params
from .phrases import count, join, percent, span

__all__ = ["run"]

NAME, TITLE = "labels", "Edge labels"
_ENDS = ("", "_low", "_high")
PERCENT = (*SHARE, *(f"{c}{e}" for c in ("of_retained", "of_examples") for e in _ENDS))
COLUMNS = [
    *("label", "n", "k", *SHARE),
    *("of_retained", "of_retained_low", "of_retained_high", "examples", "of_examples", "small"),
]
LAYERS = ["label", "layer", "n", "k", *SHARE, "interval", "small"]


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Retained share of each label, by layer; labels that are frequent but superfluous."""
    if tables.edges.empty:
        return (nothing(NAME, TITLE, __doc__, "the edge table is empty"),)
    items = compile_items(tables.edges)
    often, seldom = params.frequent, params.superfluous
    found = labels(items, resampling=params.resampling, frequent=often, superfluous=seldom)
    whole = found[found["predicate_type"] == "all"].reset_index(drop=True)
    layers = [_layer(labels(items, resampling=params.resampling, layer=k), k) for k in items.layers]
    table = pd.concat([_layer(found, "all"), *layers], ignore_index=True)
    rare = whole[whole["superfluous"] & (whole["examples"] >= params.min_n)]
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(whole, rare, params),
            figures=(draw_edge_labels(table, whole["label"].tolist(), params),),
            tables=(
                shown(
                    "labels",
                    "Every edge label, most retained edges first. n: edges, each layer counted, k: "
                    "retained, share: k of n; of_retained: k of all retained edges; examples, "
                    f"of_examples: graphs with the label; small: n under {params.min_n}.",
                    whole[COLUMNS],
                    percent=PERCENT,
                    digits=1,
                ),
                shown(
                    "labels_by_layer",
                    "Share of the label's edges that is retained in each layer; n: edges, k: "
                    "retained.",
                    table[LAYERS],
                    percent=SHARE,
                    digits=1,
                    folded=True,
                ),
            ),
            notes=(
                seeds_note(items.seeds, "graphs"),
                "Labels may go together with other properties of graphs; these shares are "
                "marginal and no test of a cause.",
            ),
            summary={NAME: _summary(whole, rare)},
        ),
    )


def _layer(table: pd.DataFrame, layer: int | str) -> pd.DataFrame:
    return table[table["predicate_type"] == "all"].assign(layer=str(layer))


def _finding(whole: pd.DataFrame, rare: pd.DataFrame, params: Params) -> str:
    if not whole["k"].sum():
        return "No edge of any label is retained."
    if len(whole) == 1:
        only = rows(whole)[0]
        ends = span(only["low"], only["high"], level=params.level)
        return (
            f"All edges have one label ({only['label']}), of which {percent(only['share'])} is "
            f"retained ({ends}): labels tell nothing apart."
        )
    known = whole[~whole["small"]]
    if known.empty:
        return f"No label has {params.min_n} edges to rank labels by."
    most, least = known.nlargest(1, "share"), known.nsmallest(1, "share")
    text = f"Most is retained of {_share(rows(most)[0], params)}"
    if most.index[0] != least.index[0]:
        text += f", least of {_share(rows(least)[0], params)}"
    return f"{text}. {_superfluous(rare, params)}"


def _share(row: Row, params: Params) -> str:
    ends = span(row["low"], row["high"], level=params.level)
    return f"{row['label']} ({percent(row['share'])}; {ends})"


def _superfluous(rare: pd.DataFrame, params: Params) -> str:
    if rare.empty:
        return "No frequent label is superfluous throughout."
    names = [str(name) for name in rare.nlargest(8, "n")["label"]]
    names += [f"{len(rare) - 8} more"] if len(rare) > 8 else []
    what = count(len(rare), "frequent label is", "frequent labels are")
    return f"{what} superfluous in over {1 - params.superfluous:.0%} of cases: {join(names)}."


def _summary(whole: pd.DataFrame, rare: pd.DataFrame) -> Row:
    shares = {
        str(r["label"]): {key: float(r[key]) for key in SHARE} | {"n": int(r["n"])}
        for r in rows(whole)
    }
    return {"shares": shares, "superfluous": [str(name) for name in rare["label"]]}
