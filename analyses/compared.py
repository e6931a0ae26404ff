"""Several runs on one corpus in, what all parts of a comparison read out: names, votes, levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from linguagraph.aggregates.levels import ANY, compile_votes, level_names
from linguagraph.aggregates.matching import Matched, match_examples
from linguagraph.edges.storage import RunTables
from linguagraph.errors import TableError

from .terms import Terms, terms

__all__ = ["MANY", "Compared", "compared_runs", "level_title"]

MANY = 4
"""With more runs than this only those with the first are compared pair by pair."""


@dataclass(frozen=True)
class Compared:
    """Runs on the same examples.

    Attributes:
        names: one for each run, as the report calls it.
        runs: their tables.
        matched: their edges in the examples that all runs have.
        levels: names of the levels that any run has: "any", then from the top layer down.
        warnings: what the runs differ in besides what is compared, a sentence each.
    """

    names: tuple[str, ...]
    runs: tuple[RunTables, ...]
    matched: Matched
    levels: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def terms(self) -> Terms:
        """The words that suit what the runs are about."""
        return terms(self.runs[0])

    @property
    def named(self) -> Mapping[str, RunTables]:
        """Tables by name of the run."""
        return dict(zip(self.names, self.runs, strict=True))

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Positions of the runs that are compared pair by pair."""
        count = len(self.names)
        chosen = combinations(range(count), 2)
        return tuple(pair for pair in chosen if count <= MANY or pair[0] == 0)

    @property
    def same_depth(self) -> bool:
        """Whether all models have as many layers."""
        return len({run.depth for run in self.matched.runs}) == 1

    def shared_levels(self, pair: tuple[int, int]) -> list[str]:
        """Names of the levels that both runs of a pair have."""
        return list(self.levels[: 1 + min(self.matched.runs[i].depth for i in pair)])


def compared_runs(runs: Mapping[str, RunTables], *, warnings: Sequence[str] = ()) -> Compared:
    """Bring runs together.

    Raises:
        TableError: they have no example in common.
    """
    matched = match_examples([compile_votes(tables.edges) for tables in runs.values()])
    if not matched.examples:
        raise TableError(
            "the runs have no example in common; compare runs of the same sentences and predicates"
        )
    depths = [run.depth for run in matched.runs]
    return Compared(
        tuple(runs), tuple(runs.values()), matched, tuple(level_names(depths)), tuple(warnings)
    )


def level_title(level: str) -> str:
    """The name of a level for readers: "any layer", "top layer", "layer 0"."""
    if level == ANY:
        return "any layer"
    if level.startswith("top"):
        down = level.removeprefix("top-")
        return "top layer" if level == "top" else f"{down} below the top"
    return f"layer {level}"
