"""A run in, the words that suit its masking method out: probes, or another method and its seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linguagraph.edges.storage import RunTables
from linguagraph.reports.methods import method_name

from .phrases import count, percent

__all__ = ["MethodWords", "method_rows", "method_words"]

LEARNED = ("nonamortised", "information_bottleneck", "gnnexplainer", "pgexplainer", "diffmask")
"""Methods other than GraphMask that learn or optimise something."""


@dataclass(frozen=True, slots=True)
class MethodWords:
    """How a report speaks of the method that made its masks.

    Attributes:
        name: inside of a sentence; probes: whether the masks are those of GraphMask probes.
        subject: begins a sentence that goes on with "retain".
        run: what there is one of for each seed.
        fill: what dropped edges send; fills: the same, shortly, as a plural.
        deterministic: whether another seed would give the same mask.
        learned: whether something is learned or optimised, as against read off or searched.
    """

    name: str
    probes: bool
    subject: str
    run: str
    fill: str
    fills: str
    deterministic: bool
    learned: bool

    def runs(self, seeds: int, model: str) -> str:
        """How many there are of one model, as the beginning of a sentence."""
        if self.probes:
            return f"{count(seeds, self.run)} of one model ({model})"
        name = self.name[:1].upper() + self.name[1:]
        how = "which has no noise" if self.deterministic else count(seeds, "seed")
        return f"{name} ({how}) for one model ({model})"

    @property
    def seedless(self) -> str:
        """A sentence on methods without noise; empty for others."""
        if not self.deterministic:
            return ""
        name = self.name[:1].upper() + self.name[1:]
        return f"{name} has no noise: every seed would give the same mask, and there is one."


_PROBES = MethodWords(
    name=method_name("graphmask"),
    probes=True,
    subject="The probes",
    run="probe",
    fill="the probe's learned baseline",
    fills="the probe's baselines",
    deterministic=False,
    learned=True,
)


def method_words(run: RunTables | Mapping[str, Any]) -> MethodWords:
    """The words for a run, from its tables or its manifest (``method``: GraphMask if absent)."""
    manifest = run.manifest if isinstance(run, RunTables) else run
    method = manifest.get("method")
    if not isinstance(method, Mapping) or method.get("name") == "graphmask":
        return _PROBES
    name, fill = method_name(str(method.get("name"))), str(method.get("fill") or "zeros")
    return MethodWords(
        name=name,
        probes=False,
        subject=f"The masks by {name}",
        run="run",
        fill=fill,
        fills=fill,
        deterministic=bool(method.get("deterministic")),
        learned=method.get("name") in LEARNED,
    )


def method_rows(manifest: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What the manifest knows of a method other than GraphMask, as items and values."""
    method = manifest.get("method")
    if not isinstance(method, Mapping) or method_words(manifest).probes:
        return []
    seeds = ", ".join(map(str, method.get("seeds") or ()))
    rows: list[tuple[str, Any]] = [
        ("method", method_words(manifest).name),
        ("method: seeds", f"{seeds} (without noise)" if method.get("deterministic") else seeds),
        (f"method: retained {method.get('units') or 'edges'}", _chosen(method)),
        (
            f"method: in place of dropped {method.get('units') or 'messages'}",
            method.get("fill"),
        ),
    ]
    fit = method.get("fit")
    if isinstance(fit, Mapping):
        corpus = fit.get("corpus")
        name = corpus.get("name") if isinstance(corpus, Mapping) else corpus
        rows.append(
            (
                "method: learned from",
                f"{name}, {fit.get('predicates')} predicates of {fit.get('of')}",
            )
        )
    config = method.get("config")
    if isinstance(config, Mapping):
        rows += [(f"method: {key}", value) for key, value in config.items()]
    return rows


def _chosen(method: Mapping[str, Any]) -> str:
    why = str(method.get("chosen_by") or "not recorded")
    if isinstance(method.get("keep"), float):
        return f"{percent(method['keep'])} of each example's, those with the highest scores ({why})"
    if method.get("threshold") is not None:
        return f"those with a score above {method['threshold']:g} ({why})"
    return f"chosen by {why}"
