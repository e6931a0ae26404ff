"""Do gates that start from other seeds keep the same tokens?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import agreement
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import nothing, question, rows, shown
from .params import Params
from .phrases import kappa_word, percent
from .token_parts import items_of, masks_of, states_of

__all__ = ["run"]

NAME, TITLE = "token_agreement", "Agreement between seeds"
ENDS = ("", "_low", "_high")
PERCENT = tuple(f"{m}{e}" for m in ("raw_agreement", "prevalence") for e in ENDS)
COLUMNS = [
    *("layer", "state", "n", "seeds"),
    *(f"{m}{e}" for m in ("fleiss_kappa", "gwet_ac1", "raw_agreement") for e in ENDS),
    *("prevalence", "reason"),
]


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Fleiss' kappa, AC1 and raw agreement per layer; nothing for one seed."""
    items, states = items_of(tables), states_of(masks_of(tables))
    if len(items.seeds) < 2:
        why = "there is one seed, and nothing to compare it with"
        return (nothing(NAME, TITLE, __doc__, why),)
    overall = agreement(items, resampling=params.resampling).assign(layer="all", state="all")
    layers = agreement(items, by=("layer",), resampling=params.resampling)
    layers = layers.assign(state=[states[int(layer)] for layer in layers["layer"]])
    table = pd.concat([overall, layers], ignore_index=True)[COLUMNS]
    caption = (
        "Agreement on single tokens. n: tokens in layers, seeds: raters; prevalence: share of "
        "votes for keeping; reason: why kappa is undefined; intervals over sentences."
    )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(layers),
            tables=(shown(NAME, caption, table, percent=PERCENT, digits=2),),
            notes=(
                "Seeds differ by initialisation, order and noise of the gates; the explained model "
                "is one. Kappa falls where nearly all tokens are kept or dropped; AC1 stays "
                "defined.",
            ),
        ),
    )


def _finding(layers: pd.DataFrame) -> str:
    top = rows(layers)[-1]
    raw = f"pairs of seeds agree on {percent(top['raw_agreement'])} of tokens"
    if top["reason"]:
        return f"In the top layer {raw}; kappa is undefined: {top['reason']}."
    kappa = top["fleiss_kappa"]
    return (
        f"In the top layer {raw}, a Fleiss' kappa of {kappa:.2f} ({kappa_word(kappa)}) and an AC1 "
        f"of {top['gwet_ac1']:.2f} at a prevalence of {percent(top['prevalence'])}."
    )
