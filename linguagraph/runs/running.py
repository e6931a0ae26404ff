"""A recipe -> a corpus in shards, made by one process, several, or the workers of Ray.

The engines only decide where a shard is made; :class:`linguagraph.runs.shard_worker.ShardWorker`
makes it, the same everywhere, and :mod:`linguagraph.runs.collection` keeps what is done.
"""

from __future__ import annotations

import multiprocessing
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linguagraph.errors import ConfigError
from linguagraph.runs.collection import Collection, check_stage
from linguagraph.runs.directory import free_threads
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.recipe import Recipe, read_recipe
from linguagraph.runs.shard_plan import plan_shards
from linguagraph.runs.shard_worker import BUSY, DONE, FAILED, KEPT, ShardWorker, recipe_keys

__all__ = ["ENGINES", "Made", "run_recipe"]

ENGINES = ("local", "ray")


@dataclass
class Made:
    """What one call did.

    Attributes:
        done, kept, busy: numbers of shards that were made now, were there before, or are in the
            hands of another process.
        failed: what is wrong, by number.
        seconds: of work in shards that were made now, over all workers.
        dropped: what could not be read of the input of these, with counts.
    """

    done: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, result: dict[str, Any]) -> None:
        """Note the result of a shard (see :meth:`ShardWorker.make`)."""
        number, state = result["number"], result["state"]
        if state == FAILED:
            self.failed[number] = result["error"]
            return
        {DONE: self.done, KEPT: self.kept, BUSY: self.busy}[state].append(number)
        self.seconds += result.get("seconds", 0.0)
        dropped = result.get("dropped", {})
        self.dropped.update({k: n for k, n in dropped.items() if k.endswith("could not be read")})


def run_recipe(
    recipe: Recipe | str | Path,
    out: str | Path,
    *,
    engine: str = "local",
    address: str | None = None,
    workers: int | None = None,
    until: str = "tabulate",
    device: str = "auto",
    threads: int | None = None,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Made:
    """Do what is missing of a corpus in shards: parse, graph, mask, tabulate.

    A shard that is there, made from the same bytes, models and options, is not made again; one
    that fails is named and the others go on. May be called again after any interruption, and at
    the same time by several processes.

    Args:
        recipe: what is done, or the TOML file that says so.
        out: directory, on a file system that all workers see.
        engine: ``local``, or ``ray`` (Ray Data; extra ``ray``).
        address: of a Ray cluster; ``None`` starts Ray on this machine.
        workers: processes that make shards; ``None`` is one for ``local``, and for ``ray`` one
            per GPU of the cluster, or per ``threads`` processors where it has none.
        until: last stage.
        device: ``cpu``, ``cuda`` or ``auto``, for the masks.
        threads: processor threads of each worker; ``None`` divides the processors of this machine
            among its workers (``ray``: 1).
        progress, warn: for people who wait; ``warn`` is told of each shard that fails.

    Raises:
        ConfigError: the recipe, an engine or an option is wrong, or Ray is not installed.
        DocumentError: there is nothing to read.
        RunError: ``out`` holds something else, or others work there with another recipe.
    """
    _check(engine, address, workers, until)
    recipe = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    task = progress("planning shards", None)
    shards = plan_shards(recipe)
    task.close()
    loaded: dict[str, Any] = {}
    keys = recipe_keys(recipe, loaded)
    collection, made = Collection(out), Made()
    with collection.begin(recipe, shards, keys, until=until):
        left = []
        for shard in collection.shards:
            if collection.done(shard, until):
                made.kept.append(shard.number)
            else:
                left.append(shard.number)
        if not left:
            return made
        settings: dict[str, Any] = {
            "path": str(collection.path),
            "until": until,
            "device": device,
            "call": uuid.uuid4().hex,
        }
        if engine == "ray":
            from linguagraph.runs.ray_engine import make_with_ray

            settings["threads"] = threads or 1
            results = make_with_ray(left, settings, address=address, workers=workers, warn=warn)
        elif (count := workers or 1) == 1:
            settings |= {"threads": free_threads(threads), "loaded": loaded, "progress": progress}
            worker = ShardWorker(**settings)
            results = (worker.make(number, wait=1.0) for number in left)
        else:
            settings["threads"] = threads or max(1, free_threads(None) // count)
            results = _make_in_processes(left, settings, count, warn)
        task = progress("making shards", len(left))
        for result in results:
            made.add(result)
            if result["state"] == FAILED:
                warn(f"shard {result['number']} failed: {result['error']}")
            task(1)
        task.close()
        _look_again(collection, made, until, warn)
    if made.done and (collection.path / "report.html").is_file():
        warn(f"the report there is of before; make it anew: linguagraph analyse {out}")
    return made


def _look_again(
    collection: Collection, made: Made, until: str, warn: Callable[[str], None]
) -> None:
    """Find out what has become of shards that other processes held."""
    shards = collection.shards
    made.kept += [number for number in made.busy if collection.done(shards[number], until)]
    made.busy = [number for number in made.busy if number not in made.kept]
    if made.busy:
        warn(
            f"{len(made.busy)} shards are in the hands of other processes; give the same command "
            "again when these have ended"
        )


def _check(engine: str, address: str | None, workers: int | None, until: str) -> None:
    """Refuse a call that cannot succeed before any work.

    Raises:
        ConfigError: an unknown engine or stage, or options that do not go together.
    """
    if engine not in ENGINES:
        raise ConfigError(f"engine={engine!r}; expected one of {', '.join(ENGINES)}")
    if address is not None and engine != "ray":
        raise ConfigError("--address is of a Ray cluster; add --engine ray")
    if workers is not None and workers < 1:
        raise ConfigError(f"workers={workers}; expected at least 1")
    check_stage(until)


_worker: list[ShardWorker] = []


def _start(settings: dict[str, Any]) -> None:
    _worker[:] = [ShardWorker(**settings)]


def _make(number: int) -> dict[str, Any]:
    return _worker[0].make(number, wait=5.0)


def _make_in_processes(
    numbers: list[int], settings: dict[str, Any], count: int, warn: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """Shards in the order in which they are finished; processes that die are replaced.

    One that dies takes the others of its pool along. What they held is then made one by one, so
    that only the shard at fault uses up its attempts (see :data:`ATTEMPTS`).
    """
    left = list(reversed(numbers))
    while left:
        suspects: list[int] = []
        yield from _make_in_pool(left, suspects, settings, count)
        while suspects:
            warn(f"a worker has died; shard {suspects[0]} is tried again, alone")
            alone = [suspects.pop(0)]
            yield from _make_in_pool(alone, suspects, settings, 1)


def _make_in_pool(
    left: list[int], suspects: list[int], settings: dict[str, Any], count: int
) -> Iterator[dict[str, Any]]:
    """Take shards from the end of ``left`` until none is left or a process dies.

    What was in hand then goes to the beginning of ``suspects``, what only waited back to ``left``.
    """
    pool = ProcessPoolExecutor(
        min(count, len(left)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(settings,),
    )
    waiting: dict[Future[dict[str, Any]], int] = {}
    lost: list[int] = []
    try:
        while (left or waiting) and not lost:
            while left and len(waiting) < count:
                number = left.pop()
                try:
                    waiting[pool.submit(_make, number)] = number
                except BrokenProcessPool:
                    lost.append(number)
                    break
            finished, _ = wait(waiting, return_when="FIRST_COMPLETED") if waiting else ((), ())
            for future in finished:
                number = waiting.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    lost.append(number)
        if lost:
            suspects[:0] = sorted([*lost, *waiting.values()])
    finally:
        _stop(pool)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool, also those that are at work."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(10)
