"""A grid and corpora -> a trained, masked and tabulated model per cell, and one table of them all.

Every cell is a folder ``cells/NAME`` with ``model/`` (its probes in ``model/probes/``), ``run/``,
the options that made it (``model.toml``, ``probes.toml``) and ``cell.json``. What is finished is
skipped; an interrupted training goes on from its last epoch; a cell that fails is named and the
others are made. Two processes may work on one sweep: each takes cells that the other does not hold.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from linguagraph import __version__
from linguagraph.errors import ConfigError, LinguagraphError, RunError
from linguagraph.files import replaced, write_json
from linguagraph.runs.configuring import corpus_fingerprint
from linguagraph.runs.directory import Run
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.sweep_grid import SweepCell, SweepGrid, read_grid, to_toml

__all__ = ["CELLS", "SweepData", "cell_state", "sweep_run", "sweep_table"]

CELLS, STATE = "cells", "cell.json"
_PROBES = ("probe", "fit", "constraint")
_CHAINS = "chains.jsonl"


@dataclass(frozen=True)
class SweepData:
    """What models learn from and are explained on.

    Attributes:
        train, dev: corpora of the task; the masks are about the second.
        documents: for models with further kinds of edges, see
            :func:`linguagraph.runs.training.train_srl_run`.
        auxiliary: further questions, see :func:`linguagraph.runs.qa_training.train_qa_run`.
        licence: of the data.
    """

    train: Path
    dev: Path
    documents: tuple[Path | None, Path | None] = (None, None)
    auxiliary: tuple[Path, ...] = ()
    licence: str | None = None

    def marks(self) -> dict[str, Any]:
        """Fingerprints of all files.

        Raises:
            ConfigError: one is not there.
        """
        named: dict[str, Path | None] = {"train": self.train, "dev": self.dev}
        named |= {f"documents {i}": path for i, path in enumerate(self.documents)}
        named |= {f"auxiliary {i}": path for i, path in enumerate(self.auxiliary)}
        return {name: corpus_fingerprint(p) for name, p in named.items() if p is not None}


@dataclass
class _Sweep:
    """One call of :func:`sweep_run`."""

    grid: SweepGrid
    data: SweepData
    out: Path
    marks: dict[str, Any]
    device: str
    threads: int | None
    log: Callable[[str], None]
    progress: Progress
    failed: dict[str, str] = field(default_factory=dict)

    def make(self, cell: SweepCell) -> None:
        """Do what is left of a cell."""
        home = self.out / CELLS / cell.name
        home.mkdir(parents=True, exist_ok=True)
        state = _read(home / STATE) or {"key": self._key(cell), "done": []}
        state.pop("error", None)
        for name, tables in (("model", ("model", "training", "mentions")), ("probes", _PROBES)):
            kept = {t: cell.tables[t] for t in tables if cell.tables[t]}
            (home / f"{name}.toml").write_text(to_toml(kept), encoding="utf-8")
        steps = (("model", self._train), ("probes", self._fit), ("run", self._explain))
        try:
            for name, step in steps:
                if name in state["done"]:
                    continue
                started = time.perf_counter()
                write_json(home / STATE, state)
                step(home)
                spent = state.setdefault("seconds", {})
                spent[name] = round(spent.get(name, 0.0) + time.perf_counter() - started, 1)
                state["done"].append(name)
        except Exception as error:  # whatever goes wrong with one cell, the others are made
            ours = isinstance(error, LinguagraphError | OSError)
            state["error"] = str(error) if ours else f"{type(error).__name__}: {error}"
            self.failed[cell.name] = state["error"]
            self.log(f"{cell.name}: {state['error']}")
        finally:
            write_json(home / STATE, state)

    def _key(self, cell: SweepCell) -> dict[str, Any]:
        key = {"task": self.grid.task, "seeds": self.grid.seeds, "data": self.marks}
        return json.loads(json.dumps(key | {"tables": cell.tables}))  # type: ignore[no-any-return]

    def changed(self, cell: SweepCell) -> bool:
        """Whether a cell on disk was made from other options or data."""
        state = _read(self.out / CELLS / cell.name / STATE)
        return state is not None and state["key"] != self._key(cell)

    def _train(self, home: Path) -> None:
        shared: dict[str, Any] = {
            "config": home / "model.toml",
            "licence": self.data.licence,
            "device": self.device,
            "threads": self.threads,
            "resume": (home / "model" / "config.json").is_file(),
            "log": self.log,
            "progress": self.progress,
        }
        if self.grid.task == "srl":
            from linguagraph.runs.training import train_srl_run

            train_srl_run(
                self.data.train,
                self.data.dev,
                home / "model",
                model="srl-gnn",
                documents=self.data.documents,
                **shared,
            )
            return
        from linguagraph.runs.qa_training import train_qa_run

        self._share_chains(home / "model")
        train_qa_run(
            self.data.train,
            self.data.dev,
            home / "model",
            auxiliary=self.data.auxiliary,
            **shared,
        )
        self._share_chains(home / "model", back=True)

    def _share_chains(self, model: Path, *, back: bool = False) -> None:
        """Parsed supports are the same for all cells: the first leaves them to the others."""
        source, target = self.out / _CHAINS, model / _CHAINS
        if back:
            source, target = target, source
        if source.is_file() and not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            with replaced(target) as temporary:
                shutil.copyfile(source, temporary)

    def _fit(self, home: Path) -> None:
        shared: dict[str, Any] = {
            "config": home / "probes.toml",
            "seeds": self.grid.seeds,
            "device": self.device,
            "threads": self.threads,
            "resume": True,
            "log": self.log,
            "progress": self.progress,
        }
        model, probes = home / "model", home / "model" / "probes"
        if self.grid.task == "srl":
            from linguagraph.runs.training import train_graphmask_run

            documents = self.data.documents
            train_graphmask_run(
                model, self.data.train, self.data.dev, probes, documents=documents, **shared
            )
            return
        from linguagraph.runs.qa_training import train_qa_masks_run

        train_qa_masks_run(model, [self.data.train], self.data.dev, probes, **shared)

    def _explain(self, home: Path) -> None:
        corpus, model = self.data.dev, str(home / "model")
        if self.grid.task == "srl":
            from linguagraph.runs.reporting import ReportOptions, run_report
            from linguagraph.runs.sources import Reading

            documents = self.data.documents[1]
            options = ReportOptions(
                model=model,
                device=self.device,
                threads=self.threads,
                reading=Reading(documents=None if documents is None else str(documents)),
            )
            run_report(
                corpus,
                home / "run",
                options=options,
                resume=True,
                progress=self.progress,
                warn=self.log,
            )
            return
        from linguagraph.runs.qa import QaOptions, report_qa

        chosen = QaOptions(model=model, device=self.device, threads=self.threads, rival_items=0)
        report_qa(
            corpus, home / "run", options=chosen, resume=True, progress=self.progress, warn=self.log
        )


def sweep_run(
    path: Path,
    data: SweepData,
    out: Path,
    *,
    only: Sequence[str] = (),
    overwrite: bool = False,
    device: str = "auto",
    threads: int | None = None,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Make every cell of a grid that is not finished, one after another.

    Args:
        path: the grid, see :func:`linguagraph.runs.sweep_grid.read_grid`.
        data: corpora.
        out: directory of the sweep.
        only: names of cells; empty: all.
        overwrite: make cells anew that were made from other options or data.
        log: one line per epoch, check and cell.

    Returns:
        The table of all cells (also written as ``sweep.csv`` and ``sweep.parquet``), and what went
        wrong by cell.

    Raises:
        ConfigError: the grid, or a name in ``only``, is wrong.
        RunError: a cell was made from other options or data and ``overwrite`` is false.
    """
    grid = read_grid(path)
    unknown = [name for name in only if name not in {cell.name for cell in grid.cells}]
    if unknown:
        raise ConfigError(f"no cells {unknown}; {path} has {[cell.name for cell in grid.cells]}")
    sweep = _Sweep(grid, data, out, data.marks(), device, threads, log, progress)
    cells = [cell for cell in grid.cells if not only or cell.name in only]
    for cell in cells:
        if sweep.changed(cell):
            home = out / CELLS / cell.name
            if not overwrite:
                raise RunError(
                    f"{home} was made from other options or data; choose another directory, or "
                    "add --overwrite to make such cells anew"
                )
            with Run(home).lock():
                for path in home.iterdir():
                    if path.name != ".lock":
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for number, cell in enumerate(cells, start=1):
        home = out / CELLS / cell.name
        state = cell_state(home)
        if state == "done":
            log(f"{cell.name} ({number} of {len(cells)}): done before")
            continue
        log(f"{cell.name} ({number} of {len(cells)}): {state}")
        home.mkdir(parents=True, exist_ok=True)
        try:
            with Run(home).lock():
                sweep.make(cell)
        except RunError as error:
            if "another process" not in str(error):
                raise
            log(f"{cell.name}: another process is at it; left to that one")
        _write_table(grid, out)
    return _write_table(grid, out), sweep.failed


