"""Found and gold predicates -> counts by type; held-out sentences -> decision thresholds."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from torch import Tensor

from linguagraph.documents.records import Sentence, predicate_type
from linguagraph.errors import ConfigError
from linguagraph.models.predicate_batch import PREDICATE_TYPES
from linguagraph.models.scoring import RoleCounts

__all__ = ["best_threshold", "count_positions", "held_out", "score_predicates"]


def held_out(count: int, share: float, *, seed: int = 0) -> list[bool]:
    """Which of ``count`` sentences to hold out: whole blocks of up to 50 neighbours.

    Neighbours come from the same document and share their words, so that single sentences would
    be too easy. The blocks are spread evenly; ``seed`` moves them.
    """
    every = max(2, round(1 / share))
    block = max(1, min(50, count // (2 * every)))
    return [(place // block) % every == seed % every for place in range(count)]


def score_predicates(gold: Iterable[Sentence], found: Iterable[Sentence]) -> dict[str, RoleCounts]:
    """Counts of predicate positions by type (``V``, ``N``, ``J``, ``O``) and in ``all``.

    The type is that of the gold tag, also where the found sentences have other tags.

    Raises:
        ConfigError: the sentences do not have the same words.
    """
    counts = {kind: RoleCounts() for kind in ("all", *PREDICATE_TYPES, "O")}
    for number, (right, other) in enumerate(zip_longest(gold, found)):
        if right is None or other is None or right.forms != other.forms:
            raise ConfigError(
                f"sentence {number} has other words in the two corpora; predicates are scored "
                "on the same tokens"
            )
        wanted = {frame.predicate for frame in right.frames}
        given = {frame.predicate for frame in other.frames}
        for place in wanted | given:
            token = right.tokens[place]
            one = RoleCounts(place in wanted & given, place in given, place in wanted)
            kind = predicate_type(token.xpos, token.upos)
            counts[kind] += one
            counts["all"] += one
    return counts


def best_threshold(odds: Tensor, gold: Tensor) -> float:
    """The threshold from 0.2 to 0.8, in steps of 0.05, with the highest F1; of equals the one
    nearest to 0.5, and the lower of two such.

    Args:
        odds: probabilities, float [tokens]; gold: bool [tokens].
    """
    steps = sorted((step / 20 for step in range(4, 17)), key=lambda t: (abs(t - 0.5), t))
    scores = [count_positions(odds >= step, gold).f1 for step in steps]
    return steps[scores.index(max(scores))]


def count_positions(found: Tensor, gold: Tensor) -> RoleCounts:
    """Counts of two masks, bool [tokens] each."""
    return RoleCounts(int((found & gold).sum()), int(found.sum()), int(gold.sum()))
