"""Tables of a run that are kept on disk in blocks of whole sentences; the same questions to frames.

The functions here take a data frame or :class:`StoredRows`, so that an aggregate is written once:
what it counts, it counts in each part, and what it must know of all rows beforehand (the values of
a column) it asks for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow.feather as feather

from linguagraph.aggregates.blocks import Blocks, Draws
from linguagraph.aggregates.items import dense_codes, predicate_types
from linguagraph.aggregates.statistics import FloatArray
from linguagraph.errors import TableError

__all__ = ["Column", "Rows", "StoredRows", "chosen", "count_rows", "distinct", "parts"]
__all__ += ["once", "places", "require_single", "sentences_of", "types_of"]


@dataclass(frozen=True)
class Column:
    """The values of a column of stored rows, each once, ascending; with what reports ask of one."""

    name: str
    values: Sequence[Any]

    def unique(self) -> list[Any]:
        """The values."""
        return list(self.values)

    def nunique(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def iloc(self) -> Sequence[Any]:
        """The same; the first is that of the first row where a column holds one value."""
        return self.values

    def notna(self) -> np.ndarray:
        """Whether each value is one."""
        return np.ones(len(self.values), dtype=bool)

    def __eq__(self, other: object) -> Any:
        return (self.name, other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class StoredRows:
    """A table in files, each with the rows of some sentences.

    Attributes:
        name: of the table.
        folder: of the files, which are Feather, without compression.
        lengths: rows of each file; sentences: sentences of each file.
        columns: distinct values of columns that have few.
        lookup: gives the rows with a value of a column.
        draws: where weights of resamples are kept.
        keep: which rows count; ``None``: all.
        known: results that several analyses ask for.
        first: the first row.
    """

    name: str
    folder: Path
    lengths: tuple[int, ...]
    sentences: tuple[int, ...]
    columns: Mapping[str, Column]
    lookup: Callable[[str, Any], pd.DataFrame]
    draws: Draws
    first: Mapping[str, Any]
    keep: Callable[[pd.DataFrame], pd.Series] | None = None
    known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return sum(self.lengths)

    @property
    def empty(self) -> bool:
        """Whether there are no rows."""
        return not len(self)

    def __contains__(self, column: object) -> bool:
        return column in self.columns or column in self.first

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            return self.lookup(*key)
        if isinstance(key, str) and key in self.columns:
            return self.columns[key]
        if isinstance(key, str) and key in self.first:
            return Column(key, (self.first[key],))
        raise self._unknown(f"[{key!r}]")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise self._unknown(name)

    def _unknown(self, what: str) -> AttributeError:
        return AttributeError(
            f"table {self.name!r} is kept on disk and has no {what}; use its parts(), or analyse "
            "without --memory"
        )

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """The rows, file by file; names of categories are the same in all."""
        for number in range(len(self.lengths)):
            path = self.folder / f"{number:06d}.feather"
            names = list(columns) if columns is not None else None
            frame = feather.read_table(path, columns=names, memory_map=False).to_pandas()
            yield frame if self.keep is None else frame[self.keep(frame)]

    def where(self, keep: Callable[[pd.DataFrame], pd.Series]) -> StoredRows:
        """The rows for which ``keep`` is true; counts anew what changes by that."""
        kept = replace(self, keep=keep, known={})
        lengths: list[int] = []
        sentences: list[int] = []
        found: dict[str, set[Any]] = {}
        for part in kept.parts():
            lengths.append(len(part))
            sentences.append(part["sentence"].nunique())
            for name in self.columns.keys() & set(part.columns):
                found.setdefault(name, set()).update(part[name].dropna().unique())
        columns = {name: Column(name, sorted(values)) for name, values in found.items()}
        return replace(
            kept,
            lengths=tuple(lengths),
            sentences=tuple(sentences),
            columns={**self.columns, **columns},
        )


Rows = pd.DataFrame | StoredRows


def parts(table: Rows) -> Iterator[pd.DataFrame]:
    """All rows, in one frame or several, with whole sentences in each."""
    if isinstance(table, StoredRows):
        return table.parts()
    return iter((table,))


def distinct(table: Rows, column: str) -> list[Any]:
    """The values of a column that occur, ascending, without missing ones."""
    if isinstance(table, StoredRows):
        return list(table.columns[column].values)
    return sorted(table[column].dropna().unique())


def chosen(table: Rows, keep: Callable[[pd.DataFrame], pd.Series]) -> Rows:
    """The rows for which ``keep`` is true."""
    return table.where(keep) if isinstance(table, StoredRows) else table[keep(table)]


def places(values: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Places of the values of a column in ``names``; -1 for others and for missing ones."""
    coded = values.astype("category").cat
    known = {name: place for place, name in enumerate(names)}
    found = np.array([*(known.get(name, -1) for name in coded.categories), -1], dtype=np.intp)
    return np.asarray(found[coded.codes.to_numpy()])


def types_of(table: Rows) -> list[str]:
    """The predicate types that occur, in the order V, N, J, O, others."""
    names = [str(name) for name in distinct(table, "predicate_type")]
    return predicate_types(np.arange(len(names), dtype=np.intp), names)[1]


def sentences_of(part: pd.DataFrame) -> tuple[np.ndarray, int]:
    """Sentence of each row, from 0, and their number."""
    codes, found = dense_codes(part["sentence"].to_numpy())
    return codes, len(found)


def count_rows(table: Rows, part: Callable[[pd.DataFrame], tuple[FloatArray, ...]]) -> Blocks:
    """What ``part`` counts in rows, arrays [sentences, cells...], block by block.

    ``part`` is given whole sentences and says something of each that has a row.
    """
    if not isinstance(table, StoredRows):
        return Blocks.whole(*part(table))
    return Blocks(lambda: map(part, table.parts()), sum(table.sentences), table.draws)


def once(table: Rows, key: Any, make: Callable[[], Any]) -> Any:
    """What ``make`` gives, made once for a table on disk; anew for a frame, which may change."""
    if not isinstance(table, StoredRows):
        return make()
    if key not in table.known:
        table.known[key] = make()
    return table.known[key]


def require_single(table: Rows, *columns: str) -> None:
    """Raise :class:`TableError` where a column of either kind of table holds several values."""
    for column in columns:
        found = distinct(table, column)
        if len(found) > 1:
            raise TableError(
                f"column {column!r} holds {sorted(map(str, found))}; aggregates describe one "
                f"{column} at a time, so select its rows first"
            )
