"""A run -> its corpus with what its masks retain: CoNLL-U, CoNLL-U Plus, GraphML or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from linguagraph.columns import MENTIONS
from linguagraph.documents.conllu import write_conllu, write_conllup
from linguagraph.documents.records import Sentence
from linguagraph.documents.retained import Shares, plus_columns, with_columns, with_misc
from linguagraph.edges.shares import EdgeShare, RetainedShares, read_shares
from linguagraph.edges.storage import read_table
from linguagraph.errors import ConfigError, DocumentError, RunError
from linguagraph.graphs.streamed import GraphPart, write_graphml_stream, write_json_stream
from linguagraph.runs.saved import SavedRun

__all__ = ["FORMATS", "Exported", "export_corpus"]

FORMATS = ("conllu", "conllup", "graphml", "json")
"""What a corpus is exported as."""

_TOKEN = ("form", "lemma", "upos", "xpos", "feats")
_MENTION = ("text", "support", "start", "end", "role", "candidate", "chain")


@dataclass(frozen=True)
class Exported:
    """What was written: the file, its sentences (or graphs), and how many of them were masked."""

    path: Path
    sentences: int
    explained: int


def export_corpus(
    run: SavedRun, path: str | Path, *, format: str | None = None, method: str | None = None
) -> Exported:
    """Write the corpus of a run with the retained share of every edge, all or nothing.

    The share of an edge in a layer is the mean over seeds and over the predicates of the sentence
    (:mod:`linguagraph.edges.shares`). CoNLL-U and CoNLL-U Plus hold the edges of the dependency
    tree (:mod:`linguagraph.documents.retained`); frames have no place there. GraphML has one graph
    with all sentences (or questions), JSON a list of graphs; all their edges are there, with
    ``retained_0``, ``retained_1`` ... by layer and their mean ``retained``.

    Args:
        run: tabulated.
        path: the file.
        format: one of :data:`FORMATS`; ``None`` takes the suffix.
        method: whose masks, where the run has those of several.

    Raises:
        ConfigError: an unknown format, or CoNLL-U of graphs that are not made of language.
        DocumentError: a sentence has no form in the format (several roots, for example).
        RunError, TableError: the run is not tabulated.
    """
    path = Path(path)
    chosen = format or path.suffix.removeprefix(".").lower()
    if chosen not in FORMATS:
        raise ConfigError(
            f"{path}: format {chosen!r}; say --format with one of {', '.join(FORMATS)}"
        )
    if not run.language and chosen.startswith("conll"):
        raise ConfigError(
            f"{run.path} has graphs, no sentences, so that there is no {chosen} of it: choose "
            "graphml or json"
        )
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: the folder does not exist; make it first")
    shares = read_shares(run.path / "edges.parquet", method=method)
    counted = _Counter()
    if chosen == "conllu":
        write_conllu(counted(_annotated(run, shares, with_misc)), path)
    elif chosen == "conllup":
        first = next(_stream(run), None)
        columns = plus_columns(first) if first is not None else ()
        annotate = partial(with_columns, columns=columns)
        write_conllup(counted(_annotated(run, shares, annotate)), path, columns=columns)
    else:
        parts = _sentence_parts(run, shares) if run.language else _graph_parts(run, shares)
        _write_graphs(counted(parts), run, shares, path, chosen)
    return Exported(path, counted.number, len(shares.predicates))


class _Counter:
    """Counts what goes through."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            self.number += 1
            yield item


def _annotated(
    run: SavedRun, shares: RetainedShares, annotate: Callable[..., Sentence]
) -> Iterator[Sentence]:
    for sentence in _stream(run):
        found = token_shares(sentence, shares.of(sentence.index))
        predicates = shares.predicates.get(sentence.index, 0)
        yield annotate(sentence, found, predicates=predicates)


def _stream(run: SavedRun) -> Iterator[Sentence]:
    sentences = run.sources.sentences
    if sentences is None:
        raise RunError(f"{run.path} has no sentences")
    yield from sentences()


