"""A Parquet file of masks made elsewhere -> arrays for the examples of a run, or what is wrong.

The columns are those of :data:`linguagraph.columns.MASKS`; every error names row and column, rows
counted from 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from linguagraph.columns import MASKS
from linguagraph.errors import TableError

__all__ = ["ImportedMasks", "Known", "place_masks", "read_mask_file"]


@dataclass(frozen=True)
class Known:
    """The examples of a run and their edges; E edges over all of them, in order.

    Attributes:
        sentence, predicate: of each example.
        example: int64 [E], number of the example, ascending.
        source, target: int64 [E], token indices.
        direction: str [E].
        layers: of the model; ``None`` where no model is at hand, so that the file decides.
    """

    sentence: NDArray[np.int64]
    predicate: NDArray[np.int64]
    example: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    direction: NDArray[Any]
    layers: int | None


@dataclass(frozen=True)
class ImportedMasks:
    """Masks of the examples that the file speaks of; S seeds, L layers, E edges of all examples.

    Attributes:
        seeds: ascending.
        covered: bool, by example; those without edges need no row.
        scores: float32 [S, L, E]; retained: bool [S, L, E]; 0 where the file has no row.
        rows: of the file.
        missing: edges of covered examples without a row, summed over seeds and layers.
    """

    seeds: tuple[int, ...]
    covered: NDArray[np.bool_]
    scores: NDArray[np.float32]
    retained: NDArray[np.bool_]
    rows: int
    missing: int


def read_mask_file(path: str | Path, *, threshold: float | None = None) -> pd.DataFrame:
    """Read and check the columns; ``score`` or ``retained`` is made where it is left out.

    Args:
        path: Parquet.
        threshold: edges with a higher score are retained; only without a column ``retained``.

    Raises:
        TableError: the file is missing or damaged, or a column is unknown, missing, of another
            kind, or has a value out of range.
    """
    path = Path(path)
    if not path.is_file():
        raise TableError(f"{path} does not exist; give a Parquet file with a row per edge")
    try:
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise TableError(f"{path} is not a readable Parquet file: {error}") from error
    frame = frame.reset_index(drop=True)
    names = set(frame.columns)
    if not names & {"score", "retained"}:
        raise TableError(f"{path}: neither a column 'score' nor a column 'retained'")
    if "retained" in names and threshold is not None:
        raise TableError(f"{path} says what is retained; a threshold is for files that do not")
    for name in sorted(names & set(MASKS.names)):
        _refuse(path, frame[name].isna().to_numpy(), name, "no value")
    if "score" in names:
        values = pd.to_numeric(frame["score"], errors="coerce").to_numpy(dtype=np.float64)
        _refuse(path, ~((values >= 0) & (values <= 1)), "score", "a score outside [0, 1]")
    if "retained" not in names:
        if threshold is None:
            raise TableError(
                f"{path} has no column 'retained'; say with --threshold above which score an edge "
                "is retained"
            )
        frame = frame.assign(retained=frame["score"] > threshold)
    if "score" not in names:
        frame = frame.assign(score=frame["retained"].astype(float))
    try:
        return MASKS.check(frame)
    except TableError as error:
        raise TableError(f"{path}: {error}") from error


def place_masks(
    path: str | Path, frame: pd.DataFrame, known: Known, *, missing_is_error: bool = False
) -> ImportedMasks:
    """Find the example and edge of every row.

    Args:
        path: for messages.
        frame: from :func:`read_mask_file`.
        known: the examples.
        missing_is_error: whether edges without a row are an error; else they count as superfluous
            with score 0.

    Raises:
        TableError: no rows, or an example, edge, layer or seed that does not fit; a row twice.
    """
    path = Path(path)
    if frame.empty:
        raise TableError(f"{path} has no rows")
    example = _examples(path, frame, known)
    edge = _edges(path, frame, known, example)
    layer = frame["layer"].to_numpy(dtype=np.int64)
    layers = known.layers if known.layers is not None else int(layer.max()) + 1
    bad = (layer < 0) | (layer >= layers)
    _refuse(path, bad, "layer", f"a layer that the model does not have (it has 0 to {layers - 1})")
    seeds, seed = np.unique(frame["seed"].to_numpy(dtype=np.int64), return_inverse=True)
    edges = len(known.example)
    cell = (seed * layers + layer) * edges + edge
    twice = pd.Series(cell).duplicated().to_numpy()
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        first = int(np.flatnonzero(cell == cell[row])[0])
        raise TableError(f"{path}, row {row}: the same edge, layer and seed as row {first}")
    covered = np.zeros((len(seeds), len(known.sentence)), dtype=bool)
    covered[seed, example] = True
    uneven = np.flatnonzero((covered != covered.any(axis=0)).any(axis=0))
    if len(uneven):
        absent = [int(s) for s in seeds[~covered[:, uneven[0]]]]
        raise TableError(
            f"{path}, column 'seed': no row of {_name(known, int(uneven[0]))} for the seeds "
            f"{absent}; every seed must have masks of the same examples"
        )
    empty = np.bincount(known.example, minlength=len(known.sentence)) == 0
    whole: NDArray[np.bool_] = np.asarray(covered.any(axis=0) | empty)
    expected = int(whole[known.example].sum()) * len(seeds) * layers
    missing = expected - len(frame)
    scores = np.zeros(len(seeds) * layers * edges, dtype=np.float32)
    retained = np.zeros(len(scores), dtype=bool)
    scores[cell], retained[cell] = frame["score"].to_numpy(), frame["retained"].to_numpy()
    if missing and missing_is_error:
        filled = np.zeros(len(scores), dtype=bool)
        filled[cell] = True
        there = np.tile(whole[known.example], len(seeds) * layers)
        place = int(np.flatnonzero(there & ~filled)[0])
        raise TableError(
            f"{path}: {missing:,} edges have no row, the first one: seed "
            f"{int(seeds[place // (layers * edges)])}, layer {place // edges % layers}, "
            f"{_name(known, int(known.example[place % edges]))}, from token "
            f"{int(known.source[place % edges])} to {int(known.target[place % edges])}"
        )
    shape = (len(seeds), layers, edges)
    return ImportedMasks(
        tuple(int(s) for s in seeds),
        whole,
        scores.reshape(shape),
        retained.reshape(shape),
        len(frame),
        missing,
    )


def _examples(path: Path, frame: pd.DataFrame, known: Known) -> NDArray[np.int64]:
    """The example of each row, by number or by sentence and predicate."""
    number, sentence, predicate = (
        frame[name].to_numpy(dtype=np.int64) for name in ("example", "sentence", "predicate_index")
    )
    count = len(known.sentence)
    _refuse(path, number >= count, "example", f"no such example in the run (0 to {count - 1})")
    named = (sentence >= 0) & (predicate >= 0)
    _refuse_half(path, number < 0, {"sentence": sentence, "predicate_index": predicate})
    _refuse(path, (number < 0) & ~named, "example", "neither an example nor sentence and predicate")
    pairs = pd.MultiIndex.from_arrays([known.sentence, known.predicate])
    found = pairs.get_indexer(pd.MultiIndex.from_arrays([sentence, predicate]))
    sentences = np.isin(sentence, known.sentence)
    _refuse(path, named & ~sentences, "sentence", "a sentence without an explained predicate")
    _refuse(path, named & (found < 0), "predicate_index", "a token that is no explained predicate")
    both = named & (number >= 0) & (found != number)
    _refuse(path, both, "example", "another example than sentence and predicate say")
    return np.where(number >= 0, number, found).astype(np.int64)


def _edges(
    path: Path, frame: pd.DataFrame, known: Known, example: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The place of each row's edge among all edges, by id or by its ends."""
    number, source, target = (
        frame[name].to_numpy(dtype=np.int64) for name in ("edge", "source", "target")
    )
    starts = np.searchsorted(known.example, np.arange(len(known.sentence) + 1))
    sizes = np.diff(starts)[example]
    _refuse(path, number >= sizes, "edge", "an edge id that the example's graph does not have")
    named = (source >= 0) & (target >= 0)
    _refuse_half(path, number < 0, {"source": source, "target": target})
    _refuse(path, (number < 0) & ~named, "edge", "neither an edge id nor source and target")
    ends = pd.MultiIndex.from_arrays([known.example, known.source, known.target])
    found = ends.get_indexer(pd.MultiIndex.from_arrays([example, source, target]))
    absent = "no edge of the sentence's tree between source and target"
    _refuse(path, named & (found < 0), "target", absent)
    placed = np.where(number >= 0, starts[example] + number, found).astype(np.int64)
    _refuse(path, named & (placed != found), "edge", "another edge than source and target say")
    direction = frame["direction"].astype(str).to_numpy(dtype=str)
    other = (direction != "") & (direction != known.direction[placed])
    _refuse(path, other, "direction", "another direction than the edge has")
    return placed


def _refuse_half(path: Path, needed: NDArray[np.bool_], pair: dict[str, NDArray[np.int64]]) -> None:
    """Refuse rows that give one of two columns, where both are needed."""
    for name, other in zip(pair, reversed(pair), strict=True):
        wrong = needed & (pair[name] < 0) & (pair[other] >= 0)
        _refuse(path, wrong, name, f"below 0, or left out; {other} alone is not enough")


def _refuse(path: Path, wrong: NDArray[Any], column: str, message: str) -> None:
    """Raise an error about the first wrong row."""
    rows = np.flatnonzero(wrong)
    if len(rows):
        more = f" (and {len(rows) - 1:,} more rows)" if len(rows) > 1 else ""
        raise TableError(f"{path}, row {rows[0]}, column {column!r}: {message}{more}")


def _name(known: Known, example: int) -> str:
    return (
        f"example {example} (sentence {int(known.sentence[example])}, predicate "
        f"{int(known.predicate[example])})"
    )
