"""Long work -> a progress bar on standard error, or silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Progress", "no_progress", "progress_bars"]

Advance = Callable[[int], None]
Progress = Callable[[str, int | None], "AbstractTask"]


class AbstractTask:
    """A task in progress: call it with the number of steps done since the last call."""

    def __call__(self, steps: int = 1) -> None:
        """Note progress."""

    def close(self) -> None:
        """The task has ended."""


def no_progress(title: str, total: int | None) -> AbstractTask:
    """A task that shows nothing."""
    return AbstractTask()


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Progress]:
    """Progress bars on standard error while the block runs; none if quiet."""
    if quiet:
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )

    class Task(AbstractTask):
        def __init__(self, title: str, total: int | None) -> None:
            self.id = bars.add_task(title, total=total)

        def __call__(self, steps: int = 1) -> None:
            bars.advance(self.id, steps)

        def close(self) -> None:
            bars.stop_task(self.id)

    with bars:
        yield Task
