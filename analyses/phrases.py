"""Numbers in, words out: percentages, intervals, differences and kappa in one voice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

__all__ = [
    "TYPES",
    "UNKNOWN",
    "change",
    "count",
    "difference",
    "join",
    "kappa_word",
    "number",
    "percent",
    "points",
    "signed",
    "span",
    "type_name",
    "verdict",
]

UNKNOWN = "without an interval nothing can be concluded from this."
"""The verdict where there is no interval."""

TYPES = {"V": "verbal", "N": "nominal", "J": "adjectival", "O": "other", "all": "all"}


def percent(share: float, *, digits: int = 1) -> str:
    """A share as a percentage; only exact 0 and 1 are printed as "0%" and "100%"."""
    if math.isnan(share):
        return "undefined"
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    least = 10.0**-digits / 100
    if 0 < share < least / 2:
        return f"under {least:.{digits}%}"
    if 1 - least / 2 < share < 1:
        return f"over {1 - least:.{digits}%}"
    return f"{share:.{digits}%}"


def points(value: float) -> str:
    """A difference of shares in percentage points, unsigned: "0.8 points"."""
    if math.isnan(value):
        return "an undefined number of points"
    size = abs(value) * 100
    if 0 < size < 0.05:
        return "under 0.1 points"
    return f"{size:.1f} point" + ("" if f"{size:.1f}" == "1.0" else "s")


def span(low: float, high: float, *, level: float, share: bool = True) -> str:
    """An interval in words: "95% interval 3.1% to 4.5%"."""
    if math.isnan(low) or math.isnan(high):
        return "no interval"
    ends = (percent(low), percent(high)) if share else (signed(low), signed(high))
    return f"{level:.0%} interval {ends[0]} to {ends[1]}"


def signed(value: float) -> str:
    """A coefficient with two decimals and a real minus sign."""
    return f"{value:.2f}".replace("-", "−")


def change(low: float, high: float) -> int:
    """Sign of a difference: -1 or 1 if its interval excludes 0, else 0 (also without interval)."""
    if math.isnan(low) or math.isnan(high) or low <= 0 <= high:
        return 0
    return 1 if low > 0 else -1


def verdict(words: Mapping[int, str], low: float, high: float) -> str:
    """What the sign of a difference means, by ``change``; without an interval nothing."""
    if math.isnan(low) or math.isnan(high):
        return UNKNOWN
    return words[change(low, high)]


def difference(
    value: float, low: float, high: float, *, level: float, up: str = "above", down: str = "below"
) -> str:
    """A difference in words, with its interval in points.

    "0.8 points below (95% interval −1.1 to −0.5 points)", or, where the interval holds 0,
    "no difference that the interval can tell from none (...)".
    """
    if math.isnan(value):
        return "a difference that cannot be computed"
    if value == low == high == 0:
        return "exactly equal"
    if math.isnan(low) or math.isnan(high):
        return f"{points(value)} {up if value > 0 else down} (no interval)"
    ends = f"{level:.0%} interval {_points(low)} to {_points(high)} points"
    sign = change(low, high)
    if not sign:
        return f"no difference that the interval can tell from none ({_points(value)}; {ends})"
    return f"{points(value)} {up if sign > 0 else down} ({ends})"


def _points(value: float) -> str:
    text = f"{value * 100:+.1f}".replace("-", "−")
    return text.lstrip("+−") if text in ("+0.0", "−0.0") else text


def kappa_word(kappa: float) -> str:
    """The customary word for a kappa (Landis & Koch 1977)."""
    if math.isnan(kappa):
        return "undefined"
    if kappa < 0:
        return "less than chance"
    bounds = ((0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))
    return next((word for bound, word in bounds if kappa <= bound), "almost perfect")


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: "1 edge", "2,000 edges"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def join(parts: Iterable[str]) -> str:
    """A list in words: "a, b and c"."""
    parts = list(parts)
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def type_name(code: str) -> str:
    """The adjective of a predicate type: "verbal" for V."""
    return TYPES.get(code, code)


def number(value: float) -> float | None:
    """A number for JSON: ``None`` for NaN and infinities."""
    return float(value) if math.isfinite(value) else None
