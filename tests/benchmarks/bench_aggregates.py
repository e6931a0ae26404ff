"""Simulated edge tables -> seconds and memory of all aggregates of a report, and their growth.

Tables of 1, 2.5, 5 and 10 million rows (five seeds, two layers, 45 labels) are drawn, with the path
table in proportion, and written as Parquet. A process of its own then reads the columns that it
needs and computes every aggregate over edges and paths that a report shows, with 1,000 resamples.
Wall times hold on an otherwise idle machine; on a busy one read the processor times.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from harness import Figure, show
from scipy.special import expit

from linguagraph.columns import EDGES, PATHS
from linguagraph.edges.storage import read_table, write_table

MILLIONS = (1.0, 2.5, 5.0, 10.0)
QUICK = (0.8, 1.6)
SECONDS, MEMORY_GB, EXPONENT = 30.0, 3.0, 1.05
SEEDS, LAYERS, LABELS, CHUNK = 5, 2, 45, 1000
TYPES, KINDS = ("V", "N", "J"), ("predicate", "argument", "other_argument", "elsewhere")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="small tables, to try it out")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    options.add_argument("--threads", type=int, default=2, metavar="N", help="threads (2)")
    options.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.measure:
        print(json.dumps(_measure(given.measure)))
        return
    found = []
    with tempfile.TemporaryDirectory(prefix="linguagraph-bench-") as folder:
        for number, size in enumerate(QUICK if given.quick else MILLIONS):
            home = Path(folder) / str(number)
            home.mkdir()
            rows = write_table(_edges(int(size * 1e6)), home / "edges.parquet", EDGES)
            write_table(_paths(rows), home / "paths.parquet", PATHS)
            found.append({"rows": rows, **_child(home, given.threads)})
            print(json.dumps(found[-1]), file=sys.stderr)
    show("aggregates", _figures(found, whole=not given.quick), path=given.json, runs=found)


def _child(home: Path, threads: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", str(home)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return {**json.loads(text), "memory": usage.ru_maxrss / 2**20}


def _measure(home: Path) -> dict[str, Any]:
    """Read the tables of a folder and compute all aggregates; wall and processor seconds."""
    started, burnt = time.perf_counter(), time.process_time()
    from linguagraph.aggregates import items as module

    edges = read_table(home / "edges.parquet", EDGES, columns=module.COLUMNS)
    paths = read_table(home / "paths.parquet", PATHS)
    steps = {"reading": time.process_time() - burnt}
    for name, step in _steps(edges, paths):
        before = time.process_time()
        step()
        steps[name] = time.process_time() - before
    return {
        "wall": time.perf_counter() - started,
        "cpu": time.process_time() - burnt,
        "steps": {name: round(seconds, 2) for name, seconds in steps.items()},
    }


def _steps(edges: pd.DataFrame, paths: pd.DataFrame) -> Iterator[tuple[str, Callable[[], Any]]]:
    from linguagraph import aggregates as a
    from linguagraph.aggregates.agreement import GROUPS
    from linguagraph.aggregates.direct import from_predicate

    plain = a.Resampling()
    held: list[a.Items] = []
    yield "items", lambda: held.append(a.compile_items(edges))
    items = held[0]
    others = ("direction", "predicate_type", "distance", "position", "layer", "frequency")
    yield (
        "retention",
        lambda: (
            a.retention(items, resampling=plain),
            a.retention_by_type(items, resampling=plain),
        ),
    )
    yield (
        "labels",
        lambda: (
            a.labels(items, resampling=plain),
            *(a.labels(items, resampling=plain, layer=k) for k in items.layers),
            a.label_contrasts(items, resampling=plain),
        ),
    )
    yield "targets", lambda: a.targets(items, resampling=plain)
    yield "direct", lambda: from_predicate(items, resampling=plain)
    yield (
        "agreement",
        lambda: [
            a.agreement(items, by=by, resampling=plain) for by in ((), *((g,) for g in GROUPS))
        ],
    )
    yield "retention model, logit", lambda: a.retention_model(items, resampling=plain)
    yield (
        "retention model, GEE",
        lambda: a.retention_model(items, resampling=plain, estimator="gee"),
    )
    yield (
        "retention model, frequency",
        lambda: a.retention_model(items, resampling=plain, factors=others),
    )
    yield (
        "entropy",
        lambda: (
            a.label_entropy(items, resampling=plain),
            a.retention_information(items, resampling=plain),
        ),
    )
    yield (
        "paths",
        lambda: (
            a.path_lengths(paths, resampling=plain),
            a.path_distances(paths, resampling=plain),
            a.distance_contrast(paths, resampling=plain),
        ),
    )
    yield "typed paths", lambda: a.typed_paths(paths, resampling=plain)


def _category(codes: Any, names: Any) -> pd.Categorical:
    return pd.Categorical.from_codes(np.asarray(codes, dtype=np.int32), categories=list(names))


def _common(sentence: Any, example: Any, predicate: Any, kind: Any) -> dict[str, Any]:
    zero = np.zeros(len(sentence), dtype=np.int8)
    return {
        "corpus": _category(zero, ["simulated"]),
        "document": _category(zero, [""]),
        "sentence": sentence.astype(np.int32),
        "example": example.astype(np.int32),
        "predicate_index": predicate.astype(np.int32),
        "predicate_lemma": _category(example % 500, [f"lemma{i}" for i in range(500)]),
        "predicate_type": _category(kind, TYPES),
        "model": _category(zero, ["m"]),
        "method": _category(zero, ["graphmask"]),
    }


def _edges(rows: int) -> Iterator[pd.DataFrame]:
    """Chunks of about ``rows`` rows in all, of :data:`CHUNK` sentences each."""
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, LABELS + 1)
    label_effect = rng.normal(scale=0.8, size=LABELS)
    done = sentences = examples = 0
    while done < rows:
        length = np.clip(rng.geometric(1 / 15, size=CHUNK) + 2, 3, 80)
        owner = np.repeat(np.arange(CHUNK), rng.integers(1, 5, size=CHUNK))
        predicate, kind = rng.integers(length[owner]), rng.integers(3, size=len(owner))
        tokens = int(length.sum())
        start = np.cumsum(length) - length
        place = np.arange(tokens) - np.repeat(start, length)
        reach = np.minimum(rng.geometric(0.4, size=tokens), np.maximum(place, 1))
        head, label = place - reach, rng.choice(LABELS, p=weights / weights.sum(), size=tokens)
        count = 2 * (length[owner] - 1)
        of = np.repeat(np.arange(len(owner)), count)
        edge = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
        dependent = 1 + edge // 2
        flat = start[owner][of] + dependent
        down = edge % 2 == 0
        source = np.where(down, head[flat], dependent)
        target = np.where(down, dependent, head[flat])
        at, own = predicate[of], label[flat]
        argument = (source == at) & (own % 4 == 0)
        target_kind = np.select([target == at, argument, own % 5 == 1], [0, 1, 2], default=3)
        luck = rng.normal(scale=0.4, size=CHUNK)[owner][of]
        eta = label_effect[own] - 3 + 3.5 * argument + 1.5 * (target_kind == 0) + luck
        base = {
            **_common(owner[of] + sentences, of + examples, at, kind[of]),
            "edge": edge.astype(np.int32),
            "source": source.astype(np.int32),
            "target": target.astype(np.int32),
            "label": _category(own, [f"label{i}" for i in range(LABELS)]),
            "direction": _category((~down).astype(np.int8), ["->", "<-"]),
            "token_distance": np.abs(source - target).astype(np.int32),
            "target_kind": _category(target_kind, KINDS),
            "target_role": _category(np.full(len(of), -1), ["A0"]),
            "target_gold_role": _category(np.full(len(of), -1), ["A0"]),
        }
        frame = pd.DataFrame(base)
        for seed in range(SEEDS):
            for layer in range(LAYERS):
                score = expit(eta + 0.5 * layer + rng.normal(scale=0.5, size=len(eta)))
                yield frame.assign(
                    seed=np.int32(seed),
                    layer=np.int32(layer),
                    score=score.astype(np.float32),
                    retained=score > 0.5,
                    soft_gate=np.float32(0.5),
                )
        done += len(frame) * SEEDS * LAYERS
        sentences, examples = sentences + CHUNK, examples + len(owner)


def _paths(rows: int) -> Iterator[pd.DataFrame]:
    """Two and a half arguments for every 28 edges, as often as there are seeds."""
    rng = np.random.default_rng(1)
    count = int(rows / SEEDS / LAYERS / 28 * 2.5)
    steps = [f"{d}label{i}" for d in ("->", "<-") for i in range(LABELS)]
    names = [" ".join(rng.choice(steps, size=k)) for k in (1, 2, 3) for _ in range(150)]
    names = list(dict.fromkeys(names))
    depth = np.array([len(name.split()) for name in names])
    path = rng.choice(len(names), size=count)
    example = np.arange(count) * 2 // 5
    distance = 1 + rng.geometric(0.25, size=count)
    frame = pd.DataFrame(_common(example * 2 // 5, example, distance * 0, example % 3)).assign(
        argument_index=distance,
        role=_category(example % 5, [f"A{i}" for i in range(5)]),
        gold_role=_category(example * 0, ["A0"]),
        path=_category(path, names),
        path_length=depth[path],
        token_distance=distance,
    )
    for seed in range(SEEDS):
        sub = np.minimum(rng.binomial(LAYERS, 0.7, size=count), depth[path])
        lists = pd.Series([[0] * LAYERS] * count, index=frame.index)
        yield frame.assign(seed=seed, subpath_length=sub, retained_by_layer=lists)


def _figures(found: list[dict[str, Any]], *, whole: bool) -> list[Figure]:
    last = found[-1]
    size = f"{last['rows'] / 1e6:.1f} million rows"
    rows = np.array([run["rows"] for run in found], dtype=float)
    cpu = np.array([run["cpu"] for run in found])
    slope, start = np.polyfit(rows, cpu, 1)
    away = float(np.abs(slope * rows + start - cpu).max() / cpu[-1])
    exponent = float(np.polyfit(np.log(rows), np.log(cpu), 1)[0])
    each = ", ".join(f"{run['rows'] / 1e6:.1f}: {run['cpu']:.1f} s" for run in found)
    figures = [
        Figure(f"aggregates of {size}, wall clock", last["wall"], SECONDS if whole else None, "s"),
        Figure(f"aggregates of {size}, processor", last["cpu"], None, "s"),
        Figure("peak memory", last["memory"], MEMORY_GB if whole else None, "GB"),
        Figure("growth: exponent", exponent, EXPONENT if whole else None, note=each),
        Figure("growth: seconds per million rows", float(slope) * 1e6, None, "s"),
        Figure("growth: largest distance from the line", away, None, note="share of the last"),
    ]
    steps = last["steps"].items()
    return figures + [Figure(f"{name}, processor", value, None, "s") for name, value in steps]


if __name__ == "__main__":
    main()
