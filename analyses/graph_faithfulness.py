"""Are the retained edges, and not just any edges, what the model's answers rest on?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import faithfulness, faithfulness_by_seed
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, nothing, question, rows_by, shown
from .drawings import draw_faithfulness
from .faithfulness import PERCENT
from .faithfulness_words import faithfulness_words
from .params import Params
from .phrases import difference, verdict
from .shapes import faithfulness_shape

__all__ = ["run"]

NAME, TITLE = "faithfulness", "Faithfulness"
_ENDS = ("", "_sd", "_low", "_high")
SCORE = {f"f1{end}": f"score{end}" for end in _ENDS}
COLUMNS = [
    *("condition", "kept", "f1", "f1_low", "f1_high", "f1_sd"),
    *("difference", "difference_low", "difference_high", "gold", "edges", "seeds"),
]
SAME_LABELS = {
    -1: "it matters which edges of a label are kept.",
    0: "nothing shows that it matters which edges of a label are kept.",
    1: "random edges of the same labels do better than those that the mask keeps.",
}
BY_SEED = ["condition", "seed", "f1", "correct", "gold", "kept", "edges"]


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Answers with all edges, the retained ones, parts of them, and random ones in their place."""
    scores = tables.scores[~tables.scores["condition"].astype(str).str.startswith("removed_")]
    table = faithfulness(scores, resampling=params.resampling)
    if table.empty:
        return (nothing(NAME, TITLE, __doc__, "no condition was scored", summary={NAME: {}}),)
    against = faithfulness(scores, resampling=params.resampling, reference="retained_100")
    by_seed = faithfulness_by_seed(scores)
    whole = table[table["predicate_type"] == "all"].reset_index(drop=True)
    main = shown(
        "faithfulness",
        f"score: {params.score} with all edges, the retained ones, random parts of them, and other "
        f"edges in their place. Means and sd over seeds; low, high: {params.level:.0%} interval "
        "over graphs; difference: from the original; answers: n of the score; kept: of edges.",
        _named(whole[COLUMNS]),
        percent=(*PERCENT, *SCORE.values()),
    )
    seeds = shown(
        "faithfulness_by_seed",
        "The same per seed (-1: the condition has no seed); right: answers.",
        _named(by_seed[BY_SEED]).rename(columns={"correct": "right"}),
        percent=("score", "kept"),
        folded=True,
    )
    found, masked = (rows_by(t, "condition", kind="all") for t in (table, against))
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=faithfulness_words(found, masked, params, controls=("random",))
            + _labels(masked, params),
            figures=(draw_faithfulness(_spoken(whole), params, data=NAME),),
            tables=(main, seeds),
            notes=(
                "Random controls are drawn once per seed, per graph and layer: as many edges as "
                "the mask retains, or, with the same labels, as many of each label (little freedom "
                "is left where a label occurs once, and none where the mask keeps or drops all "
                "edges of a label). They are one draw per seed, whose variance the interval does "
                "not hold.",
                "Edges that are dropped send the probe's learned baseline instead of their "
                "message.",
            ),
            summary={NAME: _renamed(faithfulness_shape(table, by_seed))},
        ),
    )


def _labels(masked: dict[str, Row], params: Params) -> str:
    """What it means to draw as many edges of each label."""
    row = masked.get("random_labels")
    if row is None:
        return ""
    ends = (row["difference_low"], row["difference_high"])
    words = difference(row["difference"], *ends, level=params.level)
    return (
        f" As many random edges of each label, compared with the mask: {words}; "
        f"{verdict(SAME_LABELS, *ends)}"
    )


def _spoken(whole: pd.DataFrame) -> pd.DataFrame:
    """The model's own weights are called so in reports on graphs."""
    own = {"soft_gates_top": "largest own weights, same number"}
    return whole.assign(condition=whole["condition"].replace(own))


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={**SCORE, "gold": "answers"})


def _renamed(shape: dict[str, Row]) -> dict[str, Row]:
    """The same with ``score`` for ``f1``: accuracy is no F1."""
    return {
        condition: {("score" if key == "f1" else key): value for key, value in row.items()}
        for condition, row in shape.items()
    }
