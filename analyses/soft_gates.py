"""Could one read the model's own soft gates instead of learning a mask?"""

from __future__ import annotations

from typing import Any

from linguagraph.aggregates import compile_items, faithfulness, soft_gate_histogram, soft_gates
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, Row, nothing, question, rows, rows_by, shown
from .drawings import draw_soft_gates
from .params import Params
from .phrases import change, difference, number, percent, span

__all__ = ["run"]

NAME, TITLE = "soft_gates", "The model's own soft gates"
VERDICTS = {
    -1: "messages with small gates cannot be dispensed with, so the gates are no attribution.",
    0: "this threshold gives no evidence against reading the gates as an attribution.",
    1: "messages with small gates disturb this model.",
}


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Mean and spread of the scalar gates; the score without messages below mean - sd."""
    items = compile_items(tables.edges)
    table = soft_gates(items, resampling=params.resampling)
    if table.empty:
        return (nothing(NAME, TITLE, __doc__, "the model has no scalar gates, or none was saved"),)
    scores = faithfulness(tables.scores, resampling=params.resampling)
    score = rows_by(scores, "condition", kind="all").get("soft_gates")
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
            question=question(__doc__),
            finding=_finding(whole, score, params),
            figures=(draw_soft_gates(bins, whole),),
            tables=(main, full),
            notes=(
                "A gate scales a message; it need not say what the message is worth. The interval "
                "of the share holds mean and standard deviation fixed.",
            ),
            summary={NAME: _summary(whole, score)},
        ),
    )


def _finding(whole: Row, score: Row | None, params: Params) -> str:
    text = f"The soft gate has mean {whole['mean']:.2f} and standard deviation {whole['sd']:.2f}"
    if whole["sd"] == 0:
        return text + ": all gates are equal, so they rank nothing."
    text += (
        f"; {percent(whole['share'])} of messages lie more than one standard deviation below the "
        f"mean ({span(whole['low'], whole['high'], level=params.level)})"
    )
    if score is None:
        return text + ". The score without these messages was not measured."
    ends = (score["difference_low"], score["difference_high"])
    words = difference(score["difference"], *ends, level=params.level)
    text += f". Without the {percent(1 - score['kept'])} that are dropped, role F1 is "
    text += f"{percent(score['f1'])}, compared with the original: {words}"
    return f"{text}; {VERDICTS[change(*ends)]}"


def _summary(whole: Row, score: Row | None) -> dict[str, Any]:
    names = {"mean": "mean", "sd": "sd", "share_below": "share", "auc": "auc"}
    result = {key: number(whole[column]) for key, column in names.items()}
    for key in ("f1", "difference", "kept"):
        result[key] = None if score is None else number(score[key])
    return result
