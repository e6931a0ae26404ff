"""Stage tabulate: shards of masks -> edges, paths, roles and scores as four Parquet files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.columns import EDGES, PATHS, ROLES, SCORES, TOKEN_MASKS, TOP_PATHS
from linguagraph.documents.records import Document
from linguagraph.edges.build import Example, MaskArrays, Names, edge_rows, path_rows, role_rows
from linguagraph.edges.storage import read_table, write_table
from linguagraph.edges.tokens import TokenArrays, token_rows
from linguagraph.edges.top_paths import top_path_rows
from linguagraph.graphs.context import ContextGraph
from linguagraph.graphs.textgraph import TextGraph
from linguagraph.runs.directory import Run, Stage
from linguagraph.runs.masking import read_masks
from linguagraph.runs.merged import MergedGraphs, stored_graphs
from linguagraph.runs.parsing import read_graphs
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.stored import Drawn
from linguagraph.runs.top_paths import read_top_paths

__all__ = ["tabulate_stage"]


def tabulate_stage(
    run: Run,
    *,
    documents: Iterable[Document] | None = None,
    progress: Progress = no_progress,
) -> Stage:
    """Write ``edges``, ``paths``, ``roles`` and ``scores`` as Parquet beside the manifest.

    Args:
        run: masked.
        documents: as for :func:`linguagraph.runs.masking.mask_stage`.
        progress: for people who wait.

    Raises:
        RunError: earlier stages are not finished.
    """
    masked = run.finished("mask")
    with run.stage("tabulate", {"mask": masked.record["key"]}) as stage:
        over_tokens = masked.info.get("units") == "tokens"
        wanted = (*_TABLES, TOKEN_MASKS) if over_tokens else _TABLES
        if stage.done and all((run.path / f"{t.name}.parquet").is_file() for t in wanted):
            return stage
        if over_tokens:
            _tabulate_tokens(run, masked, stage, stored_graphs(run, masked, documents), progress)
            return stage
        shards = run.finished("parse").info["shards"]
        task = progress("building tables", shards)
        paths: list[pd.DataFrame] = []
        roles: list[pd.DataFrame] = []
        best: list[pd.DataFrame] = []
        lost = 0
        merged = stored_graphs(run, masked, documents)

        def rows() -> Iterator[pd.DataFrame]:
            nonlocal lost
            first = 0
            for number in range(shards):
                examples, arrays, names = _shard(run, masked, number, first, merged)
                first += len(examples)
                found, without = path_rows(examples, arrays, names)
                lost += without
                paths.append(found)
                roles.append(role_rows(examples, names))
                followed = masked.shard(number, ".paths.json")
                if followed.is_file():
                    best.append(top_path_rows(examples, read_top_paths(followed), names))
                yield edge_rows(examples, arrays, names)
                task(1)

        stage.info["edge_rows"] = write_table(rows(), run.path / "edges.parquet", EDGES)
        stage.info["path_rows"] = write_table(paths, run.path / "paths.parquet", PATHS)
        write_table(roles, run.path / "roles.parquet", ROLES)
        if best:
            write_table(best, run.path / "top_paths.parquet", TOP_PATHS)
        scores = (read_table(path, SCORES) for path in masked.shards(".parquet"))
        write_table(scores, run.path / "scores.parquet", SCORES)
        task.close()
        if lost:
            stage.info["dropped"] = {"arguments without a path to their predicate": lost}
    return stage


_TABLES = (EDGES, PATHS, ROLES, SCORES)


def _tabulate_tokens(
    run: Run, masked: Stage, stage: Stage, merged: MergedGraphs | None, progress: Progress
) -> None:
    """Write ``token_masks``, ``roles`` and ``scores``; the tables of edges and paths are empty."""
    shards = run.finished("parse").info["shards"]
    task = progress("building tables", shards)
    roles: list[pd.DataFrame] = []

    def rows() -> Iterator[pd.DataFrame]:
        first = 0
        for number in range(shards):
            examples, arrays, names = _examples(run, masked, number, first, merged)
            first += len(examples)
            roles.append(role_rows(examples, names))
            masks = TokenArrays(
                seeds=tuple(masked.info["seeds"]),
                states=tuple(masked.info["states"]),
                scores=arrays["scores"],
                retained=arrays["retained"].astype(bool),
            )
            yield token_rows(examples, masks, names)
            task(1)

    target = run.path / f"{TOKEN_MASKS.name}.parquet"
    stage.info["token_rows"] = write_table(rows(), target, TOKEN_MASKS)
    write_table(roles, run.path / "roles.parquet", ROLES)
    for table in (EDGES, PATHS):
        write_table([], run.path / f"{table.name}.parquet", table)
    scores = (read_table(path, SCORES) for path in masked.shards(".parquet"))
    write_table(scores, run.path / "scores.parquet", SCORES)
    task.close()


def _shard(
    run: Run, masked: Stage, number: int, first: int, merged: MergedGraphs | None
) -> tuple[list[Example], MaskArrays, Names]:
    examples, arrays, names = _examples(run, masked, number, first, merged)
    soft = arrays["soft_gates"]
    masks = MaskArrays(
        seeds=tuple(masked.info["seeds"]),
        scores=arrays["scores"],
        retained=arrays["retained"].astype(bool),
        soft_gates=None if np.isnan(soft).all() else soft,
    )
    return examples, masks, names


def _examples(
    run: Run, masked: Stage, number: int, first: int, merged: MergedGraphs | None
) -> tuple[list[Example], dict[str, NDArray[Any]], Names]:
    drawn = Drawn(
        run.path / "parse",
        share=masked.info.get("share", 1.0),
        seed=masked.info.get("draw_seed", 0),
    )
    sentences = drawn.shard(number)
    graphs: Mapping[int, TextGraph] | Mapping[int, ContextGraph]
    graphs = read_graphs(run.finished("graph"), number) if merged is None else merged.of(sentences)
    arrays = read_masks(masked, number)
    info: dict[str, Any] = masked.info
    labels = [None, *info["roles"][1:]]
    examples: list[Example] = []
    start = 0
    for sentence in sentences:
        for frame in sentence.frames:
            found = graphs[sentence.index]
            context = found if isinstance(found, ContextGraph) else None
            codes = arrays["roles"][start : start + len(sentence)]
            start += len(sentence)
            examples.append(
                Example(
                    index=first + len(examples),
                    sentence=sentence,
                    frame=frame,
                    graph=found.graph if isinstance(found, ContextGraph) else found,
                    roles=tuple(labels[code] for code in codes),
                    context=context,
                )
            )
    names = Names(run.manifest["corpus"]["name"], info["model"], info["method"])
    return examples, arrays, names
