"""Could one read the model's own attention or gates instead of learning a mask?"""

from __future__ import annotations

from linguagraph.aggregates import compile_items, soft_gate_histogram, soft_gates
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, shown
from .gate_words import equal_words
from .graph_drawings import draw_attention
from .params import Params
from .phrases import number
from .soft_gates import gates_at_equal_size, top_shape

__all__ = ["run"]

NAME, TITLE = "attention", "The model's own weights"
COLUMNS = ["layer", "n", "mean", "sd", "mean_retained", "mean_superfluous", "auc"]


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """The model's scalar weights of messages, and its score with the largest; nothing without."""
    items = compile_items(tables.edges)
    table = soft_gates(items, resampling=params.resampling)
    if table.empty:
        return ()
    top = gates_at_equal_size(tables, params)
    whole, bins = rows(table)[0], soft_gate_histogram(items)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(whole, top, params),
            figures=(draw_attention(bins, whole),),
            tables=(
                shown(
                    "attention",
                    "Weights by layer; each edge of each graph once. n: edges; mean_retained, "
                    "mean_superfluous: by the seeds' votes; auc: chance that a retained edge has a "
                    "larger weight than a superfluous one (0.5: weights say nothing).",
                    table[COLUMNS],
                ),
                shown(
                    "attention_histogram",
                    "Number of edges by weight, all layers.",
                    bins,
                    percent=("share",),
                    folded=True,
                ),
            ),
            notes=(
                "Weight: the number by which the model itself scales a message, attention (mean "
                "over heads) or a gate. It need not say what the message is worth. Attention adds "
                "up to 1 over the edges into a node, so that it is small where there are many.",
                "At equal sparsity: per graph and layer as many edges as the mask retains, those "
                "with the largest weights, with the probe's baselines for the others; chance is "
                "the same number drawn at random, once per seed.",
            ),
            summary={NAME: _summary(whole, top)},
        ),
    )


def _finding(whole: Row, top: tuple[Row, Row] | None, params: Params) -> str:
    text = f"Weights have mean {whole['mean']:.2f} and standard deviation {whole['sd']:.2f}"
    if whole["sd"] == 0:
        return text + ": all are equal, so they rank nothing."
    return f"{text}. {equal_words(top, params)}"


def _summary(whole: Row, top: tuple[Row, Row] | None) -> Row:
    shape = top_shape(top)
    if shape is not None:
        shape = {("score" if key == "f1" else key): value for key, value in shape.items()}
    return {key: number(whole[key]) for key in ("mean", "sd", "auc")} | {"top": shape}
