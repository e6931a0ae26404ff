"""Document with chains -> its coreference graph: edges between the heads of mentions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from linguagraph.documents.mentions import MENTION_TYPES, mention_type
from linguagraph.documents.records import Document
from linguagraph.errors import ConfigError
from linguagraph.graphs.textgraph import DIRECTIONS, TextGraph

__all__ = ["COREFERENCE_LABELS", "LINKS", "coreference_graph", "token_offsets"]

COREFERENCE_LABELS = tuple(f"coref:{name}" for name in MENTION_TYPES)
"""Labels of the edges, by the type of the anaphor."""


def _nearest(size: int) -> Iterator[tuple[int, int]]:
    return ((anaphor - 1, anaphor) for anaphor in range(1, size))


def _first(size: int) -> Iterator[tuple[int, int]]:
    return ((0, anaphor) for anaphor in range(1, size))


def _all(size: int) -> Iterator[tuple[int, int]]:
    return ((before, anaphor) for anaphor in range(1, size) for before in range(anaphor))


LINKS: dict[str, Callable[[int], Iterator[tuple[int, int]]]] = {
    "nearest": _nearest,
    "first": _first,
    "all": _all,
}
"""Pairs of antecedent and anaphor (positions in the chain) among so many mentions, by name."""


def token_offsets(document: Document) -> NDArray[np.int64]:
    """Number of tokens before each sentence: int64 [sentences + 1], the last of all tokens.

    Token ``t`` of sentence ``s`` is node ``offsets[s] + t`` of a graph over the document.
    """
    sizes = np.fromiter(map(len, document.sentences), dtype=np.int64)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])


def coreference_graph(document: Document, *, links: str = "nearest") -> TextGraph:
    """Build the coreference graph of a document; its nodes are all tokens of the document.

    The k-th pair of heads, in the order of the anaphor and then of the antecedent, gives edge
    ``2k``, ``->`` (antecedent to anaphor), and edge ``2k + 1``, ``<-`` (anaphor to antecedent).
    Both are labelled by what the anaphor is: ``coref:pronoun``, ``coref:proper`` or
    ``coref:nominal`` (:func:`linguagraph.documents.mentions.mention_type`). The antecedent is the
    mention that comes first in the chain. Two mentions with the same head (one within the other)
    give no edge, and no two tokens have more than one pair of edges: the first counts.

    Args:
        document: sentences and chains; a chain of one mention gives no edge.
        links: ``nearest`` joins each mention to the one before it, ``first`` to the first of its
            chain, ``all`` to all before it (quadratic in the length of the chain).

    Raises:
        ConfigError: unknown value of ``links``.
    """
    if links not in LINKS:
        raise ConfigError(f"links={links!r}; expected one of {list(LINKS)}")
    edges = sorted(_edges(document, LINKS[links]))
    edge_index = np.empty((2, 2 * len(edges)), dtype=np.int64)
    edge_index[0, 0::2] = edge_index[1, 1::2] = [antecedent for _, antecedent, _ in edges]
    edge_index[1, 0::2] = edge_index[0, 1::2] = [anaphor for anaphor, _, _ in edges]
    return TextGraph(
        num_nodes=sum(map(len, document.sentences)),
        edge_index=edge_index,
        labels=tuple(label for _, _, label in edges for _ in DIRECTIONS),
        directions=DIRECTIONS * len(edges),
        kind="coreference",
    )


def _edges(
    document: Document, pairs: Callable[[int], Iterator[tuple[int, int]]]
) -> Iterable[tuple[int, int, str]]:
    """Anaphor, antecedent (nodes) and label of each edge, no two between the same nodes."""
    offsets = token_offsets(document).tolist()
    found: dict[frozenset[int], tuple[int, int, str]] = {}
    for chain in document.chains:
        heads = [offsets[mention.sentence] + mention.head for mention in chain.mentions]
        labels = [
            f"coref:{mention_type(document.sentences[mention.sentence], mention)}"
            for mention in chain.mentions
        ]
        for before, after in pairs(len(heads)):
            pair = frozenset((heads[before], heads[after]))
            if len(pair) == 2:
                found.setdefault(pair, (heads[after], heads[before], labels[after]))
    return found.values()
