"""Stage mask: shards of sentences and graphs -> shards of masks, predictions and scores."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from linguagraph.columns import LEARNING, SCORES
from linguagraph.documents.records import Document
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import MaskError, RunError
from linguagraph.files import write_json
from linguagraph.graphs.context import ContextGraph
from linguagraph.graphs.textgraph import TextGraph
from linguagraph.masks.controls import score_conditions
from linguagraph.masks.frozen import frozen
from linguagraph.masks.srl_model import SrlExplainable
from linguagraph.models.batch import SrlBatch, SrlExample, encode_examples
from linguagraph.models.checkpoints import load_tensors, save_tensors
from linguagraph.models.scoring import predict_roles
from linguagraph.runs.described import described
from linguagraph.runs.directory import Run, Stage
from linguagraph.runs.merged import MergedGraphs, keep_graphs
from linguagraph.runs.methods import SEMIRING, fit_rival
from linguagraph.runs.models import Explained
from linguagraph.runs.parsing import Sentences, read_graphs
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.stored import Drawn
from linguagraph.runs.tally import Tally, spend
from linguagraph.runs.top_paths import EXAMPLES, write_top_paths

__all__ = [
    "TOKENS",
    "NO_PREDICATES",
    "NO_ROLES",
    "mask_stage",
    "ranges_of",
    "read_masks",
    "unknown_words",
]

TOKENS = 4000
"""Tokens per batch, counting a token once per predicate of its sentence."""

FIRST = 10**6
"""Numbers of examples that each shard has to itself; noise belongs to an example's number."""

NO_PREDICATES = (
    "the corpus has no predicates, so that there is nothing to explain; annotate them "
    "(FILLPRED and PRED in CoNLL-2009), or find them (--predicates; the bundled finder is "
    "for English)"
)
NO_ROLES = (
    "{} predicts no role anywhere in this corpus: there is no decision "
    "to explain, and the report says nothing about the model"
)


