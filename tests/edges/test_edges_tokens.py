"""Masks over tokens as rows: what stands in which, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from linguagraph.columns import TOKEN_MASKS
from linguagraph.documents.records import Frame, Role, Sentence, Token
from linguagraph.edges.build import Example, Names
from linguagraph.edges.tokens import TokenArrays, token_rows
from linguagraph.errors import TableError
from linguagraph.graphs.dependency import dependency_graph

NAMES = Names("toy", "srl", "diffmask")


def example(index: int, predicate: int, roles: tuple[str | None, ...]) -> Example:
    """ "Ann saw dogs", gold A0 Ann."""
    words = (("Ann", "PROPN", 1, "nsubj"), ("saw", "VERB", -1, "root"), ("dogs", "NOUN", 1, "obj"))
    tokens = tuple(
        Token(i, form, form.lower(), upos=upos, xpos=None, head=head, deprel=deprel)
        for i, (form, upos, head, deprel) in enumerate(words)
    )
    frame = Frame(predicate, "see.01", (Role(0, "A0"),))
    sentence = Sentence(tokens, frames=(frame,), index=4)
    return Example(index, sentence, frame, dependency_graph(sentence), roles)


def arrays(tokens: int, *, seeds: tuple[int, ...] = (0, 3)) -> TokenArrays:
    shape = (len(seeds), 2, tokens)
    scores = np.linspace(0, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    return TokenArrays(seeds, ("input", "layer 1"), scores, scores > 0.5)


def test_one_row_per_seed_layer_and_token() -> None:
    examples = [example(0, 1, ("A0", None, None)), example(1, 2, (None, None, None))]
    masks = arrays(6)
    table = token_rows(examples, masks, NAMES)
    assert tuple(table.columns) == TOKEN_MASKS.names
    assert len(table) == 2 * 2 * 6
    for seed, number in zip((0, 3), range(2), strict=True):
        for layer in (0, 1):
            own = table[(table["seed"] == seed) & (table["layer"] == layer)]
            assert own["score"].tolist() == pytest.approx(masks.scores[number, layer].tolist())
    first = table[(table["seed"] == 0) & (table["layer"] == 1)]
    assert first["form"].tolist() == ["Ann", "saw", "dogs"] * 2
    assert first["example"].tolist() == [0, 0, 0, 1, 1, 1]
    assert first["state"].unique().tolist() == ["layer 1"]
    assert first["token_distance"].tolist() == [1, 0, 1, 2, 1, 0]
    kinds = ["argument", "predicate", "elsewhere", "other_argument", "elsewhere", "predicate"]
    assert first["kind"].tolist() == kinds
    assert first["gold_role"].isna().tolist() == [False, True, True] * 2
    assert first["deprel"].tolist() == ["nsubj", "root", "obj"] * 2


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TableError, match="masks for 5 tokens; the examples have 3"):
        token_rows([example(0, 1, (None, None, None))], arrays(5), NAMES)
    with pytest.raises(TableError, match=r"expected \(seeds, states, tokens\)"):
        TokenArrays((0,), ("input",), np.zeros((2, 1, 3), np.float32), np.zeros((2, 1, 3), bool))
    assert token_rows([], arrays(0), NAMES).empty
