"""A task's model and graphs -> the trained model and what its training was like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.tasks.relational import RelationalModel, call
from linguagraph.tasks.store import GraphStore

__all__ = ["Splits", "TaskTraining", "TrainingRecord", "accuracy", "train_task"]


@dataclass(frozen=True)
class Splits:
    """Graphs to train on, to choose settings on and to report on."""

    train: GraphStore
    dev: GraphStore
    test: GraphStore


@dataclass(frozen=True, kw_only=True)
class TaskTraining:
    """How a task's model is trained: Adam on binary cross-entropy.

    Attributes:
        lr: learning rate at the start; it falls linearly to a tenth over the last half of
            ``epochs``. The paper (appendix E) gives an initial rate of 1e-4.
        batch: graphs per step.
        epochs: most passes over the training graphs.
        patience: epochs without a mistake on the development graphs, one after the other, after
            which training ends.
    """

    lr: float = 1e-4
    batch: int = 32
    epochs: int = 60
    patience: int = 5

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value > 0:
                raise ConfigError(f"{name}={value}; expected a positive number")


@dataclass(frozen=True)
class TrainingRecord:
    """What came of a training.

    Attributes:
        seed: of weights and order; epochs: passes over the training graphs.
        train, dev, test: share of right answers at the end; ``train`` over the last epoch's steps.
        loss: mean cross-entropy over the last epoch, in nats.
    """

    seed: int
    epochs: int
    train: float
    dev: float
    test: float
    loss: float


def accuracy(model: RelationalModel, graphs: GraphStore, *, batch: int = 1000) -> float:
    """Share of graphs that the model answers rightly."""
    right = 0
    with torch.no_grad():
        for part in graphs.batches(batch):
            right += int(((call(model, part).squeeze(-1) > 0) == (part.y > 0)).sum())
    return right / len(graphs)


def train_task(
    model: RelationalModel,
    splits: Splits,
    config: TaskTraining,
    *,
    seed: int,
    tick: Callable[[], Any] | None = None,
) -> TrainingRecord:
    """Train a model in place; it is left in evaluation mode.

    Args:
        model: the model, freshly made.
        splits: its graphs; ``test`` is only scored at the end.
        config: settings.
        seed: of the order of the graphs.
        tick: called after every epoch.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    loader = splits.train.batches(config.batch, seed=seed)
    perfect, epoch, loss, right = 0, 0, 0.0, 0
    while epoch < config.epochs and perfect < config.patience:
        model.train()
        for group in optimizer.param_groups:
            group["lr"] = config.lr * min(1.0, 1.9 - 1.8 * epoch / config.epochs)
        loss, right = _epoch(model, loader, optimizer)
        epoch += 1
        model.eval()
        perfect = perfect + 1 if accuracy(model, splits.dev) == 1 else 0
        if tick is not None:
            tick()
    model.eval()
    scores = (right / len(splits.train), accuracy(model, splits.dev), accuracy(model, splits.test))
    return TrainingRecord(seed, epoch, *scores, loss)


def _epoch(
    model: RelationalModel, loader: Any, optimizer: torch.optim.Optimizer
) -> tuple[float, int]:
    """Mean loss and number of right answers while training."""
    loss, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    for batch in loader:
        logits, wanted = call(model, batch).squeeze(-1), batch.y.float()
        step = F.binary_cross_entropy_with_logits(logits, wanted)
        optimizer.zero_grad(set_to_none=True)
        step.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss += step.detach() * len(wanted)
        right += ((logits.detach() > 0) == (wanted > 0)).sum()
    return float(loss) / len(loader.store), int(right)
