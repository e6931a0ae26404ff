"""Does the model use coreference and co-occurrence edges?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import compile_items, faithfulness
from linguagraph.aggregates.edge_kinds import retention_by_kind
from linguagraph.aggregates.stored_rows import chosen
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, Row, nothing, question, rows, seeds_note, shown
from .drawings import draw_edge_kinds
from .facts import lookup
from .method_words import method_words
from .params import Params
from .phrases import change, difference, join, number, percent, span
from .shapes import nested

__all__ = ["run"]

NAME, TITLE = "edge_kinds", "Edges of other kinds"
PERCENT = (*SHARE, "sd", "of_edges", "of_retained")
EFFECT = ("f1", "f1_low", "f1_high", "difference", "difference_low", "difference_high")
ABOUT = "without_|removed_|original$"
WORDS = {"dependency": "dependency", "coreference": "coreference", "cooccurrence": "co-occurrence"}


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Retained share and worth of every kind; no section where a model has dependencies only."""
    modelled = lookup(tables.manifest, "model", "config", "kinds") or []
    present = set(map(str, tables.edges["kind"].unique()))
    if not present | set(modelled) > {"dependency"}:
        return ()
    if not present - {"dependency"}:
        kinds = join(WORDS.get(kind, kind) for kind in modelled if kind != "dependency")
        why = f"the model reads {kinds} edges, but the corpus gives it none"
        return (nothing(NAME, TITLE, __doc__, why, summary={NAME: {}}),)
    items = compile_items(tables.edges)
    table = retention_by_kind(items, resampling=params.resampling)
    effects = _effects(tables, params)
    whole = table[table["span"] == "all"].drop(columns="span").reset_index(drop=True)
    captions = (
        "Retained share by edge kind and layer. n: edges, k: those retained, sd: over seeds; "
        "of_edges, of_retained: what the kind makes up of the layer's edges and retained edges.",
        "The same apart for edges inside of a sentence and between sentences.",
        f"{params.score_title} without a kind of edge. without: {method_words(tables).fills} in "
        "their place, mean over seeds; removed: nothing. difference: from all edges.",
    )
    main = shown("edge_kinds", captions[0], whole, percent=PERCENT)
    spans = shown("edge_kinds_by_span", captions[1], table, percent=PERCENT, folded=True)
    scores = shown("edge_kinds_f1", captions[2], effects, percent=EFFECT)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(whole, effects, params),
            figures=(draw_edge_kinds(whole, params),),
            tables=(main, spans, *(() if effects.empty else (scores,))),
            notes=(
                "An example's graph is what of its document can reach its sentence over as many "
                "edges as the model has layers; an edge counts where a path leads on to it.",
                "An edge that is retained may still matter little, and one kind may stand in for "
                f"another: the change in {params.score} without a whole kind is a second witness.",
                seeds_note(items.seeds, seedless=method_words(tables).seedless),
            ),
            summary={
                NAME: {
                    "retained": nested(whole, "kind", "layer"),
                    "f1": {
                        f"{r['how']}_{r['kind']}": {n: number(r[n]) for n in EFFECT}
                        for r in rows(effects)
                    },
                }
            },
        ),
    )


def _effects(tables: RunTables, params: Params) -> pd.DataFrame:
    """Rows ``kind``, ``how`` and the columns of ``EFFECT`` for every condition about a kind."""
    about = chosen(tables.scores, lambda s: s["condition"].astype(str).str.match(ABOUT))
    table = faithfulness(about, resampling=params.resampling)
    table = table[(table["predicate_type"] == "all") & (table["condition"] != "original")]
    names = table["condition"].str.split("_", n=1, expand=True)
    table = table.assign(how=names[0] if len(table) else [], kind=names[1] if len(table) else [])
    return table[["kind", "how", *EFFECT]].reset_index(drop=True)


def _finding(whole: pd.DataFrame, effects: pd.DataFrame, params: Params) -> str:
    overall = {str(r["kind"]): r for r in rows(whole[whole["layer"] == "all"])}
    others = [kind for kind in overall if kind != "dependency"]
    parts = []
    for kind, row in ((kind, overall[kind]) for kind in others):
        interval = span(row["low"], row["high"], level=params.level)
        text = f"{percent(row['share'])} of {WORDS.get(kind, kind)} edges are retained ({interval})"
        parts.append(text + (f", of only {row['n']:,}" if row["small"] else ""))
    text = join(parts)
    if "dependency" in overall:
        text += f", against {percent(overall['dependency']['share'])} of dependency edges"
    for kind in others:
        found = {str(r["how"]): r for r in rows(effects[effects["kind"] == kind])}
        if "without" in found:
            text += ". " + _effect(WORDS.get(kind, kind), found, params)
    return text + "."


def _effect(name: str, found: dict[str, Row], params: Params) -> str:
    row = found["without"]
    ends = (row["difference"], row["difference_low"], row["difference_high"])
    text = f"Without any {name} edge, {params.score} is {percent(row['f1'])}, compared with all "
    text += f"edges: {difference(*ends, level=params.level)}; "
    worse = {change(r["difference_low"], r["difference_high"]) < 0 for r in found.values()}
    if worse == {True}:
        return f"{text}the model uses {name} edges"
    if worse == {False}:
        return f"{text}nothing shows that its roles rest on {name} edges"
    return f"{text}baselines and nothing in their place do not agree on whether it needs them"
