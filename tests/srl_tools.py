"""Hand-made and randomly planted SRL sentences, and small models over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from linguagraph.documents.records import Frame, Role, Sentence, Token

if TYPE_CHECKING:
    from linguagraph.models.batch import SrlBatch, SrlExample
    from linguagraph.models.srl import SrlConfig, SrlModel

__all__ = [
    "batch_of",
    "build_sentence",
    "planted_edges",
    "planted_sentences",
    "small_config",
    "small_model",
    "train_planted",
]

WORDS = ("ba", "de", "Gi", "ko", "MU", "na", "po7", "ru")
LABELS = ("nsubj", "obj", "obl", "advmod")


def build_sentence(
    rows: Sequence[tuple[str, str, int, str | None]],
    frames: Iterable[tuple[int, dict[int, str]]] = (),
    *,
    index: int = 0,
) -> Sentence:
    """Rows (form, tag, head, label), heads from 0 and -1 for roots; frames (predicate, roles)."""
    tokens = tuple(
        Token(i, form, lemma=form.lower(), xpos=tag, head=head, deprel=label)
        for i, (form, tag, head, label) in enumerate(rows)
    )
    made = tuple(
        Frame(p, f"{tokens[p].lemma}.01", tuple(Role(t, r) for t, r in sorted(roles.items())))
        for p, roles in frames
    )
    return Sentence(tokens, made, index=index)


def planted_sentences(count: int, *, seed: int) -> list[Sentence]:
    """Random words, trees and labels; A0 is whatever hangs on the predicate as nsubj."""
    random = np.random.default_rng(seed)
    return [_planted(random, index) for index in range(count)]


def _planted(random: np.random.Generator, index: int) -> Sentence:
    size = int(random.integers(4, 9))
    order = random.permutation(size)
    heads, labels = [-1] * size, ["root"] * size
    for place in range(1, size):
        heads[order[place]] = int(order[random.integers(0, place)])
        labels[order[place]] = str(random.choice(LABELS, p=(0.4, 0.2, 0.2, 0.2)))
    predicate = int(order[random.integers(0, 2)])
    roles = {t: "A0" for t in range(size) if heads[t] == predicate and labels[t] == "nsubj"}
    rows = [(str(random.choice(WORDS)), "X", heads[t], labels[t]) for t in range(size)]
    rows[predicate] = (rows[predicate][0], "VB", heads[predicate], labels[predicate])
    return build_sentence(rows, [(predicate, roles)], index=index)


def planted_edges(example: SrlExample) -> list[bool]:
    """For each edge of an example, whether the rule needs it: predicate to its nsubj."""
    graph = example.graph
    return [
        source == example.frame.predicate and label == "nsubj" and direction == "->"
        for source, label, direction in zip(
            graph.edge_index[0], graph.labels, graph.directions, strict=True
        )
    ]


def small_config(name: str = "srl-gnn", *, hidden: int = 12, **changes: float) -> SrlConfig:
    """A named configuration with narrow layers and no dropout."""
    from linguagraph.models.srl import SRL_MODELS

    narrow = replace(
        SRL_MODELS[name],
        hidden=hidden,
        lstm_hidden=7,
        word=6,
        lemma=5,
        tag=4,
        suffix=4,
        shape=3,
        predicate=5,
        mark=4,
        dropout=0.0,
        word_dropout=0.0,
    )
    return replace(narrow, **changes)  # type: ignore[arg-type]


def small_model(
    sentences: Sequence[Sentence], config: SrlConfig | None = None, *, seed: int = 0
) -> SrlModel:
    """An untrained model in evaluation mode, with random biases so that nothing is zero."""
    import torch

    from linguagraph.models.srl import SrlModel
    from linguagraph.models.vocabulary import SrlVocabulary

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vocabulary = SrlVocabulary.build(sentences, rare_word=1, rare_role=1)
        model = SrlModel(config or small_config(), vocabulary)
        for name, values in model.layers.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.normal_(values, std=0.5)
    return model.eval()


def batch_of(model: SrlModel, sentences: Sequence[Sentence]) -> SrlBatch:
    """All examples of some sentences as one batch."""
    from linguagraph.models.batch import collate, encode_examples

    examples = list(encode_examples(sentences, model.vocabulary))
    return collate(examples, num_labels=len(model.vocabulary.labels))


def train_planted(sentences: Sequence[Sentence], *, epochs: int = 40) -> SrlModel:
    """A one-layer model trained on planted sentences well beyond the first perfect epoch."""
    import torch
    from torch.nn import functional as F

    from linguagraph.models.batch import bucket, collate, encode_examples

    model = small_model(sentences, small_config(hidden=32, gcn_layers=1)).train()
    examples = list(encode_examples(sentences, model.vocabulary))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    with torch.random.fork_rng(devices=[]):  # edges are dropped at random
        torch.manual_seed(1)
        for epoch in range(epochs):
            for run in bucket([len(e) for e in examples], tokens=150, seed=epoch):
                batch = collate([examples[i] for i in run], num_labels=len(model.vocabulary.labels))
                loss = F.cross_entropy(model(batch).logits, batch.roles)
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
    model.zero_grad(set_to_none=True)
    return model.eval()
