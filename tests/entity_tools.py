"""Invented questions with mentions, entity graphs and masks, as tables of a run."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from linguagraph.columns import CHAINS, EDGES, ITEMS, MENTIONS, PATHS, ROLES, SCORES
from linguagraph.edges.storage import RunTables

MARK = re.compile(r"\[([^\]|]+)\|([^\]]+)\]")

SUPPORTS = (
    "[Halden Drift|s0] are a folk band from [Kirrin Sound|b]. [They|c0] signed to "
    "[Marrowbone Records|b] in 1994 and left it after two albums for [Tern & Gull|k1].",
    "[Marrowbone Records|b] is a label founded by [Ida Quillfeather|b] in [Port Ashby|k0]. "
    "[It|c0] was sold to [Northern Lamp Group|k2] in 2003, which moved it to [Kirrin Sound|b].",
    "[Port Ashby|k0] is a harbour town in [Greater Veldmoor|k3]. [Ida Quillfeather|b] was mayor "
    "of [the town|c0] when the ferry to [Kirrin Sound|b] was given up.",
    "[Northern Lamp Group|k2] is a publisher of music and maps in [Greater Veldmoor|k3]. [Its|c0] "
    "archive in [Port Ashby|k0] burned in 1981; [Marrowbone Records|b] lost all of its tapes.",
    "[Ida Quillfeather|b] (1931–2009) was a cellist, and a member of [Halden Drift|s0] for one "
    "summer. [She|c0] wrote the memoir [A Year on Kirrin Sound and Other Tides|b].",
    "[Kirrin Sound|b] is a strait between [Greater Veldmoor|k3] and [Lesser Veldmoor|k4]. Ferries "
    "from [Port Ashby|k0] cross [the strait|c0] twice a day.",
    "[Tern & Gull|k1] was a shop for records in [Lesser Veldmoor|k4]. [Halden Drift|s0] played "
    "[there|c1], and so did the cellist [Ida Quillfeather|b].",
    "[Greater Veldmoor|k3] has three radio stations. [Kirrin Sound|b] FM is the oldest one.",
)
"""Texts with marked mentions: s subject, b bridge, k candidate, c coreferent with the mention of
that number in the same text."""

CANDIDATES = (
    "port ashby",
    "tern & gull",
    "northern lamp group",
    "greater veldmoor",
    "lesser veldmoor",
)

PATH = ((0, 3, "DOC-BASED"), (3, 5, "MATCH"), (5, 7, "DOC-BASED"))
"""Edges that every mask keeps, one in each layer: from the subject to the first candidate."""


def mentions(example: int = 0, *, predicted: int = 0, answer: int = 0) -> pd.DataFrame:
    """The mentions of :data:`SUPPORTS`."""
    rows: list[dict[str, Any]] = []
    chains = 0
    for support, marked in enumerate(SUPPORTS):
        text = MARK.sub(r"\1", marked)
        places: list[dict[str, Any]] = []
        cut = 0
        for match in MARK.finditer(marked):
            start = match.start() - cut
            cut += len(match[0]) - len(match[1])
            end = match.end() - cut
            code = match[2]
            row: dict[str, Any] = {
                "example": example,
                "node": len(rows) + len(places),
                "support": support,
                "start": len(text[:start].split()),
                "end": len(text[:end].split()),
                "text": match[1],
                "left": text[max(0, start - 60) : start],
                "right": text[end : end + 60],
                "role": {"s": "subject", "b": "bridge", "k": "candidate", "c": "coreferent"}[
                    code[0]
                ],
                "candidate": int(code[1]) if code[0] == "k" else -1,
                "chain": -1,
                "gold_support": {0: "subject", 1: "answer"}.get(support, ""),
                "gold_bridge": match[1] == "Marrowbone Records",
            }
            if code[0] == "c":
                other = places[int(code[1])]
                other["chain"] = row["chain"] = chains
                row["candidate"] = other["candidate"]
                chains += 1
            places.append(row)
        rows += places
    for row in rows:
        row["predicted"] = row["candidate"] == predicted
        row["answer"] = row["candidate"] == answer
    return MENTIONS.check(pd.DataFrame(rows))


def relations(nodes: pd.DataFrame) -> list[tuple[int, int, str]]:
    """Source, target and relation of every edge: two for each pair and relation."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    rows = nodes.to_dict("records")
    for a, b in product(rows, rows):
        if a["node"] == b["node"]:
            continue
        names = []
        if a["text"] == b["text"] and "coreferent" not in (a["role"], b["role"]):
            names.append("MATCH")
        if a["support"] == b["support"]:
            names.append("DOC-BASED")
        if a["chain"] == b["chain"] >= 0:
            names.append("COREF")
        for name in names or ["COMPLEMENT"]:
            found.setdefault(name, []).append((a["node"], b["node"], name))
    order = ("MATCH", "DOC-BASED", "COREF", "COMPLEMENT")
    return [edge for name in order for edge in found.get(name, ())]


