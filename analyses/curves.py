"""Does the model keep its answers on the edges that a mask puts first, and only on these?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.faithfulness_curves import fidelity_curves, fidelity_summary
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, shown
from .curve_blocks import FILLS, SOURCES, draw_curves, fidelity_shape, fill_notes, side_by_side
from .params import Params
from .phrases import UNKNOWN, change, count, difference, join, percent
from .terms import terms

__all__ = ["run"]

NAME, TITLE = "faithfulness_curves", "Faithfulness curves"
ENDS = ("", "_low", "_high")
PERCENT = (
    *("share", "kept", "value", "low", "high", "random_labels", "random"),
    *(f"{name}{end}" for name in ("confidence", "same", "difference") for end in ENDS),
    *(f"{c}_difference{end}" for c in ("random_labels", "random") for end in ENDS),
)


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Sufficiency, comprehensiveness and fidelity; nothing where they were not measured."""
    if tables.fidelity is None or tables.fidelity.empty:
        return ()
    curves = fidelity_curves(tables.fidelity, resampling=params.resampling)
    whole = fidelity_summary(tables.fidelity, resampling=params.resampling)
    fill = "baselines" if (whole["fill"] == "baselines").any() else "zeros"
    caption = (
        "Faithfulness of the mask, and of random masks in its place; "
        f"{params.level:.0%} intervals; difference: the mask's value minus the control's; dropped "
        f"messages become {FILLS[fill]}."
    )
    main = shown("faithfulness_measures", caption, side_by_side(whole, fill), percent=PERCENT)
    caption = "The same, one row per measure and control, for all fills of dropped messages."
    full = shown("faithfulness_measures_all", caption, whole, percent=PERCENT, folded=True)
    caption = "Curves: means over graphs; difference: the mask's confidence minus the control's."
    data = shown("faithfulness_curves", caption, curves, percent=PERCENT, folded=True)
    section = Section(
        name=NAME,
        title=TITLE,
        question=question(__doc__),
        finding=_finding(whole[whole["fill"] == fill], tables.fidelity, params),
        figures=(draw_curves(curves[curves["fill"] == fill], fill, params),),
        tables=(main, full, data),
        notes=_notes(whole, tables),
        summary={NAME: fidelity_shape(whole)},
    )
    return (section,)


def _finding(whole: pd.DataFrame, fidelity: pd.DataFrame, params: Params) -> str:
    found = {(r["control"], r["measure"]): r for r in rows(whole)}
    controls = [c for c in SOURCES if c != "method" and (c, "sufficiency") in found]
    kept = fidelity[(fidelity["condition"] == "mask") & (fidelity["control"] == "method")]
    share = kept["kept"].sum() / max(1, kept["edges"].sum())
    alone, without = (found["method", m]["value"] for m in ("sufficiency", "comprehensiveness"))
    text = (
        f"With the retained edges alone ({percent(float(share))}) the model's own answers lose "
        f"{_points(alone)} of probability, without them {_points(without)}"
    )
    if not controls:
        return text + ". No random control was run, so nothing shows that the choice matters."
    parts = ((SOURCES[c], found[c, "sufficiency"], found[c, "comprehensiveness"]) for c in controls)
    return text + "".join(_against(*part, params) for part in parts) + "."


def _against(control: str, low: Row, high: Row, params: Params) -> str:
    """What a comparison with one control says, a sentence."""
    text = f". Compared with a control ({control}), the first loss: {_words(low, params)}; the "
    text += f"second: {_words(high, params)}; "
    ends = [r[f"difference_{end}"] for r in (low, high) for end in ("low", "high")]
    if any(end != end for end in ends):
        return text + UNKNOWN.rstrip(".")
    if not any(ends):
        return text + "the labels alone say which edges are retained"
    signs = [-change(*ends[:2]), change(*ends[2:])]
    words = ("more sufficient", "more needed")
    good = [w for w, s in zip(words, signs, strict=True) if s > 0]
    bad = [w for w, s in zip(words, signs, strict=True) if s < 0]
    if bad:
        return text + f"random edges are {join(bad)}, so the mask cannot be called faithful"
    if not good:
        return text + "nothing shows that the mask is more faithful than chance"
    return text + f"what it retains is {join(good)} than edges drawn at random"


def _points(value: float) -> str:
    return f"{round(value * 100, 1) + 0.0:.1f} points".replace("-", "−")


def _words(row: Row, params: Params) -> str:
    ends = (row["difference_low"], row["difference_high"])
    return difference(row["difference"], *ends, level=params.level, up="larger", down="smaller")


def _notes(whole: pd.DataFrame, tables: RunTables) -> tuple[str, ...]:
    size = int(whole["graphs"].max())
    what = tables.manifest.get("faithfulness", {})
    measured = f"Measured on {count(size, 'graph')}"
    if what:
        measured = f"Measured on {size:,} of {count(int(what['of']), 'predicate')}"
        measured += " (drawn at random)" if what["examples"] < what["of"] else ""
    return (
        f"{measured}. Sufficiency and comprehensiveness: loss of probability with the mask alone "
        "and with all but the mask; aopc: means of these losses over the curves (DeYoung et al. "
        "2020). Fidelity minus and plus: share of answers that change; phenomenon: that become "
        "right or wrong; characterization joins both (Amara et al. 2022, as PyG computes them). "
        "Unfaithfulness: 1 - exp(-KL) (Agarwal et al. 2023).",
        "Random masks have as many edges per graph and layer as what they stand for, or as many of "
        "each label (little freedom is left where a label occurs once). Values are means over "
        f"several draws; intervals resample {terms(tables).cases}, not draws.",
        *fill_notes(whole),
    )
