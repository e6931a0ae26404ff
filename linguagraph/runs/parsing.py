"""Stages parse and graph: a corpus -> shards of sentences -> shards of their graphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from linguagraph.columns import GRAPHS
from linguagraph.documents import read_sentences
from linguagraph.documents.jsonl import read_jsonl, write_jsonl
from linguagraph.documents.records import Sentence, predicate_type
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import DocumentError, RunError
from linguagraph.files import fingerprint
from linguagraph.graphs import TextGraph, dependency_graph, graph_rows, graphs_from_rows
from linguagraph.runs.directory import Run, Stage
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["SHARD", "Sentences", "find_corpus", "graph_stage", "parse_stage", "read_graphs"]

SHARD = 200
"""Sentences per shard."""


def find_corpus(corpus: str | Path) -> Path:
    """The path of a corpus.

    Raises:
        DocumentError: there is no such file.
    """
    path = Path(corpus)
    if not path.is_file():
        what = "this is a directory" if path.is_dir() else "no such file"
        raise DocumentError(f"{what}; give a corpus in CoNLL-2009 format", path=path)
    return path


def parse_stage(
    run: Run,
    corpus: str | Path,
    *,
    format: str | None = None,
    limit: int | None = None,
    skip_bad: bool = False,
    predicted: bool = False,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Stage:
    """Read and check a corpus; write its sentences as shards and describe it in the manifest.

    Args:
        run: where to.
        corpus: an annotated file (see :func:`linguagraph.documents.read_sentences`).
        format: ``None`` decides by suffix.
        limit: read only so many sentences.
        skip_bad: leave bad sentences out, count them and go on.
        predicted: use the predicted columns of CoNLL-2009.
        progress, warn: for people who wait; ``warn`` receives the error of each bad sentence.

    Raises:
        DocumentError: bad input (without ``skip_bad``), or nothing good in it.
    """
    path = find_corpus(corpus)
    marks = fingerprint(path)
    key = {
        "corpus": marks,
        "format": format,
        "limit": limit,
        "skip_bad": skip_bad,
        "predicted": predicted,
        "shard": SHARD,
    }
    counts: Counter[str] = Counter()
    dropped: Counter[str] = Counter()

    def on_bad(error: DocumentError) -> None:
        dropped["sentences that could not be read"] += 1
        warn(str(error))

    with run.stage("parse", key) as stage:
        if stage.done:
            return stage
        task = progress("reading sentences", limit)
        sentences = read_sentences(
            path,
            format=format,
            on_bad=on_bad if skip_bad else None,
            predicted=predicted,
            limit=limit,
        )
        number = 0
        while shard := list(islice(sentences, SHARD)):
            write_jsonl(shard, stage.shard(number, ".jsonl"))
            _count(shard, counts, dropped)
            task(len(shard))
            number += 1
        task.close()
        if not counts["sentences"]:
            raise DocumentError("no sentence could be read", path=path)
        stage.info.update(shards=number, dropped=dict(dropped), **counts)
        described = {
            "name": path.name,
            "format": format or path.suffix.lstrip("."),
            "fingerprint": marks,
            "trees": "predicted columns" if predicted else "gold columns",
            "label_set": _label_set(stage),
            **{k: counts[k] for k in ("sentences", "tokens", "predicates", "edges")},
            "predicates_by_type": {k[5:]: n for k, n in sorted(counts.items()) if k[:5] == "type "},
        }
        run.update(corpus=described)
    return stage


def _count(shard: list[Sentence], counts: Counter[str], dropped: Counter[str]) -> None:
    for sentence in shard:
        counts["sentences"] += 1
        counts["tokens"] += len(sentence)
        counts["predicates"] += len(sentence.frames)
        heads = sum(t.head is not None and t.head >= 0 for t in sentence.tokens)
        counts["edges"] += 2 * heads
        counts["roles"] += sum(len(frame.roles) for frame in sentence.frames)
        if not sentence.frames:
            dropped["sentences without a predicate (nothing to explain)"] += 1
        for frame in sentence.frames:
            token = sentence.tokens[frame.predicate]
            counts[f"type {predicate_type(token.xpos, token.upos)}"] += 1


UD_LABELS = frozenset(
    (
        "acl",
        "advcl",
        "advmod",
        "amod",
        "appos",
        "aux",
        "case",
        "cc",
        "ccomp",
        "clf",
        "compound",
        "conj",
        "cop",
        "csubj",
        "dep",
        "det",
        "discourse",
        "dislocated",
        "expl",
        "fixed",
        "flat",
        "goeswith",
        "iobj",
        "list",
        "mark",
        "nmod",
        "nsubj",
        "nummod",
        "obj",
        "obl",
        "orphan",
        "parataxis",
        "punct",
        "reparandum",
        "root",
        "vocative",
        "xcomp",
    )
)


def _label_set(stage: Stage) -> str:
    """``UD`` if nearly all labels are Universal Dependencies relations, else ``other``."""
    labels: Counter[str] = Counter()
    for sentence in islice(Sentences(stage.folder).stream(), 1000):
        labels.update(t.deprel.partition(":")[0] for t in sentence.tokens if t.deprel)
    known = sum(n for label, n in labels.items() if label in UD_LABELS)
    return "UD" if known >= 0.95 * max(1, sum(labels.values())) else "other (not UD)"


class Sentences(Mapping[int, Sentence]):
    """The sentences of a parsed run, streamed shard by shard, or looked up by corpus index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number, self._shard = -1, tuple[Sentence, ...]()

    def stream(self) -> Iterator[Sentence]:
        """All sentences in order; one shard is in memory at a time."""
        for number in range(len(list(self.folder.glob("shard-*.jsonl")))):
            yield from self.shard(number)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def __len__(self) -> int:
        count = 0
        for path in self.folder.glob("shard-*.jsonl"):
            with open(path, "rb") as lines:
                count += sum(1 for _ in lines)
        return count

    def shard(self, number: int) -> tuple[Sentence, ...]:
        """All sentences of one shard."""
        if number != self._number:
            path = self.folder / f"shard-{number:05d}.jsonl"
            if not path.is_file():
                raise RunError(f"{path} is missing; run 'linguagraph parse' again")
            self._number, self._shard = number, tuple(read_jsonl(path))
        return self._shard

    def __getitem__(self, index: int) -> Sentence:
        """The sentence of a corpus index.

        Raises:
            KeyError: there is none.
        """
        try:
            return self.shard(index // SHARD)[index % SHARD]
        except (RunError, IndexError) as error:
            raise KeyError(index) from error


def graph_stage(run: Run, *, progress: Progress = no_progress) -> Stage:
    """Build the dependency graph of every sentence; a table of edges per shard."""
    parsed = run.finished("parse")
    sentences = Sentences(parsed.folder)
    with run.stage("graph", {"parse": parsed.record["key"], "kind": "dependency"}) as stage:
        if stage.done:
            return stage
        task = progress("building graphs", parsed.info["shards"])
        for number in range(parsed.info["shards"]):
            path = stage.shard(number, ".parquet")
            if not path.is_file():
                graphs = {s.index: dependency_graph(s) for s in sentences.shard(number)}
                write_table([graph_rows(graphs)], path, GRAPHS)
            task(1)
        task.close()
    return stage


def read_graphs(stage: Stage, number: int) -> dict[int, TextGraph]:
    """Graphs of one shard by corpus index of the sentence."""
    return graphs_from_rows(read_table(stage.shard(number, ".parquet"), GRAPHS))
