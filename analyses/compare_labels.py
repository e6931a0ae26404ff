"""Which labels does one run rely on more than the other?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.contrasts import MIN_CONTRIBUTING
from linguagraph.aggregates.differences import differences
from linguagraph.aggregates.label_distance import label_distances
from linguagraph.reports.sections import FigureBlock, Section

from .blocks import Row, question, rows, shown
from .compare_drawings import draw_differences
from .compare_label_words import drawn_labels, fixed_probes, label_words, whole_labels
from .compare_retained import depth_notes
from .compared import Compared, level_title
from .params import Params
from .phrases import number

__all__ = ["run"]

NAME, TITLE = "compare_labels", "Differences by label"
DISTANCES = "compare_label_distances"
PERCENT = ("share_first", "share_second", "difference", "low", "high")
BRIEF = ["label", "direction", "n_first", *PERCENT, "h", "p_holm", "p_bh"]


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """Paired differences by label, type and layer, corrected; distances between distributions."""
    found, apart, figures, texts, brief = [], [], list[FigureBlock](), [], []
    for number_of, pair in enumerate(compared.pairs):
        first, second = (compared.matched.runs[i] for i in pair)
        names = compared.names[pair[0]], compared.names[pair[1]]
        levels = compared.shared_levels(pair)
        table = differences(first, second, levels, resampling=params.resampling)
        far = label_distances(first, second, levels, resampling=params.resampling)
        lead = {"first": names[0], "second": names[1]} if len(compared.pairs) > 1 else {}
        found.append(table.assign(**lead)[[*lead, *table.columns]])
        apart.append(far.assign(**lead)[[*lead, *far.columns]])
        whole = whole_labels(table)
        brief.append(whole.assign(**lead)[[*lead, *BRIEF]])
        texts.append(label_words(table, rows(far)[0], names, params))
        drawn = drawn_labels(whole, params.max_labels)
        if len(drawn):
            name = NAME if not number_of else f"{NAME}_{number_of}"
            what = f"{level_title('any')}, all types" if compared.terms.language else "any layer"
            figures.append(draw_differences(drawn, names, params, name=name, what=what))
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=" ".join(texts),
            figures=tuple(figures),
            tables=(
                shown(
                    NAME,
                    "Retained share of each label in any layer, with either run; n_first: edges; "
                    "difference: second minus first, paired; h: Cohen's h; p_holm, p_bh: corrected "
                    f"over all cells tested{_within(compared)}. Cells under {params.min_n} edges: "
                    "left out.",
                    _shown_columns(brief),
                    percent=PERCENT,
                ),
                shown(
                    DISTANCES,
                    "Jensen-Shannon distance between the labels of retained edges (0: equal, 1: "
                    f"nothing in common). low, high: over {compared.terms.cases}, bias taken off; "
                    "between_runs, seeds_first, seeds_second: means over pairs of seeds of both "
                    "runs and of either.",
                    pd.concat(apart, ignore_index=True),
                    folded=True,
                ),
                shown(
                    "compare_labels_all",
                    "Every label and direction by predicate type and layer, small cells too; "
                    "seed_error: standard error that the seeds add; p_holm, p_bh: corrected over "
                    f"all cells tested{_within(compared)}.",
                    _shown_columns(found),
                    percent=PERCENT,
                    folded=True,
                ),
            ),
            notes=(
                *depth_notes(compared),
                "Intervals and two-sided p-values hold the paired variance over "
                f"{compared.terms.cases} and that between the seeds of either run. Small cells are "
                f"not tested, nor those of fewer than {MIN_CONTRIBUTING} {compared.terms.cases}. "
                "Labels go together with distance, position and frequency: these shares are "
                "marginal.",
                *fixed_probes(compared),
            ),
            summary={NAME: _shape(found, apart, compared)},
        ),
    )


def _within(compared: Compared) -> str:
    """Over which tests p-values are corrected, where there are several pairs."""
    return " within each pair" if len(compared.pairs) > 1 else ""


def _shown_columns(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The tables of all pairs; without the direction where edges have none."""
    table = pd.concat(parts, ignore_index=True)
    return table if (table["direction"] != "").any() else table.drop(columns="direction")


def _shape(found: list[pd.DataFrame], apart: list[pd.DataFrame], compared: Compared) -> Row:
    shape: Row = {}
    for pair, table, far in zip(compared.pairs, found, apart, strict=True):
        whole, first = whole_labels(table), rows(far)[0]
        shape[" / ".join(compared.names[i] for i in pair)] = {
            "tested": int(table["p"].notna().sum()),
            "labels": len(whole),
            "labels_different_holm": int((whole["p_holm"] < 0.05).sum()),
            "labels_different_bh": int((whole["p_bh"] < 0.05).sum()),
            "distance": {k: number(first[k]) for k in ("distance", "low", "high")},
        }
    return shape
