"""Which roles, and roles of which predicates, does the explained model find?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import roles
from linguagraph.aggregates.stored_rows import Rows, parts
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import nothing, question, rows, shown
from .drawings import draw_roles
from .params import Params
from .phrases import join, number, percent, span, type_name

__all__ = ["run"]

NAME, TITLE = "scores_by_role", "Scores by role and predicate type"
PERCENT = tuple(f"{m}{e}" for m in ("precision", "recall", "f1") for e in ("", "_low", "_high"))


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """F1 of the unmasked model by predicate type and by role."""
    if tables.roles.empty:
        return (nothing(NAME, TITLE, __doc__, "no token has a gold or a predicted role"),)
    if not tables.roles["gold_role"].notna().any():
        return (_predicted_only(tables.roles),)
    table = roles(tables.roles, resampling=params.resampling)
    by_type = table[table["role"] == "all"].drop(columns="role")
    by_role = table[(table["predicate_type"] == "all") & (table["role"] != "all")]
    drawn = by_role[~by_role["small"]].head(params.max_roles)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, by_type, drawn, params),
            figures=(draw_roles(drawn, params),),
            tables=(
                shown(
                    "scores_by_type",
                    "Unmasked model by predicate type. gold, predicted, correct: role triples (the "
                    "n of recall, of precision, and their common k).",
                    by_type,
                    percent=PERCENT,
                ),
                shown(
                    "scores_by_role",
                    f"Unmasked model by role, all types and each. small: fewer than {params.min_n} "
                    "gold instances.",
                    table[table["role"] != "all"],
                    percent=PERCENT,
                    folded=True,
                ),
            ),
            notes=(
                "A role counts as found if predicate, token and label are all right. At scores of "
                "exactly 0% or 100% the interval is Wilson's over sentences.",
            ),
            summary={NAME: _summary(by_type, by_role)},
        ),
    )


def _predicted_only(found: Rows) -> Section:
    """Without gold roles: what the model says, as counts."""
    keys = ["predicate_type", "role"]
    sizes = [part.groupby(keys, observed=True).size() for part in parts(found)]
    counts = pd.concat(sizes).groupby(level=keys, observed=True).sum()
    table = counts.rename("predicted").reset_index().astype({"predicate_type": str, "role": str})
    order = table.groupby("role")["predicted"].sum().sort_values(ascending=False, kind="stable")
    table = table.sort_values(["predicate_type", "predicted"], ascending=[True, False])
    most = join(f"{role} ({n:,})" for role, n in order.head(3).items())
    caption = "Roles that the unmasked model gives, by predicate type."
    text = f"There are no gold roles to score against. The model gives {len(found):,} roles, most "
    return Section(
        name=NAME,
        title=TITLE,
        question=question(__doc__),
        finding=f"{text}often {most}.",
        tables=(shown("predicted_roles", caption, table.reset_index(drop=True)),),
        summary={NAME: {"predicted": {str(role): int(n) for role, n in order.items()}}},
    )


def _finding(
    table: pd.DataFrame, by_type: pd.DataFrame, drawn: pd.DataFrame, params: Params
) -> str:
    whole = rows(by_type)[0]
    text = f"Role F1 is {percent(whole['f1'])} "
    text += f"({span(whole['f1_low'], whole['f1_high'], level=params.level)})"
    kinds = by_type[(by_type["predicate_type"] != "all") & ~by_type["small"]]
    if len(kinds) == 1 and (by_type["predicate_type"] != "all").sum() == 1:
        text += f"; all predicates are {type_name(kinds['predicate_type'].iloc[0])}"
    elif len(kinds):
        named = join(
            f"{percent(f)} for {type_name(t)}"
            for t, f in zip(kinds["predicate_type"], kinds["f1"], strict=True)
        )
        text += f": {named} predicates"
    if len(drawn) < 2:
        return text + f"; fewer than two roles have {params.min_n} gold instances."
    best, worst = (rows(part)[0] for part in (drawn.nlargest(1, "f1"), drawn.nsmallest(1, "f1")))
    if best["f1"] == worst["f1"]:
        return text + f"; all frequent roles are found equally well ({percent(best['f1'])})."
    apart = best["f1_low"] > worst["f1_high"]
    return text + (
        f". Of the roles drawn, {best['role']} is found best ({percent(best['f1'])}) and "
        f"{worst['role']} worst ({percent(worst['f1'])})"
        + ("." if apart else ", but their intervals overlap.")
    )


def _summary(by_type: pd.DataFrame, by_role: pd.DataFrame) -> dict[str, dict[str, object]]:
    return {
        "by_type": dict(zip(by_type["predicate_type"], map(number, by_type["f1"]), strict=True)),
        "by_role": dict(zip(by_role["role"], map(number, by_role["f1"]), strict=True)),
    }
