"""Tables of a report -> CSV, LaTeX and Parquet files that say what they were made from."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linguagraph.errors import ReportError
from linguagraph.files import replaced, write_text
from linguagraph.reports.latex import to_latex
from linguagraph.reports.names import check_names
from linguagraph.reports.save import to_json
from linguagraph.reports.sections import Section, TableBlock

__all__ = ["PROVENANCE", "export_tables", "provenance", "write_csv", "write_parquet"]

PROVENANCE = b"linguagraph"
"""Key of the provenance, as JSON, in the metadata of a Parquet file."""

_KEPT = ("linguagraph", "versions", "created", "seeds", "options", "params", "dropped")


def provenance(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a table was made from: versions, corpus, model and probes with their fingerprints.

    ``manifest`` holds the run's manifest as a whole beside it.
    """
    model, corpus = dict(manifest.get("model") or {}), dict(manifest.get("corpus") or {})
    probes = [dict(probe) for probe in manifest.get("probes") or []]
    found = {key: manifest[key] for key in _KEPT if key in manifest}
    return {
        **found,
        "corpus": {key: corpus.get(key) for key in ("name", "fingerprint", "label_set")},
        "model": {key: model.get(key) for key in ("name", "fingerprint")},
        "probes": [{key: probe.get(key) for key in ("seed", "fingerprint")} for probe in probes],
        "manifest": dict(manifest),
    }


def export_tables(
    sections: Iterable[Section], directory: str | Path, *, manifest: Mapping[str, Any]
) -> list[Path]:
    """Write every table of the sections as ``NAME.csv``, ``.tex`` and ``.parquet``.

    ``README.txt`` beside them says what each table holds and what all were made from.

    Args:
        directory: made if missing; files of other names are left alone.
        manifest: of the run.

    Returns:
        The files, in the order written.

    Raises:
        ReportError: table names are unsafe or used twice.
        OSError: a file cannot be written.
    """
    home = Path(directory)
    written = []
    blocks = [block for section in check_names(sections) for block in section.tables]
    for block in blocks:
        facts = {"table": block.name, "caption": block.caption, **provenance(manifest)}
        written.append(write_csv(block.frame, home / f"{block.name}.csv"))
        written.append(write_text(home / f"{block.name}.tex", to_latex(block)))
        written.append(write_parquet(block.frame, home / f"{block.name}.parquet", facts))
    written.append(write_text(home / "README.txt", _readme(blocks, manifest)))
    return written


def write_csv(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a table as CSV with a header line, all or nothing; missing values are empty cells."""
    return write_text(path, frame.to_csv(index=False, lineterminator="\n"))


def write_parquet(frame: pd.DataFrame, path: str | Path, facts: Mapping[str, Any]) -> Path:
    """Write a table as Parquet with ``facts`` in its metadata, all or nothing.

    Read the facts back with
    ``json.loads(pyarrow.parquet.read_schema(path).metadata[b"linguagraph"])``.

    Raises:
        ReportError: a column holds values that Parquet has no type for.
    """
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ReportError(f"{Path(path).name}: {error}; Parquet needs one type a column") from error
    metadata = {**(table.schema.metadata or {}), PROVENANCE: to_json(facts).encode()}
    with replaced(path) as temporary:
        buffer = io.BytesIO()
        pq.write_table(table.replace_schema_metadata(metadata), buffer, compression="zstd")
        temporary.write_bytes(buffer.getvalue())
    return Path(path)


def _readme(blocks: Iterable[TableBlock], manifest: Mapping[str, Any]) -> str:
    facts = {key: value for key, value in provenance(manifest).items() if key != "manifest"}
    lines = ["Tables, each as CSV, LaTeX (booktabs) and Parquet.", ""]
    lines += [f"{block.name}: {' '.join(block.caption.split())}" for block in blocks]
    plain = json.loads(to_json(facts))
    lines += ["", "Made from:", json.dumps(plain, indent=2, ensure_ascii=False)]
    return "\n".join(lines) + "\n"