def mask_stage(
    run: Run,
    explained: Explained,
    *,
    documents: Iterable[Document] | None = None,
    tokens: int = TOKENS,
    seed: int = 0,
    most: int | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Stage:
    """Mask every edge of every example in every layer, and score the model under all conditions.

    Args:
        run: parsed, with graphs.
        explained: model and probes, or another method; one that learns from examples does so
            here, from those of the run if it has been given none.
        documents: for models with edges of several kinds: all sentences of the run in order, with
            chains where the model has coreference edges; iterated over more than once. ``None``
            takes those of the parse stage.
        tokens: tokens per batch.
        seed: of the random controls, and of the draw of predicates.
        most: explain about so many predicates at most, drawn at random; ``None`` explains all.
        facts: for the manifest (versions, hardware ...), written where masks are computed.
        progress, warn: for people who wait; ``warn`` is told of labels unknown to the model.

    Raises:
        RunError: earlier stages are not finished.
        MaskError: no predicate in the corpus.
    """
    parsed, graphed = run.finished("parse"), run.finished("graph")
    if not parsed.info.get("predicates"):
        raise MaskError(NO_PREDICATES)
    key: dict[str, Any] = {
        "graph": graphed.record["key"],
        "model": explained.fingerprints,
        "tokens": tokens,
        "seed": seed,
    }
    total = int(parsed.info["predicates"])
    share = 1.0 if most is None else min(1.0, most / total)
    if share < 1:
        key["share"] = share
    precision = getattr(explained.masker, "precision", "float32")
    if precision != "float32":
        key["precision"] = precision
    if explained.graphs is not None:
        key["graphs"] = explained.graphs.config.to_json()
    if explained.rival is not None:
        key["method"] = explained.rival
    with run.stage("mask", key) as stage:
        if stage.done:
            return stage
        run.update(**(facts or {}))
        merged = keep_graphs(stage, explained.graphs, documents, parsed, warn)
        drawn = Drawn(parsed.folder, share=share, seed=seed)
        masking = _Masking(explained, drawn, graphed, stage, tokens, seed, merged, parsed)
        count = parsed.info["shards"]
        own = (masking.examples(number) for number in range(count))
        began = time.perf_counter()
        fitted = fit_rival(explained, own, seed=seed, progress=progress)
        fit_seconds = None if fitted is None else round(time.perf_counter() - began, 3)
        thresholds = masking.thresholds(count, progress)
        task = progress("masking edges", parsed.info["predicates"])
        for number in range(count):
            masking.shard(number, thresholds, task)
        task.close()
        if explained.masker.method in SEMIRING:
            masking.top_paths(count, math.ceil(total * share / EXAMPLES), progress)
        cost = {**stage.info.get("cost", {}), "fit_seconds": fit_seconds}
        cost["seeds"] = len(explained.masker.seeds)
        stage.info.update(
            seeds=list(explained.masker.seeds),
            roles=list(explained.masker.model.vocabulary.roles.items),
            model=explained.name,
            method=explained.masker.method,
            thresholds=thresholds,
            unknown_labels=dict(masking.unknown.most_common()),
        )
        dropped = {"predicates that were not drawn": total - masking.examined} if share < 1 else {}
        if masking.left_out:
            context = explained.masker.model.config.context
            dropped[f"context sentences beyond the {context} nearest"] = masking.left_out
        stage.info.update(share=share, draw_seed=seed, dropped=dropped)
        _copy_learning(run, explained)
        said = described(
            explained,
            seeds=explained.masker.seeds,
            fitted=fitted,
            control_seed=seed,
            unknown=masking.unknown,
            own=masking.own,
        )
        if "method" in run.manifest:  # of masks that were made before
            said.setdefault("method", None)
        if "units" in run.manifest:
            said["units"] = None
        run.update(cost=cost, **said)
        if masking.unknown:
            warn(unknown_words(masking.unknown, merged=merged is not None))
        if not masking.predicted:
            warn(NO_ROLES.format(explained.name))
    return stage


def unknown_words(labels: Counter[str], *, merged: bool) -> str:
    """What to know of labels that a model was not trained on, a sentence."""
    most = ", ".join(f"{label} ({count})" for label, count in labels.most_common(5))
    what = "edges" if merged else "dependencies"
    return (
        f"{labels.total()} {what} have labels that the model has never seen, most often "
        f"{most}; what it does with their edges says little"
    )


class _Masking:
    """One pass over the shards; holds what all of them share."""

    def __init__(
        self,
        explained: Explained,
        sentences: Sentences,
        graphs: Stage,
        stage: Stage,
        tokens: int,
        seed: int,
        merged: MergedGraphs | None,
        parsed: Stage,
    ) -> None:
        self.explained, self.masker = explained, explained.masker
        self.sentences, self.graphs, self.stage = sentences, graphs, stage
        self.tokens, self.seed, self.merged = tokens, seed, merged
        self.unknown: Counter[str] = Counter()
        self.left_out = 0
        self.examined = 0
        self.own = not parsed.info.get("roles")
        self.predicted = 0

    def examples(self, number: int) -> list[SrlExample]:
        """Examples of a shard, in order."""
        sentences = self.sentences.shard(number)
        graphs: Mapping[int, TextGraph] | Mapping[int, ContextGraph]
        if self.merged is None:
            graphs = read_graphs(self.graphs, number)
        else:
            graphs = self.merged.of(sentences)
        return list(encode_examples(sentences, self.masker.model.vocabulary, graphs=graphs))

    def count(self, examples: list[SrlExample]) -> None:
        """Count edges into explained sentences whose label the model does not know.

        Edges come in pairs, one each way, of which ``->`` is counted. Context that is left out is
        counted, too.
        """
        known = self.masker.model.vocabulary.labels.index
        for example in {example.sentence.index: example for example in examples}.values():
            graph, size = example.graph, len(example)
            self.unknown.update(
                label
                for label, direction, target in zip(
                    graph.labels, graph.directions, graph.edge_index[1].tolist(), strict=True
                )
                if label not in known and direction == "->" and target < size
            )
            self.left_out += 0 if example.context is None else example.context.left_out

    def batches(self, examples: list[SrlExample]) -> Iterator[tuple[list[int], SrlBatch]]:
        """Positions and batches of examples, as the method wants them."""
        for places in self.masker.cut(examples, tokens=self.tokens):
            yield places, self.masker.collate([examples[i] for i in places])

    def thresholds(self, shards: int, progress: Progress) -> list[float] | None:
        """Mean minus standard deviation of the model's own gates, all layers and the whole corpus.

        One value per layer, all equal (the soft-gate analysis uses the same threshold).
        """
        path = self.stage.folder / "soft_gates.json"
        if path.is_file():
            stored: list[float] | None = json.loads(path.read_text(encoding="utf-8"))
            return stored
        layers = self.masker.num_layers
        count, sums = 0, torch.zeros(2, dtype=torch.float64)
        task = progress("reading the model's gates", shards)
        for number in range(shards):
            for _, batch in self.batches(self.examples(number)):
                with torch.inference_mode(), frozen(self.masker.model):
                    trace = self.masker.model(batch)
                for layer, sent in enumerate(trace.messages):
                    if sent.soft_gates is None:
                        return None
                    effective = batch.effective(layer, layers)
                    gates = sent.soft_gates if effective is None else sent.soft_gates[effective]
                    values = gates.double()
                    count += values.numel()
                    sums = sums.to(values.device) + torch.stack((values.sum(), (values**2).sum()))
            task(1)
        task.close()
        total, squares = sums.tolist()
        mean = total / max(count, 1)
        spread = math.sqrt(max(squares / max(count, 1) - mean**2, 0.0))
        found = [mean - spread] * layers
        write_json(path, found)
        return found

    def shard(
        self, number: int, thresholds: list[float] | None, advance: Callable[[int], None]
    ) -> None:
        """Mask and score one shard, unless that is done; ``advance`` is told of done examples."""
        examples = self.examples(number)
        self.examined += len(examples)
        self.count(examples)
        target = self.stage.shard(number, ".safetensors")
        if all(target.with_suffix(s).is_file() for s in (".parquet", ".safetensors", ".json")):
            self.predicted += int((read_masks(self.stage, number)["roles"] > 0).sum())
            advance(len(examples))
            return
        random = np.random.default_rng([self.seed, number])
        edges = np.cumsum([0, *(e.graph.num_edges for e in examples)])
        nodes = np.cumsum([0, *(len(e) for e in examples)])
        seeds, layers = len(self.masker.seeds), self.masker.num_layers
        scores = np.zeros((seeds, layers, edges[-1]), dtype=np.float32)
        retained = np.zeros((seeds, layers, edges[-1]), dtype=np.uint8)
        soft = np.full((layers, edges[-1]), np.nan, dtype=np.float32)
        roles = np.zeros(nodes[-1], dtype=np.int32)
        sizes = [int(e.effective(layers).sum()) for e in examples]
        tally = Tally(examples, sizes, self.masker.method)
        waiting = 0  # the last batch counts when the shard is on disk
        for places, batch in self.batches(examples):
            if waiting:
                advance(waiting)
            waiting = len(places)
            first = number * FIRST + places[0]
            began = time.perf_counter()
            masked = self.masker.explain(batch, [examples[i] for i in places], first=first)
            spend(self.stage, time.perf_counter() - began, len(places))
            if self.own:
                batch = replace(batch, roles=predict_roles(masked.original.logits))
            on_edges, on_nodes = ranges_of(edges, places), ranges_of(nodes, places)
            scores[:, :, on_edges] = torch.stack(masked.scores, 1).cpu().numpy()
            retained[:, :, on_edges] = torch.stack(masked.gates, 1).cpu().numpy()
            for layer, sent in enumerate(masked.original.messages):
                if sent.soft_gates is not None:
                    soft[layer, on_edges] = sent.soft_gates.cpu().numpy()
            roles[on_nodes] = predict_roles(masked.original.logits).cpu().numpy()
            for found in score_conditions(
                self.masker, masked, batch, random=random, thresholds=thresholds
            ):
                tally.add(places, *found)
        self.predicted += int((roles > 0).sum())
        frame = tally.frame(self.explained.name)
        write_table([frame], self.stage.shard(number, ".parquet"), SCORES)
        tensors = {"scores": scores, "retained": retained, "roles": roles, "soft_gates": soft}
        save_tensors(
            target,
            {name: torch.from_numpy(value) for name, value in tensors.items()},
            {"kind": "masks"},
        )
        if waiting:
            advance(waiting)

    def top_paths(self, shards: int, every: int, progress: Progress) -> None:
        """Find best paths of answers, of one example in so many."""
        task, first = progress("following best paths", shards), 0
        for number in range(shards):
            examples = self.examples(number)
            path = self.stage.shard(number, ".paths.json")
            if not path.is_file():
                model = SrlExplainable(self.masker.model)
                write_top_paths(path, model, examples, every=max(1, every), first=first)
            first += len(examples)
            task(1)
        task.close()


def _copy_learning(run: Run, explained: Explained) -> None:
    """Put what is known of the probes' training beside the tables of the run."""
    target = run.path / f"{LEARNING.name}.parquet"
    if explained.learning is None:
        target.unlink(missing_ok=True)  # of masks that were made before
        return
    table = read_table(explained.learning, LEARNING)
    write_table([table[table["seed"].isin(explained.masker.seeds)]], target, LEARNING)


def read_masks(stage: Stage, number: int) -> dict[str, NDArray[Any]]:
    """Arrays of one shard: ``scores``, ``retained`` [S, L, E], ``soft_gates`` [L, E], ``roles``.

    Raises:
        RunError: the shard is missing.
    """
    path = stage.shard(number, ".safetensors")
    if not path.is_file():
        raise RunError(f"{path} is missing; run 'linguagraph mask' again")
    tensors, _ = load_tensors(path)
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def ranges_of(starts: NDArray[np.int64], places: list[int]) -> NDArray[np.int64]:
    """Numbers of all that belongs to the examples at ``places``; ``starts`` as of a cumsum."""
    return np.concatenate([np.arange(starts[i], starts[i + 1]) for i in places])
