"""Cells of the benchmark <-> one JSON file that is whole after every cell; cells -> a table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from linguagraph.errors import RunError
from linguagraph.files import write_json
from linguagraph.runs.benchmark_methods import CONTENDERS
from linguagraph.runs.benchmark_scores import spread
from linguagraph.runs.measure import hardware, versions

__all__ = ["FORMAT", "Results", "made_with", "table_rows"]

FORMAT = 1
KIND = "faithfulness-benchmark"

_MEASURES = ("precision", "recall", "f1", "share")


@dataclass
class Results:
    """The cells that are done.

    Attributes:
        path: file that is written after every cell; ``None`` keeps them in memory only.
        config: what was asked for, as JSON.
        cells: one dictionary per task, method and seed.
        models: how the explained models were trained.
        invariance: what :func:`linguagraph.tasks.invariance.invariance` found, if it was asked.
    """

    path: Path | None
    config: dict[str, Any]
    cells: list[dict[str, Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    invariance: dict[str, Any] | None = None

    @classmethod
    def begin(cls, path: Path | None, config: dict[str, Any]) -> Results:
        """Read the file, if it is there, and go on with what it holds.

        Raises:
            RunError: it is something else, or damaged.
        """
        results = cls(path, config)
        if path is not None and path.is_file():
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
            except (ValueError, OSError) as error:
                raise RunError(
                    f"{path} cannot be read: {error}; remove it or name another"
                ) from error
            if not isinstance(found, dict) or found.get("kind") != KIND:
                raise RunError(f"{path} is no result of this benchmark; name another file")
            if found.get("format") != FORMAT:
                raise RunError(f"{path} has another format than {FORMAT}; name another file")
            missing = [name for name in ("cells", "models", "invariance") if name not in found]
            if missing:
                raise RunError(f"{path} lacks {', '.join(missing)}; remove it or name another")
            results.cells, results.models = found["cells"], found["models"]
            results.invariance = found["invariance"]
        return results

    def has(self, wanted: dict[str, Any]) -> bool:
        """Whether there is a cell with these values: task, method, seed and how it was made."""
        return any({key: cell.get(key) for key in wanted} == wanted for cell in self.cells)

    def refuse_smaller(self, wanted: dict[str, Any], amount: dict[str, int]) -> None:
        """Refuse to replace a cell by one of fewer graphs, such as one of a quick look.

        Args:
            wanted: task, method and seed; amount: numbers of graphs by name.

        Raises:
            RunError: there is a cell that was made with more graphs.
        """
        for cell in self.cells:
            if _key(cell) != _key(wanted):
                continue
            made = cell.get("identity", {}).get("amount", {})
            more = [name for name in ("test", "dev", "train") if made.get(name, 0) > amount[name]]
            if more:
                raise RunError(
                    f"{self.path} holds a fuller run ({cell['task']}, {cell['method']}, seed "
                    f"{cell['seed']}: {made[more[0]]} {more[0]} graphs, not {amount[more[0]]}), "
                    "which this one would replace; name another file with --json or another "
                    "folder with -o"
                )

    def add(self, cell: dict[str, Any]) -> None:
        """Keep a cell in place of an older one of the same task, method and seed."""
        key = _key(cell)
        self.cells = [old for old in self.cells if _key(old) != key] + [cell]
        self.write(complete=False)

    def write(self, *, complete: bool) -> None:
        """Write the file, all or nothing."""
        if self.path is not None:
            write_json(self.path, self.to_json(complete=complete))

    def to_json(self, *, complete: bool) -> dict[str, Any]:
        """Everything, as it is written."""
        return {
            "kind": KIND,
            "format": FORMAT,
            "complete": complete,
            "config": self.config,
            "versions": {**versions(), **made_with()},
            "hardware": hardware("cpu", torch.get_num_threads()),
            "models": self.models,
            "invariance": self.invariance,
            "table": table_rows(self.cells, self.config),
            "cells": self.cells,
        }


def made_with() -> dict[str, str]:
    """Versions that a cell's numbers depend on, by package; those that are installed."""
    from linguagraph import __version__

    found = {"linguagraph": __version__, "torch": str(torch.__version__)}
    for package in ("torch_geometric", "captum"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _key(cell: dict[str, Any]) -> tuple[str, str, int]:
    return cell["task"], cell["method"], cell["seed"]


def table_rows(cells: Sequence[dict[str, Any]], config: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per task and method that was asked for and is done, over the seeds asked for.

    Returns:
        ``task``, ``method``, ``title``, ``seeds``; ``precision``, ``recall``, ``f1``, ``share`` (of
        edges retained), ``f1_yes`` (graphs whose answer is yes), ``answers_kept``,
        ``answers_kept_zeros``, ``seconds_per_graph`` and ``fit_seconds`` with ``mean``, ``sd``,
        ``min`` and ``max``; ``f1_by_layer``, means; ``test_graphs``; ``how``, graphs by how their
        mask was found, over all seeds (empty if all alike, ``None`` if a cell does not say);
        ``paper``, percentages, ``None`` where the paper has none; ``error`` in place of all that
        where the method does not apply.
    """
    rows = []
    for task in config["tasks"]:
        for method in config["methods"]:
            own = [
                cell
                for cell in cells
                if (cell["task"], cell["method"]) == (task, method)
                and cell["seed"] in config["seeds"]
            ]
            if own:
                rows.append(_row(task, method, sorted(own, key=lambda cell: cell["seed"])))
    return rows


def _row(task: str, method: str, cells: list[dict[str, Any]]) -> dict[str, Any]:
    contender = CONTENDERS[method]
    row: dict[str, Any] = {
        "task": task,
        "method": method,
        "title": contender.title,
        "seeds": [cell["seed"] for cell in cells],
        "paper": list(contender.paper) if task == "star" and contender.paper else None,
    }
    errors = [cell["error"] for cell in cells if "error" in cell]
    if errors:
        return {**row, "error": errors[0]}
    columns = {name: [cell["scores"][name] for cell in cells] for name in _MEASURES}
    columns["f1_yes"] = [cell["scores_yes"]["f1"] for cell in cells]
    for name in ("answers_kept", "answers_kept_zeros", "seconds_per_graph", "fit_seconds"):
        columns[name] = [cell[name] for cell in cells]
    layers = zip(*(cell["scores_by_layer"] for cell in cells), strict=True)
    return {
        **row,
        "test_graphs": cells[0]["test_graphs"],
        "how": _how([cell.get("how") for cell in cells]),
        **{name: spread(values).to_json() for name, values in columns.items()},
        "f1_by_layer": [spread([one["f1"] for one in layer]).mean for layer in layers],
    }


def _how(found: Sequence[dict[str, int] | None]) -> dict[str, int] | None:
    total: Counter[str] = Counter()
    for one in found:
        if one is None:  # written before cells said it
            return None
        total.update(one)
    return dict(total)
