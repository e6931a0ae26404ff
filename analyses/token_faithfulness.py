"""Are the kept tokens, and not just any tokens, what the model's score rests on?"""

from __future__ import annotations

from linguagraph.aggregates import faithfulness, faithfulness_by_seed
from linguagraph.edges.storage import RunTables
from linguagraph.figures import bars, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock, Section

from .blocks import Row, nothing, question, rows, rows_by, shown
from .faithfulness import BRIEF, PERCENT
from .params import Params
from .phrases import difference, percent, verdict
from .shapes import faithfulness_shape
from .token_parts import masks_of, states_of

__all__ = ["run"]

NAME, TITLE = "faithfulness", "Faithfulness"
CONDITIONS = {
    "original": "all tokens (original)",
    "retained_100": "kept tokens",
    "retained_75": "random 75% of the kept",
    "retained_50": "random 50% of the kept",
    "retained_25": "random 25% of the kept",
    "retained_0": "no token",
    "random_labels": "random, same number and parts of speech",
    "random": "random, same number",
    "complement": "all but the kept tokens",
}
"""Conditions of the score table, as the section names them."""

CONTROLS = ("random_labels", "random", "complement")
VERDICTS = {
    -1: "the choice of tokens carries the score, not their number",
    0: "nothing shows that the choice of tokens matters more than their number",
    1: "these do better, so the mask cannot be called faithful",
}


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """The score with the kept tokens alone, with parts of them, and with others instead."""
    table = faithfulness(tables.scores, resampling=params.resampling)
    if table.empty:
        return (nothing(NAME, TITLE, __doc__, "no condition was scored", summary={NAME: {}}),)
    against = faithfulness(tables.scores, resampling=params.resampling, reference="retained_100")
    by_seed = faithfulness_by_seed(tables.scores)
    whole = table[table["predicate_type"] == "all"].reset_index(drop=True)
    names = CONDITIONS | {
        f"mask_{k}": f"mask of {state}" for k, state in enumerate(states_of(masks_of(tables)))
    }
    drawn = whole.assign(name=[names.get(c, c) for c in whole["condition"]])
    figure = bars(drawn, y="name", x="f1", low="f1_low", high="f1_high", xlabel=params.score_title)
    spoken = ", ".join(f"{r['name']} {percent(r['f1'])}" for r in rows(drawn))
    caption = f"{params.score_title} by tokens kept, mean over seeds, {params.level:.0%} intervals."
    block = FigureBlock(
        "faithfulness_f1",
        caption,
        f"{params.score_title}: {spoken}.",
        to_svg(figure),
        to_pdf(figure),
        data="faithfulness_by_type",
    )
    said = (
        f"{params.score_title} with all tokens, the kept ones, parts of them, and others in their "
        f"place. Means and sd over seeds; low, high: {params.level:.0%} interval over sentences; "
        "difference: from the original; gold: roles, n of recall; edges: tokens; kept: of them."
    )
    caption = "The same by predicate type, with all intervals."
    types = shown("faithfulness_by_type", caption, table, percent=PERCENT, folded=True)
    caption = "The same per seed (-1: the condition has no seed)."
    seeds = shown("faithfulness_by_seed", caption, by_seed, percent=PERCENT, folded=True)
    conditions = rows_by(table, "condition", kind="all")
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(conditions, rows_by(against, "condition", kind="all"), params),
            figures=(block,),
            tables=(shown("faithfulness", said, whole[BRIEF], percent=PERCENT), types, seeds),
            notes=(
                "The mask is that of the top layer, for which all gates have voted. Random tokens "
                "are drawn once per seed and example, as many as are kept, or as many of each part "
                "of speech; all but the kept tokens: what is left when these are deleted.",
                "Tokens that are dropped become the learned baseline in all conditions, so that a "
                "random choice is not worse for looking unlike any input.",
            ),
            summary={NAME: faithfulness_shape(table, by_seed)},
        ),
    )


def _finding(whole: dict[str, Row], masked: dict[str, Row], params: Params) -> str:
    if "retained_100" not in whole:
        return "The score with the kept tokens alone was not measured."
    kept = whole["retained_100"]
    text = f"With the kept tokens ({percent(kept['kept'])}) {params.score} is "
    text += f"{percent(kept['f1'])}, compared with the original: {_words(kept, params)}"
    for name in CONTROLS:
        if name in masked:
            row = masked[name]
            text += f". {CONDITIONS[name].capitalize()}, compared with the mask: "
            text += _words(row, params)
            if name != "complement":
                said = verdict(VERDICTS, row["difference_low"], row["difference_high"])
                text += f"; {said.rstrip('.')}"
    return f"{text}."


def _words(row: Row, params: Params) -> str:
    ends = (row["difference_low"], row["difference_high"])
    return difference(row["difference"], *ends, level=params.level)
