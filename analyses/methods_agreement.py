"""Do methods find the same edges, when each may retain as many?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.method_agreement import (
    at_equal_sparsity,
    join_scores,
    method_agreement,
    method_labels,
)
from linguagraph.figures import bars, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock, Section

from .blocks import Row, question, rows, shown
from .compared import Compared
from .methods_labels import labels_section
from .params import Params
from .phrases import kappa_word, number, percent, signed

__all__ = ["run"]

NAME, TITLE = "methods_agreement", "Agreement between methods"
ENDS = ("", "_low", "_high")
PERCENT = ("share", "low", "high", *(f"{m}{e}" for m in ("raw_agreement", "jaccard") for e in ENDS))


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """Agreement on retained messages and on the order of scores; retention by label."""
    scores = join_scores({name: run.edges for name, run in compared.named.items()})
    kept = at_equal_sparsity(scores, compared.names, seed=params.seed)
    resampling = params.resampling
    pairs = method_agreement(scores, kept, compared.names, resampling=resampling)
    labels = method_labels(scores, kept, compared.names, resampling=resampling)
    return _agreement(pairs, compared, params), labels_section(labels, compared, params)


def _agreement(pairs: pd.DataFrame, compared: Compared, params: Params) -> Section:
    drawn = pairs.assign(pair=[f"{r['first']} and {r['second']}" for r in rows(pairs)])
    figure = bars(
        drawn,
        y="pair",
        x="cohen_kappa",
        low="cohen_kappa_low",
        high="cohen_kappa_high",
        xlabel="Cohen's kappa",
        percent=False,
    )
    spoken = ", ".join(f"{r['pair']} {signed(r['cohen_kappa'])}" for r in rows(drawn))
    caption = f"Agreement of methods on retained messages, {params.level:.0%} intervals."
    alt = f"Cohen's kappa: {spoken}."
    block = FigureBlock(NAME, caption, alt, to_svg(figure), to_pdf(figure), data=NAME)
    table = shown(
        NAME,
        "Every pair of methods. n: messages (an edge in a layer); share: retained by either "
        f"method, as many per example as {compared.names[0]} retains; jaccard: what both retain of "
        "what either does; rank_correlation: Spearman's within an example, mean over examples; "
        f"low, high: {params.level:.0%} intervals over {compared.terms.cases}.",
        pairs,
        percent=PERCENT,
        digits=2,
    )
    return Section(
        name=NAME,
        title=TITLE,
        question=question(__doc__),
        finding=_finding(pairs, compared.names[0]),
        figures=(block,),
        tables=(table,),
        notes=(
            "Methods retain unequal shares, which bounds their agreement. Here each retains, in "
            f"every example, as many messages as {compared.names[0]} (mean over its seeds), those "
            "with its highest scores (mean over seeds; ties at random).",
            "Chance has a kappa of 0. Scores of a method that decides hard are mostly 0 or 1: "
            "their order among equals says nothing, and lowers rank correlations.",
        ),
        summary={NAME: _shape(pairs)},
    )


def _finding(pairs: pd.DataFrame, first: str) -> str:
    known = [r for r in rows(pairs) if r["cohen_kappa"] == r["cohen_kappa"]]
    if not known:
        return f"{first} retains nothing, or everything, so that no agreement is defined."
    best = max(known, key=lambda r: r["cohen_kappa"])
    worst = min(known, key=lambda r: r["cohen_kappa"])
    text = f"When each retains {percent(best['share'])} of messages, {_words(best)} agree most"
    return f"{text}." if len(known) < 2 else f"{text}, {_words(worst)} least."


def _words(row: Row) -> str:
    ends = f"{signed(row['cohen_kappa_low'])} to {signed(row['cohen_kappa_high'])}"
    if row["cohen_kappa_low"] != row["cohen_kappa_low"]:
        ends = "no interval"
    return (
        f"{row['first']} and {row['second']} (Cohen's kappa {signed(row['cohen_kappa'])}, {ends}, "
        f"{kappa_word(row['cohen_kappa'])}; rank correlation {signed(row['rank_correlation'])})"
    )


def _shape(pairs: pd.DataFrame) -> Row:
    names = ("cohen_kappa", "gwet_ac1", "raw_agreement", "jaccard", "rank_correlation")
    return {
        f"{r['first']} / {r['second']}": {
            f"{n}{e}": number(r[f"{n}{e}"]) for n in names for e in ENDS
        }
        for r in rows(pairs)
    }
