"""Questions and their masks -> rows of the tables of a run on questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from linguagraph.columns import ATTRIBUTIONS, CHAINS, ITEMS, MENTIONS
from linguagraph.documents.item_mentions import ItemMentions, short_key
from linguagraph.documents.words import split_words, word_keys
from linguagraph.edges.gold_chains import GoldNodes, chain_rows
from linguagraph.edges.graphs import Scored
from linguagraph.graphs.entity import RELATIONS
from linguagraph.masks.explainable import EdgeMask, Explainable, GraphBatch, Pass
from linguagraph.models.qa_examples import QaExample
from linguagraph.runs.any_inputs import answers

__all__ = [
    "LEVELS",
    "attribution_rows",
    "gold_rows",
    "item_rows",
    "mention_rows",
    "removal_scores",
]

LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Attribution levels (figure 9 of the paper)."""

AROUND = 60
"""Characters of context on each side of a mention."""


def item_rows(
    examples: Sequence[QaExample], numbers: Sequence[int], predicted: Sequence[int]
) -> pd.DataFrame:
    """Rows of :data:`linguagraph.columns.ITEMS`.

    Args:
        examples: the items; numbers: of each in the run.
        predicted: candidate of the unmasked model.
    """
    rows = []
    for example, number, choice in zip(examples, numbers, predicted, strict=True):
        item, gold = example.item.item, example.item.item.gold
        right = "" if item.answer is None else ("yes" if choice == example.answer else "no")
        rows.append(
            {
                "example": number,
                "id": item.id,
                "query": item.query,
                "relations": "__".join(item.relations),
                "subject": item.subject,
                "answer_type": item.answer_type,
                "supports": len(item.supports),
                "candidates": len(item.candidates),
                "nodes": example.num_nodes,
                "predicted": item.candidates[choice],
                "answer": item.answer,
                "correct": right,
                "gold_subject_support": _support(() if gold is None else gold.supports, 0),
                "gold_answer_support": _support(() if gold is None else gold.supports, 1),
                "bridge": "" if gold is None else gold.bridge,
            }
        )
    return ITEMS.check(pd.DataFrame(rows)) if rows else ITEMS.empty()


def _support(supports: Sequence[int], place: int) -> int:
    return supports[place] if len(supports) > place else -1


def mention_rows(
    examples: Sequence[QaExample], numbers: Sequence[int], predicted: Sequence[int]
) -> pd.DataFrame:
    """Rows of :data:`linguagraph.columns.MENTIONS`, with the words around each mention."""
    rows = []
    for example, number, choice in zip(examples, numbers, predicted, strict=True):
        found, nodes = example.item, gold_nodes(example)
        for node, mention in enumerate(found.mentions):
            text = found.item.supports[mention.support]
            start, end = found.span(mention)
            where = ""
            if nodes is not None and nodes.inside[node]:
                where = "subject" if nodes.first[node] else "answer"
            rows.append(
                {
                    "example": number,
                    "node": node,
                    "support": mention.support,
                    "start": mention.start,
                    "end": mention.end,
                    "text": text[start:end],
                    "left": text[max(0, start - AROUND) : start],
                    "right": text[end : end + AROUND],
                    "role": mention.role,
                    "candidate": mention.candidate,
                    "chain": mention.chain,
                    "predicted": mention.candidate == choice,
                    "answer": mention.candidate == example.answer >= 0,
                    "gold_support": where,
                    "gold_bridge": nodes is not None and bool(nodes.bridge[node]),
                }
            )
    return MENTIONS.check(pd.DataFrame(rows)) if rows else MENTIONS.empty()


def gold_nodes(example: QaExample) -> GoldNodes | None:
    """Which nodes belong to the gold reasoning; ``None`` where it is not known."""
    found = example.item
    gold, mentions = found.item.gold, found.mentions
    if gold is None or len(gold.supports) < 2:
        return None
    first, second = gold.supports[:2]
    support = np.array([m.support for m in mentions])
    return GoldNodes(
        subject=np.array([m.role == "subject" for m in mentions], dtype=np.bool_),
        answer=np.array([m.candidate == example.answer >= 0 for m in mentions], dtype=np.bool_),
        bridge=_named(found, gold.bridge),
        first=support == first,
        second=support == second,
    )


