"""Two runs on the same examples in, the examples on which their masks differ most, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.levels import EdgeVotes
from linguagraph.aggregates.matching import shared_edges

__all__ = ["Apart", "choose_apart"]

_RULES = ("both_ways", "only_first", "only_second")


@dataclass(frozen=True, slots=True)
class Apart:
    """An example on which two runs differ.

    Attributes:
        rule: "both_ways", "only_first" or "only_second".
        sentence: corpus index of the sentence, or number of the graph.
        first, second: number of the example in the tables of either run.
        only_first, only_second, both: edges that the majority of seeds retains in any layer, in
            one run alone or in both.
        edges: edges that both runs have.
    """

    rule: str
    sentence: int
    first: int
    second: int
    only_first: int
    only_second: int
    both: int
    edges: int


def choose_apart(
    first: EdgeVotes,
    second: EdgeVotes,
    *,
    lengths: Mapping[int, int] | None = None,
    most: int = 25,
    rules: tuple[str, ...] = _RULES,
) -> tuple[Apart, ...]:
    """Choose the example of each rule on which the majority masks differ most.

    * both_ways: the largest min(only_first, only_second), so that neither run simply has more;
    * only_first, only_second: the largest number of edges that the run alone retains, less those
      that the other alone does.

    Ties go to the example with more differing edges, then to fewer edges, then to the first. No
    sentence is chosen twice, and none in which nothing differs as the rule asks.

    Args:
        lengths: size of each sentence by corpus index (edges where it is not given); larger ones
            than ``most`` are passed over unless there are no others.
        rules: those wanted.
    """
    at_first, at_second = shared_edges(first, second)
    if not len(at_first):
        return ()
    kept = [run.shares(0)[at] >= 0.5 for run, at in ((first, at_first), (second, at_second))]
    table = pd.DataFrame(
        {
            "example": first.example[at_first],
            "sentence": first.sentence[at_first],
            "first": first.column("example")[at_first],
            "second": second.column("example")[at_second],
            "only_first": kept[0] & ~kept[1],
            "only_second": kept[1] & ~kept[0],
            "both": kept[0] & kept[1],
        }
    )
    groups = table.groupby("example", sort=True)
    found = groups.agg(
        {
            **dict.fromkeys(("sentence", "first", "second"), "first"),
            **dict.fromkeys(("only_first", "only_second", "both"), "sum"),
        }
    )
    found["edges"] = groups.size()
    size = found["edges"] if lengths is None else found["sentence"].map(lengths)
    short = (size <= most).to_numpy()
    found = found[short] if short.any() else found
    chosen: list[Apart] = []
    for rule in rules:
        left = found[~found["sentence"].isin([c.sentence for c in chosen])]
        best = _best(left, rule)
        if best is not None:
            chosen.append(best)
    return tuple(chosen)


def _best(table: pd.DataFrame, rule: str) -> Apart | None:
    sides = table[["only_first", "only_second"]]
    net = sides["only_first"] - sides["only_second"]
    value = {"both_ways": sides.min(axis=1), "only_first": net, "only_second": -net}[rule]
    order = np.lexsort((table["edges"], -sides.sum(axis=1), -value))
    if not len(order) or value.iloc[order[0]] <= 0:
        return None
    row = table.iloc[order[0]]
    return Apart(rule, **{str(name): int(row[name]) for name in table.columns})
