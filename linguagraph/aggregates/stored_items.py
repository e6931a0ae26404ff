"""Items on disk in blocks of whole sentences, and the edge table that they stand for.

A block is a folder of arrays, one file for each column (``label.npy`` ...), so that a count reads
what it needs and no more. Strings are codes into vocabularies that all blocks share. Whoever makes
the blocks (:mod:`linguagraph.runs.out_of_memory`) numbers sentences and examples through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.aggregates.blocks import Blocks, Draws
from linguagraph.aggregates.items import IntArray, Items
from linguagraph.aggregates.statistics import FloatArray
from linguagraph.aggregates.stored_rows import StoredRows

__all__ = ["BlockItems", "StoredEdges", "StoredItems"]

_NOTHING = np.empty(0, dtype=np.intp)


@dataclass(frozen=True)
class BlockItems(Items):
    """Items of some sentences, whose columns are read when they are asked for.

    Attributes:
        folder: of the block.
        vocabulary: names of the codes of columns of strings.
        kinds: the predicate types of all blocks.
    """

    folder: Path = field(default_factory=Path)
    vocabulary: Mapping[str, list[str]] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path, whole: StoredItems, first: int) -> BlockItems:
        """The block of a folder; ``first``: sentences before it."""
        votes = np.load(folder / "votes.npy")
        retained, rated, layer, sentence, example = (
            np.load(folder / f"{name}.npy").astype(np.intp)
            for name in ("retained", "rated", "layer", "sentence", "example")
        )
        return cls(
            table=pd.DataFrame(),
            rows=np.arange(len(votes)),
            votes=votes,
            retained=retained,
            rated=rated,
            seeds=whole.seeds,
            layers=whole.layers,
            layer=layer,
            sentence=sentence,
            sentences=np.load(folder / "sentences.npy"),
            example=example,
            examples=np.load(folder / "examples.npy"),
            first=first,
            partial=True,
            folder=folder,
            vocabulary=whole.vocabulary,
            kinds=whole.kinds,
        )

    def codes(self, column: str) -> tuple[IntArray, list[str]]:
        """Codes [items] and names of a column of strings."""
        return np.load(self.folder / f"{column}.npy").astype(np.intp), self.names(column)

    def names(self, column: str) -> list[str]:
        """Names of a column of strings, the same in all blocks."""
        return list(self.vocabulary[column])

    def column(self, name: str) -> NDArray[np.generic]:
        """Values [items] of a column of numbers."""
        return np.asarray(np.load(self.folder / f"{name}.npy"))

    @property
    def types(self) -> list[str]:
        """The predicate types of all blocks."""
        return list(self.kinds)

    def saved(self, name: str, make: Callable[[], IntArray]) -> IntArray:
        """What ``make`` gives [items], small numbers; made once and then read."""
        path = self.folder / f"{name}.npy"
        if not path.is_file():
            np.save(path, make().astype(np.int8))
        return np.asarray(np.load(path)).astype(np.intp)


@dataclass(frozen=True)
class StoredItems(Items):
    """Items in blocks on disk; the arrays of :class:`Items` are empty, its facts are of all blocks.

    Attributes:
        folders: of the blocks, in the order of their sentences.
        starts: sentences before each block.
        total: how many items there are.
        vocabulary, kinds: as in a block.
        numbers: distinct values of columns of numbers, ascending.
        draws: where weights of resamples are kept.
    """

    folders: tuple[Path, ...] = ()
    starts: tuple[int, ...] = ()
    total: int = 0
    vocabulary: Mapping[str, list[str]] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    numbers: Mapping[str, IntArray] = field(default_factory=dict)
    draws: Draws = field(default_factory=lambda: Draws(Path()))

    @classmethod
    def make(
        cls,
        *,
        seeds: tuple[int, ...],
        layers: tuple[int, ...],
        sentences: NDArray[np.int64],
        examples: NDArray[np.int64],
        **more: Any,
    ) -> StoredItems:
        """Items of these seeds, layers, sentences and examples; ``more``: the other attributes."""
        return cls(
            table=pd.DataFrame(),
            rows=_NOTHING,
            votes=np.empty((0, len(seeds)), dtype=np.int8),
            retained=_NOTHING,
            rated=_NOTHING,
            seeds=seeds,
            layers=layers,
            layer=_NOTHING,
            sentence=_NOTHING,
            sentences=sentences,
            example=_NOTHING,
            examples=examples,
            **more,
        )

    @property
    def size(self) -> int:
        """How many items there are in all."""
        return self.total

    @property
    def types(self) -> list[str]:
        """The predicate types that occur."""
        return list(self.kinds)

    def names(self, column: str) -> list[str]:
        """Names of a column of strings."""
        return list(self.vocabulary[column])

    def distinct(self, column: str) -> IntArray:
        """The values of a column of numbers, ascending."""
        return self.numbers[column]

    def blocks(self) -> Iterator[Items]:
        """The blocks, one in memory at a time."""
        for folder, first in zip(self.folders, self.starts, strict=True):
            yield BlockItems.read(folder, self, first)

    def count(self, part: Callable[[Items], tuple[FloatArray, ...]]) -> Blocks:
        """What ``part`` counts in each block."""
        return Blocks(lambda: map(part, self.blocks()), len(self.sentences), self.draws)


@dataclass(frozen=True)
class StoredEdges(StoredRows):
    """An edge table on disk, whose rows are looked up, and counted by its items alone.

    Attributes:
        items: what it is turned into, see :func:`linguagraph.aggregates.items.compile_items`.
    """

    items: StoredItems = field(kw_only=True)
