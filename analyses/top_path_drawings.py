"""Best paths of answers in, drawings of some over their sentences out, with their steps."""

from __future__ import annotations

import pandas as pd

from linguagraph.edges.storage import RunTables
from linguagraph.figures import arcs, arcs_to_pdf
from linguagraph.reports.sections import FigureBlock, TableBlock

from .blocks import rows, shown
from .phrases import percent

__all__ = ["drawn_paths"]

EDGE = ["source", "target", "label", "direction", "layer"]
LONGEST = 40


def drawn_paths(
    tables: RunTables, paths: pd.DataFrame
) -> tuple[tuple[FigureBlock, TableBlock], ...]:
    """Draw the best path of up to three answers, with all other edges faint.

    Args:
        tables: with sentences, edges and the steps of paths.
        paths: from :func:`linguagraph.aggregates.top_paths.whole_paths`.
    """
    short = {i for i in paths["sentence"].unique() if len(tables.sentences.get(i, ())) <= LONGEST}
    fits = paths[paths["sentence"].isin(short & set(tables.sentences)) & (paths["length"] > 0)]
    fits = fits[fits["role"].astype(str) != ""] if (fits["role"].astype(str) != "").any() else fits
    if fits.empty:
        return ()
    ranked = fits.sort_values(["share", "example", "token"], kind="stable")
    chosen = {
        "its share of the path weight is the largest": ranked.iloc[-1],
        "its share is the median": ranked.iloc[len(ranked) // 2],
        "it follows the most edges": fits.iloc[int(fits["length"].argmax())],
    }
    found: list[tuple[FigureBlock, TableBlock]] = []
    seen: set[tuple[int, int]] = set()
    for why, row in chosen.items():
        key = (int(row["example"]), int(row["token"]))
        if key not in seen:
            seen.add(key)
            found.append(_block(tables, row, len(found), why))
    return tuple(found)


def _block(
    tables: RunTables, path: pd.Series, number: int, why: str
) -> tuple[FigureBlock, TableBlock]:
    assert tables.top_paths is not None
    sentence = tables.sentences[int(path["sentence"])]
    steps = tables.top_paths
    own = steps[(steps["example"] == path["example"]) & (steps["token"] == path["token"])]
    own = own[own["rank"] == path["rank"]].sort_values("layer")
    edges = tables.edges[tables.edges["example"] == path["example"]]
    edges = edges[(edges["source_offset"] == 0) & (edges["target_offset"] == 0)]
    edges = edges.drop_duplicates(EDGE)[EDGE].assign(retained_share=0.0)
    led = {(r["source"], r["target"], r["label"], r["layer"]) for r in rows(own) if r["label"]}
    on = [(r["source"], r["target"], r["label"], r["layer"]) in led for r in rows(edges)]
    edges = edges.assign(retained_share=[float(flag) for flag in on])
    size, predicate = len(sentence), int(path["predicate_index"])
    forms = [sentence.forms[i] if 0 <= i < size else "a token of another sentence" for i in
             (int(path["token"]), int(path["start"]))]  # fmt: skip
    role, verb = str(path["role"]) or "no role", sentence.forms[predicate]
    roles = tables.roles[tables.roles["example"] == path["example"]]
    gold, predicted = (_named(roles, column) for column in ("gold_role", "role"))
    title = f"Best path of {role} of “{verb}” at “{forms[0]}”"
    svg = arcs(
        sentence,
        edges,
        predicate=predicate,
        gold=gold,
        predicted=predicted,
        title=title,
        strong="on the best path",
    )
    words = []
    for row in rows(own):
        target = sentence.forms[row["target"]] if row["target"] < size else "elsewhere"
        how = f"{row['label']} {row['direction']}" if row["label"] else "stays"
        words.append(f"layer {row['layer']}: {how} at {target}")
    caption = (
        f"{title}, {percent(float(path['share']))} of the weight of all its paths; it starts at "
        f"“{forms[1]}”. Strong arcs: the path; chosen because {why}."
    )
    name = f"top_path_{number}"
    alt = f"{title}: starts at {forms[1]}; {'; '.join(words)}."
    table = shown(
        name,
        f"Steps of this path, the bottom layer first ({title}).",
        own[["layer", "source", "target", "label", "direction", "value", "share"]],
        percent=("share",),
        folded=True,
    )
    return FigureBlock(name, caption, alt, svg, pdf=arcs_to_pdf(svg), data=name), table


def _named(roles: pd.DataFrame, column: str) -> dict[int, str]:
    known = roles[roles[column].notna()]
    return {int(t): str(r) for t, r in zip(known["token"], known[column], strict=True)}
