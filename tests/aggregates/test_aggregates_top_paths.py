"""Best paths: where they start, in which layers they move, along which labels."""

from __future__ import annotations

import pandas as pd
import pytest

from linguagraph.aggregates.statistics import Resampling
from linguagraph.aggregates.top_paths import (
    path_labels,
    path_moves,
    path_roles,
    path_starts,
    whole_paths,
)

RESAMPLING = Resampling(resamples=20, min_n=1)
SHARED = {"model": "m", "method": "semiring", "seed": 0, "rank": 0, "predicate_index": 1}


def steps() -> pd.DataFrame:
    """Six sentences with two answers each: one leads from the predicate, one stays at its token."""
    rows = []
    for sentence in range(6):
        own = {**SHARED, "sentence": sentence, "example": sentence}
        moved = {**own, "token": 2, "role": "A1", "start": 1, "share": 0.4}
        rows += [
            {**moved, "layer": 0, "source": 1, "target": 2, "label": "obj", "direction": "->"},
            {**moved, "layer": 1, "source": 2, "target": 2, "label": "", "direction": ""},
        ]
        stays = {**own, "token": 0, "role": "A0", "start": 0, "share": 0.2}
        rows += [
            {**stays, "layer": k, "source": 0, "target": 0, "label": "", "direction": ""}
            for k in (0, 1)
        ]
    return pd.DataFrame(rows)


def test_paths_and_their_lengths() -> None:
    paths = whole_paths(steps())
    assert len(paths) == 12
    assert paths.groupby("token")["length"].first().to_dict() == {0: 0, 2: 1}


def test_starts_roles_moves_and_labels() -> None:
    paths = whole_paths(steps())
    starts = path_starts(paths, resampling=RESAMPLING).set_index("start")["share"]
    assert starts.to_dict() == {
        "the answer's token": 0.5,
        "the predicate": 0.5,
        "another token": 0.0,
    }
    roles = path_roles(paths, resampling=RESAMPLING).set_index("role")["share"]
    assert roles.to_dict() == pytest.approx({"A0": 0.2, "A1": 0.4})
    moves = path_moves(steps(), resampling=RESAMPLING)
    assert moves["layer"].tolist() == [1, 0]
    assert moves["share"].tolist() == [0.0, 0.5]
    labels = path_labels(steps(), resampling=RESAMPLING)
    found = {(r.layer, r.label): r.share for r in labels.itertuples()}
    assert found == {(1, ""): 1.0, (0, "obj"): 0.5, (0, ""): 0.5}
