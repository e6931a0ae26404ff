"""A TOML file -> the cells of a grid of models: what varies, what is skipped, what all share."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from linguagraph.errors import ConfigError
from linguagraph.models.qa import QaConfig
from linguagraph.models.qa_training import QaTrainConfig
from linguagraph.models.srl import SrlConfig
from linguagraph.models.training import SrlTrainConfig
from linguagraph.runs.configuring import updated

__all__ = ["SweepCell", "SweepGrid", "read_grid", "to_toml"]

_CONFIGS: dict[str, tuple[Any, Any]] = {
    "srl": (SrlConfig(edge_dropout=0.1), SrlTrainConfig()),
    "qa": (QaConfig(), QaTrainConfig()),
}
_SHARED = ("model", "training", "probe", "fit", "constraint", "mentions")
_KNOWN = ("task", "seeds", "grid", "skip", *_SHARED)
_LISTS = ("kinds", "relations")
"""Options that are lists themselves: their items are joined by + in a grid."""


@dataclass(frozen=True)
class SweepCell:
    """One combination.

    Attributes:
        name: its folder, such as ``gat-mlp-2``.
        varied: what the grid says of it, by option.
        tables: options by table: ``model``, ``training``, and those of the probes.
    """

    name: str
    varied: dict[str, Any]
    tables: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class SweepGrid:
    """What a file describes.

    Attributes:
        task: ``srl`` or ``qa``.
        seeds: of the probes, see ``linguagraph train graphmask --seeds``.
        varied: options that vary.
        cells: in the order of the file, the last option varying fastest.
        skipped: how many combinations ``[[skip]]`` leaves out.
    """

    task: str
    seeds: str
    varied: tuple[str, ...]
    cells: tuple[SweepCell, ...]
    skipped: int = field(default=0)


def read_grid(path: Path) -> SweepGrid:
    """Read and check a grid; every cell's options are checked before anything is trained.

    Raises:
        ConfigError: the file cannot be read, or names unknown tables, options or values.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    unknown = [name for name in found if name not in _KNOWN]
    if unknown:
        raise ConfigError(f"{path}: unknown {unknown}; expected {list(_KNOWN)}")
    task = found.get("task", "srl")
    if task not in _CONFIGS:
        raise ConfigError(f"{path}: task={task!r}; expected one of {list(_CONFIGS)}")
    shared = {name: _table(path, found, name) for name in _SHARED}
    grid = {name: _values(path, name, v) for name, v in _table(path, found, "grid").items()}
    if not grid:
        raise ConfigError(f"{path}: [grid] is empty; give lists such as conv = ['gat', 'ggnn']")
    homes = {name: _home(path, task, name) for name in grid}
    skip = [_pattern(path, grid, row) for row in found.get("skip", [])]
    cells, skipped = [], 0
    for values in itertools.product(*grid.values()):
        varied = dict(zip(grid, values, strict=True))
        if any(_matches(varied, pattern) for pattern in skip):
            skipped += 1
            continue
        tables = {name: dict(options) for name, options in shared.items()}
        for name, value in varied.items():
            whole = name in _LISTS and isinstance(value, str)
            tables[homes[name]][name] = value.split("+") if whole else value
        cells.append(SweepCell("-".join(map(_word, values)), varied, tables))
    if not cells:
        raise ConfigError(f"{path}: [[skip]] leaves nothing of the grid")
    names = [cell.name for cell in cells]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"{path}: two cells would have the folder {twice[0]!r}; name values apart"
        )
    for cell in cells:
        _checked(path, task, cell)
    return SweepGrid(task, str(found.get("seeds", "5")), tuple(grid), tuple(cells), skipped)


def to_toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Tables of plain values as TOML, for the files that say how a cell was made."""
    lines = []
    for name, options in tables.items():
        plain = {k: v for k, v in options.items() if not isinstance(v, Mapping)}
        lines += [f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in plain.items()), ""]
        for key, inner in options.items():
            if isinstance(inner, Mapping):
                lines += [f"[{name}.{key}]"]
                lines += [*(f"{k} = {json.dumps(v)}" for k, v in inner.items()), ""]
    return "\n".join(lines)


def _table(path: Path, found: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = found.get(name, {})
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: [{name}] is not a table but {value!r}")
    return dict(value)


def _values(path: Path, name: str, value: Any) -> list[Any]:
    plain = isinstance(value, list) and value
    if not plain or any(not isinstance(v, str | int | float | bool) for v in value):
        raise ConfigError(
            f"{path}: [grid] {name} = {value!r}; expected a list of plain values (kinds and "
            "relations as words joined by +)"
        )
    if len({str(v) for v in value}) < len(value):
        raise ConfigError(f"{path}: [grid] {name} names a value twice: {value}")
    return list(value)


def _home(path: Path, task: str, name: str) -> str:
    """The table that an option of the grid belongs to."""
    model, training = (tuple(f.name for f in fields(c)) for c in _CONFIGS[task])
    if name in model:
        return "model"
    if name in training:
        return "training"
    raise ConfigError(
        f"{path}: [grid] {name}: no option of a {task} model ({', '.join(model)}) or of its "
        f"training ({', '.join(training)})"
    )


def _pattern(path: Path, grid: Mapping[str, Any], row: Any) -> dict[str, list[Any]]:
    unknown = [name for name in row if name not in grid] if isinstance(row, dict) else [row]
    if unknown or not row:
        raise ConfigError(f"{path}: [[skip]] {row!r}: name options of [grid]: {list(grid)}")
    return {k: v if isinstance(v, list) else [v] for k, v in row.items()}


def _matches(varied: Mapping[str, Any], pattern: Mapping[str, list[Any]]) -> bool:
    return all(varied[name] in values for name, values in pattern.items())


def _word(value: Any) -> str:
    """A value as part of a folder's name."""
    return "".join(c if c.isalnum() or c in "._" else "_" for c in str(value))


def _checked(path: Path, task: str, cell: SweepCell) -> None:
    """Raise where a cell's options are not options."""
    model, training = _CONFIGS[task]
    options = dict(cell.tables["model"])
    for name in _LISTS:
        if isinstance(options.get(name), list):
            options[name] = tuple(options[name])
    try:
        updated(model, options, where="model")
        updated(training, cell.tables["training"], where="training")
    except ConfigError as error:
        raise ConfigError(f"{path}, cell {cell.name}: {error}") from error
