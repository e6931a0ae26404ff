"""The summary of a comparison in, what was learnt in three sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .compared import Compared
from .params import Params
from .phrases import change, difference, percent, signed

__all__ = ["overview_words"]


def overview_words(compared: Compared, found: Mapping[str, Any], params: Params) -> str:
    """How well the runs answer, how much they retain, whether it is the same; run by run.

    Args:
        found: the summary of the parts of the comparison.
    """
    first = compared.names[0]
    texts = []
    for place, name in enumerate(compared.names[1:], start=1):
        scores = _scores(found.get("compare_scores", {}), first, name, params)
        kept = _retained(found.get("compare_retained", {}), first, name, compared)
        same = _same(found, compared, place)
        texts += [text for text in (scores, kept, same) if text]
    return " ".join(texts)


def _scores(scores: Mapping[str, Any], first: str, name: str, params: Params) -> str:
    row = scores.get("original", {}).get(name)
    if row is None or row.get("difference") is None:
        return ""
    low, high = (_known(row[f"difference_{end}"]) for end in ("low", "high"))
    said = difference(row["difference"], low, high, level=params.level)
    verb = {0: "is scored beside", 1: "answers better than", -1: "answers worse than"}
    return (
        f"{name} {verb[change(low, high)]} {first} ({params.score} "
        f"{percent(_known(row['score']))}: {said})."
    )


def _retained(levels: Mapping[str, Any], first: str, name: str, compared: Compared) -> str:
    kept = levels.get("any", {})
    if name not in kept or first not in kept:
        return ""
    shares = [_known(kept[run]["share"]) for run in (name, first)]
    said = [percent(share) for share in shares]
    ratio = shares[0] / shares[1] if min(shares) > 0 else 1.0
    text = f"It retains {said[0]} of the edges in some layer, "
    if ratio > 1.25:
        text += f"{ratio:.1f} times as many as {first} ({said[1]})"
    elif ratio < 0.8:
        text += f"{first} {1 / ratio:.1f} times as many ({said[1]})"
    else:
        text += f"{first} {said[1]}"
    top = levels.get("top", {})
    if not compared.same_depth and name in top and first in top:
        ends = [percent(_known(top[run]["share"])) for run in (name, first)]
        text += f"; in the top layer alone {ends[0]} and {ends[1]} (the models differ in depth)"
    return f"{text}."


def _same(found: Mapping[str, Any], compared: Compared, place: int) -> str:
    first, name = compared.names[0], compared.names[place]
    row = found.get("compare_agreement", {}).get("any", {}).get(f"{first} and {name}")
    if row is None or row["cohen_kappa"] is None:
        return ""
    parts = [f"On single edges they reach a kappa of {signed(row['cohen_kappa'])}"]
    if row["below"] is not None:
        ceiling = row["cohen_kappa"] + row["below"]
        parts[0] += f", where seeds of one run reach {ceiling:.2f}"
    inside = row["second_in_first"], row["first_in_second"]
    if None not in inside:
        parts.append(f"{percent(inside[0])} of what {name} retains, {first} retains, too")
    labels = found.get("compare_labels", {}).get(f"{first} / {name}")
    if labels and labels["labels"]:
        parts.append(
            f"{labels['labels_different_holm']} of {labels['labels']} labels are retained to a "
            "different extent"
        )
    return f"{'; '.join(parts)}."


def _known(value: float | None) -> float:
    return float("nan") if value is None else value
