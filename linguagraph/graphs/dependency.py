"""Sentence -> its dependency graph, one edge each way for every dependency."""

from __future__ import annotations

import numpy as np

from linguagraph.documents.records import Sentence
from linguagraph.errors import ConfigError
from linguagraph.graphs.textgraph import DIRECTIONS, TextGraph

__all__ = ["SUBTYPES", "dependency_graph"]

SUBTYPES = ("keep", "fold")


def dependency_graph(sentence: Sentence, *, subtypes: str = "keep") -> TextGraph:
    """Build the dependency graph of a sentence.

    For the k-th dependency in token order (roots have none), edge ``2k`` is ``->`` (head to
    dependent) and edge ``2k + 1`` is ``<-`` (dependent to head); both carry the dependency label.

    Args:
        sentence: tokens with heads; tokens without a head or label get no edge.
        subtypes: ``keep`` labels as they are, or ``fold`` ``nmod:poss`` to ``nmod``.

    Raises:
        ConfigError: unknown value of ``subtypes``.
    """
    if subtypes not in SUBTYPES:
        raise ConfigError(f"subtypes={subtypes!r}; expected one of {list(SUBTYPES)}")
    heads: list[int] = []
    dependents: list[int] = []
    labels: list[str] = []
    for token in sentence.tokens:
        if token.head is None or token.head < 0:
            continue
        label = token.deprel or "_"
        heads.append(token.head)
        dependents.append(token.index)
        labels.append(label.partition(":")[0] if subtypes == "fold" else label)
    count = len(heads)
    edge_index = np.empty((2, 2 * count), dtype=np.int64)
    edge_index[0, 0::2] = edge_index[1, 1::2] = heads
    edge_index[1, 0::2] = edge_index[0, 1::2] = dependents
    return TextGraph(
        num_nodes=len(sentence),
        edge_index=edge_index,
        labels=tuple(label for label in labels for _ in DIRECTIONS),
        directions=DIRECTIONS * count,
    )
