"""The tables of several runs in, whether they can be compared out: refusals, and warnings.

Runs are compared on the same sentences (items, graphs), on the same task, with one set of labels;
anything else is refused. What else differs is said at the top of the report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from linguagraph.aggregates.levels import compile_votes
from linguagraph.aggregates.matching import match_examples, shared_edges
from linguagraph.analyses.compare_facts import tolerance
from linguagraph.analyses.facts import lookup
from linguagraph.analyses.method_words import method_words
from linguagraph.edges.storage import RunTables
from linguagraph.errors import RunError

__all__ = ["check_comparable", "check_one_model", "warnings_of"]

_NOT_TOLD = "not recorded"


def check_comparable(runs: Mapping[str, RunTables]) -> None:
    """Refuse runs that have nothing to compare.

    Args:
        runs: by name; the others are compared with the first.

    Raises:
        RunError: another task, other label sets, other sentences or graphs; the message says which
            run and what to do.
    """
    (first, base), *others = runs.items()
    for name, tables in others:
        _same(first, base, name, tables, "task", _task, "compare runs of one task")
        _same(
            first, base, name, tables, "label set", _label_set,
            "labels of different sets never share a table: make both runs from one annotation",
        )  # fmt: skip
        _same_texts(first, base, name, tables)


def check_one_model(runs: Mapping[str, RunTables]) -> None:
    """Refuse runs that explain different models.

    Raises:
        RunError: two fingerprints of models; the message says which runs.
    """
    (first, base), *others = runs.items()
    for name, tables in others:
        _same(
            first, base, name, tables, "model",
            lambda manifest: lookup(manifest, "model", "fingerprint"),
            "methods are compared on one model; 'linguagraph compare' lays models side by side",
        )  # fmt: skip


def _same(
    first: str,
    base: RunTables,
    name: str,
    tables: RunTables,
    what: str,
    read: Callable[[Mapping[str, Any]], object],
    remedy: str,
) -> None:
    ours, theirs = read(base.manifest), read(tables.manifest)
    if ours != theirs and None not in (ours, theirs):
        raise RunError(
            f"{name} cannot be compared with {first}: its {what} is {theirs}, that of {first} "
            f"{ours}; {remedy}"
        )


def _task(manifest: Mapping[str, Any]) -> str:
    if manifest.get("task") == "qa":
        return "questions over entity graphs"
    return "any graphs" if manifest.get("language") is False else "semantic role labelling"


def _label_set(manifest: Mapping[str, Any]) -> object:
    return lookup(manifest, "corpus", "label_set")


def _same_texts(first: str, base: RunTables, name: str, tables: RunTables) -> None:
    """Equal fingerprints, else equal sentences, or of graphs nearly all edges of the smaller."""
    marks = [lookup(t.manifest, "corpus", "fingerprint") for t in (base, tables)]
    if marks[0] is not None and marks[0] == marks[1]:
        return
    if base.sentences and tables.sentences:
        common = min(len(base.sentences), len(tables.sentences))
        for index in range(common):
            if base.sentences[index].forms != tables.sentences[index].forms:
                raise RunError(
                    f"{name} cannot be compared with {first}: they were made from other texts "
                    f"(sentence {index} differs); make both runs from the same corpus file"
                )
        return
    if None not in marks:
        raise RunError(
            f"{name} cannot be compared with {first}: they were made from other corpora "
            f"({marks[1]} and {marks[0]}); make both runs from the same file"
        )
    matched = match_examples([compile_votes(t.edges) for t in (base, tables)])
    ours, theirs = matched.runs
    shared = len(shared_edges(ours, theirs)[0])
    if shared < 0.9 * max(1, min(len(ours.rows), len(theirs.rows))):
        raise RunError(
            f"{name} cannot be compared with {first}: their graphs have {shared} edges in common, "
            f"of {len(ours.rows)} and {len(theirs.rows)}; make both runs from the same data, in "
            "the same order"
        )


def warnings_of(runs: Mapping[str, RunTables]) -> list[str]:
    """What the runs differ in that a reader should know of, a sentence each."""
    manifests = {name: tables.manifest for name, tables in runs.items()}
    found: list[str] = []
    for what, read, advice in _DIFFERENCES:
        values = {name: read(manifest) for name, manifest in manifests.items()}
        values = {name: value for name, value in values.items() if value}
        if len(set(values.values())) > 1:
            said = ", ".join(f"{name} {value}" for name, value in values.items())
            found.append(f"{what} ({said}): {advice}.")
    found += _depths(runs)
    found += _same_masks(runs)
    found += _seeds(runs)
    found += _draws(runs)
    return found


def _text(*keys: str) -> Callable[[Mapping[str, Any]], str]:
    def read(manifest: Mapping[str, Any]) -> str:
        value = lookup(manifest, *keys)
        return _NOT_TOLD if value is None else str(value)

    return read


def _probe_data(manifest: Mapping[str, Any]) -> str:
    probes = lookup(manifest, "probes") or ()
    found = {str(lookup(p, "training", "data", "train") or _NOT_TOLD) for p in probes}
    return ", ".join(sorted(found))


def _method(manifest: Mapping[str, Any]) -> str:
    return str(method_words(manifest).name)


def _tolerance(manifest: Mapping[str, Any]) -> str:
    return tolerance(manifest) or (_NOT_TOLD if lookup(manifest, "probes") else "")


def _kinds(manifest: Mapping[str, Any]) -> str:
    kinds = lookup(manifest, "graph", "kinds") or lookup(manifest, "model", "graph", "kinds")
    return ", ".join(map(str, kinds)) if isinstance(kinds, (list, tuple)) else "dependency"


_DIFFERENCES: tuple[tuple[str, Callable[[Mapping[str, Any]], str], str], ...] = (
    (
        "Other methods",
        _method,
        "differences may be those of the methods, not of what the models use",
    ),
    (
        "Other tolerances",
        _tolerance,
        "a mask that may change answers more retains less",
    ),
    (
        "Models trained on other data",
        _text("model", "data", "train", "fingerprint"),
        "differences may come from the data",
    ),
    (
        "Probes trained on other data",
        _probe_data,
        "differences may come from the probes",
    ),
    (
        "Scored against different answers",
        _text("scored_against"),
        "scores cannot be compared",
    ),
    ("Other trees", _text("corpus", "trees"), "only edges that both have are compared one by one"),
    ("Other kinds of edges", _kinds, "shares are of different sets of edges"),
    (
        "Corpus files that are not the same, with the same sentences",
        _text("corpus", "fingerprint"),
        "annotation may differ",
    ),
)


def _depths(runs: Mapping[str, RunTables]) -> list[str]:
    depths = {name: int(tables.edges["layer"].nunique()) for name, tables in runs.items()}
    if len(set(depths.values())) < 2:
        return []
    said = ", ".join(f"{name} {count}" for name, count in depths.items())
    return [
        f"Models of different depth (layers: {said}): a deeper one has more chances to retain an "
        "edge in some layer, so that depth and everything else that differs go together."
    ]


def _same_masks(runs: Mapping[str, RunTables]) -> list[str]:
    """Runs with probes of the same fingerprints: their masks agree because they are the same."""
    marks = {
        name: {
            str(m) for p in lookup(t.manifest, "probes") or () if (m := lookup(p, "fingerprint"))
        }
        for name, t in runs.items()
    }
    names = list(marks)
    return [
        f"{first} and {second} have masks of the same probes: agreement between them is no finding."
        for i, first in enumerate(names)
        for second in names[i + 1 :]
        if marks[first] & marks[second]
    ]


def _seeds(runs: Mapping[str, RunTables]) -> list[str]:
    counts = {name: int(tables.edges["seed"].nunique()) for name, tables in runs.items()}
    found = []
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        found.append(f"Unequal numbers of seeds ({said}): their spread is not equally well known.")
    single = [name for name, count in counts.items() if count == 1]
    if single:
        found.append(f"One seed only ({', '.join(single)}): no ceiling of agreement is known.")
    return found


def _draws(runs: Mapping[str, RunTables]) -> list[str]:
    """Whether examples of a run are missing in another."""
    keys = {
        name: np.unique(
            t.edges["sentence"].to_numpy(np.int64) << 32
            | (t.edges["predicate_index"].to_numpy(np.int64) + 1)
        )
        for name, t in runs.items()
    }
    common = None
    for found in keys.values():
        common = found if common is None else np.intersect1d(common, found, assume_unique=True)
    size = 0 if common is None else len(common)
    out = {name: len(found) - size for name, found in keys.items()}
    if not any(out.values()):
        return []
    said = ", ".join(f"{count:,} of {name}" for name, count in out.items() if count)
    return [
        f"Examples that not all runs have are left out ({said}): other predicates were drawn, or "
        "some were dropped; scores are of the sentences that all have, with the predicates that "
        "each run has there."
    ]
