"""The errors that linguagraph raises on purpose; each says what was wrong, where, and what to do.

Everything derives from :class:`LinguagraphError`, so that a caller can catch the package's own
errors and let programming mistakes through.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "CheckpointError",
    "ConfigError",
    "DocumentError",
    "LinguagraphError",
    "MaskError",
    "ParserError",
    "QueryError",
    "ReportError",
    "RunError",
    "TableError",
    "WorldError",
]


class LinguagraphError(Exception):
    """Base of every error that linguagraph raises on purpose."""


class DocumentError(LinguagraphError):
    """A text or annotation file that cannot be read as what it claims to be.

    Args:
        message: what was found and what was expected, in one sentence.
        path: the file, if there is one.
        line: line number, from 1.
        column: column number (field of the line), from 1.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | Path | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.message = message
        self.path = None if path is None else str(path)
        self.line = line
        self.column = column
        where = self.path or "input"
        if line is not None:
            where += f", line {line}"
        if column is not None:
            where += f", column {column}"
        super().__init__(f"{where}: {message}")


class ConfigError(LinguagraphError):
    """An option or setting that cannot be used; the message names value and remedy."""


class CheckpointError(LinguagraphError):
    """Weights or their JSON sidecar are missing, damaged or made for something else."""


class MaskError(LinguagraphError):
    """A masking method cannot be applied to this model or these graphs."""


class TableError(LinguagraphError):
    """A table lacks a column, or has one of another type than :mod:`linguagraph.columns` says."""


class ParserError(LinguagraphError):
    """A parser cannot be set up: its package or models are missing, damaged or of another version.

    The message says how to get them.
    """


class QueryError(LinguagraphError):
    """SQL that cannot be run on the tables of a run."""


class ReportError(LinguagraphError):
    """A report cannot be made from what is there."""


class RunError(LinguagraphError):
    """A run directory is incomplete, belongs to other inputs, or is in use."""


class WorldError(LinguagraphError):
    """Another process of a training has ended, and so this one cannot go on.

    Args:
        message: which process, why, and how to go on.
        told: another process says so, and this one need not.
    """

    def __init__(self, message: str, *, told: bool = False) -> None:
        self.told = told
        super().__init__(message)
