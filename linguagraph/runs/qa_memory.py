"""Questions and probes -> the memory that masking them takes, checked before it begins."""

from __future__ import annotations

import os
from pathlib import Path

from linguagraph.errors import MaskError
from linguagraph.graphs.entity import RELATIONS
from linguagraph.models.qa import QaModel

__all__ = ["available_bytes", "check_memory", "needed_bytes"]

COPIES = 14
"""Matrices of B R V^2 floats per layer and seed that are alive at once while probes learn."""


def needed_bytes(
    nodes: int, *, batch: int, layers: int, seeds: int, relations: int = len(RELATIONS)
) -> int:
    """Bytes that GraphMask needs while it learns on graphs of so many nodes: O(R V^2) per layer.

    An upper estimate; ``bench_qa.py`` measures it.

    Args:
        nodes: V of the largest graph; batch: graphs at once; layers: L; seeds: S.
    """
    cells = batch * relations * nodes * nodes
    return 4 * cells * (COPIES * layers * seeds + 8)


def available_bytes() -> int | None:
    """Memory that may still be taken, ``None`` where the system does not say."""
    found = []
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found += [1024 * int(x.split()[1]) for x in lines if x.startswith("MemAvailable:")]
    except (OSError, ValueError):
        pass
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii").strip()
        if limit != "max":
            found.append(int(limit) - int(used))
    except (OSError, ValueError):
        pass
    if not found and hasattr(os, "sysconf"):
        try:
            found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES"))
        except (OSError, ValueError):
            return None
    return min(found) if found else None


def check_memory(nodes: int, model: QaModel, *, cells: int, seeds: int = 1) -> None:
    """Refuse graphs that do not fit, before anything is computed.

    Args:
        nodes: mentions of the largest question.
        model: that is explained.
        cells: node pairs per batch.
        seeds: probes that run at once.

    Raises:
        MaskError: the message says what is needed, what there is, and what helps.
    """
    batch = max(1, cells // max(1, nodes * nodes))
    layers = model.config.layers
    needed = needed_bytes(nodes, batch=batch, layers=layers, seeds=seeds)
    there = available_bytes()
    if there is not None and needed > there:
        raise MaskError(
            f"the largest question has {nodes:,} mentions: masking needs about "
            f"{needed / 1e9:.1f} GB, and {there / 1e9:.1f} GB are free; take fewer seeds, smaller "
            "batches, or a model with fewer mentions (MentionConfig bridges, coreferent)"
        )
