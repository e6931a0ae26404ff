"""Are the retained edges those of the reasoning that people marked?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.entity_chains import chains_by_control, entity_chains
from linguagraph.edges.storage import RunTables
from linguagraph.reports.methods import method_name
from linguagraph.reports.sections import Section

from .blocks import Row, nothing, question, rows, shown
from .entity_drawings import draw_gold
from .params import Params
from .phrases import count, difference, number, percent, span

__all__ = ["run"]

NAME, TITLE = "entity_gold", "Gold reasoning"
SHARES = ("retained", "precision", "recall", "path", "gold_path", "bridge_path")
ENDS = ("value", "low", "high", "difference", "difference_low", "difference_high")


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Precision, recall and paths within the gold supports, against random edges."""
    if tables.chains is None or tables.chains.empty:
        return (nothing(NAME, TITLE, __doc__, "no gold reasoning is known"),)
    table = entity_chains(tables.chains, tables.items, resampling=params.resampling)
    if table.empty:
        return (nothing(NAME, TITLE, __doc__, "no item has an edge within its gold supports"),)
    items = tables.chains.groupby("example")["gold_edges"].max()
    without = int((items == 0).sum())
    shares = table[table["measure"] != "supports"]
    level = f"{params.level:.0%}"
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, params),
            figures=(draw_gold(table, params),),
            tables=(
                shown(
                    NAME,
                    "What each mask, and random edges in its place (random: as many per layer; "
                    "random_labels: as many per layer and relation), keep of the gold reasoning. "
                    "n: items; retained: of all edges; precision: of the retained edges those "
                    "within the gold supports; recall: of these those that are retained (all items "
                    "counted together); supports: gold supports (0 to 2) that a retained edge "
                    "touches, mean; path: items with a retained path from the subject to the right "
                    "answer; gold_path: within the gold supports; bridge_path: and over the gold "
                    f"bridge, where it is known. Intervals: {level}, over items.",
                    chains_by_control(table),
                    percent=[f"{name}{end}" for name in SHARES for end in ("", "_low", "_high")],
                    digits=2,
                ),
                shown(
                    "entity_gold_differences",
                    "The same measure by measure. n: items; runs: seeds times draws; value, low, "
                    f"high: mean with its {level} interval over items; difference: of the method "
                    "from the control, in the same items; macro: means over items.",
                    shares,
                    percent=ENDS,
                    folded=True,
                ),
            ),
            notes=(
                "People marked the two supports that the answer rests on (one names the subject, "
                "one the answer) and the bridge between them; a gold edge has both ends in these. "
                "A model may answer by other means, and a mask that is faithful to it then differs "
                "from the gold.",
                f"{count(without, 'item')} without an edge within the gold supports left out.",
            ),
            summary={NAME: _summary(table)},
        ),
    )


def _finding(table: pd.DataFrame, params: Params) -> str:
    texts = []
    for method, part in table.groupby("method", sort=False):
        found = {(str(r["control"]), str(r["measure"])): r for r in rows(part)}
        own = found.get(("method", "precision"))
        if own is None:
            continue
        name = method_name(str(method))
        if own["value"] != own["value"]:
            texts.append(f"{name}: no edge is retained.")
            continue
        ends = span(own["low"], own["high"], level=params.level)
        text = f"{name}: {percent(own['value'])} of the retained edges are gold edges ({ends})"
        control = found.get(("random", "precision"))
        if control is not None:
            change = [control[key] for key in ENDS[3:]]
            text += f", compared with {percent(control['value'])} of random ones: "
            text += difference(*change, level=params.level)
        recall, path = found["method", "recall"], found["method", "gold_path"]
        text += f"; {percent(recall['value'])} of the gold edges are retained, and in "
        text += f"{percent(path['value'])} of {count(path['n'], 'item')} a path from subject to "
        texts.append(text + "answer is, within the gold supports.")
    return " ".join(text[:1].upper() + text[1:] for text in texts) or "No method was measured."


def _summary(table: pd.DataFrame) -> Row:
    result: Row = {}
    for r in rows(table):
        place = result.setdefault(str(r["method"]), {}).setdefault(str(r["control"]), {})
        place[str(r["measure"])] = {key: number(float(r[key])) for key in ("n", *ENDS)}
    return result
