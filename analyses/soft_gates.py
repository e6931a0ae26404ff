"""Could one read the model's own soft gates instead of learning a mask?"""

from __future__ import annotations

from typing import Any

from linguagraph.aggregates import compile_items, faithfulness, soft_gate_histogram, soft_gates
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, Row, nothing, question, rows, rows_by, shown
from .drawings import draw_soft_gates
from .gate_words import gate_words
from .method_words import method_words
from .params import Params
from .phrases import number

__all__ = ["gates_at_equal_size", "run", "top_shape"]

NAME, TITLE = "soft_gates", "The model's own soft gates"
UNLEARNED = "Do the model's own soft gates choose the same edges, or better ones?"


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """The scalar gates; the score with the largest of them, and without those below mean - sd."""
    items, method = compile_items(tables.edges), method_words(tables)
    asked = question(__doc__) if method.learned else UNLEARNED
    table = soft_gates(items, resampling=params.resampling)
    if table.empty:
        return (nothing(NAME, TITLE, asked, "the model has no scalar gates, or none was saved"),)
    score = _scores(tables, params, "original").get("soft_gates")
    top = gates_at_equal_size(tables, params)
    bins, whole = soft_gate_histogram(items), rows(table)[0]
    main = shown(
        "soft_gates",
        "Soft gates by layer; each edge of each example once. n: edges; k, share: those below "
        "threshold = mean - sd; mean_retained, mean_superfluous: by the seeds' votes; auc: chance "
        "that a retained edge has a larger gate than a superfluous one (0.5: gates say nothing).",
        table,
        percent=SHARE,
    )
    caption = "Number of edges by value of the soft gate, all layers."
    full = shown("soft_gates_histogram", caption, bins, percent=("share",), folded=True)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=asked,
            finding=gate_words(whole, score, top, params, learned=method.learned),
            figures=(draw_soft_gates(bins, whole),),
            tables=(main, full),
            notes=(
                "A gate scales a message; it need not say what the message is worth. The interval "
                "of the share holds mean and standard deviation fixed.",
                "At equal sparsity: per example and layer as many edges as the mask retains, those "
                f"with the largest gates, with {method.fills} for the others; chance "
                "is the same number drawn at random, once per seed. The threshold drops few edges, "
                "so it tests little by itself.",
            ),
            summary={NAME: _summary(whole, score, top)},
        ),
    )


def _scores(tables: RunTables, params: Params, reference: str) -> dict[str, Row]:
    """Rows of all predicate types by condition, with the difference from a reference."""
    table = faithfulness(tables.scores, resampling=params.resampling, reference=reference)
    return rows_by(table, "condition", kind="all")


def gates_at_equal_size(tables: RunTables, params: Params) -> tuple[Row, Row] | None:
    """The largest gates against the mask and against random edges of the same number."""
    mask, chance = (_scores(tables, params, name) for name in ("retained_100", "random"))
    if "soft_gates_top" not in mask or "retained_100" not in mask:
        return None
    return mask["soft_gates_top"], chance["soft_gates_top"]


def _summary(whole: Row, score: Row | None, top: tuple[Row, Row] | None) -> dict[str, Any]:
    names = {"mean": "mean", "sd": "sd", "share_below": "share", "auc": "auc"}
    result: dict[str, Any] = {key: number(whole[column]) for key, column in names.items()}
    for key in ("f1", "difference", "kept"):
        result[key] = None if score is None else number(score[key])
    result["top"] = top_shape(top)
    return result


def top_shape(top: tuple[Row, Row] | None) -> dict[str, Any] | None:
    """The part of the summary on :func:`gates_at_equal_size`; ``None`` without it."""
    if top is None:
        return None
    keys = {"f1": "f1", "kept": "kept", "from_mask": "difference"}
    keys |= {"from_mask_low": "difference_low", "from_mask_high": "difference_high"}
    result: dict[str, Any] = {key: number(top[0][column]) for key, column in keys.items()}
    return {**result, "from_random": number(top[1]["difference"])}
