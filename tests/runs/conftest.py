"""A small random model with probes, and one finished report, shared by the tests of runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from linguagraph.analyses import Params
from tiny import make_model, sample_part

from linguagraph.runs.analysing import Report
from linguagraph.runs.models import Explained, load_explained
from linguagraph.runs.reporting import ReportOptions, run_report
from linguagraph.runs.sources import Reading


@dataclass(frozen=True)
class Made:
    """A finished report and where it is."""

    path: Path
    report: Report


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a random model with probes for the seeds 0, 1 and 4; do not change it."""
    return make_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def explained(model: Path) -> Explained:
    """That model, loaded, on the CPU."""
    return load_explained(model, device="cpu")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 14 sentences of the sample corpus."""
    return sample_part(tmp_path_factory.mktemp("corpus") / "part.conll09", 14)


@pytest.fixture(scope="session")
def params() -> Params:
    """Analyses with few resamples."""
    return Params(resamples=20, min_n=5)


@pytest.fixture(scope="session")
def made(
    model: Path, corpus: Path, params: Params, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    """A report on the first 12 sentences of the corpus; do not change it."""
    out = tmp_path_factory.mktemp("made") / "run"
    options = ReportOptions(model=str(model), reading=Reading(limit=12), device="cpu", threads=1)
    return Made(out, run_report(corpus, out, options=options, params=params))
