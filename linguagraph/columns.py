"""Every table that stages exchange: columns, types, units, missing values; checked when read.

The tables of a run, all keyed by ``example`` (one predicate of one sentence):

* ``EDGES``: one row per example, layer, edge and seed; in graphs that reach beyond the sentence,
  edges from which no path leads to the sentence in the layers above have no row in a layer;
* ``PATHS``: one row per example, argument and seed: the dependency path from predicate to argument;
* ``ROLES``: one row per example and token that carries a gold or a predicted role;
* ``SCORES``: one row per condition, seed and sentence: counts for role F1;
* ``FIDELITY``: one row per graph (an example), condition, control, draw and fill: what the model
  answers on parts of the edges; only in runs for which it was measured;
* ``TOKEN_MASKS``: one row per example, layer, token and seed, where a method masks tokens instead
  of edges; ``EDGES`` and ``PATHS`` are empty then;
* ``TOP_PATHS``: one row per example, answer, path and step: the paths along which the gradient of
  an answer is largest; only in runs of a method that finds them;
* ``LEARNING``: one row per seed, check, layer, label and direction: what was retained when the
  probes were checked while they were trained; beside probes that were trained with this record.

Graphs that are not made of language (any other model's data, see :mod:`linguagraph.edges.graphs`)
use ``EDGES`` and ``SCORES`` alone, with a graph in the place of a sentence and of an example:
``corpus`` is the name of the data, ``document`` and ``predicate_lemma`` are empty, ``sentence`` and
``example`` the number of the graph, ``predicate_index`` is -1, ``predicate_type`` is "graph",
``source`` and ``target`` are nodes of the graph, ``direction`` is empty, ``kind`` names the set of
edges ("edges", or the edge type of a heterogeneous graph), offsets and ``token_distance`` are 0,
``target_kind`` is "elsewhere". Scores count answers: all of them are predicted, and gold.

Question answering (:mod:`linguagraph.runs.qa`) uses the same two tables, with an item in the place
of a graph: ``source`` and ``target`` are mentions, ``label`` is the relation, ``kind`` is "edges".
Four tables say more (:data:`QA_TABLES`): ``ITEMS`` and ``MENTIONS``, one row per question and per
node; ``CHAINS``, one row per item, method, seed and control: what a mask keeps of the gold
reasoning; ``ATTRIBUTIONS``, one row per item, method, seed, layer and level: how scores spread.

Column kinds: ``category`` (a repeated string, dictionary-encoded), ``string``, ``int``, ``float``,
``bool`` and ``ints`` (a list of integers). Only columns marked nullable may hold missing values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from linguagraph.errors import TableError

__all__ = ["ATTRIBUTIONS", "CHAINS", "EDGES", "FIDELITY", "GRAPHS", "ITEMS", "LEARNING", "MASKS"]
__all__ += ["MENTIONS", "MORE", "PATHS", "QA_TABLES", "ROLES", "SCORES", "TABLES", "TOKEN_MASKS"]
__all__ += ["TOP_PATHS", "Column", "Table"]

_ARROW: dict[str, pa.DataType] = {
    "category": pa.dictionary(pa.int32(), pa.string()),
    "string": pa.string(),
    "int": pa.int32(),
    "float": pa.float32(),
    "bool": pa.bool_(),
    "ints": pa.list_(pa.int32()),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name, kind: see the module.
        meaning: with the unit.
        nullable: whether values may be missing.
        default: value of all rows of a table that was written before the column existed; ``None``
            where it must be there.
    """

    name: str
    kind: str
    meaning: str
    nullable: bool = False
    default: str | int | None = None


@dataclass(frozen=True)
class Table:
    """A named set of columns, in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that every such table has."""
        return tuple(column.name for column in self.columns if column.default is None)

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema; each field carries its meaning as metadata."""
        return pa.schema(
            [
                pa.field(c.name, _ARROW[c.kind], c.nullable, {b"meaning": c.meaning.encode()})
                for c in self.columns
            ]
        )

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return ``frame`` in this table's column order and types, defaults filled in.

        Raises:
            TableError: a column is missing, unknown, of another kind, or holds a forbidden null.
        """
        missing = [name for name in self.required if name not in frame.columns]
        unknown = [name for name in frame.columns if name not in self.names]
        if missing or unknown or not frame.columns.is_unique:
            raise TableError(
                f"table {self.name!r}: missing columns {missing}, unknown columns {unknown}; "
                f"expected {list(self.names)}, each once"
            )
        return pd.DataFrame(
            {
                c.name: _checked(self.name, c, frame[c.name])
                if c.name in frame.columns
                else _filled(c, frame)
                for c in self.columns
            }
        )

    def empty(self) -> pd.DataFrame:
        """The table without rows."""
        return self.check(pd.DataFrame({name: [] for name in self.names}))


