"""The name of a task with known truth -> its trained model, explained, and the report about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from linguagraph.analyses import Params
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.runs.analysing import Report
from linguagraph.runs.any_model import SEEDS, ModelOptions, explain_in
from linguagraph.runs.directory import Run
from linguagraph.runs.models import parse_seeds
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["GRAPHS", "report_task"]

GRAPHS = (10_000, 500, 500)
"""Graphs to learn masks from, to choose among checks by, and to report on."""

_BATCH, _EXPLAINED = 32, 100


def report_task(
    name: str,
    out: str | Path,
    *,
    seeds: str | int | Sequence[int] | None = None,
    model_seed: int = 0,
    graphs: tuple[int, int, int] = GRAPHS,
    config: AmortisedConfig | None = None,
    params: Params | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Report:
    """Explain the model of a task on its test graphs, and compare with what is known to be needed.

    The model is bundled (star), or trained first (path, redundant: minutes) and kept in ``out``.

    Args:
        name: of the task, see :data:`linguagraph.tasks.registry.TASKS`.
        out: run directory.
        seeds: of the probes: a number (the first so many of five), or a list; all five by default.
        model_seed: of the model.
        graphs: numbers of training, development and test graphs; see :data:`GRAPHS`.
        config: of the masks' training.
        params, resume, overwrite, progress: as for
            :func:`linguagraph.runs.any_model.report_model`.

    Raises:
        ConfigError: unknown task or seeds.
        RunError: ``out`` holds another run.
        MaskError: torch_geometric is missing.
    """
    from linguagraph.tasks.registry import TaskModel, load_task_model, task_named, task_splits

    task, probes = task_named(name), parse_seeds(seeds, SEEDS)
    run = Run.create(out, resume=resume or overwrite, overwrite=overwrite)
    with run.lock():
        if overwrite and not resume:
            run.restart()
        training = progress("loading or training the model", task.training.epochs)
        model, record = load_task_model(
            name, model_seed, kept=run.path / "model", tick=lambda: training(1)
        )
        training.close()
        train, dev, test = graphs
        splits = task_splits(name, train=train, dev=dev, test=test)
        options = ModelOptions(
            edge_labels=lambda batch: [task.parts[part] for part in task.part_of(batch).tolist()],
            dev=splits.dev.batches(_EXPLAINED),
            explain=splits.test.batches(_EXPLAINED),
            y="y",
            gold="gold",
            seeds=probes,
            config=config,
            name=f"{name} R-GCN",
            data=task.title,
            facts={"training": {"seed": record.seed, "epochs": record.epochs}},
        )
        loader = splits.train.batches(_BATCH, seed=0)
        return explain_in(
            run, TaskModel(model), loader, options=options, params=params, progress=progress
        )
