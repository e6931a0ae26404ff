"""The faithfulness benchmark: counts by hand, cells that are kept, the file, the command."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
import typer
from typer.testing import CliRunner

pytest.importorskip("torch_geometric")

import torch_geometric
from rich.console import Console

import linguagraph
from linguagraph.commands.benchmark import faithfulness
from linguagraph.errors import ConfigError, MaskError, RunError
from linguagraph.masks.explainable import Explainable
from linguagraph.masks.rivals.method import MethodMask, NotFitted, chosen, scored
from linguagraph.runs.benchmark import BenchmarkConfig, run_benchmark, shown_star
from linguagraph.runs.benchmark_cells import Amount, Contender, plain, run_cell
from linguagraph.runs.benchmark_methods import CONTENDERS, contenders_named
from linguagraph.runs.benchmark_picture import write_picture
from linguagraph.runs.benchmark_results import Results, table_rows
from linguagraph.runs.benchmark_scores import Counts, count, spread
from linguagraph.runs.benchmark_table import print_invariance, print_tables
from linguagraph.tasks.registry import TaskModel, load_task_model, task_named, task_splits
from linguagraph.tasks.star import make_stars


@dataclass
class Truth(NotFitted):
    """Retains the first of every two relevant edges; counts how often it is asked."""

    name: ClassVar[str] = "truth"
    hard: ClassVar[bool] = True
    calls: ClassVar[list[int]] = []

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        self.calls.append(len(graphs))
        batch = model.batch(graphs)
        gold = batch.content.gold
        half = gold & (gold.long().cumsum(0) % 2 == 1)
        present = torch.ones(1, batch.num_edges, dtype=torch.bool)
        return chosen(half.view(1, -1), batch, present, name=self.name, seed=seed)


class Soft(NotFitted):
    """Gives relevant edges 0.8 and others 0.35."""

    name: ClassVar[str] = "soft"
    hard: ClassVar[bool] = False

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        batch = model.batch(graphs)
        raw = torch.where(batch.content.gold, 0.8, 0.35).view(1, -1)
        present = torch.ones_like(raw, dtype=torch.bool)
        return scored(raw, batch, present, name=self.name, seed=seed, threshold=0.9)


class Refusing(Soft):
    """Does not apply."""

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        raise MaskError("this model has no gates of its own")


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    Truth.calls.clear()
    for name, kind in (("truth", Truth), ("soft", Soft), ("refusing", Refusing)):
        paper = (98.8, 100.0, 99.4) if name == "truth" else None
        monkeypatch.setitem(CONTENDERS, name, Contender(name, name, kind, paper=paper))


def small(**changes: Any) -> BenchmarkConfig:
    values: dict[str, Any] = {
        "tasks": ("star",),
        "methods": ("truth", "soft"),
        "seeds": (0, 1),
        "graphs": 20,
        "invariance": False,
    }
    return BenchmarkConfig(**{**values, **changes})


def test_counts_by_hand() -> None:
    retained = torch.tensor([[True, True, False, False, True]])
    gold = torch.tensor([[True, False, True, False, True]])
    present = torch.tensor([[True, True, True, True, False]])
    found = count(retained, gold, present)
    assert found == Counts(right=1, retained=2, relevant=2, edges=4)
    assert (found.precision, found.recall, found.f1, found.share) == (0.5, 0.5, 0.5, 0.5)
    more = found + Counts(right=2, retained=2, relevant=4, edges=6)
    assert more.precision == 3 / 4
    assert more.recall == 3 / 6
    assert more.f1 == 6 / 10
    assert more.share == 4 / 10
    assert Counts().to_json()["f1"] == 0
    with pytest.raises(MaskError, match="one shape"):
        count(retained, gold[0], present)


def test_spread_by_hand() -> None:
    found = spread([0.5, 0.7, 0.9])
    assert found.to_json() == pytest.approx({"mean": 0.7, "sd": 0.2, "min": 0.5, "max": 0.9})
    assert spread([0.3]).sd == 0
    with pytest.raises(MaskError, match="no values"):
        spread([])


def cell(kind: type, *, graphs: int = 40) -> dict[str, Any]:
    return run_cell(
        Contender("x", "x", kind),
        task_named("star"),
        TaskModel(load_task_model("star", 0)[0]),
        task_splits("star"),
        seed=0,
        amount=Amount(dev=graphs, test=graphs, together=16),
    )


def test_a_cell_of_a_method_that_decides() -> None:
    found = cell(Truth)
    assert found["threshold"] is None
    assert found["dev_graphs"] == found["train_graphs"] == 0
    assert found["test_graphs"] == 40
    assert found["scores"]["precision"] == 1
    relevant = sum(int(graph.gold.sum()) for graph in task_splits("star").test[:40])
    assert found["scores"]["relevant"] == relevant
    assert 0.45 < found["scores"]["recall"] < 0.6
    yes = [graph for graph in task_splits("star").test[:40] if graph.y.item()]
    assert found["scores_yes"]["edges"] == sum(len(graph.edge_type) for graph in yes)
    parts = {part["part"]: part for part in found["by_part"]}
    assert parts["other colour"]["retained"] == 0
    assert parts["colour x"]["edges"] + parts["colour y"]["edges"] == relevant
    json.dumps(found, allow_nan=False)


def test_a_threshold_is_chosen_on_development_graphs() -> None:
    found = cell(Soft)
    assert found["threshold"] == 0.5  # the middle one of 0.4 to 0.7
    assert found["scores"]["f1"] == 1
    assert found["by_threshold"]["0.7"] == 1
    assert found["by_threshold"]["0.3"] < 0.6
    assert found["by_threshold"]["0.8"] == 0
    assert found["answers_kept"] >= 0.95


def test_cells_are_kept_and_made_again_only_where_something_changed(
    tmp_path: Path, stand_ins: None
) -> None:
    file = tmp_path / "results.json"
    lines: list[str] = []
    run_benchmark(small(), file=file, log=lines.append)
    assert len(lines) == 4
    calls = len(Truth.calls)
    again = run_benchmark(small(), file=file, log=lines.append)
    assert len(Truth.calls) == calls
    assert len(lines) == 4
    assert len(again.cells) == 4
    run_benchmark(small(seeds=(0, 1, 2)), file=file, log=lines.append)
    assert len(lines) == 6
    changed = run_benchmark(small(graphs=30), file=file, log=lines.append)
    assert len(lines) == 10
    assert len(changed.cells) == 6
    assert [row["test_graphs"] for row in table_rows(changed.cells, changed.config)] == [30, 30]


def test_a_quick_look_does_not_replace_a_fuller_run(tmp_path: Path, stand_ins: None) -> None:
    file = tmp_path / "results.json"
    run_benchmark(small(), file=file)
    before = file.read_text()
    for fewer in ({"graphs": 10}, {"graphs": 10, "seeds": (3, 1)}, {"train": 100}):
        with pytest.raises(RunError, match=r"results\.json holds a fuller run .*--json or another"):
            run_benchmark(small(**fewer), file=file)
        assert file.read_text() == before
    run_benchmark(small(graphs=10, seeds=(5,)), file=file)
    assert len(json.loads(file.read_text())["cells"]) == 6


def test_cells_know_the_versions_they_were_made_with(
    tmp_path: Path, stand_ins: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "results.json"
    config = small(methods=("truth",), seeds=(0,))
    (made,) = run_benchmark(config, file=file).cells
    assert made["identity"]["linguagraph"] == linguagraph.__version__
    assert made["identity"]["torch_geometric"] == torch_geometric.__version__
    calls = len(Truth.calls)
    run_benchmark(config, file=file)
    assert len(Truth.calls) == calls
    monkeypatch.setattr(linguagraph, "__version__", "999")
    (anew,) = run_benchmark(config, file=file).cells
    assert len(Truth.calls) > calls
    assert anew["identity"]["linguagraph"] == "999"


class TwoWays(Truth):
    """Finds its masks in two ways."""

    def explain(self, *args: Any, **options: Any) -> MethodMask:
        found = super().explain(*args, **options)
        ways = tuple("greedy" if k % 4 else "exhaustive" for k in range(len(args[1])))
        return replace(found, how=ways)


def test_it_is_said_how_masks_were_found(
    tmp_path: Path, stand_ins: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONTENDERS, "truth", Contender("truth", "Search", TwoWays, ways=True))
    file = tmp_path / "results.json"
    results = run_benchmark(small(), file=file)
    search, soft = table_rows(results.cells, results.config)
    assert search["how"] == {"exhaustive": 10, "greedy": 30}
    assert soft["how"] == {}
    assert "Search: exhaustive on 25%, greedy on 75% of the graphs." in printed([search, soft])
    stored = json.loads(file.read_text())
    assert [one["how"] for one in stored["cells"] if one["method"] == "truth"] == [
        {"exhaustive": 5, "greedy": 15}
    ] * 2
    for one in stored["cells"]:  # as older versions wrote them
        del one["how"]
    file.write_text(json.dumps(stored))
    calls = len(Truth.calls)
    old = run_benchmark(small(), file=file)
    assert len(Truth.calls) == calls
    rows = table_rows(old.cells, old.config)
    assert [row["how"] for row in rows] == [None, None]
    assert "Search: not recorded how" in printed(rows)
    assert "soft: not recorded" not in printed(rows)


def printed(rows: list[dict[str, Any]]) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    print_tables(rows, console)
    return " ".join(console.export_text().split())


def test_an_interrupt_loses_the_running_cell_only(
    tmp_path: Path, stand_ins: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopping(Soft):
        def explain(self, *args: Any, **kwargs: Any) -> MethodMask:
            raise KeyboardInterrupt

    file = tmp_path / "results.json"
    monkeypatch.setitem(CONTENDERS, "soft", Contender("soft", "soft", Stopping))
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(small(), file=file)
    stored = json.loads(file.read_text())
    assert [cell["method"] for cell in stored["cells"]] == ["truth"]
    assert stored["complete"] is False
    monkeypatch.setitem(CONTENDERS, "soft", Contender("soft", "soft", Soft))
    done = len(Truth.calls)
    run_benchmark(small(seeds=(0,)), file=file)
    assert len(Truth.calls) == done
    assert json.loads(file.read_text())["complete"] is True


def test_the_file(tmp_path: Path, stand_ins: None) -> None:
    file = tmp_path / "results.json"
    run_benchmark(small(methods=("truth", "soft", "refusing")), file=file)
    found = json.loads(file.read_text())
    assert set(found) == {
        "kind", "format", "complete", "config", "versions", "hardware", "models", "invariance",
        "table", "cells",
    }  # fmt: skip
    assert found["kind"] == "faithfulness-benchmark"
    assert found["config"]["seeds"] == [0, 1]
    assert "torch" in found["versions"]
    assert {(one["task"], one["seed"]) for one in found["models"]} == {("star", 0), ("star", 1)}
    truth, soft, refusing = found["table"]
    assert truth["paper"] == [98.8, 100.0, 99.4]
    assert soft["paper"] is None
    assert soft["f1"] == {"mean": 1.0, "sd": 0.0, "min": 1.0, "max": 1.0}
    assert "no gates of its own" in refusing["error"]
    of_truth = [one["scores"]["f1"] for one in found["cells"] if one["method"] == "truth"]
    assert truth["f1"]["mean"] == pytest.approx(sum(of_truth) / 2)


def test_tables_and_pictures(tmp_path: Path, stand_ins: None) -> None:
    results = run_benchmark(small(methods=("truth", "soft", "refusing")))
    console = Console(width=80, record=True, file=io.StringIO())
    print_tables(table_rows(results.cells, results.config), console)
    print_invariance(
        {"masks_equal": True, "scores_apart": 0.0, "lrp": {"f": [1.5, -0.5], "g": [2.0, -1.0]}},
        console,
    )
    text = " ".join(console.export_text().split())
    assert "star graphs (star): 20 test graphs, 2 seeds" in text
    assert "100.0 ±0.0" in text
    assert "does not apply" in text
    assert "f: 1.5, -0.5; g: 2, -1" in text
    files = write_picture(tmp_path, results.cells, seed=0)
    assert [file.suffix for file in files] == [".svg", ".pdf", ".png", ".txt"]
    svg = files[0].read_text()
    assert "<title>More " in svg
    assert "soft retains" in files[3].read_text()
    assert write_picture(tmp_path, [], seed=0) == []


def test_a_foreign_or_damaged_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    for content, match in (
        ("{", "cannot be read"),
        ("[]", "no result"),
        ('{"kind": "faithfulness-benchmark", "format": 99}', "another format"),
        ('{"kind": "faithfulness-benchmark", "format": 1, "cells": []}', "lacks models, invar"),
    ):
        file.write_text(content)
        with pytest.raises(RunError, match=match):
            Results.begin(file, {})
        assert file.read_text() == content


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"tasks": ("circle",)}, "there are star, path, redundant"),
        ({"methods": ("magic",)}, "there are graphmask"),
        ({"seeds": ()}, "at least one"),
        ({"seeds": (1, 1)}, "none twice"),
        ({"graphs": 501}, "at most 500"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        replace(BenchmarkConfig(), **changes)


def test_quick_is_small() -> None:
    quick = BenchmarkConfig().quick()
    assert quick.tasks == ("star",)
    assert quick.seeds == (0,)
    assert quick.graphs == 100


def test_settings_as_json() -> None:
    assert plain({"a": (1, float("inf")), 2: None}) == {"a": [1, "inf"], "2": None}
    for contender in contenders_named(tuple(CONTENDERS)):
        json.dumps(contender.settings(), allow_nan=False)
    names = [name for name in CONTENDERS if CONTENDERS[name].paper]
    assert len(names) == 6


def test_the_graph_of_the_picture() -> None:
    six = torch.tensor([6, 6, 6])
    colours = torch.tensor([0, 1, 2, 3, 4, 5, 0, 0, 1, 3, 4, 5, 0, 0, 1, 3, 4, 5])
    graphs = make_stars(six, colours, torch.tensor([[0, 1], [1, 0], [0, 1]]))
    assert shown_star(graphs) == 2
    assert shown_star(graphs[:2]) == 0


def command() -> typer.Typer:
    app = typer.Typer()
    app.command("faithfulness")(faithfulness)
    app.command("other")(lambda: None)
    return app


def test_the_command(tmp_path: Path, stand_ins: None) -> None:
    runner = CliRunner()
    shown = runner.invoke(command(), ["faithfulness", "--help"])
    assert shown.exit_code == 0
    for option in ("--json", "--quiet", "--seeds", "--methods", "--tasks", "--quick", "--retrain"):
        assert option in shown.output
    file, out = tmp_path / "r.json", tmp_path / "out"
    arguments = ["faithfulness", "--tasks", "star", "--methods", "truth,soft", "--seeds", "1"]
    arguments += ["--graphs", "20", "--quick", "--json", str(file)]
    found = runner.invoke(command(), [*arguments, "-o", str(out), "--quiet"])
    assert found.exit_code == 0, found.output
    assert found.stdout == ""
    assert len(json.loads(file.read_text())["cells"]) == 2
    assert sorted(path.name for path in out.iterdir()) == [
        "star-graph.pdf", "star-graph.png", "star-graph.svg", "star-graph.txt",
    ]  # fmt: skip
    found = runner.invoke(command(), arguments)
    assert "truth" in found.stdout
    wrong = runner.invoke(command(), ["faithfulness", "--seeds", "x"])
    assert isinstance(wrong.exception, ConfigError)


@pytest.mark.slow
def test_graphmask_finds_the_edges_of_star_graphs() -> None:
    config = BenchmarkConfig(
        tasks=("star",),
        methods=("graphmask", "erasure", "gnnexplainer"),
        seeds=(0, 1),
        graphs=100,
        invariance=False,
    )
    results = run_benchmark(config)
    rows = {row["method"]: row for row in table_rows(results.cells, results.config)}
    assert rows["graphmask"]["f1"]["min"] > 0.98
    assert rows["graphmask"]["answers_kept"]["min"] > 0.97
    assert rows["erasure"]["f1"]["max"] < 0.35
    assert rows["gnnexplainer"]["f1"]["max"] < 0.6
