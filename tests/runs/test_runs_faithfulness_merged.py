"""The stage faithfulness on graphs that reach beyond the sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from merged_tools import linked_documents
from tiny import WIDTHS

from linguagraph.columns import EDGES, FIDELITY
from linguagraph.documents import write_sentences
from linguagraph.edges.storage import read_table
from linguagraph.errors import RunError
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.probes import save_probes
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.checkpoints import load_model, save_model
from linguagraph.models.srl import SrlConfig, SrlModel
from linguagraph.models.vocabulary import SrlVocabulary
from linguagraph.runs.directory import Run
from linguagraph.runs.faithfulness import FaithfulnessOptions, faithfulness_stage
from linguagraph.runs.masking import mask_stage
from linguagraph.runs.models import load_explained
from linguagraph.runs.parsing import graph_stage, parse_stage
from linguagraph.runs.tabulating import tabulate_stage

DOCUMENTS = linked_documents(6, seed=1)


def make_merged(directory: Path) -> Path:
    """A random model over dependency and coreference edges with a random probe."""
    sentences = [sentence for document in DOCUMENTS for sentence in document.sentences]
    torch.manual_seed(3)
    config = SrlConfig(kinds=("dependency", "coreference"), **WIDTHS)
    vocabulary = SrlVocabulary.build(sentences, rare_word=1, labels=["coref:pronoun"])
    save_model(directory / "model.safetensors", SrlModel(config, vocabulary).eval(), {"name": "m"})
    model, saved = load_model(directory)
    masker = SrlGraphMask.create(model, seeds=(0,), config=ProbeConfig(hidden=8, bias=0.0))
    save_probes(directory / "probes", masker, explains=str(saved["fingerprint"]), records={})
    return directory


def test_only_edges_that_matter_are_counted(tmp_path: Path) -> None:
    model = make_merged(tmp_path / "model")
    corpus = tmp_path / "corpus.conll09"
    write_sentences([s for d in DOCUMENTS for s in d.sentences], corpus)
    run = Run.create(tmp_path / "run", resume=False)
    with run.lock():
        parse_stage(run, corpus)
        graph_stage(run)
        mask_stage(run, load_explained(model, device="cpu"), documents=DOCUMENTS)
        tabulate_stage(run, documents=DOCUMENTS)
    options = FaithfulnessOptions(model=str(model), device="cpu", draws=1)
    with pytest.raises(RunError, match="pass the documents that it was masked with"):
        faithfulness_stage(run, options)
    faithfulness_stage(run, options, documents=DOCUMENTS)
    found = read_table(run.path / "fidelity.parquet", FIDELITY)
    edges = read_table(run.path / "edges.parquet", EDGES)
    assert set(edges["kind"]) == {"dependency", "coreference"}
    size = edges.groupby("example").size()
    kept = edges.groupby("example")["retained"].sum()
    rows = found[(found["condition"] == "mask") & (found["control"] == "method")]
    rows = rows[rows["fill"] == "zeros"].set_index("graph")
    assert len(rows) == 6
    assert rows["edges"].tolist() == size.tolist()
    assert rows["kept"].tolist() == kept.tolist()
    whole = found[found["condition"] == "keep_100"]
    assert (whole["kept"] == whole["edges"]).all()
