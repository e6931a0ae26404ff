"""The manifest in, what of the corpus is predicted out, with the facts of what predicted it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from linguagraph.reports.accuracy import (
    MEASURES,
    Score,
    all_scores,
    find_score,
    finder_scores,
    parser_scores,
)

from .blocks import Row
from .facts import lookup
from .phrases import type_name
from .provenance import part, text

__all__ = ["Predictors", "predictors"]

_KEPT = ("name", "resolver", "language", "package", "scores", "scored_on")
_GOLD = ("", "annotated", "given", "gold", "none")


@dataclass(frozen=True)
class Predictors:
    """What is predicted rather than annotated.

    Attributes:
        what: layers, such as ``tokens``, ``trees``, ``predicates``, ``coreference``.
        parser, finder, resolver: the facts of each; empty where it was not used or is not known.
    """

    what: tuple[str, ...]
    parser: Mapping[str, Any]
    finder: Mapping[str, Any]
    resolver: Mapping[str, Any]

    @property
    def trees(self) -> list[Score]:
        """Attachment scores of the parser, on text as it got it."""
        return parser_scores(self.parser, "trees", raw="tokens" in self.what)

    @property
    def predicates(self) -> list[Score]:
        """F1 of the predicate finder by type."""
        return [replace(s, measure=type_name(s.measure)) for s in finder_scores(self.finder)]

    @property
    def conll(self) -> Score | None:
        """The CoNLL average of the resolver."""
        return find_score(self.resolver.get("scores"), "conll")

    @property
    def chains(self) -> list[Score]:
        """All scores of the resolver."""
        return all_scores(self.resolver.get("scores"))

    @property
    def resolver_name(self) -> str:
        """The resolver's name; empty where it has none."""
        return str(self.resolver.get("resolver") or self.resolver.get("name") or "")

    def rows(self) -> Iterator[Row]:
        """One row per layer and measure: what, by what, the scores, and where measured."""
        for item in self.what:
            source, by, scores = self._source(item)
            for score in scores or [Score("not measured", float("nan"))]:
                ends = {"precision": score.precision, "recall": score.recall}
                yield {
                    **{"what": item, "predicted_by": by.strip(), "measure": score.measure},
                    **{"score": score.value, **ends, "measured_on": text(source.get("scored_on"))},
                }

    def summary(self) -> Row:
        """For ``summary.json`` and the headline."""
        facts = {
            "parser": self.parser,
            "predicate_finder": self.finder,
            "coreference": self.resolver,
        }
        kept = {name: {k: v[k] for k in _KEPT if k in v} for name, v in facts.items() if v}
        return {"what": list(self.what), **kept}

    def _source(self, item: str) -> tuple[Mapping[str, Any], str, list[Score]]:
        if item in MEASURES:
            if not self.parser:
                return {}, "the corpus's predicted columns", []
            scores = parser_scores(self.parser, item, raw="tokens" in self.what)
            return self.parser, f"parser {self.parser.get('name') or ''}", scores
        if item == "predicates":
            return self.finder, "predicate finder", self.predicates
        return self.resolver, f"resolver {self.resolver_name}", self.chains


def predictors(manifest: Mapping[str, Any]) -> Predictors:
    """What ``manifest["corpus"]["predicted"]`` names; facts stand there or beside ``corpus``."""
    corpus = part(manifest, "corpus")
    what = [str(item) for item in corpus.get("predicted") or ()]
    parser, finder, resolver = (
        _facts(part(corpus, key) or part(manifest, key))
        for key in ("parser", "predicate_finder", "coreference")
    )
    if "coreference" not in what:
        if str(resolver.get("resolver") or "").lower() in _GOLD:
            resolver = {}
        else:
            what.append("coreference")
    return Predictors(tuple(what), parser, finder, resolver)


def _facts(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, with the development data of the training as ``scored_on`` where it has none."""
    where = found.get("scored_on") or lookup(found, "data", "dev", "name")
    return {**found, "scored_on": where} if where else found
