"""Masks of a run: independent of batches and of the device; inputs without anything to mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from lines import tabulated
from tiny import make_model

from linguagraph.columns import EDGES, PATHS, SCORES
from linguagraph.edges.storage import RunTables, read_table
from linguagraph.errors import DocumentError, MaskError, RunError
from linguagraph.runs.directory import Run
from linguagraph.runs.masking import mask_stage, read_masks
from linguagraph.runs.models import Explained, load_explained
from linguagraph.runs.parsing import Sentences, graph_stage, parse_stage
from linguagraph.runs.sources import Reading

TOLERANCE = 1e-4
"""Largest difference of a gate's probability between devices; gates nearer than this to the
threshold may fall on either side."""


def row(*cells: str) -> str:
    form, tag, head, label, fill, pred, *roles = cells
    columns = [form, form, form, tag, tag, "_", "_", head, head, label, label, fill, pred, *roles]
    return "\t".join(columns)


def corpus_of(path: Path, *sentences: list[str]) -> Path:
    blocks = ["\n".join(f"{i}\t{r}" for i, r in enumerate(s, start=1)) for s in sentences]
    path.write_text("\n\n".join(blocks) + "\n\n", encoding="utf-8")
    return path


PLAIN = [row("Rain", "NN", "2", "nsubj", "_", "_"), row("falls", "VBZ", "0", "root", "_", "_")]
YES = [row("Yes", "UH", "0", "root", "Y", "yes.01", "A0")]
ODD = [
    row("Rain", "NN", "2", "SBJ", "_", "_", "A0", "_"),
    row("may", "MD", "0", "ROOT", "Y", "may.01", "_", "_"),
    row("fall", "VB", "2", "VC", "Y", "fall.01", "A1", "_"),
]


def masks_of(run: Run) -> list[dict[str, np.ndarray]]:
    stage = run.finished("mask")
    return [read_masks(stage, n) for n in range(run.finished("parse").info["shards"])]


def test_masks_do_not_depend_on_the_batches(
    tmp_path: Path, corpus: Path, explained: Explained
) -> None:
    one = tabulated(tmp_path / "one", corpus, explained, limit=6, tokens=1)
    all_ = tabulated(tmp_path / "all", corpus, explained, limit=6, tokens=10**6)
    for left, right in zip(masks_of(one), masks_of(all_), strict=True):
        np.testing.assert_allclose(left["scores"], right["scores"], atol=1e-5)
        np.testing.assert_allclose(left["soft_gates"], right["soft_gates"], atol=1e-6)
        np.testing.assert_array_equal(left["roles"], right["roles"])
    scores = [read_table(run.path / "scores.parquet", SCORES) for run in (one, all_)]
    fixed = ["original", "retained_100", "retained_0"]
    keys = ["condition", "seed", "sentence", "predicate_type"]
    left, right = (
        s[s["condition"].isin(fixed)].astype({"condition": "str", "predicate_type": "str"})
        for s in scores
    )
    found = left.merge(right, on=keys, suffixes=("", "_"))
    assert len(found) == len(left)
    for column in ("correct", "predicted", "gold", "kept", "edges"):
        assert (found[column] == found[f"{column}_"]).all()


def test_masking_the_same_twice_is_the_same(
    tmp_path: Path, corpus: Path, explained: Explained
) -> None:
    before = {k: v.clone() for k, v in explained.masker.model.state_dict().items()}
    runs = [tabulated(tmp_path / name, corpus, explained, limit=5) for name in "ab"]
    for name in ("edges", "paths", "roles", "scores"):
        one, two = ((run.path / f"{name}.parquet").read_bytes() for run in runs)
        assert one == two
    after = explained.masker.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("encoder", ["mlp", "bilstm"])
def test_a_model_with_one_layer(tmp_path: Path, corpus: Path, encoder: str) -> None:
    one = load_explained(
        make_model(tmp_path / "m", seeds=(2, 3), layers=1, encoder=encoder), device="cpu"
    )
    run = tabulated(tmp_path / "run", corpus, one, limit=5)
    edges = read_table(run.path / "edges.parquet", EDGES)
    assert edges["layer"].unique().tolist() == [0]
    assert edges["seed"].unique().tolist() == [2, 3]
    paths = read_table(run.path / "paths.parquet", PATHS)
    assert paths["retained_by_layer"].map(len).eq(1).all()
    assert paths["subpath_length"].isin([0, 1]).all()


def test_a_corpus_without_predicates(tmp_path: Path, explained: Explained) -> None:
    corpus = corpus_of(tmp_path / "plain.conll09", PLAIN)
    with pytest.raises(MaskError, match="no predicates, so that there is nothing to explain"):
        tabulated(tmp_path / "run", corpus, explained)
    dropped = Run.open(tmp_path / "run").manifest["dropped"]
    assert dropped == {"sentences without a predicate (nothing to explain)": 1}


def test_only_sentences_of_one_token(tmp_path: Path, explained: Explained) -> None:
    run = tabulated(tmp_path / "run", corpus_of(tmp_path / "yes.conll09", YES, YES), explained)
    tables = RunTables.read(run.path)
    assert tables.edges.empty
    assert tables.scores["edges"].eq(0).all()
    assert tables.scores[tables.scores["condition"] == "original"]["gold"].sum() == 2


def test_a_shard_without_predicates_between_others(
    tmp_path: Path, explained: Explained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linguagraph.runs.parsing.SHARD", 1)
    corpus = corpus_of(tmp_path / "c.conll09", ODD, PLAIN, YES, ODD)
    tables = RunTables.read(tabulated(tmp_path / "run", corpus, explained).path)
    assert sorted(tables.edges["example"].unique()) == [0, 1, 3, 4]
    assert sorted(tables.edges["sentence"].unique()) == [0, 3]


def test_labels_unknown_to_the_model_are_counted_once(tmp_path: Path, explained: Explained) -> None:
    corpus = corpus_of(tmp_path / "odd.conll09", ODD, PLAIN, ODD)
    told: list[str] = []
    run = tabulated(tmp_path / "run", corpus, explained, notify=told.append)
    assert run.manifest["unknown_labels"] == {"SBJ": 2, "VC": 2}
    assert run.manifest["corpus"]["label_set"] == "other (not UD)"
    told = [line for line in told if "predicts no role" not in line]
    assert len(told) == 1
    assert told[0].startswith("4 dependencies have labels that the model has never seen")

    assert "SBJ (2)" in told[0]


def test_arguments_of_another_root_are_counted(tmp_path: Path, explained: Explained) -> None:
    roots = [
        row("Go", "VB", "0", "root", "Y", "go.01", "_"),
        *(
            row(w, "NN", "0", "root", "_", "_", "A1")
            for w in ("home", "house", "street", "harbour")
        ),
    ]
    run = tabulated(tmp_path / "run", corpus_of(tmp_path / "r.conll09", roots, ODD), explained)
    roles = RunTables.read(run.path).roles
    lost = roles[(roles["sentence"] == 0) & (roles["token"] > 0)]["role"].notna().sum()
    found = run.manifest["dropped"].get("arguments without a path to their predicate", 0)
    assert found == lost


def test_bad_sentences_are_counted(tmp_path: Path, explained: Explained) -> None:
    bad = [row("x", "NN", "9", "dep", "_", "_")]
    corpus = corpus_of(tmp_path / "bad.conll09", ODD, bad, ODD)
    run = Run.create(tmp_path / "run", resume=False)
    with pytest.raises(DocumentError, match="line 5, column 9"):
        parse_stage(run, corpus)
    told: list[str] = []
    parse_stage(run, corpus, reading=Reading(skip_bad=True), warn=told.append)
    assert run.manifest["dropped"] == {"sentences that could not be read": 1}
    assert run.manifest["corpus"]["sentences"] == 2
    assert len(told) == 1
    assert "line 5, column 9" in told[0]
    sentences = Sentences(run.path / "parse")
    assert list(sentences) == [0, 1]
    assert sentences[1].forms == ("Rain", "may", "fall")
    with pytest.raises(KeyError):
        _ = sentences[2]


def test_nothing_good_in_a_corpus(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "bad.conll09", [row("x", "NN", "9", "dep", "_", "_")])
    run = Run.create(tmp_path / "run", resume=False)
    with pytest.raises(DocumentError):
        parse_stage(run, corpus, reading=Reading(skip_bad=True))
    assert run.manifest["stages"] == {}


def test_stages_need_the_one_before(tmp_path: Path, explained: Explained) -> None:
    run = Run.create(tmp_path / "run", resume=False)
    with pytest.raises(RunError, match="run 'linguagraph parse'"):
        graph_stage(run)
    parse_stage(run, corpus_of(tmp_path / "c.conll09", ODD))
    with pytest.raises(RunError, match="run 'linguagraph graph'"):
        mask_stage(run, explained)
    graph_stage(run)
    (run.path / "parse" / "shard-00000.jsonl").unlink()
    with pytest.raises(RunError, match=r"shard-00000\.jsonl is missing"):
        mask_stage(run, explained)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_masks_on_a_gpu_agree_with_the_cpu(tmp_path: Path, corpus: Path, model: Path) -> None:
    tables = [
        read_table(
            tabulated(tmp_path / device, corpus, load_explained(model, device=device)).path
            / "edges.parquet",
            EDGES,
        )
        for device in ("cpu", "cuda")
    ]
    cpu, gpu = tables
    np.testing.assert_allclose(cpu["score"], gpu["score"], atol=TOLERANCE)
    clear = (cpu["score"] - 0.5).abs() > TOLERANCE
    assert clear.mean() > 0.99
    assert (cpu["retained"] == gpu["retained"])[clear].all()
