"""Which tokens does the model need: by role, part of speech, relation and distance?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.token_items import part_of_speech, token_places
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import nothing, question, rows, shown
from .params import Params
from .phrases import join, number, percent, span
from .token_parts import draw_shares, masks_of, shares, top_rows

__all__ = ["run"]

NAME, TITLE = "token_groups", "Which tokens are kept"
PERCENT = ("share", "low", "high")
GROUPS = {
    "kind": "what the token is to the predicate",
    "role": "predicted role",
    "part_of_speech": "part of speech",
    "deprel": "dependency on the head",
    "distance": "distance from the predicate in tokens",
}
"""Columns that tokens are grouped by, and what they say."""

ORDERED = ("distance",)


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Shares of tokens kept in the top layer, and behind them those of every layer."""
    masks = masks_of(tables)
    if masks.empty:
        return (nothing(NAME, TITLE, __doc__, "no token was masked"),)
    told = masks.assign(
        part_of_speech=part_of_speech(masks),
        distance=token_places(masks),
        role=masks["role"].astype(object).where(masks["role"].notna(), "none"),
    )
    figures, blocks, summary = [], [], {}
    whole = {}
    for column, what in GROUPS.items():
        found = _sorted(shares(top_rows(told), column, params), column)
        if found.empty:
            continue
        whole[column], name = found, f"token_{column}"
        caption = f"Tokens kept in the top layer by {what}. n: tokens, k: kept, means over seeds."
        blocks.append(shown(name, caption, found, percent=PERCENT, folded=column != "kind"))
        layers = shares(told, ["layer", column], params)
        caption = f"The same in every layer, by {what}."
        blocks.append(shown(f"{name}_layers", caption, layers, percent=PERCENT, folded=True))
        figures.append(draw_shares(found, name=name, column=column, what=what, params=params))
        summary[column] = {
            str(r[column]): {k: number(r[k]) for k in PERCENT} | {"n": int(r["n"])}
            for r in rows(found)
        }
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(whole, params),
            figures=tuple(figures),
            tables=tuple(blocks),
            notes=(
                "A token counts once for each predicate of its sentence. Kinds: the predicate, its "
                "arguments and those of other predicates are as the unmasked model predicts them.",
                "Sorted by share, distances from near to far; groups of fewer than "
                f"{params.min_n} tokens are marked small and named in no finding.",
            ),
            summary={NAME: summary},
        ),
    )


def _sorted(table: pd.DataFrame, column: str) -> pd.DataFrame:
    table = table.assign(**{column: table[column].astype(str)})
    if column in ORDERED:
        return table
    order = ["small", "share", column]
    return table.sort_values(order, ascending=[True, False, True], ignore_index=True)


def _finding(whole: dict[str, pd.DataFrame], params: Params) -> str:
    kinds = {str(r["kind"]): r for r in rows(whole["kind"])}
    words = {
        "predicate": "predicates",
        "argument": "their arguments",
        "other_argument": "arguments of other predicates",
        "elsewhere": "other tokens",
    }
    said = [
        f"{percent(kinds[k]['share'])} of {w} "
        f"({span(kinds[k]['low'], kinds[k]['high'], level=params.level)})"
        for k, w in words.items()
        if k in kinds and not kinds[k]["small"]
    ]
    if not said:
        return f"No kind of token has {params.min_n} cases, so nothing is said about any."
    text = f"Kept are {join(said)}"
    for column, what in (("part_of_speech", "parts of speech"), ("deprel", "relations")):
        named = [r for r in rows(whole.get(column, pd.DataFrame())) if not r["small"]]
        if len(named) > 1:
            first, last = named[0], named[-1]
            text += f". Of {what}, {first[column]} is kept most often ({percent(first['share'])}), "
            text += f"{last[column]} least ({percent(last['share'])})"
    return f"{text}."
