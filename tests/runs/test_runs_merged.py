"""Models over merged graphs through the whole line: train, probes, mask, tables, findings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from linguagraph.analyses import Params
from linguagraph.analyses.edge_kinds import run as edge_kinds
from merged_tools import linked_documents
from tiny import WIDTHS, make_model

from linguagraph.columns import EDGES
from linguagraph.documents import write_sentences
from linguagraph.documents.corefud import write_corefud
from linguagraph.documents.joining import join_documents
from linguagraph.documents.records import Document, Sentence
from linguagraph.edges.storage import RunTables, read_table
from linguagraph.errors import ConfigError, DocumentError, RunError
from linguagraph.models.contexts import GraphSource
from linguagraph.models.srl import SrlConfig
from linguagraph.runs.analysing import analyse_stage
from linguagraph.runs.directory import Run
from linguagraph.runs.masking import mask_stage
from linguagraph.runs.merged import MergedGraphs, corpus_documents
from linguagraph.runs.models import load_explained
from linguagraph.runs.parsing import graph_stage, parse_stage
from linguagraph.runs.tabulating import tabulate_stage
from linguagraph.runs.training import train_graphmask_run, train_srl_run


def sentences_of(documents: list[Document]) -> list[Sentence]:
    return [sentence for document in documents for sentence in document.sentences]


def write_corpus(folder: Path, name: str, documents: list[Document]) -> tuple[Path, Path]:
    """The sentences as CoNLL-2009 and the documents with their chains as CorefUD."""
    corpus, chains = folder / f"{name}.conll09", folder / f"{name}.conllu"
    write_sentences(sentences_of(documents), corpus)
    write_corefud(documents, chains)
    return corpus, chains


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Corpora, and a model over dependency and coreference edges with two probes."""
    home = tmp_path_factory.mktemp("merged")
    train, train_documents = write_corpus(home, "train", linked_documents(60, seed=1))
    dev, dev_documents = write_corpus(home, "dev", linked_documents(20, seed=2))
    widths = "\n".join(f"{name} = {2 * size}" for name, size in WIDTHS.items())
    (home / "srl.toml").write_text(
        "[model]\ngcn_layers = 2\nedge_dropout = 0.0\ndropout = 0.0\nword_dropout = 0.0\n"
        f"{widths}\n"
        "[training]\nepochs = 12\ntokens = 60\nlr = 0.01\naverage = 0.9\nrare_word = 1\n"
    )
    (home / "fit.toml").write_text("[fit]\nepochs_after = 0\n[probe]\nhidden = 8\n")
    documents = (train_documents, dev_documents)
    train_srl_run(
        train,
        dev,
        home / "model",
        model="srl-gnn",
        kinds=("dependency", "coreference"),
        documents=documents,
        coreference="given",
        config=home / "srl.toml",
        device="cpu",
        threads=1,
        log=lambda line: None,
    )
    train_graphmask_run(
        home / "model",
        train,
        dev,
        home / "model" / "probes",
        documents=documents,
        config=home / "fit.toml",
        seeds="2",
        device="cpu",
        threads=1,
        log=lambda line: None,
    )
    return home


def test_the_record_says_what_the_graphs_are_made_of(folder: Path) -> None:
    record = json.loads((folder / "model" / "model.json").read_text())
    assert record["config"]["kinds"] == ["dependency", "coreference"]
    assert record["config"]["links"] == "nearest"
    assert record["data"]["documents"]["coreference"] == "given"
    assert record["data"]["documents"]["train"]["name"] == "train.conllu"
    labels = record["vocabulary"]["labels"]
    assert labels.index("coref:pronoun") > labels.index("nsubj")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    """A run on dev, with the documents at hand."""
    explained = load_explained(folder / "model", device="cpu")
    run = Run.create(folder / "run", resume=False)
    documents = corpus_documents(folder / "dev.conll09", folder / "dev.conllu", coreference="given")
    with run.lock():
        parse_stage(run, folder / "dev.conll09")
        graph_stage(run)
        mask_stage(run, explained, documents=documents)
        tabulate_stage(run, documents=documents)
    return run


