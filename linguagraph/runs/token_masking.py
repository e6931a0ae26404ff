"""Stage mask where tokens are masked: shards of sentences -> masks over tokens, and scores."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch

from linguagraph.columns import LEARNING, SCORES
from linguagraph.documents.records import Document
from linguagraph.edges.storage import write_table
from linguagraph.errors import MaskError
from linguagraph.graphs.context import ContextGraph
from linguagraph.graphs.textgraph import TextGraph
from linguagraph.masks.token_masker import TokenMasker, score_tokens
from linguagraph.models.batch import SrlExample, encode_examples
from linguagraph.models.checkpoints import save_tensors
from linguagraph.models.scoring import predict_roles
from linguagraph.runs.described import described
from linguagraph.runs.directory import Run, Stage
from linguagraph.runs.masking import (
    NO_PREDICATES,
    NO_ROLES,
    TOKENS,
    ranges_of,
    read_masks,
)
from linguagraph.runs.merged import MergedGraphs, keep_graphs
from linguagraph.runs.parsing import read_graphs
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.stored import Drawn
from linguagraph.runs.tally import Tally, spend
from linguagraph.runs.token_methods import TokenExplained, fit_tokens

__all__ = ["UNITS", "mask_tokens_stage"]

UNITS = "tokens"
"""What the manifest's ``units`` and the stage's info say of such a run."""


def mask_tokens_stage(
    run: Run,
    explained: TokenExplained,
    *,
    documents: Iterable[Document] | None = None,
    tokens: int = TOKENS,
    seed: int = 0,
    most: int | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Stage:
    """Mask every token of every example in every layer, and score the model under the masks.

    Gates that are not trained are fitted first. Arguments, and what is resumed, are as for
    :func:`linguagraph.runs.masking.mask_stage`.

    Raises:
        RunError: earlier stages are not finished.
        MaskError: no predicate in the corpus.
    """
    parsed, graphed = run.finished("parse"), run.finished("graph")
    total = int(parsed.info.get("predicates") or 0)
    if not total:
        raise MaskError(NO_PREDICATES)
    share = 1.0 if most is None else min(1.0, most / total)
    key: dict[str, Any] = {
        "graph": graphed.record["key"],
        "model": {"model": str(explained.record["fingerprint"])},
        "tokens": tokens,
        "seed": seed,
        "method": explained.rival,
    }
    if explained.fitting is not None:
        key["fitting"] = explained.fitting.to_json()
    if share < 1:
        key["share"] = share
    if explained.graphs is not None:
        key["graphs"] = explained.graphs.config.to_json()
    with run.stage("mask", key) as stage:
        if stage.done:
            return stage
        run.update(**(facts or {}))
        merged = keep_graphs(stage, explained.graphs, documents, parsed, warn)
        drawn = Drawn(parsed.folder, share=share, seed=seed)
        masking = _TokenMasking(explained, drawn, graphed, stage, tokens, seed, merged, parsed)
        count = parsed.info["shards"]
        own = (masking.examples(number) for number in range(count))
        began = time.perf_counter()
        fitted = fit_tokens(explained, own, stage.folder / "gates", seed=seed, progress=progress)
        fit_seconds = None if fitted is None else round(time.perf_counter() - began, 3)
        masker = explained.masker
        task = progress("masking tokens", total)
        for number in range(count):
            masking.shard(number, masker, task)
        task.close()
        stage.info.update(
            units=UNITS,
            seeds=list(masker.seeds),
            states=list(masker.states),
            roles=list(masker.model.vocabulary.roles.items),
            model=explained.name,
            method=masker.method,
            share=share,
            draw_seed=seed,
            dropped={"predicates that were not drawn": total - masking.examined}
            if share < 1
            else {},
        )
        (run.path / f"{LEARNING.name}.parquet").unlink(missing_ok=True)  # of masks made before
        said = described(
            explained,
            seeds=masker.seeds,
            fitted=fitted,
            control_seed=seed,
            unknown=Counter(),
            own=masking.own,
        )
        cost = {**stage.info.get("cost", {}), "fit_seconds": fit_seconds}
        cost["seeds"] = len(masker.seeds)
        run.update(units=UNITS, states=list(masker.states), cost=cost, **said)
        if not masking.predicted:
            warn(NO_ROLES.format(explained.name))
    return stage


class _TokenMasking:
    """One pass over the shards; holds what all of them share."""

    def __init__(
        self,
        explained: TokenExplained,
        sentences: Drawn,
        graphs: Stage,
        stage: Stage,
        tokens: int,
        seed: int,
        merged: MergedGraphs | None,
        parsed: Stage,
    ) -> None:
        self.name, self.vocabulary = explained.name, explained.model.vocabulary
        self.sentences, self.graphs, self.stage = sentences, graphs, stage
        self.tokens, self.seed, self.merged = tokens, seed, merged
        self.own = not parsed.info.get("roles")
        self.examined = self.predicted = 0

    def examples(self, number: int) -> list[SrlExample]:
        """Examples of a shard, in order."""
        sentences = self.sentences.shard(number)
        graphs: Mapping[int, TextGraph] | Mapping[int, ContextGraph]
        if self.merged is None:
            graphs = read_graphs(self.graphs, number)
        else:
            graphs = self.merged.of(sentences)
        return list(encode_examples(sentences, self.vocabulary, graphs=graphs))

    def shard(self, number: int, masker: TokenMasker, advance: Callable[[int], None]) -> None:
        """Mask and score one shard, unless that is done; ``advance`` is told of done examples."""
        examples = self.examples(number)
        self.examined += len(examples)
        target = self.stage.shard(number, ".safetensors")
        if all(target.with_suffix(s).is_file() for s in (".parquet", ".safetensors", ".json")):
            self.predicted += int((read_masks(self.stage, number)["roles"] > 0).sum())
            advance(len(examples))
            return
        random = np.random.default_rng([self.seed, number])
        sizes = [len(example) for example in examples]
        starts = np.cumsum([0, *sizes])
        shape = (len(masker.seeds), len(masker.states), int(starts[-1]))
        scores, retained = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
        roles = np.zeros(starts[-1], dtype=np.int32)
        tally = Tally(examples, sizes, masker.method)
        for places in masker.cut(examples, tokens=self.tokens):
            began = time.perf_counter()
            masked = masker.explain([examples[i] for i in places])
            spend(self.stage, time.perf_counter() - began, len(places))
            there = ranges_of(starts, places)
            scores[:, :, there] = masked.scores.cpu().numpy()
            retained[:, :, there] = masked.retained.cpu().numpy()
            predicted = predict_roles(masked.trace.output)
            roles[there] = predicted.cpu().numpy()
            answers = predicted if self.own else masked.units.content.roles
            for found in score_tokens(masker, masked, answers, random=random):
                tally.add(places, *found)
        self.predicted += int((roles > 0).sum())
        write_table([tally.frame(self.name)], self.stage.shard(number, ".parquet"), SCORES)
        tensors = {"scores": scores, "retained": retained, "roles": roles}
        save_tensors(
            target,
            {name: torch.from_numpy(value) for name, value in tensors.items()},
            {"kind": "token masks"},
        )
        advance(len(examples))
