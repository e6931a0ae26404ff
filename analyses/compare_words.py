"""The summary of a comparison in, what was learnt in three sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .compared import Compared
from .params import Params
from .phrases import change, percent, points

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
        kept = _retained(found.get("compare_retained", {}).get("any", {}), first, name)
        same = _same(found, compared, place)
        texts += [text for text in (scores, kept, same) if text]
    return " ".join(texts)


def _scores(scores: Mapping[str, Any], first: str, name: str, params: Params) -> str:
    row = scores.get("original", {}).get(name)
    if row is None or row.get("difference") is None:
        return ""
    low, high = (_known(row[f"difference_{end}"]) for end in ("low", "high"))
    sign = change(low, high)
    verb = {0: "answers as well as", 1: "answers better than", -1: "answers worse than"}[sign]
    if low != low:
        verb = "is scored beside"
    elif row["difference"] == low == high == 0:
        verb = "answers exactly as well as"
    size = f"; {points(row['difference'])} apart" if row["difference"] else ""
    return f"{name} {verb} {first} ({params.score} {percent(_known(row['score']))}{size})."


def _retained(kept: Mapping[str, Any], first: str, name: str) -> str:
    if name not in kept or first not in kept:
        return ""
    shares = [_known(kept[run]["share"]) for run in (name, first)]
    said = [percent(share) for share in shares]
    ratio = shares[0] / shares[1] if min(shares) > 0 else 1.0
    if ratio > 1.25:
        many = f"{ratio:.1f} times as many as {first} ({said[1]})"
        return f"It retains {said[0]} of the edges in some layer, {many}."
    if ratio < 0.8:
        many = f"{1 / ratio:.1f} times as many ({said[1]})"
        return f"It retains {said[0]} of the edges in some layer, {first} {many}."
    return f"It retains {said[0]} of the edges in some layer, {first} {said[1]}."


def _same(found: Mapping[str, Any], compared: Compared, place: int) -> str:
    first, name = compared.names[0], compared.names[place]
    row = found.get("compare_agreement", {}).get("any", {}).get(f"{first} and {name}")
    if row is None or row["cohen_kappa"] is None:
        return ""
    parts = [f"On single edges they reach a kappa of {row['cohen_kappa']:.2f}"]
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
    return f"{'; '.join(parts)}.".replace(" -", " −")


def _known(value: float | None) -> float:
    return float("nan") if value is None else value
