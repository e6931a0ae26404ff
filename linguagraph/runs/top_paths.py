"""Best paths of the answers of some examples, beside the masks of a shard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from linguagraph.edges.top_paths import AnswerPath
from linguagraph.files import write_json
from linguagraph.masks.semiring_top import top_paths
from linguagraph.masks.srl_model import SrlExplainable
from linguagraph.models.batch import SrlExample, in_order

__all__ = ["EXAMPLES", "read_top_paths", "write_top_paths"]

EXAMPLES = 300
"""Examples of a run, evenly spread, whose best paths are found: each is followed step by step."""

TOKENS = 500
"""Tokens per batch: values of every step of the model are held."""


def write_top_paths(
    path: Path, model: SrlExplainable, examples: Sequence[SrlExample], *, every: int, first: int
) -> None:
    """Find the best paths of every so-manieth example of a shard, and write them as JSON.

    Args:
        path: the file; model: what is explained; examples: of the shard.
        every: of how many examples one is followed; first: number of the shard's first example.
    """
    chosen = [place for place in range(len(examples)) if (first + place) % every == 0]
    found: dict[int, list[dict[str, object]]] = {}
    for places in in_order([examples[place].num_nodes for place in chosen], tokens=TOKENS):
        batch = [chosen[at] for at in places]
        for one in top_paths(model, [examples[place] for place in batch]):
            steps = [[s.layer, s.source, s.target, s.edge] for s in one.steps]
            row = {"token": one.unit, "start": one.start, "value": one.value, "share": one.share}
            found.setdefault(batch[one.example], []).append({**row, "steps": steps})
    write_json(path, {str(place): rows for place, rows in found.items()})


def read_top_paths(path: Path) -> dict[int, list[AnswerPath]]:
    """What :func:`write_top_paths` wrote, by the example's place in its shard."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {
        int(place): [
            AnswerPath(
                row["token"],
                row["start"],
                row["value"],
                row["share"],
                tuple(tuple(step) for step in row["steps"]),
            )
            for row in rows
        ]
        for place, rows in stored.items()
    }
