"""Masks to rows, counted by hand on four examples in three sentences.

* A: "Ann saw old dogs", predicate "saw" (V); predicted Ann A0 and old A1, gold Ann A0 and dogs A1;
* B: the same sentence, predicate "dogs" (N), predicted old AM-ADJ and dogs (itself) A1;
* C: "Go ! Stop" with two roots, predicate "Go": predicted ! A1 and Stop A2;
* D: "Yes", one token, its own argument.

Edges 2i and 2i + 1 are the ``->`` and ``<-`` of the i-th dependent: A and B have six, C has two,
D none.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from linguagraph.columns import EDGES, PATHS, ROLES
from linguagraph.documents.records import Frame, Role, Sentence, Token
from linguagraph.edges.build import (
    Example,
    MaskArrays,
    Names,
    edge_rows,
    path_rows,
    role_rows,
    subpath_length,
)
from linguagraph.errors import TableError
from linguagraph.graphs import dependency_graph

NAMES = Names("toy.conll09", "tiny", "graphmask")
SEEDS = (3, 8)
RETAINED = [  # seed, layer, edge over A (0 to 5), B (6 to 11) and C (12, 13)
    (3, 0, 4),  # A: saw -> dogs
    (3, 1, 2),  # A: dogs -> old
    (8, 0, 2),
    (8, 1, 4),
    (8, 1, 0),  # A: saw -> Ann
    (3, 0, 8),  # B: dogs -> old
    (3, 1, 13),  # C: ! -> Go
]


def sentence(index: int, rows: str, *frames: Frame) -> Sentence:
    tokens = []
    for place, row in enumerate(rows.split("; ")):
        form, tag, head, label = row.split()
        tokens.append(Token(place, form, form.lower(), xpos=tag, head=int(head), deprel=label))
    return Sentence(tuple(tokens), frames, document="d", index=index)


SAW = sentence(
    5,
    "Ann NNP 1 nsubj; saw VBD -1 root; old JJ 3 amod; dogs NNS 1 obj",
    Frame(1, "see.01", (Role(0, "A0"), Role(3, "A1"))),
    Frame(3, "dog.01", (Role(2, "AM-ADJ"),)),
)
GO = sentence(6, "Go VB -1 root; ! . 0 punct; Stop VB -1 root", Frame(0, "go.01"))
YES = sentence(7, "Yes UH -1 root", Frame(0, "yes.01"))


def example(index: int, of: Sentence, frame: int, roles: dict[int, str]) -> Example:
    predicted = tuple(roles.get(place) for place in range(len(of)))
    return Example(index, of, of.frames[frame], dependency_graph(of), predicted)


EXAMPLES = [
    example(10, SAW, 0, {0: "A0", 2: "A1"}),
    example(11, SAW, 1, {2: "AM-ADJ", 3: "A1"}),
    example(12, GO, 0, {1: "A1", 2: "A2"}),
    example(13, YES, 0, {0: "A0"}),
]


def masks(*, layers: int = 2, soft: bool = True) -> MaskArrays:
    scores = np.arange(2 * layers * 14, dtype=np.float32).reshape(2, layers, 14) / 100
    retained = np.zeros((2, layers, 14), dtype=bool)
    for seed, layer, edge in RETAINED:
        if layer < layers:
            retained[SEEDS.index(seed), layer, edge] = True
    gates = np.arange(layers * 14, dtype=np.float32).reshape(layers, 14) / 1000
    return MaskArrays(SEEDS, scores, retained, gates if soft else None)


@pytest.mark.parametrize("layers", [1, 2])
def test_one_row_per_seed_layer_and_edge(layers: int) -> None:
    given = masks(layers=layers)
    found = edge_rows(EXAMPLES, given, NAMES)
    assert len(found) == 2 * layers * 14
    assert tuple(found.columns) == EDGES.names
    for (seed, layer), rows in found.groupby(["seed", "layer"]):
        place = SEEDS.index(seed)
        assert rows["example"].tolist() == [10] * 6 + [11] * 6 + [12] * 2
        assert rows["edge"].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1]
        assert rows["source"].tolist() == [1, 0, 3, 2, 1, 3] * 2 + [0, 1]
        assert rows["target"].tolist() == [0, 1, 2, 3, 3, 1] * 2 + [1, 0]
        assert rows["direction"].tolist() == ["->", "<-"] * 7
        assert rows["token_distance"].tolist() == [1, 1, 1, 1, 2, 2] * 2 + [1, 1]
        labels = ["nsubj", "nsubj", "amod", "amod", "obj", "obj"]
        assert rows["label"].tolist() == labels * 2 + ["punct"] * 2
        np.testing.assert_array_equal(rows["score"], given.scores[place, layer])
        np.testing.assert_array_equal(rows["retained"], given.retained[place, layer])
        np.testing.assert_array_equal(rows["soft_gate"], given.soft_gates[layer])


def test_the_columns_of_an_example() -> None:
    found = edge_rows(EXAMPLES, masks(), NAMES).drop_duplicates("example").set_index("example")
    assert found["predicate_type"].tolist() == ["V", "N", "V"]
    assert found["predicate_lemma"].tolist() == ["saw", "dogs", "go"]
    assert found["predicate_index"].tolist() == [1, 3, 0]
    assert found["sentence"].tolist() == [5, 5, 6]
    constant = found[["corpus", "document", "model", "method"]].drop_duplicates()
    assert constant.values.tolist() == [["toy.conll09", "d", "tiny", "graphmask"]]


def test_what_a_target_is() -> None:
    found = edge_rows(EXAMPLES, masks(), NAMES)
    kinds = {
        (row.example, row.target): (row.target_kind, row.target_role, row.target_gold_role)
        for row in found.astype(object).where(found.notna(), None).itertuples()
    }
    assert kinds == {
        (10, 0): ("argument", "A0", "A0"),
        (10, 1): ("predicate", None, None),
        (10, 2): ("argument", "A1", None),  # an argument of B, too: its own example comes first
        (10, 3): ("other_argument", None, "A1"),
        (11, 0): ("other_argument", None, None),
        (11, 1): ("elsewhere", None, None),
        (11, 2): ("argument", "AM-ADJ", "AM-ADJ"),
        (11, 3): ("predicate", "A1", None),  # its own argument: the predicate comes first
        (12, 0): ("predicate", None, None),
        (12, 1): ("argument", "A1", None),
    }


def test_without_gates_of_its_own_a_model_has_none_in_the_table() -> None:
    assert edge_rows(EXAMPLES, masks(soft=False), NAMES)["soft_gate"].isna().all()


def test_paths_by_hand() -> None:
    found, lost = path_rows(EXAMPLES, masks(), NAMES)
    assert lost == 1  # Stop, the second root of C, whatever the number of seeds
    rows = [
        (
            row.example,
            row.seed,
            row.argument_index,
            row.role,
            row.path,
            row.path_length,
            row.token_distance,
            list(row.retained_by_layer),
            row.subpath_length,
        )
        for row in found.itertuples()
    ]
    assert rows == [
        (10, 3, 0, "A0", "->nsubj", 1, 1, [0, 0], 0),
        (10, 8, 0, "A0", "->nsubj", 1, 1, [0, 1], 1),
        (10, 3, 2, "A1", "->obj ->amod", 2, 1, [1, 1], 2),
        (10, 8, 2, "A1", "->obj ->amod", 2, 1, [1, 1], 1),  # retained in descending layers
        (11, 3, 2, "AM-ADJ", "->amod", 1, 1, [1, 0], 1),
        (11, 8, 2, "AM-ADJ", "->amod", 1, 1, [0, 0], 0),
        (11, 3, 3, "A1", "", 0, 0, [0, 0], 0),
        (11, 8, 3, "A1", "", 0, 0, [0, 0], 0),
        (12, 3, 1, "A1", "->punct", 1, 1, [0, 0], 0),  # only the edge back is retained
        (12, 8, 1, "A1", "->punct", 1, 1, [0, 0], 0),
        (13, 3, 0, "A0", "", 0, 0, [0, 0], 0),
        (13, 8, 0, "A0", "", 0, 0, [0, 0], 0),
    ]
    gold = found.set_index(["example", "argument_index"])["gold_role"]
    assert gold.loc[(10, 0)].tolist() == ["A0", "A0"]
    assert gold.loc[(10, 2)].isna().all()


def test_paths_of_a_model_with_one_layer() -> None:
    found, lost = path_rows(EXAMPLES, masks(layers=1), NAMES)
    assert lost == 1
    assert found["retained_by_layer"].map(len).unique().tolist() == [1]
    two = found[found["path_length"] == 2]
    assert two["subpath_length"].tolist() == [0, 1]  # one layer reaches one edge at most


def test_roles_by_hand() -> None:
    found = role_rows(EXAMPLES, NAMES)
    rows = found.astype(object).where(found.notna(), None)
    columns = ["example", "token", "token_distance", "gold_role", "role"]
    assert rows[columns].values.tolist() == [
        [10, 0, 1, "A0", "A0"],
        [10, 2, 1, None, "A1"],
        [10, 3, 2, "A1", None],
        [11, 2, 1, "AM-ADJ", "AM-ADJ"],
        [11, 3, 0, None, "A1"],
        [12, 1, 1, None, "A1"],
        [12, 2, 2, None, "A2"],
        [13, 0, 0, None, "A0"],
    ]


@pytest.mark.parametrize("examples", [[], [EXAMPLES[3]]], ids=["no example", "no edge"])
def test_nothing_gives_empty_tables_with_all_columns(examples: list[Example]) -> None:
    none = MaskArrays(SEEDS, np.zeros((2, 2, 0), np.float32), np.zeros((2, 2, 0), bool), None)
    assert tuple(edge_rows(examples, none, NAMES).columns) == EDGES.names
    assert edge_rows(examples, none, NAMES).empty
    paths, lost = path_rows(examples, none, NAMES)
    assert tuple(paths.columns) == PATHS.names
    assert (len(paths), lost) == (2 * len(examples), 0)
    assert tuple(role_rows(examples, NAMES).columns) == ROLES.names


def test_a_model_that_predicts_nothing_has_no_arguments() -> None:
    silent = [example(0, SAW, 0, {})]
    given = MaskArrays((0,), np.zeros((1, 1, 6), np.float32), np.ones((1, 1, 6), bool), None)
    kinds = edge_rows(silent, given, NAMES)["target_kind"]
    assert set(kinds) == {"predicate", "elsewhere"}
    assert path_rows(silent, given, NAMES)[0].empty
    assert role_rows(silent, NAMES)["role"].isna().all()


def test_missing_lemma_and_universal_tags() -> None:
    token = Token(0, "x", upos="VERB", head=-1)
    plain = Sentence((token, Token(1, "y", head=0, deprel="obj")), (Frame(0),))
    found = role_rows([example(0, plain, 0, {1: "A1"})], NAMES)
    assert found[["predicate_lemma", "predicate_type"]].values.tolist() == [["_", "V"]]


def test_masks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TableError, match="masks for 14 edges; the examples have 12"):
        edge_rows(EXAMPLES[:2], masks(), NAMES)
    with pytest.raises(TableError, match="masks for 14 edges; the examples have 12"):
        path_rows(EXAMPLES[:2], masks(), NAMES)
    scores = np.zeros((2, 1, 4), np.float32)
    with pytest.raises(TableError, match="expected"):
        MaskArrays((0, 1), scores, np.zeros((2, 1, 5), bool), None)
    with pytest.raises(TableError, match="1 seeds"):
        MaskArrays((0,), scores, np.zeros((2, 1, 4), bool), None)


def test_categories_survive_the_joining_of_shards() -> None:
    one = edge_rows(EXAMPLES[:1], _only(slice(0, 6)), NAMES)
    two = edge_rows(EXAMPLES[2:3], _only(slice(12, 14)), NAMES)
    both = EDGES.check(pd.concat([one, two]).astype({"label": "category"}))
    assert set(both["label"]) == {"nsubj", "amod", "obj", "punct"}


def _only(part: slice) -> MaskArrays:
    every = masks()
    return MaskArrays(SEEDS, every.scores[..., part], every.retained[..., part], None)


def longest_by_trying(retained: NDArray[np.bool_]) -> int:
    """Every length and every ascending choice of layers."""

    def fits(edge: int, above: int) -> int:
        if edge < 0:
            return 0
        return max(
            (1 + fits(edge - 1, layer) for layer in range(above) if retained[layer, edge]),
            default=0,
        )

    return fits(retained.shape[1] - 1, retained.shape[0])


@given(st.integers(1, 4), st.integers(0, 6), st.randoms(use_true_random=False))
def test_subpath_length_equals_trying_all_choices(layers: int, length: int, random: object) -> None:
    draw = np.random.default_rng(random.randrange(2**32))  # type: ignore[attr-defined]
    retained = draw.random((layers, length)) < 0.6
    assert subpath_length(retained) == longest_by_trying(retained)
