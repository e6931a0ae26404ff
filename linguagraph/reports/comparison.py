"""The summary of a comparison -> the headline tiles of its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from linguagraph.reports.headline import Tile

__all__ = ["comparison_tiles"]


def comparison_tiles(summary: Mapping[str, Any]) -> list[Tile]:
    """Tiles for what the summary holds: scores, retained shares, agreement, labels that differ."""
    makers = (_scores, _retained, _agreement, _labels)
    return [tile for maker in makers for tile in maker(summary)]


def _scores(summary: Mapping[str, Any]) -> Iterator[Tile]:
    scores = summary.get("compare_scores", {})
    found = scores.get("original", {})
    masked = scores.get("retained_100", {})
    if found:
        said = [f"{name} {_percent(row['score'])}" for name, row in masked.items()]
        yield Tile(
            "score with all edges",
            _percents([row["score"] for row in found.values()]),
            f"{', '.join(found)}; retained edges only: {', '.join(said) or 'not scored'}",
        )


def _retained(summary: Mapping[str, Any]) -> Iterator[Tile]:
    found = summary.get("compare_retained", {}).get("any", {})
    if found:
        yield Tile(
            "edges retained in any layer",
            _percents([row["share"] for row in found.values()]),
            ", ".join(found),
        )


def _agreement(summary: Mapping[str, Any]) -> Iterator[Tile]:
    found = summary.get("compare_agreement", {}).get("any", {})
    between = {who: row for who, row in found.items() if not who.startswith("seeds of ")}
    within = {who: row for who, row in found.items() if who.startswith("seeds of ")}
    if between:
        own = [f"{who} {_number(row['cohen_kappa'])}" for who, row in within.items()]
        yield Tile(
            "agreement between runs (κ)",
            " · ".join(_number(row["cohen_kappa"]) for row in between.values()),
            "; ".join(own),
        )


def _labels(summary: Mapping[str, Any]) -> Iterator[Tile]:
    found = summary.get("compare_labels", {})
    if found:
        yield Tile(
            "labels retained differently",
            " · ".join(
                f"{row['labels_different_holm']} of {row['labels']}" for row in found.values()
            ),
            "any layer; Holm's correction, p below 0.05",
        )


def _percents(values: list[float | None]) -> str:
    """Percentages in one line, the sign at the end alone."""
    said = [_percent(value) for value in values]
    return " · ".join([*(text.removesuffix("%") for text in said[:-1]), said[-1]])


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")
