"""Processes of one training -> sums over all of them, and what one of them knows told to all.

A world of one process does nothing, so that training code has one path. A batch is cut among the
processes (:meth:`World.part`), each adds its own part of the loss, already divided by the size of
the *whole* batch, and the gradient is the sum: the same as that of one process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from linguagraph.errors import ConfigError, LinguagraphError, WorldError

__all__ = ["Board", "Part", "World"]

PAUSE = 0.05  # seconds between two looks at the board

T = TypeVar("T")
Loaded = tuple[dict[str, Tensor], dict[str, Any]]


class Store(Protocol):
    """Texts by name that all processes see (one of torch's stores)."""

    def set(self, key: str, value: str) -> None:
        """Write a text."""

    def get(self, key: str) -> bytes:
        """Read a text that is there."""

    def check(self, keys: list[str]) -> bool:
        """Whether all of them are there."""


@dataclass
class Board:
    """Messages of the first process to the others, in order.

    Waiting looks again and again, without a time limit, so that signals are heard and the first
    process may take as long as it needs.

    Attributes:
        store: where messages are put; count: messages so far.
    """

    store: Store
    count: int = 0

    def tell(self, message: Mapping[str, Any]) -> None:
        """Put the next message, as JSON."""
        self.count += 1
        self.store.set(f"told/{self.count}", json.dumps(message))

    def hear(self) -> dict[str, Any]:
        """Wait for the next message."""
        self.count += 1
        key = f"told/{self.count}"
        while not self.store.check([key]):
            time.sleep(PAUSE)
        message: dict[str, Any] = json.loads(self.store.get(key))
        return message


@dataclass(frozen=True)
class Part:
    """What one process does of a batch.

    Attributes:
        start, stop: its examples.
        weight: 1, or 0 where there are fewer examples than processes: the first example stands in,
            so that every process takes part in the reduction, and counts nothing.
    """

    start: int
    stop: int
    weight: float

    def of(self, values: Sequence[T]) -> Sequence[T]:
        """The examples."""
        return values[self.start : self.stop]


@dataclass(frozen=True)
class World:
    """The processes that train together, as one of them sees it.

    Attributes:
        rank: number of this process, from 0; size: of processes.
        device: of this process.
        neighbours: processes on this machine, this one included.
        board: messages of the first process; ``None`` in a world of one.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    neighbours: int = 1
    board: Board | None = None

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks for all."""
        return self.rank == 0

    def seed(self, seed: int) -> int:
        """A seed of this process' own noise, such as dropout; the first one's is ``seed``."""
        return seed if self.rank == 0 else ((seed + 1) * 1_000_003 + self.rank) % 2**63

    def part(self, count: int) -> Part:
        """This process' part of ``count`` examples: consecutive, and as long as the others'."""
        start, stop = (count * (self.rank + more) // self.size for more in (0, 1))
        return Part(start, stop, 1.0) if start < stop else Part(0, 1, 0.0)

    def check_batches(self, largest: int, *, option: str, value: int) -> None:
        """Refuse more processes than the largest batch has examples.

        Raises:
            ConfigError: some process would never have anything to do.
        """
        if largest < self.size:
            raise ConfigError(
                f"{option}={value} makes batches of at most {largest} examples, fewer than the "
                f"{self.size} processes; raise {option} or start fewer processes"
            )

    def total(self, values: Tensor) -> Tensor:
        """Sum over the processes, without gradient; same shape and dtype, on this device."""
        if self.size == 1:
            return values.detach()
        from torch import distributed

        found = values.detach().clone().to(self.device)
        distributed.all_reduce(found)
        return found

    def every(self, values: Tensor) -> Tensor:
        """Values [K] of each process, [size, K], without gradient, on this device."""
        if self.size == 1:
            return values.detach().unsqueeze(0)
        from torch import distributed

        own = values.detach().to(self.device).contiguous()
        found = [torch.empty_like(own) for _ in range(self.size)]
        distributed.all_gather(found, own)
        return torch.stack(found)

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module, whose gradients become the *means* over the processes in a backward pass.

        Its parameters become those of the first process.

        Args:
            module: on this device; the same instance goes on holding the parameters. All that ask
                for a gradient now must take part in every loss.
        """
        if self.size == 1:
            return module
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(module)

    def ask(self, action: Callable[[], T]) -> T:
        """What the first process finds (a value that JSON can hold), told to all.

        Raises:
            WorldError: the action failed there; the first process itself raises its own error.
        """
        if self.board is None:
            return action()
        if self.first:
            try:
                value = action()
            except (LinguagraphError, OSError) as error:
                self.board.tell({"error": str(error)})
                raise
            self.board.tell({"value": value})
            return value
        message = self.board.hear()
        if "error" in message:
            raise WorldError(message["error"], told=True)
        found: T = message["value"]
        return found

    def once(self, action: Callable[[], object]) -> None:
        """Let the first process do something, such as writing a file; the others wait."""
        self.ask(lambda: (action(), None)[1])

    def in_turn(self, action: Callable[[], T]) -> T:
        """Let the first process do something, then all others: they find what it has written."""
        found: list[T] = []
        self.once(lambda: found.append(action()))
        return found[0] if found else action()

    def copied(self, load: Callable[[], Loaded]) -> Loaded:
        """Tensors (on the CPU) and record that the first process loads, copied to all."""
        if self.size == 1:
            return load()
        from torch import distributed

        own: dict[str, Tensor] = {}

        def described() -> dict[str, Any]:
            tensors, record = load()
            own.update(tensors)
            layout = [
                [k, str(t.dtype).removeprefix("torch."), list(t.shape)] for k, t in own.items()
            ]
            return {"record": record, "layout": layout}

        found = self.ask(described)
        tensors = {}
        for name, dtype, shape in found["layout"]:
            empty = torch.empty(shape, dtype=getattr(torch, dtype), device=self.device)
            tensor = own[name].to(self.device).contiguous() if self.first else empty
            if tensor.numel():
                distributed.broadcast(tensor, 0)
            tensors[name] = tensor.cpu()
        return tensors, found["record"]
