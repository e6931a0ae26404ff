"""torchrun's environment -> the world of a training; ends of processes -> one clear message.

``torchrun --nproc-per-node 2 -m linguagraph train ...`` starts processes that find each other here.
Without torchrun there is one process, and nothing happens.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from linguagraph.errors import ConfigError, LinguagraphError, WorldError
from linguagraph.models.devices import find_device
from linguagraph.models.world import Board, World

__all__ = ["launched", "train_together"]

PATIENCE = timedelta(hours=6)
"""How long a process waits in a sum for the others, which may parse or score meanwhile."""

GRACE = 3.0  # seconds that processes are given to say that they are there
LOST = ("connection closed", "connection reset", "broken pipe", "gloo", "nccl")


class _Stopped(BaseException):
    """torchrun, or whoever started it, asks this process to end."""


def launched(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in environment and "WORLD_SIZE" in environment


@contextmanager
def train_together(device: str, out: Path) -> Iterator[World]:
    """The processes that torchrun started, while the block runs.

    Args:
        device: ``cpu`` (sums by gloo), ``cuda`` (by NCCL, a GPU for each process) or ``auto``.
        out: directory of the training, for messages.

    Raises:
        ConfigError: more processes than GPUs, or not the same device everywhere.
        WorldError: another process has ended; it says which, and how to go on.
    """
    if not launched() or int(os.environ["WORLD_SIZE"]) == 1:
        yield World(device=find_device(device))
        return
    from torch import distributed
    from torch.distributed.rendezvous import rendezvous

    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    store, _, _ = next(rendezvous("env://", rank, size))
    watch = _Watch(store, rank, size, out)
    with watch.guard():
        place = _own_device(device)
        watch.register(place)
        distributed.init_process_group(
            "nccl" if place.type == "cuda" else "gloo",
            store=store,
            rank=rank,
            world_size=size,
            timeout=PATIENCE,
        )
        neighbours = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        yield World(rank, size, place, neighbours, Board(watch.store))
        watch.done()
        distributed.destroy_process_group()


def _own_device(name: str) -> torch.device:
    """This process' GPU, or the CPU."""
    device = find_device(name)
    if device.type == "cpu":
        return device
    local, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    wanted = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if wanted > there:
        raise ConfigError(
            f"{wanted} processes, but {there} GPUs here; give each its own (--nproc-per-node "
            f"{there}), or train with --device cpu"
        )
    torch.cuda.set_device(local)
    return torch.device("cuda", local)