def cell_state(home: Path) -> str:
    """``new``, ``done``, ``failed``, or what comes next: ``model``, ``probes`` or ``run``."""
    state = _read(home / STATE)
    if state is None:
        return "new"
    left = [name for name in ("model", "probes", "run") if name not in state["done"]]
    if not left:
        return "done"
    return "failed" if "error" in state else left[0]


def sweep_table(grid: SweepGrid, out: Path) -> pd.DataFrame:
    """One row per cell: what varies, its state, scores, shares retained, agreement and time.

    Columns: ``cell``, those that vary, ``state``, ``parameters``, ``score`` and ``masked`` (F1 or
    accuracy with all and with the retained edges, in [0, 1]; the latter a mean over probes),
    ``retained`` (share of edges over layers, in [0, 1]) with ``retained_low``, ``retained_high``
    (95%), ``kappa`` (Fleiss, between probes), ``seconds`` (of training, probes and run), ``error``.
    """
    return pd.DataFrame([_row(cell, out / CELLS / cell.name) for cell in grid.cells])


def _row(cell: SweepCell, home: Path) -> dict[str, Any]:
    state = _read(home / STATE) or {}
    row: dict[str, Any] = {"cell": cell.name, **cell.varied, "state": cell_state(home)}
    record = _read(home / "model" / "model.json") or {}
    summary = _read(home / "run" / "summary.json") or {}
    score, retained = summary.get("score", {}), summary.get("retained", {}).get("overall", {})
    row["parameters"] = record.get("parameters")
    row["score"] = score.get("original")
    row["masked"] = score.get("masked", {}).get("mean")
    row["retained"] = retained.get("mean")
    row["retained_low"], row["retained_high"] = retained.get("ci_low"), retained.get("ci_high")
    row["kappa"] = summary.get("agreement", {}).get("fleiss_kappa")
    row["seconds"] = round(sum(state.get("seconds", {}).values()), 1)
    row["error"] = state.get("error", "")
    return row


def _write_table(grid: SweepGrid, out: Path) -> pd.DataFrame:
    table = sweep_table(grid, out)
    with replaced(out / "sweep.csv") as temporary:
        table.to_csv(temporary, index=False)
    shown = table.assign(**{n: table[n].astype(str) for n in grid.varied})
    with replaced(out / "sweep.parquet") as temporary:
        shown.to_parquet(temporary, index=False)
    write_json(
        out / "sweep.json",
        {"linguagraph": __version__, "task": grid.task, "skipped": grid.skipped},
    )
    return table


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
