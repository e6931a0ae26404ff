"""Corpora and options -> trained models and probes on disk, for the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from linguagraph import __version__
from linguagraph.columns import LEARNING
from linguagraph.documents import read_sentences
from linguagraph.documents.records import Document
from linguagraph.edges.storage import write_table
from linguagraph.errors import ConfigError, RunError
from linguagraph.files import write_json
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.fit_config import FitConfig
from linguagraph.masks.fitting import FitResult, fit_graphmask
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.probes import find_probes, save_probes
from linguagraph.masks.srl import Quality, SrlGraphMask
from linguagraph.models.batch import SrlExample, encode_examples
from linguagraph.models.checkpoints import load_model
from linguagraph.models.contexts import PAIRS, GraphSource, read_pairs, score_pairs, write_pairs
from linguagraph.models.devices import find_device
from linguagraph.models.srl import SRL_MODELS, SrlConfig
from linguagraph.models.training import SrlTrainConfig, evaluate, train_srl
from linguagraph.models.world import World
from linguagraph.runs.configuring import corpus_fingerprint, read_tables, updated
from linguagraph.runs.directory import free_threads
from linguagraph.runs.merged import corpus_documents
from linguagraph.runs.models import graph_source, model_directory
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["train_graphmask_run", "train_srl_run"]

Documents = tuple[Path | None, Path | None]
"""Files that give the documents of the training and of the development corpus."""


def train_srl_run(
    train: Path,
    dev: Path,
    out: Path,
    *,
    model: str,
    architecture: Mapping[str, Any] | None = None,
    kinds: Sequence[str] | None = None,
    documents: Documents = (None, None),
    coreference: str = "rules",
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
    """Train an SRL model from files; see :func:`linguagraph.models.training.train_srl`.

    Args:
        train, dev: annotated corpora with predicates.
        out: directory of the model.
        model: key of :data:`linguagraph.models.srl.SRL_MODELS`.
        architecture: options of the model that count more than the file's.
        kinds: edge kinds, ``dependency`` among them; ``None`` takes those of ``config``.
        documents: for models with further kinds: CoNLL-U files with the sentences of ``train`` and
            ``dev`` and document boundaries (see :func:`linguagraph.runs.merged.corpus_documents`).
        coreference: where chains come from, see :data:`linguagraph.documents.joining.COREFERENCE`.
        config: TOML file with tables ``[model]`` and ``[training]``.
        overrides: training options that count more than the file's.
        licence: of the data, recorded with the model.
        world: processes that train together (see :func:`linguagraph.runs.launch.train_together`),
            in place of ``device``.

    Raises:
        ConfigError: unknown model, option or value.
    """
    if model not in SRL_MODELS:
        raise ConfigError(f"model={model!r}; expected one of {sorted(SRL_MODELS)}")
    tables = read_tables(config, ("model", "training"))
    if isinstance(tables["model"].get("kinds"), list):
        tables["model"]["kinds"] = tuple(tables["model"]["kinds"])
    chosen = updated(SRL_MODELS[model], {**tables["model"], **(architecture or {})}, where="model")
    if kinds is not None:
        chosen = replace(chosen, kinds=tuple(kinds))
    options = updated(
        SrlTrainConfig(), {**tables["training"], **(overrides or {})}, where="training"
    )
    world = world or World(device=find_device(device))
    torch.set_num_threads(free_threads(threads, neighbours=world.neighbours))
    data: dict[str, Any] = {
        "train": {"name": train.name, "fingerprint": corpus_fingerprint(train)},
        "dev": {"name": dev.name, "fingerprint": corpus_fingerprint(dev)},
        "licence": licence,
    }
    graphs = None
    if chosen.merged:
        log("reading documents")
        data["documents"] = _described(documents, coreference)
        parts = [
            corpus_documents(corpus, own, coreference=coreference, log=log)
            for corpus, own in zip((train, dev), documents, strict=True)
        ]
        source = world.in_turn(lambda: _graph_source(chosen, parts[0], out))
        sentences = [[s for d in part for s in d.sentences] for part in parts]
        graphs = source.graphs(parts[0]), source.graphs(parts[1])
    else:
        sentences = [list(read_sentences(corpus)) for corpus in (train, dev)]
    task: Any = None

    def step(epoch: int, done: int, total: int) -> None:
        nonlocal task
        if done == 1 or task is None:
            task = progress(f"epoch {epoch + 1}/{options.epochs}", total)
        task(1)
        if done == total:
            task.close()

    return train_srl(
        sentences[0],
        sentences[1],
        out,
        model=chosen,
        config=options,
        name=model,
        data=data,
        graphs=graphs,
        device=world.device,
        resume=resume,
        log=log,
        progress=step,
        world=world,
    )


def train_graphmask_run(
    model: str | Path,
    train: Path,
    dev: Path,
    out: Path,
    *,
    documents: Documents = (None, None),
    config: Path | None = None,
    seeds: str = "5",
    tolerance: float | None = None,
    precision: str | None = None,
    device: str = "auto",
    threads: int | None = None,
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
    world: World | None = None,
) -> FitResult:
    """Train GraphMask probes from files; see :func:`linguagraph.masks.fitting.fit_graphmask`.

    Writes ``seed-N.safetensors`` + ``.json`` (16-bit floats), ``history.json`` with every check,
    ``learning.parquet`` with what each check retains by label
    (:data:`linguagraph.columns.LEARNING`), and ``trainer.safetensors`` to resume from.

    Args:
        model: bundled name or directory of the explained model.
        train, dev: annotated corpora; dev chooses among checks.
        out: directory of the probes.
        documents: for models with edges of several kinds, as for :func:`train_srl_run`; chains come
            from where they came from for the model.
        config: TOML file with tables ``[probe]``, ``[fit]`` (with ``[fit.divergence]``) and
            ``[constraint]``.
        seeds: number of probes (0, 1, ...) or a list.
        tolerance, precision: count more than the file's.
        world: processes that train together, in place of ``device``.

    Raises:
        ConfigError: unknown option or value.
        RunError: the directory already holds probes and ``resume`` is false.
    """
    world = world or World(device=find_device(device))
    if world.ask(lambda: bool(find_probes(out))) and not resume:
        raise RunError(f"{out} already holds probes; choose another directory")
    numbers = _seeds(seeds)
    tables = read_tables(config, ("probe", "fit", "constraint"))
    limits = {**tables["constraint"]}
    if tolerance is not None:
        limits["tolerance"] = tolerance
    fit = dict(tables["fit"])
    if precision is not None:
        fit["precision"] = precision
    distance = fit.pop("divergence", {})
    if not isinstance(distance, dict):
        raise ConfigError(
            f"[fit.divergence] is not a table but {distance!r}; give options under it"
        )
    divergence = updated(Divergence(), distance, where="fit.divergence")
    constraint = updated(LagrangianConfig(), limits, where="constraint")
    options = replace(
        updated(FitConfig(), fit, where="fit"), divergence=divergence, constraint=constraint
    )
    torch.set_num_threads(free_threads(threads, neighbours=world.neighbours))
    directory = model_directory(model)
    network, record = load_model(directory)
    network.to(world.device)
    masker = SrlGraphMask.create(
        network, seeds=numbers, config=updated(ProbeConfig(), tables["probe"], where="probe")
    )
    task: Any = None

    def step(done: int, total: int) -> None:
        nonlocal task
        task = task or progress("training probes", total)
        task(1)

    source = graph_source(directory, network)
    coreference = record.get("data", {}).get("documents", {}).get("coreference", "rules")

    def encode(corpus: Path, own: Path | None) -> list[SrlExample]:
        if source is None:
            return list(encode_examples(read_sentences(corpus), network.vocabulary))
        found = corpus_documents(corpus, own, coreference=coreference)
        sentences = (sentence for document in found for sentence in document.sentences)
        graphs = source.graphs(found)
        return list(encode_examples(sentences, network.vocabulary, graphs=graphs))

    held_out = encode(dev, documents[1])
    if not evaluate(network, held_out, device=world.device, world=world)["all"].correct:
        raise ConfigError(
            f"{directory} finds no role of {dev.name} (F1 is 0): there is no decision to explain; "
            "train it further first"
        )
    found = fit_graphmask(
        masker,
        encode(train, documents[0]),
        held_out,
        options,
        directory=out,
        resume=resume,
        log=log,
        progress=step,
        world=world,
    )
    if not world.first:
        return found
    for seed in set(masker.probe.seeds) - set(found.within):
        log(
            f"seed {seed}: no check was within {options.allowed} of the original F1 on dev; kept "
            "the one with the smallest loss. Train longer, or with a smaller tolerance."
        )
    marks = {"train": corpus_fingerprint(train), "dev": corpus_fingerprint(dev)}
    records = {
        seed: {
            "training": {**options.to_json(), "data": marks},
            "quality": _shown(quality),
            "versions": {"linguagraph": __version__, "torch": torch.__version__.split("+")[0]},
        }
        for seed, quality in found.kept.items()
    }
    explains = str(record["fingerprint"])
    save_probes(out, masker, explains=explains, records=records, half=True)
    history = [
        {**e, "quality": {s: _shown(q) for s, q in e["quality"].items()}} for e in found.history
    ]
    write_json(out / "history.json", history)
    write_table([found.learning], out / f"{LEARNING.name}.parquet", LEARNING)
    return found


def _graph_source(config: SrlConfig, documents: Sequence[Document], out: Path) -> GraphSource:
    """What makes a new model's graphs; associated lemmas are counted once and kept in ``out``."""
    if "cooccurrence" not in config.kinds:
        return GraphSource(config)
    if not (out / PAIRS).is_file():
        write_pairs(score_pairs(documents), out / PAIRS)
    return GraphSource(config, read_pairs(out / PAIRS))


def _described(documents: Documents, coreference: str) -> dict[str, Any]:
    """What the model's record says of the documents."""
    found: dict[str, Any] = {"coreference": coreference}
    for part, path in zip(("train", "dev"), documents, strict=True):
        if path is not None:
            found[part] = {"name": path.name, "fingerprint": corpus_fingerprint(path)}
    return found


def _shown(quality: Quality) -> dict[str, Any]:
    return {**asdict(quality), "difference": quality.difference}


def _seeds(seeds: str) -> list[int]:
    try:
        numbers = [int(part) for part in seeds.split(",") if part.strip()]
    except ValueError as error:
        raise ConfigError(f"seeds={seeds!r}; give a number, or a list such as 0,2,3") from error
    if "," not in seeds and numbers and numbers[0] >= 1:
        return list(range(numbers[0]))
    wrong = "," not in seeds or min(numbers, default=-1) < 0
    if wrong or len(set(numbers)) < len(numbers):
        raise ConfigError(f"seeds={seeds!r}; give a number from 1, or distinct seeds from 0")
    return numbers