def _filled(column: Column, frame: pd.DataFrame) -> pd.Series:
    if column.kind == "category":
        codes = np.zeros(len(frame), dtype=np.int8)
        values = pd.Categorical.from_codes(codes, categories=pd.Index([column.default]))
        return pd.Series(values, index=frame.index)
    return _convert(column, pd.Series(column.default, index=frame.index))


def _checked(table: str, column: Column, values: pd.Series) -> pd.Series:
    if not column.nullable and bool(values.isna().any()):
        raise TableError(
            f"table {table!r}, column {column.name!r}: {int(values.isna().sum())} missing values, "
            "none allowed"
        )
    try:
        return _convert(column, values)
    except (ValueError, TypeError) as error:
        raise TableError(
            f"table {table!r}, column {column.name!r}: expected {column.kind}, "
            f"found {values.dtype} ({error})"
        ) from error


def _convert(column: Column, values: pd.Series) -> pd.Series:
    kind = column.kind
    if kind == "category":
        strings = values.cat.categories if hasattr(values, "cat") else values.dropna()
        _require(strings, str)
        return values.astype("category")
    if kind == "string":
        _require(values.dropna(), str)
        return values.astype("object")
    if kind == "ints":
        if any(isinstance(value, str) or not isinstance(value, Sized) for value in values):
            raise TypeError("not lists")
        return values.astype("object")
    if kind == "int":
        if values.dtype == np.int32 and not column.nullable:
            return values
        numbers = pd.to_numeric(values)
        if bool((numbers.dropna() % 1 != 0).any()):
            raise ValueError("fractions")
        if bool((numbers.dropna().abs() >= 2**31).any()):
            raise ValueError("numbers beyond 32 bits")
        return numbers.astype("Int32" if column.nullable else "int32")
    if kind == "bool":
        if not (values.empty or pd.api.types.is_bool_dtype(values.dtype)):
            raise ValueError("not boolean")
        return values.astype("bool")
    return pd.to_numeric(values).astype("float32")


def _require(values: Iterable[object], kind: type) -> None:
    wrong = next((value for value in values if not isinstance(value, kind)), None)
    if wrong is not None:
        raise TypeError(f"{wrong!r} is not a {kind.__name__}")


_EXAMPLE = (
    Column("corpus", "category", "name of the corpus"),
    Column("document", "category", "document identifier; empty where the format has none"),
    Column("sentence", "int", "sentence, counted from 0 over the corpus"),
    Column("example", "int", "example (one predicate), counted from 0 over the corpus"),
    Column("predicate_index", "int", "token index of the predicate, from 0"),
    Column("predicate_lemma", "category", "lemma of the predicate"),
    Column(
        "predicate_type",
        "category",
        "V, N, J or O, from the part of speech; graph without language",
    ),
)

EDGES = Table(
    "edges",
    (
        *_EXAMPLE,
        Column("model", "category", "name of the explained model"),
        Column("method", "category", "masking method"),
        Column("seed", "int", "seed of the probe"),
        Column("layer", "int", "GNN layer, 0 is the bottom"),
        Column("edge", "int", "edge id within the example's graph, from 0"),
        Column("source", "int", "token index of the edge's source in its sentence"),
        Column("target", "int", "token index of the edge's target in its sentence"),
        Column("label", "category", "dependency label as in the corpus, or another edge's label"),
        Column(
            "direction",
            "category",
            "-> flows from head to dependent, from antecedent to anaphor, from the earlier to the "
            "later token; <- back; empty in graphs that are not made of language",
        ),
        Column(
            "kind",
            "category",
            "what makes the edge: dependency, coreference, cooccurrence; or its set of edges",
            default="dependency",
        ),
        Column(
            "source_offset",
            "int",
            "sentences from the example's sentence to the source's: 0 the same, -1 the one before",
            default=0,
        ),
        Column("target_offset", "int", "the same for the target", default=0),
        Column("token_distance", "int", "|source - target| in tokens of the document"),
        Column("score", "float", "probability that the gate is open, in [0, 1]"),
        Column("retained", "bool", "whether the gate is open"),
        Column("soft_gate", "float", "the model's own scalar gate, in [0, 1]", nullable=True),
        Column(
            "target_kind",
            "category",
            "what the target is in the unmasked prediction: predicate (of this example), argument "
            "(of this example), other_argument (of another predicate of the sentence only), "
            "elsewhere",
        ),
        Column("target_role", "category", "predicted role of the target, if any", nullable=True),
        Column("target_gold_role", "category", "gold role of the target, if any", nullable=True),
        Column(
            "needed",
            "category",
            "whether the answer depends on this edge in this layer, known where data are made to "
            "a rule: yes, no; empty where it is not known",
            default="",
        ),
    ),
)

