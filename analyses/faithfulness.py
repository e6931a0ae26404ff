"""Are the retained edges, and not just any edges, what the model's score rests on?"""

from __future__ import annotations

from linguagraph.aggregates import faithfulness, faithfulness_by_seed
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, nothing, question, rows_by, shown
from .drawings import CONDITIONS, draw_faithfulness
from .method_words import method_words
from .params import Params
from .phrases import change, difference, percent
from .shapes import faithfulness_shape

__all__ = ["PERCENT", "faithfulness_words", "run"]

NAME, TITLE = "faithfulness", "Faithfulness"
_SCORES = ("precision", "recall", "f1", "difference")
PERCENT = (
    *(f"{m}{e}" for m in _SCORES for e in ("", "_sd", "_low", "_high")),
    *("kept", "kept_low", "kept_high"),
)
BRIEF = [
    *("condition", "kept", "f1", "f1_low", "f1_high", "f1_sd"),
    *("difference", "difference_low", "difference_high"),
    *("precision", "recall", "gold", "edges", "seeds"),
]
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


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Table 5 of the paper, with random edges at equal sparsity as the control."""
    table = faithfulness(tables.scores, resampling=params.resampling)
    if table.empty:
        return (nothing(NAME, TITLE, __doc__, "no condition was scored", summary={NAME: {}}),)
    against = faithfulness(tables.scores, resampling=params.resampling, reference="retained_100")
    by_seed = faithfulness_by_seed(tables.scores)
    whole = table[table["predicate_type"] == "all"].reset_index(drop=True)
    main = shown(
        "faithfulness",
        f"{params.score_title} with all edges, the retained ones, random parts of them, and other "
        f"edges in their place. Means and sd over seeds; low, high: {params.level:.0%} interval "
        "over sentences; difference: from the original; gold: roles, n of recall; kept: of edges.",
        whole[BRIEF],
        percent=PERCENT,
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
            finding=faithfulness_words(
                conditions, rows_by(against, "condition", kind="all"), params
            ),
            figures=(draw_faithfulness(whole, params),),
            tables=(main, types, seeds),
            notes=(
                "Random controls are drawn once per seed, per example and layer: as many edges as "
                "the mask retains, or, with the same labels, as many of each label and direction "
                "(little freedom is left where a label occurs once). They are one draw per seed, "
                "whose variance the interval does not hold.",
                "Edges of the predicate: without learning, exactly those that leave or enter it, "
                "in every layer; their share differs from the mask's. Largest soft gates: per "
                "example and layer as many edges as the mask retains, by the model's own gate.",
                f"Edges that are dropped send {method_words(tables).fill} instead of their "
                "message.",
            ),
            summary={NAME: faithfulness_shape(table, by_seed)},
        ),
    )


def faithfulness_words(
    whole: dict[str, Row],
    masked: dict[str, Row],
    params: Params,
    *,
    controls: tuple[str, ...] = ("random_labels", "random"),
) -> str:
    """The finding: rows by condition, compared with the original and with the mask.

    The first control that was run is spoken of.
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
    text += f"; {VERDICTS[change(row['difference_low'], row['difference_high'])]}"
    near = masked.get("predicate_edges")
    if near is None:
        return text
    text += f" Without learning, all edges of the predicate ({percent(near['kept'])}), compared "
    text += f"with the mask ({percent(kept['kept'])}): {_words(near, params)}; "
    return text + NEIGHBOURS[change(near["difference_low"], near["difference_high"])]


def _words(row: Row, params: Params) -> str:
    ends = (row["difference_low"], row["difference_high"])
    return difference(row["difference"], *ends, level=params.level)
