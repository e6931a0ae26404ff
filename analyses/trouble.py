"""An exception in, one line out that names what went wrong and where."""

from __future__ import annotations

import traceback
from pathlib import Path

__all__ = ["trouble"]

_MOST = 300


def trouble(error: BaseException) -> str:
    """Kind and message of the exception, and the file and line that it comes from."""
    name = type(error).__name__
    said = " ".join(str(error).split())
    if len(said) > _MOST:
        said = said[: _MOST - 1] + "…"
    if isinstance(error, SyntaxError) and error.filename:
        return f"{name}: {said}"  # names file and line itself
    frames = traceback.extract_tb(error.__traceback__)
    named = [f for f in frames if "importlib" not in f.filename and f.filename != __file__]
    where = f" ({Path(named[-1].filename).name}, line {named[-1].lineno})" if named else ""
    return f"{name}: {said}{where}" if said else f"{name}{where}"
