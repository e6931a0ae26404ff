"""Random runs of any size with planted answers, for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from tables_small import MANIFEST

from linguagraph.columns import EDGES, PATHS, ROLES, SCORES
from linguagraph.documents.records import Sentence, Token
from linguagraph.edges.storage import RunTables

__all__ = ["planted_run"]

LEMMAS = np.array(["see", "visit", "end", "good"], dtype=object)


def _cat(codes: np.ndarray, names: Iterable[str]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes.astype(np.int32), categories=list(names))


def planted_run(
    *,
    sentences: int = 60,
    seeds: int = 3,
    layers: int = 2,
    types: tuple[str, ...] = ("V", "N", "J"),
    labels: int = 6,
    retention: Mapping[int, float] | None = None,
    noise: float = 0.02,
    tokens: tuple[int, int] = (5, 20),
    predicates: int = 2,
    seed: int = 0,
) -> RunTables:
    """A random run with planted answers.

    Label ``dep{i}`` flowing to the dependent is truly retained with probability ``retention[i]``
    (default: 0.9, 0.5, 0.1, then 0), flowing to the head never; each seed flips each truth with
    probability ``noise``. Paths of length 1, 2, 3+ are used with probability 0.95, 0.7, 0.3.
    """
    rng = np.random.default_rng(seed)
    length = rng.integers(*tokens, size=sentences, endpoint=True)
    example_sentence = np.repeat(np.arange(sentences), predicates)
    examples = len(example_sentence)
    kind = rng.integers(len(types), size=examples)
    predicate = rng.integers(length[example_sentence])
    starts = np.cumsum(length) - length
    heads = np.concatenate([np.r_[-1, rng.integers(np.arange(1, n))] for n in length])
    deprel = rng.integers(labels, size=len(heads))
    base = {
        "sentence": example_sentence,
        "example": np.arange(examples),
        "predicate_index": predicate,
        "kind": kind,
    }
    truth = np.zeros(labels)
    for i, p in (retention or {0: 0.9, 1: 0.5, 2: 0.1}).items():
        truth[i] = p
    edges = _planted_edges(
        rng, base, length, starts, heads, deprel, truth, types, labels, layers, seeds, noise
    )
    return RunTables(
        edges=edges,
        paths=_planted_paths(rng, base, length, types, layers, seeds),
        roles=_planted_roles(rng, base, length, types),
        scores=_planted_scores(rng, sentences, types, seeds),
        manifest=MANIFEST,
        sentences=_planted_sentences(length, starts, heads, deprel),
    )


def _planted_sentences(length: Any, starts: Any, heads: Any, deprel: Any) -> dict[int, Sentence]:
    result = {}
    for index, (n, start) in enumerate(zip(length.tolist(), starts.tolist(), strict=True)):
        tokens = tuple(
            Token(i, f"w{i}", head=int(heads[start + i]), deprel=f"dep{deprel[start + i]}")
            for i in range(n)
        )
        result[index] = Sentence(tokens, index=index)
    return result


def _common(rows: np.ndarray, base: Mapping[str, Any], types: tuple[str, ...]) -> dict[str, Any]:
    zero = np.zeros(len(rows))
    return {
        "corpus": _cat(zero, ["toy"]),
        "document": _cat(zero, [""]),
        "sentence": base["sentence"][rows].astype(np.int32),
        "example": base["example"][rows].astype(np.int32),
        "predicate_index": base["predicate_index"][rows].astype(np.int32),
        "predicate_lemma": _cat(rows % len(LEMMAS), LEMMAS),
        "predicate_type": _cat(base["kind"][rows], types),
        "model": _cat(zero, ["srl-gnn"]),
    }


def _planted_edges(
    rng: Any, base: Any, length: Any, starts: Any, heads: Any, deprel: Any, truth: Any,
    types: Any, labels: int, layers: int, seeds: int, noise: float,
) -> pd.DataFrame:  # fmt: skip
    count = 2 * (length[base["sentence"]] - 1)
    rows = np.repeat(np.arange(len(count)), count)
    edge = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    down = edge % 2 == 0
    dependent = edge // 2 + 1
    flat = starts[base["sentence"]][rows] + dependent
    head, label = heads[flat], deprel[flat]
    source, target = np.where(down, head, dependent), np.where(down, dependent, head)
    at_predicate = target == base["predicate_index"][rows]
    target_kind = np.where(at_predicate, 0, np.where(down & (label < 2), 1, 2 + (label % 2)))
    gate = rng.beta(2, 8, size=(layers, len(rows)))
    true = rng.random((layers, len(rows))) < truth[label] * down
    parts = []
    for seed in range(seeds):
        for layer in range(layers):
            retained = true[layer] ^ (rng.random(len(rows)) < noise)
            parts.append(
                {
                    "seed": np.full(len(rows), seed, np.int32),
                    "layer": np.full(len(rows), layer, np.int32),
                    "retained": retained,
                    "score": np.where(retained, 0.9, 0.1).astype(np.float32),
                    "soft_gate": gate[layer].astype(np.float32),
                }
            )
    times = len(parts)
    columns = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]} if parts else {}
    frame = pd.DataFrame({**_common(np.tile(rows, times), base, types), **columns})
    for name, values in (("edge", edge), ("source", source), ("target", target)):
        frame[name] = np.tile(values.astype(np.int32), times)
    frame["token_distance"] = np.tile(np.abs(source - target).astype(np.int32), times)
    frame["method"] = _cat(np.zeros(len(frame)), ["graphmask"])
    frame["label"] = _cat(np.tile(label, times), [f"dep{i}" for i in range(labels)])
    frame["direction"] = _cat(np.tile((~down).astype(int), times), ["->", "<-"])
    kinds = ["predicate", "argument", "other_argument", "elsewhere"]
    frame["target_kind"] = _cat(np.tile(target_kind, times), kinds)
    nothing = _cat(np.full(len(frame), -1), ["A0"])
    frame["target_role"] = frame["target_gold_role"] = nothing
    return EDGES.check(frame[list(EDGES.required)])


def _planted_paths(
    rng: Any, base: Any, length: Any, types: Any, layers: int, seeds: int
) -> pd.DataFrame:
    rows = np.repeat(np.arange(len(base["example"])), 2)
    path = rng.choice([0, 1, 2, 3, 4, 6], p=[0.02, 0.5, 0.2, 0.14, 0.1, 0.04], size=len(rows))
    distance = np.where(path == 0, 0, path + rng.integers(0, 12, size=len(rows)))
    parts = []
    for seed in range(seeds):
        used = rng.random(len(rows)) < np.array([0, 0.95, 0.7, 0.3])[np.minimum(path, 3)]
        subpath = used * np.minimum(rng.integers(1, layers + 1, size=len(rows)), path)
        frame = pd.DataFrame(_common(rows, base, types))
        frame["method"] = _cat(np.zeros(len(rows)), ["graphmask"])
        frame["seed"] = np.int32(seed)
        frame["argument_index"] = np.tile([0, 1], len(rows) // 2).astype(np.int32)
        frame["role"] = _cat(np.arange(len(rows)) % 2, ["A0", "A1"])
        frame["gold_role"] = frame["role"]
        frame["path"] = _cat(path, [f"path{i}" for i in range(7)])
        frame["path_length"] = path.astype(np.int32)
        frame["token_distance"] = distance.astype(np.int32)
        frame["retained_by_layer"] = [[int(s > k) for k in range(layers)] for s in subpath]
        frame["subpath_length"] = subpath.astype(np.int32)
        parts.append(frame)
    table = pd.concat(parts, ignore_index=True) if parts else PATHS.empty()
    return PATHS.check(table)


def _planted_roles(rng: Any, base: Any, length: Any, types: Any) -> pd.DataFrame:
    rows = np.repeat(np.arange(len(base["example"])), 3)
    names = ["A0", "A1", "A2", "AM-TMP"]
    gold = rng.choice(4, p=[0.35, 0.45, 0.15, 0.05], size=len(rows))
    role = np.where(rng.random(len(rows)) < 0.8, gold, rng.integers(-1, 4, size=len(rows)))
    frame = pd.DataFrame(_common(rows, base, types))
    frame["token"] = np.tile([0, 1, 2], len(rows) // 3).astype(np.int32)
    frame["token_distance"] = (frame["predicate_index"] - frame["token"]).abs()
    frame["gold_role"], frame["role"] = _cat(gold, names), _cat(role, names)
    return ROLES.check(frame)


def _planted_scores(rng: Any, sentences: int, types: Any, seeds: int) -> pd.DataFrame:
    quality = {
        "original": 0.85,
        "retained_100": 0.84,
        "retained_75": 0.7,
        "retained_50": 0.6,
        "retained_25": 0.5,
        "retained_0": 0.4,
        "random": 0.45,
        "random_labels": 0.55,
        "predicate_edges": 0.75,
        "soft_gates_top": 0.65,
        "soft_gates": 0.6,
    }
    sentence = np.repeat(np.arange(sentences), len(types))
    gold = rng.integers(1, 6, size=len(sentence))
    parts = []
    for condition, p in quality.items():
        single = condition in ("original", "soft_gates")
        for seed in [-1] if single else range(seeds):
            kept = {"original": 40, "soft_gates": 30, "predicate_edges": 8}.get(condition, 6)
            frame = pd.DataFrame({"sentence": sentence, "gold": gold, "predicted": gold})
            frame["predicate_type"] = np.tile(types, sentences)
            frame["correct"] = rng.binomial(gold, p)
            frame["condition"], frame["seed"] = condition, seed
            frame["kept"], frame["edges"] = kept, 40
            parts.append(frame)
    table = pd.concat(parts, ignore_index=True).assign(model="srl-gnn", method="graphmask")
    return SCORES.check(table)
