"""The stage faithfulness: its table, its sample, its report; stopped and done again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
from lines import interrupt, tabulated
from linguagraph.analyses import Params
from tiny import make_model

from linguagraph.columns import FIDELITY
from linguagraph.commands.faithfulness import faithfulness
from linguagraph.edges.storage import RunTables, read_table
from linguagraph.errors import ConfigError, RunError
from linguagraph.runs.directory import Run
from linguagraph.runs.faithfulness import FaithfulnessOptions, faithfulness_stage
from linguagraph.runs.models import Explained

TASK = "measuring faithfulness"


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory, corpus: Path, explained: Explained) -> Path:
    """A tabulated run; copy it before changing it."""
    out = tmp_path_factory.mktemp("faithful") / "run"
    tabulated(out, corpus, explained, limit=6)
    return out


@pytest.fixture
def run(tmp_path: Path, masked: Path) -> Run:
    shutil.copytree(masked, tmp_path / "run")
    return Run.open(tmp_path / "run")


@pytest.fixture
def options(model: Path) -> Callable[..., FaithfulnessOptions]:
    def made(**changes: object) -> FaithfulnessOptions:
        given = {"model": str(model), "device": "cpu", "draws": 1, "examples": 6, **changes}
        return FaithfulnessOptions(**given)  # type: ignore[arg-type]

    return made


Make = Callable[..., FaithfulnessOptions]


def table_of(run: Run) -> pd.DataFrame:
    return read_table(run.path / "fidelity.parquet", FIDELITY)


def test_the_table_agrees_with_the_masks_of_the_run(run: Run, options: Make) -> None:
    stage = faithfulness_stage(run, options(examples=1000, seeds="0,4"))
    found, edges = table_of(run), RunTables.read(run.path).edges
    total = run.finished("parse").info["predicates"]
    assert stage.info["examples"] == stage.info["of"] == total
    assert set(found["seed"]) == {0, 4}
    assert set(found["fill"]) == {"baselines", "zeros"}
    assert set(found["control"]) == {"method", "random", "random_labels"}
    own = found[(found["condition"] == "mask") & (found["fill"] == "zeros")]
    for seed in (0, 4):
        kept = edges[edges["seed"] == seed].groupby("example")["retained"].sum()
        size = edges[edges["seed"] == seed].groupby("example").size()
        for control in ("method", "random", "random_labels"):
            rows = own[(own["seed"] == seed) & (own["control"] == control)].set_index("graph")
            assert rows["kept"].tolist() == kept.loc[rows.index].tolist()
            assert rows["edges"].tolist() == size.loc[rows.index].tolist()
    sentences = edges.groupby("example")["sentence"].first()
    first = found.groupby("graph")["sentence"].first()
    assert first.tolist() == sentences.loc[first.index].tolist()


def test_predicted_arguments_are_what_counts(run: Run, options: Make) -> None:
    faithfulness_stage(run, options(examples=1000))
    rows = table_of(run).groupby("graph")[["units", "original_correct"]].first()
    roles = RunTables.read(run.path).roles
    known = set(run.finished("mask").info["roles"])
    checked = 0
    for example, found in roles[roles["role"].notna()].groupby("example"):
        if example not in rows.index:
            continue  # a sentence of one token
        assert rows.loc[example, "units"] == len(found)
        gold = found["gold_role"].astype(object)
        if set(gold.dropna()) <= known:
            right = (gold == found["role"].astype(object)).mean()
            assert rows.loc[example, "original_correct"] == pytest.approx(right)
            checked += 1
    assert checked


def test_the_sample_is_drawn_with_the_seed(run: Run, options: Make) -> None:
    def sentences(**changes: object) -> list[int]:
        faithfulness_stage(run, options(examples=4, **changes))
        assert table_of(run)["graph"].nunique() <= 4
        found: list[int] = table_of(run).groupby("graph")["sentence"].first().tolist()
        return found

    samples = [sentences(seed=seed) for seed in (0, 1, 2, 0)]
    assert samples[0] == samples[3]
    assert len({tuple(sample) for sample in samples}) > 1


def test_stopped_and_done_again_is_the_same(
    run: Run, masked: Path, tmp_path: Path, options: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linguagraph.runs.faithfulness.CHUNK", 3)
    with pytest.raises(KeyboardInterrupt):
        faithfulness_stage(run, options(examples=9), progress=interrupt(TASK, 2))
    assert not (run.path / "fidelity.parquet").exists()
    assert len(list((run.path / "faithfulness").glob("shard-*.parquet"))) == 1
    assert not list((run.path / "faithfulness").glob("*tmp*"))
    faithfulness_stage(run, options(examples=9))
    shutil.copytree(masked, tmp_path / "other")
    other = Run.open(tmp_path / "other")
    faithfulness_stage(other, options(examples=9))
    pd.testing.assert_frame_equal(table_of(run), table_of(other))
    before = (run.path / "fidelity.parquet").stat().st_mtime_ns
    faithfulness_stage(run, options(examples=9))
    assert (run.path / "fidelity.parquet").stat().st_mtime_ns == before


def test_the_report_outlives_it_and_is_renewed(run: Run, model: Path, options: Make) -> None:
    (run.path / "analyse").mkdir()
    (run.path / "report.html").write_text("old", encoding="utf-8")
    faithfulness_stage(run, options())
    assert (run.path / "report.html").read_text(encoding="utf-8") == "old"
    run.update(params=asdict(Params(resamples=20, min_n=5)))
    faithfulness(
        run.path, examples=6, draws=1, model=str(model), device="cpu", threads=1, quiet=True
    )
    manifest = run.manifest
    assert {"faithfulness", "analyse"} <= set(manifest["stages"])
    assert manifest["faithfulness"]["draws"] == 1
    assert manifest["params"]["resamples"] == 20
    assert len((run.path / "report.html").read_text(encoding="utf-8")) > 10_000


def test_masking_again_removes_it(
    run: Run, corpus: Path, explained: Explained, options: Make
) -> None:
    faithfulness_stage(run, options())
    tabulated(run.path, corpus, explained, resume=True, limit=6, tokens=500)
    assert not (run.path / "fidelity.parquet").exists()
    assert not (run.path / "faithfulness").exists()
    assert RunTables.read(run.path).fidelity is None


def test_what_is_refused(run: Run, options: Make, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="draws=0"):
        options(draws=0)
    with pytest.raises(ConfigError, match="seeds='7,8'"):
        faithfulness_stage(run, options(seeds="7,8"))
    other = make_model(tmp_path / "other", layers=1)
    with pytest.raises(RunError, match="is not the model that"):
        faithfulness_stage(run, options(model=str(other)))
    with pytest.raises(RunError, match="does not name its model; give it with --model"):
        faithfulness_stage(run, options(model=None))


def test_a_run_on_graphs_is_refused_in_words(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "graphs", resume=False)
    with run.lock():
        run.update(language=False)
        with pytest.raises(RunError, match="is a run on graphs, whose report holds these curves"):
            faithfulness_stage(run)