def test_the_edge_table_tells_kinds_and_sentences_apart(run: Run) -> None:
    edges = read_table(run.path / "edges.parquet", EDGES)
    assert set(edges["kind"]) == {"dependency", "coreference"}
    across = edges[edges["kind"] == "coreference"]
    assert set(across["source_offset"]) == {-2, 0}
    assert set(across["label"]) == {"coref:pronoun"}
    top = across[across["layer"] == 1]
    assert set(top["target_offset"]) == {0}  # nothing leads back from the other sentence
    inside = edges[(edges["source_offset"] == 0) & (edges["target_offset"] == 0)]
    assert inside.groupby(["example", "layer", "seed"]).size().eq(4).all()
    counts = edges.groupby(["example", "seed"]).size()
    scores = RunTables.read(run.path).scores
    one = scores[scores["condition"] == "original"]
    assert one["edges"].sum() == one["kept"].sum() == counts.xs(0, level="seed").sum()
    kept = edges[edges["retained"]].groupby("seed").size()
    mask = scores[scores["condition"] == "retained_100"].groupby("seed")["kept"].sum()
    assert kept.to_dict() == mask.to_dict()


def test_scores_without_a_kind(run: Run) -> None:
    scores = RunTables.read(run.path).scores
    rows = scores[scores["condition"].astype(str).str.contains("coreference|dependency")]
    assert sorted(rows["condition"].astype(str).unique()) == [
        "removed_coreference",
        "removed_dependency",
        "without_coreference",
        "without_dependency",
    ]
    assert set(rows["seed"]) == {-1, 0, 1}


def test_the_report_says_whether_the_model_uses_them(run: Run) -> None:
    params = Params(resamples=20, min_n=5)
    tables = RunTables.read(run.path, manifest=run.manifest)
    (section,) = edge_kinds(tables, params)
    assert "of coreference edges are retained" in section.finding
    assert "of dependency edges" in section.finding
    assert "Without any coreference edge" in section.finding
    assert section.summary is not None
    json.dumps(section.summary, allow_nan=False)
    made = analyse_stage(run, params=params)
    assert "report.html" in {path.name for path in run.path.iterdir()}
    assert "coref:pronoun" in made.html


def test_documents_are_taken_from_the_run_where_they_are_kept(folder: Path, run: Run) -> None:
    explained = load_explained(folder / "model", device="cpu")
    told: list[str] = []
    other = Run.create(folder / "bare", resume=False)
    with other.lock():
        parse_stage(other, folder / "dev.conll09")
        graph_stage(other)
        mask_stage(other, explained, warn=told.append)
        tabulate_stage(other)
    assert any("says nothing of documents" in line for line in told)
    edges = read_table(other.path / "edges.parquet", EDGES)
    assert set(edges["kind"]) == {"dependency"}
    tables = RunTables.read(other.path, manifest=other.manifest)
    (section,) = edge_kinds(tables, Params(resamples=20))
    assert "the model reads coreference edges, but the corpus gives it none" in section.finding


def test_models_of_dependencies_get_no_such_section(tmp_path: Path, folder: Path) -> None:
    explained = load_explained(make_model(tmp_path / "m", seeds=(0,)), device="cpu")
    assert explained.graphs is None
    run = Run.create(tmp_path / "run", resume=False)
    with run.lock():
        parse_stage(run, folder / "dev.conll09")
        graph_stage(run)
        mask_stage(run, explained)
        tabulate_stage(run)
    tables = RunTables.read(run.path, manifest=run.manifest)
    assert edge_kinds(tables, Params(resamples=20)) == ()


