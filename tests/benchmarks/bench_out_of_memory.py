"""Shards of 1 to 50 million edge rows -> seconds and memory of a whole report, and their growth.

The rows are real: a run is masked (the bundled sample, or a run that is given), and whole sentences
of it are drawn with replacement, with new numbers, until there are enough. They are written as a
collection of shards of about a million rows each, with paths, roles and scores in proportion. A
process of its own then writes the report of the first so many shards within a limit of memory, with
1,000 resamples; its peak memory is what the system measured, libraries included. There is no text,
so sections about the text itself have nothing to say.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from harness import Figure, show

from linguagraph.columns import TABLES
from linguagraph.edges.storage import RunTables, write_table
from linguagraph.files import write_json
from linguagraph.runs.progress import AbstractTask

MILLIONS = (1, 5, 10, 50)
QUICK = (0.2, 0.4)
SECONDS, MEMORY_GB, EXPONENT = 180.0, 2.0, 1.05
SHARD = 1_000_000


def main() -> None:
    """Make the shards, measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="small tables, to try it out")
    options.add_argument("--run", type=Path, metavar="DIR", help="a tabulated run to draw from")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    options.add_argument("--threads", type=int, default=2, metavar="N", help="threads (2)")
    options.add_argument("--memory", default="2GB", metavar="SIZE", help="the limit (2GB)")
    options.add_argument("--folder", type=Path, metavar="DIR", help="where shards are made")
    options.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.measure:
        print(json.dumps(_measure(given.measure, given.memory, given.threads)))
        return
    sizes = QUICK if given.quick else MILLIONS
    with tempfile.TemporaryDirectory(prefix="linguagraph-bench-", dir=given.folder) as folder:
        home, shard = Path(folder), int(min(SHARD, sizes[0] * 1e6))
        rows = _make(home / "all", _drawn_from(given.run), int(sizes[-1] * 1e6), shard)
        found = []
        for size in sizes:
            used = _part(home, rows, int(size * 1e6))
            found.append(_child(used[0], given.threads, given.memory) | {"rows": used[1]})
            print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    show("out of memory", _figures(found, whole=not given.quick), path=given.json, runs=found)


def _drawn_from(run: Path | None) -> RunTables:
    """The tables of the run, or of the bundled sample with three seeds."""
    if run is not None:
        return RunTables.read(run, manifest=json.loads((run / "manifest.json").read_text()))
    from linguagraph.runs.sample import sample_tables

    return sample_tables(seeds=3, limit=None)


