"""Counted by hand: two trees, one sentence without a tree."""

from collections import Counter

import pandas as pd
import pytest

from linguagraph.aggregates.corpus_statistics import corpus_statistics, distribution, tree_depth
from linguagraph.aggregates.statistics import Resampling
from linguagraph.documents.records import Frame, Sentence, Token

QUICK = Resampling(resamples=100, min_sentences=1)


def sentence(
    rows: list[tuple[str, int | None, str, str]], *predicates: int, **more: object
) -> Sentence:
    tokens = tuple(
        Token(i, form, lemma=form.lower(), upos=upos, head=head, deprel=deprel)
        for i, (form, head, deprel, upos) in enumerate(rows)
    )
    return Sentence(tokens, tuple(Frame(p) for p in predicates), **more)  # type: ignore[arg-type]


# distances: Ann 2, comma 1, old 1, dogs 2, full stop 3
SAW = sentence(
    [
        ("Ann", 2, "nsubj", "PROPN"),
        (",", 2, "punct", "PUNCT"),
        ("saw", -1, "root", "VERB"),
        ("old", 4, "amod", "ADJ"),
        ("dogs", 2, "obj", "NOUN"),
        (".", 2, "punct", "PUNCT"),
    ],
    2,
    document="a",
)
VISITS = sentence(
    [("Royal", 1, "amod", "ADJ"), ("visits", 2, "nsubj", "NOUN"), ("end", -1, "root", "VERB")],
    1,
    2,
    document="b",
)
BARE = sentence([("Hm", None, "", "INTJ"), ("well", None, "", "INTJ")], document="b")


def test_counts_of_three_sentences() -> None:
    found = corpus_statistics(iter([SAW, VISITS, BARE]), resampling=QUICK)
    assert (found.documents, found.sentences, found.tokens) == (2, 3, 11)
    assert (found.predicates, found.trees) == (3, 2)
    assert found.types.to_dict("list") == {
        "predicate_type": ["V", "N"],
        "n": [2, 1],
        "share": [pytest.approx(2 / 3), pytest.approx(1 / 3)],
        "lemmas": ["saw (1), end (1)", "visits (1)"],
    }
    measures = found.measures.set_index("measure")
    assert measures["n"].tolist() == [3, 2, 7, 5]
    assert measures["unit_of_n"].tolist() == ["sentences", "trees", "dependencies", "dependencies"]
    # lengths 6, 3, 2; depths 2, 2; distances 2 1 1 2 3 | 1 1; without punctuation 1 1 2 | 1 1
    assert measures["mean"].tolist() == pytest.approx([11 / 3, 2, 11 / 7, 6 / 5])
    assert measures["median"].tolist() == [3, 2, 1, 1]
    assert measures["max"].tolist() == [6, 2, 3, 2]
    assert (measures["low"] <= measures["mean"]).all()
    assert (measures["mean"] <= measures["high"]).all()


def test_labels_with_distance_and_side_of_the_head() -> None:
    labels = corpus_statistics([SAW, VISITS], resampling=QUICK).labels.set_index("label")
    assert labels.index.tolist() == ["amod", "nsubj", "punct", "obj"]
    assert labels.loc["punct"].tolist() == pytest.approx([2, 2 / 7, 2, 1 / 2])
    assert labels.loc["nsubj"].tolist() == pytest.approx([2, 2 / 7, 1.5, 0])
    assert labels.loc["obj"].tolist() == pytest.approx([1, 1 / 7, 2, 1])


def test_punctuation_without_universal_tags_goes_by_its_label() -> None:
    tokens = tuple(
        Token(i, "x", head=h, deprel=d) for i, (h, d) in enumerate([(2, "a"), (2, "P"), (-1, "r")])
    )
    measures = corpus_statistics([Sentence(tokens)], resampling=QUICK).measures
    assert measures["mean"].tolist() == [3, 1, 1.5, 1]


@pytest.mark.parametrize(
    ("heads", "depth"),
    [
        ([-1], 0),
        ([1, 2, -1], 2),
        ([-1, 0, 1, 0], 2),
        ([-1, -1, 1], 1),
        ([None, None], None),
        ([-1, None], None),
        ([1, 0], None),
        ([], None),
        ([*range(1, 30_000), -1], 29_999),
    ],
)
def test_depth_of_a_tree(heads: list[int | None], depth: int | None) -> None:
    assert tree_depth(heads) == depth


def test_a_distribution_has_no_gaps_and_one_row_for_the_tail() -> None:
    table = distribution(Counter({1: 2, 3: 1, 5: 4, 90: 1}), "distance", least=1, top=5)
    assert table.to_dict("list") == {
        "distance": ["1", "2", "3", "4", "5+"],
        "from": [1, 2, 3, 4, 5],
        "n": [2, 0, 1, 0, 5],
        "share": [0.25, 0, 0.125, 0, 0.625],
    }
    assert distribution(Counter(), "distance", least=1).empty


def test_nothing_gives_empty_tables() -> None:
    found = corpus_statistics([], resampling=QUICK)
    assert (found.sentences, found.tokens, found.trees, found.documents) == (0, 0, 0, 0)
    assert found.measures["mean"].isna().all()
    assert isinstance(found.labels, pd.DataFrame)
    assert found.labels.empty
    assert found.depths.empty
