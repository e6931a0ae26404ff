"""Items in, a table that R's lme4 fits as it is out: one row per edge and layer, with its votes.

In R::

    edges <- read.csv("edges_lme4.csv", stringsAsFactors = TRUE, na.strings = "")
    library(lme4)
    model <- glmer(
      cbind(retained, rated - retained) ~
        label + direction + predicate_type + log_distance + position + layer + (1 | sentence),
      data = edges, family = binomial
    )

``retained`` and ``rated`` are counts of seeds. Sentences, examples and layers are written with a
letter before the number (``s12``, ``e40``, ``k0``), so that R takes them for factors and not for
numbers; directions are ``down`` (from head to dependent, ``->``) and ``up`` (``<-``). Frequency is
fixed by the label: put one of the two into a formula.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import Items
from linguagraph.aggregates.retention_factors import find_factors

__all__ = ["LME4_FORMULA", "lme4_table"]

LME4_FORMULA = (
    "cbind(retained, rated - retained) ~ label + direction + predicate_type + log_distance + "
    "position + layer + (1 | sentence)"
)
"""A formula for ``glmer(..., family = binomial)``."""

_DIRECTIONS = {"->": "down", "<-": "up", "": "none"}


def lme4_table(items: Items) -> pd.DataFrame:
    """Everything that a mixed model of retention may need, one row per item.

    Returns:
        ``retained`` and ``rated`` (seeds), ``sentence``, ``document``, ``example``, ``label``,
        ``direction``, ``predicate_type``, ``predicate_lemma``, ``position``, ``layer`` (strings),
        ``distance`` (tokens), ``log_distance`` = log2(1 + distance), ``frequency`` (log2 of the
        edges with the label); no value is missing.
    """
    names = ("label", "direction", "predicate_type", "position", "layer", "frequency")
    found = {factor.name: factor for factor in find_factors(items, names)}
    strings = {
        name: np.array(factor.levels, dtype=object)[factor.codes]
        for name, factor in found.items()
        if factor.values is None
    }
    frequency = found["frequency"]
    values = np.zeros(0) if frequency.values is None else frequency.values
    distance = np.asarray(items.column("token_distance")).astype(np.int64)
    table = pd.DataFrame(
        {
            "retained": items.retained,
            "rated": items.rated,
            "sentence": _named("s", items.sentences[items.sentence]),
            "document": _strings(items, "document"),
            "example": _named("e", items.examples[items.example]),
            "label": strings["label"],
            "direction": [_DIRECTIONS.get(d, d) for d in strings["direction"]],
            "predicate_type": strings["predicate_type"],
            "predicate_lemma": _strings(items, "predicate_lemma"),
            "position": strings["position"],
            "layer": np.array([f"k{k}" for k in items.layers], dtype=object)[items.layer],
            "distance": distance,
            "log_distance": np.log2(1.0 + distance),
            "frequency": values[frequency.codes],
        }
    )
    return table.replace({"document": "", "predicate_lemma": ""}, "none")


def _named(letter: str, numbers: np.ndarray) -> list[str]:
    return [f"{letter}{number}" for number in numbers.tolist()]


def _strings(items: Items, column: str) -> np.ndarray:
    codes, names = items.codes(column)
    return np.array(names, dtype=object)[codes]
