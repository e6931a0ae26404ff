"""A finished run -> the same run as a collection of shards, for tests."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from linguagraph.columns import TABLES
from linguagraph.edges.storage import read_table, write_table
from linguagraph.files import write_json

__all__ = ["split_run"]


def split_run(run: Path, home: Path, *, cuts: tuple[int, ...]) -> Path:
    """Write shards with the sentences between the cuts, each numbered from 0; returns ``home``.

    Counts in the manifest are those of the whole run in the first shard and 0 in the others, as are
    the seconds of the stages.
    """
    tables = {name: read_table(run / f"{name}.parquet", table) for name, table in TABLES.items()}
    texts = sorted((run / "parse").glob("shard-*.jsonl"))
    lines = [line for path in texts for line in path.read_text("utf-8").splitlines()]
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    before = 0
    for number, (low, high) in enumerate(itertools.pairwise(cuts)):
        shard = home / "shards" / f"{number:05d}"
        (shard / "parse").mkdir(parents=True)
        parts = {n: f[f["sentence"].between(low, high - 1)] for n, f in tables.items()}
        examples = [f["example"].max() for f in parts.values() if "example" in f and len(f)]
        for name, part in parts.items():
            shifted = part.assign(sentence=part["sentence"] - low)
            if "example" in part:
                shifted["example"] = shifted["example"] - before
            write_table([shifted], shard / f"{name}.parquet", TABLES[name])
        before = int(max(examples, default=before - 1)) + 1
        text = "".join(f"{line}\n" for line in lines[low:high])
        (shard / "parse" / "shard-00000.jsonl").write_text(text, "utf-8")
        write_json(shard / "manifest.json", manifest if not number else _nothing(manifest))
    return home


def _nothing(manifest: dict[str, object]) -> dict[str, object]:
    found = json.loads(json.dumps(manifest))
    for part in (found["corpus"], found["dropped"], found["corpus"].get("predicates_by_type", {})):
        part.update({key: 0 for key, value in part.items() if isinstance(value, int)})
    for stage in found["stages"].values():
        stage["seconds"] = 0.0
    return dict(found)
