"""Tasks, methods and seeds -> the faithfulness benchmark: cells, a table, a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.frozen import frozen
from linguagraph.models.checkpoints import tensor_fingerprint
from linguagraph.runs.benchmark_cells import Amount, Contender, Shown, run_cell
from linguagraph.runs.benchmark_methods import CONTENDERS, contenders_named
from linguagraph.runs.benchmark_results import Results, made_with
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.tasks.invariance import invariance
from linguagraph.tasks.registry import (
    TASKS,
    Task,
    TaskModel,
    load_task_model,
    task_named,
    task_splits,
)
from linguagraph.tasks.store import GraphStore

__all__ = ["BenchmarkConfig", "run_benchmark", "shown_star"]


@dataclass(frozen=True, kw_only=True)
class BenchmarkConfig:
    """What is measured.

    Attributes:
        tasks, methods: names.
        seeds: of model and method alike.
        graphs: test graphs, and as many development graphs for thresholds, at most 500 each.
        train: most training graphs for methods that learn, at most 10,000.
        retrain: train models that are bundled, too.
        invariance: compare two networks of one function, see :mod:`linguagraph.tasks.invariance`.

    Raises:
        ConfigError: an unknown name, no or repeated seeds, or numbers out of range.
    """

    tasks: tuple[str, ...] = tuple(TASKS)
    methods: tuple[str, ...] = tuple(CONTENDERS)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    graphs: int = 500
    train: int = 10_000
    retrain: bool = False
    invariance: bool = True

    def __post_init__(self) -> None:
        for name in self.tasks:
            task_named(name)
        contenders_named(self.methods)
        if not (self.tasks and self.methods and self.seeds):
            raise ConfigError("nothing to measure; name at least one task, method and seed")
        if min(self.seeds) < 0 or len(set(self.seeds)) < len(self.seeds):
            raise ConfigError(f"seeds={list(self.seeds)}; expected numbers from 0 up, none twice")
        if not (1 <= self.graphs <= 500 and 1 <= self.train <= 10_000):
            raise ConfigError(
                f"graphs={self.graphs}, train={self.train}; expected at most 500 and 10,000"
            )

    def quick(self) -> BenchmarkConfig:
        """A look in about a minute: star graphs, one seed, fewer graphs."""
        return BenchmarkConfig(
            tasks=self.tasks[:1],
            methods=self.methods,
            seeds=self.seeds[:1],
            graphs=min(self.graphs, 100),
            train=min(self.train, 4_000),
            retrain=self.retrain,
            invariance=False,
        )

    def to_json(self) -> dict[str, Any]:
        """Field names and values, as JSON has them."""
        values = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def run_benchmark(
    config: BenchmarkConfig,
    *,
    file: Path | None = None,
    models: Path | None = None,
    log: Callable[[str], None] | None = None,
    progress: Progress = no_progress,
) -> Results:
    """Make every cell that is not there yet.

    Interrupted, it has lost the running cell only: ``file`` holds those that are done, and the same
    call goes on with them. Cells that were made otherwise (other settings, numbers of graphs,
    versions or models) are made again, but none in place of one with more graphs.

    Args:
        config: what is measured.
        file: JSON that is read, and written after every cell.
        models: folder for models that are trained on the way.
        log: receives a line per cell and model.
        progress: see :mod:`linguagraph.runs.progress`.

    Raises:
        RunError: the file is something else, or holds a run with more graphs.
    """
    say = log or (lambda message: None)
    results = Results.begin(file, config.to_json())
    contenders = contenders_named(config.methods)
    for name in config.tasks:
        for seed in config.seeds:
            for contender in contenders:
                key = {"task": name, "method": contender.name, "seed": seed}
                results.refuse_smaller(key, _amount(config, contender))
    bar = progress("cells", len(config.tasks) * len(config.seeds) * len(contenders))
    for name in config.tasks:
        for seed in config.seeds:
            trained = _model(config, name, seed, results, models=models, say=say)
            for contender in contenders:
                _cell(config, contender, task_named(name), trained, seed, results, say)
                bar(1)
    bar.close()
    if config.invariance and results.invariance is None:
        say("implementation invariance: GraphMask and LRP on two networks of one function")
        results.invariance = asdict(invariance())
    results.write(complete=True)
    return results


def _model(
    config: BenchmarkConfig,
    name: str,
    seed: int,
    results: Results,
    *,
    models: Path | None,
    say: Callable[[str], None],
) -> TaskModel:
    model, record = load_task_model(name, seed, kept=models, retrain=config.retrain)
    facts = {
        "task": name,
        "fingerprint": tensor_fingerprint(model.state_dict()),
        "config": asdict(model.config),
        "training": asdict(task_named(name).training),
        **asdict(record),
    }
    others = [one for one in results.models if (one["task"], one["seed"]) != (name, seed)]
    results.models = [*others, facts]
    if record.test < 1:
        say(f"{name}, seed {seed}: the model answers {record.test:.1%} of the test graphs rightly")
    return TaskModel(model)


def _cell(
    config: BenchmarkConfig,
    contender: Contender,
    task: Task,
    model: TaskModel,
    seed: int,
    results: Results,
    say: Callable[[str], None],
) -> None:
    amount = Amount(**_amount(config, contender))
    identity = {
        "settings": contender.settings(),
        "amount": asdict(amount),
        "model": tensor_fingerprint(model.module.state_dict()),
        **made_with(),
    }
    key = {"task": task.name, "method": contender.name, "seed": seed, "identity": identity}
    if results.has(key):
        return
    splits = task_splits(task.name)
    shown = Shown(shown_star(splits.test[: config.graphs])) if task.name == "star" else None
    with frozen(model.module):
        try:
            found = run_cell(contender, task, model, splits, seed=seed, amount=amount, shown=shown)
        except MaskError as error:
            found = {"error": str(error)}
    results.add({**key, **found})
    if "error" in found:
        say(f"{task.name}, {contender.title}, seed {seed}: {found['error']}")
    else:
        fit = f", fitted in {found['fit_seconds']:.0f} s" if found["train_graphs"] else ""
        say(f"{task.name}, {contender.title}, seed {seed}: F1 {found['scores']['f1']:.1%}{fit}")


def _amount(config: BenchmarkConfig, contender: Contender) -> dict[str, int]:
    train = min(config.train, contender.train)
    return {"train": train, "dev": config.graphs, "test": config.graphs}


def shown_star(graphs: GraphStore) -> int:
    """Number of the graph for the picture: the first one that shows what methods can get wrong.

    It has more x than y, y too, and at least three edges of other colours; else it is the first.
    """
    for number in range(len(graphs)):
        graph = graphs[number]
        x, y = ((graph.edge_type == colour).sum() for colour in graph.query[0])
        if x > y > 0 and x > 1 and len(graph.edge_type) - x - y >= 3:
            return number
    return 0
