"""Trainings started by torchrun: who writes, what is said when a process ends, and going on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import world_cases
from tiny import WIDTHS, sample_part

from linguagraph.cli import app
from linguagraph.errors import ConfigError, LinguagraphError, WorldError
from linguagraph.models.checkpoints import load_tensors
from linguagraph.runs.console import exit_status
from linguagraph.runs.launch import _own_device, _reason, _Watch, launched, train_together

EPOCHS = 60
OPTIONS = ["--device", "cpu", "--epochs", EPOCHS, "--threads", 1]


class Texts(dict[str, bytes]):
    """A store within one process."""

    def set(self, key: str, value: str) -> None:
        self[key] = value.encode()

    def check(self, keys: list[str]) -> bool:
        return all(key in self for key in keys)

    def get(self, key: str) -> bytes:  # type: ignore[override]
        return self[key]


def watch(folder: Path, *, rank: int, size: int = 3) -> _Watch:
    store = Texts()
    for other in range(size):
        own = {"host": "abc", "pid": 100 + other, "device": "cpu"}
        store.set(f"process/{other}", json.dumps(own))
    return _Watch(store, rank, size, folder)


def test_without_torchrun_there_is_one_process(tmp_path: Path) -> None:
    assert not launched({"WORLD_SIZE": "4", "RANK": "0"})  # other launchers set these, too
    assert launched({"WORLD_SIZE": "4", "TORCHELASTIC_RUN_ID": "x"})
    before = signal.getsignal(signal.SIGTERM)
    with train_together("cpu", tmp_path) as world:
        assert (world.rank, world.size, world.device) == (0, 1, torch.device("cpu"))
        assert signal.getsignal(signal.SIGTERM) is before


def test_every_process_needs_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match=r"2 processes, but 1 GPUs here.*--device cpu"):
        _own_device("cuda")
    assert _own_device("cpu") == torch.device("cpu")


def test_the_lowest_rank_that_is_left_tells_who_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linguagraph.runs.launch.GRACE", 0.2)
    for rank, told in ((0, False), (2, True)):
        mine = watch(tmp_path, rank=rank)
        mine.store.set(f"end/{2 - rank}", "")  # 0 and 2 have lost 1
        error = mine._explained()
        assert "rank 1 of 3 (abc, process id 101) is gone" in str(error)
        assert "no epoch was finished yet" in str(error)
        assert error.told is told
    (tmp_path / "trainer.safetensors").touch()
    assert f"the last whole epoch is kept in {tmp_path}" in str(mine._explained())


def test_a_process_that_fails_speaks_for_itself(tmp_path: Path) -> None:
    mine = watch(tmp_path, rank=0, size=2)
    mine.store.set("end/1", _reason(MemoryError("no room")))
    error = mine._explained()
    assert str(error).startswith("rank 1 of 2 stopped: MemoryError: no room; ")
    assert error.told


@pytest.fixture
def terminable() -> Iterator[None]:
    """An end that is asked for is heard again after the test."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("terminable")
def test_an_error_of_all_is_said_by_the_first(tmp_path: Path) -> None:
    mine = watch(tmp_path, rank=1, size=2)
    mine.store.set("end/0", "bad option")
    with pytest.raises(WorldError) as caught, mine.guard():
        raise ConfigError("bad option")
    assert caught.value.told
    with pytest.raises(LinguagraphError) as other, mine.guard():
        raise ConfigError("no space on this machine")
    assert not isinstance(other.value, WorldError)
    assert mine.store["end/1"] == b"no space on this machine"


def test_errors_that_are_told_are_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(told: bool) -> int:
        raise WorldError("rank 1 is gone", told=told)

    assert exit_status(lambda: fail(True)) == 1
    assert capsys.readouterr().err == ""
    assert exit_status(lambda: fail(False)) == 1
    assert capsys.readouterr().err == "error: rank 1 is gone\n"


