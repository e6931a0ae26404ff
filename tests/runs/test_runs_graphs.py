"""Merged graphs on disk: every option writes what it says, and nothing stale stays."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from linguagraph.documents.records import Chain, Document, Mention, Sentence, Token
from linguagraph.edges.storage import read_table
from linguagraph.errors import ConfigError
from linguagraph.graphs.document_tables import DOCUMENT_EDGES, DOCUMENT_NODES
from linguagraph.runs.graph_options import GraphOptions, names
from linguagraph.runs.graphs import write_graphs


def clause(subject: str, verb: str, object_: str, *, paragraph: int = 0) -> Sentence:
    return Sentence(
        (
            Token(
                0, subject, subject, "PRON" if subject == "she" else "NOUN", None, None, 1, "nsubj"
            ),
            Token(1, verb, verb, "VERB", None, None, -1, "root"),
            Token(2, object_, object_, "NOUN", None, None, 1, "obj"),
        ),
        paragraph=paragraph,
    )


def corpus() -> list[Document]:
    cat = Chain("e", (Mention(0, (0,), 0), Mention(1, (0,), 0)))
    first = Document(
        "one/../<x>", (clause("cat", "eat", "fish"), clause("she", "eat", "fish")), chains=(cat,)
    )
    return [first, Document("two", (clause("dog", "eat", "meat"),))]


def test_every_export_and_drawing_is_written(tmp_path: Path) -> None:
    options = GraphOptions(
        kinds=("dependency", "coreference", "cooccurrence"),
        measure="count",
        exports=("graphml", "json", "pyg", "parquet"),
        svg=True,
        sentences=1,
    )
    made = write_graphs(corpus(), tmp_path, options=options)
    written = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert written == sorted(
        [
            *("edges.parquet", "kinds.csv", "labels.csv", "nodes.parquet", "pairs.parquet"),
            *("summary.json", "graphml/00000-one_.._x.graphml", "graphml/00001-two.graphml"),
            *("json/00000-one_.._x.json", "json/00001-two.json"),
            *("pyg/00000-one_.._x.json", "pyg/00000-one_.._x.safetensors"),
            *("pyg/00001-two.json", "pyg/00001-two.safetensors"),
            *("svg/00000-one_.._x.svg", "svg/00000-one_.._x/sentence-0001.svg"),
            *("svg/00001-two.svg", "svg/00001-two/sentence-0001.svg"),
        ]
    )
    edges = read_table(tmp_path / "edges.parquet", DOCUMENT_EDGES)
    assert edges.groupby(["number", "kind"], observed=True).size().to_dict() == {
        (0, "dependency"): 8,
        (0, "coreference"): 2,
        (0, "cooccurrence"): 4,  # eat and fish, twice
        (1, "dependency"): 4,
    }
    assert len(read_table(tmp_path / "nodes.parquet", DOCUMENT_NODES)) == 9
    pairs = pd.read_parquet(tmp_path / "pairs.parquet")
    assert pairs[["first", "second", "count"]].astype(object).to_numpy().tolist() == [
        ["eat", "fish", 2]
    ]
    graph = nx.read_graphml(tmp_path / "graphml/00001-two.graphml")
    assert graph.graph["document"] == "two"
    assert made.summary["sentences_not_drawn"] == 1
    assert "one/../&lt;x&gt;" in (tmp_path / "svg/00000-one_.._x.svg").read_text(encoding="utf-8")


def test_the_summary_counts_by_kind_and_label(tmp_path: Path) -> None:
    made = write_graphs(corpus(), tmp_path, options=GraphOptions())
    kinds = made.kinds.set_index("kind")
    assert kinds["edges"].to_dict() == {"dependency": 12, "coreference": 2, "all": 14}
    assert kinds["relations"].to_dict() == {"dependency": 6, "coreference": 1, "all": 7}
    assert kinds["nodes"].to_dict() == {"dependency": 9, "coreference": 9, "all": 9}
    assert kinds["cross_sentence"].to_dict() == {
        "dependency": 0.0,
        "coreference": 1.0,
        "all": pytest.approx(1 / 7),
    }
    # three clauses, of which the chain joins two; without the trees it joins two of nine tokens
    assert kinds["components"].to_dict() == {"dependency": 3, "coreference": 8, "all": 2}
    labels = made.labels.set_index(["kind", "label"])["n"].to_dict()
    assert labels == {
        ("dependency", "nsubj"): 3,
        ("dependency", "obj"): 3,
        ("coreference", "coref:pronoun"): 1,
    }
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary == json.loads(json.dumps(made.summary))
    assert (summary["documents"], summary["options"]["links"]) == (2, "nearest")
    assert len(pd.read_csv(tmp_path / "kinds.csv")) == 3


def test_what_an_earlier_call_left_is_removed_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    write_graphs(corpus(), tmp_path, options=GraphOptions(exports=("json", "parquet"), svg=True))
    write_graphs(corpus(), tmp_path, options=GraphOptions(exports=("graphml",)))
    assert {p.name for p in tmp_path.iterdir()} == {
        *("graphml", "kinds.csv", "labels.csv", "summary.json", "mine.txt")
    }


def test_kinds_that_do_not_occur_are_said(tmp_path: Path) -> None:
    said: list[str] = []
    kinds = ("coreference", "cooccurrence")
    options = GraphOptions(kinds=kinds, min_count=5)
    made = write_graphs(corpus()[1:], tmp_path, options=options, warn=said.append)
    assert made.kinds.empty
    assert said == [
        "no pair of units (lemma, window sentence) occurs 5 times with a score of at least 0; "
        "there are no co-occurrence edges",
        "no document has an edge of the kind 'coreference'",
        "no document has an edge of the kind 'cooccurrence'",
    ]
    assert write_graphs([], tmp_path, options=GraphOptions()).summary["documents"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": ("dependency", "syntax")}, r"kinds: unknown \['syntax'\]; expected some of"),
        ({"kinds": ()}, "no kind of edges"),
        ({"kinds": ("dependency", "dependency")}, "give each name once"),
        ({"exports": ("pickle",)}, r"export: unknown \['pickle'\]"),
        ({"links": "last"}, r"links: unknown \['last'\]"),
        ({"measure": "dice"}, "measure: unknown"),
        ({"window": "page"}, "window='page'"),
        ({"unit": "word"}, "unit='word'"),
        ({"top": 0}, "top=0; expected at least 1"),
    ],
)
def test_options_are_checked_before_anything_is_read(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        GraphOptions(**options)  # type: ignore[arg-type]


def test_lists_on_the_command_line() -> None:
    assert names("dependency, coreference,") == ("dependency", "coreference")
    assert names(None) == names("") == ()
