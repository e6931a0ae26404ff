"""Encoded examples, batches and how they are cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from srl_tools import batch_of, build_sentence, planted_sentences, small_model

from linguagraph.graphs import dependency_graph
from linguagraph.models import SrlVocabulary, collate, encode_examples
from linguagraph.models.batch import bucket, in_order

ROWS = [("Ann", "NNP", 1, "nsubj"), ("saw", "VBD", -1, "root"), ("dogs", "NNS", 1, "obj")]
SENTENCE = build_sentence(ROWS, [(1, {0: "A0", 2: "A9"}), (2, {0: "A0"})], index=4)
LENGTHS = st.lists(st.integers(1, 60), max_size=80)


@pytest.fixture
def vocabulary() -> SrlVocabulary:
    rows = [("ann", "NNP", 1, "nsubj"), ("saw", "VBD", -1, "root"), ("x", "X", 1, "dep")]
    known = build_sentence(rows, [(1, {0: "A0"}), (1, {0: "A0", 2: "A1"})])
    return SrlVocabulary.build([known, known], rare_word=1)


def test_one_example_per_predicate_with_its_roles(vocabulary: SrlVocabulary) -> None:
    first, second = encode_examples([SENTENCE], vocabulary)
    assert first.frame.predicate == 1
    assert first.roles.tolist() == [vocabulary.roles("A0"), 0, -100]  # A9 was never seen
    assert second.roles.tolist() == [vocabulary.roles("A0"), 0, 0]
    assert first.predicate_lemma == vocabulary.predicates("saw") > 0
    assert second.predicate_lemma == 0
    assert first.encoded is second.encoded
    assert first.graph is second.graph


def test_edge_types_combine_label_and_direction(vocabulary: SrlVocabulary) -> None:
    example = next(encode_examples([SENTENCE], vocabulary))
    size, nsubj = len(vocabulary.labels), vocabulary.labels("nsubj")
    assert example.encoded.edge_type.tolist() == [nsubj, size + nsubj, 0, size]  # obj: unknown


def test_given_graphs_are_used_in_place_of_the_trees(vocabulary: SrlVocabulary) -> None:
    graph = dependency_graph(build_sentence([(f, t, -1, "root") for f, t, _, _ in ROWS]))
    example = next(encode_examples([SENTENCE], vocabulary, graphs={4: graph}))
    assert example.graph is graph


def test_sentences_without_predicates_give_nothing(vocabulary: SrlVocabulary) -> None:
    assert list(encode_examples([build_sentence(ROWS)], vocabulary)) == []


def test_a_batch_is_the_disjoint_union_of_its_examples(vocabulary: SrlVocabulary) -> None:
    short = build_sentence(ROWS[1:2], [(0, {})])
    examples = list(encode_examples([short, SENTENCE], vocabulary))
    batch = collate(examples, num_labels=len(vocabulary.labels))
    assert (batch.num_nodes, batch.num_edges, batch.num_examples) == (7, 8, 3)
    assert batch.example.tolist() == [0, 1, 1, 1, 2, 2, 2]
    assert batch.position.tolist() == [0, 0, 1, 2, 0, 1, 2]
    assert batch.predicate.tolist() == [0, 2, 6]
    assert batch.lengths.tolist() == [1, 3, 3]
    assert batch.edge_counts.tolist() == [0, 4, 4]
    assert batch.source.tolist() == [2, 1, 2, 3, 5, 4, 5, 6]
    assert batch.target.tolist() == [1, 2, 3, 2, 4, 5, 6, 5]
    assert batch.direction.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    assert batch.edge_example().tolist() == [1] * 4 + [2] * 4
    assert all(tensor.dtype == torch.int64 for tensor in batch.tensors().values())
    assert batch.longest == batch.rows.longest == 3


def test_moving_a_batch_keeps_it() -> None:
    sentences = planted_sentences(3, seed=0)
    batch = batch_of(small_model(sentences), sentences)
    again = batch.to("cpu")
    own = batch.tensors()
    assert all(torch.equal(own[name], moved) for name, moved in again.tensors().items())
    assert again.longest == batch.longest


def bounded(runs: list[list[int]], lengths: list[int], tokens: int) -> bool:
    return all(len(run) == 1 or sum(lengths[i] for i in run) <= tokens for run in runs)


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(1, 100))
def test_runs_in_order_hold_every_example_once_within_the_bound(
    lengths: list[int], tokens: int
) -> None:
    runs = in_order(lengths, tokens=tokens)
    assert [i for run in runs for i in run] == list(range(len(lengths)))
    assert all(runs)
    assert bounded(runs, lengths, tokens)


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(1, 100), st.integers(0, 1000))
def test_buckets_hold_every_example_once_within_the_bound_and_repeat(
    lengths: list[int], tokens: int, seed: int
) -> None:
    runs = bucket(lengths, tokens=tokens, seed=seed)
    assert sorted(i for run in runs for i in run) == list(range(len(lengths)))
    assert bounded(runs, lengths, tokens)
    assert runs == bucket(lengths, tokens=tokens, seed=seed)


def test_buckets_gather_similar_lengths_and_differ_by_seed() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, 400).tolist()
    runs = bucket(lengths, tokens=300, seed=1)
    spreads = [max(lengths[i] for i in r) - min(lengths[i] for i in r) for r in runs]
    assert np.mean(spreads) < 10
    assert runs != bucket(lengths, tokens=300, seed=2)
