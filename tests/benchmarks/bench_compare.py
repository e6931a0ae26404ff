"""Two finished runs -> seconds, memory and bytes of `linguagraph compare`, and growth with runs.

Runs the program as a user does, in a process of its own, with one thread. Without --runs, planted
runs of 250, 500, 1,000 and 2,000 sentences are compared, so that growth can be seen. Wall times
hold on an otherwise idle machine; on a busy one read the processor times.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import Figure, parser, show

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tables_planted

from linguagraph.runs.directory import Run

SIZES = (250, 500, 1000, 2000)
QUICK = (50, 100)
SECONDS, MEMORY_GB, HTML_MB = 60.0, 3.0, 5.0


@dataclass(frozen=True)
class Measured:
    """One comparison: rows of both edge tables, what it took, and the size of the page."""

    rows: int
    wall: float
    cpu: float
    memory_gb: float
    html_mb: float


def main() -> None:
    """Measure and print."""
    options = parser(__doc__ or "")
    options.add_argument("--runs", nargs=2, metavar="RUN", help="two finished runs to compare")
    options.add_argument(
        "--sizes", metavar="N,N", help="sentences, in ascending order (250,500,1000,2000)"
    )
    given = options.parse_args()
    sizes = QUICK if given.quick else SIZES
    if given.sizes:
        sizes = tuple(int(size) for size in given.sizes.split(","))
    with tempfile.TemporaryDirectory(prefix="linguagraph-bench-") as folder:
        home = Path(folder)
        if given.runs:
            found = [_measure([Path(run) for run in given.runs], home / "page.html")]
        else:
            found = []
            for size in sizes:
                runs = [_planted(home / f"{size}-{seed}", size, seed) for seed in (0, 1)]
                found.append(_measure(runs, home / f"{size}.html"))
    rows = [m.rows for m in found]
    show("Comparison of two runs", _figures(found), path=given.json, rows=rows)


def _planted(path: Path, sentences: int, seed: int) -> Path:
    """A run directory with planted tables, five seeds; runs differ in noise."""
    tables = tables_planted.planted_run(
        sentences=sentences, seeds=5, labels=40, predicates=3, noise=0.02 + 0.03 * seed
    )
    run = Run.create(path, resume=False)
    for name in ("parse", "graph", "mask", "tabulate"):
        with run.stage(name, {}):
            pass
    run.update(**tables.manifest)
    tables.write(path)
    return path


def _measure(runs: list[Path], page: Path) -> Measured:
    """Compare in a process of its own."""
    import pyarrow.parquet as pq

    rows = sum(pq.read_metadata(run / "edges.parquet").num_rows for run in runs)
    code = (
        "import resource, sys\n"
        "from linguagraph.cli import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code, "compare", *map(str, runs), "-o", str(page), "-q"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = int(done.stdout.split()[-1]) / 1024**2
    return Measured(rows, wall, cpu, memory, page.stat().st_size / 1e6)


def _figures(found: list[Measured]) -> list[Figure]:
    last = found[-1]
    figures = [
        Figure("rows of both edge tables", last.rows, None, "rows"),
        Figure("wall time", last.wall, SECONDS, "s"),
        Figure("processor time", last.cpu, SECONDS, "s"),
        Figure("peak memory", last.memory_gb, MEMORY_GB, "GB"),
        Figure("HTML", last.html_mb, HTML_MB, "MB"),
    ]
    if len(found) > 2:
        rows, cpu = (np.array([getattr(m, name) for m in found]) for name in ("rows", "cpu"))
        slope, start = np.polyfit(rows / 1e6, cpu, 1)
        figures.append(Figure("fixed cost", float(start), None, "s"))
        figures.append(Figure("cost per million rows", float(slope), None, "s"))
        off = np.abs(start + slope * rows / 1e6 - cpu) / cpu
        figures.append(Figure("largest distance from that line", float(100 * off.max()), None, "%"))
    return figures


if __name__ == "__main__":
    main()
