"""Other methods than GraphMask on SRL: the same stages, equal sparsity, and what the run says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lines import interrupt, tabulated
from tiny import make_model

from linguagraph.columns import EDGES, SCORES
from linguagraph.edges.storage import read_table
from linguagraph.errors import ConfigError
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.runs import methods
from linguagraph.runs.masking import read_masks
from linguagraph.runs.methods import MethodOptions, load_method

pytest.importorskip("torch_geometric")


def test_attention_keeps_a_given_share_of_every_example(
    tmp_path: Path, corpus: Path, model: Path
) -> None:
    explained = load_method(model, MethodOptions("attention", keep=0.3), device="cpu")
    run = tabulated(tmp_path / "run", corpus, explained, limit=6)
    edges = read_table(run.path / "edges.parquet", EDGES)
    assert edges["method"].unique().tolist() == ["attention"]
    assert edges["seed"].unique().tolist() == [0]
    counts = edges.groupby("example", observed=True)["retained"].agg(["sum", "size"])
    assert (counts["sum"] == np.floor(counts["size"] * 0.3 + 0.5)).all()
    largest = edges.groupby("example", observed=True)["soft_gate"].transform("max")
    np.testing.assert_allclose(edges["score"], edges["soft_gate"] / largest, rtol=1e-5)
    lowest = edges[edges["retained"]].groupby("example", observed=True)["soft_gate"].min()
    highest = edges[~edges["retained"]].groupby("example", observed=True)["soft_gate"].max()
    both = lowest.index.intersection(highest.index)
    assert (lowest[both] >= highest[both] - 1e-6).all()


def test_the_default_share_is_that_of_the_probes(model: Path) -> None:
    explained = load_method(model, MethodOptions("gradient-gate"), device="cpu")
    assert explained.rival is not None
    assert explained.rival["name"] == "gradient_gate"
    assert explained.rival["keep"] == 0.5
    assert explained.rival["chosen_by"].startswith("the mean retained share")
    assert explained.masker.seeds == (0,)


def test_the_manifest_says_what_was_done(tmp_path: Path, corpus: Path, model: Path) -> None:
    chosen = MethodOptions("random", threshold=0.8, seeds=2)
    explained = load_method(model, chosen, device="cpu")
    run = tabulated(tmp_path / "run", corpus, explained, limit=4)
    found = run.manifest["method"]
    assert (found["name"], found["threshold"], found["keep"]) == ("random", 0.8, None)
    assert found["seeds"] == run.manifest["seeds"] == [0, 1]
    assert not found["deterministic"]
    assert run.manifest["probes"] == []
    scores = read_table(run.path / "scores.parquet", SCORES)
    assert set(scores["method"]) == {"random"}
    assert {"original", "retained_100", "random_labels"} <= set(scores["condition"].astype(str))
    edges = read_table(run.path / "edges.parquet", EDGES)
    assert (edges["retained"] == (edges["score"] > 0.8)).all()


def test_all_retained_is_the_model(tmp_path: Path, corpus: Path, model: Path) -> None:
    explained = load_method(model, MethodOptions("random", keep=1.0, seeds=1), device="cpu")
    run = tabulated(tmp_path / "run", corpus, explained, limit=6)
    scores = read_table(run.path / "scores.parquet", SCORES)
    sums = scores.groupby(scores["condition"].astype(str))[["correct", "predicted", "kept"]].sum()
    assert sums.loc["retained_100"].tolist() == sums.loc["original"].tolist()


def test_masks_with_noise_do_not_depend_on_batches(
    tmp_path: Path, corpus: Path, model: Path
) -> None:
    found = []
    for tokens in (1, 10**6):
        explained = load_method(model, MethodOptions("random", seeds=2), device="cpu")
        run = tabulated(tmp_path / str(tokens), corpus, explained, limit=6, tokens=tokens)
        found.append(read_masks(run.finished("mask"), 0))
    np.testing.assert_array_equal(found[0]["scores"], found[1]["scores"])
    np.testing.assert_array_equal(found[0]["retained"], found[1]["retained"])


def test_a_method_that_learns_takes_the_runs_own_corpus_or_another(
    tmp_path: Path, corpus: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "FIT_MOST", 5)
    other = tmp_path / "other.conll09"
    other.write_bytes(corpus.read_bytes())
    said = []
    for fit_on in (None, other):
        chosen = MethodOptions("information_bottleneck", keep=0.4, seeds=1, fit_on=fit_on)
        explained = load_method(model, chosen, device="cpu")
        run = tabulated(tmp_path / f"run-{fit_on is None}", corpus, explained, limit=4)
        said.append(run.manifest["method"]["fit"])
    assert said[0]["corpus"] == {"name": "the explained corpus itself"}
    assert said[1]["corpus"]["name"] == "other.conll09"
    assert said[0]["predicates"] == said[1]["predicates"] == 5
    assert said[1]["of"] > said[0]["of"] >= 5


@pytest.mark.parametrize("name", ["erasure", "nonamortised", "gnnexplainer", "pgexplainer"])
def test_every_method_goes_through_all_stages(
    tmp_path: Path, corpus: Path, model: Path, name: str
) -> None:
    explained = load_method(model, MethodOptions(name), device="cpu")
    run = tabulated(tmp_path / "run", corpus, explained, limit=2)
    edges = read_table(run.path / "edges.parquet", EDGES)
    assert edges["method"].unique().tolist() == [name]
    assert edges["retained"].mean() < 1


def test_masking_goes_on_where_it_stopped(
    tmp_path: Path, corpus: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linguagraph.runs.parsing.SHARD", 3)
    monkeypatch.setattr("linguagraph.masks.srl_rivals.TOKENS", 1)
    explained = load_method(model, MethodOptions("random", seeds=1), device="cpu")
    with pytest.raises(KeyboardInterrupt):
        tabulated(
            tmp_path / "run", corpus, explained, limit=9, progress=interrupt("masking edges", 9)
        )
    done = list((tmp_path / "run" / "mask").glob("shard-*.safetensors"))
    assert 0 < len(done) < 3
    before = [path.stat().st_mtime_ns for path in done]
    run = tabulated(tmp_path / "run", corpus, explained, limit=9, resume=True)
    assert [path.stat().st_mtime_ns for path in done] == before
    whole = tabulated(tmp_path / "whole", corpus, explained, limit=9)
    left, right = (r.path / "edges.parquet" for r in (run, whole))
    assert left.read_bytes() == right.read_bytes()


def test_graphmask_is_the_default_and_says_nothing_of_a_method(model: Path) -> None:
    for options in (None, MethodOptions(), MethodOptions("graphmask")):
        explained = load_method(model, options, seeds=2, device="cpu")
        assert isinstance(explained.masker, SrlGraphMask)
        assert explained.rival is None
        assert explained.masker.seeds == (0, 1)


def test_options_that_do_not_go_together(tmp_path: Path, model: Path, corpus: Path) -> None:
    with pytest.raises(ConfigError, match=r"method='guess'; expected one of \['graphmask'"):
        load_method(model, MethodOptions("guess"), device="cpu")
    with pytest.raises(ConfigError, match="keep does not go with graphmask"):
        MethodOptions(keep=0.5)
    with pytest.raises(ConfigError, match="give one of them"):
        MethodOptions("random", keep=0.5, threshold=0.5)
    with pytest.raises(ConfigError, match="expected a share from 0 to 1"):
        MethodOptions("random", keep=1.5)
    with pytest.raises(ConfigError, match="--method-seeds"):
        load_method(model, MethodOptions("random"), seeds="0,1", device="cpu")
    with pytest.raises(ConfigError, match="would give the same mask 3 times"):
        load_method(model, MethodOptions("attention", seeds=3), device="cpu")
    with pytest.raises(ConfigError, match="decides itself"):
        load_method(model, MethodOptions("erasure", keep=0.5), device="cpu")
    with pytest.raises(ConfigError, match="leave --fit-on out"):
        load_method(model, MethodOptions("random", fit_on=corpus), device="cpu")


def test_without_probes_a_share_must_be_given(tmp_path: Path) -> None:
    bare = make_model(tmp_path / "bare")
    for path in (bare / "probes").iterdir():
        path.unlink()
    with pytest.raises(ConfigError, match="say --keep SHARE or --threshold T"):
        load_method(bare, MethodOptions("attention"), device="cpu")
    assert load_method(bare, MethodOptions("attention", keep=0.1), device="cpu").rival is not None
    assert load_method(bare, MethodOptions("nonamortised"), device="cpu").rival is not None
