"""Sentences and masks over tokens of a shard -> rows of the table of token masks; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.columns import TOKEN_MASKS
from linguagraph.edges.build import KINDS, Example, Names, example_values, token_kinds
from linguagraph.errors import TableError

__all__ = ["TokenArrays", "token_rows"]


@dataclass(frozen=True)
class TokenArrays:
    """Token masks of consecutive examples; S seeds, K states, U tokens over all examples in order.

    Attributes:
        seeds: S seeds of the gates.
        states: names of the K states, from the input up.
        scores: float32 [S, K, U] in [0, 1], probability that the token is kept.
        retained: bool [S, K, U].

    Raises:
        TableError: shapes that do not fit each other.
    """

    seeds: tuple[int, ...]
    states: tuple[str, ...]
    scores: NDArray[np.float32]
    retained: NDArray[np.bool_]

    def __post_init__(self) -> None:
        expected = (len(self.seeds), len(self.states))
        if self.scores.shape != self.retained.shape or self.scores.shape[:2] != expected:
            raise TableError(
                f"token masks: scores {self.scores.shape}, retained {self.retained.shape}; "
                f"expected (seeds, states, tokens) = {(*expected, 'U')} for both"
            )


def token_rows(examples: Sequence[Example], masks: TokenArrays, names: Names) -> pd.DataFrame:
    """One row per example, layer, token and seed (:data:`linguagraph.columns.TOKEN_MASKS`).

    Raises:
        TableError: the masks do not have as many tokens as the examples' sentences.
    """
    sizes = [len(example.sentence) for example in examples]
    seeds, states, total = masks.scores.shape
    if sum(sizes) != total:
        raise TableError(f"masks for {total} tokens; the examples have {sum(sizes)}")
    if not total:
        return TOKEN_MASKS.empty()
    shared = pd.DataFrame([example_values(example, names) for example in examples])
    each = shared.iloc[np.repeat(np.arange(len(examples)), sizes)].reset_index(drop=True)
    tokens = [token for example in examples for token in example.sentence.tokens]
    index = np.concatenate([np.arange(size) for size in sizes])
    kinds = np.concatenate(token_kinds(examples))
    own: dict[str, Sequence[object]] = {
        "form": [token.form for token in tokens],
        "upos": [token.upos for token in tokens],
        "xpos": [token.xpos for token in tokens],
        "deprel": [token.deprel for token in tokens],
        "kind": [KINDS[kind] for kind in kinds],
        "role": [role for example in examples for role in example.roles],
        "gold_role": [role for example in examples for role in example.gold],
    }
    distance = np.abs(index - each["predicate_index"].to_numpy())
    each = pd.concat([each.assign(token=index, token_distance=distance), pd.DataFrame(own)], axis=1)
    names_of = [c.name for c in TOKEN_MASKS.columns if c.kind == "category" and c.name in each]
    each = each.astype(dict.fromkeys(names_of, "category"))
    frame = each.iloc[np.tile(np.arange(total), seeds * states)].reset_index(drop=True)
    layer = np.tile(np.repeat(np.arange(states), total), seeds)
    return TOKEN_MASKS.check(
        frame.assign(
            seed=np.repeat(np.array(masks.seeds), states * total),
            layer=layer,
            state=pd.Categorical.from_codes(layer, categories=pd.Index(masks.states)),
            score=masks.scores.reshape(-1),
            retained=masks.retained.reshape(-1),
        )
    )
