"""Where do the retained edges point?"""

from __future__ import annotations

from linguagraph.aggregates import compile_items, targets
from linguagraph.aggregates.targets import ANY_ARGUMENT
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, Row, nothing, question, rows_by, seeds_note, shown
from .drawings import draw_targets
from .method_words import method_words
from .params import Params
from .phrases import percent, span
from .shapes import nested

__all__ = ["run"]

NAME, TITLE = "targets", "Targets of retained edges"
PERCENT = (*SHARE, "of_all", "of_all_low", "of_all_high")
REST = {
    "other_argument": "arguments of other predicates",
    "elsewhere": "other tokens",
    "predicate": "the predicate itself",
}


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Target kinds among retained edges against all edges, by layer and predicate type."""
    if tables.edges.empty:
        return (nothing(NAME, TITLE, __doc__, "the edge table is empty"),)
    items = compile_items(tables.edges)
    table = targets(items, resampling=params.resampling)
    whole = table[table["predicate_type"] == "all"].drop(columns="predicate_type")
    if len(items.layers) < 2:
        whole = whole[whole["layer"] == "all"]
    main = shown(
        "targets",
        "What retained edges point at, by layer. n: retained edges, k: those that point at the "
        "kind; of_all: the share among all edges; lift: share divided by of_all (1: as often as "
        "any edge).",
        whole.reset_index(drop=True),
        percent=PERCENT,
        digits=2,
    )
    types = shown(
        "targets_by_type",
        "The same by predicate type, all of them first.",
        table,
        percent=PERCENT,
        digits=2,
        folded=True,
    )
    overall = rows_by(whole[whole["layer"] == "all"], "target_kind")
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(overall, params),
            figures=(draw_targets(whole, params),),
            tables=(main, types),
            notes=(
                "Arguments are those that the unmasked model predicts. Each target has one kind, "
                "the first that fits of: the predicate, its argument, an argument of another "
                "predicate of the sentence, elsewhere; any_argument adds both argument kinds.",
                seeds_note(items.seeds, seedless=method_words(tables).seedless),
            ),
            summary={NAME: nested(whole, "layer", "target_kind")},
        ),
    )


def _finding(kinds: dict[str, Row], params: Params) -> str:
    own, either = kinds["argument"], kinds[ANY_ARGUMENT]
    if not sum(kinds[kind]["k"] for kind in ("argument", *REST)):
        return "No edge is retained, so there is nothing that retained edges point at."
    ends = span(own["low"], own["high"], level=params.level)
    text = (
        f"{percent(own['share'])} of retained edges point at a predicted argument of the predicate "
        f"({ends}), against {percent(own['of_all'])} of all edges"
    )
    unknown = own["lift_low"] != own["lift_low"] and own["lift"] == own["lift"]
    if own["lift_low"] > 1 or unknown:
        text += f", {own['lift']:.1f} times as often"
    elif own["lift_high"] < 1:
        text += f", only {own['lift']:.2f} times as often"
    else:
        text += ", a difference that the interval cannot tell from none"
    text += f"; {percent(either['share'])} point at an argument of some predicate"
    if own["share"] < 1:
        rest = max(REST, key=lambda kind: float(kinds[kind]["share"]))
        text += f", and those that do not point at the predicate's own go mostly to {REST[rest]}"
    return text + "."