PATHS = Table(
    "paths",
    (
        *_EXAMPLE,
        Column("model", "category", "name of the explained model"),
        Column("method", "category", "masking method"),
        Column("seed", "int", "seed of the probe"),
        Column("argument_index", "int", "token index of the predicted argument"),
        Column("role", "category", "predicted role"),
        Column("gold_role", "category", "gold role of that token, if any", nullable=True),
        Column("path", "category", "edges from predicate to argument, e.g. '<-xcomp ->nsubj'"),
        Column(
            "path_length", "int", "edges on the path; 0 where the predicate is its own argument"
        ),
        Column("token_distance", "int", "|predicate - argument| in tokens"),
        Column("retained_by_layer", "ints", "path edges retained in each layer, bottom first"),
        Column(
            "subpath_length",
            "int",
            "length of the longest retained subpath that ends in the argument and takes one edge "
            "per layer in ascending layers; 0 if none",
        ),
    ),
)

ROLES = Table(
    "roles",
    (
        *_EXAMPLE,
        Column("model", "category", "name of the explained model"),
        Column("token", "int", "token index"),
        Column("token_distance", "int", "|predicate - token| in tokens"),
        Column("gold_role", "category", "gold role, if any", nullable=True),
        Column("role", "category", "role predicted by the unmasked model, if any", nullable=True),
    ),
)

SCORES = Table(
    "scores",
    (
        Column("model", "category", "name of the explained model"),
        Column("method", "category", "masking method"),
        Column(
            "condition",
            "category",
            "original (no mask); retained_100 (the mask), retained_75 ... retained_0 (a random part"
            " of the retained edges); random (per example and layer as many edges as the mask); "
            "random_labels (as many of each label and direction, too); soft_gates_top (per example "
            "and layer as many edges, those with the model's largest own gates); predicate_edges "
            "(the edges that leave or enter the predicate); for masks over tokens complement (all "
            "tokens but the mask's) and mask_K (the mask of layer K); soft_gates (edges with the "
            "model's own gate below mean - sd dropped); without_KIND (all edges but those of a "
            "kind), removed_KIND (the same, with nothing in the place of their messages); for "
            "questions removed_RELATION and removed_layer_K",
        ),
        Column("seed", "int", "seed of the probe; -1 where the condition has none"),
        Column("sentence", "int", "sentence, counted from 0 over the corpus"),
        Column("predicate_type", "category", "V, N, J or O; graph without language"),
        Column(
            "correct",
            "int",
            "predicted (predicate, token, role) triples that are gold; right answers for graphs",
        ),
        Column("predicted", "int", "predicted triples; answers for graphs"),
        Column("gold", "int", "gold triples; answers for graphs"),
        Column("kept", "int", "edges kept, summed over layers"),
        Column("edges", "int", "edges, summed over layers"),
    ),
)

FIDELITY = Table(
    "fidelity",
    (
        Column("model", "category", "name of the explained model"),
        Column("method", "category", "masking method"),
        Column("seed", "int", "seed of the probe or method"),
        Column("sentence", "int", "sentence, from 0 over the corpus; without language the graph"),
        Column("predicate_type", "category", "V, N, J or O; graph where there is no language"),
        Column("graph", "int", "graph (an example), counted from 0 over what was measured"),
        Column(
            "condition",
            "category",
            "keep_P (the P% of the edges with the highest scores), drop_P (all but these), mask "
            "(the retained edges), complement (all but these)",
        ),
        Column(
            "control",
            "category",
            "method (the mask's own choice), random (as many per graph and layer), random_labels "
            "(as many per graph, layer and edge label)",
        ),
        Column("draw", "int", "number of the random draw, from 0; 0 for the method"),
        Column("fill", "category", "what dropped messages are replaced by: baselines or zeros"),
        Column("kept", "int", "edges kept, summed over layers"),
        Column("edges", "int", "edges, summed over layers"),
        Column("units", "int", "units (nodes, tokens, graphs) whose answers count"),
        Column("confidence", "float", "probability of the original answers, mean over units"),
        Column("original_confidence", "float", "the same with all edges"),
        Column("same", "float", "share of the units whose answer stays"),
        Column("divergence", "float", "divergence of the outputs from the original ones"),
        Column(
            "kl", "float", "KL divergence from the original in nats, mean over units", nullable=True
        ),
        Column("correct", "float", "share of the units with the gold answer", nullable=True),
        Column("original_correct", "float", "the same with all edges", nullable=True),
        Column(
            "correct_changed",
            "float",
            "share of the units that are right with all edges and wrong here, or the reverse",
            nullable=True,
        ),
    ),
)