def token_shares(sentence: Sentence, edges: Iterator[EdgeShare]) -> dict[int, Shares]:
    """Shares of the tree's edges, by dependent.

    Raises:
        DocumentError: the table has an edge that is not in the sentence's tree.
    """
    found: dict[int, dict[str, tuple[float, ...]]] = {}
    for edge in edges:
        if edge.kind != "dependency" or edge.source_offset or edge.target_offset:
            continue
        down = edge.direction == "->"
        head, dependent = (edge.source, edge.target) if down else (edge.target, edge.source)
        if dependent >= len(sentence) or sentence.tokens[dependent].head != head:
            raise DocumentError(
                f"sentence {sentence.index}: the edge table has a dependency of {dependent} on "
                f"{head}, the sentence has none; make the run's tables anew"
            )
        known = tuple(0.0 if share is None else share for share in edge.shares)
        found.setdefault(dependent, {})["down" if down else "up"] = known
    return {token: Shares(**both) for token, both in found.items() if len(both) == 2}


def _write_graphs(
    parts: Iterator[GraphPart], run: SavedRun, shares: RetainedShares, path: Path, format: str
) -> None:
    corpus, model = (run.manifest.get(name) or {} for name in ("corpus", "model"))
    about: dict[str, Any] = {
        "corpus": str(corpus.get("name", "")),
        "model": str(model.get("name", "")),
        "method": shares.method,
        "layers": shares.layers,
    }
    if format == "json":
        write_json_stream(parts, path, about=about | {"seeds": list(shares.seeds)})
        return
    nodes: dict[str, type]
    if run.language:
        nodes = {"document": str, "sentence": int, "token": int, **dict.fromkeys(_TOKEN, str)}
    else:
        nodes = {"graph": int, "node": int, **_mention_types()}
    edges: dict[str, type] = {"label": str, "direction": str, "kind": str, "retained": float}
    edges |= {f"retained_{layer}": float for layer in range(shares.layers)}
    about["seeds"] = ",".join(map(str, shares.seeds))
    write_graphml_stream(parts, path, about=about, nodes=nodes, edges=edges)


def _sentence_parts(run: SavedRun, shares: RetainedShares) -> Iterator[GraphPart]:
    for sentence in _stream(run):
        document = {"document": sentence.document} if sentence.document else {}
        nodes = []
        for token in sentence.tokens:
            known = ((name, getattr(token, name)) for name in _TOKEN)
            values: dict[str, str | int | float] = {**document}
            values |= {"sentence": sentence.index, "token": token.index}
            values |= {name: value for name, value in known if value is not None}
            nodes.append((f"s{sentence.index}.t{token.index}", values))
        about: dict[str, str | int | float] = {
            **document,
            "sentence": sentence.index,
            "predicates": shares.predicates.get(sentence.index, 0),
        }
        yield GraphPart(
            about, tuple(nodes), tuple(_edges(shares.of(sentence.index), "s", "t", sentence.index))
        )


def _graph_parts(run: SavedRun, shares: RetainedShares) -> Iterator[GraphPart]:
    path = run.path / f"{MENTIONS.name}.parquet"
    groups: Mapping[Any, Any] = {}
    if path.is_file():
        groups = dict(list(read_table(path, MENTIONS).groupby("example")))
    for number in sorted({*shares.predicates, *map(int, groups)}):
        edges = list(shares.of(number))
        nodes: dict[int, dict[str, str | int | float]] = {}
        if number in groups:
            for row in groups[number].to_dict("records"):
                nodes[int(row["node"])] = {name: row[name] for name in _MENTION}
        for edge in edges:
            nodes.setdefault(edge.source, {})
            nodes.setdefault(edge.target, {})
        yield GraphPart(
            {"graph": number},
            tuple(
                (f"g{number}.n{node}", {"graph": number, "node": node, **nodes[node]})
                for node in sorted(nodes)
            ),
            tuple(_edges(iter(edges), "g", "n", number)),
        )


def _mention_types() -> dict[str, type]:
    kinds = {column.name: column.kind for column in MENTIONS.columns}
    return {name: int if kinds[name] == "int" else str for name in _MENTION}


def _edges(
    edges: Iterator[EdgeShare], whole: str, part: str, number: int
) -> Iterator[tuple[str, str, dict[str, str | int | float]]]:
    for edge in edges:
        by_layer = {
            f"retained_{layer}": round(share, 6)
            for layer, share in enumerate(edge.shares)
            if share is not None
        }
        values: dict[str, str | int | float] = {
            "label": edge.label,
            "direction": edge.direction,
            "kind": edge.kind,
            "retained": round(edge.mean, 6),
            **by_layer,
        }
        source, target = (
            f"{whole}{number + offset}.{part}{token}"
            for offset, token in (
                (edge.source_offset, edge.source),
                (edge.target_offset, edge.target),
            )
        )
        yield source, target, values
