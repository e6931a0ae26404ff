"""Which dependency labels, read in which direction, does the model rely on?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import compile_items, label_contrasts, labels
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section, TableBlock

from .blocks import SHARE, edge_name, nothing, question, rows, seeds_note, shown
from .drawings import draw_labels
from .facts import MISSING, lookup
from .method_words import method_words
from .params import Params
from .phrases import count, join, percent, span, type_name

__all__ = ["run"]

NAME, TITLE = "labels", "Dependency labels"
_ENDS = ("", "_low", "_high")
PERCENT = (*SHARE, *(f"{c}{e}" for c in ("of_retained", "of_examples") for e in _ENDS))
BRIEF = ["label", "direction", "predicate_type", "examples", "of_examples", "n", "k", *SHARE]
LAYERS = ["label", "direction", "layer", "n", "k", *SHARE, "interval", "small"]


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Figure 8 of the paper: both panels, and labels that are frequent but superfluous."""
    if tables.edges.empty:
        return (nothing(NAME, TITLE, __doc__, "the edge table is empty"),)
    items = compile_items(tables.edges)
    resampling = params.resampling
    table = labels(
        items, resampling=resampling, frequent=params.frequent, superfluous=params.superfluous
    )
    layers = [labels(items, resampling=resampling, layer=k).assign(layer=k) for k in items.layers]
    contrasts = label_contrasts(items, resampling=params.resampling)
    whole = table[table["superfluous"] & (table["predicate_type"] == "all")]
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, contrasts, params),
            figures=(draw_labels(table, params),),
            tables=_tables(table, pd.concat(layers), contrasts, params),
            notes=(
                f"Label set: {lookup(tables.manifest, 'corpus', 'label_set') or MISSING}. "
                "Direction: -> flows from head to dependent, <- from dependent to head.",
                seeds_note(items.seeds, seedless=method_words(tables).seedless),
                "Labels correlate with distance, path length and frequency; these shares are "
                "marginal and no test of a cause.",
            ),
            summary={
                NAME: {
                    "superfluous": [*map(edge_name, whole["label"], whole["direction"])],
                    "contrasts_tested": len(contrasts),
                }
            },
        ),
    )


def _tables(
    table: pd.DataFrame, layers: pd.DataFrame, contrasts: pd.DataFrame, params: Params
) -> tuple[TableBlock, ...]:
    rare = f"Labels that occur in over {params.frequent:.0%} of examples (of the type) and are "
    rare += f"retained in under {params.superfluous:.0%} of cases, with at least {params.min_n} "
    rare += "such examples. n: edges, k: retained."
    full = "Every label, direction and predicate type. n: edges, k: retained, share: k of n; "
    full += "of_retained: k of retained_edges; of_examples: examples of all of that type; small: n "
    full += f"under {params.min_n}."
    pair = "Retained share with verbal (first) against nominal predicates (second), for labels of "
    pair += f"at least {params.min_n} edges in both; p_holm: adjusted over the rows."
    part = "Share of the label's edges that is retained in each layer."
    layers = layers[layers["predicate_type"] == "all"]
    useless = table[table["superfluous"] & (table["examples"] >= params.min_n)]
    ends = ("share_first", "share_second", "difference", "low", "high")
    return (
        shown("labels_superfluous", rare, useless[BRIEF], percent=PERCENT, digits=1),
        shown("labels", full, table, percent=PERCENT, digits=1, folded=True),
        shown("labels_by_layer", part, layers[LAYERS], percent=SHARE, digits=1, folded=True),
        shown("labels_verbal_nominal", pair, contrasts, percent=ends, folded=True),
    )


def _finding(table: pd.DataFrame, contrasts: pd.DataFrame, params: Params) -> str:
    if not table["k"].sum():
        return "No edge of any label is retained."
    tops = []
    for kind, part in table[table["predicate_type"] != "all"].groupby("predicate_type", sort=False):
        best = rows(part.nlargest(1, "of_retained"))[0]
        of_type = best["examples"] / best["of_examples"]
        if best["retained_edges"] >= params.min_n and of_type >= params.min_n:
            name, kind = edge_name(best["label"], best["direction"]), type_name(str(kind))
            ends = span(best["of_retained_low"], best["of_retained_high"], level=params.level)
            share = percent(best["of_retained"])
            tops.append(f"with {kind} predicates {name} leads ({share} of retained edges; {ends})")
    text = join(tops) or f"no predicate type has {params.min_n} retained edges to rank labels by"
    text = f"{text[0].upper()}{text[1:]}. {_superfluous(table, params)}"
    if contrasts.empty:
        return text
    apart, tested = int((contrasts["p_holm"] < 1 - params.level).sum()), len(contrasts)
    return text + (
        f" Of {count(tested, 'label and direction', 'labels and directions')} tested, "
        f"{apart or 'none'} {'differs' if apart == 1 else 'differ'} between verbal and nominal "
        "predicates after Holm's adjustment."
    )


def _superfluous(table: pd.DataFrame, params: Params) -> str:
    whole = table[table["superfluous"] & (table["predicate_type"] == "all")]
    whole = whole[whole["examples"] >= params.min_n]
    if whole.empty:
        return "No frequent label is superfluous throughout."
    names = [edge_name(r["label"], r["direction"]) for r in rows(whole.nlargest(8, "n"))]
    names += [f"{len(whole) - 8} more"] if len(whole) > 8 else []
    what = "Over all predicates " + count(len(whole), "frequent label is", "frequent labels are")
    return f"{what} superfluous in over {1 - params.superfluous:.0%} of cases: {join(names)}."
