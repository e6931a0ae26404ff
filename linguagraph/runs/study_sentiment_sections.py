"""Tables of kept words and of controls -> the sections of the study of sentiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from linguagraph.aggregates.kept_units import kept_shares
from linguagraph.aggregates.statistics import Resampling, wilson
from linguagraph.analyses.blocks import rows as records
from linguagraph.figures import to_pdf, to_svg
from linguagraph.figures.token_layers import token_layers
from linguagraph.masks.unit_controls import ConditionScore
from linguagraph.reports import FigureBlock, Section
from linguagraph.runs.study_page import bar_figure, line_figure, shown_share, table_block

__all__ = ["sentiment_sections"]

_LONGEST = 30  # words of a drawn sentence


def sentiment_sections(
    words: pd.DataFrame,
    scores: Sequence[ConditionScore],
    *,
    labels: Sequence[str],
    shown: int,
    resampling: Resampling,
) -> tuple[tuple[Section, ...], dict[str, Any]]:
    """Layers, parts of speech, controls and drawn sentences.

    Args:
        words: a row per word and layer: ``sentence``, ``position``, ``layer``, ``score``,
            ``kept``, ``word``, ``upos``, ``label``, ``predicted``.
        scores: of the controls, with sums ``right`` and ``answers``.
        labels: names of the answers.
        shown: how many sentences are drawn.
        resampling: of sentences.

    Returns:
        The sections and the numbers of the summary.
    """
    layers, kept = _layers(words, resampling)
    controls, numbers = _controls(scores)
    parts = _parts(words, resampling)
    drawn = _drawn(words, labels, shown)
    summary = {"kept_by_layer": kept, "kept_top": list(kept.values())[-1], **numbers}
    return tuple(s for s in (layers, controls, parts, drawn) if s is not None), summary


def _layers(words: pd.DataFrame, resampling: Resampling) -> tuple[Section, dict[str, float]]:
    table = kept_shares(words, ["layer"], resampling=resampling)
    said = "; ".join(f"{row['layer']} {shown_share(row)}" for row in records(table))
    figure, data = line_figure(
        "kept_by_layer",
        "Share of words kept by the votes of all layers up to each, with 95% intervals over "
        "resampled sentences.",
        said + ".",
        table,
        x="layer",
        y="share",
        low="low",
        high="high",
        xlabel="state",
        ylabel="share of words kept",
    )
    section = Section(
        "layers",
        "Words kept, layer by layer",
        "In which layer does the model come to know that it can do without a word?",
        f"Words kept: {said}.",
        (figure,),
        (data,),
        ("A word is kept if one of its pieces is; the special pieces are never masked.",),
    )
    return section, {str(row["layer"]): float(row["share"]) for row in records(table)}


def _controls(scores: Sequence[ConditionScore]) -> tuple[Section, dict[str, Any]]:
    table = pd.DataFrame(
        [
            {
                "layer": score.layer,
                "condition": score.condition,
                "units": score.units,
                "divergence": score.divergence,
                "same_answer": score.same,
                "k": int(score.scores["right"]),
                "n": int(score.scores["answers"]),
            }
            for score in scores
        ]
    )
    low, high = wilson(table["k"], table["n"])
    table = table.assign(accuracy=table["k"] / table["n"], low=low, high=high)
    top = {
        row["condition"]: row for row in records(table[table["layer"] == table["layer"].iloc[-1]])
    }
    lost = top["original"]["k"] - top["retained"]["k"]
    said = (
        f"Under the masks of the top layer accuracy is {100 * top['retained']['accuracy']:.1f}%, "
        f"against {100 * top['original']['accuracy']:.1f}% without masks; "
        f"{100 * top['random']['accuracy']:.1f}% with as many random words, "
        f"{100 * top['deleted']['accuracy']:.1f}% where the kept words are deleted instead."
    )
    figure, data = bar_figure(
        "controls",
        "Accuracy on the dev data by layer of the mask and by what is left of a sentence, with "
        "Wilson's 95% intervals; the learned baseline stands for what is dropped.",
        said,
        table,
        y="condition",
        x="accuracy",
        panel="layer",
        xlabel="accuracy",
        ylabel="words left",
    )
    section = Section(
        "controls",
        "Masked, deleted and random words",
        "Are the kept words enough for the model, and needed by it?",
        said,
        (figure,),
        (data,),
    )
    return section, {
        "original_accuracy": top["original"]["accuracy"],
        "retained_accuracy": top["retained"]["accuracy"],
        "deleted_accuracy": top["deleted"]["accuracy"],
        "random_accuracy": top["random"]["accuracy"],
        "within_one_point": bool(100 * lost <= top["original"]["n"]),
    }


def _parts(words: pd.DataFrame, resampling: Resampling) -> Section:
    top = words[words["layer"] == words["layer"].iloc[-1]]
    table = kept_shares(top, ["upos"], resampling=resampling)
    table = table.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)
    common = [row for row in records(table) if not row["small"]]
    named = common or records(table)
    said = (
        f"Of the parts of speech, {named[0]['upos']} is kept most, {shown_share(named[0])}, and "
        f"{named[-1]['upos']} least, {shown_share(named[-1])}."
    )
    figure, data = bar_figure(
        "kept_by_part_of_speech",
        "Share of words kept by all layers together, by universal part of speech (bundled "
        "tagger), with 95% intervals over resampled sentences.",
        said,
        table,
        y="upos",
        x="share",
        xlabel="share of words kept",
        ylabel="part of speech",
    )
    every = kept_shares(words, ["upos", "layer"], resampling=resampling)
    return Section(
        "parts_of_speech",
        "Parts of speech",
        "Words of which parts of speech does the model need?",
        said,
        (figure,),
        (
            data,
            table_block("kept_by_part_of_speech_and_layer", "The same, layer by layer.", every),
        ),
    )


def _drawn(words: pd.DataFrame, labels: Sequence[str], shown: int) -> Section | None:
    """Heat maps of the first sentences of moderate length that are answered correctly."""
    sizes = words.groupby("sentence")["position"].nunique()
    right = words[words["label"] == words["predicted"]]["sentence"].unique()
    chosen = [s for s in right if 6 <= sizes[s] <= _LONGEST][:shown]
    if not chosen:
        return None
    figures, tables = [], []
    for place, sentence in enumerate(chosen, start=1):
        part = words[words["sentence"] == sentence]
        names = list(dict.fromkeys(part["layer"]))
        grid = part.pivot(index="layer", columns="position", values="score").loc[names]
        first = part[part["layer"] == names[0]].sort_values("position")
        tokens = [str(word) for word in first["word"]]
        answer = labels[int(first["predicted"].iloc[0])]
        drawing = token_layers(tokens, names, grid.to_numpy(), title=f"predicted: {answer}")
        best = [tokens[i] for i in np.argsort(-grid.to_numpy()[-1], kind="stable")[:3]]
        name = f"tokens_{place}"
        caption = "Probability that each word is kept by the votes of all layers up to each."
        alt = f"Predicted {answer}; most kept at the top: {', '.join(best)}."
        data = table_block(f"{name}_data", caption, part[["word", "layer", "score", "kept"]])
        figures.append(FigureBlock(name, caption, alt, to_svg(drawing), to_pdf(drawing), data.name))
        tables.append(data)
    return Section(
        "sentences",
        "Sentences, word by layer",
        "What does the emerging decision look like in single sentences?",
        f"The first {len(chosen)} dev sentences of 6 to {_LONGEST} words that are answered "
        "correctly.",
        tuple(figures),
        tuple(tables),
    )
