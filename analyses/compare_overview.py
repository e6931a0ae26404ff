"""Do the runs use the same parts of the graph, and how do they differ otherwise?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from linguagraph.reports.sections import Section

from .blocks import question, shown
from .compare_facts import run_facts
from .compare_words import overview_words
from .compared import Compared
from .facts import MISSING, lookup
from .params import Params
from .phrases import count, join

__all__ = ["run"]

NAME, TITLE = "compare_runs", "The runs"


def run(compared: Compared, params: Params, found: Mapping[str, Any]) -> tuple[Section, ...]:
    """What was found in three sentences, and what the runs were made from.

    Args:
        found: the summary of the other parts.
    """
    columns = {name: run_facts(compared, i) for i, name in enumerate(compared.names)}
    table = pd.DataFrame({"item": list(next(iter(columns.values())))})
    for name, facts in columns.items():
        table[name] = [str(value) for value in facts.values()]
    known = (table.drop(columns="item") != MISSING).any(axis=1)
    examples = f"{compared.matched.examples:,} {_examples(compared)}"
    text = f"{count(len(compared.names), 'run')} are compared on the {examples} that all have. "
    text += overview_words(compared, found, params)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=text,
            tables=(shown(NAME, "What each run was made from.", table[known]),),
            notes=(
                *(f"Beware. {warning}" for warning in compared.warnings),
                *_chosen(compared),
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


def _chosen(compared: Compared) -> tuple[str, ...]:
    """Which models were trained or chosen on this corpus."""
    found = []
    for part, what in (("train", "trained"), ("dev", "chosen among epochs and checks")):
        named = [
            name
            for name, tables in compared.named.items()
            if lookup(tables.manifest, "corpus", "fingerprint") is not None
            and lookup(tables.manifest, "corpus", "fingerprint")
            == lookup(tables.manifest, "model", "data", part, "fingerprint")
        ]
        if named:
            found.append(f"{join(named)}: model and masks were {what} on this corpus.")
    return tuple(found)


def _examples(compared: Compared) -> str:
    if compared.terms.language:
        return "predicates"
    return compared.terms.cases
