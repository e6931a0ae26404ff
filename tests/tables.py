"""Synthetic runs whose answers are known: one counted by hand, and planted ones of any size."""

from __future__ import annotations

from tables_planted import planted_run
from tables_small import MANIFEST, edges_of, empty_run, select, small_run

__all__ = ["MANIFEST", "edges_of", "empty_run", "planted_run", "select", "small_run"]