def test_cooccurrence_edges_through_training(tmp_path: Path) -> None:
    documents = [
        replace(d, sentences=tuple(_with_nouns(s) for s in d.sentences))
        for d in linked_documents(30, seed=4)
    ]
    train, chains = write_corpus(tmp_path, "train", documents)
    (tmp_path / "srl.toml").write_text(
        '[model]\nkinds = ["dependency", "cooccurrence"]\nhidden = 8\n'
        "[training]\nepochs = 1\nrare_word = 1\n"
    )
    train_srl_run(
        train,
        train,
        tmp_path / "model",
        model="srl-gnn",
        documents=(chains, chains),
        coreference="none",
        config=tmp_path / "srl.toml",
        device="cpu",
        threads=1,
        log=lambda line: None,
    )
    assert (tmp_path / "model" / "pairs.parquet").is_file()
    record = json.loads((tmp_path / "model" / "model.json").read_text())
    assert record["vocabulary"]["labels"][-1] == "cooccurrence"


def _with_nouns(sentence: Sentence) -> Sentence:
    return replace(sentence, tokens=tuple(replace(t, xpos="NN") for t in sentence.tokens))


def test_a_corpus_without_documents_needs_a_file_that_has_them(folder: Path) -> None:
    with pytest.raises(ConfigError, match="does not say where documents begin"):
        corpus_documents(folder / "dev.conll09", None)
    told: list[str] = []
    documents = linked_documents(20, seed=2)
    part = write_corpus(folder, "part", documents[:10])[0]
    found = corpus_documents(part, folder / "dev.conllu", coreference="given", log=told.append)
    assert [d.id for d in found] == [d.id for d in documents[:10]]
    assert told == ["30 sentences of dev.conllu are not in part.conll09: left out"]
    with pytest.raises(DocumentError, match="lacks the sentence"):
        corpus_documents(folder / "dev.conll09", folder / "part.conllu", coreference="none")


def test_chains_keep_what_is_left_of_them(tmp_path: Path) -> None:
    documents = linked_documents(3, seed=1)
    _, chains = write_corpus(tmp_path, "all", documents)
    kept = [s for s in sentences_of(documents) if s.index % 3]  # without the names
    found = list(join_documents(kept, chains, coreference="given"))
    assert [len(d.sentences) for d in found] == [2, 2, 2]
    for document in found:
        (chain,) = document.chains
        (mention,) = chain.mentions
        assert (mention.sentence, mention.head) == (1, 0)
        assert chain.links == ()
    with pytest.raises(ConfigError, match="expected one of"):
        list(join_documents(kept, chains, coreference="magic"))


def test_documents_are_read_again_where_sentences_go_back() -> None:
    documents = linked_documents(5, seed=1)
    graphs = MergedGraphs(documents, GraphSource(SrlConfig(kinds=("dependency", "coreference"))))
    sentences = sentences_of(documents)
    assert list(graphs.of(sentences[6:12])) == [8, 11]
    assert list(graphs.of(sentences[:6])) == [2, 5]
    assert [s.index for s in graphs.of(sentences[2:3])[2].sentences] == [2, 0]
    with pytest.raises(RunError, match="sentence 99 is in no document"):
        graphs.of([replace(sentences[2], index=99)])


def test_a_verdict_needs_both_ways_to_leave_a_kind_out(run: Run) -> None:
    tables = RunTables.read(run.path, manifest=run.manifest)
    params = Params(resamples=50, min_n=5)

    def finding(without: bool, removed: bool) -> str:
        scores = tables.scores.copy()
        exact = scores["condition"].isin(["original"])
        for name, lost in (("without_coreference", without), ("removed_coreference", removed)):
            rows = scores["condition"] == name
            scores.loc[rows, "correct"] = 0 if lost else scores.loc[rows, "gold"]
            exact |= rows & ~(rows & lost)
        scores.loc[exact, "correct"] = scores.loc[exact, "gold"]
        scores["predicted"] = scores["gold"]
        (section,) = edge_kinds(replace(tables, scores=scores), params)
        return section.finding

    assert finding(True, True).endswith("; the model uses coreference edges.")
    assert "nothing shows that its roles rest on coreference edges" in finding(False, False)
    assert "do not agree on whether it needs them" in finding(True, False)
    without = tables.scores[tables.scores["seed"] >= 0]
    (section,) = edge_kinds(replace(tables, scores=without.iloc[:0]), params)
    assert "Without any" not in section.finding
