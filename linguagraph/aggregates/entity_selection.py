"""Tables of questions in, the items that a report draws out, chosen by rule, and what is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import compile_items

__all__ = ["EDGE", "ROUTES", "ItemChoice", "ItemPart"]
__all__ += ["item_edges", "part_of_item", "select_entity_items"]

EDGE = ["layer", "edge", "source", "target", "label"]
"""What names an edge in a layer."""

ROUTES = ("subject to answer", "from the subject", "to the answer", "")
"""What paths of retained edges in ascending layers an edge can lie on, the longest ones first."""


@dataclass(frozen=True, slots=True)
class ItemChoice:
    """An item to draw.

    Attributes:
        rule: "typical", "wrong", "densest" or "disagreement".
        example: its number in the tables.
        reason: what the rule looked at, with the numbers.
    """

    rule: str
    example: int
    reason: str


@dataclass(frozen=True)
class ItemPart:
    """The retained edges of an item that a drawing has room for.

    Attributes:
        edges: a row per edge and layer: what names it, ``retained_share``, and ``route``, one of
            :data:`ROUTES`.
        retained: how many there are without the limit.
        total: how many edges the item has, summed over layers.
    """

    edges: pd.DataFrame
    retained: int
    total: int

    @property
    def left_out(self) -> int:
        """Retained edges that there is no room for."""
        return self.retained - len(self.edges)


def select_entity_items(
    edges: pd.DataFrame,
    items: pd.DataFrame,
    chains: pd.DataFrame | None = None,
    *,
    max_edges: int = 60,
) -> tuple[ItemChoice, ...]:
    """Choose a typical item, one answered wrongly, a dense one, and one the seeds disagree about.

    An edge is retained in a layer if at least half of the seeds retain it there; retained edges are
    counted over layers, and medians are those of all items.

    * typical: of the items answered correctly (of all, where no answer is known) the one with the
      number of retained edges nearest to the median; where some of them have a gold path that is
      retained by at least half of the seeds, one of those;
    * wrong: of the items answered wrongly the one nearest to the median;
    * densest: most retained edges, of the items with at most ``max_edges`` of them;
    * disagreement: the largest share of disagreeing pairs of seeds, if there is any disagreement.

    Items without a retained edge are passed over, no item is chosen twice, ties go to the lowest
    number, and a rule that no item satisfies chooses none.

    Args:
        edges: :data:`linguagraph.columns.EDGES` of one model and method.
        items: :data:`linguagraph.columns.ITEMS`.
        chains: :data:`linguagraph.columns.CHAINS`, where gold paths were looked for.
        max_edges: how many retained edges are readable.

    Raises:
        TableError: several models or methods in ``edges``.
    """
    table = _counted(edges, items, chains)
    median = float(table["retained"].median()) if len(table) else math.nan
    table = table[table["retained"] > 0]
    rules: tuple[Callable[[pd.DataFrame], ItemChoice | None], ...] = (
        lambda left: _typical(left, median),
        lambda left: _wrong(left, median),
        lambda left: _densest(left, max_edges),
        _disagreement,
    )
    chosen: list[ItemChoice] = []
    for rule in rules:
        left = table[~table["example"].isin([choice.example for choice in chosen])]
        found = rule(left) if len(left) else None
        if found is not None:
            chosen.append(found)
    return tuple(chosen)


def item_edges(edges: pd.DataFrame, example: int) -> pd.DataFrame:
    """One item's edges: what names each (:data:`EDGE`) and ``retained_share``, over the seeds."""
    found = edges.loc[edges["example"] == example, [*EDGE, "retained"]]
    groups = found.groupby(EDGE, observed=True, sort=True)["retained"]
    return groups.mean().rename("retained_share").reset_index()


def part_of_item(edges: pd.DataFrame, mentions: pd.DataFrame, *, max_edges: int = 60) -> ItemPart:
    """Choose the edges to draw of one item: those that at least half of the seeds retain.

    Where these are more than ``max_edges``, first those on paths of retained edges in ascending
    layers that lead from a mention of the subject to one of the predicted answer, then those on
    paths from the subject or to the answer, then the others; among equals those that more seeds
    retain, then the lower layer and number. Edges from a mention to itself are left out.

    Args:
        edges: as :func:`item_edges` returns.
        mentions: the item's rows of :data:`linguagraph.columns.MENTIONS`.
        max_edges: at least 1.
    """
    kept = edges[(edges["retained_share"] >= 0.5) & (edges["source"] != edges["target"])]
    subject = mentions.loc[mentions["role"] == "subject", "node"].tolist()
    answer = mentions.loc[mentions["predicted"], "node"].tolist()
    kept = kept.assign(route=_routes(kept, subject, answer))
    rank = kept["route"].map(ROUTES.index)
    ranked = kept.assign(rank=rank, share=-kept["retained_share"])
    order = ranked.sort_values(["rank", "share", *EDGE[:2]], kind="stable").index
    part = kept.loc[order[:max_edges]].sort_values(EDGE[:2], kind="stable", ignore_index=True)
    return ItemPart(part, len(kept), len(edges))


