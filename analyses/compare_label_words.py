"""Differences of two runs by label in, the sentences that say what they show out."""

from __future__ import annotations

import pandas as pd

from .blocks import Row, edge_name, rows
from .compared import Compared
from .params import Params
from .phrases import count, join, percent

__all__ = ["drawn_labels", "fixed_probes", "label_words", "whole_labels"]

NAMED = 3


def whole_labels(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of single labels, any layer, all types, large enough."""
    kept = (table["layer"] == "any") & (table["predicate_type"] == "all") & ~table["small"]
    return table[kept & (table["label"] != "all labels")].reset_index(drop=True)


def label_words(table: pd.DataFrame, far: Row, names: tuple[str, str], params: Params) -> str:
    whole, tests = whole_labels(table), int(table["p"].notna().sum())
    sure = whole[whole["p_holm"] < 0.05]
    if whole.empty or not tests:
        return f"No label has enough edges to compare {names[0]} and {names[1]}."
    told = (whole["direction"] != "").any()
    noun = ("label with direction", "labels with direction") if told else ("label", "labels")
    text = (
        f"Of {count(len(whole), *noun)}, {len(sure)} {'is' if len(sure) == 1 else 'are'} "
        f"retained to a different extent by {names[0]} and {names[1]} (Holm's correction over "
        f"{tests} tests)"
    )
    for sign, word in ((1, "more"), (-1, "less")):
        part = sure[sure["difference"] * sign > 0]
        top = part.reindex(part["h"].abs().nlargest(NAMED).index)
        if len(top):
            said = [
                f"{edge_name(r['label'], r['direction'])} ({percent(r['share_second'])} against "
                f"{percent(r['share_first'])})"
                for r in rows(top)
            ]
            text += f"; {names[1]} retains {word} of {join(said)}"
    if far["distance"] == far["distance"]:
        text += f". What they retain is {far['distance']:.2f} apart in its labels"
        known = [far[k] for k in ("seeds_first", "seeds_second") if far[k] == far[k]]
        if known:
            text += f"; two seeds of one run are at most {max(known):.2f} apart"
    return text + "."


def fixed_probes(compared: Compared) -> tuple[str, ...]:
    """A note that names the runs whose differences do not hold for other probes; none if none."""
    runs = zip(compared.names, compared.matched.runs, strict=True)
    single = [name for name, run in runs if run.seeds == 1]
    if not single:
        return ()
    return (
        f"Probes held fixed: {join(single)} {'has' if len(single) == 1 else 'have'} one seed, so "
        "these differences may be those of one probe, and say nothing about others of the model.",
    )


def drawn_labels(whole: pd.DataFrame, most: int) -> pd.DataFrame:
    """Rows to draw: half of them where the second run retains most less, half where most more.

    Where one side has fewer, the other gets its place.
    """
    order = whole.sort_values("difference", kind="stable")
    falls = int((order["difference"] < 0).sum())
    rises = len(order) - falls
    below = min(falls, max(most - rises, (most + 1) // 2))
    above = min(rises, most - below)
    return pd.concat([order.head(below), order.tail(above)])
