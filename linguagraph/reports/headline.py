"""The summary and the manifest of a run -> headline tiles and rows of text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linguagraph.reports.accuracy import find_score, finder_scores, listed, parser_scores
from linguagraph.reports.cells import show_number

__all__ = ["Tile", "headline_note", "headline_tiles", "manifest_rows", "model_names"]


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline number: what it is, the number as text, and what stands beside it."""

    label: str
    value: str
    detail: str


def headline_tiles(summary: Mapping[str, Any]) -> list[Tile]:
    """Return the tiles for which ``summary`` has numbers: score, retained, agreement, corpus.

    A number may be given once, per seed (a list or a mapping, whose mean is shown), or as a
    mapping with ``mean``. What is absent is left out.
    """
    makers = (_score_tile, _retained_tile, _agreement_tile, _corpus_tile)
    tiles = (maker(summary) for maker in makers)
    return [tile for tile in tiles if tile is not None]


def headline_note(summary: Mapping[str, Any]) -> str:
    """Return one line that says what is predicted rather than gold; empty if nothing is.

    Args:
        summary: its key ``predicted`` may hold ``what`` (a list), and the facts of ``parser``,
            ``predicate_finder`` and ``coreference``.
    """
    predicted = _part(summary, "predicted")
    what = [str(item) for item in predicted.get("what") or ()]
    if not what:
        return ""
    parts = []
    parser = _part(predicted, "parser")
    if parser:
        raw = "tokens" in what
        wanted = ("tags", "trees") if not raw else ("sentences", "tags", "trees")
        scores = [score for item in wanted for score in parser_scores(parser, item, raw=raw)]
        kept = [score for score in scores if score.measure in ("sentences", "UPOS", "LAS")]
        parts.append(_measured(f"parser {parser.get('name', '')}".strip(), parser, listed(kept)))
    finder = _part(predicted, "predicate_finder")
    if finder:
        parts.append(_measured("predicates F1", finder, listed(finder_scores(finder))))
    coreference = _part(predicted, "coreference")
    if coreference:
        score = find_score(coreference.get("scores"), "conll")
        parts.append(_measured("coreference", coreference, listed([score] if score else [])))
    line = f"Predicted, not gold: {', '.join(what)}"
    return f"{line}. Measured accuracy: {'; '.join(parts)}." if parts else f"{line}."


def _measured(name: str, facts: Mapping[str, Any], scores: str) -> str:
    if not scores:
        return f"{name}: not known"
    where = facts.get("scored_on")
    return f"{name}: {scores}" + (f" ({where})" if where else "")


def model_names(summary: Mapping[str, Any]) -> str:
    """Return the name of the explained model or models; empty if the summary has none."""
    model = summary.get("model")
    if isinstance(model, Mapping):
        return str(model.get("name") or ", ".join(map(str, model)))
    if isinstance(model, (list, tuple)):
        return ", ".join(map(str, model))
    return "" if model is None else str(model)


def manifest_rows(manifest: Mapping[str, Any], *, limit: int = 250) -> list[tuple[str, str]]:
    """Return the manifest as (name, value) rows, nested names joined by ``›``.

    At most ``limit`` rows; a last row then says how many were left out.
    """
    told = {k: v for k, v in manifest.items() if k != "probes" or v}  # none with other methods
    rows = list(_flatten(told, "")) if told else []
    if len(rows) <= limit:
        return rows
    return [*rows[:limit], ("…", f"{len(rows) - limit:,} more in manifest.json")]


