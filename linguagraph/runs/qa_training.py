"""Files of questions and options -> trained models and probes on disk, for the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from linguagraph.documents.item_mentions import ItemMentions, MentionConfig
from linguagraph.errors import ConfigError, RunError
from linguagraph.files import write_json
from linguagraph.graphs.entity import RELATIONS
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.explainable import GraphBatch
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.probes import find_probes
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.models.devices import find_device
from linguagraph.models.qa import QaConfig
from linguagraph.models.qa_batch import by_size
from linguagraph.models.qa_checkpoints import KIND, load_qa_model
from linguagraph.models.qa_examples import QaExample, encode_item
from linguagraph.models.qa_training import QaTrainConfig, train_qa
from linguagraph.models.world import World
from linguagraph.runs.configuring import corpus_fingerprint, read_tables, updated
from linguagraph.runs.directory import free_threads
from linguagraph.runs.models import parse_seeds
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.qa_items import QaReading, open_items
from linguagraph.runs.qa_memory import check_memory
from linguagraph.runs.qa_models import qa_directory

__all__ = ["QA_MASKS", "is_qa_model", "train_qa_masks_run", "train_qa_run"]

QA_MASKS = AmortisedConfig(
    epochs_per_layer=2,
    epochs_after=3,
    steps=72,
    lr=1.5e-2,
    constraint=LagrangianConfig(tolerance=0.005, initial=15.0),
    allowed=0.03,
    probe=ProbeConfig(hidden=32),
)
"""How probes of question answering models learn.