def edge_rows(
    nodes: pd.DataFrame, retained: int, *, example: int = 0, seeds: int = 3, doubt: float = 0.2
) -> pd.DataFrame:
    """EDGES of an item of which a majority retains ``retained`` edges, over three layers."""
    edges = relations(nodes)
    random = np.random.default_rng(example + retained)
    weight = {"MATCH": 6.0, "DOC-BASED": 3.0, "COREF": 8.0, "COMPLEMENT": 0.12}
    chance = np.array([weight[label] for _, _, label in edges])
    chance = np.stack([chance * k for k in (1.0, 0.6, 0.35)])
    inverse = {edge: number for number, edge in enumerate(edges)}
    kept = np.zeros((3, len(edges)), dtype=bool)
    for layer, edge in enumerate(PATH[:retained]):
        kept[layer, inverse[edge]] = True
    while kept.sum() < retained:
        place = int(random.choice(kept.size, p=(chance / chance.sum()).ravel()))
        layer, number = divmod(place, len(edges))
        kept[layer, number] = True
        source, target, label = edges[number]
        if random.random() < 0.6 and kept.sum() < retained:
            kept[layer, inverse[target, source, label]] = True
    rows = []
    for layer in range(3):
        for number, (source, target, label) in enumerate(edges):
            odd = random.random() < doubt
            for seed in range(seeds):
                on = kept[layer, number]
                if odd and seed == 0 and seeds > 2:
                    on = ~on
                rows.append((layer, number, source, target, label, seed, bool(on)))
    names = ["layer", "edge", "source", "target", "label", "seed", "retained"]
    frame = pd.DataFrame(rows, columns=names)
    return EDGES.check(
        frame.assign(
            corpus="invented",
            document="",
            sentence=example,
            example=example,
            predicate_index=-1,
            predicate_lemma="",
            predicate_type="graph",
            model="qa",
            method="graphmask",
            direction="",
            kind="edges",
            token_distance=0,
            score=frame["retained"].astype("float32"),
            soft_gate=np.nan,
            target_kind="elsewhere",
            target_role=None,
            target_gold_role=None,
        )
    )


def item_row(example: int, *, predicted: int = 0, answer: int | None = 0) -> dict[str, Any]:
    """One row of ITEMS."""
    known = answer is not None
    return {
        "example": example,
        "id": f"invented_{example}",
        "query": "record_label__headquarters_location halden drift",
        "relations": "record_label__headquarters_location",
        "subject": "Halden Drift",
        "answer_type": "",
        "supports": len(SUPPORTS),
        "candidates": len(CANDIDATES),
        "nodes": 40,
        "predicted": CANDIDATES[predicted],
        "answer": CANDIDATES[answer] if answer is not None else None,
        "correct": ("yes" if predicted == answer else "no") if known else "",
        "gold_subject_support": 0 if known else -1,
        "gold_answer_support": 1 if known else -1,
        "bridge": "Marrowbone Records" if known else "",
    }


def chain_rows(example: int, *, gold_path: bool, seeds: int = 3) -> list[dict[str, Any]]:
    """CHAINS of one item, the mask's own choice."""
    zeros = dict.fromkeys(("retained", "edges", "gold_retained", "gold_edges", "supports"), 0)
    return [
        {
            "method": "graphmask",
            "seed": seed,
            "example": example,
            "control": "method",
            "draw": 0,
            **zeros,
            "path": gold_path,
            "gold_path": gold_path,
            "bridge_path": False,
        }
        for seed in range(seeds)
    ]


def entity_run(
    retained: tuple[int, ...] = (24, 30, 38, 60, 150),
    *,
    wrong: tuple[int, ...] = (1,),
    gold: bool = True,
    paths: tuple[int, ...] = (2,),
    seeds: int = 3,
) -> RunTables:
    """A run on as many items, each with so many retained edges; those of ``wrong`` are wrong."""
    nodes, edges, items, chains = [], [], [], []
    for example, number in enumerate(retained):
        right = (3 if example in wrong else 0) if gold else None
        nodes.append(mentions(example, answer=-2 if right is None else right))
        doubt = 0.05 + 0.1 * example
        edges.append(edge_rows(nodes[-1], number, example=example, seeds=seeds, doubt=doubt))
        items.append(item_row(example, answer=right))
        chains += chain_rows(example, gold_path=example in paths, seeds=seeds)
    return RunTables(
        edges=EDGES.check(pd.concat(edges, ignore_index=True)),
        paths=PATHS.empty(),
        roles=ROLES.empty(),
        scores=SCORES.empty(),
        manifest={"language": False},
        items=ITEMS.check(pd.DataFrame(items)),
        mentions=MENTIONS.check(pd.concat(nodes, ignore_index=True)),
        chains=CHAINS.check(pd.DataFrame(chains)),
    )
