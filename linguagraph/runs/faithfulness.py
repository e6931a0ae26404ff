"""Stage faithfulness: a masked run -> what its model answers on parts of the edges of a sample.

Dropped messages become the probes' baselines and zeros with GraphMask, and only zeros with any
other method. ``nonamortised`` and ``information_bottleneck`` find their masks with fills of their
own, one set per graph, which a run does not store: their curves are those of the masks without
these fills, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from linguagraph.columns import FIDELITY
from linguagraph.documents.records import Document, predicate_type
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import ConfigError, RunError
from linguagraph.graphs.context import ContextGraph
from linguagraph.graphs.textgraph import TextGraph
from linguagraph.masks.explainable import EdgeMask, GraphBatch
from linguagraph.masks.faithfulness import measure
from linguagraph.masks.probes import load_graphmask
from linguagraph.masks.srl import counted
from linguagraph.masks.srl_model import SrlExplainable
from linguagraph.models.batch import SrlExample, encode_examples, in_order
from linguagraph.models.checkpoints import load_model
from linguagraph.models.devices import find_device
from linguagraph.runs.directory import Run, Stage
from linguagraph.runs.masking import TOKENS, read_masks
from linguagraph.runs.merged import MergedGraphs, stored_graphs
from linguagraph.runs.models import model_directory, parse_seeds
from linguagraph.runs.parsing import read_graphs
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.stored import Drawn

__all__ = ["FaithfulnessOptions", "faithfulness_stage"]

CHUNK = 50
"""Examples that are measured between two files; an interrupted stage loses no more."""


@dataclass(frozen=True)
class FaithfulnessOptions:
    """Options of :func:`faithfulness_stage`.

    Attributes:
        examples: predicates that are measured at most, drawn at random.
        seeds: probes: a number (the first so many), a list such as "0,2", or ``None`` for all.
        draws: of each random control.
        seed: of the sample and of the draws.
        tokens: tokens per batch.
        model: name or directory of the explained model; ``None`` is the run's own.
        device: ``cpu``, ``cuda`` or ``auto``.

    Raises:
        ConfigError: fewer than one example or draw.
    """

    examples: int = 500
    seeds: str | int | Sequence[int] | None = 1
    draws: int = 3
    seed: int = 0
    tokens: int = TOKENS
    model: str | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("examples", "draws", "tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}; expected at least 1")


@dataclass(frozen=True)
class _Part:
    """Examples, and of each the scores and choices of all seeds, float32 [2, S, L, E]."""

    examples: list[SrlExample]
    masks: list[NDArray[np.float32]]


def faithfulness_stage(
    run: Run,
    options: FaithfulnessOptions | None = None,
    *,
    documents: Iterable[Document] | None = None,
    progress: Progress = no_progress,
) -> Stage:
    """Measure keep and drop curves of a sample of the run's examples: ``fidelity.parquet``.

    Args:
        run: masked.
        options: sample, seeds and draws.
        documents: as for :func:`linguagraph.runs.masking.mask_stage`.
        progress: for people who wait.

    Raises:
        RunError: the run is not masked, or was masked with another model, other probes or other
            documents.
        ConfigError: the model or a seed is not there.
    """
    options = options or FaithfulnessOptions()
    if run.manifest.get("language") is False:
        raise RunError(
            f"{run.path} is a run on graphs, whose report holds these curves already (section "
            "'Faithfulness curves')"
        )
    masked = run.finished("mask")
    if masked.info.get("units") == "tokens":
        raise RunError(
            f"{run.path} masks tokens, and these curves are of edges; its report compares the "
            "tokens that are kept with random ones (section 'Faithfulness')"
        )
    seeds = parse_seeds(options.seeds, masked.info["seeds"])
    key: dict[str, Any] = {"mask": masked.record["key"], "seeds": seeds}
    key |= {name: getattr(options, name) for name in ("examples", "draws", "seed", "tokens")}
    with run.stage("faithfulness", key) as stage:
        target = run.path / f"{FIDELITY.name}.parquet"
        if stage.done and target.is_file():
            return stage
        measuring = _Measuring(run, masked, options, seeds, documents)
        chosen = measuring.sample()
        task = progress("measuring faithfulness", len(chosen) * len(seeds))
        for number in range(-(-len(chosen) // CHUNK)):
            first = number * CHUNK
            path = stage.shard(number, ".parquet")
            part = chosen[first : first + CHUNK]
            if not path.is_file():
                frames = measuring.measure(part, first, [options.seed, number], task)
                write_table(frames, path, FIDELITY)
            else:
                task(len(part) * len(seeds))
        frames = (read_table(path, FIDELITY) for path in stage.shards(".parquet"))
        write_table(frames, target, FIDELITY)
        task.close()
        told = {"examples": len(chosen), "of": measuring.total, "seeds": seeds}
        told |= {"draws": options.draws, "seed": options.seed}
        stage.info.update(told)
        run.update(faithfulness=told)
    return stage


class _Measuring:
    """What all chunks share: the model, its probes' baselines and the stored masks."""

    def __init__(
        self,
        run: Run,
        masked: Stage,
        options: FaithfulnessOptions,
        seeds: list[int],
        documents: Iterable[Document] | None,
    ) -> None:
        self.run, self.masked, self.options, self.seeds = run, masked, options, seeds
        self.method, self.name = str(masked.info["method"]), str(masked.info["model"])
        self.merged: MergedGraphs | None = stored_graphs(run, masked, documents)
        self.sentences = Drawn(
            run.path / "parse",
            share=masked.info.get("share", 1.0),
            seed=masked.info.get("draw_seed", 0),
        )
        self.model, self.baselines = self._load()
        self.gold = run.manifest.get("scored_against", "gold") == "gold"
        self.known: tuple[int, _Part] | None = None
        self.sizes = [
            sum(len(sentence.frames) for sentence in self.sentences.shard(number))
            for number in range(run.finished("parse").info["shards"])
        ]
        self.total = sum(self.sizes)

    def _load(self) -> tuple[SrlExplainable, list[list[Tensor | None] | None]]:
        """The model, and for each seed its baselines, ``None`` for methods without any."""
        chosen = self.options.model or self.run.manifest.get("options", {}).get("model")
        if chosen is None:
            raise RunError(f"{self.run.path} does not name its model; give it with --model")
        directory = model_directory(chosen)
        network, record = load_model(directory)
        wanted = self.masked.record["key"].get("model", {})
        if record["fingerprint"] != wanted.get("model"):
            raise RunError(f"{directory} is not the model that {self.run.path} was masked with")
        network.to(find_device(self.options.device))
        if self.method != "graphmask":
            return SrlExplainable(network), [None] * len(self.seeds)
        masker, probes = load_graphmask(
            network, directory / "probes", seeds=self.seeds, explains=str(record["fingerprint"])
        )
        other = [p["seed"] for p in probes if p["fingerprint"] != wanted.get(f"seed-{p['seed']}")]
        if other:
            raise RunError(f"{directory} has other probes for the seeds {other} than the run")
        layers = masker.probe.baselines
        return SrlExplainable(network), [
            [layer[place] for layer in layers] for place in range(len(self.seeds))
        ]

    def sample(self) -> NDArray[np.int64]:
        """Numbers of the drawn examples over the whole run, ascending."""
        random = np.random.default_rng(self.options.seed)
        size = min(self.options.examples, self.total)
        return np.sort(random.choice(self.total, size=size, replace=False))

    def measure(
        self, chosen: NDArray[np.int64], first: int, seed: list[int], task: Any
    ) -> Iterator[pd.DataFrame]:
        """The table of some examples, a frame per seed; graphs are numbered from ``first``."""
        part = self._read(chosen)
        cut = in_order([e.num_nodes for e in part.examples], tokens=self.options.tokens)
        batches = [self.model.batch([part.examples[i] for i in places]) for places in cut]
        for number, name in enumerate(self.seeds):
            place = self.masked.info["seeds"].index(name)
            masks = [
                self._mask(batch, [part.masks[i][:, place] for i in places], name)
                for batch, places in zip(batches, cut, strict=True)
            ]
            yield measure(
                self.model,
                batches,
                masks,
                labels=[batch.content.edge_type for batch in batches],
                gold=[batch.content.roles for batch in batches] if self.gold else None,
                baselines=self.baselines[number],
                draws=self.options.draws,
                seed=seed,
                name=self.name,
                sentences=[e.sentence.index for e in part.examples],
                predicate_types=[_type(e) for e in part.examples],
                first=first,
                advance=task,
            )

    def _mask(self, batch: GraphBatch, parts: list[NDArray[np.float32]], seed: int) -> EdgeMask:
        """Stored scores and choices [2, L, E] of a batch's examples as one mask."""
        layers, device = self.model.num_layers, batch.edge_index.device
        present = torch.stack([counted(batch.content, k, layers).bool() for k in range(layers)])
        scores, retained = torch.from_numpy(np.concatenate(parts, axis=-1)).to(device)
        kept = retained.bool() & present
        return EdgeMask(scores * present, kept, present, batch.edge_sets, self.method, seed)

    def _read(self, chosen: NDArray[np.int64]) -> _Part:
        """Examples by their numbers, with their masks."""
        starts = np.cumsum([0, *self.sizes])
        part = _Part([], [])
        for number in np.unique(np.searchsorted(starts, chosen, side="right") - 1):
            shard = self._shard(int(number))
            for place in chosen[(chosen >= starts[number]) & (chosen < starts[number + 1])]:
                at = int(place - starts[number])
                part.examples.append(shard.examples[at])
                part.masks.append(shard.masks[at])
        return part

    def _shard(self, number: int) -> _Part:
        """All examples of a shard with their masks; the last shard is kept."""
        if self.known is None or self.known[0] != number:
            sentences = self.sentences.shard(number)
            graphs: Mapping[int, TextGraph] | Mapping[int, ContextGraph]
            if self.merged is None:
                graphs = read_graphs(self.run.finished("graph"), number)
            else:
                graphs = self.merged.of(sentences)
            vocabulary = self.model.model.vocabulary
            examples = list(encode_examples(sentences, vocabulary, graphs=graphs))
            arrays = read_masks(self.masked, number)
            both = np.stack([arrays["scores"], arrays["retained"].astype(np.float32)])
            ends = np.cumsum([e.graph.num_edges for e in examples])
            if both.shape[-1] != (ends[-1] if len(ends) else 0):
                raise RunError(
                    f"shard {number} of {self.run.path} was masked over other graphs: pass the "
                    "documents that it was masked with"
                )
            self.known = (number, _Part(examples, np.split(both, ends[:-1], axis=-1)))
        return self.known[1]


def _type(example: SrlExample) -> str:
    token = example.sentence.tokens[example.frame.predicate]
    return predicate_type(token.xpos, token.upos)
