"""The corpus of a run with what is retained, in every format; read back by other programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import networkx as nx
import pandas as pd
import pyarrow.parquet as pq
import pytest

import linguagraph
from linguagraph.cli import app
from linguagraph.documents import read_conllu, read_conllup
from linguagraph.documents.records import Token
from linguagraph.documents.retained import misc_values, without_retained
from linguagraph.edges.shares import read_shares
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError, TableError
from linguagraph.runs.console import exit_status
from linguagraph.runs.corpus_export import export_corpus
from linguagraph.runs.saved import SavedRun, open_run


class Made(Protocol):
    """See ``tests/runs/conftest.py``."""

    path: Path
    report: linguagraph.Report


@pytest.fixture
def saved(made: Made) -> SavedRun:
    return open_run(made.path)


def means(edges: pd.DataFrame) -> dict[tuple[int, int, int, int], float]:
    """Retained share by sentence, source, target and layer, counted plainly."""
    keys = ["sentence", "source", "target", "layer"]
    return {
        tuple(map(int, key)): float(part.mean())  # type: ignore[arg-type]
        for key, part in edges.groupby(keys)["retained"]
    }


def test_shares_are_means_over_seeds_and_predicates(
    small_tables: RunTables, tmp_path: Path
) -> None:
    small_tables.write(tmp_path)
    found = read_shares(tmp_path / "edges.parquet")
    assert (found.layers, found.seeds, found.predicates) == (2, (0, 1), {0: 1, 1: 2})
    expected = means(small_tables.edges)
    seen = {
        (sentence, edge.source, edge.target, layer): share
        for sentence in (0, 1)
        for edge in found.of(sentence)
        for layer, share in enumerate(edge.shares)
    }
    assert seen == pytest.approx(expected)
    assert list(found.of(7)) == []
    with pytest.raises(TableError, match="no masks of 'other'; choose among graphmask"):
        read_shares(tmp_path / "edges.parquet", method="other")


def test_rows_of_other_methods_do_not_count(small_tables: RunTables, tmp_path: Path) -> None:
    other = small_tables.edges.assign(method="random", retained=True)
    both = pd.concat([small_tables.edges.astype({"method": str}), other.astype({"method": str})])
    RunTables(both, small_tables.paths, small_tables.roles, small_tables.scores).write(tmp_path)
    path = tmp_path / "edges.parquet"
    own = {edge: edge.mean for edge in read_shares(path).of(0)}
    assert all(edge.mean == 1.0 for edge in read_shares(path, method="random").of(0))
    assert any(share < 1 for share in own.values())


def test_columns_newer_than_the_table_have_their_defaults(
    small_tables: RunTables, tmp_path: Path
) -> None:
    small_tables.write(tmp_path)
    path = tmp_path / "edges.parquet"
    before = list(read_shares(path).of(1))
    pq.write_table(pq.read_table(path).drop_columns(["kind", "source_offset"]), path)
    assert list(read_shares(path).of(1)) == before


@pytest.mark.parametrize("format", ["conllu", "conllup"])
def test_conllu_gives_the_sentences_back(saved: SavedRun, tmp_path: Path, format: str) -> None:
    path = tmp_path / f"out.{format}"
    made = export_corpus(saved, path)
    explained = saved.query("SELECT count(DISTINCT sentence) AS n FROM edges")["n"][0]
    assert (made.sentences, made.explained) == (12, explained)
    read = list(read_conllu(path) if format == "conllu" else read_conllup(path))
    assert [without_retained(s).tokens for s in read] == [
        tuple(plain(t) for t in saved.sentence(i).tokens) for i in range(12)
    ]
    assert all("retained_predicates" in s.comments[-1] for s in read)


def plain(token: Token) -> Token:
    """The token without what CoNLL-U has no place for."""
    return replace(token, predicted=None)


def test_misc_holds_the_shares_of_the_table(saved: SavedRun, tmp_path: Path) -> None:
    export_corpus(saved, tmp_path / "out.conllu")
    expected = means(saved.tables.edges)
    layers = range(1 + max(key[3] for key in expected))
    seen = 0
    for sentence in read_conllu(tmp_path / "out.conllu"):
        for token in sentence.tokens:
            values = misc_values(token)
            assert bool(values) == ((sentence.index, token.head, token.index, 0) in expected)
            if values and token.head is not None:
                down = [expected[sentence.index, token.head, token.index, k] for k in layers]
                up = [expected[sentence.index, token.index, token.head, k] for k in layers]
                assert values["RetainedDown"] == pytest.approx(down, abs=5.1e-4)
                assert values["RetainedUp"] == pytest.approx(up, abs=5.1e-4)
                seen += 1
    assert seen


def test_graphml_is_one_graph_that_networkx_reads(saved: SavedRun, tmp_path: Path) -> None:
    export_corpus(saved, tmp_path / "out.graphml")
    graph = nx.read_graphml(tmp_path / "out.graphml")
    assert graph.graph["corpus"] == "part.conll09"
    assert graph.number_of_nodes() == sum(len(saved.sentence(i)) for i in range(12))
    expected = means(saved.tables.edges)
    seen = {}
    for source, target, values in graph.edges(data=True):
        ends = graph.nodes[source], graph.nodes[target]
        for layer in (0, 1):
            key = (ends[0]["sentence"], ends[0]["token"], ends[1]["token"], layer)
            seen[key] = values[f"retained_{layer}"]
    assert seen == pytest.approx(expected, abs=1e-6)


def test_a_document_is_named_where_there_is_one(made: Made, tmp_path: Path) -> None:
    run = open_run(made.path)
    named = [replace(s, document="a" if i == 3 else "") for i, s in run.sentences.items()]

    class Named(SavedRun):
        @property
        def sources(self):  # type: ignore[no-untyped-def]
            return replace(super().sources, sentences=lambda: named)

    export_corpus(Named(made.path), tmp_path / "x.json")
    graphs = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["graphs"]
    assert [g["graph"].get("document") for g in graphs] == [None] * 3 + ["a"] + [None] * 8
    assert {n.get("document") for n in graphs[3]["nodes"]} == {"a"}
    assert not any("document" in n for g in graphs if g is not graphs[3] for n in g["nodes"])
    export_corpus(Named(made.path), tmp_path / "x.graphml")
    nodes = nx.read_graphml(tmp_path / "x.graphml").nodes
    assert {name.split(".")[0] for name in nodes if "document" in nodes[name]} == {"s3"}


def test_json_is_a_list_of_graphs(saved: SavedRun, tmp_path: Path) -> None:
    export_corpus(saved, tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert (found["seeds"], found["layers"], found["method"]) == ([0, 1, 4], 2, "graphmask")
    assert len(found["graphs"]) == 12
    graph = nx.node_link_graph(found["graphs"][3], edges="edges")
    forms = [graph.nodes[f"s3.t{i}"]["form"] for i in range(graph.number_of_nodes())]
    assert forms == list(saved.sentence(3).forms)


def test_text_with_anything_in_it_stays_well_formed(made: Made, tmp_path: Path) -> None:
    run = open_run(made.path)
    evil = {
        i: replace(s, tokens=tuple(replace(t, form=f"<&\x01{t.form}") for t in s.tokens))
        for i, s in run.sentences.items()
    }

    class Evil(SavedRun):
        @property
        def sources(self):  # type: ignore[no-untyped-def]
            return replace(super().sources, sentences=evil.values)

    export_corpus(Evil(made.path), tmp_path / "x.graphml")
    graph = nx.read_graphml(tmp_path / "x.graphml")
    assert graph.nodes["s0.t0"]["form"].startswith("<&[U+0001]")
    export_corpus(Evil(made.path), tmp_path / "x.json")
    graphs = json.loads((tmp_path / "x.json").read_text())["graphs"]
    assert graphs[0]["nodes"][0]["form"].startswith("<&\x01")


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory, small_tables: RunTables) -> Path:
    """A run without language: the small table's edges, as graphs."""
    home = tmp_path_factory.mktemp("graphs") / "run"
    home.mkdir()
    small_tables.write(home)
    manifest = {"format": 1, "language": False, "stages": {}, "corpus": {"name": "g"}}
    (home / "manifest.json").write_text(json.dumps(manifest))
    return home


