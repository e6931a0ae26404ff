"""Numbers on the model's soft gates in, the words of their section's finding out."""

from __future__ import annotations

import math

from .blocks import Row
from .params import Params
from .phrases import change, difference, percent, span, verdict

__all__ = ["equal_words", "gate_words"]

VERDICTS = {
    -1: "messages with small gates cannot be dispensed with.",
    0: "this threshold alone gives no evidence against reading the gates as an attribution.",
    1: "messages with small gates disturb this model.",
}
EQUAL = {
    0: "nothing shows that the mask chooses better than the gates.",
    1: "the gates choose better than the mask, so these edges can be found without learning.",
}
EQUAL_UNLEARNED = {**EQUAL, 1: "the gates choose better than the mask."}
NO_SUBSTITUTE = "the gates are no substitute for the mask."
BELOW = {
    -1: "the gates choose even worse than chance and are no substitute for the mask.",
    0: "the gates choose no better than chance and are no substitute for the mask.",
    1: "the gates carry part of the information but are no substitute for the mask.",
}


def gate_words(
    whole: Row,
    score: Row | None,
    top: tuple[Row, Row] | None,
    params: Params,
    *,
    learned: bool = True,
) -> str:
    """The finding on soft gates.

    Args:
        whole: the row of all layers of ``soft_gates``.
        score: the condition ``soft_gates`` against the original; ``None`` if not measured.
        top: the condition ``soft_gates_top`` against the mask and against random edges.
        params: name of the score and level of intervals.
        learned: whether anything was learned for the mask.
    """
    text = f"The soft gate has mean {whole['mean']:.2f} and standard deviation {whole['sd']:.2f}"
    if whole["sd"] == 0:
        return text + ": all gates are equal, so they rank nothing."
    return f"{text}. {equal_words(top, params, learned=learned)} {_threshold(whole, score, params)}"


def equal_words(top: tuple[Row, Row] | None, params: Params, *, learned: bool = True) -> str:
    """How well the largest gates choose, against the mask and against random edges."""
    if top is None:
        return "The score with as many edges by the model's own gate was not measured."
    mask, chance = top
    ends = (mask["difference_low"], mask["difference_high"])
    text = (
        f"Keeping as many edges by the model's own gate ({percent(mask['kept'])}) gives "
        f"{params.score} {percent(mask['f1'])}, compared with the mask: {_words(mask, params)}"
    )
    if change(*ends) >= 0:
        return f"{text}; {verdict(EQUAL if learned else EQUAL_UNLEARNED, *ends)}"
    if math.isnan(chance["difference"]):
        return f"{text}; {NO_SUBSTITUTE}"
    text += f", and compared with random edges: {_words(chance, params)}"
    return f"{text}; {verdict(BELOW, chance['difference_low'], chance['difference_high'])}"


def _threshold(whole: Row, score: Row | None, params: Params) -> str:
    ends = span(whole["low"], whole["high"], level=params.level)
    text = f"{percent(whole['share'])} of gates lie over one standard deviation below the mean "
    text += f"({ends}); "
    if score is None:
        return text + "the score without these messages was not measured."
    text += f"without the {percent(1 - score['kept'])} dropped there, {params.score} is "
    text += f"{percent(score['f1'])}, compared with the original: {_words(score, params)}"
    return f"{text}; {verdict(VERDICTS, score['difference_low'], score['difference_high'])}"


def _words(row: Row, params: Params) -> str:
    ends = (row["difference_low"], row["difference_high"])
    return difference(row["difference"], *ends, level=params.level)
