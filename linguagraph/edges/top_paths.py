"""Examples and best paths of their answers -> rows of the table of top paths; no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from linguagraph.columns import TOP_PATHS
from linguagraph.edges.build import Example, Names, example_values

__all__ = ["AnswerPath", "top_path_rows"]


@dataclass(frozen=True)
class AnswerPath:
    """The best path of one answer of an example.

    Attributes:
        token: whose answer it is; start: token at which the path starts, in the input.
        value, share: see :data:`linguagraph.columns.TOP_PATHS`.
        steps: per layer, bottom first: layer, source, target, edge id in the example's graph or -1.
    """

    token: int
    start: int
    value: float
    share: float
    steps: tuple[tuple[int, int, int, int], ...]


def top_path_rows(
    examples: Sequence[Example], paths: Mapping[int, Sequence[AnswerPath]], names: Names
) -> pd.DataFrame:
    """One row per example, answer and step.

    Args:
        examples: of a shard.
        paths: by the example's place among them.
        names: of corpus, model and method.
    """
    rows: list[dict[str, object]] = []
    for place, found in paths.items():
        example = examples[place]
        shared = example_values(example, names)
        for path in found:
            for layer, source, target, edge in path.steps:
                graph = example.graph
                rows.append(
                    {
                        **shared,
                        "seed": 0,
                        "token": path.token,
                        "role": example.roles[path.token] or "",
                        "rank": 0,
                        "start": path.start,
                        "value": path.value,
                        "share": path.share,
                        "layer": layer,
                        "source": source,
                        "target": target,
                        "label": graph.labels[edge] if edge >= 0 else "",
                        "direction": graph.directions[edge] if edge >= 0 else "",
                    }
                )
    return TOP_PATHS.check(pd.DataFrame(rows)) if rows else TOP_PATHS.empty()
