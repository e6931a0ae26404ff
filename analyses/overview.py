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
from .facts import against_itself, corpus_counts, metric, model_name, names_in, reading_notes
from .method_words import method_words
from .params import Params
from .phrases import count, difference, kappa_word, percent, span
from .shapes import retained_shape, score_shape
from .terms import Terms, terms

__all__ = ["run"]
MEASURES = {"fleiss_kappa": "Fleiss' kappa"}
MEASURES |= {name: name.replace("_", " ") for name in ("raw_agreement", "prevalence")}
NAN = float("nan")


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
        pd.DataFrame(_measures(kept, conditions, kappa, params, tables)),
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
            notes=(seeds_note(items.seeds, words.cases), *reading_notes(tables.manifest)),
            summary=summary,
        ),
    )


def _measures(
    kept: pd.DataFrame, conditions: dict[str, Row], kappa: Row, p: Params, tables: RunTables
) -> list[Row]:
    result, unit = [], terms(tables).answers
    for condition, name in (("original", "original"), ("retained_100", "retained edges only")):
        if row := conditions.get(condition):
            if condition == "original" and against_itself(tables):  # 1 by definition
                row |= dict.fromkeys(("f1_low", "f1_high"), NAN)
            result.append(_measure(f"{p.score}, {name}", row, "f1", "gold", unit))
    if "original" in conditions and "retained_100" in conditions:
        name, row = f"difference of {p.score}", conditions["retained_100"]
        result.append(_measure(name, row, "difference", "gold", unit))
    for row in rows(kept[kept["seed"] == "mean"]):
        where = "all layers" if row["layer"] == "all" else f"layer {row['layer']}"
        row |= {"share_sd": row["sd"], "share_low": row["low"], "share_high": row["high"]}
        result.append(_measure(f"retained, {where}", row, "share", "n"))
    return result + [_measure(title, kappa, name, "n") for name, title in MEASURES.items()]


def _measure(title: str, row: Row, name: str, n: str, unit: str = "edges") -> Row:
    ends = {end: row[f"{name}_{end}"] for end in ("low", "high")}
    values = {"measure": title, "mean": row[name], **ends, "sd": row.get(f"{name}_sd", NAN)}
    return {**values, "n": int(row[n]), "unit_of_n": unit}


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
