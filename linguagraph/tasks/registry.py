"""Names of tasks -> their graphs and models; seeds -> trained models, bundled, kept or trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import CheckpointError, ConfigError, MaskError
from linguagraph.masks.explainable import GraphBatch, Pass
from linguagraph.masks.outputs import Output
from linguagraph.masks.pyg import PygModel
from linguagraph.models.checkpoints import load_tensors, save_tensors
from linguagraph.pretrained import __file__ as pretrained_file
from linguagraph.tasks import path, redundant, star
from linguagraph.tasks.continuing import continue_pass, plain_pass
from linguagraph.tasks.relational import RelationalModel, call
from linguagraph.tasks.store import GraphStore, Pick
from linguagraph.tasks.training import Splits, TaskTraining, TrainingRecord, train_task

__all__ = ["TASKS", "Task", "TaskModel", "gold_of", "load_task_model", "task_named", "task_splits"]

STAR_PARTS = ("colour x", "colour y", "other colour")


@dataclass(frozen=True)
class Task:
    """A task with known truth.

    Attributes:
        name: key in :data:`TASKS`; title: for people.
        layers: R-GCN layers of its model.
        make: ``make(count, seed=)`` gives random graphs.
        new_model: seed -> a model with random weights.
        training: settings.
        parts: names of what an edge can be to the query.
        part_of: batch -> int64 [E], number of each edge's part.
    """

    name: str
    title: str
    layers: int
    make: Callable[..., GraphStore]
    new_model: Callable[[int], RelationalModel]
    training: TaskTraining
    parts: tuple[str, ...]
    part_of: Callable[[Any], Tensor]


def _star_part(graphs: Any) -> Tensor:
    asked = graphs.query.index_select(0, graphs.batch.index_select(0, graphs.edge_index[0]))
    first = graphs.edge_type == asked[:, 0]
    return torch.where(first, 0, torch.where(graphs.gold, 1, 2))


def _part(graphs: Any) -> Tensor:
    part: Tensor = graphs.part
    return part


TASKS: dict[str, Task] = {
    "star": Task(
        "star",
        "star graphs",
        1,
        star.star_graphs,
        star.new_star_model,
        star.STAR_TRAINING,
        STAR_PARTS,
        _star_part,
    ),
    "path": Task(
        "path",
        "a path of two edges",
        2,
        path.path_graphs,
        path.new_path_model,
        path.PATH_TRAINING,
        path.PARTS,
        _part,
    ),
    "redundant": Task(
        "redundant",
        "redundant evidence",
        2,
        redundant.redundant_graphs,
        redundant.new_redundant_model,
        redundant.REDUNDANT_TRAINING,
        redundant.PARTS,
        _part,
    ),
}


def task_named(name: str) -> Task:
    """A task by its name.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in TASKS:
        raise ConfigError(f"no task {name!r}; there are {', '.join(TASKS)}")
    return TASKS[name]


@cache
def task_splits(
    name: str, *, train: int = 10_000, dev: int = 500, test: int = 500, seed: int = 0
) -> Splits:
    """Graphs of a task, drawn one after the other from one seed; kept in memory."""
    graphs = task_named(name).make(train + dev + test, seed=seed)
    return Splits(graphs[:train], graphs[train : train + dev], graphs[train + dev :])


def gold_of(graphs: Any, layers: int) -> Tensor:
    """The relevant edges of a batch, bool [L, E].

    Raises:
        MaskError: the batch tells them for another number of layers.
    """
    gold: Tensor = graphs.gold.reshape(graphs.edge_index.shape[1], -1).T
    if len(gold) != layers:
        raise MaskError(f"gold is known for {len(gold)} layers; the model has {layers}")
    return gold


class TaskModel(PygModel):
    """A task's model as methods see it; joins picks of a store in a few operations."""

    def __init__(self, model: RelationalModel) -> None:
        super().__init__(model, output=Output("multilabel"), call=call, units="graph")

    def batch(self, graphs: Sequence[Any]) -> GraphBatch:
        """Join picks (see :class:`linguagraph.tasks.store.Pick`), or ``Data`` objects."""
        if isinstance(graphs, GraphStore):
            return self.graphs(graphs.batch())
        if len(graphs) and all(isinstance(graph, Pick) for graph in graphs):
            return self.graphs(Pick.join(graphs))
        return super().batch(graphs)

    def trace(self, batch: GraphBatch) -> Pass:
        """See the interface; the layers are learned from the first batch with edges, by hooks."""
        if self.plan is None or not batch.num_edges:
            return super().trace(batch)
        model: RelationalModel = self.module  # type: ignore[assignment]
        return plain_pass(model, batch)

    def run(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None] | None = None,
        trace: Pass | None = None,
    ) -> Tensor:
        """See the interface; with a trace, only what gates change is computed again."""
        if trace is None or not batch.num_edges:
            return super().run(batch, gates, baselines=baselines, trace=trace)
        model: RelationalModel = self.module  # type: ignore[assignment]
        return continue_pass(model, batch, gates, baselines=baselines, trace=trace)


def load_task_model(
    name: str,
    seed: int = 0,
    *,
    kept: Path | None = None,
    retrain: bool = False,
    tick: Callable[[], Any] | None = None,
) -> tuple[RelationalModel, TrainingRecord]:
    """A task's trained model in evaluation mode, and what its training was like.

    A model of the star task with a bundled seed is read from there. Others, and all if ``retrain``,
    are trained on :func:`task_splits`, or read from ``kept`` if they were trained before.

    Args:
        name: of the task.
        seed: of weights and order.
        kept: folder that trained models are written into.
        retrain: train even what is bundled; still read what ``kept`` holds.
        tick: called after every epoch of a training.

    Raises:
        ConfigError: there is no such task.
        CheckpointError: a file is damaged, or was written for another task or seed.
    """
    task = task_named(name)
    bundled = Path(pretrained_file).parent / name / f"seed-{seed}.safetensors"
    own = None if kept is None else kept / f"{name}-seed-{seed}.safetensors"
    if own is not None and own.is_file():
        return _read(task, seed, own)
    if bundled.is_file() and not retrain:
        return _read(task, seed, bundled)
    model = task.new_model(seed)
    record = train_task(model, task_splits(name), task.training, seed=seed, tick=tick)
    if own is not None:
        save_task_model(own, task, model, record)
    return model, record


def save_task_model(
    file: Path, task: Task, model: RelationalModel, record: TrainingRecord, *, half: bool = False
) -> None:
    """Write a model of a task as safetensors and JSON; ``half``: as 16-bit floats."""
    tensors = {k: t.half() if half else t for k, t in model.state_dict().items()}
    facts = {
        "kind": f"task-{task.name}",
        "config": asdict(model.config),
        "training": asdict(task.training),
        "record": asdict(record),
        "torch": torch.__version__,
    }
    save_tensors(file, tensors, facts)


def _read(task: Task, seed: int, file: Path) -> tuple[RelationalModel, TrainingRecord]:
    tensors, facts = load_tensors(file)
    model = task.new_model(seed)
    try:
        if facts["kind"] != f"task-{task.name}" or facts["config"] != asdict(model.config):
            raise CheckpointError(
                f"{file} holds {facts['kind']!r} of other sizes than task-{task.name}"
            )
        model.load_state_dict({name: t.float() for name, t in tensors.items()})
        record = TrainingRecord(**facts["record"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"{file}: weights and record do not fit: {error}") from error
    if record.seed != seed:
        raise CheckpointError(f"{file} holds seed {record.seed}, not {seed}")
    return model.eval(), record
