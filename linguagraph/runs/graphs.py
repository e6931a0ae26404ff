"""Documents -> their merged graphs on disk: exports, drawings, scored pairs, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from linguagraph.aggregates.graph_statistics import SizedGraph, graph_statistics
from linguagraph.aggregates.items import ALL
from linguagraph.documents.records import Document
from linguagraph.figures.network import network
from linguagraph.figures.relation_arcs import relation_arcs
from linguagraph.files import replaced, write_json, write_text
from linguagraph.graphs.association import associate
from linguagraph.graphs.cooccurrence import count_cooccurrences
from linguagraph.graphs.document_tables import (
    DOCUMENT_EDGES,
    DOCUMENT_NODES,
    count_components,
    document_edges,
    document_nodes,
)
from linguagraph.graphs.exports import EXPORTS
from linguagraph.graphs.merging import document_graph, sentence_parts
from linguagraph.graphs.projection import PairScores, pair_scores
from linguagraph.graphs.textgraph import TextGraph
from linguagraph.runs.graph_files import clear, records, slug, table_writer
from linguagraph.runs.graph_options import GraphOptions
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["MadeGraphs", "write_graphs"]

PAIRS, EDGES, NODES = "pairs.parquet", "edges.parquet", "nodes.parquet"
_OUTPUTS = (PAIRS, EDGES, NODES, "kinds.csv", "labels.csv", "summary.json", "svg", *EXPORTS)


@dataclass(frozen=True, eq=False)
class MadeGraphs:
    """What was made.

    Attributes:
        kinds: as :attr:`GraphStatistics.kinds`, with ``components`` (connected, over all graphs; a
            token without a relation is one of its own).
        labels: as :attr:`GraphStatistics.labels`.
        summary: the same and the options, JSON-able.
    """

    kinds: pd.DataFrame
    labels: pd.DataFrame
    summary: dict[str, Any]


def write_graphs(
    documents: Iterable[Document],
    out: str | Path,
    *,
    options: GraphOptions,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> MadeGraphs:
    """Build the merged graph of every document, write what the options ask for, and sum up.

    Into ``out`` go ``kinds.csv``, ``labels.csv`` and ``summary.json``; with co-occurrence
    ``pairs.parquet`` (the scored pairs of the corpus); for the formats ``graphml``, ``json`` and
    ``pyg`` a folder each with a file or two per document, ``NUMBER-ID``; for ``parquet``
    ``edges.parquet`` and ``nodes.parquet``; and drawings as ``svg/NUMBER-ID.svg`` and
    ``svg/NUMBER-ID/sentence-NNNN.svg``. What an earlier call left there is removed first.

    Args:
        documents: one is in memory at a time; may be iterated over again (with co-occurrence they
            are read twice).
        out: directory.
        options: what to make.
        progress, warn: for people who wait.

    Raises:
        ConfigError: too many pairs of units.
        DocumentError: a document cannot be read, or lacks the paragraphs that are asked for.
    """
    out = Path(out)
    clear(out, _OUTPUTS)
    scores = None
    if "cooccurrence" in options.kinds:
        scores = _score_pairs(documents, out, options, warn)
    components: Counter[str] = Counter()
    with ExitStack() as stack:
        write = _Writers(stack, out, options)

        def graphs() -> Iterator[SizedGraph]:
            task = progress("merging graphs", None)
            for number, document in enumerate(documents):
                graph = _graph(document, scores, options)
                write(number, document, graph)
                _count(components, graph, options.kinds)
                task(1)
                yield graph, [len(sentence) for sentence in document.sentences]
            task.close()

        found = graph_statistics(graphs())
    kinds = found.kinds.assign(components=[components[kind] for kind in found.kinds["kind"]])
    for kind in options.kinds:
        if kind not in set(kinds["kind"]):
            warn(f"no document has an edge of the kind {kind!r}")
    write_text(out / "kinds.csv", kinds.to_csv(index=False))
    write_text(out / "labels.csv", found.labels.to_csv(index=False))
    summary = {
        "documents": found.graphs,
        "options": asdict(options),
        "kinds": records(kinds),
        "labels": records(found.labels),
        "sentences_not_drawn": write.not_drawn,
    }
    write_json(out / "summary.json", summary)
    return MadeGraphs(kinds, found.labels, summary)


def _score_pairs(
    documents: Iterable[Document],
    out: Path,
    options: GraphOptions,
    warn: Callable[[str], None],
) -> PairScores:
    counted = count_cooccurrences(
        documents,
        unit=options.unit,
        window=options.window,
        size=options.size,
        keep=options.keep,
        min_occurrences=options.min_count if options.window != "tokens" else 1,
        min_count=options.min_count,
    )
    table = associate(counted, measure=options.measure, min_count=options.min_count)
    with replaced(out / PAIRS) as temporary:
        table.to_parquet(temporary, index=False)
    scores = pair_scores(table, minimum=options.minimum)
    if not len(scores.keys):
        warn(
            f"no pair of units ({options.unit}, window {options.window}) occurs "
            f"{options.min_count} times with a score of at least {options.minimum:g}; there are no "
            "co-occurrence edges"
        )
    return scores


def _graph(document: Document, scores: PairScores | None, options: GraphOptions) -> TextGraph:
    return document_graph(
        document,
        kinds=options.kinds,
        links=options.links,
        cooccurrence=scores,
        unit=options.unit,
        window=options.window,
        size=options.size,
        keep=options.keep,
        minimum=options.minimum,
        top=options.top,
        subtypes=options.subtypes,
    )


def _count(components: Counter[str], graph: TextGraph, kinds: Iterable[str]) -> None:
    for kind in kinds:
        components[kind] += count_components(graph, kind)
    components[ALL] += count_components(graph)


class _Writers:
    """Writes what the options ask for, document by document; tables stay open until the end."""

    def __init__(self, stack: ExitStack, out: Path, options: GraphOptions) -> None:
        self.out, self.options, self.not_drawn = out, options, 0
        self._tables = None
        if "parquet" in options.exports:
            self._tables = (
                stack.enter_context(table_writer(out / EDGES, DOCUMENT_EDGES)),
                stack.enter_context(table_writer(out / NODES, DOCUMENT_NODES)),
            )

    def __call__(self, number: int, document: Document, graph: TextGraph) -> None:
        stem = f"{number:05d}-{slug(document.id)}"
        for name in self.options.exports:
            if name in EXPORTS:
                EXPORTS[name](document, graph, self.out / name / stem)
        if self._tables is not None:
            edges, nodes = self._tables
            edges(document_edges(document, graph, number=number))
            nodes(document_nodes(document, number=number))
        if self.options.svg:
            self._draw(stem, document, graph)

    def _draw(self, stem: str, document: Document, graph: TextGraph) -> None:
        folder, most = self.out / "svg", self.options.sentences
        drawing = network(
            document, graph, title=f"Document {document.id}", nodes=self.options.nodes
        )
        write_text(folder / f"{stem}.svg", drawing)
        shown = range(min(most, len(document.sentences)))
        for position, part in sentence_parts(graph, document, only=shown).items():
            title = f"Sentence {position + 1} of document {document.id}"
            sentence = document.sentences[position]
            drawing = relation_arcs(sentence, part.graph, title=title, leaving=part.leaving)
            write_text(folder / stem / f"sentence-{position + 1:04d}.svg", drawing)
        self.not_drawn += len(document.sentences) - len(shown)
