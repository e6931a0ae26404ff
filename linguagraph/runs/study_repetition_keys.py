"""Sequences whose first symbol is repeated -> where the paths from single symbols lead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from linguagraph.aggregates.statistics import wilson
from linguagraph.analyses.blocks import rows
from linguagraph.models.text_classifier import TextClassifier
from linguagraph.reports import Section
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.study_page import bar_figure, shown_share, table_block
from linguagraph.runs.study_paths import FollowedPaths, follow_paths, keys_at
from linguagraph.tasks.sequences import SequenceExample

__all__ = ["WORDS", "follow_symbols", "keys_section"]

WORDS = ("repeated", "first", "another")
"""Symbols from which paths are followed: the repetition, what it repeats, one drawn at random."""

_NAMES = {
    "repeated": "path from the repeated symbol",
    "first": "path from the first symbol",
    "another": "path from another symbol",
}


def follow_symbols(
    model: TextClassifier,
    examples: Sequence[SequenceExample],
    folder: Path,
    *,
    model_print: str,
    seed: int,
    progress: Progress = no_progress,
) -> dict[str, tuple[list[int], FollowedPaths]]:
    """By symbol of :data:`WORDS`, its place in every sequence, and the paths from there.

    Args:
        model: of the task; examples: sequences of label 1; folder: where paths are kept.
        model_print: fingerprint of the model.
        seed: of the other symbol.
    """
    random = np.random.default_rng(seed)
    places = {
        "repeated": [example.evidence[1] for example in examples],
        "first": [0] * len(examples),
        "another": [
            int(random.choice([i for i in range(1, len(e.words)) if i != e.evidence[1]]))
            for e in examples
        ],
    }
    return {
        name: (
            starts,
            follow_paths(
                model,
                [example.labelled for example in examples],
                folder / f"repeated_from_{name}.jsonl",
                model_print=model_print,
                starts=starts,
                title=f"paths from {name}",
                progress=progress,
            ),
        )
        for name, starts in places.items()
    }


def keys_section(
    found: dict[str, tuple[list[int], FollowedPaths]], everywhere: FollowedPaths
) -> tuple[Section, dict[str, Any]]:
    """Through whose keys do the top paths lead?

    Args:
        found: of :func:`follow_symbols`.
        everywhere: paths of the same sequences from any symbol.
    """
    counts = []
    for name, (places, paths) in found.items():
        hits = np.asarray(keys_at(paths.layers, [place + 1 for place in places]))
        right = paths.sentences["correct"].to_numpy()
        counts.append((_NAMES[name], int(hits[right].sum()), int(right.sum())))
    repeated = found["repeated"][0]
    order = everywhere.sentences["sentence"].tolist()
    layers = everywhere.layers.assign(sentence=everywhere.layers["sentence"].map(order.index))
    hits = np.asarray(keys_at(layers, [place + 1 for place in repeated]))
    right = everywhere.sentences["correct"].to_numpy()
    counts.append(("path from anywhere", int(hits[right].sum()), int(right.sum())))
    table = pd.DataFrame(counts, columns=["path", "k", "n"])
    low, high = wilson(table["k"], table["n"])
    table = table.assign(share=table["k"] / table["n"].where(table["n"] > 0), low=low, high=high)
    by_path = {row["path"]: row for row in rows(table)}
    strong = _strongest(everywhere.sentences, repeated)
    from_it, weight = rows(strong)
    own, free = by_path["path from the repeated symbol"], by_path["path from anywhere"]
    said = (
        f"Of the top paths that start at the repeated symbol, {shown_share(own)} lead through its "
        f"keys; from another symbol, {shown_share(by_path['path from another symbol'])} lead "
        f"through that symbol's. Of the top paths from anywhere, {shown_share(free)} lead through "
        f"the keys of the repeated symbol. Of all symbols, the top path comes from the repeated "
        f"one in {shown_share(from_it)}, most path weight in {shown_share(weight)}."
    )
    figure, data = bar_figure(
        "repeated_keys",
        "Share of top gradient paths that lead, in any layer, through the keys of the symbol that "
        "they start at (from anywhere: of the repeated symbol), in sequences whose first symbol "
        "is repeated, answered correctly, with Wilson's 95% intervals.",
        said,
        table,
        y="path",
        x="share",
        xlabel="share of top paths",
    )
    section = Section(
        "keys",
        "The keys of the repeated symbol",
        "Does the highest-weighted path lead through the keys of the symbol that repeats the "
        "first?",
        said,
        (figure,),
        (
            data,
            table_block("weight_by_symbol", _WEIGHTS, _weights(found)),
            table_block("strongest_symbol", _STRONGEST, strong),
        ),
        (
            "A path from a symbol to the answer, which is read at [CLS], has to leave the skip "
            "connection by keys or values; a path from anywhere may start at [CLS] and need not.",
        ),
    )
    summary = {
        "through_repeated_keys": {k: own[k] for k in ("share", "low", "high", "n")},
        "starts_at_repeated": {k: from_it[k] for k in ("share", "low", "high", "n")},
        "weight_at_repeated": {k: weight[k] for k in ("share", "low", "high", "n")},
        "through_repeated_keys_from_anywhere": {k: free[k] for k in ("share", "low", "high", "n")},
    }
    return section, summary


_WEIGHTS = "Mean entropy (nats) and geometric mean value of the top path, by symbol it starts at."


_STRONGEST = (
    "Sequences in which the repeated symbol is the one that the top path, or most path weight, "
    "comes from (special pieces left out), answered correctly; chance: of a symbol drawn at random."
)


def _strongest(sentences: pd.DataFrame, repeated: Sequence[int]) -> pd.DataFrame:
    """How often the repeated symbol comes first by top path and by total weight."""
    right = sentences["correct"].to_numpy()
    found = []
    for name, column in (("top path", "best"), ("total weight", "total")):
        first = np.asarray([int(np.argmax(values)) for values in sentences[column]])
        hits = (first == np.asarray(repeated)) & right
        found.append((name, int(hits.sum()), int(right.sum())))
    table = pd.DataFrame(found, columns=["by", "k", "n"])
    low, high = wilson(table["k"], table["n"])
    chance = float((1 / sentences["words"][right]).mean()) if right.any() else float("nan")
    share = table["k"] / table["n"].where(table["n"] > 0)
    return table.assign(share=share, low=low, high=high, chance=chance)


def _weights(found: dict[str, tuple[list[int], FollowedPaths]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "symbol": name,
                "n": len(paths.sentences),
                "entropy": paths.sentences["entropy"].mean(),
                "value": float(np.exp(np.log(paths.sentences["value"]).mean())),
            }
            for name, (_, paths) in found.items()
        ]
    )
