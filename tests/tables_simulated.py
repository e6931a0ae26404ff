"""Edge tables drawn from a known binomial model, votes of a sentence depending on each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from linguagraph.columns import EDGES

__all__ = ["EFFECTS", "Simulated", "simulated_edges"]

EFFECTS: dict[str, Any] = {
    "constant": -1.0,
    "label": (0.0, 1.0, -1.0, 0.5),
    "direction": (0.0, -0.8),
    "predicate_type": (0.0, 0.4),
    "distance": 0.3,
    "layer": (0.0, 0.6),
}
"""Log odds of each level, the first the reference; of one unit of log2(1 + distance)."""


@dataclass(frozen=True)
class Simulated:
    """An edge table and the effects that it was drawn with.

    Attributes:
        edges: the table.
        truth: average marginal effects by factor and level ("" for the distance).
    """

    edges: pd.DataFrame
    truth: dict[tuple[str, str], float]


def simulated_edges(
    *,
    sentences: int,
    seed: int,
    edges: int = 12,
    seeds: int = 3,
    dependence: float = 0.2,
    effects: Mapping[str, Any] = EFFECTS,
    document: int = 1,
) -> Simulated:
    """Draw a table; ``edges`` is the mean number per sentence, each in two layers.

    Labels and distances are confounded: later labels reach farther. Votes have exactly the shares
    of the model; those of a sentence (or of ``document`` sentences together) share a part of their
    luck, as strong as ``dependence`` on the scale of normal deviates.
    """
    rng = np.random.default_rng(seed)
    size = rng.integers(edges // 2, edges * 3 // 2, endpoint=True, size=sentences)
    sentence = np.repeat(np.arange(sentences), size)
    total = len(sentence)
    edge = np.arange(total) - np.repeat(np.cumsum(size) - size, size)
    label = rng.choice(4, p=(0.4, 0.25, 0.2, 0.15), size=total)
    direction = rng.choice(2, p=(0.65, 0.35), size=total)
    kind = rng.choice(2, p=(0.75, 0.25), size=sentences)[sentence]
    distance = 1 + rng.poisson(1 + 2 * label)
    parts: dict[int, Any] = {}
    for layer in (0, 1):
        eta = (
            effects["constant"]
            + np.array(effects["label"])[label]
            + np.array(effects["direction"])[direction]
            + np.array(effects["predicate_type"])[kind]
            + effects["distance"] * np.log2(1.0 + distance)
            + effects["layer"][layer]
        )
        parts[layer] = eta
    luck = rng.normal(size=sentences // document + 1)[sentence // document]
    rows = []
    for number in range(seeds):
        for layer, eta in parts.items():
            noise = rng.normal(size=total)
            draw = ndtr(np.sqrt(dependence) * luck + np.sqrt(1 - dependence) * noise)
            rows.append((number, layer, draw < expit(eta)))
    whole = np.concatenate([parts[0], parts[1]])
    codes = {"label": np.tile(label, 2), "direction": np.tile(direction, 2)}
    codes |= {"predicate_type": np.tile(kind, 2), "layer": np.repeat([0, 1], total)}
    names = {"label": ("a", "b", "c", "d"), "direction": ("->", "<-"), "predicate_type": ("V", "N")}
    truth = {}
    for factor, own in codes.items():
        weights = np.array(effects[factor])
        base = whole - weights[own]
        for level, weight in enumerate(weights):
            name = names[factor][level] if factor in names else str(level)
            effect = expit(base + weight) - expit(base + weights[0])
            truth[factor, name] = float(effect.mean())
    share = expit(whole)
    truth["distance", ""] = float((effects["distance"] * share * (1 - share)).mean())
    times = len(rows)
    constant = {"corpus": "toy", "predicate_lemma": "see", "model": "m", "method": "graphmask"}
    frame = pd.DataFrame(
        {
            "sentence": np.tile(sentence, times),
            "example": np.tile(sentence, times),
            "predicate_index": 0,
            "edge": np.tile(edge, times),
            "source": np.tile(edge + 1, times),
            "target": np.tile(edge + 1 + distance, times),
            "token_distance": np.tile(distance, times),
            "seed": np.repeat([r[0] for r in rows], total),
            "layer": np.repeat([r[1] for r in rows], total),
            "retained": np.concatenate([r[2] for r in rows]),
            "score": 0.5,
            "soft_gate": np.nan,
        }
    )
    for name, value in constant.items():
        frame[name] = pd.Categorical.from_codes(np.zeros(len(frame), int), [value])
    strings = {"label": label, "direction": direction, "predicate_type": kind}
    for name, own in strings.items():
        frame[name] = pd.Categorical.from_codes(np.tile(own, times), list(names[name]))
    documents = [f"d{i}" for i in range(sentences // document + 1)]
    frame["document"] = pd.Categorical.from_codes(np.tile(sentence // document, times), documents)
    frame["target_kind"] = pd.Categorical.from_codes(np.zeros(len(frame), int), ["elsewhere"])
    for name in ("target_role", "target_gold_role"):
        frame[name] = pd.Categorical.from_codes(np.full(len(frame), -1), ["A0"])
    return Simulated(EDGES.check(frame[list(EDGES.required)]), truth)
