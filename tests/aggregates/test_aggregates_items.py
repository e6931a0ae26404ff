import numpy as np
import pandas as pd
import pytest
import tables as synthetic

from linguagraph.aggregates.items import compile_items, dense_codes, predicate_types
from linguagraph.columns import EDGES
from linguagraph.edges.storage import RunTables
from linguagraph.errors import TableError


def test_items_of_the_small_run(small_tables: RunTables) -> None:
    items = compile_items(small_tables.edges)
    assert items.votes.shape == (28, 2)
    assert items.seeds == (0, 1)
    assert items.layers == (0, 1)
    assert items.examples.tolist() == [0, 1, 2]
    assert items.sentences.tolist() == [0, 1]
    assert sorted(items.retained.tolist(), reverse=True)[:8] == [2, 2, 2, 2, 2, 1, 1, 0]
    assert (items.rated == 2).all()


def test_row_order_does_not_matter(small_tables: RunTables) -> None:
    edges = small_tables.edges
    shuffled = edges.sample(frac=1, random_state=0).reset_index(drop=True)
    a, b = compile_items(edges), compile_items(shuffled)
    assert (a.votes == b.votes).all()
    assert (a.column("target") == b.column("target")).all()
    labels = [
        np.array(names)[codes].tolist() for codes, names in (a.codes("label"), b.codes("label"))
    ]
    assert labels[0] == labels[1]


def test_gaps_in_numbers_and_missing_ratings_are_kept_apart() -> None:
    rows = [
        {"example": 7, "sentence": 3, "layer": 2, "edge": 5, "seed": 11, "retained": True},
        {"example": 7, "sentence": 3, "layer": 2, "edge": 5, "seed": 40, "retained": False},
        {"example": 9, "sentence": 8, "layer": 0, "edge": 0, "seed": 40, "retained": True},
    ]
    items = compile_items(synthetic.edges_of(rows))
    assert items.votes.tolist() == [[1, 0], [-1, 1]]
    assert items.layers == (0, 2)
    assert items.layer.tolist() == [1, 0]
    assert items.sentences[items.sentence].tolist() == [3, 8]


def test_repeated_rows_are_refused() -> None:
    with pytest.raises(TableError, match="1 rows repeat"):
        compile_items(synthetic.edges_of([{}, {"retained": True}]))


def test_two_models_or_methods_are_refused() -> None:
    with pytest.raises(TableError, match=r"'method' holds \['graphmask', 'random'\]"):
        compile_items(synthetic.edges_of([{}, {"edge": 1, "method": "random"}]))


def test_empty_table() -> None:
    items = compile_items(EDGES.empty())
    assert items.votes.shape == (0, 0)
    assert items.tally(items.layer, 3, items.retained).shape == (0, 3)


def test_dense_codes_of_sparse_and_negative_numbers() -> None:
    for values in ([5, -1, 5, 3], [10**9, 0, 10**9, 7]):
        codes, names = dense_codes(np.array(values))
        assert names[codes].tolist() == values
        assert names.tolist() == sorted(set(values))


def test_predicate_types_come_in_a_fixed_order_and_only_if_present() -> None:
    codes, names = predicate_types(np.array([0, 2, 2, 3]), ["J", "N", "V", "X"])
    assert names == ["V", "J", "X"]
    assert codes.tolist() == [1, 0, 0, 2]


def test_tally_counts_by_sentence(small_tables: RunTables) -> None:
    items = compile_items(small_tables.edges)
    counts = items.tally(items.layer, 2, items.retained)
    assert counts.tolist() == [[4.0, 3.0], [4.0, 1.0]]


def test_plain_strings_work_like_categories(small_tables: RunTables) -> None:
    edges = small_tables.edges.assign(label=small_tables.edges["label"].astype(object))
    assert isinstance(small_tables.edges["label"].dtype, pd.CategoricalDtype)
    codes, names = compile_items(edges).codes("label")
    expected, _ = compile_items(small_tables.edges).codes("label")
    assert names == ["amod", "nsubj", "obj"]
    assert (codes == expected).all()
