"""A small synthetic run, counted by hand, and helpers to make edge tables from a few rows.

The small run (two seeds, two layers, three predicates in two sentences):

* sentence 0, "Ann saw old dogs": example 0 is ``saw`` (V), arguments Ann (A0) and dogs (A1);
* sentence 1, "Royal visits end": example 1 is ``visits`` (N), argument Royal (A0); example 2 is
  ``end`` (V), argument visits (A1).

Edges 2i and 2i + 1 are the ``->`` and ``<-`` of the i-th dependent that has a head. Retained, as
(example, layer, edge): by both seeds (0,0,0) (0,0,4) (0,1,0) (1,0,0) (2,0,2), by seed 0 alone
(0,1,4), by seed 1 alone (2,1,2): 12 of 56 votes, 28 items.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from linguagraph.columns import EDGES, PATHS, ROLES, SCORES
from linguagraph.documents.records import Frame, Role, Sentence, Token
from linguagraph.edges.storage import RunTables

__all__ = ["MANIFEST", "edges_of", "empty_run", "select", "small_run"]

COMMON = {"corpus": "toy", "document": "", "model": "srl-gnn"}

MANIFEST: dict[str, Any] = {
    "linguagraph": "0.1.0",
    "versions": {"numpy": "2.0", "pandas": "2.2"},
    "created": "2026-01-01T00:00:00+00:00",
    "options": {"limit": None, "seeds": None, "format": None, "batch_size": 4000},
    "control_seed": 7,
    "params": {"resamples": 1000, "seed": 0},
    "corpus": {
        "name": "toy",
        "format": "CoNLL-2009",
        "fingerprint": "0123abcd",
        "sentences": 2,
        "tokens": 7,
        "predicates": 3,
        "edges": 14,
        "trees": "gold columns",
        "label_set": "UD",
    },
    "model": {
        "name": "srl-gnn",
        "fingerprint": "feed",
        "parameters": 1000,
        "config": {"layers": 2, "hidden": 8},
        "training": {"epochs": 3, "lr": 0.001},
        "data": {
            "train": {"name": "toy train", "fingerprint": "abc"},
            "dev": {"name": "toy dev", "fingerprint": "def"},
        },
        "licence": "CC BY-SA 4.0",
        "dev_f1": 0.8,
    },
    "probes": [
        {"seed": s, "fingerprint": f"p{s}", "config": {"beta": 0.03}, "training": {"epochs": 1}}
        for s in (0, 1)
    ],
    "seeds": [0, 1],
    "hardware": {"device": "cpu", "cpu": "x", "cores": 2, "threads": 1, "memory_gb": 8.0},
    "stages": {"mask": {"seconds": 1.5, "peak_memory_mb": 300.0}},
    "dropped": {"cycle in the tree": 1},
}


def _sentence(
    index: int, rows: list[tuple[str, int, str, str]], frames: Iterable[Frame]
) -> Sentence:
    tokens = tuple(
        Token(i, form, lemma=form.lower(), xpos=xpos, head=head, deprel=deprel)
        for i, (form, head, deprel, xpos) in enumerate(rows)
    )
    return Sentence(tokens, tuple(frames), index=index)


def _small_sentences() -> dict[int, Sentence]:
    saw = [("Ann", 1, "nsubj", "NNP"), ("saw", -1, "root", "VBD")]
    saw += [("old", 3, "amod", "JJ"), ("dogs", 1, "obj", "NNS")]
    end = [("Royal", 1, "amod", "JJ"), ("visits", 2, "nsubj", "NNS"), ("end", -1, "root", "VBP")]
    return {
        0: _sentence(0, saw, [Frame(1, "see.01", (Role(0, "A0"), Role(3, "A1")))]),
        1: _sentence(
            1,
            end,
            [Frame(1, "visit.01", (Role(0, "A0"),)), Frame(2, "end.01", (Role(1, "A1"),))],
        ),
    }


def edges_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """An edge table from rows that give only what matters; the rest is filled in."""
    default = {
        **COMMON,
        "sentence": 0,
        "example": 0,
        "predicate_index": 0,
        "predicate_lemma": "see",
        "predicate_type": "V",
        "method": "graphmask",
        "seed": 0,
        "layer": 0,
        "edge": 0,
        "source": 0,
        "target": 1,
        "label": "obj",
        "direction": "->",
        "token_distance": 1,
        "score": 0.5,
        "retained": False,
        "soft_gate": 0.5,
        "target_kind": "elsewhere",
        "target_role": None,
        "target_gold_role": None,
    }
    return EDGES.check(pd.DataFrame([{**default, **row} for row in rows], columns=EDGES.required))


def _small_edges() -> pd.DataFrame:
    both = {(0, 0, 0), (0, 0, 4), (0, 1, 0), (1, 0, 0), (2, 0, 2)}
    single = {(0, 1, 4): 0, (2, 1, 2): 1}
    sentences = _small_sentences()
    examples = [(0, 0, 1, "V", {0, 3}), (1, 1, 1, "N", {0}), (2, 1, 2, "V", {1})]
    rows = []
    for example, number, predicate, kind, arguments in examples:
        others = {a for e, s, _, _, args in examples if s == number and e != example for a in args}
        edges = []
        for token in sentences[number].tokens:
            if token.head is not None and token.head >= 0:
                edges.append((token.head, token.index, token.deprel, "->"))
                edges.append((token.index, token.head, token.deprel, "<-"))
        for seed in (0, 1):
            for layer in (0, 1):
                for edge, (source, target, label, direction) in enumerate(edges):
                    key = (example, layer, edge)
                    retained = key in both or single.get(key) == seed
                    target_kind = (
                        "predicate"
                        if target == predicate
                        else "argument"
                        if target in arguments
                        else "other_argument"
                        if target in others
                        else "elsewhere"
                    )
                    rows.append(
                        {
                            "sentence": number,
                            "example": example,
                            "predicate_index": predicate,
                            "predicate_lemma": sentences[number].tokens[predicate].lemma,
                            "predicate_type": kind,
                            "seed": seed,
                            "layer": layer,
                            "edge": edge,
                            "source": source,
                            "target": target,
                            "label": label,
                            "direction": direction,
                            "token_distance": abs(source - target),
                            "score": 0.9 if retained else 0.1,
                            "retained": retained,
                            "soft_gate": 0.2 if edge % 2 else 0.4,
                            "target_kind": target_kind,
                        }
                    )
    return edges_of(rows)


def _small_paths() -> pd.DataFrame:
    # example, predicate, type, argument, role, path, length, distance, {seed: (by layer, subpath)}
    given = [
        (0, 0, 1, "V", 0, "A0", "->nsubj", 1, 1, {0: ([1, 1], 1), 1: ([1, 1], 1)}),
        (0, 0, 1, "V", 3, "A1", "->obj", 1, 2, {0: ([1, 1], 1), 1: ([1, 0], 1)}),
        (1, 1, 1, "N", 0, "A0", "->amod", 1, 1, {0: ([1, 0], 1), 1: ([1, 0], 1)}),
        (2, 1, 2, "V", 1, "A1", "->nsubj", 1, 1, {0: ([1, 0], 1), 1: ([1, 1], 1)}),
        (2, 1, 2, "V", 0, "A2", "->nsubj ->amod", 2, 2, {0: ([1, 0], 0), 1: ([1, 1], 2)}),
        (2, 1, 2, "V", 2, "A3", "", 0, 0, {0: ([0, 0], 0), 1: ([0, 0], 0)}),
    ]
    rows = [
        {
            **COMMON,
            "sentence": sentence,
            "example": example,
            "predicate_index": predicate,
            "predicate_lemma": "see",
            "predicate_type": kind,
            "method": "graphmask",
            "seed": seed,
            "argument_index": argument,
            "role": role,
            "gold_role": role,
            "path": path,
            "path_length": length,
            "token_distance": distance,
            "retained_by_layer": by_layer,
            "subpath_length": subpath,
        }
        for example, sentence, predicate, kind, argument, role, path, length, distance, by in given
        for seed, (by_layer, subpath) in by.items()
    ]
    return PATHS.check(pd.DataFrame(rows))


def _small_roles() -> pd.DataFrame:
    # example, sentence, predicate, type, token, gold, predicted
    given = [
        (0, 0, 1, "V", 0, "A0", "A0"),
        (0, 0, 1, "V", 3, "A1", "A1"),
        (1, 1, 1, "N", 0, "A0", "A1"),
        (2, 1, 2, "V", 1, "A1", "A1"),
        (2, 1, 2, "V", 0, None, "A2"),
        (2, 1, 2, "V", 2, "A0", None),
    ]
    rows = [
        {
            **COMMON,
            "sentence": sentence,
            "example": example,
            "predicate_index": predicate,
            "predicate_lemma": "see",
            "predicate_type": kind,
            "token": token,
            "token_distance": abs(predicate - token),
            "gold_role": gold,
            "role": role,
        }
        for example, sentence, predicate, kind, token, gold, role in given
    ]
    return ROLES.check(pd.DataFrame(rows))


def _small_scores() -> pd.DataFrame:
    # condition, seed, sentence, type, correct, predicted, gold, kept, edges
    given = [
        ("original", -1, 0, "V", 2, 2, 2, 12, 12),
        ("original", -1, 1, "V", 1, 2, 2, 8, 8),
        ("original", -1, 1, "N", 0, 1, 1, 8, 8),
        ("retained_100", 0, 0, "V", 2, 2, 2, 4, 12),
        ("retained_100", 0, 1, "V", 1, 1, 2, 1, 8),
        ("retained_100", 0, 1, "N", 0, 1, 1, 1, 8),
        ("retained_100", 1, 0, "V", 1, 2, 2, 3, 12),
        ("retained_100", 1, 1, "V", 1, 1, 2, 2, 8),
        ("retained_100", 1, 1, "N", 0, 1, 1, 1, 8),
        ("retained_0", 0, 0, "V", 0, 0, 2, 0, 12),
        ("retained_0", 0, 1, "V", 0, 1, 2, 0, 8),
        ("retained_0", 0, 1, "N", 0, 0, 1, 0, 8),
    ]
    names = ("condition", "seed", "sentence", "predicate_type", "correct", "predicted", "gold")
    table = pd.DataFrame(given, columns=[*names, "kept", "edges"])
    return SCORES.check(table.assign(model="srl-gnn", method="graphmask"))


def small_run() -> RunTables:
    """The run that is described in the module's docstring."""
    return RunTables(
        edges=_small_edges(),
        paths=_small_paths(),
        roles=_small_roles(),
        scores=_small_scores(),
        manifest=MANIFEST,
        sentences=_small_sentences(),
    )


def empty_run() -> RunTables:
    """A run without rows, sentences and manifest."""
    return RunTables(EDGES.empty(), PATHS.empty(), ROLES.empty(), SCORES.empty())


def select(run: RunTables, **chosen: object) -> RunTables:
    """The rows of every table in which each given column (where it has it) holds the value."""

    def keep(table: pd.DataFrame) -> pd.DataFrame:
        for name, value in chosen.items():
            if name in table.columns:
                table = table[table[name] == value]
        return table.reset_index(drop=True)

    return RunTables(
        *(keep(t) for t in (run.edges, run.paths, run.roles, run.scores)),
        manifest=run.manifest,
        sentences=run.sentences,
    )
