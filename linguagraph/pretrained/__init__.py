"""Names of what is bundled -> files: trained models with their probes, and a sample corpus."""

from __future__ import annotations

from pathlib import Path

from linguagraph.errors import ConfigError

__all__ = ["BUNDLED", "bundled_path", "sample_path", "sample_text_path"]

BUNDLED = ("srl-gnn", "srl-lstm-gnn")
"""Bundled SRL models."""


def bundled_path(name: str) -> Path:
    """Directory of a bundled model.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in BUNDLED:
        raise ConfigError(f"no bundled model {name!r}; there are {', '.join(BUNDLED)}")
    return Path(__file__).parent / name


def sample_path() -> Path:
    """The bundled sample corpus, CoNLL-2009 with UD labels and PropBank roles."""
    return Path(__file__).parent / "sample.conll09"


def sample_text_path() -> Path:
    """The bundled sample text, English prose."""
    return Path(__file__).parent / "sample.txt"
