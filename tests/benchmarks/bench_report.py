"""A corpus -> seconds, memory and bytes of `linguagraph report`, and how they grow with the corpus.

Runs the program as a user does, in a process of its own for every size: 250, 500, 1,000 and 2,000
sentences (or all there are), all seeds of the model, two threads. Work is counted in rows of the
edge table. Wall times hold on an otherwise idle machine; on a busy one read the processor times of
--threads 1 (two threads that wait for each other burn time, too). Then the report is made again
from the saved tables alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from harness import Figure, corpus_sentences, default_corpus, keep_a_fifth, parser, show

SIZES = (250, 500, 1000, 2000)
QUICK = (50, 100)
SECONDS, MEMORY_GB, ANALYSE_SECONDS, HTML_MB = 180.0, 4.0, 15.0, 5.0
EXPONENT = 1.05
STAGES = ("parse", "graph", "mask", "tabulate", "analyse")


@dataclass(frozen=True)
class Cost:
    """What one process took: wall and processor seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Measured:
    """One report: its size, cost, and manifest."""

    sentences: int
    rows: int
    cost: Cost
    manifest: dict[str, Any]

    def stage(self, name: str) -> float:
        """Wall seconds of a stage."""
        return float(self.manifest["stages"][name]["seconds"])

    @property
    def memory(self) -> float:
        """Peak resident GB over all stages, as the program itself notes it."""
        peaks = (stage["peak_memory_mb"] or 0.0 for stage in self.manifest["stages"].values())
        return max(peaks) / 1024


def main() -> None:
    """Measure and print."""
    options = parser(__doc__ or "")
    options.add_argument(
        "--model",
        default="srl-gnn",
        help="bundled model, or a directory with model.safetensors; probes that keep a fifth of "
        "the edges at random are made where it has none (srl-gnn)",
    )
    options.add_argument("--threads", type=int, default=2, metavar="N", help="threads (2)")
    options.add_argument(
        "--sizes", metavar="N,N", help="sentences, in ascending order (250,500,1000,2000)"
    )
    given = options.parse_args()
    sizes: Sequence[int] = QUICK if given.quick else SIZES
    if given.sizes:
        sizes = tuple(int(size) for size in given.sizes.split(","))
    with tempfile.TemporaryDirectory(prefix="linguagraph-bench-") as folder:
        home = Path(folder)
        corpus, available = _corpus(given.corpus, home)
        model = _with_probes(given.model, home)
        runs = []
        for size in sorted({min(size, available) for size in sizes}):
            out = home / f"run-{size}"
            runs.append(_report(corpus, out, size, model, given.threads))
            print(f"{size} sentences: {runs[-1].cost}", file=sys.stderr)
        again = _cost([*_program(), "analyse", str(out), "--quiet"], given.threads)
        html = (out / "report.html").stat().st_size / 1e6
    figures = _figures(runs, again, html, whole=runs[-1].sentences >= min(SIZES[-1], available))
    show(
        "linguagraph report",
        figures,
        path=given.json,
        corpus=corpus.name,
        model=runs[-1].manifest["model"]["name"],
        seeds=len(runs[-1].manifest["seeds"]),
        threads=given.threads,
        runs=[(r.sentences, r.rows, round(r.cost.cpu, 1), round(r.cost.wall, 1)) for r in runs],
    )


def _corpus(asked: Path | None, home: Path) -> tuple[Path, int]:
    """A file to report on and its number of sentences; a random one where there is none."""
    from linguagraph.documents import write_sentences

    sentences = corpus_sentences(asked)
    path = default_corpus(asked)
    if path is None:
        path = home / "synthetic.conll09"
        write_sentences(sentences, path)
    return path, len(sentences)


def _with_probes(model: str, home: Path) -> str:
    """The model as given, or a copy with stand-in probes in place of those that it lacks."""
    from linguagraph.masks.probes import find_probes, save_probes
    from linguagraph.masks.srl import SrlGraphMask
    from linguagraph.models.batch import encode_examples
    from linguagraph.models.checkpoints import load_model
    from linguagraph.runs.models import model_directory

    directory = model_directory(model)
    if not (directory / "model.safetensors").is_file():
        raise SystemExit(f"{directory} holds no model; give one with --model DIR")
    if find_probes(directory / "probes"):
        return str(directory)
    network, record = load_model(directory)
    masker = SrlGraphMask.create(network, seeds=range(5))
    examples = encode_examples(corpus_sentences(None, limit=50), network.vocabulary)
    keep_a_fifth(masker, masker.collate(list(examples)))
    copy = home / "model"
    copy.mkdir()
    for name in ("model.safetensors", "model.json"):
        (copy / name).symlink_to((directory / name).resolve())
    save_probes(copy / "probes", masker, explains=str(record["fingerprint"]), records={}, half=True)
    return str(copy)


def _program() -> list[str]:
    return [sys.executable, "-m", "linguagraph.cli"]


def _report(corpus: Path, out: Path, size: int, model: str, threads: int) -> Measured:
    options = ["--model", model, "--limit", str(size), "--threads", str(threads), "--quiet"]
    cost = _cost([*_program(), "report", str(corpus), "-o", str(out), *options], threads)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    stage = json.loads((out / "tabulate" / "stage.json").read_text(encoding="utf-8"))
    return Measured(size, int(stage["info"]["edge_rows"]), cost, manifest)


def _cost(command: Sequence[str], threads: int) -> Cost:
    """Run a command to its end."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def _figures(runs: Sequence[Measured], again: Cost, html: float, *, whole: bool) -> list[Figure]:
    last = runs[-1]
    size = f"{last.sentences:,} sentences"
    bound = SECONDS if whole else None
    figures = [
        Figure(f"report on {size}, wall clock", last.cost.wall, bound, "s"),
        Figure(
            f"report on {size}, processor",
            last.cost.cpu,
            None,
            "s",
            note=f"{last.cost.cpu / 2:.0f} s on two free cores, if shared evenly",
        ),
        Figure("peak memory", last.memory, MEMORY_GB, "GB"),
        Figure("aggregates and HTML from saved tables, wall clock", again.wall, None, "s"),
        Figure(
            "aggregates and HTML from saved tables, processor",
            again.cpu,
            ANALYSE_SECONDS if whole else None,
            "s",
        ),
        Figure("size of report.html", html, HTML_MB, "MB"),
    ]
    figures += [Figure(f"stage {name}, wall clock", last.stage(name), None, "s") for name in STAGES]
    if len(runs) > 1:
        figures += _growth(runs)
    return figures


def _growth(runs: Sequence[Measured]) -> list[Figure]:
    """Processor time against rows: power law, and straight line."""
    rows = np.array([run.rows for run in runs], dtype=float)
    cpu = np.array([run.cost.cpu for run in runs])
    exponent = float(np.polyfit(np.log(rows), np.log(cpu), 1)[0])
    slope, start = np.polyfit(rows, cpu, 1)
    away = float(np.abs(slope * rows + start - cpu).max() / cpu[-1])
    memory = np.polyfit(rows, [run.memory for run in runs], 1)[0]
    each = ", ".join(f"{run.sentences}: {run.cost.cpu:.0f} s" for run in runs)
    return [
        Figure("growth: exponent of processor time in rows", exponent, EXPONENT, note=each),
        Figure("growth: seconds per million rows", float(slope) * 1e6, None, "s"),
        Figure("growth: fixed seconds", float(start), None, "s"),
        Figure("growth: largest distance from the line", away, None, note="share of the last"),
        Figure("growth: memory per million rows", float(memory) * 1e6, None, "GB"),
    ]


if __name__ == "__main__":
    main()
