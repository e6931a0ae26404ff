"""Fixtures for every test: synthetic runs with known answers."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
def planted_model(planted_sentences: list[Sentence]) -> SrlModel:
    """A one-layer model that has learned the planted rule, in evaluation mode; do not change it."""
    return srl_tools.train_planted(planted_sentences)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail every test that opens a connection, but for sockets that are files."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            raise AssertionError(f"the network is off in tests; {address} was asked for")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
