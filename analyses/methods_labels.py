"""Which labels does each method retain, when each may retain as many edges?"""

from __future__ import annotations

import pandas as pd

from linguagraph.figures import bars, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock, Section

from .blocks import SHARE, edge_name, question, rows, shown
from .compared import Compared
from .params import Params
from .phrases import percent

__all__ = ["labels_section"]

NAME, TITLE = "methods_labels", "Retention by label and method"


def labels_section(labels: pd.DataFrame, compared: Compared, params: Params) -> Section:
    """The section on labels, from ``method_labels``."""
    named = [edge_name(r["label"], r["direction"]) for r in rows(labels)]
    drawn = labels.assign(name=named)[~labels["small"].to_numpy()]
    chosen = list(dict.fromkeys(drawn["name"]))[: params.max_labels]
    drawn = drawn[drawn["name"].isin(chosen)]
    figure = bars(
        drawn, y="name", x="share", low="low", high="high", hue="method", xlabel="Retained share"
    )
    spoken = "; ".join(
        f"{name}: " + ", ".join(f"{r['method']} {percent(r['share'])}" for r in rows(part))
        for name, part in drawn.groupby("name", sort=False)
    )
    caption = f"Retained share of the most frequent labels, {params.level:.0%} intervals."
    alt = f"Retained share by label. {spoken or 'All labels are rare'}."
    block = FigureBlock(NAME, caption, alt, to_svg(figure), to_pdf(figure), data=NAME)
    said = []
    for name in compared.names:
        own = drawn[drawn["method"] == name].nlargest(3, "share")
        best = ", ".join(f"{r['name']} {percent(r['share'])}" for r in rows(own))
        said.append(f"{name}: {best or 'no label is frequent enough'}")
    return Section(
        name=NAME,
        title=TITLE,
        question=question(__doc__),
        finding=f"Most retained of the frequent labels. {'; '.join(said)}.",
        figures=(block,),
        tables=(
            shown(
                NAME,
                "Share of each label's messages that a method retains at equal sparsity. n: "
                f"messages, k: retained; low, high: {params.level:.0%} intervals over "
                f"{compared.terms.cases}.",
                labels,
                percent=SHARE,
                folded=True,
            ),
        ),
    )