def _routes(kept: pd.DataFrame, starts: Collection[int], ends: Collection[int]) -> list[str]:
    """The route of every edge; what a node has been told, it keeps in the layers above."""
    rows = list(
        zip(
            *(kept[name].astype(int).tolist() for name in ("layer", "source", "target")),
            strict=True,
        )
    )
    told: dict[int, float] = dict.fromkeys(starts, -math.inf)
    for layer, source, target in sorted(rows):
        if told.get(source, math.inf) < layer:
            told[target] = min(told.get(target, math.inf), layer)
    heard: dict[int, float] = dict.fromkeys(ends, math.inf)
    for layer, source, target in sorted(rows, reverse=True):
        if heard.get(target, -math.inf) > layer:
            heard[source] = max(heard.get(source, -math.inf), layer)
    found = []
    for layer, source, target in rows:
        after = told.get(source, math.inf) < layer
        before = heard.get(target, -math.inf) > layer
        found.append(ROUTES[0 if after and before else 1 if after else 2 if before else 3])
    return found


def _counted(edges: pd.DataFrame, items: pd.DataFrame, chains: pd.DataFrame | None) -> pd.DataFrame:
    """One row per item with edges: number, retained edges, disagreement, correct, gold path."""
    votes = compile_items(edges)
    size, raters = len(votes.examples), len(votes.seeds)
    majority = 2 * votes.retained >= np.maximum(votes.rated, 1)
    k, n = votes.retained, votes.rated
    pairs = 2 * k * (n - k) / max(1, raters * (raters - 1))
    count = np.maximum(np.bincount(votes.example, minlength=size), 1)
    disagreement = np.bincount(votes.example, weights=pairs, minlength=size) / count
    known = dict(zip(items["example"].tolist(), items["correct"].astype(str), strict=True))
    paths = _gold_paths(chains, edges, items)
    return pd.DataFrame(
        {
            "example": votes.examples,
            "retained": np.bincount(votes.example[majority], minlength=size),
            "disagreement": disagreement,
            "correct": [known.get(int(example), "") for example in votes.examples],
            "gold_path": [int(example) in paths for example in votes.examples],
        }
    )


def _gold_paths(
    chains: pd.DataFrame | None, edges: pd.DataFrame, items: pd.DataFrame
) -> frozenset[int]:
    """Items with gold supports of which at least half of the seeds retain a gold path."""
    if chains is None or edges.empty:
        return frozenset()
    own = chains[(chains["control"] == "method") & (chains["method"] == edges["method"].iloc[0])]
    known = (items["gold_subject_support"] >= 0) & (items["gold_answer_support"] >= 0)
    own = own[own["example"].isin(items.loc[known, "example"])]
    shares = own.groupby("example")["gold_path"].mean()
    return frozenset(int(example) for example in shares.index[shares >= 0.5])


def _typical(table: pd.DataFrame, median: float) -> ItemChoice | None:
    known = bool((table["correct"] != "").any())
    if known:
        table = table[table["correct"] == "yes"]
    said = "answered correctly, " if known else ""
    led = ""
    if table["gold_path"].any():
        table = table[table["gold_path"]]
        led = "; retained edges lead from the subject to the answer within the gold documents"
    return _nearest("typical", table, median, said, led)


def _wrong(table: pd.DataFrame, median: float) -> ItemChoice | None:
    return _nearest("wrong", table[table["correct"] == "no"], median, "answered wrongly, ", "")


def _nearest(
    rule: str, table: pd.DataFrame, median: float, before: str, after: str
) -> ItemChoice | None:
    if table.empty:
        return None
    distance = (table["retained"] - median).abs().to_numpy()
    row = table.iloc[int(np.argmin(distance))]
    reason = f"{before}{_edges(row['retained'])} retained (median {median:g}){after}"
    return ItemChoice(rule, int(row["example"]), reason)


def _densest(table: pd.DataFrame, max_edges: int) -> ItemChoice | None:
    table = table[table["retained"] <= max_edges]
    if table.empty:
        return None
    row = table.iloc[int(np.argmax(table["retained"].to_numpy()))]
    reason = f"{_edges(row['retained'])} retained, the most of the questions with up to {max_edges}"
    return ItemChoice("densest", int(row["example"]), reason)


def _disagreement(table: pd.DataFrame) -> ItemChoice | None:
    row = table.iloc[int(np.argmax(table["disagreement"].to_numpy()))]
    if not row["disagreement"] > 0:
        return None
    return ItemChoice(
        "disagreement",
        int(row["example"]),
        f"two seeds disagree about {row['disagreement']:.1%} of its edges (mean over pairs of "
        f"seeds), against a median of {table['disagreement'].median():.1%}",
    )


def _edges(number: int) -> str:
    return f"{number:,} edge{'' if number == 1 else 's'}"
