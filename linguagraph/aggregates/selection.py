"""Items, paths and roles in, the examples that the report draws out, chosen by rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import Items
from linguagraph.aggregates.statistics import FloatArray
from linguagraph.aggregates.stored_rows import Rows, parts

__all__ = ["Choice", "select_examples"]


@dataclass(frozen=True, slots=True)
class Choice:
    """An example to draw.

    Attributes:
        rule: "typical", "longest_path" or "disagreement".
        example, sentence: numbers as in the tables.
        reason: what the rule looked at, with the numbers.
    """

    rule: str
    example: int
    sentence: int
    reason: str


def select_examples(
    items: Items,
    paths: Rows,
    roles: Rows,
    *,
    lengths: Mapping[int, int],
    max_tokens: int = 40,
) -> tuple[Choice, ...]:
    """Choose a typical example, one with a long path, and one that the seeds disagree about.

    * typical: among examples with at least two predicted arguments, the one whose retained share
      and sentence length are closest to the medians of these examples (distances in median
      absolute deviations, added);
    * longest_path: the longest dependency path of which a subpath of at least two edges is retained
      by some seed; if there is none, the longest path;
    * disagreement: among examples with at least two predicted arguments, the one with the largest
      share of disagreeing pairs of seeds; only with two seeds or more.

    Sentences of more than ``max_tokens`` tokens are passed over unless there are no others, no
    example is chosen twice, and ties go to the lowest example number.

    Args:
        lengths: tokens of each sentence, by corpus index.

    Returns:
        Up to three choices, in the order of the rules; empty for empty tables.
    """
    table = _examples(items, roles, lengths)
    if len(table) and (table["tokens"] <= max_tokens).any():
        table = table[table["tokens"] <= max_tokens]
    chosen: list[Choice] = []
    for rule in (_typical, _longest_path, _disagreement):
        left = table[~table["example"].isin([c.example for c in chosen])]
        choice = rule(left, paths, len(items.seeds)) if len(left) else None
        if choice is not None:
            chosen.append(choice)
    return tuple(chosen)


def _examples(items: Items, roles: Rows, lengths: Mapping[int, int]) -> pd.DataFrame:
    """One row per example: sentence, tokens, arguments, retained share, disagreement."""
    found = [_example_rows(part, lengths) for part in items.blocks()]
    table = pd.concat(found, ignore_index=True) if len(found) > 1 else found[0]
    arguments = np.zeros(len(table), dtype=np.int64)
    for part in parts(roles):
        predicted = part.loc[part["role"].notna(), "example"].value_counts()
        place = np.searchsorted(table["example"].to_numpy(), predicted.index.to_numpy())
        place = np.minimum(place, max(0, len(table) - 1))
        if len(table):
            known = table["example"].to_numpy()[place] == predicted.index.to_numpy()
            np.add.at(arguments, place[known], predicted.to_numpy()[known])
    table.insert(3, "arguments", arguments)
    return table


def _example_rows(items: Items, lengths: Mapping[int, int]) -> pd.DataFrame:
    """The same of a block, without the arguments."""
    size, raters = len(items.examples), len(items.seeds)
    k, rated = items.retained, items.rated
    count = np.maximum(np.bincount(items.example, minlength=size), 1)
    share = np.bincount(items.example, weights=k, minlength=size) / np.maximum(
        np.bincount(items.example, weights=rated, minlength=size), 1
    )
    pairs = 2 * k * (rated - k) / max(1, raters * (raters - 1))
    sentence = np.zeros(size, dtype=np.intp)
    sentence[items.example] = items.sentence
    numbers = items.sentences[sentence] if size else np.empty(0, dtype=np.int64)
    return pd.DataFrame(
        {
            "example": items.examples,
            "sentence": numbers,
            "tokens": [lengths.get(int(s), 0) for s in numbers],
            "share": share,
            "disagreement": np.bincount(items.example, weights=pairs, minlength=size) / count,
        }
    )


def _typical(table: pd.DataFrame, paths: Rows, seeds: int) -> Choice | None:
    rich = table[table["arguments"] >= 2]
    if rich.empty:
        return None
    distance = _deviation(rich["share"].to_numpy()) + _deviation(rich["tokens"].to_numpy(float))
    row = rich.iloc[int(np.argmin(distance))]
    reason = (
        f"{row['share']:.1%} of its edges retained (median of examples with two or more predicted "
        f"arguments: {rich['share'].median():.1%}), {row['tokens']:.0f} tokens "
        f"(median {rich['tokens'].median():.0f})"
    )
    return _choice("typical", row, reason)


def _longest_path(table: pd.DataFrame, paths: Rows, seeds: int) -> Choice | None:
    tops = [_longest(part, table["example"]) for part in parts(paths)]
    known = pd.concat([top for top in tops if len(top)] or tops[:1])
    if known.empty:
        return None
    used = known[known["subpath_length"] >= 2]
    best = _ranked(known if used.empty else used).iloc[0]
    row = table[table["example"] == best["example"]].iloc[0]
    length, subpath = int(best["path_length"]), int(best["subpath_length"])
    what = (
        f"the longest path with a retained subpath of two edges or more: {length} edges, the last "
        f"{subpath} of them retained"
        if not used.empty
        else f"the longest path, of {length} edges; no retained subpath has two edges"
    )
    return _choice("longest_path", row, what)


def _longest(part: pd.DataFrame, examples: pd.Series) -> pd.DataFrame:
    """The longest of the paths of some examples, and of those with a retained subpath of two."""
    known = part[part["example"].isin(examples) & (part["path_length"] > 0)]
    used = known[known["subpath_length"] >= 2]
    return pd.concat([_ranked(known).head(1), _ranked(used).head(1)])


def _ranked(paths: pd.DataFrame) -> pd.DataFrame:
    """Longest first, then those of which most is retained, then the first in the corpus."""
    columns = ["path_length", "subpath_length", "example", "argument_index"]
    ascending = [False, False, True, True]
    return paths[columns].sort_values(columns, ascending=ascending, kind="stable")


def _disagreement(table: pd.DataFrame, paths: Rows, seeds: int) -> Choice | None:
    rich = table[table["arguments"] >= 2]
    if seeds < 2 or rich.empty:
        return None
    row = rich.iloc[int(np.argmax(rich["disagreement"].to_numpy()))]
    return _choice(
        "disagreement",
        row,
        f"two seeds disagree about {row['disagreement']:.1%} of its edges (mean over pairs of "
        f"seeds), against a median of {rich['disagreement'].median():.1%}",
    )


def _deviation(values: FloatArray) -> FloatArray:
    """Distance from the median in median absolute deviations; in the values' unit if that is 0."""
    distance = np.abs(values - np.median(values))
    spread = float(np.median(distance))
    return distance / spread if spread > 0 else distance


def _choice(rule: str, row: pd.Series, reason: str) -> Choice:
    return Choice(rule, int(row["example"]), int(row["sentence"]), reason)