LEARNING = Table(
    "learning",
    (
        Column("seed", "int", "seed of the probe"),
        Column("check", "int", "number of the check, from 0"),
        Column("epoch", "float", "epochs of training before the check"),
        Column("lowest", "int", "lowest layer that had gates"),
        Column("layer", "int", "GNN layer, 0 is the bottom; only layers with gates"),
        Column("label", "category", "edge label; <unk> for labels unknown to the model"),
        Column("direction", "category", "-> or <-"),
        Column("edges", "int", "edges of the development examples that can matter in the layer"),
        Column("retained", "int", "those whose gate is open"),
    ),
)

TOKEN_MASKS = Table(
    "token_masks",
    (
        *_EXAMPLE,
        Column("model", "category", "name of the explained model"),
        Column("method", "category", "masking method"),
        Column("seed", "int", "seed of the gates"),
        Column("layer", "int", "states up to which the gates have voted: 0 is the input"),
        Column("state", "category", "name of these states: input, encoder, layer 1 and so on"),
        Column("token", "int", "token index in the sentence"),
        Column("form", "category", "the token as written"),
        Column("upos", "category", "its universal part of speech", nullable=True),
        Column("xpos", "category", "its part of speech in the corpus's own set", nullable=True),
        Column("deprel", "category", "label of the dependency on its head", nullable=True),
        Column("token_distance", "int", "|predicate - token| in tokens"),
        Column(
            "kind",
            "category",
            "what the token is in the unmasked prediction: predicate (of this example), argument "
            "(of this example), other_argument (of another predicate of the sentence only), "
            "elsewhere",
        ),
        Column("role", "category", "its predicted role, if any", nullable=True),
        Column("gold_role", "category", "its gold role, if any", nullable=True),
        Column("score", "float", "probability that the token is kept, in [0, 1]"),
        Column("retained", "bool", "whether it is kept"),
    ),
)

TOP_PATHS = Table(
    "top_paths",
    (
        *_EXAMPLE,
        Column("model", "category", "name of the explained model"),
        Column("method", "category", "method that finds the paths"),
        Column("seed", "int", "seed of the method; 0 where it has no noise"),
        Column("token", "int", "token whose answer the path leads to"),
        Column("role", "category", "predicted role of that token; empty where it has none"),
        Column("rank", "int", "0 for the best path of the answer, then 1 and so on"),
        Column("start", "int", "token at which the path starts, in the input"),
        Column("value", "float", "product of the absolute derivatives along the path"),
        Column("share", "float", "the value in the sum over all paths of the answer, in [0, 1]"),
        Column("layer", "int", "GNN layer of this step, 0 is the bottom"),
        Column("source", "int", "token index that the step leaves"),
        Column("target", "int", "token index that it enters; the source where it stays"),
        Column("label", "category", "label of the edge; empty where the step stays at its token"),
        Column("direction", "category", "-> or <-; empty where the step stays"),
    ),
)

GRAPHS = Table(
    "graphs",
    (
        Column("sentence", "int", "sentence, counted from 0 over the corpus"),
        Column("nodes", "int", "nodes of the sentence's graph"),
        Column("edge", "int", "edge id within the graph, from 0; -1 in the row of an empty graph"),
        Column("source", "int", "node the edge leaves; -1 in the row of an empty graph"),
        Column("target", "int", "node the edge enters; -1 in the row of an empty graph"),
        Column("label", "category", "edge label; empty in the row of an empty graph"),
        Column("direction", "category", "-> or <-; empty in the row of an empty graph"),
    ),
)

ITEMS = Table(
    "items",
    (
        Column("example", "int", "item, counted from 0"),
        Column("id", "string", "identifier in the file"),
        Column("query", "string", "the query as in the file"),
        Column("relations", "category", "its relations, joined by __"),
        Column("subject", "string", "the entity asked about"),
        Column("answer_type", "category", "kind of answer; empty where the file does not say"),
        Column("supports", "int", "supports"),
        Column("candidates", "int", "candidates"),
        Column("nodes", "int", "mentions, the nodes of the entity graph"),
        Column("predicted", "string", "candidate that the unmasked model predicts"),
        Column("answer", "string", "the right candidate, where known", nullable=True),
        Column("correct", "category", "yes or no; empty where the answer is not known"),
        Column("gold_subject_support", "int", "gold support of the subject; -1 where not known"),
        Column("gold_answer_support", "int", "gold support of the answer; -1 where not known"),
        Column("bridge", "string", "gold entity between them; empty where not known"),
    ),
)

