"""What the processes of a pool do in tests: one shard ends its process, the others take a while."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

__all__ = ["make", "start"]

_folder: list[Path] = []
MOST = 3


def start(settings: dict[str, Any]) -> None:
    """In the place of ``running._start``."""
    _folder[:] = [Path(settings["folder"])]


def make(number: int) -> dict[str, Any]:
    """In the place of ``running._make``: shard 1 kills its process, up to its last attempt."""
    attempts = list(_folder[0].glob(f"{number}-*"))
    if len(attempts) >= MOST:
        return {"number": number, "state": "failed", "error": f"ended {MOST} times"}
    (_folder[0] / f"{number}-{len(attempts)}").touch()
    if number == 1:
        time.sleep(0.2)
        os._exit(9)
    time.sleep(1.0)
    return {"number": number, "state": "done", "seconds": 1.0}
