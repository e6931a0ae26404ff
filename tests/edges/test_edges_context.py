"""Rows of masks over graphs that reach into other sentences, counted by hand.

Two sentences, "Ann left" (nodes 0, 1) and "she ran home" (2 to 4), with a coreference link from Ann
to she. The example is "ran" of the second; with two layers its graph holds both sentences: own
nodes 0 to 2, then Ann 3 and left 4.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from linguagraph.columns import EDGES
from linguagraph.documents.records import Chain, Document, Frame, Mention, Role, Sentence, Token
from linguagraph.edges.build import Example, MaskArrays, Names, edge_rows, path_rows, role_rows
from linguagraph.edges.storage import read_table, write_table
from linguagraph.edges.trees import TreePaths
from linguagraph.errors import TableError
from linguagraph.graphs.context import Surroundings
from linguagraph.graphs.merging import document_graph

NAMES = Names("toy.conll09", "tiny", "graphmask")


def sentence(index: int, rows: str, *frames: Frame) -> Sentence:
    cells = [row.split() for row in rows.split("; ")]
    tokens = tuple(
        Token(i, form, form.lower(), xpos=tag, head=int(head), deprel=label)
        for i, (form, tag, head, label) in enumerate(cells)
    )
    return Sentence(tokens, frames, document="d", index=index)


DOCUMENT = Document(
    "d",
    (
        sentence(7, "Ann NNP 1 nsubj; left VBD -1 root"),
        sentence(
            8,
            "she PRP 1 nsubj; ran VBD -1 root; home RB 1 advmod",
            Frame(1, "run.02", (Role(0, "A0"),)),
        ),
    ),
    chains=(Chain("x", (Mention(0, (0,), 0), Mention(1, (0,), 0))),),
)
KINDS = ("dependency", "coreference")


def example(layers: int) -> Example:
    graph = document_graph(DOCUMENT, kinds=KINDS)
    found = Surroundings(DOCUMENT, graph, layers=layers, most=9)(1)
    own = DOCUMENT.sentences[1]
    return Example(3, own, own.frames[0], found.graph, ("A0", None, "AM-DIR"), found)


def masks(layers: int, edges: int) -> MaskArrays:
    scores = np.arange(2 * layers * edges, dtype=np.float32).reshape(2, layers, edges) / 100
    return MaskArrays((0, 5), scores, scores > 0.05, scores[0] / 10)


def test_edges_have_rows_in_the_layers_in_which_they_can_matter() -> None:
    given = example(2)
    arrays = masks(2, given.graph.num_edges)
    found = edge_rows([given], arrays, NAMES)
    bottom, top = (found[(found["layer"] == k) & (found["seed"] == 5)] for k in (0, 1))
    ends = ["source_offset", "source", "target_offset", "target"]
    assert bottom[ends].to_numpy().tolist() == [
        [-1, 1, -1, 0],  # left -> Ann
        [0, 1, 0, 0],  # ran -> she
        [0, 0, 0, 1],
        [0, 1, 0, 2],
        [0, 2, 0, 1],
        [-1, 0, 0, 0],  # Ann -> she
        [0, 0, -1, 0],  # she -> Ann
    ]
    assert top["edge"].tolist() == [1, 2, 3, 4, 5]
    assert bottom["kind"].tolist() == ["dependency"] * 5 + ["coreference"] * 2
    assert top["label"].tolist() == ["nsubj", "nsubj", "advmod", "advmod", "coref:pronoun"]
    assert bottom["direction"].tolist() == ["->", "->", "<-", "->", "<-", "->", "<-"]
    assert bottom["token_distance"].tolist() == [1, 1, 1, 1, 1, 2, 2]
    kinds = ["elsewhere", "argument", "predicate", "argument", "predicate", "argument", "elsewhere"]
    assert bottom["target_kind"].tolist() == kinds
    assert bottom["target_role"].isna().tolist() == [True, False, True, False, True, False, True]
    assert bottom["target_gold_role"].notna().sum() == 2  # she, twice
    np.testing.assert_array_equal(top["score"], arrays.scores[1, 1, 1:6])
    np.testing.assert_array_equal(top["retained"], arrays.retained[1, 1, 1:6])
    np.testing.assert_array_equal(top["soft_gate"], arrays.soft_gates[1, 1:6])  # type: ignore[index]
    assert set(found["sentence"]) == {8}


def test_paths_and_roles_keep_to_the_sentence() -> None:
    given = example(2)
    rows, lost = path_rows([given], masks(2, given.graph.num_edges), NAMES)
    assert lost == 0
    assert sorted(set(rows["path"])) == ["->advmod", "->nsubj"]
    assert rows["path_length"].eq(1).all()
    assert role_rows([given], NAMES)["token"].tolist() == [0, 2]


def test_examples_with_and_without_context_share_a_table() -> None:
    merged = example(1)
    plain = replace(merged, index=4, context=None)
    total = merged.graph.num_edges + plain.graph.num_edges
    assert merged.context is not None
    found = edge_rows([merged, plain], masks(1, total), NAMES)
    assert len(found) == 2 * total
    own = found[found["example"] == 4]
    assert own["source_offset"].eq(0).all()


def test_trees_among_other_edges() -> None:
    given = example(2)
    tree = TreePaths(given.graph, nodes=3)
    assert tree.name(tree.path(0, 2) or []) == "<-nsubj ->advmod"
    assert tree.head == {0: 1, 2: 1}


def test_tables_from_before_the_columns_get_defaults(tmp_path: Path) -> None:
    given = replace(example(1), context=None)
    found = edge_rows([given], masks(1, given.graph.num_edges), NAMES)
    old = found.drop(columns=["kind", "source_offset", "target_offset"])
    path = tmp_path / "edges.parquet"
    old.to_parquet(path, index=False)
    again = read_table(path, EDGES)
    assert tuple(again.columns) == EDGES.names
    assert again["kind"].dtype == "category"
    assert again["kind"].unique().tolist() == ["dependency"]
    assert again["source_offset"].dtype == again["target_offset"].dtype == np.int32
    assert again["target_offset"].eq(0).all()
    assert again["label"].tolist() == found["label"].tolist()
    write_table([again], path, EDGES)
    pd.testing.assert_frame_equal(read_table(path, EDGES), again)
    assert EDGES.check(old.iloc[:0])["kind"].empty
    old.drop(columns="label").to_parquet(path, index=False)
    with pytest.raises(TableError, match="has columns"):
        read_table(path, EDGES)
    with pytest.raises(TableError, match=r"missing columns \['label'\]"):
        EDGES.check(old.drop(columns="label"))
