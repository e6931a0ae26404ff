"""The section on best gradient paths: what it says and draws, and when it is left out."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import tables as synthetic
from linguagraph.analyses import Params
from linguagraph.analyses.top_paths import run

from linguagraph.columns import TOP_PATHS
from linguagraph.edges.storage import RunTables

PARAMS = Params(resamples=20, min_n=1)


def with_paths() -> RunTables:
    """The small run; the answer of Ann (token 0 of example 0) leads from "saw" along nsubj."""
    tables = synthetic.small_run()
    edges = tables.edges
    own = edges[(edges["example"] == 0) & (edges["seed"] == edges["seed"].min())]
    edge = own[(own["source"] == 1) & (own["target"] == 0) & (own["layer"] == 0)].iloc[0]
    shared = {name: edge[name] for name in TOP_PATHS.names[:8]}
    shared |= {"method": "semiring", "seed": 0, "token": 0, "role": "A0", "rank": 0, "start": 1}
    shared |= {"value": 0.5, "share": 0.25}
    rows = [
        {"layer": 0, "source": 1, "target": 0, "label": edge["label"], "direction": "->"},
        {"layer": 1, "source": 0, "target": 0, "label": "", "direction": ""},
    ]
    paths = TOP_PATHS.check(pd.DataFrame([{**shared, **row} for row in rows]))
    return replace(tables, top_paths=paths)


def test_nothing_without_paths() -> None:
    assert run(synthetic.small_run(), PARAMS) == ()


def test_starts_moves_and_a_drawing() -> None:
    (section,) = run(with_paths(), PARAMS)
    assert "Of 1 best path" in section.finding
    assert "100% start at the predicate" in section.finding
    assert "mean share of 25.0%" in section.finding
    frames = {table.name: table.frame for table in section.tables}
    assert frames["top_path_moves"]["share"].tolist() == [0.0, 1.0]
    drawing = section.figures[1]
    assert drawing.alt.startswith(
        "Best path of A0 of “saw” at “Ann”: starts at saw; layer 0: nsubj"
    )
    assert drawing.svg.count(", on the best path") >= 1
    assert "not on the best path" in drawing.svg
    assert "of seeds" not in drawing.svg
    assert len(frames["top_path_0"]) == 2