def _named(found: ItemMentions, name: str) -> NDArray[np.bool_]:
    """Mentions with this name, and those that corefer with one of them."""
    key = " ".join(k for k in word_keys(name, split_words(name)) if k)
    short = short_key(key)
    mentions = found.mentions
    own = [m.role != "coreferent" and (m.key == key or m.short == short) for m in mentions]
    chains = {m.chain for m, is_own in zip(mentions, own, strict=True) if is_own} - {-1}
    also = [m.role == "coreferent" and m.chain in chains for m in mentions]
    return np.array(own, dtype=np.bool_) | np.array(also, dtype=np.bool_)


def gold_rows(
    examples: Sequence[QaExample],
    numbers: Sequence[int],
    mask: EdgeMask,
    *,
    method: str,
    draws: int,
    random: np.random.Generator,
) -> pd.DataFrame:
    """Rows of :data:`linguagraph.columns.CHAINS` for one method and seed.

    Args:
        examples: the items of a batch, in its order; numbers: of each in the run.
        mask: of the batch.
        method: its name; draws: of each control; random: their source.
    """
    rows: list[dict[str, object]] = []
    retained = (mask.retained & mask.present).cpu().numpy()
    start = 0
    for example, number in zip(examples, numbers, strict=True):
        part = slice(start, start + example.graph.num_edges)
        start = part.stop
        gold = gold_nodes(example)
        if gold is None:
            continue
        source, target = example.graph.edge_index
        labels = example.relation.numpy()
        known = {"method": method, "seed": mask.seed, "example": number}
        found = chain_rows(
            retained[:, part], source, target, labels, gold, draws=draws, random=random
        )
        rows += [{**known, **row} for row in found]
    return CHAINS.check(pd.DataFrame(rows)) if rows else CHAINS.empty()


def attribution_rows(
    batch: GraphBatch, numbers: Sequence[int], mask: EdgeMask, *, method: str
) -> pd.DataFrame:
    """Rows of :data:`linguagraph.columns.ATTRIBUTIONS` for one method and seed."""
    scores = torch.where(mask.present, mask.scores, 0.0).double()
    edges = batch.per_graph(mask.present.double(), batch.edge_graph).cpu().numpy()
    totals = batch.per_graph(scores, batch.edge_graph).cpu().numpy()
    layers, graphs = totals.shape
    frames = []
    for level in LEVELS:
        above = batch.per_graph((scores > level).double(), batch.edge_graph).cpu().numpy()
        frames.append(
            pd.DataFrame(
                {
                    "method": method,
                    "seed": mask.seed,
                    "example": np.tile(np.asarray(numbers), layers),
                    "layer": np.repeat(np.arange(layers), graphs),
                    "level": level,
                    "above": above.reshape(-1).astype(np.int64),
                    "edges": edges.reshape(-1).astype(np.int64),
                    "total": totals.reshape(-1),
                }
            )
        )
    return ATTRIBUTIONS.check(pd.concat(frames, ignore_index=True))


def removal_scores(
    model: Explainable, batch: GraphBatch, trace: Pass, relation: Tensor, right: Tensor | None
) -> Iterator[Scored]:
    """Answers without each relation, and without each layer's edges; zeros in their place.

    Conditions ``removed_MATCH`` ... and ``removed_layer_0`` ... (table 6 of the paper). Call inside
    :func:`linguagraph.masks.frozen.frozen`.

    Args:
        model, batch, trace: the unmasked pass.
        relation: int64 [E]; right: right answers, see
            :func:`linguagraph.runs.any_inputs.right_answers`.
    """
    ones = torch.ones_like(trace.present, dtype=trace.output.dtype)
    present = bool(batch.num_edges)
    every = batch.per_graph(trace.present.long().sum(0), batch.edge_graph)
    units = batch.per_graph(trace.asked.long(), batch.unit_graph)
    parts = [(f"removed_{name}", relation == code) for code, name in enumerate(RELATIONS)]
    conditions = [(name, gone.expand_as(ones)) for name, gone in parts]
    for layer in range(len(ones)):
        gone = torch.zeros_like(trace.present)
        gone[layer] = True
        conditions.append((f"removed_layer_{layer}", gone))
    for name, gone in conditions:
        gates = ones.masked_fill(gone, 0.0)
        with torch.no_grad():
            masked = model.run(batch, gates, trace=trace) if present else trace.output
        correct = answers(model.output, trace.output, masked, right)
        kept = batch.per_graph((~gone & trace.present).long().sum(0), batch.edge_graph)
        yield Scored(
            name,
            -1,
            batch.per_graph((correct & trace.asked).long(), batch.unit_graph).cpu().numpy(),
            units.cpu().numpy(),
            kept.cpu().numpy(),
            every.cpu().numpy(),
        )