Two epochs per layer (of 72 steps each), where the paper takes three (appendix C). The tolerance is
0.005 bits, not 0.03: answers are one choice among ten, and a mean divergence of 0.03 changed one
answer in ten on development questions."""

CACHE = "chains.jsonl"
BATCHES = 3
"""Times the node pairs of a training batch that a batch of probes may hold."""


def is_qa_model(model: str | Path) -> bool:
    """Whether a name or a directory is that of a question answering model."""
    try:
        directory = qa_directory(model)
    except ConfigError:
        return False
    sidecar = directory / "model.json"
    return sidecar.is_file() and f'"kind": "{KIND}"' in sidecar.read_text(encoding="utf-8")[:2000]


def train_qa_run(
    train: Path,
    dev: Path,
    out: Path,
    *,
    auxiliary: Sequence[Path] = (),
    architecture: Mapping[str, Any] | None = None,
    without: Sequence[str] = (),
    reading: QaReading | None = None,
    config: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    licence: str | None = None,
    device: str = "auto",
    threads: int | None = None,
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
    world: World | None = None,
) -> dict[str, Any]:
    """Train a model from files; see :func:`linguagraph.models.qa_training.train_qa`.

    Supports are parsed for coreference first; what is found is kept in ``out/chains.jsonl``.

    Args:
        train: WikiHop file.
        dev: the file that the best epoch is chosen by.
        out: directory of the model.
        auxiliary: further files, for the first epochs only (one-hop questions, say).
        architecture: options of the model that count more than the file's.
        without: relations to leave out of the graph, see
            :data:`linguagraph.graphs.entity.RELATIONS`.
        reading: where chains come from, and the like.
        config: TOML file with tables ``[model]`` (:class:`QaConfig`), ``[training]``
            (:class:`QaTrainConfig`) and ``[mentions]`` (:class:`MentionConfig`).
        overrides: training options that count more than the file's.
        licence: of the data, recorded with the model.
        world: processes that train together (see :func:`linguagraph.runs.launch.train_together`),
            in place of ``device``; the first one parses, for all.

    Raises:
        ConfigError: unknown option or value.
    """
    reading = reading or QaReading()
    tables = read_tables(config, ("model", "training", "mentions"))
    if isinstance(tables["model"].get("relations"), list):
        tables["model"]["relations"] = tuple(tables["model"]["relations"])
    model = updated(QaConfig(), {**tables["model"], **(architecture or {})}, where="model")
    unknown = [name for name in without if name not in RELATIONS]
    if unknown:
        raise ConfigError(f"without={unknown}; expected some of {list(RELATIONS)}")
    if without:
        model = replace(model, relations=tuple(r for r in model.relations if r not in without))
    options = updated(
        QaTrainConfig(), {**tables["training"], **(overrides or {})}, where="training"
    )
    mentions = updated(MentionConfig(), tables["mentions"], where="mentions")
    world = world or World(device=find_device(device))
    torch.set_num_threads(free_threads(threads, neighbours=world.neighbours))
    data: dict[str, Any] = {
        "train": _described(train),
        "dev": _described(dev),
        "auxiliary": [_described(path) for path in auxiliary],
        "licence": licence,
        "coreference": reading.coreference,
        "entities": reading.entities,
    }
    files = _Files(reading, mentions, out / CACHE, log, progress)
    paths = [train, *auxiliary, dev]
    items, *others, held_out = world.in_turn(lambda: [files.items(path) for path in paths])
    further = [found for part in others for found in part]
    task: Any = None

    def step(epoch: int, done: int, total: int) -> None:
        nonlocal task
        if done == 1 or task is None:
            task = progress(f"epoch {epoch + 1}/{options.epochs}", total)
        task(1)
        if done == total:
            task.close()

    return train_qa(
        items,
        held_out,
        out,
        model=model,
        config=options,
        mentions=mentions,
        auxiliary=further,
        name=out.resolve().name,
        data=data,
        device=world.device,
        resume=resume,
        log=log,
        progress=step,
        world=world,
    )


def _described(path: Path) -> dict[str, str]:
    return {"name": path.name, "fingerprint": corpus_fingerprint(path)}


@dataclass
class _Files:
    """Reads files of questions, all with one store of chains."""

    reading: QaReading
    mentions: MentionConfig
    cache: Path
    log: Callable[[str], None]
    progress: Progress
    known: dict[Path, list[ItemMentions]] = field(default_factory=dict)

    def items(self, path: Path) -> list[ItemMentions]:
        """All items of a file."""
        source = open_items(path, reading=self.reading, mentions=self.mentions, cache=self.cache)
        found = list(source.items(progress=self.progress, warn=self.log))
        self.log(f"{path.name}: {len(found):,} questions")
        return found


def train_qa_masks_run(
    model: str | Path,
    train: Sequence[Path],
    dev: Path,
    out: Path,
    *,
    config: Path | None = None,
    seeds: str = "5",
    tolerance: float | None = None,
    device: str = "auto",
    threads: int | None = None,
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
    world: World | None = None,
) -> GraphMask:
    """Train GraphMask probes over adjacency matrices (equations 8 to 10), all seeds in one run.

    Writes ``seed-N.safetensors`` + ``.json`` (16-bit floats) and, while it runs,
    ``trainer.safetensors`` to resume from; ``history.json`` tells every check.

    Args:
        model: bundled name or directory of the explained model.
        train: files to learn from; dev: the file that chooses among checks.
        out: directory of the probes.
        config: TOML file with tables ``[probe]``, ``[fit]`` (fields of
            :class:`linguagraph.masks.amortised.AmortisedConfig`) and ``[constraint]``.
        seeds: number of probes (0, 1, ...) or a list.
        tolerance: counts more than the file's.
        world: processes that train together, in place of ``device``.

    Raises:
        ConfigError: unknown option or value.
        RunError: the directory already holds probes and ``resume`` is false.
        MaskError: a graph needs more memory than there is.
    """
    world = world or World(device=find_device(device))
    if world.ask(lambda: bool(find_probes(out))) and not resume:
        raise RunError(f"{out} already holds probes; choose another directory")
    numbers = parse_seeds(seeds, range(100))
    options = _mask_config(config, tolerance)
    torch.set_num_threads(free_threads(threads, neighbours=world.neighbours))
    directory = qa_directory(model)
    network, mentions, record = load_qa_model(directory)
    network.to(world.device)
    data = record.get("data", {})
    reading = QaReading(coreference=data.get("coreference", "rules"), entities=data.get("entities"))
    files = _Files(reading, mentions, directory / CACHE, log, progress)
    adapter = QaExplainable(network)
    cells = int(record["training"]["cells"]) * BATCHES

    def encoded(paths: Sequence[Path]) -> list[QaExample]:
        window, relations = network.config.window, network.config.relations
        found = [item for path in paths for item in files.items(path)]
        return [encode_item(f, network.vocabulary, window, relations=relations) for f in found]

    examples, held_out = world.in_turn(lambda: (encoded(train), encoded([dev])))
    largest = max(example.num_nodes for example in (*examples, *held_out))
    check_memory(largest, network, cells=cells, seeds=len(numbers))
    learned = _Shuffled(examples, adapter, cells, options.seed)
    world.check_batches(learned.largest, option="cells", value=cells)
    checked = [
        adapter.batch([held_out[i] for i in part])
        for part in by_size([e.num_nodes for e in held_out], cells=cells)
    ]
    masks = GraphMask(adapter, seeds=numbers, config=options, erasure="adjacency")
    task: Any = None
    before = 0

    def told(step: int, steps: int) -> None:
        nonlocal task, before
        task = task or progress("training probes", steps)
        task(step - before)
        before = step

    masks.fit(
        learned, dev=checked, directory=out, resume=resume, log=log, progress=told, world=world
    )
    if not world.first:
        return masks
    masks.save(out, half=True)
    if masks.result is not None:
        history = [
            {**entry, "quality": {s: asdict(q) for s, q in entry["quality"].items()}}
            for entry in masks.result.history
        ]
        write_json(out / "history.json", history)
    for name in ("trainer.safetensors", "trainer.json"):
        (out / name).unlink(missing_ok=True)
    return masks


def _mask_config(config: Path | None, tolerance: float | None) -> AmortisedConfig:
    tables = read_tables(config, ("probe", "fit", "constraint"))
    limits = dict(tables["constraint"])
    if tolerance is not None:
        limits["tolerance"] = tolerance
    options = updated(QA_MASKS, tables["fit"], where="fit")
    return replace(
        options,
        probe=updated(QA_MASKS.probe, tables["probe"], where="probe"),
        constraint=updated(QA_MASKS.constraint, limits, where="constraint"),
    )


class _Shuffled:
    """Batches of like-sized questions, made anew in another order on every pass."""

    def __init__(
        self, examples: Sequence[QaExample], model: QaExplainable, cells: int, seed: int
    ) -> None:
        self.examples, self.model, self.cells, self.seed = examples, model, cells, seed
        self.sizes = [example.num_nodes for example in examples]
        cut = by_size(self.sizes, cells=cells)
        self.count, self.largest = len(cut), max(map(len, cut))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Any:
        seed = int(torch.randint(2**31, ()))  # of the training's own random state
        for numbers in by_size(self.sizes, cells=self.cells, seed=seed):
            yield self.model.batch([self.examples[i] for i in numbers])

    def parts(self, world: World) -> Iterator[tuple[GraphBatch, float]]:
        """The same batches, of each the questions of one process, and what they count."""
        seed = int(torch.randint(2**31, ()))  # the same in all processes
        for numbers in by_size(self.sizes, cells=self.cells, seed=seed):
            part = world.part(len(numbers))
            yield self.model.batch([self.examples[i] for i in part.of(numbers)]), part.weight
