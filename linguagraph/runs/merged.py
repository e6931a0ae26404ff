"""Documents of a run or of a training corpus -> the merged graphs of their sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from linguagraph.documents import read_documents, read_sentences
from linguagraph.documents.joining import join_documents
from linguagraph.documents.records import Document, Sentence
from linguagraph.documents.resolver.resolve import resolve
from linguagraph.errors import ConfigError, RunError
from linguagraph.graphs.context import ContextGraph, Surroundings
from linguagraph.models.contexts import PAIRS, GraphSource, pairs_table, read_pairs, write_pairs
from linguagraph.models.srl import SrlConfig
from linguagraph.runs.directory import Run, Stage
from linguagraph.runs.stored import DOCUMENTS, Documents, Sentences

__all__ = [
    "MergedGraphs",
    "corpus_documents",
    "keep_graphs",
    "run_documents",
    "stored_graphs",
]


def corpus_documents(
    corpus: Path,
    documents: Path | None,
    *,
    coreference: str = "rules",
    log: Callable[[str], None] = lambda line: None,
) -> list[Document]:
    """An annotated corpus as documents with chains.

    Args:
        corpus: with predicates.
        documents: CoNLL-U file with the corpus's documents; ``None`` takes the corpus's own.
        coreference: see :func:`linguagraph.documents.joining.join_documents`.
        log: told of sentences of ``documents`` that the corpus lacks.

    Raises:
        ConfigError: the corpus says nothing of documents, or chains cannot come from it.
        DocumentError: a file cannot be read, or they do not fit.
    """
    if documents is not None:
        absent: list[Sentence] = []
        joined = list(
            join_documents(
                read_sentences(corpus), documents, coreference=coreference, absent=absent.append
            )
        )
        if absent:
            log(f"{len(absent)} sentences of {documents.name} are not in {corpus.name}: left out")
        return joined
    found = list(read_documents(corpus))
    if not any(document.id for document in found) or coreference == "given":
        raise ConfigError(
            f"{corpus.name} does not say where documents begin and what corefers; give a CoNLL-U "
            "file with the same sentences that does"
        )
    return [resolve(d) if coreference == "rules" else d for d in found]


def run_documents(
    parsed: Stage, warn: Callable[[str], None] = lambda message: None
) -> Iterable[Document]:
    """The documents that the parse stage kept, or else runs of sentences with one document id."""
    if (parsed.folder / DOCUMENTS).is_file():
        return Documents(parsed.folder)
    warn(
        "the corpus says nothing of documents and coreference: a model with such edges sees "
        "none of them here (give the documents with --documents)"
    )
    return _Grouped(parsed.folder)


class _Grouped:
    """Neighbouring sentences with the same document id, without chains."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __iter__(self) -> Iterator[Document]:
        group: list[Sentence] = []
        for sentence in Sentences(self.folder).stream():
            if group and (not sentence.document or sentence.document != group[0].document):
                yield Document(group[0].document, tuple(group))
                group = []
            group.append(sentence)
        if group:
            yield Document(group[0].document, tuple(group))


class MergedGraphs:
    """Graphs of the sentences of a run, with one document in memory at a time.

    Args:
        documents: all sentences of the run, in order; may be iterated over again.
        source: makes the graphs.
    """

    def __init__(self, documents: Iterable[Document], source: GraphSource) -> None:
        self.documents, self.source = documents, source
        self._rest: Iterator[Document] = iter(())
        self._range = range(0)
        self._around: Surroundings | None = None

    def of(self, sentences: Sequence[Sentence]) -> dict[int, ContextGraph]:
        """Graphs of those sentences that have predicates, by index.

        Raises:
            RunError: a sentence is in no document.
        """
        return {s.index: self._graph(s.index) for s in sentences if s.frames}

    def _graph(self, index: int) -> ContextGraph:
        if index < self._range.start or self._around is None:
            self._rest = iter(self.documents)
            self._range = range(0)
        while index not in self._range:
            document = next(self._rest, None)
            if document is None:
                raise RunError(f"sentence {index} is in no document of the run; parse it again")
            if not document.sentences:
                continue
            first = document.sentences[0].index
            self._range = range(first, first + len(document.sentences))
            if index in self._range:
                self._around = self.source.surroundings(document)
        assert self._around is not None
        return self._around(index - self._range.start)


def keep_graphs(
    stage: Stage,
    source: GraphSource | None,
    documents: Iterable[Document] | None,
    parsed: Stage,
    warn: Callable[[str], None],
) -> MergedGraphs | None:
    """The merged graphs of a model, with what makes them kept in the stage; ``None`` without.

    Args:
        stage: mask.
        source: makes the graphs of the model; ``None`` where they are dependency graphs.
        documents: ``None`` takes those of the stage ``parsed``; ``warn`` is told if it has none.
    """
    if source is None:
        return None
    stage.info["graphs"] = {**source.config.to_json()}
    if source.scores is not None:
        write_pairs(pairs_table(source.scores), stage.folder / PAIRS)
    if documents is None:
        documents = run_documents(parsed, warn)
        unlinked = "coreference" in source.config.kinds and not parsed.info.get("chains")
        if unlinked and isinstance(documents, Documents):
            warn("the run has no coreference chains, so that the model sees no such edges here")
    return MergedGraphs(documents, source)


def stored_graphs(
    run: Run, masked: Stage, documents: Iterable[Document] | None
) -> MergedGraphs | None:
    """The merged graphs that a finished mask stage was made with; ``None`` if it had none."""
    config = masked.info.get("graphs")
    if config is None:
        return None
    path = masked.folder / PAIRS
    source = GraphSource(SrlConfig(**config), read_pairs(path) if path.is_file() else None)
    if documents is None:
        documents = run_documents(run.finished("parse"))
    return MergedGraphs(documents, source)
