"""How little of the graph does the model need, and does it still give the same answers with it?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import (
    agreement,
    compile_items,
    faithfulness,
    faithfulness_by_seed,
    retention,
)
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, rows_by, seeds_note, shown
from .facts import corpus_counts, metric, model_name, names_in, reading_notes
from .measures import measures
from .method_words import method_words
from .params import Params
from .phrases import count, difference, kappa_word, percent, span
from .shapes import retained_shape, score_shape
from .terms import Terms, terms

__all__ = ["run"]


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Score, retained share and agreement in one table; the main keys of the summary."""
    items, words = compile_items(tables.edges), terms(tables)
    kept = retention(items, resampling=params.resampling)
    scores = faithfulness(tables.scores, resampling=params.resampling)
    by_seed = faithfulness_by_seed(tables.scores)
    kappa = rows(agreement(items, resampling=params.resampling))[0]
    conditions = rows_by(scores, "condition", kind="all")
    summary = {
        "model": model_name(tables),
        "method": next(iter(names_in(tables.edges, "method")), None),
        "seeds": list(items.seeds),
        "corpus": corpus_counts(tables, items),
        "score": score_shape(scores, by_seed, metric=metric(tables)),
        "retained": retained_shape(kept),
    }
    main = shown(
        "overview",
        f"Score, retained share and agreement. mean, sd: over seeds; low, high: "
        f"{params.level:.0%} interval over {words.cases}; n: number of units.",
        pd.DataFrame(measures(kept, conditions, kappa, params, tables)),
    )
    seeds = shown(
        "overview_by_seed",
        "Score and retained share per seed and layer. n: edges, k: retained; low, high: "
        f"{params.level:.0%} interval of the share over {words.cases}.",
        _by_seed(kept, by_seed, words),
        percent=("f1", "score", "retained", "low", "high"),
        folded=True,
    )
    return (
        Section(
            name="overview",
            title="Overview",
            question=question(__doc__),
            finding=_finding(tables, rows(kept)[0], conditions, kappa, params),
            tables=(main, seeds),
            notes=(
                seeds_note(items.seeds, words.cases, seedless=method_words(tables).seedless),
                *reading_notes(tables.manifest),
            ),
            summary=summary,
        ),
    )


def _by_seed(kept: pd.DataFrame, scores: pd.DataFrame, words: Terms) -> pd.DataFrame:
    f1 = {str(r["seed"]): r["f1"] for r in rows(scores) if r["condition"] == "retained_100"}
    table = kept[~kept["seed"].isin(["mean", "none"])].rename(columns={"share": "retained"})
    columns = ["seed", "layer", "retained", "low", "high", "k", "n"]
    table, whole = table[columns].astype({"k": int}), table["layer"] == "all"
    score = table["seed"].map(f1).where(whole).astype(float)
    return table.assign(**{words.score: score}).reset_index(drop=True)


def _finding(
    tables: RunTables, whole: Row, conditions: dict[str, Row], kappa: Row, params: Params
) -> str:
    if not whole["n"]:
        return "There is nothing to report: the edge table is empty."
    ends = span(whole["low"], whole["high"], level=params.level)
    amount = {0.0: "none", 1.0: "all"}.get(whole["share"], f"{percent(whole['share'])} ({ends})")
    method = method_words(tables)
    text = f"{method.subject} retain {amount} of the edges of {model_name(tables)}"
    if "original" in conditions and "retained_100" in conditions:
        s, original = conditions["retained_100"], conditions["original"]["f1"]
        apart = (s["difference"], s["difference_low"], s["difference_high"])
        text += f"; with these alone {params.score} is {percent(s['f1'])}, against "
        text += f"{percent(original)} with all edges: {difference(*apart, level=params.level)}"
    else:
        text += "; what that does to the score was not measured"
    if method.deterministic:
        return f"{text}. {method.seedless}"
    if kappa["reason"]:
        return f"{text}. Agreement between seeds is undefined: {kappa['reason']}."
    word, who = kappa_word(kappa["fleiss_kappa"]), count(int(kappa["seeds"]), method.run)
    text += f". Agreement of the {who} on which edges is {word}"
    return f"{text} (Fleiss' kappa {kappa['fleiss_kappa']:.2f})."
