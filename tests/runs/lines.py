"""The stages up to the tables, without the report; and a Ctrl-C at a chosen moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from linguagraph.runs.directory import Run
from linguagraph.runs.masking import mask_stage
from linguagraph.runs.models import Explained
from linguagraph.runs.parsing import graph_stage, parse_stage
from linguagraph.runs.progress import AbstractTask, Progress, no_progress
from linguagraph.runs.sources import Reading
from linguagraph.runs.tabulating import tabulate_stage

__all__ = ["interrupt", "tabulated"]


def tabulated(
    out: Path,
    corpus: Path,
    explained: Explained,
    *,
    resume: bool = False,
    limit: int | None = None,
    tokens: int = 4000,
    progress: Progress = no_progress,
    notify: Callable[[str], None] = lambda message: None,
) -> Run:
    """Parse, graph, mask and tabulate."""
    run = Run.create(out, resume=resume, notify=notify)
    with run.lock():
        parse_stage(run, corpus, reading=Reading(limit=limit), progress=progress)
        graph_stage(run, progress=progress)
        mask_stage(run, explained, tokens=tokens, progress=progress, warn=notify)
        tabulate_stage(run, progress=progress)
    return run


def interrupt(title: str, call: int) -> Progress:
    """Progress that raises KeyboardInterrupt at the n-th step of a task."""

    class Task(AbstractTask):
        def __init__(self, mine: bool) -> None:
            self.mine, self.calls = mine, 0

        def __call__(self, steps: int = 1) -> None:
            self.calls += 1
            if self.mine and self.calls == call:
                raise KeyboardInterrupt

    return lambda shown, total: Task(shown == title)