def _flatten(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flatten(inner, f"{name} › {key}" if name else str(key))
    elif isinstance(value, (list, tuple)) and any(isinstance(v, (Mapping, list)) for v in value):
        for index, inner in enumerate(value):
            yield from _flatten(inner, f"{name} › {index}")
    elif isinstance(value, (list, tuple)):
        yield name, ", ".join(_plain(item) for item in value) or "–"
    else:
        yield name, _plain(value)


def _plain(value: Any) -> str:
    """Return a manifest value as text; whole numbers ungrouped, since some are seeds or ids."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return "–" if value is None or value == {} else str(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, Mapping):
        named = next((value[k] for k in ("mean", "value", "estimate") if k in value), None)
        return _number(list(value.values()) if named is None else named)
    if isinstance(value, Sequence) and not isinstance(value, str):
        numbers = [_number(item) for item in value]
        known = [n for n in numbers if n is not None]
        return sum(known) / len(known) if known and len(known) == len(numbers) else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number == number else None


def _part(summary: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = summary.get(key)
    return value if isinstance(value, Mapping) else {}


def _units(summary: Mapping[str, Any]) -> str:
    """What is masked: edges unless the summary says otherwise."""
    return str(summary.get("units") or "edges")


def _per_layer(value: Any) -> list[tuple[str, float]]:
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        pairs = value.items()
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    numbers = ((str(layer), _number(item)) for layer, item in pairs)
    return [(layer, number) for layer, number in numbers if number is not None]


def _score_tile(summary: Mapping[str, Any]) -> Tile | None:
    score = _part(summary, "score")
    original, masked = _number(score.get("original")), _number(score.get("masked"))
    if masked is None:
        return None
    metric = re.split(r" over |[,;(]", str(score.get("metric") or "score"))[0].strip()
    units = _units(summary)
    detail = f"with the retained {units} only"
    if original is not None:
        given = _number(score.get("difference"))
        difference = 100 * (masked - original if given is None else given)
        sign = "+" if difference > 0 else ""
        points = show_number(difference, digits=1)
        detail += f"; {100 * original:.1f} with all {units} ({sign}{points} points)"
    return Tile(metric[:1].upper() + metric[1:], f"{100 * masked:.1f}", detail)


def _retained_tile(summary: Mapping[str, Any]) -> Tile | None:
    retained = _part(summary, "retained")
    overall = _number(retained.get("overall"))
    if overall is None:
        return None
    layers = _per_layer(retained.get("per_layer"))
    each = ", ".join(f"layer {layer} {number:.1%}" for layer, number in layers)
    whole = "of all messages" if _units(summary) == "edges" else "of all tokens, in the top layer"
    detail = whole + (f"; {each}" if each else "")
    return Tile("Retained", f"{overall:.1%}", detail)


def _agreement_tile(summary: Mapping[str, Any]) -> Tile | None:
    agreement = _part(summary, "agreement")
    kappa = _number(agreement.get("fleiss_kappa"))
    if kappa is None:
        return None
    low, high = _number(agreement.get("ci_low")), _number(agreement.get("ci_high"))
    detail = "Fleiss’ kappa across seeds"
    if low is not None and high is not None:
        detail += f" ({show_number(low, digits=2)} to {show_number(high, digits=2)})"
    raw, prevalence = _number(agreement.get("raw_agreement")), _number(agreement.get("prevalence"))
    if raw is not None:
        detail += f"; raw agreement {raw:.1%}"
    if prevalence is not None:
        detail += f", prevalence {prevalence:.1%}"
    return Tile("Agreement", show_number(kappa, digits=2), detail)


def _corpus_tile(summary: Mapping[str, Any]) -> Tile | None:
    corpus = _part(summary, "corpus")
    counts = {k: _number(corpus.get(k)) for k in ("predicates", "sentences", "tokens", "edges")}
    title, joint = "Corpus", " in "
    if "graphs" in corpus:
        title, joint = "Data", "; "
        counts = {k: _number(corpus.get(k)) for k in ("graphs", "nodes", "edges", "answers")}
    known = [(name, number) for name, number in counts.items() if number is not None]
    if not known:
        return None
    (first, number), rest = known[0], known[1:]
    detail = ", ".join(f"{count:,.0f} {_counted(count, name)}" for name, count in rest)
    first = _counted(number, first)
    return Tile(title, f"{number:,.0f}", f"{first}{joint}{detail}" if detail else first)


def _counted(number: float, plural: str) -> str:
    """The noun that goes with a number: "graph", "graphs"."""
    return plural.removesuffix("s") if number == 1 else plural
