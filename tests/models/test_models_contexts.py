"""Models over merged graphs: what reaches a sentence is enough, and it is used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from merged_tools import linked_documents, planted_documents
from srl_tools import planted_sentences, small_config

from linguagraph.documents.records import Document, Frame, Role, Sentence
from linguagraph.errors import CheckpointError, ConfigError
from linguagraph.graphs.context import ContextGraph, Surroundings
from linguagraph.graphs.merging import document_graph
from linguagraph.models import (
    SrlConfig,
    SrlModel,
    SrlTrainConfig,
    SrlVocabulary,
    collate,
    encode_examples,
    evaluate,
    load_model,
    train_srl,
)
from linguagraph.models.contexts import (
    GraphSource,
    pairs_table,
    read_pairs,
    score_pairs,
    write_pairs,
)

KINDS = ("dependency", "coreference")
DOCUMENTS = planted_documents(6, seed=2)
CONFIGS = {
    "srl-gnn": small_config("srl-gnn", kinds=KINDS),
    "srl-lstm-gnn": small_config("srl-lstm-gnn", kinds=KINDS),
    "three layers": small_config("srl-gnn", kinds=KINDS, gcn_layers=3),
    "LSTM, two layers": small_config("srl-lstm-gnn", kinds=KINDS, gcn_layers=2),
}


def sentences_of(documents: list[Document]) -> list[Sentence]:
    return [sentence for document in documents for sentence in document.sentences]


def build(config: SrlConfig) -> SrlModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        labels = ("coref:nominal", "coref:proper", "coref:pronoun")
        vocabulary = SrlVocabulary.build(
            sentences_of(DOCUMENTS), rare_word=1, rare_role=1, labels=labels
        )
        model = SrlModel(config, vocabulary)
        for layer in model.layers:
            torch.nn.init.normal_(layer.bias, std=0.5)
            torch.nn.init.normal_(layer.gate_bias, std=0.5)
    return model.eval()


@pytest.fixture(params=list(CONFIGS))
def model(request: pytest.FixtureRequest) -> SrlModel:
    return build(CONFIGS[request.param])


def logits(model: SrlModel, documents: list[Document], graphs: dict[int, ContextGraph]):
    examples = list(encode_examples(sentences_of(documents), model.vocabulary, graphs=graphs))
    batch = collate(examples, num_labels=len(model.vocabulary.labels))
    with torch.inference_mode():
        return model(batch).logits, batch


def everything(model: SrlModel) -> dict[int, ContextGraph]:
    """Graphs that hold all that is joined to a sentence by any path, with all tokens."""
    found = {}
    for document in DOCUMENTS:
        graph = document_graph(document, kinds=KINDS)
        around = Surroundings(document, graph, layers=99, most=99, whole=True)
        for position, sentence in enumerate(document.sentences):
            found[sentence.index] = around(position)
    return found


def test_what_can_reach_a_sentence_gives_the_logits_of_the_whole_document(model: SrlModel) -> None:
    part, batch = logits(model, DOCUMENTS, GraphSource(model.config).graphs(DOCUMENTS))
    whole, larger = logits(model, DOCUMENTS, everything(model))
    assert batch.has_context
    assert batch.num_edges < larger.num_edges
    torch.testing.assert_close(part, whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_same_against_documents_run_as_one_sentence(layers: int) -> None:
    model = build(small_config("srl-gnn", kinds=KINDS, gcn_layers=layers))
    part, _ = logits(model, DOCUMENTS, GraphSource(model.config).graphs(DOCUMENTS))
    start = 0
    for document in DOCUMENTS:
        offset = 0
        graph = document_graph(document, kinds=KINDS)
        for sentence in document.sentences:
            joined = _as_one(document, sentence, offset)
            examples = list(encode_examples([joined], model.vocabulary, graphs={0: graph}))
            batch = collate(examples, num_labels=len(model.vocabulary.labels))
            with torch.inference_mode():
                whole = model(batch).logits[offset : offset + len(sentence)]
            torch.testing.assert_close(
                part[start : start + len(sentence)], whole, atol=1e-5, rtol=1e-5
            )
            offset, start = offset + len(sentence), start + len(sentence)
    assert start == part.shape[0]


def _as_one(document: Document, sentence: Sentence, offset: int) -> Sentence:
    tokens = [token for part in document.sentences for token in part.tokens]
    numbered = (replace(t, index=i, head=-1) for i, t in enumerate(tokens))
    frames = tuple(
        Frame(
            f.predicate + offset, f.sense, tuple(Role(r.token + offset, r.label) for r in f.roles)
        )
        for f in sentence.frames
    )
    return Sentence(tuple(numbered), frames)


def test_without_coreference_it_is_not_the_same(model: SrlModel) -> None:
    part, _ = logits(model, DOCUMENTS, GraphSource(model.config).graphs(DOCUMENTS))
    bare = [replace(document, chains=()) for document in DOCUMENTS]
    other, batch = logits(model, bare, GraphSource(model.config).graphs(bare))
    assert not batch.has_context
    assert (part - other).abs().max() > 1e-3


def test_merged_graphs_without_other_edges_are_the_dependency_graphs(model: SrlModel) -> None:
    bare = [replace(document, chains=()) for document in DOCUMENTS]
    merged, batch = logits(model, bare, GraphSource(model.config).graphs(bare))
    examples = list(encode_examples(sentences_of(bare), model.vocabulary))
    plain = collate(examples, num_labels=len(model.vocabulary.labels))
    for name in plain.tensors():
        assert torch.equal(getattr(batch, name), getattr(plain, name)), name
    with torch.inference_mode():
        assert torch.equal(model(plain).logits, merged)


def test_the_parts_of_a_batch_with_context() -> None:
    model = build(CONFIGS["srl-lstm-gnn"])
    graphs = GraphSource(model.config).graphs(DOCUMENTS[:1])
    examples = list(encode_examples(DOCUMENTS[0].sentences, model.vocabulary, graphs=graphs))
    batch = collate(examples, num_labels=len(model.vocabulary.labels))
    sizes = [len(s) for s in DOCUMENTS[0].sentences]
    assert batch.lengths.tolist() == sizes
    assert batch.roles.shape == batch.unit.shape == batch.unit_example.shape == (sum(sizes),)
    assert batch.example[batch.unit].tolist() == batch.unit_example.tolist()
    start = 0
    for example, context in zip(examples, graphs.values(), strict=True):
        nodes = slice(start, start + example.num_nodes)
        rows = batch.row[nodes] - batch.row[start]
        assert rows.tolist() == context.place.tolist()
        assert batch.position[nodes].tolist() == context.token.tolist()
        spans = batch.spans[batch.row[start] :][: len(context.sentences)]
        assert spans.tolist() == [len(s) for s in context.sentences]
        start += example.num_nodes
    assert start == batch.num_nodes
    assert set(batch.kind.tolist()) == {0, 1}
    assert batch.effective(0, 1).all()
    assert batch.edge_example().tolist() == batch.example[batch.source].tolist()
    assert all(torch.equal(getattr(batch.to("cpu"), n), getattr(batch, n)) for n in ("hops", "row"))


def test_gates_of_one_leave_the_model_exactly_as_it_is(model: SrlModel) -> None:
    plain, batch = logits(model, DOCUMENTS, GraphSource(model.config).graphs(DOCUMENTS))
    layers = len(model.layers)
    ones = [torch.ones(batch.num_edges) for _ in range(layers)]
    fills = [torch.randn(size) for size in model.message_sizes]
    effective = [batch.effective(k, layers) for k in range(layers)]
    with torch.inference_mode():
        assert torch.equal(model(batch, gates=ones, baselines=fills).logits, plain)
        # edges that cannot matter in a layer do not
        closed = [e.float() for e in effective if e is not None]
        found = model(batch, gates=closed, baselines=fills).logits
        torch.testing.assert_close(found, plain, atol=1e-6, rtol=1e-6)
        gates = [g.unsqueeze(0) for g in closed]
        found = model.masked_logits(
            model(batch), batch, gates=gates, baselines=[f.unsqueeze(0) for f in fills]
        )
        torch.testing.assert_close(found[0], plain, atol=1e-5, rtol=1e-5)
        # every one that can does, up to ReLU and the like
        lost = [(g.clone(), e) for g, e in zip(ones, effective, strict=True)]
        for gate, can in lost:
            gate[can] = 0
        other = model(batch, gates=[gate for gate, _ in lost], baselines=fills).logits
    assert (other - plain).abs().max() > 1e-3


def test_old_configurations_and_checkpoints_stay_as_they_are() -> None:
    assert "kinds" not in SrlConfig().to_json()
    assert SrlConfig().merged is False
    merged = SrlConfig(kinds=["dependency", "coreference"])  # type: ignore[arg-type]
    assert merged.to_json()["kinds"] == KINDS
    assert SrlConfig(**merged.to_json()) == merged
    for kinds in ((), ("coreference",), ("dependency", "entity"), ("dependency", "dependency")):
        with pytest.raises(ConfigError, match="expected dependency and any of"):
            SrlConfig(kinds=kinds)
    with pytest.raises(ConfigError, match="context=-1"):
        SrlConfig(context=-1)


def test_labels_of_other_kinds_follow_those_of_dependencies() -> None:
    sentences = planted_sentences(5, seed=1)
    plain = SrlVocabulary.build(sentences)
    labels = ("coref:proper", "coref:nominal", "coref:proper", plain.labels.items[1])
    merged = SrlVocabulary.build(sentences, labels=labels)
    assert merged.labels.items == (*plain.labels.items, "coref:proper", "coref:nominal")


def test_edges_of_an_unknown_kind_are_refused() -> None:
    model = build(CONFIGS["srl-gnn"])
    sentence = DOCUMENTS[0].sentences[0]
    graph = document_graph(DOCUMENTS[0], kinds=("dependency",))
    with pytest.raises(ConfigError, match=r"edge kinds \['entity'\]"):
        list(
            encode_examples(
                [replace(sentence, index=0)],
                model.vocabulary,
                graphs={0: replace(graph, kind="entity")},
            )
        )


def test_a_model_learns_what_only_coreference_tells(tmp_path: Path) -> None:
    train, dev = linked_documents(120, seed=1), linked_documents(40, seed=2)
    scores = {}
    for kinds in (KINDS, ("dependency",)):
        config = small_config(hidden=48, gcn_layers=1, kinds=kinds, word=16, edge_dropout=0.0)
        graphs = None
        if config.merged:
            graphs = GraphSource(config).graphs(train), GraphSource(config).graphs(dev)
        out = tmp_path / str(len(kinds))
        train_srl(
            sentences_of(train),
            sentences_of(dev),
            out,
            model=config,
            config=SrlTrainConfig(
                epochs=12, tokens=40, lr=0.005, average=0.9, patience=12, rare_word=1
            ),
            graphs=graphs,
            log=lambda line: None,
        )
        model, record = load_model(out)
        scores[kinds] = record["scores"]["all"]["f1"]
    assert scores[KINDS] > 0.85
    assert scores[("dependency",)] < 0.75  # which of four roles it is is a matter of chance
    model, record = load_model(tmp_path / "2")
    assert model.config.kinds == KINDS
    assert "coref:pronoun" in model.vocabulary.labels.index
    fresh = linked_documents(40, seed=3)
    graphs = GraphSource(model.config).graphs(fresh)
    examples = list(encode_examples(sentences_of(fresh), model.vocabulary, graphs=graphs))
    assert evaluate(model, examples)["all"].f1 > 0.85


def test_graphs_are_given_where_they_are_needed_and_only_there(tmp_path: Path) -> None:
    sentences = planted_sentences(3, seed=1)
    for config, graphs in ((CONFIGS["srl-gnn"], None), (small_config(), ({}, {}))):
        with pytest.raises(ConfigError, match="the model has edges of the kinds dependency"):
            train_srl(
                sentences,
                sentences,
                tmp_path,
                model=config,
                config=SrlTrainConfig(epochs=1),
                graphs=graphs,
            )


def test_cooccurrence_scores_travel_with_a_model(tmp_path: Path) -> None:
    config = small_config(kinds=("dependency", "cooccurrence"))
    linked = [
        replace(d, sentences=tuple(_nouns(s) for s in d.sentences))
        for d in planted_documents(3, seed=5)
    ]
    table = score_pairs(linked, min_count=1)
    assert len(table)
    assert (table["score"] > 0).all()
    write_pairs(table, tmp_path / "pairs.parquet")
    scores = read_pairs(tmp_path / "pairs.parquet")
    back = pairs_table(scores)
    assert len(back) == len(table)
    assert np.isclose(back["score"].sum(), table["score"].sum())
    graphs = GraphSource(config, scores).graphs(linked)
    kinds = {kind for found in graphs.values() for kind in found.graph.edge_kinds}
    assert kinds == {"dependency", "cooccurrence"}
    with pytest.raises(CheckpointError, match="a model with co-occurrence edges needs it"):
        read_pairs(tmp_path / "none.parquet")


def _nouns(sentence: Sentence) -> Sentence:
    return replace(sentence, tokens=tuple(replace(t, xpos="NN") for t in sentence.tokens))
