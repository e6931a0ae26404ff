"""Fixtures for every test: synthetic runs with known answers."""

from __future__ import annotations

from collections.abc import Callable

from typing import TYPE_CHECKING

import pytest
import srl_tools
import tables as synthetic

from linguagraph.documents.records import Sentence
from linguagraph.edges.storage import RunTables

if TYPE_CHECKING:
    from linguagraph.models.srl import SrlModel


@pytest.fixture(scope="session")
def small_tables() -> RunTables:
    """Three predicates, two layers, two seeds: counted by hand (see ``tests/tables.py``)."""
    return synthetic.small_run()


@pytest.fixture(scope="session")
def make_tables() -> Callable[..., RunTables]:
    """Builds planted runs: ``make_tables(sentences=..., seeds=..., ...)``."""
    return synthetic.planted_run


@pytest.fixture(scope="session")
def planted_sentences() -> list[Sentence]:
    """240 random trees in which a token is A0 exactly if it is an nsubj of the predicate."""
    return srl_tools.planted_sentences(240, seed=1)


@pytest.fixture(scope="session")
def planted_model(planted_sentences: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> SrlModel:
    """A one-layer model that has learned the planted rule, in evaluation mode; do not change it."""
    return srl_tools.train_planted(planted_sentences, tmp_path_factory.mktemp("planted"))
