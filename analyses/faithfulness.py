"""Are the retained edges, and not just any edges, what the model's score rests on?"""

from __future__ import annotations

from linguagraph.aggregates import faithfulness, faithfulness_by_seed
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import nothing, question, rows_by, shown
from .drawings import draw_faithfulness
from .faithfulness_words import faithfulness_words
from .method_words import method_words
from .params import Params
from .shapes import faithfulness_shape

__all__ = ["PERCENT", "run"]

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
    conditions, method = rows_by(table, "condition", kind="all"), method_words(tables)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=faithfulness_words(
                conditions,
                rows_by(against, "condition", kind="all"),
                params,
                learned=method.learned,
            ),
            figures=(draw_faithfulness(whole, params),),
            tables=(main, types, seeds),
            notes=(
                "Random controls are drawn once per seed, per example and layer: as many edges as "
                "the mask retains, or, with the same labels, as many of each label and direction "
                "(little freedom is left where a label occurs once). They are one draw per seed, "
                "whose variance the interval does not hold.",
                "Edges of the predicate: without any mask, exactly those that leave or enter it, "
                "in every layer; their share differs from the mask's. Largest soft gates: per "
                "example and layer as many edges as the mask retains, by the model's own gate.",
                f"Edges that are dropped send {method.fill} instead of their message.",
            ),
            summary={NAME: faithfulness_shape(table, by_seed)},
        ),
    )