def _make(home: Path, tables: RunTables, rows: int, shard: int) -> list[int]:
    """Write shards until there are so many rows of edges; the rows of each."""
    frames = {name: getattr(tables, name) for name in TABLES}
    frames = {name: f.sort_values("sentence", kind="stable") for name, f in frames.items()}
    starts = {name: _starts(frame) for name, frame in frames.items()}
    length = np.diff(starts["edges"])
    firsts, examples = _examples(frames, len(length))
    rng, made = np.random.default_rng(0), list[int]()
    while sum(made) < rows:
        drawn = rng.integers(len(length), size=2 * shard // max(1, int(length.mean())))
        drawn = drawn[: int(np.searchsorted(np.cumsum(length[drawn]), shard)) + 1]
        path = home / "shards" / f"{len(made):05d}"
        path.mkdir(parents=True)
        offset = np.cumsum(examples[drawn]) - examples[drawn] - firsts[drawn]
        for name, frame in frames.items():
            write_table([_taken(frame, starts[name], drawn, offset)], path / f"{name}.parquet",
                        TABLES[name])  # fmt: skip
        counts = {"sentences": len(drawn), "predicates": int(examples[drawn].sum())}
        write_json(path / "manifest.json", _manifest(tables.manifest, counts))
        made.append(int(length[drawn].sum()))
        print(f"made {sum(made):,} rows", file=sys.stderr, flush=True)
    return made


def _starts(frame: pd.DataFrame) -> np.ndarray:
    """First row of each sentence that there may be, and the end."""
    sentence = frame["sentence"].to_numpy()
    return np.searchsorted(sentence, np.arange(int(sentence.max(initial=-1)) + 2))


def _examples(frames: Mapping[str, pd.DataFrame], sentences: int) -> tuple[np.ndarray, np.ndarray]:
    """First example of each sentence, and how many it has."""
    named = [f[["sentence", "example"]] for f in frames.values() if "example" in f]
    ends = pd.concat(named).groupby("sentence")["example"].agg(["min", "max"])
    ends = ends.reindex(range(sentences), fill_value=0)
    there = np.isin(np.arange(sentences), pd.concat(named)["sentence"].unique())
    return ends["min"].to_numpy(), np.where(there, ends["max"] - ends["min"] + 1, 0)


def _taken(
    frame: pd.DataFrame, starts: np.ndarray, drawn: np.ndarray, offset: np.ndarray
) -> pd.DataFrame:
    """Rows of the sentences drawn, numbered anew."""
    known = drawn < len(starts) - 1
    first = np.where(known, starts[np.minimum(drawn, len(starts) - 2)], 0)
    count = np.where(known, starts[np.minimum(drawn + 1, len(starts) - 1)] - first, 0)
    place = np.repeat(np.arange(len(drawn)), count)
    row = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    taken: pd.DataFrame = frame.iloc[first[place] + row].assign(sentence=place)
    if "example" in taken:
        taken["example"] = taken["example"].to_numpy() + offset[place]
    return taken


def _manifest(base: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    """The run's manifest with the counts of a shard; what is unknown is left out."""
    corpus = {k: v for k, v in base["corpus"].items() if not isinstance(v, (int, dict))}
    return {**base, "corpus": {**corpus, **counts}}


def _part(home: Path, rows: list[int], size: int) -> tuple[Path, int]:
    """A collection of the first shards that have so many rows together, and their rows."""
    count = int(np.searchsorted(np.cumsum(rows), size)) + 1
    folder = home / f"{size}" / "shards"
    folder.mkdir(parents=True)
    for shard in sorted((home / "all" / "shards").iterdir())[:count]:
        (folder / shard.name).symlink_to(shard)
    return folder.parent, sum(rows[:count])


def _child(home: Path, threads: int, memory: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", str(home), "--memory", memory]
    command += ["--threads", str(threads)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    made = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(made.stdout)
    return found


def _peak_mb() -> float:
    """Peak resident memory of this process; what it was started from has no part in it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def _measure(home: Path, memory: str, threads: int) -> dict[str, Any]:
    """Write the report; wall and processor seconds, those of reading apart, and what there is."""
    from linguagraph.runs.analysing_stored import analyse_stored

    started, burnt = time.perf_counter(), time.process_time()
    steps: dict[str, float] = {}

    def progress(name: str, total: int | None = None) -> AbstractTask:
        steps[name] = time.perf_counter() - started
        return AbstractTask()

    made = analyse_stored(home, memory=memory, threads=threads, progress=progress)
    wall = time.perf_counter() - started
    return {
        "wall": round(wall, 1),
        "cpu": round(time.process_time() - burnt, 1),
        "reading": round(steps["writing the report"], 1),
        "memory_mb": round(_peak_mb()),
        "tables": len(made.tables),
        "sentences": made.summary["corpus"]["sentences"],
    }


def _figures(found: list[dict[str, Any]], *, whole: bool) -> list[Figure]:
    last = found[-1]
    name = f"{last['rows'] / 1e6:.1f} million rows"
    limits = (SECONDS, MEMORY_GB * 1000) if whole else (None, None)
    figures = [
        *(Figure(f"{r['rows'] / 1e6:.1f} million rows", r["wall"], unit="s") for r in found[:-1]),
        Figure(name, last["wall"], limits[0], "s"),
        Figure(f"peak memory, {name}", last["memory_mb"], limits[1], "MB"),
    ]
    for kind in ("wall", "cpu") if whole else ():  # the smallest is mostly what does not grow
        rows, seconds = (np.log([run[key] for run in found[1:]]) for key in ("rows", kind))
        growth = float(np.polyfit(rows, seconds, 1)[0])
        figures.append(Figure(f"exponent of growth, {kind}", growth, EXPONENT))
    return figures


if __name__ == "__main__":
    main()
