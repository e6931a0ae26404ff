"""Graphs of many texts -> files: tables that grow, safe names, outputs that appear all at once."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linguagraph.columns import Table
from linguagraph.files import replaced

__all__ = ["clear", "records", "replaced_outputs", "slug", "table_writer"]


def clear(out: Path, names: Iterable[str]) -> None:
    """Remove files and folders of these names from a directory."""
    for name in names:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def replaced_outputs(out: str | Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield a temporary folder within ``out``; on success its content takes the place of ``names``.

    On failure everything is as before, and ``out`` is not there if it was not. The last of the
    names goes first and comes last, so that it tells whether the others are whole.

    Args:
        out: directory, made if it is missing.
        names: files and folders that may be written, and of which no earlier ones stay.
    """
    out = Path(out)
    made = [path for path in (out, *out.parents) if not path.exists()]
    out.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".graphs.", suffix=".part", dir=out))
    try:
        yield temporary
        clear(out, reversed(names))
        for name in names:
            if (temporary / name).exists():
                os.replace(temporary / name, out / name)
        made = []
    finally:
        shutil.rmtree(temporary)
        with suppress(OSError):  # not empty: someone else uses it by now
            for path in made:
                path.rmdir()


@contextmanager
def table_writer(path: Path, table: Table) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Append frames to a Parquet file, which appears when all have been written."""
    with (
        replaced(path) as temporary,
        pq.ParquetWriter(temporary, table.schema, compression="zstd") as writer,
    ):

        def write(frame: pd.DataFrame) -> None:
            rows = pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False)
            writer.write_table(rows)

        yield write


def slug(name: str, default: str = "document") -> str:
    """A part of a file name: letters, digits, ``.``, ``_`` and ``-`` only."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:60].strip("._") or default


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON values; NaN becomes null."""
    return [
        {str(key): None if value != value else value for key, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]
