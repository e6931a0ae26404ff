"""A task, a method and a seed -> one cell of the benchmark: scores, times, settings."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

import torch
from torch import Tensor

from linguagraph.masks.explainable import EdgeMask
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.method import Method
from linguagraph.masks.rivals.thresholds import THRESHOLDS, choose_threshold
from linguagraph.runs.benchmark_scores import Counts, count
from linguagraph.tasks.registry import Task, TaskModel, gold_of
from linguagraph.tasks.store import GraphStore, Pick
from linguagraph.tasks.training import Splits

__all__ = ["Amount", "Contender", "Explained", "Shown", "explain", "plain", "run_cell", "scored"]

Tick = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How many graphs a cell uses.

    Attributes:
        train: that methods which learn are fitted to; dev: that thresholds are chosen on; test:
            that are scored; together: that are explained at once.
    """

    train: int = 10_000
    dev: int = 500
    test: int = 500
    together: int = 100


@dataclass(frozen=True)
class Contender:
    """A method in the benchmark.

    Attributes:
        name: of its rows, and key of its cells; title: for people.
        make: the method with its settings, not fitted.
        train, test: most training and test (and development) graphs that it is given.
        paper: precision, recall and F1 in percent that the paper reports on star graphs.
        ways: whether masks are found in one way or another, see :attr:`MethodMask.how`.
    """

    name: str
    title: str
    make: Callable[[], Method]
    train: int = 10_000
    test: int = 500
    paper: tuple[float, float, float] | None = None
    ways: bool = False

    def settings(self) -> dict[str, Any]:
        """The settings of the method, by name."""
        config = getattr(self.make(), "config", None)
        if config is None or not is_dataclass(config) or isinstance(config, type):
            return {}
        found: dict[str, Any] = plain(asdict(config))
        return found


@dataclass(frozen=True)
class Explained:
    """Masks of many graphs, side by side.

    Attributes:
        scores: float [L, E]; retained, gold, present: bool [L, E].
        graph: int64 [E], number of each edge's graph; part: int64 [E], what it is to the query.
        same, same_zeros: bool [graphs], whether the answer stays when messages that are not
            retained are replaced by the method's baselines (zeros if it has none), or by zeros.
        seconds: wall time for all graphs.
        how: graphs by how their mask was found (:attr:`MethodMask.how`); empty if all alike.
    """

    scores: Tensor
    retained: Tensor
    gold: Tensor
    present: Tensor
    graph: Tensor
    part: Tensor
    same: Tensor
    same_zeros: Tensor
    seconds: float
    how: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """A star graph for the picture: the number of a test graph."""

    graph: int


def explain(
    explainer: Callable[[list[Pick], int], EdgeMask],
    task: Task,
    model: TaskModel,
    graphs: GraphStore,
    *,
    together: int,
    threshold: float | None = None,
    tick: Callable[[int], None] | None = None,
) -> Explained:
    """Explain graphs, some at once, and look whether their answers stay.

    Args:
        explainer: picks and the number of the first of them -> their mask.
        task, model: what is explained.
        graphs: all of them.
        together: graphs per call.
        threshold: in place of the method's own choice.
        tick: told how many graphs were explained.
    """
    parts: list[tuple[Tensor, ...]] = []
    picks, seconds, how = graphs.picks(), 0.0, Counter[str]()
    for first in range(0, len(picks), together):
        some = picks[first : first + together]
        started = time.perf_counter()
        mask = explainer(some, first)
        seconds += time.perf_counter() - started
        how.update(getattr(mask, "how", ()))
        retained = mask.retained if threshold is None else mask.scores > threshold
        retained = retained & mask.present
        batch = model.batch(some)
        gold = gold_of(batch.content, task.layers)
        same = _same(model, some, retained, getattr(mask, "baselines", None))
        same_zeros = _same(model, some, retained, None)
        graph, part = batch.edge_graph + first, task.part_of(batch.content)
        parts.append((mask.scores, retained, gold, mask.present, graph, part, same, same_zeros))
        if tick is not None:
            tick(len(some))
    scores, retained, gold, present, graph, part, same, same_zeros = (
        torch.cat(column, -1) for column in zip(*parts, strict=True)
    )
    return Explained(
        scores, retained, gold, present, graph, part, same, same_zeros, seconds, dict(how)
    )


