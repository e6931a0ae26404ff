"""Do the runs retain the same edges, as far as seeds of one run do?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.model_agreement import PAIRS, model_agreement
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, shown
from .compare_drawings import draw_agreement
from .compared import Compared
from .params import Params
from .phrases import kappa_word, number, percent, signed

__all__ = ["agreement_of", "run"]

NAME, TITLE = "compare_agreement", "Agreement between runs"
MEASURES = ("cohen_kappa", "fleiss_kappa", "gwet_ac1", "raw_agreement")
PERCENT = (
    *("of_first", "of_second", "first_in_second", "second_in_first"),
    *(f"raw_agreement{end}" for end in ("", "_low", "_high")),
)


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """Kappa, AC1 and raw agreement between runs, beside that of the seeds of each."""
    table = agreement_of(compared, params)
    brief = table[table["layer"].isin(["any", *compared.levels[1:]])]
    once = brief.drop_duplicates(["layer", "who"])
    main = shown(
        NAME,
        "Agreement on single edges. who: whose seeds are paired; n: edges that both runs have; "
        "pairs: of seeds; coefficients: means over pairs; kappa_max: the largest kappa that these "
        "shares allow; first_in_second: share of what the first retains that the second does, too; "
        "below: how far the kappa between runs lies below the mean of those within; "
        f"low, high: {params.level:.0%} intervals over {compared.terms.cases}.",
        table.drop(columns="pair"),
        percent=PERCENT,
        digits=2,
    )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, compared, params),
            figures=(draw_agreement(once, params),) if once["cohen_kappa"].notna().any() else (),
            tables=(main,),
            notes=(
                "Seeds are those of one explained model each; they share training data and order "
                "of batches, so that their agreement is an upper estimate of the ceiling. "
                "Models trained again would agree less, and the gap between runs holds that too.",
                "Two runs that retain different shares cannot agree on every edge: kappa_max says "
                "how far kappa could go.",
            ),
            summary={NAME: _shape(table)},
        ),
    )


def agreement_of(compared: Compared, params: Params) -> pd.DataFrame:
    """``model_agreement`` of every pair; ``first``, ``second`` and ``who`` name the runs."""
    parts = []
    for pair in compared.pairs:
        first, second = (compared.matched.runs[i] for i in pair)
        levels = compared.shared_levels(pair)
        found = model_agreement(first, second, levels, resampling=params.resampling)
        names = [compared.names[i] for i in pair]
        said = (f"{names[0]} and {names[1]}", *(f"seeds of {name}" for name in names))
        who = found["pair"].map(dict(zip(PAIRS, said, strict=True)))
        found.insert(1, "who", who)
        parts.append(found.assign(first=names[0], second=names[1]))
    table = pd.concat(parts, ignore_index=True)
    lead = ["first", "second"] if len(compared.pairs) > 1 else []
    return table[[*lead, *(c for c in table.columns if c not in ("first", "second"))]]


def _finding(table: pd.DataFrame, compared: Compared, params: Params) -> str:
    paired = "first" in table
    found = {
        (r["first"], r["second"], r["who"]) if paired else r["who"]: r
        for r in rows(table[table["layer"] == "any"])
    }
    parts = []
    for i, j in compared.pairs:
        first, second = compared.names[i], compared.names[j]
        lead = (first, second)
        row = found[(*lead, f"{first} and {second}") if paired else f"{first} and {second}"]
        if row["reason"]:
            parts.append(f"Kappa of {first} and {second} is undefined: {row['reason']}.")
            continue
        text = (
            f"{first} and {second} agree on {percent(row['raw_agreement'])} of edges, a Cohen's "
            f"kappa of {signed(row['cohen_kappa'])} ({kappa_word(row['cohen_kappa'])}; at most "
            f"{row['kappa_max']:.2f} with the shares that they retain)"
        )
        inside = percent(row["second_in_first"]), percent(row["first_in_second"])
        text += (
            f"; of what {second} retains, {first} retains {inside[0]}, and the other way round "
            f"{inside[1]}"
        )
        seeds = [f"seeds of {name}" for name in lead]
        own = [found[(*lead, who) if paired else who]["cohen_kappa"] for who in seeds]
        known = [f"{n} {k:.2f}" for n, k in zip((first, second), own, strict=True) if k == k]
        if known:
            text += f". Seeds of one run reach {' and '.join(known)}"
        if row["below"] == row["below"]:
            sign = 1 if row["below"] >= 0 else -1
            ends = sorted((sign * row["below_low"], sign * row["below_high"]))
            text += f": the runs lie {abs(row['below']):.2f} {'below' if sign > 0 else 'above'} "
            text += f"this ceiling ({params.level:.0%} interval {signed(ends[0])} to "
            text += f"{signed(ends[1])})"
        parts.append(f"{text}.")
    return " ".join(parts)


def _shape(table: pd.DataFrame) -> Row:
    names = [f"{m}{end}" for m in MEASURES for end in ("", "_low", "_high")]
    names += ["kappa_max", "below", "first_in_second", "second_in_first"]
    shape: Row = {}
    for row in rows(table):
        place = shape.setdefault(row["layer"], {})
        place.setdefault(
            row["who"], {n: number(row[n]) for n in names} | {"n": int(row["n"])}
        )  # of several pairs, seeds as in the first
    return shape
