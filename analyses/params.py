"""The options of all analyses, in one frozen value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from linguagraph.aggregates.statistics import Resampling
from linguagraph.errors import ConfigError

__all__ = ["Params"]


_LANGUAGE = ("near", "max_roles", "max_excerpt", "score")
"""Options that only analyses of language heed."""


@dataclass(frozen=True, slots=True)
class Params:
    """What analyses may be told.

    Attributes:
        min_n: cells with fewer cases are marked, left out of figures and named in no finding.
        resamples, seed, level: the bootstrap over sentences and the coverage of its intervals.
        frequent: a label is frequent if it occurs in more than this share of examples.
        superfluous: a frequent label is superfluous if less than this share of it is retained.
        near: arguments at most this many tokens from the predicate are near, the others far.
        max_labels: labels drawn in a figure; tables hold all of them.
        max_roles: roles drawn in a figure.
        max_tokens: example sentences are no longer than this, if there are such sentences; without
            language, example graphs have at most so many edges.
        max_excerpt: tokens of running text that are shown with their chains.
        score: name of the score; without gold roles :func:`linguagraph.analyses.analyse` says that
            it is ``role agreement``.
    """

    min_n: int = 30
    resamples: int = 1000
    seed: int = 0
    level: float = 0.95
    frequent: float = 0.10
    superfluous: float = 0.01
    near: int = 5
    max_labels: int = 20
    max_roles: int = 15
    max_tokens: int = 40
    max_excerpt: int = 2000
    score: str = "role F1"

    def __post_init__(self) -> None:
        for name in ("frequent", "superfluous"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ConfigError(f"{name} is {value}; give a share from 0 to 1")
        for name in ("near", "max_labels", "max_roles", "max_tokens", "max_excerpt"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"{name} is {value}; give at least 1")
        _ = self.resampling

    @property
    def score_title(self) -> str:
        """The name of the score with a capital letter."""
        return self.score[:1].upper() + self.score[1:]

    def heeded(self, *, language: bool) -> dict[str, Any]:
        """Names and values of the options that analyses of language, or of graphs, heed.

        For graphs ``max_tokens`` is called ``max_edges``, which it is there.
        """
        if language:
            return asdict(self)
        kept = {name: value for name, value in asdict(self).items() if name not in _LANGUAGE}
        return {"max_edges" if k == "max_tokens" else k: v for k, v in kept.items()}

    @property
    def resampling(self) -> Resampling:
        """The part of the options that statistics need."""
        return Resampling(
            resamples=self.resamples, seed=self.seed, level=self.level, min_n=self.min_n
        )
