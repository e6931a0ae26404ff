"""Made-up two-hop questions, and small models of them."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from torch.nn import functional as F

from linguagraph.documents.item_mentions import (
    ItemMentions,
    MentionConfig,
    find_item_mentions,
)
from linguagraph.documents.wikihop import GoldChain, WikihopItem
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.models.qa import QaConfig, QaModel
from linguagraph.models.qa_batch import collate_qa
from linguagraph.models.qa_checkpoints import load_qa_model, save_qa_model
from linguagraph.models.qa_examples import QaExample, QaVocabulary, encode_item

SYLLABLES = ("bra", "den", "fol", "gim", "har", "jun", "kel", "lor", "mip", "nas", "ost", "pul")
TOWNS = ("Arvik", "Belsund", "Corrow", "Dunmere", "Eskfell", "Farholt", "Gremby", "Hulvik")
SMALL = QaConfig(
    width=24,
    word=16,
    shape=4,
    query=8,
    hidden=32,
    context=3,
    mention=3,
    dropout=0,
    word_dropout=0,
    mention_dropout=0,
)


def made_item(seed: int, *, chains: int = 3, answered: bool = True) -> WikihopItem:
    """A question about the town of the maker of a thing, with other things, makers and towns.

    Two supports for each chain: "NAME was built by MAKER." and "MAKER lived in TOWN."
    """
    draw = random.Random(seed)

    def name() -> str:
        return "".join(draw.choice(SYLLABLES) for _ in range(3)).title()

    things, makers = [name() for _ in range(chains)], [f"{name()} {name()}" for _ in range(chains)]
    towns = draw.sample(TOWNS, chains)
    texts = [f"{t} was built by {m}." for t, m in zip(things, makers, strict=True)]
    texts += [f"{m} lived in {p}." for m, p in zip(makers, towns, strict=True)]
    order = list(range(2 * chains))
    draw.shuffle(order)
    asked = draw.randrange(chains)
    gold = (order.index(asked), order.index(chains + asked))
    return WikihopItem(
        id=f"made_{seed}",
        query=f"builder__residence {things[asked].lower()}",
        candidates=tuple(sorted(town.lower() for town in towns)),
        supports=tuple(texts[place] for place in order),
        answer=towns[asked].lower() if answered else None,
        gold=GoldChain(
            things[asked],
            makers[asked],
            ((things[asked], "builder", makers[asked]), (makers[asked], "residence", towns[asked])),
            gold,
        ),
        answer_type="PLACE",
    )


def made_items(count: int, *, first: int = 0, chains: int = 3) -> list[ItemMentions]:
    """Several of them, with their mentions."""
    return [find_item_mentions(made_item(first + i, chains=chains)) for i in range(count)]


def encoded(items: list[ItemMentions], config: QaConfig = SMALL) -> list[QaExample]:
    """Examples with the vocabulary of these very items, words that occur once included."""
    vocabulary = made_vocabulary(config)
    return [encode_item(i, vocabulary, config.window, relations=config.relations) for i in items]


@cache
def made_vocabulary(config: QaConfig = SMALL) -> QaVocabulary:
    """Words that occur at least ten times in fifty questions: no names but those of towns."""
    return QaVocabulary.build(made_items(50), config.window, rare=10)


def new_model(config: QaConfig = SMALL, *, seed: int = 0) -> QaModel:
    """A model with random weights, in evaluation mode."""
    torch.manual_seed(seed)
    return QaModel(config, made_vocabulary(config)).eval()


@cache
def trained_model(config: QaConfig = SMALL) -> QaModel:
    """A model that answers made-up questions (almost) always right."""
    return _trained(new_model(config), encoded(made_items(400), config), passes=14)


ONE_HOP = replace(SMALL, layers=1, relations=("DOC-BASED",))


def one_hop_examples(numbers: range) -> list[QaExample]:
    """Where does a thing stand? Its town is in its support; so is a name that is of no use."""
    items = [find_item_mentions(_one_hop(number)) for number in numbers]
    return encoded(items, ONE_HOP)


@cache
def one_hop_model() -> QaModel:
    """A model of one layer that answers these."""
    return _trained(new_model(ONE_HOP), one_hop_examples(range(400)), passes=6)


def _one_hop(seed: int) -> WikihopItem:
    draw = random.Random(seed)
    things = ["".join(draw.choice(SYLLABLES) for _ in range(3)).title() for _ in range(3)]
    towns = draw.sample(TOWNS, 3)
    guide = "".join(draw.choice(SYLLABLES) for _ in range(4)).title()
    texts = [f"{t} stands in {p}, says {guide}." for t, p in zip(things, towns, strict=True)]
    asked = draw.randrange(3)
    return WikihopItem(
        id=f"one_hop_{seed}",
        query=f"place {things[asked].lower()}",
        candidates=tuple(sorted(town.lower() for town in towns)),
        supports=tuple(texts),
        answer=towns[asked].lower(),
    )


def _trained(model: QaModel, examples: list[QaExample], *, passes: int) -> QaModel:
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(passes):
        for part in torch.randperm(len(examples), generator=generator).split(20):
            batch = collate_qa([examples[i] for i in part.tolist()])
            loss = F.cross_entropy(model(batch, form="matrices").logits, batch.answer)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.zero_grad(set_to_none=True)
    return model.eval()


def write_questions(path: Path, numbers: range, **changes: object) -> Path:
    """Made-up questions as a WikiHop file with the gold fields; ``changes`` replace fields."""
    rows = []
    for number in numbers:
        item = made_item(number)
        gold = item.gold
        assert gold is not None
        rows.append(
            {
                "id": item.id,
                "query": item.query,
                "candidates": list(item.candidates),
                "supports": list(item.supports),
                "answer": item.answer,
                "answer_type": item.answer_type,
                "subject": gold.subject,
                "bridge": gold.bridge,
                "chain": [list(triple) for triple in gold.triples],
                "gold_supports": list(gold.supports),
                **changes,
            }
        )
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def saved_model(home: Path) -> Path:
    """The trained model with two probes, as a directory that commands take."""
    record = {"name": home.name, "training": {"cells": 2000}, "data": {"coreference": "none"}}
    save_qa_model(home / "model.safetensors", trained_model(), MentionConfig(), record)
    network = load_qa_model(home)[0]
    config = AmortisedConfig(
        epochs_after=3,
        steps=20,
        lr=5e-3,
        checks=1,
        constraint=LagrangianConfig(initial=3.0),
        probe=ProbeConfig(hidden=8),
    )
    mask = GraphMask(QaExplainable(network), seeds=2, config=config, erasure="adjacency")
    data = encoded(made_items(100))
    mask.fit([data[i : i + 20] for i in range(0, 100, 20)], dev=[encoded(made_items(40))])
    mask.save(home / "probes", half=True)
    return home