MENTIONS = Table(
    "mentions",
    (
        Column("example", "int", "item, counted from 0"),
        Column("node", "int", "number of the node, from 0, in the order of the text"),
        Column("support", "int", "support that it is in, from 0"),
        Column("start", "int", "first word in the support"),
        Column("end", "int", "the word after the last"),
        Column("text", "string", "as written"),
        Column("left", "string", "up to 60 characters before it"),
        Column("right", "string", "up to 60 characters after it"),
        Column("role", "category", "candidate, subject, bridge or coreferent"),
        Column("candidate", "int", "candidate that it mentions, from 0; -1 for none"),
        Column("chain", "int", "coreference chain in the item; -1 for none"),
        Column("predicted", "bool", "mentions what the unmasked model predicts"),
        Column("answer", "bool", "mentions the right answer"),
        Column("gold_support", "category", "subject or answer, for mentions in a gold support"),
        Column("gold_bridge", "bool", "mentions the gold bridge"),
    ),
)

_MASKED = (
    Column("method", "category", "masking method"),
    Column("seed", "int", "seed of the probe or method"),
    Column("example", "int", "item, counted from 0"),
)

CHAINS = Table(
    "chains",
    (
        *_MASKED,
        Column(
            "control",
            "category",
            "method (the mask's own choice), random (as many edges per layer), random_labels (as "
            "many per layer and relation)",
        ),
        Column("draw", "int", "number of the random draw, from 0; 0 for the method"),
        Column("retained", "int", "edges retained, summed over layers"),
        Column("edges", "int", "edges, summed over layers"),
        Column("gold_retained", "int", "retained edges with both ends in the gold supports"),
        Column("gold_edges", "int", "edges with both ends in the gold supports"),
        Column("supports", "int", "gold supports (0 to 2) that a retained edge enters or leaves"),
        Column(
            "path",
            "bool",
            "whether retained edges in ascending layers lead from a mention of the subject to one "
            "of the right answer",
        ),
        Column("gold_path", "bool", "the same, within the gold supports throughout"),
        Column("bridge_path", "bool", "the same, and over a mention of the gold bridge on the way"),
    ),
)

ATTRIBUTIONS = Table(
    "attributions",
    (
        *_MASKED,
        Column("layer", "int", "GNN layer, 0 is the bottom"),
        Column("level", "float", "attribution level in [0, 1)"),
        Column("above", "int", "edges with a score above the level"),
        Column("edges", "int", "edges of the item"),
        Column("total", "float", "sum of the scores in the layer, the same for all levels"),
    ),
)

MASKS = Table(
    "masks",
    (
        Column("sentence", "int", "sentence of the example, from 0 over the corpus", default=-1),
        Column("predicate_index", "int", "token index of its predicate, from 0", default=-1),
        Column(
            "example", "int", "the example's number in the run, in the place of both", default=-1
        ),
        Column("layer", "int", "GNN layer, 0 is the bottom"),
        Column("source", "int", "token index that the message leaves, from 0", default=-1),
        Column("target", "int", "token index that it enters, from 0", default=-1),
        Column(
            "edge", "int", "the edge's id in the example's graph, in the place of both", default=-1
        ),
        Column(
            "direction",
            "category",
            "-> from head to dependent, <- back; may be left out, and is compared where given",
            default="",
        ),
        Column("seed", "int", "seed of the masks; 0 where there is one", default=0),
        Column("score", "float", "in [0, 1]; may be left out where retained is given"),
        Column("retained", "bool", "whether the edge is kept; may be left out with a threshold"),
    ),
)
"""Masks that were made elsewhere, for :mod:`linguagraph.runs.importing`: a row per edge and layer.

An example is named by its number or by sentence and predicate, an edge by its id or by its ends;
where both are given they must agree.
"""

QA_TABLES: dict[str, Table] = {
    table.name: table for table in (ITEMS, MENTIONS, CHAINS, ATTRIBUTIONS)
}
"""Further tables of runs on questions."""

MORE: tuple[Table, ...] = (FIDELITY, LEARNING, TOKEN_MASKS, TOP_PATHS, *QA_TABLES.values())
"""Tables that some runs have beside :data:`TABLES`."""

TABLES: dict[str, Table] = {table.name: table for table in (EDGES, PATHS, ROLES, SCORES)}
