"""A run, or a corpus in shards -> what is done, what failed and what is left, with an estimate."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from linguagraph.errors import RunError
from linguagraph.runs.collection import Collection, is_collection, read_json
from linguagraph.runs.directory import STAGES, Run

__all__ = ["collection_status", "run_status", "status_of"]

_SHARDS = {"parse": ".jsonl", "graph": ".parquet", "mask": ".safetensors"}


def status_of(path: str | Path) -> dict[str, Any]:
    """What is known of a directory: :func:`collection_status` or :func:`run_status`.

    Raises:
        RunError: it holds neither.
    """
    if is_collection(path):
        return collection_status(path)
    if not (Path(path) / "manifest.json").is_file():
        raise RunError(
            f"{path} holds neither a run nor a corpus in shards; begin one with 'linguagraph "
            "report CORPUS -o DIR' or 'linguagraph run RECIPE -o DIR'"
        )
    return run_status(path)


def collection_status(path: str | Path) -> dict[str, Any]:
    """Shards by state, what failed, and how much work is left.

    Returns:
        ``shards``, ``done``, ``failed``, ``at_work``, ``left`` (numbers of shards; ``left`` is all
        that is not done and has not failed, ``at_work`` those of them that a process holds now),
        ``tokens``, ``predicates``, ``seconds`` of the done ones (``seconds`` over all workers),
        ``stages`` (seconds by stage), ``dropped``, ``warnings`` (first ten), ``failures`` (by
        number: error, file, line), ``seconds_left``: work left, from the bytes of shards, ``None``
        before one is done; and ``hours_left``, the same divided among the workers at work,
        ``None`` where there is none.
    """
    collection = Collection(path)
    until = str(collection.plan["until"])
    counts: Counter[str] = Counter()
    stages: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    failures: dict[str, Any] = {}
    warnings: list[str] = []
    seconds = 0.0
    for shard in collection.shards:
        if collection.done(shard, until):
            record = collection.record(shard) or {}
            counts["done"] += 1
            seconds += record["seconds"]
            sums.update({k: record[k] for k in ("tokens", "predicates", "bytes")})
            stages.update({k: v["seconds"] for k, v in record["stages"].items()})
            dropped.update(record["dropped"])
            warnings += [f"shard {shard.number}: {text}" for text in record["warnings"]]
        elif (failure := collection.failure(shard)) is not None:
            counts["failed"] += 1
            failures[str(shard.number)] = {k: failure[k] for k in ("error", "file", "line")}
        else:
            counts["left"] += 1
            sums["bytes_left"] += shard.size
            counts["at_work"] += collection.held(shard)
    left = None
    if counts["done"]:
        left = seconds * sums["bytes_left"] / max(1, sums["bytes"])
    workers = counts["at_work"]
    return {
        "kind": "shards",
        "until": until,
        "shards": len(collection.shards),
        **{name: counts[name] for name in ("done", "failed", "at_work", "left")},
        "tokens": sums["tokens"],
        "predicates": sums["predicates"],
        "seconds": round(seconds, 1),
        "stages": {name: round(value, 1) for name, value in stages.items()},
        "dropped": dict(dropped),
        "warnings": warnings[:10],
        "failures": failures,
        "seconds_left": None if left is None else round(left, 1),
        "hours_left": round(left / 3600 / workers, 3) if left is not None and workers else None,
    }


def run_status(path: str | Path) -> dict[str, Any]:
    """Stages of an ordinary run.

    Returns:
        ``stages``: by name ``state`` ("done", "begun", "not begun"), ``seconds`` so far, and for a
        begun one ``shards`` done and ``of`` all where that is known; ``at_work``: whether a
        process holds the run; ``seconds_left``: of the begun stage, from its shards, ``None``
        where that is not known.
    """
    run = Run.open(path)
    stages: dict[str, Any] = {}
    count, left = None, None
    for name in STAGES:
        record = read_json(run.path / name / "stage.json")
        if record is None:
            stages[name] = {"state": "not begun"}
            continue
        seconds = float(record.get("seconds", 0.0))
        if record.get("done"):
            stages[name] = {"state": "done", "seconds": seconds}
            if name == "parse":
                count = record.get("info", {}).get("shards")
            continue
        made = len(list((run.path / name).glob(f"shard-*{_SHARDS.get(name, '.none')}")))
        stages[name] = {"state": "begun", "seconds": seconds, "shards": made, "of": count}
        if count and made and seconds:
            left = round(seconds * (count - made) / made, 1)
    return {"kind": "run", "stages": stages, "at_work": _held(run), "seconds_left": left}


def _held(run: Run) -> bool:
    try:
        with run.lock():
            return False
    except RunError:
        return True