@pytest.mark.parametrize("command", [["report"], ["train", "parser"]])
def test_other_commands_are_not_for_several_processes(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert exit_status(lambda: app(command, standalone_mode=False)) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: '{' '.join(command)}' is done by one process, not by 2")


@pytest.fixture
def options(tmp_path: Path) -> list[object]:
    """Options of a training of many short epochs."""
    corpus = sample_part(tmp_path / "part.conll09", 6)
    widths = "".join(f"{name} = {width}\n" for name, width in WIDTHS.items())
    text = f"[model]\n{widths}[training]\npatience = 1000\ntokens = 200\nrare_word = 1\n"
    (tmp_path / "model.toml").write_text(text)
    data = ["--train", corpus, "--dev", corpus, "--config", tmp_path / "model.toml"]
    return ["train", "srl", *data, "-o", tmp_path / "model", *OPTIONS]


def children(process: int) -> Iterator[tuple[int, str]]:
    """Processes that a process has started, and their ranks."""
    for number in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        known = Path(f"/proc/{number}/environ").read_bytes().decode().split("\0")
        for rank in (text.removeprefix("RANK=") for text in known if text.startswith("RANK=")):
            yield int(number), rank


def test_a_killed_rank_ends_the_run_which_then_goes_on(
    options: list[object], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m"]
    command += ["linguagraph", *map(str, options)]
    home, log = tmp_path / "model", tmp_path / "log"
    with open(log, "w") as stream:
        run = subprocess.Popen(
            command, stdout=stream, stderr=stream, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
    try:
        until = time.monotonic() + 90
        while not (home / "trainer.safetensors").is_file() and time.monotonic() < until:
            assert run.poll() is None, log.read_text()
            time.sleep(0.01)
        (victim,) = (number for number, rank in children(run.pid) if rank == "1")
        os.kill(victim, signal.SIGKILL)
        assert run.wait(timeout=40) != 0
    finally:
        run.kill()
    said = log.read_text().splitlines()
    (error,) = [line for line in said if line.startswith("error:")]
    assert f"rank 1 of 2 ({os.uname().nodename}, process id {victim}) is gone" in error
    assert f"the last whole epoch is kept in {home}" in error
    assert "--resume" in error
    epochs = [line for line in said if line.startswith("epoch ")]
    assert len(set(epochs)) == len(epochs)  # one process alone prints
    done = load_tensors(home / "trainer.safetensors")[1]["epoch"]
    assert 0 <= done < EPOCHS - 1
    assert (
        exit_status(lambda: app([*map(str, options), "--resume", "-q"], standalone_mode=False)) == 0
    )
    assert load_tensors(home / "trainer.safetensors")[1]["epoch"] == EPOCHS - 1
    lines = [json.loads(line) for line in (home / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(EPOCHS))


STUCK = """
import json, os, signal, threading, time
from datetime import timedelta
from pathlib import Path
from torch.distributed import HashStore
from linguagraph.runs import launch

launch.GRACE = 0.3
store = HashStore()
store.set("process/0", json.dumps({"host": "abc", "pid": 7, "device": "cuda"}))
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
with launch._Watch(store, 1, 2, Path("out")).guard():
    store.wait(["never"], timedelta(seconds=50))  # like a sum on a GPU, it hears no signal
"""


@pytest.mark.slow
def test_a_process_that_is_stuck_in_a_sum_still_speaks_and_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=40, check=False
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: rank 0 of 2 (abc, process id 7) is gone")


@pytest.mark.slow
def test_what_cannot_be_trained_together_is_said_once(
    options: list[object], tmp_path: Path
) -> None:
    text = (tmp_path / "model.toml").read_text().replace("tokens = 200", "tokens = 1")
    (tmp_path / "model.toml").write_text(text)
    command = Path(sys.modules["linguagraph"].__file__ or "").with_name("__main__.py")
    processes = world_cases.pair(command, *options)
    try:
        printed = world_cases.finish(processes, seconds=60)
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [1, 1]
    assert printed[0].startswith("error: tokens=1 makes batches of at most 1 examples")
    assert printed[1] == ""
