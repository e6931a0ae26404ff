"""How few tokens does the model need, and does it still give the same answers with them?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import agreement, faithfulness, faithfulness_by_seed, retention
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, rows_by, seeds_note, shown
from .facts import corpus_counts, metric, model_name
from .method_words import method_words
from .params import Params
from .phrases import difference, kappa_word, percent, span
from .shapes import agreement_shape, retained_shape, score_shape
from .token_parts import items_of, masks_of, states_of

__all__ = ["run"]


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Score, share of tokens kept and agreement; the main keys of the summary."""
    items, states = items_of(tables), states_of(masks_of(tables))
    kept = retention(items, resampling=params.resampling)
    scores = faithfulness(tables.scores, resampling=params.resampling)
    by_seed = faithfulness_by_seed(tables.scores)
    overall = agreement(items, resampling=params.resampling)
    layers = agreement(items, by=("layer",), resampling=params.resampling)
    top = str(len(states) - 1)
    named = kept.assign(state=[_state(k, states) for k in kept["layer"]])
    table = shown(
        "overview",
        "Tokens kept per layer and seed; mean: over seeds, with their sd; n: tokens, each once per "
        f"predicate; low, high: {params.level:.0%} interval over sentences. The mask of a layer is "
        "what the gates of all layers up to it let through.",
        named[["layer", "state", "seed", "n", "k", "share", "low", "high", "sd"]],
        percent=("share", "low", "high", "sd"),
    )
    retained = retained_shape(kept)
    summary = {
        "model": model_name(tables),
        "method": str(tables.manifest.get("method", {}).get("name")),
        "units": "tokens",
        "seeds": list(items.seeds),
        "corpus": corpus_counts(tables, items),
        "score": score_shape(scores, by_seed, metric=metric(tables)),
        "retained": {**retained, "overall": retained["per_layer"].get(top, retained["overall"])},
        "agreement": agreement_shape(rows(overall)[0], layers),
    }
    conditions = rows_by(scores, "condition", kind="all")
    return (
        Section(
            name="overview",
            title="Overview",
            question=question(__doc__),
            finding=_finding(tables, kept, top, conditions, rows(layers)[-1:], params),
            tables=(table,),
            notes=(
                seeds_note(items.seeds),
                f"Metric: {metric(tables)}; senses are left out.",
                "A token that is dropped enters the model as a learned baseline vector; where the "
                "predicate stands is told to the model all the same.",
            ),
            summary=summary,
        ),
    )


def _state(layer: str, states: list[str]) -> str:
    return states[int(layer)] if layer.isdigit() else "all"


def _finding(
    tables: RunTables,
    kept: pd.DataFrame,
    top: str,
    conditions: dict[str, Row],
    agreed: list[Row],
    params: Params,
) -> str:
    found = rows(kept[(kept["layer"] == top) & (kept["seed"] == "mean")])
    if not found:
        return "There is nothing to report: no token was masked."
    ends = span(found[0]["low"], found[0]["high"], level=params.level)
    text = f"{method_words(tables).subject} keep {percent(found[0]['share'])} of the tokens "
    text += f"({ends}) of {model_name(tables)}'s sentences"
    if "original" in conditions and "retained_100" in conditions:
        row, before = conditions["retained_100"], conditions["original"]["f1"]
        apart = difference(
            *(row[f"difference{e}"] for e in ("", "_low", "_high")), level=params.level
        )
        text += f"; with these alone {params.score} is {percent(row['f1'])}, against "
        text += f"{percent(before)} with all tokens: {apart}"
    if not agreed or agreed[0]["seeds"] < 2:
        return f"{text}. One seed: nothing can be said about agreement."
    if agreed[0]["reason"]:
        return f"{text}. Agreement between seeds is undefined: {agreed[0]['reason']}."
    kappa = agreed[0]["fleiss_kappa"]
    return f"{text}. Agreement of seeds in the top layer is {kappa_word(kappa)} (Fleiss' kappa " + (
        f"{kappa:.2f})."
    )
