"""The tables of one run in memory, read from and written to its directory; needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from linguagraph.documents.records import Sentence

__all__ = ["RunTables"]


@dataclass(frozen=True)
class RunTables:
    """Everything that analyses read.

    Attributes:
        edges, paths, roles, scores: tables as declared in :mod:`linguagraph.columns`.
        manifest: what was run, on what, with which versions (see ``manifest.json``).
        sentences: the sentences by their corpus index (the ``sentence`` column).
    """

    edges: pd.DataFrame
    paths: pd.DataFrame
    roles: pd.DataFrame
    scores: pd.DataFrame
    manifest: Mapping[str, Any] = field(default_factory=dict)
    sentences: Mapping[int, Sentence] = field(default_factory=dict)
