"""Options of ``linguagraph graph`` -> checked values, before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linguagraph.errors import ConfigError
from linguagraph.graphs.association import MEASURES
from linguagraph.graphs.coreference import LINKS
from linguagraph.graphs.dependency import SUBTYPES
from linguagraph.graphs.exports import EXPORTS
from linguagraph.graphs.occurrences import CONTENT, Scheme
from linguagraph.graphs.textgraph import KINDS

__all__ = ["FORMATS", "GraphOptions", "each_known", "names"]

FORMATS = (*EXPORTS, "parquet")
"""Formats that graphs are exported in."""


@dataclass(frozen=True)
class GraphOptions:
    """What graphs are made and written.

    Attributes:
        kinds: kinds of edges.
        links, subtypes: see :func:`linguagraph.graphs.merging.document_graph`.
        unit, window, size, keep: see :class:`linguagraph.graphs.occurrences.Scheme`.
        measure: a name in :data:`linguagraph.graphs.association.MEASURES`.
        min_count: pairs of units with a smaller count are left out.
        minimum: smallest score of a pair.
        top: most co-occurrence neighbours of a token.
        exports: names in :data:`FORMATS`.
        svg: draw every document and every sentence.
        nodes: most tokens in the drawing of a document.
        sentences: most sentences of a document that are drawn, the first ones.

    Raises:
        ConfigError: an unknown name, a kind or format given twice, or a number below 1.
    """

    kinds: tuple[str, ...] = ("dependency", "coreference")
    links: str = "nearest"
    subtypes: str = "keep"
    unit: str = "lemma"
    window: str = "sentence"
    size: int = 5
    keep: tuple[str, ...] | None = CONTENT
    measure: str = "ppmi"
    min_count: int = 2
    minimum: float = 0.0
    top: int = 5
    exports: tuple[str, ...] = ()
    svg: bool = False
    nodes: int = 80
    sentences: int = 100

    def __post_init__(self) -> None:
        Scheme(self.unit, self.window, self.size, self.keep)
        each_known("kinds", self.kinds, KINDS)
        each_known("export", self.exports, FORMATS)
        if not self.kinds:
            raise ConfigError(f"no kind of edges; expected one or more of {list(KINDS)}")
        for name, value, known in (
            ("links", self.links, tuple(LINKS)),
            ("subtypes", self.subtypes, SUBTYPES),
            ("measure", self.measure, tuple(MEASURES)),
        ):
            each_known(name, (value,), known)
        for name in ("min_count", "top", "nodes", "sentences"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}; expected at least 1")


def names(text: str | None) -> tuple[str, ...]:
    """``a, b`` -> ``("a", "b")``; nothing gives nothing."""
    return tuple(name for part in (text or "").split(",") if (name := part.strip()))


def each_known(what: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Check names.

    Raises:
        ConfigError: one is unknown, or given twice.
    """
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ConfigError(f"{what}: unknown {unknown}; expected some of {list(known)}")
    if len(set(given)) < len(given):
        raise ConfigError(f"{what}: {list(given)}; give each name once")
