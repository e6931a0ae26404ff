"""Stages parse and graph: a corpus -> shards of sentences -> shards of their graphs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any, Self, TextIO

from linguagraph.columns import GRAPHS
from linguagraph.documents.jsonl import document_from_json, document_to_json, write_jsonl
from linguagraph.documents.records import Chain, Document, Sentence, predicate_type
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import DocumentError
from linguagraph.graphs import TextGraph, dependency_graph, graph_rows, graphs_from_rows
from linguagraph.runs.directory import FINISHED, Run, Stage
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.sources import Reading, Source, open_source
from linguagraph.runs.stored import DOCUMENTS, SHARD, Documents, Sentences

__all__ = ["SHARD", "Documents", "Sentences", "graph_stage", "parse_stage", "read_graphs"]


def parse_stage(
    run: Run,
    corpus: str | Path,
    *,
    reading: Reading | None = None,
    source: Source | None = None,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Stage:
    """Read or parse a corpus; write its sentences as shards and describe it in the manifest.

    Args:
        run: where to.
        corpus: what :func:`linguagraph.runs.sources.open_source` understands.
        reading: how to read it.
        source: the corpus, where it has been opened before.
        progress, warn: for people who wait; ``warn`` receives the error of each part left out.

    Raises:
        DocumentError: bad input (without ``skip_bad``), or nothing good in it.
        ParserError: there is text to parse, but no parser for it.
    """
    chosen = reading or Reading()
    dropped: Counter[str] = Counter()

    def on_bad(error: DocumentError) -> None:
        dropped[
            f"{'texts' if source and source.is_text else 'sentences'} that could not be read"
        ] += 1
        warn(str(error))

    source = source or open_source(corpus, chosen, on_bad=on_bad)
    if source.bad:
        dropped["texts that could not be read"] += source.bad
    tolerant = chosen.skip_bad or len(source.files) > 1
    facts = source.facts()
    key = {"corpus": source.key, **asdict(chosen), "shard": SHARD, "facts": facts}
    with run.stage("parse", key) as stage:
        if stage.done:
            return stage
        parts = source.parts if source.is_text else chosen.limit
        task = progress("parsing documents" if source.is_text else "reading sentences", parts)
        advance = progress("parsing characters", source.size) if source.is_text else task
        found = _documents(source, stage, on_bad if tolerant else None, warn, advance)
        with _Writer(stage, dropped, source.knows_documents) as writer, closing(found):
            for document in found:
                cut = _shortened(document, chosen.limit, writer.total)
                writer.add(cut)
                task(1 if source.is_text else len(cut.sentences))
                if chosen.limit is not None and writer.total >= chosen.limit:
                    break
            writer.finish()
        advance.close()
        task.close()
        (stage.folder / FINISHED).unlink(missing_ok=True)
        if not writer.counts["sentences"]:
            raise DocumentError("no sentence could be read", path=source.path)
        stage.info.update(shards=writer.number, dropped=dict(dropped), **writer.counts)
        run.update(corpus=_described(source, stage, writer, facts), **_about(facts))
    return stage


def _described(
    source: Source, stage: Stage, writer: _Writer, facts: dict[str, Any]
) -> dict[str, Any]:
    counts = writer.counts
    trees = "predicted columns" if source.reading.predicted else "gold columns"
    return {
        "name": source.name,
        "format": source.format,
        "fingerprint": source.key,
        "trees": f"parsed by {facts['parser']['name']}" if facts.get("parser") else trees,
        "predicted": facts["predicted"],
        "label_set": _label_set(stage),
        **{k: counts[k] for k in ("sentences", "tokens", "predicates", "edges")},
        "documents": counts["documents"],
        "chains": counts["chains"],
        "predicates_by_type": {k[5:]: n for k, n in sorted(counts.items()) if k[:5] == "type "},
    }


def _about(facts: dict[str, Any]) -> dict[str, Any]:
    names = ("parser", "predicate_finder", "coreference")
    return {name: facts.get(name) for name in names}


def _documents(
    source: Source,
    stage: Stage,
    on_bad: Callable[[DocumentError], None] | None,
    warn: Callable[[str], None],
    tick: Callable[[int], None],
) -> Generator[Document]:
    """The source's documents; what an earlier attempt has parsed is not parsed again."""
    if not source.is_text:
        yield from source.documents(on_bad=on_bad, warn=warn)
        return
    path = stage.folder / FINISHED
    done: set[str] = set()
    if path.is_file():
        whole = [line for line in path.read_text(encoding="utf-8").split("\n")[:-1] if line]
        path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
        for line in whole:
            document = document_from_json(json.loads(line))
            done.add(document.id)
            yield document
    with open(path, "a", encoding="utf-8") as stream:
        for document in source.documents(done=done, on_bad=on_bad, warn=warn, tick=tick):
            stream.write(json.dumps(document_to_json(document), ensure_ascii=False) + "\n")
            stream.flush()
            yield document


