"""Names of what is bundled -> files: trained models with their probes, and a sample corpus."""

from __future__ import annotations

from pathlib import Path

from linguagraph.errors import ConfigError

__all__ = [
    "BUNDLED",
    "BUNDLED_QA",
    "bundled_path",
    "sample_path",
    "sample_questions_path",
    "sample_text_path",
]

BUNDLED = ("srl-gnn", "srl-lstm-gnn")
"""Bundled SRL models."""

BUNDLED_QA = ("qa",)
"""Bundled models for questions."""


def bundled_path(name: str) -> Path:
    """Directory of a bundled model.

    Raises:
        ConfigError: there is none of that name.
    """
    known = BUNDLED + BUNDLED_QA
    if name not in known:
        raise ConfigError(f"no bundled model {name!r}; there are {', '.join(known)}")
    return Path(__file__).parent / name


def sample_path() -> Path:
    """The bundled sample corpus, CoNLL-2009 with UD labels and PropBank roles."""
    return Path(__file__).parent / "sample.conll09"


def sample_text_path() -> Path:
    """The bundled sample text, English prose."""
    return Path(__file__).parent / "sample.txt"


def sample_questions_path() -> Path:
    """The bundled sample of ten two-hop questions, WikiHop JSON."""
    return Path(__file__).parent / "sample-qa.json"


def cost_path() -> Path:
    """What a million tokens cost where it was measured; made by ``bench_shards.py``."""
    return Path(__file__).parent / "cost.json"
