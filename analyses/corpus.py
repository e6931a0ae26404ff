"""What is the text made of: sentences, predicates, labels, how deep are trees, how far heads?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.corpus_statistics import TOP, CorpusStatistics, corpus_statistics
from linguagraph.edges.storage import RunTables
from linguagraph.figures import histogram, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock, Section

from .blocks import Row, nothing, question, rows, rows_by, shown
from .params import Params
from .phrases import count, join, number, percent, span, type_name

__all__ = ["run"]

NAME, TITLE = "corpus", "The corpus"
BARE = "dependency distance without punctuation"
FIGURES = {
    "depth": ("Tree depth (edges)", "Trees", "trees by depth, edges from the root down"),
    "distance": ("Dependency distance (tokens)", "Dependencies", "dependencies by distance"),
}


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Counts in one pass over the sentences, with mean dependency distance (Liu 2008)."""
    found = corpus_statistics(tables.sentences.values(), resampling=params.resampling)
    if not found.sentences:
        return (nothing(NAME, TITLE, __doc__, "the sentences of the run are not at hand"),)
    measures = rows_by(found.measures, "measure")
    kinds = {"depth": found.depths, "distance": found.distances}
    drawn = {name: table for name, table in kinds.items() if len(table)}
    spread = [
        shown(f"corpus_{name}", f"Data: {FIGURES[name][2]}.", table, percent=("share",))
        for name, table in drawn.items()
    ]
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(found, measures, params),
            figures=tuple(_figure(name, table, measures) for name, table in drawn.items()),
            tables=(
                shown(
                    "corpus_measures",
                    "Length, depth and distance. n: units; low, high: "
                    f"{params.level:.0%} interval of the mean over sentences.",
                    found.measures,
                    digits=2,
                ),
                shown(
                    "corpus_predicates",
                    "Predicates by type, with the most frequent lemmas.",
                    found.types.assign(predicate_type=found.types["predicate_type"].map(type_name)),
                    percent=("share",),
                ),
                shown(
                    "corpus_labels",
                    "Dependency labels, roots left out. share: of dependencies; mean_distance: in "
                    "tokens; head_first: share whose head comes before the dependent.",
                    found.labels,
                    percent=("share", "head_first"),
                    digits=2,
                    folded=True,
                ),
                *spread,
            ),
            notes=(
                "Mean dependency distance: absolute differences of the positions of head and "
                "dependent, averaged over all dependencies but those of roots (Liu 2008); without "
                "punctuation, the other tokens are numbered anew.",
            ),
            summary={"corpus_statistics": _shape(found, measures)},
        ),
    )


def _figure(name: str, table: pd.DataFrame, measures: dict[str, Row]) -> FigureBlock:
    label, unit, what = FIGURES[name]
    row = measures["tree depth" if name == "depth" else "dependency distance"]
    drawing = histogram(
        table, x="from", weight="n", xlabel=label, ylabel=unit, marks={"mean": row["mean"]}
    )
    more = f" The last bar holds {TOP} and more." if table["from"].max() == TOP else ""
    top = rows(table.nlargest(1, "n"))[0]
    alt = f"{what.capitalize()}: mean {row['mean']:.1f}, median {row['median']:.1f}, largest "
    alt += f"{row['max']:.0f}; most frequent {top[name]} ({percent(top['share'])})."
    caption, file = f"{what.capitalize()}, with the mean.{more}", f"corpus_{name}"
    return FigureBlock(file, caption, alt, to_svg(drawing), to_pdf(drawing), file)


def _finding(found: CorpusStatistics, measures: dict[str, Row], params: Params) -> str:
    where = f"{count(found.documents, 'document')} with " if found.documents else ""
    text = f"{where}{count(found.sentences, 'sentence')} and {count(found.tokens, 'token')}"
    kinds = [f"{percent(r['share'])} {type_name(r['predicate_type'])}" for r in rows(found.types)]
    what = count(found.predicates, "predicate") if kinds else "no predicate"
    text += f" hold {what} ({', '.join(kinds)})." if kinds else f" hold {what}."
    depth, far, bare = (measures[m] for m in ("tree depth", "dependency distance", BARE))
    if depth["n"]:
        text += f" Trees are {depth['mean']:.1f} edges deep on average"
        text += f" (at most {depth['max']:.0f})."
    if far["n"]:
        ends = span(far["low"], far["high"], level=params.level, share=False)
        text += f" The mean dependency distance is {far['mean']:.2f} tokens ({ends})"
        text += f", {bare['mean']:.2f} without punctuation." if bare["n"] else "."
        most = [f"{r['label']} ({percent(r['share'])})" for r in rows(found.labels.head(3))]
        text += f" The most frequent labels are {join(most)}."
    return text


def _shape(found: CorpusStatistics, measures: dict[str, Row]) -> Row:
    names = ("documents", "sentences", "tokens", "predicates", "trees")
    shape: Row = {name: getattr(found, name) for name in names}
    shape["predicates_by_type"] = {r["predicate_type"]: r["n"] for r in rows(found.types)}
    ends = {"mean": "mean", "ci_low": "low", "ci_high": "high", "median": "median", "max": "max"}
    for name, row in measures.items():
        shape[name.replace(" ", "_")] = {k: number(row[c]) for k, c in ends.items()}
    return shape
