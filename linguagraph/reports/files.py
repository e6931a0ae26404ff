"""Text or bytes -> a file that is either whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["atomic_write"]


def atomic_write(path: Path, content: str | bytes) -> Path:
    """Write ``content`` to ``path`` under a temporary name beside it, then rename.

    A reader sees the old file or the new one, never a part; a failure leaves no trace. Text is
    written as UTF-8 with ``\\n`` line ends. Returns ``path``.

    Raises:
        OSError: the directory is missing or not writable, or the disk is full.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path
