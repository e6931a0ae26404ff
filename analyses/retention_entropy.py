"""How far does a label alone decide whether an edge is retained, and what explains the rest?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import (
    compile_items,
    label_entropy,
    learning_curves,
    retention_information,
)
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import FigureBlock, Section, TableBlock

from .blocks import SHARE, edge_name, nothing, question, rows, seeds_note, shown
from .method_words import method_words
from .model_drawings import FACTOR_NAMES, draw_entropy, draw_learning
from .params import Params
from .phrases import join, number, percent, span

__all__ = ["run"]

NAME, TITLE = "retention_entropy", "Entropy of retention"
EXPLAINED = ("explained", "explained_low", "explained_high")


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Entropy per label and direction, what contexts explain, and how labels were given up."""
    if tables.edges.empty:
        return (nothing(NAME, TITLE, __doc__, "the edge table is empty"),)
    items = compile_items(tables.edges)
    table = label_entropy(items, resampling=params.resampling)
    factors = retention_information(items, resampling=params.resampling)
    figures, learned = _learning(tables)
    ends = tuple(str(name) for name in table.columns if str(name).startswith("by_"))
    main = "What each factor alone explains of the entropy of all edges; factors overlap."
    full = "Entropy of each label and direction in bits, and the share of it that layer, predicate "
    full += f"type and position explain. n: edges, k: retained; small: n under {params.min_n}."
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, factors, params),
            figures=(draw_entropy(table, params), *figures),
            tables=(
                shown("retention_information", main, factors, percent=EXPLAINED),
                shown(NAME, full, table, percent=(*SHARE, *ends), folded=True),
                *learned,
            ),
            notes=(
                "Entropy: 0 bits where all edges of a label share one fate, 1 bit where half are "
                "retained. What a context explains (mutual information over entropy) is corrected "
                "for what chance alone would explain; its intervals are basic bootstrap intervals.",
                seeds_note(items.seeds, seedless=method_words(tables).seedless),
            ),
            summary={NAME: _summary(table, factors)},
        ),
    )


def _learning(tables: RunTables) -> tuple[tuple[FigureBlock, ...], tuple[TableBlock, ...]]:
    if tables.learning is None or tables.learning.empty:
        return (), ()
    curves = learning_curves(tables.learning, by=("label", "direction"))
    caption = "Retained share by label at each check of the probes' training, on the development "
    caption += "examples: mean, lowest and highest of the seeds, in the layers that had gates."
    percents = ("share", "lowest", "highest", "share_of_retained")
    block = shown("retention_learning", caption, curves, percent=percents, folded=True)
    return (draw_learning(curves),), (block,)


def _summary(table: pd.DataFrame, factors: pd.DataFrame) -> dict[str, object]:
    return {
        "bits": number(factors["entropy"].iloc[0]),
        "explained": {r["factor"]: number(r["explained"]) for r in rows(factors)},
        "labels": {
            edge_name(r["label"], r["direction"]): number(r["entropy"])
            for r in rows(table[~table["small"]])
        },
    }


def _finding(table: pd.DataFrame, factors: pd.DataFrame, params: Params) -> str:
    bits = factors["entropy"].iloc[0]
    if not bits > 0:
        return "All edges share one fate, so that nothing is left to explain."
    parts = [
        f"{FACTOR_NAMES[r['factor']]} {percent(r['explained'])} "
        f"({span(r['explained_low'], r['explained_high'], level=params.level)})"
        for r in rows(factors[factors["levels"] > 1])
    ]
    text = f"Over all edges retention has {bits:.2f} bits of entropy"
    text += f"; alone explain of it: {join(parts)}." if parts else "."
    open_ones = table[~table["small"] & (table["entropy"] > 0)].nlargest(3, "entropy")
    names = [
        f"{edge_name(r['label'], r['direction'])} ({r['entropy']:.2f})" for r in rows(open_ones)
    ]
    if names:
        text += f" Least decided by label and direction alone: {join(names)}."
    return text
