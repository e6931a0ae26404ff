"""One chosen example in, its arc drawing (with alt text) and the table of its edges out."""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import Choice
from linguagraph.documents.records import Sentence
from linguagraph.edges.storage import RunTables
from linguagraph.figures import arcs, arcs_to_pdf
from linguagraph.reports.sections import FigureBlock, TableBlock

from .blocks import rows, shown

__all__ = ["RULES", "example_block"]

RULES = {
    "typical": "Typical example",
    "longest_path": "Longest path",
    "disagreement": "Most disagreement between seeds",
}
EDGE = ["layer", "source", "target", "label", "direction"]
"""What names an edge; the drawing needs these columns and ``retained_share``."""


def example_block(
    choice: Choice, tables: RunTables, *, title: str = ""
) -> tuple[FigureBlock, TableBlock]:
    """Draw the example; retained_share is the share of seeds that retain an edge.

    With a ``title`` of the caller's the choice's rule is the name of the figure.
    """
    sentence = tables.sentences[choice.sentence]
    found = tables.edges[tables.edges["example"] == choice.example]
    inside = (found["source_offset"] == 0) & (found["target_offset"] == 0)
    beyond = found.loc[~inside, ["edge", "retained"]].groupby("edge").any()["retained"]
    found = found[inside]
    predicate = int(found["predicate_index"].iloc[0])
    groups = found.groupby(["edge", *EDGE], observed=True, sort=True)["retained"]
    shares = groups.mean().rename("retained_share").reset_index()
    roles = tables.roles[tables.roles["example"] == choice.example]
    gold, predicted = (_roles(roles, column) for column in ("gold_role", "role"))
    word = sentence.forms[predicate]
    name = choice.rule if title else f"example_{choice.rule}"
    title = f"{title or RULES[choice.rule]}: {word}"
    svg = arcs(
        sentence,
        shares[[*EDGE, "retained_share"]],
        predicate=predicate,
        gold=gold,
        predicted=predicted,
        title=title,
    )
    shares["source_word"] = [sentence.forms[i] for i in shares["source"]]
    shares["target_word"] = [sentence.forms[i] for i in shares["target"]]
    caption = f"{title}. Chosen because: {choice.reason}." if choice.reason else f"{title}."
    figure = FigureBlock(
        name,
        caption,
        _alt(sentence, word, shares, gold, predicted),
        svg,
        pdf=arcs_to_pdf(svg),
        data=f"{name}_edges",
    )
    columns = [*EDGE, "source_word", "target_word", "retained_share"]
    table = shown(
        f"{name}_edges",
        f"Edges of the example around {word}; retained_share: seeds that retain the edge, of "
        f"{found['seed'].nunique()}." + _beyond(beyond),
        shares[columns].sort_values(EDGE[:3], ignore_index=True),
        percent=("retained_share",),
        folded=True,
    )
    return figure, table


def _beyond(retained: pd.Series) -> str:
    """What the table leaves out: edges that other sentences take part in."""
    if retained.empty:
        return ""
    return (
        f" Not among them: {len(retained)} edges that other sentences take part in, "
        f"{int(retained.sum())} of them retained by some seed in some layer."
    )


def _roles(roles: pd.DataFrame, column: str) -> dict[int, str]:
    known = roles[roles[column].notna()]
    return {int(t): str(r) for t, r in zip(known["token"], known[column], strict=True)}


def _alt(
    sentence: Sentence,
    word: str,
    shares: pd.DataFrame,
    gold: dict[int, str],
    predicted: dict[int, str],
) -> str:
    kept = shares[shares["retained_share"] > 0].sort_values(EDGE[:3])
    arrows = [
        f"layer {r['layer']}: {r['source_word']} to {r['target_word']} ({r['label']} "
        f"{r['direction']}, {r['retained_share']:.0%} of seeds)"
        for r in rows(kept)
    ]

    def spoken(roles: dict[int, str]) -> str:
        return ", ".join(f"{sentence.forms[t]} {r}" for t, r in sorted(roles.items())) or "none"

    return (
        f"Sentence: {' '.join(sentence.forms)} Predicate: {word}. Gold roles: {spoken(gold)}. "
        f"Predicted roles: {spoken(predicted)}. {len(kept)} of {len(shares)} edges are retained by "
        f"some seed" + (f": {'; '.join(arrows)}." if arrows else ".")
    )
