"""One of Stanza's own commands, run as a process of its own with its log on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from linguagraph.errors import RunError

__all__ = ["options", "stanza_command"]

ENVIRONMENT = {
    # glibc returns large tensors to the system and asks for them again at every step without these
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
}


def options(values: Mapping[str, object]) -> list[str]:
    """``{"a": 1}`` -> ``["--a", "1"]``."""
    return [part for name, value in values.items() for part in (f"--{name}", str(value))]


def stanza_command(
    module: str,
    argv: Sequence[str],
    *,
    log: Path,
    threads: int = 1,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run ``python -m module argv``.

    Args:
        module: dotted name.
        argv: its arguments.
        log: file that receives everything that it prints.
        threads: processor threads.
        environment: further variables.

    Raises:
        RunError: it failed; the message has its last line and names the log.
    """
    variables = os.environ | ENVIRONMENT | {"OMP_NUM_THREADS": str(threads)}
    with open(log, "w", encoding="utf-8") as stream:
        done = subprocess.run(
            [sys.executable, "-m", module, *argv],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=variables | dict(environment or {}),
            check=False,
        )
    if done.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise RunError(f"{module} failed: {''.join(last)} (see {log})")
