"""Sequences: labels by their definition, evidence that decides, equal odds, equal seeds."""

from __future__ import annotations

import pytest

from linguagraph.errors import ConfigError
from linguagraph.tasks.sequences import (
    SEQUENCE_TASKS,
    SequenceConfig,
    SequenceExample,
    draw_sequences,
)

TRUTH = {
    "first_symbol": lambda words: int(words[0][1:]) >= 6,
    "repeated": lambda words: words.count(words[0]) == 2,
    "any_repeated": lambda words: len(set(words)) < len(words),
    "parity": lambda words: words.count(words[0]) % 2 == 0,
}


@pytest.mark.parametrize("task", sorted(SEQUENCE_TASKS))
def test_labels_are_what_the_task_says(task: str) -> None:
    drawn = draw_sequences(task, 400, seed=1)
    assert all(bool(e.label) is bool(TRUTH[task](e.words)) for e in drawn)
    assert 0.4 < sum(e.label for e in drawn) / len(drawn) < 0.6
    assert {len(e.words) for e in drawn} == {4, 5, 6, 7, 8}
    assert drawn == draw_sequences(task, 400, seed=1)
    assert drawn != draw_sequences(task, 400, seed=2)


@pytest.mark.parametrize("task", ["repeated", "any_repeated"])
def test_the_evidence_is_the_pair(task: str) -> None:
    for example in draw_sequences(task, 200, seed=3):
        if example.label:
            first, second = example.evidence
            assert first < second
            assert example.words[first] == example.words[second]
            assert first == 0 or task == "any_repeated"
        else:
            assert example.evidence == ()


def test_a_repetition_says_nothing_where_it_is_not_of_the_first() -> None:
    others = [e for e in draw_sequences("repeated", 100, seed=4) if not e.label]
    assert all(len(set(e.words)) == len(e.words) - 1 for e in others)


def test_parity_lists_all_places() -> None:
    for example in draw_sequences("parity", 100, seed=5):
        places = tuple(i for i, w in enumerate(example.words) if w == example.words[0])
        assert example.evidence == places


def test_what_a_classifier_reads() -> None:
    labelled = SequenceExample(("s01", "s01"), 1, (0, 1)).labelled
    assert (labelled.words, labelled.label) == (("s01", "s01"), 1)


def test_options_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ConfigError, match="task='x'; expected one of first_symbol"):
        draw_sequences("x", 1, seed=0)
    with pytest.raises(ConfigError, match="count=0"):
        draw_sequences("parity", 0, seed=0)
    with pytest.raises(ConfigError, match="shortest <= longest < symbols"):
        SequenceConfig(symbols=8, longest=8)
