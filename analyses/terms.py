"""A run in, the words that suit what it is made of out: sentences and roles, or plain graphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linguagraph.edges.storage import RunTables

__all__ = ["GRAPH_ANSWERS", "GRAPH_OWN", "GRAPH_VALUES", "Terms", "terms"]

GRAPH_ANSWERS = "accuracy (share of answers that are those in the data)"
GRAPH_OWN = (
    "answer agreement (share of answers that are those the model gives with all edges: no right "
    "answers are known)"
)
GRAPH_VALUES = (
    "answer agreement (share of answers that are those the model gives with all edges; values "
    "count as the same if they differ by at most a tenth of the spread of the model's outputs)"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a report speaks of what it describes.

    Attributes:
        language: whether the graphs are made of language; linguistic analyses are for those only.
        cases: what intervals resample.
        answers: what a score counts.
        score: name of the column that holds the score.
        lead: words of the edges' labels: label and direction, or label.
    """

    language: bool
    cases: str
    answers: str
    score: str
    lead: tuple[str, ...]


_LANGUAGE = Terms(True, "sentences", "roles", "f1", ("label", "direction"))
_GRAPHS = Terms(False, "graphs", "answers", "score", ("label",))
_QUESTIONS = Terms(False, "items", "answers", "score", ("label",))


def terms(run: RunTables | Mapping[str, Any]) -> Terms:
    """The words for a run, from its tables or its manifest (``language``: true if absent)."""
    manifest = run.manifest if isinstance(run, RunTables) else run
    if manifest.get("task") == "qa":
        return _QUESTIONS
    return _GRAPHS if manifest.get("language") is False else _LANGUAGE
