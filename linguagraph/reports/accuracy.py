"""What the manifest says of parser, predicate finder and resolver -> their scores, one voice.

A score is a number, or a mapping with ``f1`` and perhaps ``precision`` and ``recall``; those above
1 are taken for percentages. Names of metrics are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "MEASURES",
    "Score",
    "all_scores",
    "find_score",
    "finder_scores",
    "listed",
    "parser_scores",
    "shown",
]

MEASURES: dict[str, tuple[str, ...]] = {
    "sentences": ("sentences",),
    "tokens": ("tokens", "words"),
    "tags": ("upos", "xpos", "ufeats"),
    "lemmas": ("lemmas",),
    "trees": ("uas", "las"),
}
"""What a parser predicts, and the metrics of the CoNLL 2018 evaluation that judge it."""

_TYPES = ("V", "N", "J", "O", "all")
_SHOWN = {
    **{name: name for name in ("sentences", "tokens", "words", "lemmas", "all", "mentions")},
    **{"conll": "CoNLL", "ufeats": "UFeats", "b_cubed": "B-cubed", "bcub": "B-cubed"},
    **{"b3": "B-cubed", "ceaf_e": "CEAF-e", "ceafe": "CEAF-e", "ceaf_m": "CEAF-m"},
}


@dataclass(frozen=True, slots=True)
class Score:
    """One measured accuracy.

    Attributes:
        measure: its name.
        value: in [0, 1]; F1 where the measure has precision and recall.
        precision, recall: in [0, 1], where known.
    """

    measure: str
    value: float
    precision: float | None = None
    recall: float | None = None


def find_score(scores: Any, name: str) -> Score | None:
    """The score of a metric in a mapping; ``None`` where it has none."""
    if not isinstance(scores, Mapping):
        return None
    found = next((v for k, v in scores.items() if str(k).lower() == name.lower()), None)
    if isinstance(found, Mapping):
        precision, recall = (_share(found.get(key)) for key in ("precision", "recall"))
        value = next((_share(v) for k, v in found.items() if str(k).lower() == "f1"), None)
    else:
        precision, recall, value = None, None, _share(found)
    return None if value is None else Score(shown(name), value, precision, recall)


def parser_scores(facts: Mapping[str, Any], what: str, *, raw: bool) -> list[Score]:
    """Scores of a parser for one of :data:`MEASURES`.

    Args:
        facts: what :meth:`linguagraph.documents.parsers.Parser.facts` says; ``scores`` may be split
            into ``raw text`` and ``gold tokens``.
        what: a key of :data:`MEASURES`.
        raw: whether the parser also segmented the text.
    """
    scores = facts.get("scores")
    if isinstance(scores, Mapping):
        scores = scores.get("raw text" if raw else "gold tokens", scores)
    found = (find_score(scores, name) for name in MEASURES.get(what, ()))
    return [score for score in found if score is not None]


def all_scores(scores: Any) -> list[Score]:
    """Every metric of a mapping that is a score, in its order."""
    names = list(scores) if isinstance(scores, Mapping) else []
    found = (find_score(scores, str(name)) for name in names)
    return [score for score in found if score is not None]


def finder_scores(facts: Mapping[str, Any]) -> list[Score]:
    """Scores of a predicate finder by predicate type."""
    found = (find_score(facts.get("scores"), kind) for kind in _TYPES)
    return [score for score in found if score is not None]


def listed(scores: Sequence[Score]) -> str:
    """Scores in one line: "LAS 79.6, UPOS 93.8"."""
    return ", ".join(f"{score.measure} {100 * score.value:.1f}" for score in scores)


def shown(name: str) -> str:
    """The name of a metric as readers know it: "LAS", "CoNLL", "tokens"."""
    known = _SHOWN.get(name.lower())
    if known is not None:
        return known
    return name.upper() if name.islower() and " " not in name else name


def _share(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    return float(value) / 100 if value > 1 else float(value)
