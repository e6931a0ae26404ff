"""The manifest and the tables in, rows of items and values for the methods section out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from linguagraph.reports.sections import TableBlock

from .facts import MISSING, flatten, lookup
from .params import Params
from .terms import terms

__all__ = ["Pairs", "dropped", "models", "part", "settings", "stages", "text", "value_table"]

Pairs = list[tuple[str, Any]]

UNSET = {"seeds": "all", "limit": "none"}
"""What an option that is not given means, where that is not "default"."""


def part(manifest: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A mapping inside the manifest; empty where it is absent."""
    value = lookup(manifest, key)
    return value if isinstance(value, Mapping) else {}


def text(value: Any) -> str:
    """A value as the report prints it; "not recorded" for what is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def value_table(name: str, caption: str, pairs: Pairs, *, folded: bool = False) -> TableBlock:
    """Items and values as a table of two columns."""
    known = [(str(item), text(value)) for item, value in pairs] or [(MISSING, MISSING)]
    frame = pd.DataFrame(known, columns=["item", "value"])
    return TableBlock(name, caption, frame, folded=folded)


def models(manifest: Mapping[str, Any], name: str) -> Pairs:
    """What the explained model and the probes are; without language only what is recorded."""
    model = part(manifest, "model")
    keys = ("parameters", "fingerprint", "data", "licence", "dev_f1")
    facts = flatten({key: model.get(key) for key in keys})
    prints = [
        (f"probe {p.get('seed')} fingerprint", p.get("fingerprint")) for p in _probes(manifest)
    ]
    pairs: Pairs = [("name", name), *facts.items(), *prints]
    if terms(manifest).language:
        return pairs
    return [(key, value) for key, value in pairs if value is not None]


def settings(manifest: Mapping[str, Any], params: Params) -> Pairs:
    """Hyperparameters of the model and the probes, the run's options, and those of statistics.

    Settings that differ between probes are listed for each probe.
    """
    pairs = [(f"model: {k}", v) for k, v in _configured(part(manifest, "model")).items()]
    probes = [(p.get("seed"), _configured(p)) for p in _probes(manifest)]
    for key in dict.fromkeys(key for _, values in probes for key in values):
        found = [(seed, values.get(key)) for seed, values in probes]
        if all(value == found[0][1] for _, value in found):
            pairs.append((f"probes: {key}", found[0][1]))
        else:
            pairs += [(f"probe {seed}: {key}", value) for seed, value in found]
    for key, value in flatten(part(manifest, "options")).items():
        pairs.append((f"run: {key}", UNSET.get(key, "default") if value is None else value))
    if "control_seed" in manifest:
        pairs.append(("run: control_seed", manifest["control_seed"]))
    language = terms(manifest).language
    heeded = params.heeded(language=language)
    used = flatten(part(manifest, "params")) | heeded
    if not language:
        used = {key: value for key, value in used.items() if key in heeded}
    return [*pairs, *((f"analyses: {key}", value) for key, value in used.items())]


def stages(manifest: Mapping[str, Any]) -> TableBlock:
    """Wall time and peak memory of each stage."""
    found = part(manifest, "stages")
    rows = [
        (name, *(text(lookup(found, name, key)) for key in ("seconds", "peak_memory_mb")))
        for name in found
    ]
    frame = pd.DataFrame(
        rows or [(MISSING, MISSING, MISSING)], columns=["stage", "seconds", "peak_memory_mb"]
    )
    caption = "Run time: wall time (s) and peak memory (MB) of each stage."
    return TableBlock("methods_stages", caption, frame)


def dropped(manifest: Mapping[str, Any]) -> dict[str, int]:
    """What was left out: reason and count."""
    found = part(manifest, "dropped").items()
    return {str(reason): int(n) for reason, n in found if isinstance(n, (int, float))}


def _probes(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = manifest.get("probes")
    return [p for p in found if isinstance(p, Mapping)] if isinstance(found, list | tuple) else []


def _configured(values: Mapping[str, Any]) -> dict[str, Any]:
    return flatten({key: part(values, key) for key in ("config", "training")})
