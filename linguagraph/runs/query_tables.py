"""A run's Parquet files, tables and sentences -> what SQL sees: tables and views with columns.

Beside the tables of :mod:`linguagraph.columns` there are

* ``sentences``: ``sentence``, ``document``, ``id``, ``text``, ``length``, ``tokens`` (a list);
* ``tokens``: ``sentence``, ``token``, ``form``, ``lemma``, ``upos``, ``xpos``, ``feats``, ``head``
  (-1 for the root), ``deprel``;
* ``shares``: one row per example, layer and edge: what seeds agree on is a column of ``edges``;
  ``seeds``, ``retained_share``, mean ``score``, and ``retained`` by more than half of the seeds;
* ``words``: ``shares`` with the words at both ends of each edge; in runs on questions, which have
  no sentences, with the mentions at both ends: ``source_text``, ``source_role``, ``source_support``
  and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from linguagraph.columns import EDGES, LEARNING, MORE, TABLES, Table
from linguagraph.documents.records import Sentence
from linguagraph.edges.storage import RunTables
from linguagraph.errors import TableError

__all__ = [
    "DECLARED",
    "MENTIONED",
    "MENTION_WORDS",
    "SENTENCES",
    "SHARES",
    "TOKENS",
    "WORDS",
    "Sources",
    "sources_of_directory",
    "sources_of_tables",
    "text_tables",
]

DECLARED: dict[str, Table] = {**TABLES, **{t.name: t for t in MORE if t is not LEARNING}}
"""Tables that a run may have."""

SENTENCES = pa.schema(
    [
        ("sentence", pa.int32()),
        ("document", pa.string()),
        ("id", pa.string()),
        ("text", pa.string()),
        ("length", pa.int32()),
        ("tokens", pa.list_(pa.string())),
    ]
)
TOKENS = pa.schema(
    [
        ("sentence", pa.int32()),
        ("token", pa.int32()),
        *((name, pa.string()) for name in ("form", "lemma", "upos", "xpos", "feats")),
        ("head", pa.int32()),
        ("deprel", pa.string()),
    ]
)

_OF_A_SEED = ("seed", "score", "retained", "soft_gate")
_SHARED = ", ".join(name for name in EDGES.names if name not in _OF_A_SEED)
SHARES = (
    f"SELECT {_SHARED}, count(*)::INTEGER AS seeds, avg(retained::INTEGER) AS retained_share, "
    "avg(score) AS score, any_value(soft_gate) AS soft_gate, "
    f"avg(retained::INTEGER) > 0.5 AS retained FROM edges GROUP BY {_SHARED}"
)
"""The view of that name."""

_OWN = "form", "lemma", "upos", "xpos"
_ENDS = ", ".join(f"{end}.{name} AS {end}_{name}" for end in ("source", "target") for name in _OWN)
WORDS = (
    f"SELECT shares.*, predicate.form AS predicate_form, {_ENDS} FROM shares "
    "LEFT JOIN tokens predicate ON predicate.sentence = shares.sentence "
    "AND predicate.token = shares.predicate_index "
    + " ".join(
        f"LEFT JOIN tokens {end} ON {end}.sentence = shares.sentence + shares.{end}_offset "
        f"AND {end}.token = shares.{end}"
        for end in ("source", "target")
    )
)
"""The view of that name."""

MENTIONED = ("text", "role", "support")
_MENTIONS = ", ".join(
    f"{end}.{name} AS {end}_{name}" for end in ("source", "target") for name in MENTIONED
)
MENTION_WORDS = f"SELECT shares.* EXCLUDE (target_role), {_MENTIONS} FROM shares " + " ".join(
    f"LEFT JOIN mentions {end} ON {end}.example = shares.example AND {end}.node = shares.{end}"
    for end in ("source", "target")
)
"""The view ``words`` of runs on questions, with these columns of ``mentions`` at both ends.

The edge table's ``target_role`` is that of an argument, which questions do not have.
"""

_BATCH = 2000


@dataclass(frozen=True)
class Sources:
    """What a query may read.

    Attributes:
        tables: Arrow tables or data sets by name.
        sentences: called for the sentences, if SQL asks for them; ``None`` where there is no
            language.
        name: of the run, for messages.
    """

    tables: Mapping[str, pa.Table | ds.Dataset]
    sentences: Callable[[], Iterable[Sentence]] | None
    name: str


def sources_of_directory(
    directory: str | Path, sentences: Callable[[], Iterable[Sentence]] | None
) -> Sources:
    """The Parquet files of a run, read when and as far as a query needs them.

    Raises:
        TableError: the edge table is missing, or a file is damaged or has unknown columns.
    """
    home = Path(directory)
    found: dict[str, pa.Table | ds.Dataset] = {}
    for name, table in DECLARED.items():
        path = home / f"{name}.parquet"
        if path.is_file():
            found[name] = _dataset(path, table)
    if EDGES.name not in found:
        raise TableError(
            f"{home / 'edges.parquet'} is missing; run 'linguagraph tabulate' on the run first"
        )
    return Sources(found, sentences, str(directory))


def sources_of_tables(tables: RunTables) -> Sources:
    """The tables of a report in memory."""
    found: dict[str, pa.Table | ds.Dataset] = {}
    for name, table in DECLARED.items():
        frame = getattr(tables, name)
        if frame is not None:
            checked = table.check(frame)
            found[name] = pa.Table.from_pandas(checked, schema=table.schema, preserve_index=False)
    language = tables.manifest.get("language") is not False
    sentences = tables.sentences
    return Sources(found, sentences.values if language else None, "the report")


def text_tables(sentences: Iterable[Sentence]) -> tuple[pa.Table, pa.Table]:
    """The tables ``sentences`` and ``tokens``; lists of Python objects are short-lived."""
    texts: list[pa.RecordBatch] = []
    words: list[pa.RecordBatch] = []
    for part in _parts(sentences):
        texts.append(_sentence_rows(part))
        words.append(_token_rows(part))
    return pa.Table.from_batches(texts, SENTENCES), pa.Table.from_batches(words, TOKENS)


def _parts(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    part: list[Sentence] = []
    for sentence in sentences:
        part.append(sentence)
        if len(part) == _BATCH:
            yield part
            part = []
    yield part


def _sentence_rows(part: list[Sentence]) -> pa.RecordBatch:
    columns = (
        [s.index for s in part],
        [s.document for s in part],
        [s.id for s in part],
        [" ".join(s.forms) if s.text is None else s.text for s in part],
        [len(s) for s in part],
        [list(s.forms) for s in part],
    )
    return _batch(columns, SENTENCES)


def _token_rows(part: list[Sentence]) -> pa.RecordBatch:
    tokens = list(chain.from_iterable(s.tokens for s in part))
    sentence = [s.index for s in part for _ in s.tokens]
    names = TOKENS.names[2:]
    values = ([getattr(token, name) for token in tokens] for name in names)
    return _batch((sentence, [token.index for token in tokens], *values), TOKENS)


def _batch(columns: Iterable[Sequence[object]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def _dataset(path: Path, table: Table) -> ds.Dataset:
    try:
        found = ds.dataset(path, format="parquet")
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{path} is not a readable Parquet file: {error}") from error
    absent = set(table.required) - set(found.schema.names)
    unknown = set(found.schema.names) - set(table.names)
    if absent or unknown:
        raise TableError(
            f"{path} lacks the columns {sorted(absent)} and has the unknown columns "
            f"{sorted(unknown)}; expected {list(table.names)}"
        )
    return found
