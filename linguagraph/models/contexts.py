"""Documents and a model's options -> the graphs of their sentences, each with its context.

A model with edges of several kinds reads its documents one by one: every sentence gets the part of
the document's merged graph that can reach it over as many edges as the model has layers, so that
its predictions are those of the whole document's graph (see :mod:`linguagraph.graphs.context`).
Models with an LSTM take all tokens of the sentences that they reach into, as the LSTM reads these
sentence by sentence; the predicate is marked in its own sentence only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from linguagraph.documents.records import Document
from linguagraph.errors import CheckpointError
from linguagraph.files import replaced
from linguagraph.graphs.association import associate
from linguagraph.graphs.context import ContextGraph, Surroundings
from linguagraph.graphs.cooccurrence import count_cooccurrences
from linguagraph.graphs.merging import document_graph
from linguagraph.graphs.projection import PairScores, pair_scores
from linguagraph.models.srl import SrlConfig

__all__ = ["PAIRS", "GraphSource", "pairs_table", "read_pairs", "score_pairs", "write_pairs"]

PAIRS = "pairs.parquet"
"""Beside a model with co-occurrence edges: the associated lemmas of its training documents."""

_COLUMNS = ["first", "second", "score"]


@dataclass(frozen=True, eq=False)
class GraphSource:
    """Makes the graphs of a model.

    Attributes:
        config: of the model; its ``kinds`` are more than dependencies.
        scores: associated lemmas, for models with co-occurrence edges.
    """

    config: SrlConfig
    scores: PairScores | None = None

    def surroundings(self, document: Document) -> Surroundings:
        """A document's merged graph, to be cut into the graphs of its sentences."""
        config = self.config
        graph = document_graph(
            document, kinds=config.kinds, links=config.links, cooccurrence=self.scores
        )
        return Surroundings(
            document,
            graph,
            layers=config.gcn_layers,
            most=config.context,
            whole=config.encoder == "bilstm",
        )

    def graphs(self, documents: Iterable[Document]) -> dict[int, ContextGraph]:
        """The graphs of all sentences with predicates, by ``Sentence.index``."""
        found: dict[int, ContextGraph] = {}
        for document in documents:
            if not any(sentence.frames for sentence in document.sentences):
                continue
            around = self.surroundings(document)
            for position, sentence in enumerate(document.sentences):
                if sentence.frames:
                    found[sentence.index] = around(position)
        return found


def score_pairs(documents: Iterable[Document], *, min_count: int = 5) -> pd.DataFrame:
    """Lemmas that occur in one sentence more often than by chance (positive PMI).

    Args:
        documents: the training documents.
        min_count: pairs in fewer sentences are left out.

    Returns:
        Columns ``first``, ``second`` and ``score`` (bits), best first.
    """
    counted = count_cooccurrences(documents, min_occurrences=min_count, min_count=min_count)
    table = associate(counted, measure="ppmi", min_count=min_count)
    return table.loc[table["score"] > 0, _COLUMNS].reset_index(drop=True)


def write_pairs(table: pd.DataFrame, path: Path) -> None:
    """Write what :func:`score_pairs` gives, all or nothing."""
    with replaced(path) as temporary:
        table[_COLUMNS].to_parquet(temporary, index=False)


def pairs_table(scores: PairScores) -> pd.DataFrame:
    """The inverse of :func:`linguagraph.graphs.projection.pair_scores`."""
    names = np.array(list(scores.numbers), dtype=object)
    first, second = np.divmod(scores.keys, max(1, len(names)))
    once = first < second
    ends = {"first": names[first[once]], "second": names[second[once]]}
    return pd.DataFrame({**ends, "score": scores.scores[once]})


def read_pairs(path: Path) -> PairScores:
    """Read what :func:`write_pairs` wrote.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    try:
        return pair_scores(pd.read_parquet(path))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} cannot be read ({error}); a model with co-occurrence edges needs it"
        ) from error
