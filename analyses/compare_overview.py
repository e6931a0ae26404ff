"""Do the runs use the same parts of the graph, and how do they differ otherwise?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import question, shown
from .compared import Compared
from .facts import MISSING, lookup
from .method_words import method_words
from .params import Params
from .phrases import count, join

__all__ = ["run"]

NAME, TITLE = "compare_runs", "The runs"
_FACTS: dict[str, tuple[str, ...]] = {
    "corpus": ("corpus", "name"),
    "corpus: fingerprint": ("corpus", "fingerprint"),
    "trees": ("corpus", "trees"),
    "label set": ("corpus", "label_set"),
    "model: parameters": ("model", "parameters"),
    "model: fingerprint": ("model", "fingerprint"),
    "model: trained on": ("model", "data", "train", "name"),
    "model: training data": ("model", "data", "train", "fingerprint"),
    "answers compared with": ("scored_against",),
    "predicates at most": ("options", "max_predicates"),
    "linguagraph": ("linguagraph",),
}


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """What the runs were made from, and what sets them apart besides what is compared."""
    columns = {name: _facts(compared, i) for i, name in enumerate(compared.names)}
    table = pd.DataFrame({"item": list(next(iter(columns.values())))})
    for name, facts in columns.items():
        table[name] = [str(value) for value in facts.values()]
    known = (table.drop(columns="item") != MISSING).any(axis=1)
    examples = f"{compared.matched.examples:,} {_examples(compared)}"
    text = f"{count(len(compared.names), 'run')} are compared on the {examples} that all have"
    left = [n for n in compared.matched.left_out if n]
    text += f"; {join(str(n) for n in compared.matched.left_out)} are left out" if left else ""
    text += ". "
    if compared.warnings:
        text += f"They differ in more than their name: {' '.join(compared.warnings)}"
    else:
        text += "Nothing else that the runs record speaks against comparing them."
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=text,
            tables=(shown(NAME, "What each run was made from.", table[known]),),
            notes=(
                "One trained model each: what is found of two models need not hold of two ways of "
                "building models. Train each several times before speaking of the architecture.",
            ),
            summary={
                "runs": {n: {k: str(v) for k, v in f.items()} for n, f in columns.items()},
                "examples": compared.matched.examples,
                "warnings": list(compared.warnings),
            },
        ),
    )


def _examples(compared: Compared) -> str:
    if compared.terms.language:
        return "predicates"
    return compared.terms.cases


def _facts(compared: Compared, place: int) -> dict[str, Any]:
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
