"""How much do predicted parses change what is found?"""

from __future__ import annotations

from linguagraph.aggregates.parse_comparison import ParseComparison, compare_parses
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, rows_by, shown
from .params import Params
from .phrases import difference, kappa_word, number, percent, span

__all__ = ["run"]

NAME, TITLE = "parse_comparison", "Gold and predicted parses"
_ENDS = ("", "_low", "_high")
PERCENT = ("of_gold", *(f"raw_agreement{end}" for end in _ENDS), "retained_gold")
PERCENT += ("retained_predicted",)


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """The same text with gold and with predicted trees; no section where that was not asked for."""
    if tables.compared is None:
        return ()
    found = compare_parses(tables, tables.compared, resampling=params.resampling)
    main = shown(
        "parse_comparison",
        "Score and retained share with gold and with predicted trees; difference: predicted - "
        f"gold; low, high: its {params.level:.0%} interval over sentences, paired.",
        found.measures,
        percent=("gold", "predicted", "difference", "low", "high"),
    )
    masks = shown(
        "parse_comparison_masks",
        "Agreement of the two masks on edges that both trees share (same head, dependent and "
        "direction; with any label, or with the same). n: shared edges, each layer and seed "
        "counted; of_gold: share of the edges of the gold trees; retained: share of the shared "
        "edges that each mask keeps.",
        found.masks,
        percent=PERCENT,
    )
    labels = shown(
        "parse_comparison_labels",
        "Labels of the retained edges: share with gold and with predicted trees; retained: edges, "
        "each layer and seed counted.",
        found.labels,
        percent=("gold", "predicted", "difference"),
        folded=True,
    )
    notes = [
        "Jensen-Shannon divergence: in bits, 0 if labels are distributed alike and 1 if they have "
        "nothing in common; the value over all edges tells how far the trees themselves differ.",
        "Tokens, predicates and gold roles are the annotated ones in both runs.",
    ]
    if found.unmatched:
        notes.append(f"{found.unmatched} predicates are in one run only.")
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(found, params),
            tables=(main, masks, labels),
            notes=tuple(notes),
            summary={NAME: _shape(found)},
        ),
    )


def _finding(found: ParseComparison, params: Params) -> str:
    parts = []
    for name, row in rows_by(found.measures, "measure").items():
        words = difference(row["difference"], row["low"], row["high"], level=params.level)
        parts.append(f"{name}: {percent(row['predicted'])} against {percent(row['gold'])}, {words}")
    text = f"With predicted in place of gold trees, {'; '.join(parts)}. "
    if found.divergence == found.divergence:
        text += f"The labels of the retained edges differ by {found.divergence:.3f} bits "
        text += f"(Jensen-Shannon; those of all edges by {found.divergence_all:.3f}). "
    row = rows(found.masks)[0]
    if not row["n"]:
        return f"{text}The trees share no edge."
    text += f"On the {percent(row['of_gold'])} of edges that both trees share, "
    kappa = row["cohen_kappa"]
    if kappa != kappa:
        return f"{text}kappa of the masks is undefined."
    ends = span(row["cohen_kappa_low"], row["cohen_kappa_high"], level=params.level, share=False)
    return f"{text}the two masks agree with a kappa of {kappa:.2f} ({ends}), {kappa_word(kappa)}."


def _shape(found: ParseComparison) -> Row:
    columns = ("gold", "predicted", "difference", "low", "high")
    shape: Row = {
        name.replace(",", "").replace(" ", "_"): {c: number(row[c]) for c in columns}
        for name, row in rows_by(found.measures, "measure").items()
    }
    shape["divergence_bits"] = number(found.divergence)
    shape["divergence_bits_all_edges"] = number(found.divergence_all)
    masks = rows(found.masks[found.masks["layer"] == "all"])
    kept = ("cohen_kappa", "fleiss_kappa", "raw_agreement", "of_gold")
    for row in masks:
        values: Row = {"n": int(row["n"])} | {name: number(row[name]) for name in kept}
        shape[row["edges"].replace(" ", "_")] = values
    return shape