@torch.no_grad()
def _same(model: TaskModel, some: Sequence[Pick], retained: Tensor, fill: Any) -> Tensor:
    with frozen(model.module):
        batch = model.batch(some)
        trace = model.trace(batch)
        masked = model.run(batch, retained.to(trace.output.dtype), baselines=fill, trace=trace)
        return model.output.same(trace.output, masked)


def run_cell(
    contender: Contender,
    task: Task,
    model: TaskModel,
    splits: Splits,
    *,
    seed: int,
    amount: Amount,
    shown: Shown | None = None,
    tick: Tick | None = None,
) -> dict[str, Any]:
    """Fit a method if it needs that, choose its threshold if it needs one, and score it.

    Args:
        contender: the method and its settings.
        task, model, splits: what is explained.
        seed: of the method.
        amount: numbers of graphs.
        shown: a test graph whose scores are kept for a picture.
        tick: told steps done and steps in all while the method is fitted.

    Returns:
        Values for JSON. Shares lie in [0, 1], times are in seconds.

    Raises:
        MaskError: the method does not apply to the model.
    """
    method = contender.make()
    most = min(amount.test, contender.test)
    train = min(amount.train, contender.train) if method.needs_fit else 0
    started, used = time.perf_counter(), time.process_time()
    if method.needs_fit:
        method.fit(model, splits.train[:train].picks(), seed=seed, progress=tick)
    fit_seconds, fit_cpu = time.perf_counter() - started, time.process_time() - used

    def one(some: list[Pick], first: int) -> EdgeMask:
        return method.explain(model, some, seed=seed, first=first)

    def found(graphs: GraphStore, threshold: float | None = None) -> Explained:
        return explain(one, task, model, graphs, together=amount.together, threshold=threshold)

    threshold = None
    if not method.hard:
        most_dev = min(amount.dev, contender.test)
        dev = found(splits.dev[:most_dev])
        threshold = choose_threshold(dev.scores, dev.gold, dev.present)
    used = time.process_time()
    test = found(splits.test[:most], threshold)
    cpu = time.process_time() - used
    return {
        "task": task.name,
        "method": contender.name,
        "seed": seed,
        "train_graphs": train,
        "dev_graphs": 0 if threshold is None else min(amount.dev, contender.test),
        "threshold": threshold,
        "fit_seconds": fit_seconds,
        "fit_cpu_seconds": fit_cpu,
        "seconds_per_graph": test.seconds / len(test.same),
        "cpu_seconds_per_graph": cpu / len(test.same),
        **scored(task, test, splits.test.field("y")[:most]),
        "by_threshold": {} if threshold is None else _by_threshold(test),
        "shown": None if shown is None else _shown(test, shown),
    }


def scored(task: Task, test: Explained, answers: Tensor) -> dict[str, Any]:
    """Scores of explained test graphs: all, those with the answer yes, by layer and by part."""
    yes = answers.bool().index_select(0, test.graph).expand_as(test.present)
    by_part = [
        {
            "part": name,
            "layer": layer,
            "edges": int((chosen := (test.part == number) & test.present[layer]).sum()),
            "retained": int((chosen & test.retained[layer]).sum()),
            "relevant": int((chosen & test.gold[layer]).sum()),
        }
        for layer in range(task.layers)
        for number, name in enumerate(task.parts)
    ]
    counts = count(test.retained, test.gold, test.present)
    return {
        "test_graphs": len(test.same),
        "scores": counts.to_json(),
        "scores_yes": count(test.retained, test.gold, test.present & yes).to_json(),
        "scores_by_layer": [
            count(test.retained[k], test.gold[k], test.present[k]).to_json()
            for k in range(task.layers)
        ],
        "by_part": by_part,
        "answers_kept": int(test.same.sum()) / len(test.same),
        "how": test.how,
        "answers_kept_zeros": int(test.same_zeros.sum()) / len(test.same),
    }


def _by_threshold(test: Explained) -> dict[str, float]:
    found: dict[str, Counts] = {
        str(t): count(test.scores > t, test.gold, test.present) for t in THRESHOLDS
    }
    return {name: counts.f1 for name, counts in found.items()}


def _shown(test: Explained, shown: Shown) -> dict[str, Any]:
    own = test.graph == shown.graph
    return {
        "graph": shown.graph,
        "scores": [round(value, 4) for value in test.scores[0, own].tolist()],
        "retained": test.retained[0, own].tolist(),
    }


def plain(value: Any) -> Any:
    """A value as JSON has it: tuples as lists, numbers that are not finite as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)
