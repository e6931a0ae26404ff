"""text -> documents -> graphs -> models -> masks -> edges -> aggregates -> figures -> reports.

Public names are imported when they are first used, so that ``import linguagraph`` costs nothing:

* :func:`report`: explain a model on a corpus and report on it; returns a :class:`Report`.
* :func:`read_sentences`, :func:`dependency_graph`: corpora and their graphs.
* :class:`GraphMask`: which edges any PyG model needs; :func:`load_explained`: our own models.
* :class:`RunTables`: the tables of a saved run, without torch; :func:`open_run`: to query and draw.
* :func:`compare`: runs on one corpus side by side; returns a :class:`Comparison`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from linguagraph import display

if TYPE_CHECKING:
    from linguagraph.documents import read_sentences
    from linguagraph.edges.storage import RunTables
    from linguagraph.graphs import dependency_graph
    from linguagraph.masks.graphmask import GraphMask
    from linguagraph.runs.analysing import Report
    from linguagraph.runs.compare import Comparison, compare
    from linguagraph.runs.models import load_explained
    from linguagraph.runs.reporting import ReportOptions, report
    from linguagraph.runs.saved import SavedRun, open_run
    from linguagraph.runs.sources import Reading
    from linguagraph.runs.stored import run_documents

__version__ = "0.1.0"

__all__ = [
    "Comparison",
    "GraphMask",
    "Reading",
    "Report",
    "ReportOptions",
    "RunTables",
    "SavedRun",
    "__version__",
    "compare",
    "dependency_graph",
    "load_explained",
    "open_run",
    "read_sentences",
    "report",
    "run_documents",
]

_HOMES = {
    "Comparison": "linguagraph.runs.compare",
    "GraphMask": "linguagraph.masks.graphmask",
    "Reading": "linguagraph.runs.sources",
    "Report": "linguagraph.runs.analysing",
    "ReportOptions": "linguagraph.runs.reporting",
    "RunTables": "linguagraph.edges.storage",
    "SavedRun": "linguagraph.runs.saved",
    "compare": "linguagraph.runs.compare",
    "dependency_graph": "linguagraph.graphs",
    "load_explained": "linguagraph.runs.models",
    "open_run": "linguagraph.runs.saved",
    "read_sentences": "linguagraph.documents",
    "report": "linguagraph.runs.reporting",
    "run_documents": "linguagraph.runs.stored",
}


display.renderer_at("linguagraph.reports.notebook")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'linguagraph' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
