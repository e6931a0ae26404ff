"""`graph` on a file of questions: entity graphs in every format, counts, nothing half done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from linguagraph.commands.graph import graph
from linguagraph.documents.wikihop import WikihopError
from linguagraph.edges.storage import read_table
from linguagraph.errors import ConfigError, DocumentError
from linguagraph.graphs.entity import RELATIONS
from linguagraph.graphs.entity_exports import ENTITY_EDGES, ENTITY_NODES
from linguagraph.pretrained import sample_path
from linguagraph.runs import qa_graphs
from linguagraph.runs.qa_items import QaReading, open_items

SAMPLE = sample_path().parent / "sample-qa.json"
QUICK = ("--coreference", "none", "--quiet")


def call(*arguments: object) -> str:
    app = typer.Typer()
    app.command()(graph)
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def question(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "query": "painter the grey mill",
        "candidates": ["orm dale", "ida tolk"],
        "supports": ["The Grey Mill was painted by Orm Dale.", "Ida Tolk sang."],
    } | fields


def write(tmp_path: Path, *items: Any) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return path


def test_every_export_is_written_and_agrees_with_the_counts(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    exports = "graphml,json,pyg,parquet"
    printed = call(SAMPLE, "-o", out, "--export", exports, "--limit", 2, "--json", *QUICK)
    stems = ("00000-sample_0", "00001-sample_1")
    assert names(out) == {
        *(f"graphml/{stem}.graphml" for stem in stems),
        *(f"json/{stem}.json" for stem in stems),
        *(f"pyg/{stem}.json" for stem in stems),
        *(f"pyg/{stem}.safetensors" for stem in stems),
        *("edges.parquet", "nodes.parquet", "relations.csv", "summary.json"),
    }
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert json.loads(printed) == summary
    edges = read_table(out / "edges.parquet", ENTITY_EDGES)
    nodes = read_table(out / "nodes.parquet", ENTITY_NODES)
    assert (summary["items"], summary["items_without_mentions"]) == (2, 0)
    assert (summary["mentions"], summary["edges"]) == (len(nodes), len(edges))
    assert sum(summary["roles"].values()) == len(nodes)
    assert summary["options"]["limit"] == 2
    relations = pd.read_csv(out / "relations.csv")
    assert relations.columns.tolist() == ["relation", "edges", "share", "items"]
    assert relations["relation"].tolist() == list(RELATIONS)
    counted = edges["relation"].value_counts()
    assert relations["edges"].tolist() == [counted.get(name, 0) for name in RELATIONS]
    assert relations["share"].sum() == pytest.approx(1)
    assert relations.set_index("relation")["items"].to_dict() == {
        "MATCH": 2,
        "DOC-BASED": 2,
        "COREF": 0,
        "COMPLEMENT": 2,
    }
    found = nx.read_graphml(out / "graphml" / f"{stems[1]}.graphml")
    second = nodes[nodes["number"] == 1]
    assert [values["text"] for _, values in found.nodes(data=True)] == second["text"].tolist()
    assert found.graph["item"] == "sample_1"
    assert found.number_of_edges() == (edges["number"] == 1).sum()


def test_without_exports_there_are_the_counts_alone(tmp_path: Path) -> None:
    printed = call(write(tmp_path, question("q")), "-o", tmp_path / "o", "--coreference", "none")
    assert names(tmp_path / "o") == {"relations.csv", "summary.json"}
    assert "DOC-BASED" in printed


def test_names_of_files_are_safe_and_items_may_have_few_mentions(tmp_path: Path) -> None:
    alone = {"supports": ["Ida Tolk sang."], "query": "painter nothing"}
    path = write(tmp_path, question("../../<x> y"), question("///", **alone))
    call(path, "-o", tmp_path / "o", "--export", "json", *QUICK)
    assert names(tmp_path / "o" / "json") == {"00000-x_y.json", "00001-item.json"}
    call(write(tmp_path, question("q", **alone)), "-o", tmp_path / "o", *QUICK)
    relations = pd.read_csv(tmp_path / "o" / "relations.csv")
    assert relations["edges"].sum() == 0
    assert relations["share"].isna().all()
    summary = json.loads((tmp_path / "o" / "summary.json").read_text(encoding="utf-8"))
    assert summary["relations"][0]["share"] is None


def test_bad_items_are_counted_or_end_it(tmp_path: Path) -> None:
    path = write(tmp_path, question("a"), question("b", supports=[]), question("c"))
    out = tmp_path / "o" / "p"
    with pytest.raises(WikihopError, match="'b'"):
        call(path, "-o", out, "--export", "json", *QUICK)
    assert not (tmp_path / "o").exists()
    summary = json.loads(call(path, "-o", out, "--skip-bad", "--json", *QUICK))
    assert (summary["items"], summary["left_out"]) == (2, {"questions: no supports": 1})


def test_on_an_error_earlier_graphs_stay_and_on_success_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linguagraph.runs.qa_items.AT_ONCE", 1)
    out = tmp_path / "o"
    call(write(tmp_path, question("a")), "-o", out, "--export", "graphml,json,parquet", *QUICK)
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    before = {name: (out / name).read_bytes() for name in names(out)}
    path = write(tmp_path, question("b"), question("c", supports=[]))
    with pytest.raises(WikihopError):
        call(path, "-o", out, "--export", "json", *QUICK)
    assert {name: (out / name).read_bytes() for name in names(out)} == before
    call(write(tmp_path, question("d")), "-o", out, "--export", "json", *QUICK)
    assert names(out) == {"json/00000-d.json", "notes.txt", "relations.csv", "summary.json"}
    assert sorted(p.name for p in out.iterdir()) == [
        *("json", "notes.txt", "relations.csv", "summary.json")
    ]


@pytest.mark.parametrize("name", ["summary.json", "json/mine.json", "edges.parquet"])
def test_files_of_others_are_not_replaced(tmp_path: Path, name: str) -> None:
    theirs = tmp_path / "o" / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"would be replaced.*choose another directory"):
        call(SAMPLE, "-o", tmp_path / "o", *QUICK)
    assert names(tmp_path / "o") == {name}


def test_options_that_make_no_sense_are_named(tmp_path: Path) -> None:
    out = tmp_path / "o"
    wrong = ("--kinds", "dependency", "--window", "tokens", "--links", "all", "--svg")
    with pytest.raises(ConfigError, match="--kinds, --links, --window, --svg: only for a run"):
        call(SAMPLE, "-o", out, *wrong)
    with pytest.raises(ConfigError, match="--min-count: only for a run"):
        call(SAMPLE, "-o", out, "--min-count", 2)  # the default, but given
    with pytest.raises(ConfigError, match="no directory to write into; give it with --out"):
        call(SAMPLE)
    with pytest.raises(ConfigError, match=r"export: unknown \['pickle'\]"):
        call(SAMPLE, "-o", out, "--export", "pickle", *QUICK)
    with pytest.raises(ConfigError, match="coreference='stanza'"):
        call(SAMPLE, "-o", out, "--coreference", "stanza")
    with pytest.raises(DocumentError, match="no such file"):
        call(tmp_path / "none.json", "-o", out)
    assert not out.exists()
    run = tmp_path / "run.json"
    run.mkdir()
    options = ("-o", out, "--coreference", "none", "--limit", 3, "--skip-bad")
    message = "--out, --coreference, --limit, --skip-bad: only for a file of questions"
    with pytest.raises(ConfigError, match=message):
        call(run, *options)


def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(qa_graphs, "entity_graph", stop)
    source = open_items(SAMPLE, reading=QaReading(coreference="none"))
    with pytest.raises(KeyboardInterrupt):
        qa_graphs.write_entity_graphs(source, tmp_path / "o", exports=("parquet",))
    assert not (tmp_path / "o").exists()
