"""Numbers of shards -> the same shards made by Ray Data's actors, on one machine or on a cluster.

A row of the dataset is a shard. Ray Data streams: it holds back new rows while all actors are busy,
starts an actor anew that has died, and gives its shard to another one. Documents, masks and tables
do not pass through Ray's memory but through the file system, as in every engine.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from linguagraph.errors import ConfigError, RunError

__all__ = ["make_with_ray"]


class _Actor:
    """A :class:`~linguagraph.runs.shard_worker.ShardWorker` for ``Dataset.map_batches``."""

    def __init__(self, settings: dict[str, Any]) -> None:
        from linguagraph.runs.shard_worker import ShardWorker

        self.worker = ShardWorker(**settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """One shard; results as text, since their fields differ."""
        # the lock of a worker that has just died is free once the system has cleared it away
        made = [self.worker.make(int(number), wait=30.0) for number in batch["number"]]
        return {"result": [json.dumps(result) for result in made]}


def make_with_ray(
    numbers: list[int],
    settings: dict[str, Any],
    *,
    address: str | None,
    workers: int | None,
    warn: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """Results of shards in the order in which they are finished.

    Args:
        numbers: of the shards.
        settings: of the workers.
        address: of the cluster, such as ``10.0.0.1:6379`` or ``auto``; ``None`` starts Ray here.
        workers: actors; ``None`` is one per GPU, or per ``threads`` processors without GPUs.
        warn: told how many actors there are.

    Raises:
        ConfigError: Ray is not installed, or the cluster has not what the device needs.
        RunError: no cluster answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # Ray's warnings about its own actors
    try:
        ray: Any = import_module("ray")
        data: Any = import_module("ray.data")
    except ImportError as error:
        raise ConfigError(
            "--engine ray needs Ray: pip install 'linguagraph[ray]' (on all machines)"
        ) from error
    threads, device = int(settings["threads"]), str(settings["device"])
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address is None:
        options |= {"num_cpus": threads * workers if workers else None, "include_dashboard": False}
    _answers(address)
    try:
        ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RunError(
            f"no Ray cluster at {address or 'this machine'}: {error}; where it asks for a token, "
            "set RAY_AUTH_MODE=token (Ray's documentation: token authentication)"
        ) from error
    try:
        count, gpus = _workers(ray.cluster_resources(), threads, device, workers)
        count = min(count, len(numbers))
        warn(f"Ray: {count} workers on {len(ray.nodes())} machines")
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        for name in ("ray.data", "ray"):
            logging.getLogger(name).setLevel(logging.ERROR)
        rows = [{"number": number} for number in numbers]
        made = data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            _Actor,
            fn_constructor_args=(settings,),
            batch_size=1,
            batch_format="numpy",
            compute=data.ActorPoolStrategy(size=count, max_tasks_in_flight_per_actor=2),
            num_cpus=threads,
            num_gpus=1 if gpus else 0,
        )
        for row in made.iter_rows():
            yield json.loads(row["result"])
    finally:
        ray.shutdown()


def _workers(
    resources: Mapping[str, float], threads: int, device: str, workers: int | None
) -> tuple[int, int]:
    """How many actors a cluster can hold, as many as asked for at most; and its GPUs.

    Raises:
        ConfigError: it has not what one actor needs.
    """
    gpus = int(resources.get("GPU", 0)) if device != "cpu" else 0
    if device == "cuda" and not gpus:
        raise ConfigError("device=cuda, but the Ray cluster has no GPU; say --device cpu")
    processors = int(resources.get("CPU", 0))
    if processors < threads:
        raise ConfigError(
            f"threads={threads}, but the Ray cluster has {processors} processors; say --threads"
        )
    most = processors // threads
    most = min(most, gpus) if gpus else most
    return min(workers or most, most), gpus


def _answers(address: str | None) -> None:
    """Find out at once what Ray would find out after minutes.

    Raises:
        RunError: nothing listens at the address.
    """
    host, _, port = (address or "").rpartition(":")
    if not host or not port.isdigit() or "://" in host:
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise RunError(
            f"no Ray cluster at {address}: {error.strerror or error}; start one with 'ray start "
            "--head' and give its address"
        ) from error