@pytest.mark.parametrize("format", ["graphml", "json"])
def test_graphs_without_language_are_exported(questions: Path, tmp_path: Path, format: str) -> None:
    made = export_corpus(open_run(questions), tmp_path / f"x.{format}")
    assert made.sentences == 2
    if format == "graphml":
        graph = nx.read_graphml(tmp_path / "x.graphml")
        assert set(graph.nodes["g1.n2"]) >= {"graph", "node"}
    else:
        graphs = json.loads((tmp_path / "x.json").read_text())["graphs"]
        assert [len(g["nodes"]) for g in graphs] == [4, 3]


def test_what_cannot_be_exported_is_refused(
    questions: Path, saved: SavedRun, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="no sentences, so that there is no conllu"):
        export_corpus(open_run(questions), tmp_path / "x.conllu")
    with pytest.raises(ConfigError, match="format 'txt'; say --format"):
        export_corpus(saved, tmp_path / "x.txt")
    with pytest.raises(ConfigError, match="the folder does not exist"):
        export_corpus(saved, tmp_path / "no" / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_the_command(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x.conllu"
    words = ["export-corpus", str(made.path), "-o", str(out), "--json"]
    assert exit_status(lambda: app(words, standalone_mode=False)) == 0
    assert json.loads(capsys.readouterr().out)["sentences"] == 12
    assert "|RetainedDown=" in out.read_text(encoding="utf-8")