class _Watch:
    """Who takes part, who has ended and why, as noted in a store that outlives processes."""

    def __init__(self, store: Any, rank: int, size: int, out: Path) -> None:
        self.store, self.rank, self.size, self.out = store, rank, size, out

    def register(self, device: torch.device) -> None:
        """Tell the others who this is, and wait until all are there."""
        own = {"host": socket.gethostname(), "pid": os.getpid(), "device": device.type}
        self.store.set(f"process/{self.rank}", json.dumps(own))
        ranks = range(self.size)
        while not self.store.check([f"process/{rank}" for rank in ranks]):
            self._look()
            time.sleep(0.05)
        kinds = {str(self._process(rank)["device"]) for rank in ranks}
        if len(kinds) > 1:
            raise ConfigError(
                "some processes have a GPU and others have none; choose --device cpu, or machines "
                "that are alike"
            )

    def done(self) -> None:
        """Note that this process has finished, and wait for the others."""
        self.store.set(f"done/{self.rank}", "1")
        with suppress(RuntimeError):  # the process that keeps the store may have left
            while not self.store.check([f"done/{rank}" for rank in range(self.size)]):
                self._look()
                time.sleep(0.05)

    def _look(self) -> None:
        """Stop waiting if a process has failed."""
        if any(self.store.check([f"end/{rank}"]) for rank in range(self.size)):
            raise _Stopped

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Turn the end of any process into one message: by the one that failed, if it can speak.

        After an error this process is about to end: it no longer hears that it is asked to, so that
        its message gets out.
        """
        before = signal.signal(signal.SIGTERM, _stop)
        try:
            with _Alarm(self):
                yield
        except BaseException as error:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._told(error)
            raise
        signal.signal(signal.SIGTERM, before)

    def _told(self, error: BaseException) -> None:
        """Tell the others that this process ends.

        Raises:
            WorldError: in place of the error, if it is another process that has ended, or if the
                first one says the same.
        """
        if isinstance(error, _Stopped) or (isinstance(error, RuntimeError) and _is_loss(error)):
            raise self._explained() from error
        if isinstance(error, WorldError):
            self._note("")
            return
        self._note(_reason(error))
        if self.rank and self._said_by_first(error):
            raise WorldError(str(error), told=True) from error

    def _note(self, reason: str) -> None:
        """Tell the others that this process ends: for a reason of its own, or because others do."""
        with suppress(RuntimeError):  # the store may be gone
            self.store.set(f"end/{self.rank}", reason)

    def _said_by_first(self, error: BaseException) -> bool:
        """Whether the first process ends for the same reason, and says so."""
        until = time.monotonic() + GRACE
        while time.monotonic() < until:
            with suppress(RuntimeError):
                if self.store.check(["end/0"]):
                    return bool(self.store.get("end/0").decode() == _reason(error))
            time.sleep(0.05)
        return False

    def _explained(self) -> WorldError:
        """What has happened to the others; the first process that is left says it."""
        self._note("")
        until = time.monotonic() + GRACE
        ranks, ends = range(self.size), dict[int, str]()
        try:
            while len(ends) < self.size and time.monotonic() < until:
                ends = {
                    rank: self.store.get(f"end/{rank}").decode()
                    for rank in ranks
                    if self.store.check([f"end/{rank}"])
                }
                time.sleep(0.05)
            lost = [
                rank
                for rank in ranks
                if rank not in ends and not self.store.check([f"done/{rank}"])
            ]
            return self._message(ends, lost)
        except RuntimeError:
            return WorldError(
                f"the machine of the first process cannot be reached; {self._advice()}"
            )

    def _message(self, ends: Mapping[int, str], lost: list[int]) -> WorldError:
        reasons = {rank: reason for rank, reason in ends.items() if reason}
        if lost:
            names = ", ".join(f"rank {rank} of {self.size} ({self._name(rank)})" for rank in lost)
            what = f"{names} is gone: killed, or its machine is down"
        elif reasons:
            rank, reason = next(iter(reasons.items()))
            what = f"rank {rank} of {self.size} stopped: {reason}"
        else:
            what = f"the {self.size} processes were asked to stop"
        speakers = [rank for rank, reason in ends.items() if not reason or lost]
        told = self.rank != min(speakers, default=self.rank) or (bool(reasons) and not lost)
        return WorldError(f"{what}; {self._advice()}", told=told)

    def _name(self, rank: int) -> str:
        if not self.store.check([f"process/{rank}"]):
            return "never seen"
        own = self._process(rank)
        return f"{own['host']}, process id {own['pid']}"

    def _process(self, rank: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.store.get(f"process/{rank}"))
        return found

    def _advice(self) -> str:
        again = "give the same command again with --resume, with as many processes as you like"
        if (self.out / "trainer.safetensors").is_file():
            return f"the last whole epoch is kept in {self.out}: {again}"
        return f"no epoch was finished yet; {again}"


class _Alarm:
    """Speaks and ends the process if it has been asked to stop but is stuck in a sum on a GPU.

    Python hears signals between its own instructions only, and a sum with a process that is gone
    does not come back.
    """

    def __init__(self, watch: _Watch) -> None:
        self.watch = watch
        self.left = threading.Event()

    def __enter__(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.theirs = theirs
        theirs.setblocking(False)
        self.before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        with suppress(OSError):
            while (heard := self.ours.recv(1)) and heard[0] != signal.SIGTERM:
                pass
            if heard and not self.left.wait(2 * GRACE):
                error = self.watch._explained()
                if not error.told:
                    print(f"error: {error}", file=sys.stderr, flush=True)
                os._exit(1)

    def __exit__(self, *error: object) -> None:
        self.left.set()
        signal.set_wakeup_fd(self.before)
        self.theirs.close()
        self.ours.close()


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped


def _is_loss(error: RuntimeError) -> bool:
    """Whether it comes from a sum over processes of which one is gone."""
    from torch import distributed

    known = isinstance(error, distributed.DistError)
    return known or any(word in str(error).lower() for word in LOST)


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = " ".join(str(error).splitlines())
    own = isinstance(error, (LinguagraphError, OSError))
    return text if own else f"{type(error).__name__}: {text}"
