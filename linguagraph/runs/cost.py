"""What was measured on a corpus in shards -> hours and gigabytes of a larger one.

Seconds are those of one worker with one processor thread (or one GPU). Work of stages grows with
tokens; of masks, with the share of predicates that is explained and, but for a part that is the
same for any number (the model itself, the controls), with the number of probes.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linguagraph.errors import ConfigError, RunError
from linguagraph.pretrained import cost_path
from linguagraph.runs.collection import STAGES, Collection

__all__ = ["Cost", "Rates", "bundled_rates", "estimate", "measured_rates"]

PARTS = ("parse", "graph", "mask", "tables")
"""Of what lies on the disk."""


@dataclass(frozen=True)
class Rates:
    """What a million tokens cost.

    Attributes:
        seconds: by stage, of one worker.
        megabytes: by part of a shard (10**6 bytes).
        rows: of the edge table.
        seeds: number of probes with which this was measured.
        share: of the predicates that was explained.
        per_seed: the part of the seconds, megabytes and rows of masks that grows with probes, in
            [0, 1], by stage, by part (``mask megabytes``, ``tables megabytes``) and of ``rows``;
            1 where nothing is said.
        about: where this was measured, for people.
        until: last stage that was measured.
    """

    seconds: Mapping[str, float]
    megabytes: Mapping[str, float]
    rows: float
    seeds: int
    share: float = 1.0
    per_seed: Mapping[str, float] = field(default_factory=dict)
    about: str = ""
    until: str = "tabulate"


@dataclass(frozen=True)
class Cost:
    """What a corpus will cost.

    Attributes:
        hours: of work by stage, over all workers; ``analyse`` is the report, on one machine.
        wall_hours: until the last worker has finished, and the report is written.
        gigabytes: on the disk, by part.
        rows: of the edge table.
    """

    hours: dict[str, float]
    wall_hours: float
    gigabytes: dict[str, float]
    rows: float

    def to_json(self) -> dict[str, Any]:
        """JSON-able, with sums."""
        return {
            "hours": self.hours,
            "hours_of_work": sum(self.hours.values()),
            "wall_hours": self.wall_hours,
            "gigabytes": self.gigabytes,
            "gigabytes_in_all": sum(self.gigabytes.values()),
            "rows": self.rows,
        }


def measured_rates(path: str | Path) -> Rates:
    """What the finished shards of a corpus cost.

    Raises:
        RunError: no shard is finished.
    """
    collection = Collection(path)
    seconds: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    tokens = rows = 0
    seeds: set[int] = set()
    reached: set[str] = set()
    for shard in collection.shards:
        record = collection.record(shard)
        if record is None:
            continue
        tokens += record["tokens"]
        rows += record["rows"]
        seconds.update({k: v["seconds"] for k, v in record["stages"].items() if k in STAGES})
        sizes.update(record["sizes"])
        seeds.add(record["seeds"])
        reached.add(record["until"])
    if not tokens:
        raise RunError(f"{path} has no finished shard to measure; do some with 'linguagraph run'")
    recipe = collection.recipe
    million = tokens / 1e6
    return Rates(
        seconds={k: v / million for k, v in seconds.items()},
        megabytes={k: v / 1e6 / million for k, v in sizes.items()},
        rows=rows / million,
        seeds=max(seeds),
        share=recipe.mask.share,
        about=f"{tokens:,} tokens in {Path(path).name}, model {Path(recipe.mask.model).name}, "
        f"{max(seeds)} probes, share {recipe.mask.share:g} of the predicates"
        + (" (a small trial: take 20,000 tokens or more)" if tokens < 20_000 else ""),
        until=min(reached, key=STAGES.index),
    )


def bundled_rates(model: str, device: str) -> Rates:
    """What was measured with a bundled model, see ``pretrained/cost.json``.

    Raises:
        ConfigError: nothing was measured with this model and device.
    """
    found = json.loads(cost_path().read_text(encoding="utf-8"))
    known = {(entry["model"], entry["device"]): entry for entry in found["rates"]}
    if (model, device) not in known:
        listed = ", ".join(f"{m} on {d}" for m, d in known)
        raise ConfigError(
            f"nothing was measured for {model} on {device}; known: {listed}. Measure your own: "
            "'linguagraph run' with [shards] limit, then 'linguagraph cost --measured OUT'"
        )
    entry = known[model, device]
    return Rates(**{k: entry[k] for k in Rates.__dataclass_fields__ if k in entry})


def analyse_seconds(rows: float) -> float:
    """Seconds of the report of so many rows of the edge table, on two processors."""
    found = json.loads(cost_path().read_text(encoding="utf-8"))["analyse"]
    return float(found["seconds_per_million_rows"]) * rows / 1e6


def estimate(
    rates: Rates,
    tokens: float,
    *,
    machines: int = 1,
    workers: int = 1,
    seeds: int | None = None,
    share: float | None = None,
    until: str = "tabulate",
    parsed: bool = False,
) -> Cost:
    """Hours and gigabytes of a corpus.

    Args:
        rates: measured.
        tokens: of the corpus.
        machines: which work at the same time.
        workers: processes on each, one processor thread (or GPU) each.
        seeds: probes; ``None`` as measured.
        share: of the predicates that is explained, in (0, 1]; ``None`` as measured.
        until: last stage.
        parsed: whether the corpus is annotated already; then parsing is left out.

    Raises:
        ConfigError: numbers out of range.
    """
    share = rates.share if share is None else share
    seeds = rates.seeds if seeds is None else seeds
    if until not in STAGES:
        raise ConfigError(f"until={until!r}; expected one of {', '.join(STAGES)}")
    if STAGES.index(until) > STAGES.index(rates.until):
        raise ConfigError(
            f"the shards were only made up to {rates.until}; say --until {rates.until}, or make "
            "some to the end"
        )
    seeds = max(1, seeds) if until in STAGES[:2] else seeds
    if not 0 < tokens < math.inf or machines < 1 or workers < 1 or seeds < 1 or not 0 < share <= 1:
        raise ConfigError(
            f"tokens={tokens:g}, machines={machines}, workers={workers}, seeds={seeds}, "
            f"share={share:g}; expected more than 0, at least 1 and a share in (0, 1]"
        )
    last = STAGES.index(until)
    million = tokens / 1e6
    grown = share / rates.share
    hours, gigabytes = {}, {}
    for place, stage in enumerate(STAGES[: last + 1]):
        factor = grown * _seeds(rates, stage, seeds) if place >= 2 else 1.0
        left_out = stage == "parse" and parsed
        value = 0.0 if left_out else rates.seconds.get(stage, 0.0)
        hours[stage] = value * factor * million / 3600
    for place, part in enumerate(PARTS[: last + 1]):
        factor = grown * _seeds(rates, f"{part} megabytes", seeds) if place >= 2 else 1.0
        gigabytes[part] = rates.megabytes.get(part, 0.0) * factor * million / 1000
    rows = rates.rows * grown * _seeds(rates, "rows", seeds) * million
    wall = sum(hours.values()) / (machines * workers)
    if until == "tabulate":
        hours["analyse"] = analyse_seconds(rows) / 3600
        wall += hours["analyse"]
    else:
        rows = 0.0
    return Cost(hours, wall, gigabytes, rows)


def _seeds(rates: Rates, name: str, seeds: int) -> float:
    """How a cost changes with the number of probes."""
    part = float(rates.per_seed.get(name, 1.0))
    return 1 - part + part * seeds / max(1, rates.seeds)
