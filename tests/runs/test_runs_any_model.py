"""A model and batches -> a report without language: planted edges, files, resuming, mistakes."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("torch_geometric")

from any_graphs import LABELS, Planted, batches
from linguagraph.analyses import Params
from torch import nn
from torch_geometric.data import Batch

import linguagraph
from linguagraph.errors import ConfigError, MaskError, RunError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.graphmask import GraphMask
from linguagraph.reports import Section
from linguagraph.runs import any_shards
from linguagraph.runs.any_facts import comparable
from linguagraph.runs.any_model import ModelOptions

SHORT = AmortisedConfig(steps=60, epochs_after=2, lr=2e-2)
QUICK = Params(resamples=50)
LANGUAGE = ("sentence", "predicate", "token", "argument", "role", "dependency", "corefer", "verbal")


def make(**given: Any) -> linguagraph.Report:
    """A report on the planted model."""
    plain: dict[str, Any] = {
        "model": Planted(),
        "loader": batches(60, seed=0),
        "explain": batches(40, seed=1),
        "edge_labels": LABELS,
        "gold": "needed",
        "seeds": (0, 1),
        "config": SHORT,
        "params": QUICK,
    }
    return linguagraph.report(**(plain | given))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[linguagraph.Report, Path]:
    """A report in a directory."""
    out = tmp_path_factory.mktemp("any") / "run"
    return make(out=out, name="planted", data="toy"), out


def test_planted_edges_are_found_in_their_layer(
    made: tuple[linguagraph.Report, Path],
) -> None:
    report, _ = made
    edges = report.edges
    assert len(edges) == 2 * 2 * 40 * 6
    shares = edges.groupby(["label", "layer"], observed=True)["retained"].mean()
    assert shares["used", 0] > 0.6
    assert shares["noise", 0] < 0.2
    assert shares["used", 1] < 0.2
    assert (edges["needed"] == "yes").groupby(edges["label"], observed=True).mean().to_dict() == {
        "used": 1.0,
        "noise": 0.0,
    }
    assert report.summary["score"]["original"] == 1.0
    assert report.summary["score"]["masked"]["mean"] > 0.8
    assert report.summary["corpus"] == {
        "name": "toy",
        "graphs": 40,
        "nodes": 280,
        "edges": 240,
        "answers": 40,
    }


def texts(section: Section) -> str:
    """All that a section says."""
    parts = [section.title, section.question, section.finding, *section.notes]
    parts += [text for f in section.figures for text in (f.caption, f.alt)]
    parts += [t.caption for t in section.tables]
    parts += [" ".join(map(str, t.frame.columns)) for t in section.tables]
    return " ".join(parts).lower()


def test_the_report_does_not_speak_of_language(made: tuple[linguagraph.Report, Path]) -> None:
    report, _ = made
    names = [section.name for section in report.sections]
    assert names == [
        *("overview", "faithfulness", "faithfulness_curves", "gold", "labels", "agreement"),
        *("examples", "methods"),
    ]
    for section in report.sections:
        said = texts(section).replace("direction", "")
        assert [word for word in LANGUAGE if word in said] == [], section.name
        assert "f1" not in section.tables[0].frame.columns or section.name == "gold"
    assert "Linguistic" not in report.html
    assert "<h1>What planted uses: toy</h1>" in report.html
    assert "40</span>" in report.html  # graphs, in the headline
    assert report._repr_html_().startswith("<iframe")


def test_the_directory_holds_a_whole_run(
    made: tuple[linguagraph.Report, Path], tmp_path: Path
) -> None:
    report, out = made
    for name in ("report.html", "summary.json", "manifest.json", "edges.parquet", "scores.parquet"):
        assert (out / name).is_file()
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["language"] is False
    assert manifest["scored_against"] == "labels"
    assert sorted(manifest["stages"]) == ["analyse", "mask", "tabulate"]
    assert not list(out.rglob("*.part"))
    masks = GraphMask.load(out / "mask" / "probes", _traced())
    assert masks.seeds == (0, 1)
    saved = report.save(tmp_path / "copy")
    assert saved.read_text(encoding="utf-8") == report.html


def _traced() -> Any:
    from linguagraph.masks.pyg import PygModel

    adapter = PygModel(Planted())
    adapter.trace(adapter.graphs(batches(2, seed=0)[0]))
    return adapter


def test_a_finished_run_is_not_made_again(made: tuple[linguagraph.Report, Path]) -> None:
    report, out = made
    before = (out / "edges.parquet").stat().st_mtime_ns
    with pytest.raises(RunError, match="already holds a run"):
        make(out=out, name="planted", data="toy")
    again = make(out=out, name="planted", data="toy", resume=True, loader=[])
    assert (out / "edges.parquet").stat().st_mtime_ns == before
    assert again.summary["retained"] == report.summary["retained"]
    with pytest.raises(RunError, match="another directory"):
        make(out=out, data="other", resume=True)


def test_an_interrupted_run_keeps_its_probes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from linguagraph.runs import any_model

    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(any_model, "_write_shards", stop)
        with pytest.raises(KeyboardInterrupt):
            make(out=tmp_path / "run")
    assert (tmp_path / "run" / "mask" / "probes").is_dir()

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(GraphMask, "fit", refuse)
    report = make(out=tmp_path / "run", resume=True)
    assert len(report.edges) == 2 * 2 * 40 * 6


def test_the_model_and_the_random_state_are_as_before() -> None:
    model = Planted().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.random.get_rng_state()
    make(model=model, seeds=(0,), gold=None)
    assert model.training
    assert all(p.requires_grad for p in model.parameters())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert torch.equal(state, torch.random.get_rng_state())
    assert not any(len(m._forward_hooks) for m in model.modules())


@pytest.fixture(scope="module")
def masks() -> GraphMask:
    """Fitted in advance."""
    return GraphMask(Planted(), seeds=(4,), config=SHORT).fit(batches(60, seed=0))


def test_fitted_masks_are_applied_as_they_are(masks: GraphMask) -> None:
    model = masks.model.module
    given: dict[str, Any] = {"seeds": None, "config": None, "masks": masks}
    report = make(model=model, edge_labels=None, y=lambda batch: None, gold=None, **given)
    assert report.summary["seeds"] == [4]
    assert set(report.edges["label"]) == {"edge"}
    assert (report.edges["needed"] == "").all()
    assert [s.name for s in report.sections if s.name == "gold"] == []
    assert "answer agreement" in report.sections[0].finding
    assert report.run_tables.manifest["scored_against"] == "own"
    with pytest.raises(ConfigError, match="seeds, config and masks"):
        make(masks=masks)
    with pytest.raises(ConfigError, match="another model than the one to report on"):
        make(model=Planted(), **given)
    with pytest.raises(ConfigError, match="asked and masks"):
        ModelOptions(masks=masks, asked="chosen")
    with pytest.raises(ConfigError, match="not fitted"):
        ModelOptions(masks=GraphMask(Planted()))


def test_masks_from_files_are_reported_on_at_once(masks: GraphMask, tmp_path: Path) -> None:
    masks.save(tmp_path / "probes")
    model = Planted()
    loaded = GraphMask.load(tmp_path / "probes", model)  # has not seen any batch
    given: dict[str, Any] = {"seeds": None, "config": None, "explain": batches(8, seed=1, size=4)}
    state = torch.random.get_rng_state()
    report = make(model=model, masks=loaded, **given)
    assert torch.equal(state, torch.random.get_rng_state())
    same = make(model=masks.model.module, masks=masks, **given)
    assert report.edges.equals(same.edges)
    assert report.run_tables.manifest["model"]["config"]["layers"] == 2


def test_batches_are_read_while_the_model_is_frozen(
    masks: GraphMask, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes, read = [], any_shards.as_graphs

    def noted(model: Any, content: Any) -> Any:
        modes.append(model.module.training)
        return read(model, content)

    monkeypatch.setattr(any_shards, "as_graphs", noted)
    masks.model.module.train()
    given: dict[str, Any] = {"seeds": None, "config": None, "masks": masks}
    make(model=masks.model.module, explain=batches(8, seed=1, size=4), **given)
    assert modes == [False, False]
    assert masks.model.module.training


def test_one_big_graph_has_no_intervals(masks: GraphMask) -> None:
    given: dict[str, Any] = {"seeds": None, "config": None, "masks": masks}
    report = make(model=masks.model.module, explain=batches(1, seed=1, size=1), **given)
    said = "There are too few graphs for intervals (1 graph; at least 5 are needed)"
    findings = {s.name: s.finding for s in report.sections}
    for name in ("overview", "faithfulness", "faithfulness_curves", "gold", "labels"):
        assert said in findings[name], name
    for section in report.sections:
        assert "nan" not in section.finding
        for table in section.tables:
            ends = [c for c in table.frame.columns if str(c).endswith(("low", "high"))]
            assert table.frame[ends].isna().all(axis=None), table.name
    assert report.summary["retained"]["overall"]["ci_low"] is None


def test_only_asked_units_are_explained() -> None:
    first = {"seeds": (0,), "explain": batches(8, seed=1, size=4)}
    asked = make(asked=lambda batch: torch.arange(batch.num_graphs) % 2 == 0, **first)
    assert asked.summary["corpus"]["answers"] == 4
    assert asked.summary["corpus"]["graphs"] == 8
    with pytest.raises(ConfigError, match="asked without a model object"):
        linguagraph.report("text.txt", asked="train_mask")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"edge_labels": ["a", "b"]}, "another edge_labels"),
        ({"edge_labels": None}, "edge_labels"),
        ({"output": "multilabel"}, "another output"),
        ({"y": None}, None),
        ({"y": "other"}, "y='y'"),
        ({"gold": None}, "gold='needed'"),
        ({"units": "batch"}, "units=None"),
        ({"call": lambda model, batch: model(batch.x)}, "call=None"),
        ({"asked": "chosen"}, "asked=None"),
        ({"name": "another"}, "name='planted'"),
    ],
)
def test_a_run_with_other_options_is_not_gone_on_with(
    made: tuple[linguagraph.Report, Path], changes: dict[str, Any], message: str | None
) -> None:
    given = {"name": "planted", "data": "toy", "resume": True} | changes
    if message is None:  # "y" is the default
        make(out=made[1], **given)
        return
    with pytest.raises(RunError, match=message):
        make(out=made[1], **given)


def _labels(batch: Any) -> Any:
    return batch.edge_type


def test_functions_are_compared_by_name_or_content() -> None:
    assert comparable(_labels) == f"{__name__}._labels"
    same = [comparable(lambda batch: batch.a + 1) for _ in range(2)]
    assert same[0] == same[1]
    others = [
        comparable(lambda batch: batch.b + 1),
        comparable(lambda batch: batch.a + 2),
        comparable(lambda batch, more=1: batch.a + 1),
        comparable(lambda batch: [x.a + 1 for x in batch]),
    ]
    assert len({same[0], *others}) == 5

    def names(suffix: str) -> Any:
        return lambda batch: batch.a + suffix

    assert comparable(names("x")) == comparable(names("x"))
    assert comparable(names("x")) != comparable(names("y"))
    assert comparable(partial(_labels, 1)) != comparable(partial(_labels, 2))
    assert comparable(("a", None, 1.5)) == ["a", None, 1.5]
    assert comparable(Planted().forward) == {
        "method": "any_graphs.Planted.forward",
        "of": "any_graphs.Planted",
    }


def test_graphs_beyond_the_limit_are_counted(masks: GraphMask) -> None:
    given: dict[str, Any] = {"seeds": None, "config": None, "masks": masks}
    report = make(model=masks.model.module, max_graphs=20, explain=batches(70, seed=1), **given)
    assert report.summary["corpus"]["graphs"] == 20
    assert report.run_tables.manifest["dropped"] == {"graphs beyond the first 20": 50}


def test_graphs_that_trained_the_probes_are_said_to_have_done_so() -> None:
    report = make(explain=None, seeds=(0,))
    assert any("trained the probes" in note for note in report.sections[0].notes)


def test_nothing_to_explain_is_an_error(masks: GraphMask) -> None:
    given: dict[str, Any] = {"seeds": None, "config": None, "masks": masks}
    with pytest.raises(MaskError, match="yields no batch"):
        make(model=masks.model.module, explain=[], **given)
    bare = batches(2, seed=0)[0].to_data_list()
    for one in bare:
        one.edge_index, one.edge_type = one.edge_index[:, :0], one.edge_type[:0]
        one.needed = one.needed[:0]
    with pytest.raises(MaskError, match="have no edges"):
        make(model=masks.model.module, explain=[Batch.from_data_list(bare)], **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "nothing to report on"),
        ({"loader": []}, "loader without a model object"),
        ({"corpus": "x.txt", "loader": [], "seeds": [1]}, "loader, seeds without a model object"),
        ({"corpus": "x.txt", "edge_labels": ["a"]}, "edge_labels without a model object"),
        ({"model": "srl-gnn", "loader": []}, "loader without a model object"),
        ({"model": nn.Identity()}, "needs the batches of its graphs"),
        ({"model": nn.Identity(), "corpus": "x.txt", "loader": []}, "corpus='x.txt' with a model"),
        (
            {"model": nn.Identity(), "loader": [], "options": linguagraph.ReportOptions()},
            "options are for a corpus",
        ),
        ({"model": nn.Identity(), "loader": [], "max_graphs": 0}, "max_graphs=0; expected at"),
    ],
)
def test_arguments_that_do_not_go_together(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        linguagraph.report(**given)