def _shortened(document: Document, limit: int | None, before: int) -> Document:
    """The document without the sentences beyond ``limit`` and the mentions in them."""
    left = len(document.sentences) if limit is None else limit - before
    if len(document.sentences) <= left:
        return document
    chains = []
    for chain in document.chains:
        kept = sum(mention.sentence < left for mention in chain.mentions)
        if kept:
            links = tuple(x for x in chain.links if max(x.anaphor, x.antecedent) < kept)
            chains.append(Chain(chain.id, chain.mentions[:kept], links))
    return replace(document, sentences=document.sentences[:left], chains=tuple(chains))


class _Writer:
    """Documents -> shards of numbered sentences, the file of documents, and counts."""

    def __init__(self, stage: Stage, dropped: Counter[str], notes: bool) -> None:
        self.stage, self.dropped, self.notes = stage, dropped, notes
        self.counts: Counter[str] = Counter()
        self.number = 0
        self.waiting: list[Sentence] = []
        self.stream: TextIO | None = None
        (stage.folder / DOCUMENTS).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.stream is not None:
            self.stream.close()

    @property
    def total(self) -> int:
        """Sentences added so far."""
        return self.counts["sentences"] + len(self.waiting)

    def add(self, document: Document) -> None:
        first = self.total
        for position, sentence in enumerate(document.sentences):
            self.waiting.append(replace(sentence, index=first + position))
        if self.notes:
            self._note(document)
        while len(self.waiting) >= SHARD:
            self._write()

    def finish(self) -> None:
        if self.waiting:
            self._write()
        if self.stream is not None:
            self.stream.close()
            part = self.stage.folder / f"{DOCUMENTS}.part"
            part.replace(self.stage.folder / DOCUMENTS)

    def _note(self, document: Document) -> None:
        self.counts["documents"] += 1
        self.counts["chains"] += len(document.chains)
        if self.stream is None:
            path = self.stage.folder / f"{DOCUMENTS}.part"
            self.stream = open(path, "w", encoding="utf-8")  # noqa: SIM115 - closed by close()
        record = document_to_json(replace(document, sentences=(), chains=()))
        record["count"] = len(document.sentences)
        record["chains"] = document_to_json(document).get("chains", []) if document.chains else []
        self.stream.write(json.dumps(record, ensure_ascii=False) + "\n")

    def _write(self) -> None:
        shard, self.waiting = self.waiting[:SHARD], self.waiting[SHARD:]
        write_jsonl(shard, self.stage.shard(self.number, ".jsonl"))
        _count(shard, self.counts, self.dropped)
        self.number += 1


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
    """
    acl advcl advmod amod appos aux case cc ccomp clf compound conj cop csubj dep
    det discourse dislocated expl fixed flat goeswith iobj list mark nmod nsubj
    nummod obj obl orphan parataxis punct reparandum root vocative xcomp
    """.split()  # noqa: SIM905
)
"""Relations of Universal Dependencies 2, without subtypes."""


def _label_set(stage: Stage) -> str:
    """``UD`` if nearly all labels are Universal Dependencies relations, else ``other``."""
    labels: Counter[str] = Counter()
    for sentence in islice(Sentences(stage.folder).stream(), 1000):
        labels.update(t.deprel.partition(":")[0] for t in sentence.tokens if t.deprel)
    known = sum(n for label, n in labels.items() if label in UD_LABELS)
    return "UD" if known >= 0.95 * max(1, sum(labels.values())) else "other (not UD)"


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
