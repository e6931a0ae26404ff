"""The same shards by Ray: equal tables, workers and drivers that are killed, poisoned documents.

Ray runs in processes of its own, which talk over the machine's own addresses.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tiny import make_model

from linguagraph.columns import TABLES
from linguagraph.edges.storage import read_table
from linguagraph.runs.collection import Collection
from linguagraph.runs.running import run_recipe
from linguagraph.runs.status import status_of

pytest.importorskip("ray")

WORDS = "The dog chased the cat. Mary gave her friend a book about ships.\n"
PORT = 26399
ENVIRONMENT = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": os.urandom(16).hex()}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A Ray with two processors on this machine, as 'ray start --head' makes it."""
    with tempfile.TemporaryDirectory(
        prefix="ray", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
        command += [f"--port={PORT}", "--num-cpus=2", "--include-dashboard=false"]
        command += ["--object-store-memory=100000000", f"--temp-dir={folder}"]
        command += ["--disable-usage-stats"]
        log = open(Path(folder) / "start.log", "w+")  # noqa: SIM115 - as long as the process
        process = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, env=ENVIRONMENT
        )
        address = f"127.0.0.1:{PORT}"
        wait_for(lambda: "Ray runtime started" in (Path(folder) / "start.log").read_text())
        yield address
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"))


def make_recipe(home: Path, model: Path, *, shards: int, times: int) -> Path:
    (home / "texts").mkdir(parents=True)
    for number in range(shards):
        text = f"Document {number} began.\n" + WORDS * times
        (home / "texts" / f"{number:02d}.txt").write_text(text)
    path = home / "recipe.toml"
    path.write_text(
        f'corpus = "texts"\n[shards]\ndocuments = 1\n[mask]\nmodel = "{model}"\nseeds = "2"\n'
    )
    return path


def start(recipe: Path, out: Path, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "linguagraph.cli", "run", str(recipe), "-o", str(out)]
    command += ["--engine", "ray", "--address", address, "--workers", "2", "--device", "cpu"]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*command, "--json"], stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT
    )


def finished(process: subprocess.Popen[str], status: int = 0) -> dict[str, Any]:
    said, wrong = process.communicate(timeout=120)
    assert process.returncode == status, wrong
    found: dict[str, Any] = json.loads(said[said.index("{\n") :])  # Ray may speak before
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 150.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "took too long"
        time.sleep(0.02)


def records(out: Path) -> dict[str, int]:
    return {p.parent.name: p.stat().st_mtime_ns for p in out.glob("shards/*/shard.json")}


def test_tables_equal_those_of_the_local_engine(cluster: str, model: Path, tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, model, shards=4, times=3)
    (tmp_path / "texts" / "02.txt").write_bytes(b"\x00\x00 \n")  # poison
    found = finished(start(recipe, tmp_path / "ray", cluster), status=1)
    assert sorted(found["done"]) == [0, 1, 3]
    assert list(found["failed"]) == ["2"]
    assert "02.txt" in found["failed"]["2"]
    assert "02.txt" in status_of(tmp_path / "ray")["failures"]["2"]["error"]
    made = run_recipe(recipe, tmp_path / "local", device="cpu", threads=1)
    assert sorted(made.done) == [0, 1, 3]
    assert made.failed == {2: found["failed"]["2"]}
    for number in made.done:
        for table in TABLES.values():
            pair = [
                read_table(Collection(o).shard_path(number) / f"{table.name}.parquet", table)
                for o in (tmp_path / "ray", tmp_path / "local")
            ]
            both = [frame.astype(str) for frame in pair]
            both = [f.sort_values([*f.columns], ignore_index=True) for f in both]
            pd.testing.assert_frame_equal(*both)


def workers() -> list[int]:
    """Processes of Ray that make shards."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            title = path.read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::") and b"_Actor" in title:
            found.append(int(path.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds Ray's workers in /proc")
def test_a_killed_worker_loses_only_what_was_at_hand(
    cluster: str, model: Path, tmp_path: Path
) -> None:
    recipe, out = make_recipe(tmp_path, model, shards=6, times=40), tmp_path / "out"
    driver = start(recipe, out, cluster)
    wait_for(lambda: len(records(out)) >= 2)
    before = records(out)
    os.kill(workers()[0], signal.SIGKILL)
    found = finished(driver)  # the other went on, and so did a new worker
    assert sorted(found["done"] + found["kept"]) == list(range(6))
    assert not found["failed"]
    now = records(out)
    assert all(now[name] == stamp for name, stamp in before.items())


@pytest.mark.slow
def test_a_killed_driver_is_followed_by_another(cluster: str, model: Path, tmp_path: Path) -> None:
    recipe, out = make_recipe(tmp_path, model, shards=8, times=40), tmp_path / "out"
    driver = start(recipe, out, cluster)
    wait_for(lambda: len(records(out)) >= 2)
    driver.kill()
    driver.communicate()
    kept = records(out)
    assert len(kept) < 8
    found = finished(start(recipe, out, cluster))
    assert len(found["kept"]) >= len(kept)
    assert len(found["kept"]) + len(found["done"]) == 8
    now = records(out)
    assert len(now) == 8
    assert all(now[name] == stamp for name, stamp in kept.items())


def test_no_cluster_at_the_address_is_said(model: Path, tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, model, shards=1, times=1)
    process = start(recipe, tmp_path / "out", "127.0.0.1:1")
    _, wrong = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "no Ray cluster at 127.0.0.1:1" in wrong
