"""Do masks that start from other seeds retain the same edges?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from linguagraph.aggregates import agreement, compile_items
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, nothing, question, rows, shown
from .drawings import draw_agreement
from .method_words import MethodWords, method_words
from .params import Params
from .phrases import count, kappa_word, percent
from .shapes import agreement_shape
from .terms import terms

__all__ = ["run"]

NAME, TITLE = "agreement", "Agreement between seeds"
_ENDS = ("", "_low", "_high")
PERCENT = tuple(f"{m}{e}" for m in ("raw_agreement", "prevalence") for e in _ENDS)
BRIEF = [
    *("layer", "n", "incomplete", "seeds"),
    *(f"{m}{e}" for m in ("fleiss_kappa", "raw_agreement", "prevalence") for e in _ENDS),
    *("gwet_ac1", "krippendorff_alpha", "reason"),
]


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Fleiss' kappa with its companions: overall, per layer, per label and direction."""
    items, words, method = compile_items(tables.edges), terms(tables), method_words(tables)
    overall = agreement(items, resampling=params.resampling)
    layers = agreement(items, by=("layer",), resampling=params.resampling)
    summary = {NAME: agreement_shape(rows(overall)[0], layers)}
    if tables.edges.empty:
        return (nothing(NAME, TITLE, __doc__, "the edge table is empty", summary=summary),)
    labels = agreement(items, by=("label", "direction"), resampling=params.resampling)
    labels = labels.sort_values("prevalence", ascending=False, kind="stable", ignore_index=True)
    main = shown(
        "agreement",
        "Agreement over all edges and per layer. n: edges rated by every seed (edges are the "
        "subjects, seeds the raters); raw_agreement: share of agreeing pairs of seeds; prevalence: "
        "share of votes for retained; reason: why kappa is undefined.",
        pd.concat([overall.assign(layer="all"), layers], ignore_index=True)[BRIEF],
        percent=PERCENT,
    )
    caption = f"The same per {' and '.join(words.lead)}, most retained first."
    ranked = labels.drop(columns=[] if words.language else ["direction"])
    full = shown("agreement_labels", caption, ranked, percent=PERCENT, folded=True)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(method, rows(overall)[0], layers, params),
            figures=draw_agreement(labels, params) if len(labels) > 1 else (),
            tables=(main, full),
            notes=(
                _raters(method, items.seeds),
                "Kappa falls when one category is rare and is undefined when one is never used; "
                "Gwet's AC1 stays defined, and Krippendorff's alpha corrects for small samples. "
                f"Intervals resample {words.cases}, and leave undefined resamples out.",
            ),
            summary=summary,
        ),
    )


def _raters(method: MethodWords, seeds: Sequence[int]) -> str:
    """What the seeds share, and what their agreement therefore says."""
    named = f"{count(len(seeds), 'seed')} ({', '.join(map(str, seeds))})"
    if method.probes:
        return (
            f"{named} of probes for one explained model. Probes of one run share the order of "
            "batches and the starting baselines and differ by initialisation and gate noise: kappa "
            "is an upper estimate of the agreement between independently trained probes, and says "
            "nothing about models that were trained differently."
        )
    if method.deterministic:
        return method.seedless
    return (
        f"{named} of {method.name} on one explained model, which differ by noise (and "
        "initialisation, where the method learns); nothing here is about models that were trained "
        "differently."
    )


def _finding(method: MethodWords, overall: Row, layers: pd.DataFrame, params: Params) -> str:
    if method.deterministic:
        return f"There is nothing to compare. {method.seedless}"
    raw = percent(overall["raw_agreement"])
    if overall["reason"]:
        ending = "." if overall["seeds"] < 2 or not overall["n"] else f" (raw agreement {raw})."
        return f"Fleiss' kappa is undefined: {overall['reason']}{ending}"
    kappa, ends = overall["fleiss_kappa"], _ends(overall, params)
    text = (
        f"{count(int(overall['seeds']), method.run)} reach a Fleiss' kappa of {kappa:.2f} "
        f"({ends}), {kappa_word(kappa)} agreement; pairs of seeds agree on {raw} of edges at a "
        f"prevalence of {percent(overall['prevalence'])}"
    )
    known = layers[layers["fleiss_kappa"].notna()].sort_values("fleiss_kappa", kind="stable")
    if len(known) < 2 or known["fleiss_kappa_low"].isna().any():
        return text + "."
    worst, *_, best = rows(known)
    if best["fleiss_kappa_low"] <= worst["fleiss_kappa_high"]:
        return text + "; the intervals of the layers do not set them apart."
    return (
        f"{text}; they agree most in layer {best['layer']} ({best['fleiss_kappa']:.2f}) and least "
        f"in layer {worst['layer']} ({worst['fleiss_kappa']:.2f})."
    )


def _ends(row: Row, params: Params) -> str:
    low, high = row["fleiss_kappa_low"], row["fleiss_kappa_high"]
    return f"{params.level:.0%} interval {low:.2f} to {high:.2f}" if low == low else "no interval"
