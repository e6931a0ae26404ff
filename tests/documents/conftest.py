"""Fixtures for tests of documents: a Stanza parser of a few kilobytes."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_stanza(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny Stanza models (see ``tests/tiny_parser.py``); do not change it."""
    pytest.importorskip("stanza")
    from tiny_parser import write_tiny_models

    return write_tiny_models(tmp_path_factory.mktemp("tiny-stanza"))
