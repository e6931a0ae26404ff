"""A run of a comparison in, what it was made from out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linguagraph.edges.storage import RunTables

from .compared import Compared
from .facts import MISSING, lookup
from .method_words import method_words

__all__ = ["run_facts", "tolerance"]

_FACTS: dict[str, tuple[str, ...]] = {
    "corpus": ("corpus", "name"),
    "corpus: fingerprint": ("corpus", "fingerprint"),
    "trees": ("corpus", "trees"),
    "label set": ("corpus", "label_set"),
    "model: encoder": ("model", "config", "encoder"),
    "model: graph layers": ("model", "config", "conv"),
    "model: parameters": ("model", "parameters"),
    "model: fingerprint": ("model", "fingerprint"),
    "model: trained on": ("model", "data", "train", "name"),
    "model: training data": ("model", "data", "train", "fingerprint"),
    "answers compared with": ("scored_against",),
    "predicates at most": ("options", "max_predicates"),
    "linguagraph": ("linguagraph",),
}


def run_facts(compared: Compared, place: int) -> dict[str, Any]:
    """What a run was made from, by name; what is not recorded is said so."""
    tables, votes = compared.runs[place], compared.matched.runs[place]
    manifest = tables.manifest
    facts: dict[str, Any] = {
        "model": lookup(manifest, "model", "name") or _named(tables),
        "method": method_words(manifest).name,
        "seeds": votes.seeds,
        "layers": votes.depth,
        "examples": compared.matched.examples + compared.matched.left_out[place],
        "tolerance": tolerance(manifest),
    }
    facts |= {name: lookup(manifest, *keys) for name, keys in _FACTS.items()}
    if facts["model: graph layers"] is None and lookup(manifest, "model", "config"):
        qa = manifest.get("task") == "qa"  # the papers' layers are not written down
        facts["model: graph layers"] = "gated-rgcn" if qa else "gated-gcn"
    return {
        k: MISSING if v is None else f"{v:,}" if isinstance(v, int) else v for k, v in facts.items()
    }


def _named(tables: RunTables) -> str | None:
    return str(tables.edges["model"].iloc[0]) if len(tables.edges) else None


def tolerance(manifest: Mapping[str, Any]) -> str | None:
    """The divergence that probes were allowed; ``None`` where none is recorded."""
    probes = lookup(manifest, "probes") or ()
    found = {
        lookup(p, *keys)
        for p in probes
        for keys in (("training", "constraint", "tolerance"), ("config", "constraint", "tolerance"))
    } - {None}
    return ", ".join(f"{value:g}" for value in sorted(found)) or None
