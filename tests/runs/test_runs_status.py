"""What is done, failed and left, by hand; and the commands that say it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tiny import make_model
from typer.testing import CliRunner

from linguagraph.cli import app
from linguagraph.runs.collection import Collection
from linguagraph.runs.directory import Run
from linguagraph.runs.running import run_recipe
from linguagraph.runs.status import status_of


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Three parsed shards of one document each, of 40, 20 and 60 bytes."""
    (tmp_path / "texts").mkdir()
    for number, size in enumerate((40, 20, 60)):
        text = "It ran. " * (size // 8)
        (tmp_path / "texts" / f"{number}.txt").write_text(text.ljust(size, "\n"))
    model = make_model(tmp_path / "model")
    (tmp_path / "recipe.toml").write_text(
        f'corpus = "texts"\n[shards]\ndocuments = 1\n[mask]\nmodel = "{model}"\nseeds = "1"\n'
    )
    run_recipe(tmp_path / "recipe.toml", tmp_path / "out", until="parse")
    return tmp_path / "out"


def test_what_is_left_is_estimated_from_the_bytes_of_shards(out: Path) -> None:
    found = status_of(out)
    assert (found["shards"], found["done"], found["left"]) == (3, 3, 0)
    assert found["seconds_left"] == 0
    shutil.rmtree(out / "shards" / "00002")
    seconds = 0.0
    for number, value in enumerate((3.0, 1.5)):
        path = out / "shards" / f"0000{number}" / "shard.json"
        record = json.loads(path.read_text())
        path.write_text(json.dumps(record | {"seconds": value}))
        seconds += value
    found = status_of(out)
    assert (found["done"], found["left"], found["at_work"]) == (2, 1, 0)
    assert found["seconds"] == seconds
    assert found["seconds_left"] == 4.5  # 60 bytes are left, and 60 took 4.5 s
    assert found["hours_left"] is None  # nobody is at work
    collection = Collection(out)
    with collection.hold(collection.shards[2]) as mine:
        assert mine
        found = status_of(out)
    assert found["at_work"] == 1
    assert found["hours_left"] == round(4.5 / 3600, 3)
    shutil.rmtree(out / "shards")
    assert status_of(out)["seconds_left"] is None


def test_a_finished_shard_is_a_run(out: Path) -> None:
    found = status_of(out / "shards" / "00000")
    assert found["stages"]["parse"]["state"] == "done"
    assert found["stages"]["graph"] == {"state": "not begun"}
    assert not found["at_work"]
    run = Run(out / "shards" / "00000")
    with run.lock():
        assert status_of(run.path)["at_work"]


def test_a_stage_that_was_interrupted_says_how_far_it_is(out: Path) -> None:
    home = out / "shards" / "00000"
    parsed = json.loads((home / "parse" / "stage.json").read_text())
    parsed["info"]["shards"] = 4
    (home / "parse" / "stage.json").write_text(json.dumps(parsed))
    (home / "graph").mkdir()
    (home / "graph" / "stage.json").write_text(json.dumps({"key": {}, "seconds": 6.0}))
    for number in range(3):
        (home / "graph" / f"shard-0000{number}.parquet").touch()
    found = status_of(home)
    assert found["stages"]["graph"] == {"state": "begun", "seconds": 6.0, "shards": 3, "of": 4}
    assert found["seconds_left"] == 2.0
    said = CliRunner().invoke(app, ["status", str(home)]).output
    assert "graph: begun, 6.0 s, 3 of 4 shards" in said
    assert "left of this stage: 2.0 s" in said


def test_the_commands_say_the_same(out: Path) -> None:
    runner = CliRunner()
    recipe = str(out.parent / "recipe.toml")
    made = runner.invoke(app, ["run", recipe, "-o", str(out), "--until", "parse"])
    assert made.exit_code == 0
    assert "0 made, 3 there before, 0 in other hands, 0 failed" in made.output
    said = runner.invoke(app, ["status", str(out)])
    assert said.exit_code == 0
    assert "3 of 3 shards done (up to parse), 0 failed, 0 left" in said.output
    asked = runner.invoke(app, ["status", str(out), "--json"])
    assert json.loads(asked.output)["done"] == 3
    (out.parent / "texts" / "1.txt").write_text("\n")
    made = runner.invoke(app, ["run", recipe, "-o", str(out), "--until", "parse", "--json"])
    assert made.exit_code == 1
    assert "1 shards failed" in str(made.exception)
    said = runner.invoke(app, ["status", str(out)])
    assert "failed: shard 1" in said.output
    assert "1.txt" in said.output


def test_cost_prints_hours_and_gigabytes(out: Path) -> None:
    command = ["cost", "--tokens", "1e9", "--machines", "10", "--measured", str(out)]
    found = CliRunner().invoke(app, command)
    assert "only made up to parse" in str(found.exception)
    found = CliRunner().invoke(app, [*command, "--until", "parse"])
    assert found.exit_code == 0
    assert "parse: " in found.output
    assert "with 10 x 1 workers" in found.output
    assert "parse on the disk" in found.output
