"""Run directories: what is refused, what is locked, what the manifest keeps."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from linguagraph.errors import RunError
from linguagraph.runs.directory import Run, free_threads


def test_a_new_run_has_a_manifest(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "a" / "run", resume=False)
    assert run.manifest == {"format": 1, "stages": {}}
    assert Run.open(run.path).manifest == run.manifest


def test_resuming_nothing_begins(tmp_path: Path) -> None:
    assert Run.create(tmp_path / "run", resume=True).manifest["stages"] == {}


@pytest.mark.parametrize("resume", [False, True])
def test_a_directory_with_other_things_is_refused(tmp_path: Path, resume: bool) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RunError, match="is not empty and holds no run"):
        Run.create(tmp_path, resume=resume)
    with pytest.raises(RunError, match="is a file; give a directory"):
        Run.create(tmp_path / "thesis.tex", resume=resume)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    run = Run.create(tmp_path, resume=False)
    Run.create(tmp_path, resume=False)  # no stage has finished: nothing to lose
    with run.stage("parse", {"x": 1}):
        pass
    with pytest.raises(RunError, match=r"add --resume .* resume=True or overwrite=True"):
        Run.create(tmp_path, resume=False)
    assert list(Run.create(tmp_path, resume=True).manifest["stages"]) == ["parse"]


def test_no_run_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run; begin one with 'linguagraph parse"):
        Run.open(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', "\xff"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str, resume: bool) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(RunError, match=r"manifest\.json"):
        _ = Run.create(tmp_path, resume=resume).manifest
    with pytest.raises(RunError, match=r"manifest\.json"):
        _ = Run.open(tmp_path).manifest


def _hold(path: Path, ready: object, done: object) -> None:
    with Run(path).lock():
        ready.set()  # type: ignore[attr-defined]
        done.wait(30)  # type: ignore[attr-defined]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    run = Run.create(tmp_path, resume=False)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, ready, done))
    other.start()
    assert ready.wait(60)
    with pytest.raises(RunError, match="another process is at work"), run.lock():
        pass
    done.set()
    other.join(30)
    with run.lock():
        pass
    with run.lock():  # and again
        pass


def test_a_stage_is_done_once(tmp_path: Path) -> None:
    run = Run.create(tmp_path, resume=False)
    with run.stage("parse", {"x": (1, 2)}) as stage:
        assert not stage.done
        stage.info["n"] = 3
        stage.shard(0, ".txt").touch()
    with run.stage("parse", {"x": [1, 2]}) as stage:
        assert stage.done
        assert stage.info == {"n": 3}
    assert [p.name for p in run.finished("parse").shards(".txt")] == ["shard-00000.txt"]
    with pytest.raises(RunError, match="no finished stage 'graph'; run 'linguagraph graph'"):
        run.finished("graph")


def test_time_adds_up_over_attempts(tmp_path: Path) -> None:
    run = Run.create(tmp_path, resume=False)
    with pytest.raises(ValueError), run.stage("parse", {}):
        raise ValueError
    with pytest.raises(RunError):
        run.finished("parse")
    record = tmp_path / "parse" / "stage.json"
    known = json.loads(record.read_text())
    record.write_text(json.dumps(known | {"seconds": 100.0}))
    with run.stage("parse", {}):
        pass
    assert run.manifest["stages"]["parse"]["seconds"] >= 100


def test_a_damaged_stage_is_done_again(tmp_path: Path) -> None:
    run = Run.create(tmp_path, resume=False)
    with run.stage("parse", {}) as stage:
        stage.shard(0, ".txt").touch()
    (tmp_path / "parse" / "stage.json").write_text("{")
    with run.stage("parse", {}) as stage:
        assert not stage.done
        assert stage.shards(".txt") == []


def test_dropped_counts_belong_to_their_stage(tmp_path: Path) -> None:
    run = Run.create(tmp_path, resume=False)
    with run.stage("parse", {"skip": True}) as stage:
        stage.info["dropped"] = {"bad": 2}
    with run.stage("graph", {}) as stage:
        stage.info["dropped"] = {"empty": 1}
    assert run.manifest["dropped"] == {"bad": 2, "empty": 1}
    with run.stage("parse", {"skip": False}):
        assert run.manifest["dropped"] == {}
    assert run.manifest["dropped"] == {}


def test_threads() -> None:
    assert free_threads(3) == 3
    assert free_threads(None) >= 1
    with pytest.raises(RunError, match="threads=0; expected at least 1"):
        free_threads(0)
