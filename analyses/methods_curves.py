"""Is what each method puts first more sufficient, and more needed, than random edges?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.faithfulness_curves import HIGHER, fidelity_curves, fidelity_summary
from linguagraph.reports.sections import Section

from .blocks import Row, nothing, question, rows, shown
from .compared import Compared
from .curve_blocks import FILLS
from .methods_drawings import AOPC, draw_curves, draw_gains
from .params import Params
from .phrases import change, number

__all__ = ["run"]

NAME, TITLE = "methods_curves", "Faithfulness against random edges"
ENDS = ("", "_low", "_high")
PERCENT = (
    *("share", "kept", "value", "low", "high"),
    *(f"{name}{end}" for name in ("confidence", "difference") for end in ENDS),
)


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """Curves and their summaries, each method minus random edges of the same number."""
    fill, missing = _fill(compared)
    if fill is None:
        why = f"not measured for {', '.join(missing)}: 'linguagraph faithfulness RUN' does that"
        return (nothing(NAME, TITLE, __doc__, why),)
    curves, whole = [], []
    for name, tables in compared.named.items():
        assert tables.fidelity is not None
        table = tables.fidelity
        found = fidelity_curves(table, resampling=params.resampling)
        curves.append(found[found["fill"] == fill].assign(method=name))
        found = fidelity_summary(table, resampling=params.resampling)
        whole.append(found[found["fill"] == fill].assign(method=name))
    curve, measure = (pd.concat(parts, ignore_index=True) for parts in (curves, whole))
    against = measure[(measure["control"] == "random")].reset_index(drop=True)
    caption = (
        "Probability of the original answer as the edges with the highest scores are kept or "
        f"dropped; dropped messages become {FILLS[fill]}; random: edges drawn at random for "
        f"{compared.names[0]}. {params.level:.0%} intervals."
    )
    said = (
        "Each measure: the random control's value, and the method's minus it (difference), with "
        f"{params.level:.0%} intervals over {compared.terms.cases}; better: which direction is."
    )
    against.insert(2, "better", ["higher" if HIGHER[m] else "lower" for m in against["measure"]])
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(against, compared),
            figures=(draw_curves(curve, compared, caption), draw_gains(against, params)),
            tables=(
                shown(f"{NAME}_measures", said, against, percent=PERCENT),
                shown(NAME, caption, curve, percent=PERCENT, folded=True),
            ),
            notes=(
                "aopc: mean loss of probability over the curve; comprehensiveness should be large "
                "(the edges are needed), sufficiency small (they are enough). Every method is "
                "compared with random edges of the same number per graph and layer.",
            ),
            summary={NAME: _shape(against)},
        ),
    )


def _fill(compared: Compared) -> tuple[str | None, list[str]]:
    """What dropped messages become in all runs, and the runs that were not measured."""
    named = compared.named.items()
    missing = [n for n, t in named if t.fidelity is None or t.fidelity.empty]
    if missing:
        return None, missing
    fills = [set(t.fidelity["fill"]) for _, t in named if t.fidelity is not None]
    shared = [fill for fill in ("zeros", "baselines") if all(fill in found for found in fills)]
    return (shared[0] if shared else None), list(compared.names)


def _finding(against: pd.DataFrame, compared: Compared) -> str:
    found = {(r["method"], r["measure"]): r for r in rows(against)}
    parts = []
    for name in compared.names:
        signs = [
            change(r["difference_low"], r["difference_high"]) * (1 if HIGHER[m] else -1)
            for m in AOPC
            if (r := found.get((name, m))) is not None
        ]
        words = {1: "more", 0: "not tellably more", -1: "less"}
        if len(signs) == len(AOPC):
            parts.append(f"{name} is {words[signs[0]]} sufficient and {words[signs[1]]} needed")
    return f"Compared with random edges: {'; '.join(parts)}." if parts else "Nothing was measured."


def _shape(against: pd.DataFrame) -> Row:
    shape: Row = {}
    for row in rows(against):
        names = {"value": "value", "difference": "difference"}
        names |= {"ci_low": "difference_low", "ci_high": "difference_high"}
        place = shape.setdefault(str(row["method"]), {})
        place[row["measure"]] = {new: number(row[old]) for new, old in names.items()}
    return shape
