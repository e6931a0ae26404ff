"""Runs whose method masks tokens: fitted and trained gates, tables, report, refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from linguagraph.analyses import Params
from tiny import make_model, sample_part

from linguagraph import open_run
from linguagraph.cli import app
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError, RunError
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_srl import SrlUnits
from linguagraph.masks.diffmask_training import DiffMaskTraining
from linguagraph.models.checkpoints import load_model
from linguagraph.runs.analysing import analyse_stage
from linguagraph.runs.directory import Run
from linguagraph.runs.faithfulness import faithfulness_stage
from linguagraph.runs.methods import MethodOptions
from linguagraph.runs.parsing import graph_stage, parse_stage
from linguagraph.runs.tabulating import tabulate_stage
from linguagraph.runs.token_masking import mask_tokens_stage
from linguagraph.runs.token_methods import load_diffmask

DIFFMASK = MethodOptions("diffmask", seeds=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("tiny"), seeds=(0,))


@pytest.fixture(scope="module")
def run(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with gates that were fitted in it, two seeds."""
    home = tmp_path_factory.mktemp("tokens")
    corpus = sample_part(home / "part.conll09", 5)
    fitting = DiffMaskTraining(epochs=2, batch=8, checks=1)
    explained = load_diffmask(model, DIFFMASK, device="cpu", fitting=fitting)
    made = Run.create(home / "run", resume=False)
    with made.lock():
        parse_stage(made, str(corpus))
        graph_stage(made)
        mask_tokens_stage(made, explained, facts={"created": "now"})
        tabulate_stage(made)
    return made


def test_tables_hold_every_token_in_every_layer(run: Run) -> None:
    tables = RunTables.read(run.path, manifest=run.manifest)
    masks = tables.token_masks
    assert masks is not None
    corpus = run.manifest["corpus"]
    states = run.manifest["states"]
    assert states[0] == "input"
    tokens = masks[(masks["seed"] == 0) & (masks["layer"] == 0)]
    sizes = tokens.groupby("example").size()
    assert len(sizes) == corpus["predicates"]
    assert len(masks) == len(tokens) * 2 * len(states)
    assert tables.edges.empty
    assert tables.paths.empty
    top = masks[masks["layer"] == len(states) - 1]
    scores = tables.scores.groupby(["condition", "seed"], observed=True)[["kept", "edges"]].sum()
    assert scores.loc[("retained_100", 1), "kept"] == top[top["seed"] == 1]["retained"].sum()
    assert scores.loc[("original", -1), "kept"] == len(tokens)
    assert scores.loc[("random", 1), "kept"] == scores.loc[("retained_100", 1), "kept"]
    rest = scores.loc[("complement", 1), "kept"] + scores.loc[("retained_100", 1), "kept"]
    assert rest == len(tokens)
    assert {"mask_0", "random_labels", "retained_0"} <= set(tables.scores["condition"])


def test_masks_shrink_from_layer_to_layer(run: Run) -> None:
    masks = RunTables.read(run.path).token_masks
    assert masks is not None
    wide = masks.pivot_table(
        index=["seed", "example", "token"], columns="layer", values="score", observed=True
    )
    assert (wide.diff(axis=1).iloc[:, 1:] <= 1e-6).all(axis=None)


def test_a_finished_stage_is_kept_and_fitted_gates_are_found_again(
    run: Run, model: Path, tmp_path: Path
) -> None:
    fitting = DiffMaskTraining(epochs=2, batch=8, checks=1)
    explained = load_diffmask(model, DIFFMASK, device="cpu", fitting=fitting)
    assert mask_tokens_stage(run, explained).done
    copy = Run(shutil.copytree(run.path, tmp_path / "copy"))
    record = json.loads((copy.path / "mask" / "stage.json").read_text())
    (copy.path / "mask" / "stage.json").write_text(json.dumps(record | {"done": False}))
    for path in (copy.path / "mask").glob("shard-*"):
        path.unlink()
    before = {p: p.stat().st_mtime_ns for p in (copy.path / "mask" / "gates").glob("*.safetensors")}
    assert len(before) == 2
    mask_tokens_stage(copy, load_diffmask(model, DIFFMASK, device="cpu", fitting=fitting))
    assert {p: p.stat().st_mtime_ns for p in before} == before
    old, new = (r.path / "mask" / "shard-00000.safetensors" for r in (run, copy))
    assert old.read_bytes() == new.read_bytes()


def test_queries_and_the_report(run: Run, tmp_path: Path) -> None:
    copy = Run(shutil.copytree(run.path, tmp_path / "copy"))
    saved = open_run(copy.path)
    counted = saved.query("SELECT count(*) AS n FROM token_masks WHERE kind = 'predicate'")
    assert counted["n"].iloc[0] == 2 * len(run.manifest["states"]) * run.manifest["corpus"][
        "predicates"
    ]  # fmt: skip
    made = analyse_stage(copy, params=Params(resamples=20, min_n=2))
    names = [section.name for section in made.sections]
    assert names[0] == "overview"
    assert {"token_layers", "token_groups", "token_agreement", "token_examples"} <= set(names)
    assert made.summary["units"] == "tokens"
    assert made.summary["agreement"]["raw_agreement"] is not None
    assert "kept tokens" in made.summary["findings"]["faithfulness"]
    assert "all tokens" in made.html
    with pytest.raises(RunError, match="masks tokens, and these curves are of edges"):
        faithfulness_stage(copy)


def test_trained_gates_beside_a_model_are_used(model: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(model, tmp_path / "model"))
    network, _ = load_model(home)
    adapter = SrlUnits(network)
    for seed in (0, 5):
        gates = DiffMask(adapter, seed=seed)
        with torch.no_grad():
            for values in gates.gates.parameters():
                values.add_(0.01 * (1 + seed))
        gates.save(home / "diffmask" / f"seed-{seed}.safetensors")
    explained = load_diffmask(home, MethodOptions("diffmask"), seeds="5,", device="cpu")
    assert (list(explained.gates), explained.unfitted) == ([5], ())
    with pytest.raises(ConfigError, match="leave --method-seeds and --fit-on out"):
        load_diffmask(home, DIFFMASK, device="cpu")
    corpus = sample_part(tmp_path / "part.conll09", 2)
    out = tmp_path / "run"
    words = ["report", corpus, "--method", "diffmask", "--model", home, "-o", out, "-q"]
    app([*map(str, words), "--device", "cpu", "--threads", "1"], standalone_mode=False)
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["units"], manifest["seeds"]) == ("tokens", [0, 5])
    assert (out / "report.html").is_file()
    words = ["mask", out, "--model", home, "-q", "--overwrite", "--device", "cpu"]
    app([*map(str, words), "--threads", "1"], standalone_mode=False)
    assert json.loads((out / "manifest.json").read_text())["units"] is None


@pytest.mark.parametrize(
    ("options", "seeds", "message"),
    [
        (MethodOptions("diffmask", keep=0.5), None, "decides itself which tokens are kept"),
        (MethodOptions("diffmask"), 2, "no trained diffmask gates"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    model: Path, options: MethodOptions, seeds: int | None, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load_diffmask(model, options, seeds=seeds, device="cpu")
