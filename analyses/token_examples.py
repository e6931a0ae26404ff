"""What does a mask look like: which tokens of a sentence are kept, layer by layer?"""

from __future__ import annotations

import pandas as pd

from linguagraph.edges.storage import RunTables
from linguagraph.figures import to_pdf, to_svg
from linguagraph.figures.token_layers import token_layers
from linguagraph.reports.sections import FigureBlock, Section, TableBlock

from .blocks import Row, nothing, question, rows, shown
from .params import Params
from .phrases import join
from .token_parts import masks_of, top_rows

__all__ = ["run"]

NAME, TITLE = "token_examples", "Examples"
MOST, LEAST = 3, 6


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Heat maps of token by layer for a few examples, chosen by rule."""
    masks = masks_of(tables)
    chosen = _choose(masks, params.max_tokens)
    if not chosen:
        return (nothing(NAME, TITLE, __doc__, "no example is short enough to be drawn"),)
    drawn = [_block(masks[masks["example"] == n], i, why) for i, (n, why) in enumerate(chosen)]
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=" ".join(finding for _, _, finding in drawn),
            figures=tuple(figure for figure, _, _ in drawn),
            tables=tuple(table for _, table, _ in drawn),
            notes=(
                "Numbers: the mean over seeds of the probability that the token is kept. The "
                "leftmost column is the input, each further one adds the vote of one layer more.",
            ),
        ),
    )


def _choose(masks: pd.DataFrame, most: int) -> list[tuple[int, str]]:
    """Numbers of the examples to be drawn, and why: typical, fewest and most kept."""
    size = masks.groupby("example")["token"].nunique()
    fits = size[(size >= min(LEAST, int(size.max() or 0))) & (size <= most)].index
    top = top_rows(masks)
    top = top[top["example"].isin(fits)]
    if top.empty:
        return []
    answered = top.groupby("example")["role"].apply(lambda roles: bool(roles.notna().any()))
    kept = top.groupby("example")["retained"].mean()
    kept = kept[answered] if answered.any() else kept
    far = (kept - kept.median()).abs()
    found = {
        int(kept.index[int(far.argmin())]): "its share of tokens kept is nearest to the median",
        int(kept.index[int(kept.argmin())]): "it keeps the smallest share of its tokens",
        int(kept.index[int(kept.argmax())]): "it keeps the largest share of its tokens",
    }
    return list(found.items())[:MOST]


def _block(own: pd.DataFrame, number: int, why: str) -> tuple[FigureBlock, TableBlock, str]:
    """The drawing of one example, its table, and a sentence on it."""
    keys = ["layer", "state", "token", "form", "kind", "role"]
    groups = own.groupby(keys, observed=True, sort=True, dropna=False)[["score", "retained"]].mean()
    cells = groups.reset_index()
    words = cells[cells["layer"] == 0].sort_values("token")
    forms = [str(form) for form in words["form"]]
    verb = forms[int(own["predicate_index"].iloc[0])]
    states = [str(state) for state in cells.drop_duplicates("layer")["state"]]
    labels = [_label(row) for row in rows(words)]
    scores = cells["score"].to_numpy(dtype=float).reshape(len(states), len(forms))
    figure = token_layers(labels, states, scores)
    name, top = f"token_example_{number}", cells[cells["layer"] == cells["layer"].max()]
    kept = [str(r["form"]) for r in rows(top) if r["retained"] > 0.5]
    said = join(kept) if kept else "none"
    text = f"Of the tokens around “{verb}” most seeds keep in the top layer: {said}."
    caption = f"Tokens kept by layer around “{verb}”. Chosen because {why}."
    table = shown(
        name,
        f"Tokens around “{verb}”; score: mean over seeds; retained: share of the "
        f"{own['seed'].nunique()} seeds that keep the token.",
        cells,
        percent=("score", "retained"),
        folded=True,
    )
    drawing = FigureBlock(name, caption, text, to_svg(figure), to_pdf(figure), data=name)
    return drawing, table, text


def _label(row: Row) -> str:
    """A token, with what it is to the predicate."""
    if row["kind"] == "predicate":
        return f"{row['form']} (predicate)"
    return f"{row['form']} ({row['role']})" if isinstance(row["role"], str) else str(row["form"])
