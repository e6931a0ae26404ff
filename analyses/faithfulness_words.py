"""Rows of the faithfulness table in, the words of its section's finding out."""

from __future__ import annotations

from .blocks import Row
from .drawings import CONDITIONS
from .params import Params
from .phrases import difference, percent, verdict

__all__ = ["faithfulness_words"]

VERDICTS = {
    -1: "the choice of edges carries the score, not their number.",
    0: "nothing shows that the choice of edges matters more than their number.",
    1: "random edges do better, so the mask cannot be called faithful.",
}
NEIGHBOURS = {
    -1: "what the mask learned goes beyond them.",
    0: "nothing shows that the mask learned more than to keep these.",
    1: "they do better than what the mask learned.",
}
UNLEARNED = {
    -1: "what the mask chooses goes beyond them.",
    0: "nothing shows that the mask chooses better than to keep these.",
    1: "they do better than what the mask chooses.",
}


def faithfulness_words(
    whole: dict[str, Row],
    masked: dict[str, Row],
    params: Params,
    *,
    controls: tuple[str, ...] = ("random_labels", "random"),
    learned: bool = True,
) -> str:
    """The finding: rows by condition, compared with the original and with the mask.

    The first control that was run is spoken of. ``learned``: whether anything was, for the mask.
    """
    if "retained_100" not in whole:
        return "The score with the retained edges alone was not measured."
    kept = whole["retained_100"]
    text = (
        f"With the retained edges ({percent(kept['kept'])}) {params.score} is {percent(kept['f1'])}"
    )
    if "original" in whole:
        text += f", compared with the original: {_words(kept, params)}"
    part = next((c for c in (f"retained_{p}" for p in (75, 50, 25, 0)) if c in whole), None)
    if part is not None:
        text += f"; with {CONDITIONS[part]}, compared with the mask: {_words(masked[part], params)}"
    control = next((c for c in controls if c in whole), None)
    if control is None:
        return text + ". No random control was run, so nothing shows that the choice matters."
    row = masked[control]
    text += f". The control ({CONDITIONS[control]}), compared with the mask: {_words(row, params)}"
    text += f"; {verdict(VERDICTS, row['difference_low'], row['difference_high'])}"
    near = masked.get("predicate_edges")
    if near is None:
        return text
    start = "Without learning, all" if learned else "All"
    text += f" {start} edges of the predicate ({percent(near['kept'])}), compared "
    text += f"with the mask ({percent(kept['kept'])}): {_words(near, params)}; "
    words = NEIGHBOURS if learned else UNLEARNED
    return text + verdict(words, near["difference_low"], near["difference_high"])


def _words(row: Row, params: Params) -> str:
    ends = (row["difference_low"], row["difference_high"])
    return difference(row["difference"], *ends, level=params.level)
