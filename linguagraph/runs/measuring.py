"""Several runs -> each with faithfulness curves on the same sample; torch only where needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from linguagraph.columns import FIDELITY
from linguagraph.runs.directory import Run
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["measure_missing"]


def measure_missing(
    runs: Sequence[str | Path],
    *,
    examples: int,
    device: str = "auto",
    threads: int | None = None,
    notify: Callable[[str], None] = lambda message: None,
    progress: Progress = no_progress,
) -> None:
    """Measure the curves of every run that lacks them, see ``faithfulness_stage``.

    Args:
        runs: masked run directories.
        examples: predicates per run at most; the same ones for runs over the same predicates.
        device: ``cpu``, ``cuda`` or ``auto``.
        threads: processor threads; ``None`` takes what the process may use.
        notify: told in a sentence what is done.
        progress: for people who wait.

    Raises:
        RunError, ConfigError: as ``faithfulness_stage``.
    """
    opened = [Run.open(run) for run in runs]
    missing = [run for run in opened if not (run.path / f"{FIDELITY.name}.parquet").is_file()]
    if not missing:
        return
    import torch

    from linguagraph.runs.directory import free_threads
    from linguagraph.runs.faithfulness import FaithfulnessOptions, faithfulness_stage

    torch.set_num_threads(free_threads(threads))
    for run in missing:
        notify(f"measuring the faithfulness of {run.path} on at most {examples} predicates")
        with run.lock():
            options = FaithfulnessOptions(examples=examples, device=device)
            faithfulness_stage(run, options, progress=progress)
