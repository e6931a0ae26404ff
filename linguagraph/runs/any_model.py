"""A user's own model and graphs -> fitted probes, masks, tables and the report about them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.analyses import Params
from linguagraph.columns import EDGES, FIDELITY, PATHS, ROLES, SCORES
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.amortised_loading import as_graphs, randomness_kept
from linguagraph.masks.explainable import Explainable
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.outputs import Output
from linguagraph.runs.analysing import Report, analyse_stage
from linguagraph.runs.any_facts import (
    SEEDS,
    model_name,
    probe_seeds,
    run_facts,
    run_key,
    run_notes,
)
from linguagraph.runs.any_inputs import EdgeLabels, Named
from linguagraph.runs.any_shards import Counts, Shards
from linguagraph.runs.directory import Run, Stage
from linguagraph.runs.progress import AbstractTask, Progress, no_progress

__all__ = ["SEEDS", "ModelOptions", "explain_in", "report_model"]


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """What is known of a user's model and data, beside the training batches.

    Attributes:
        edge_labels: how edges are named: names for the codes in ``batch.edge_type``, the name of
            an attribute, a callable ``batch -> a string per edge``; ``None``: "edge", or the edge
            types of a heterogeneous graph.
        dev: batches to choose among checks by; by default the first 16 of the training loader.
        explain: batches of graphs to explain; by default the training loader.
        output, call, units, asked: as for :class:`linguagraph.masks.graphmask.GraphMask`; asked is
            the name of a bool attribute or a callable: units whose predictions are explained.
        y: attribute with the right answers, or a callable; without them (or if "y" does not fit
            the output) answers are compared with the model's own.
        gold: attribute or callable: edges on which the answer is known to depend, bool [E] or
            [E, L].
        seeds: one probe for each (a number: the first so many); default :data:`SEEDS`, or those
            of ``masks``.
        config: how probes are trained.
        masks: a fitted GraphMask of the model, instead of fitting one.
        name: of the model; data: of the data.
        max_graphs: no further batch is explained after so many graphs.
        seed: of random controls, and of the order in which the loader of graphs to explain
            shuffles.
        facts: on the model, for the manifest.
    """

    edge_labels: EdgeLabels = None
    dev: Iterable[Any] | None = None
    explain: Iterable[Any] | None = None
    output: str | Output = "classification"
    call: Callable[[Any, Any], Any] | None = None
    units: str | Callable[[Any], Tensor] | None = None
    asked: str | Callable[[Any], Tensor] | None = None
    y: Named = "y"
    gold: Named = None
    seeds: int | Sequence[int] | None = None
    config: AmortisedConfig | None = None
    masks: GraphMask | None = None
    name: str | None = None
    data: str = "graphs"
    max_graphs: int = 1000
    seed: int = 0
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.max_graphs < 1:
            raise ConfigError(f"max_graphs={self.max_graphs}; expected at least 1")
        if self.masks is not None:
            if self.masks.probe is None:
                raise ConfigError("masks is not fitted; call masks.fit(loader), or leave it out")
            own = ("seeds", "config", "dev", "call", "units", "asked")
            given = [n for n in own if getattr(self, n) is not None]
            if given:
                raise ConfigError(
                    f"{', '.join(given)} and masks: a fitted GraphMask has its own; give one or "
                    "the other"
                )


def report_model(
    model: nn.Module | Explainable,
    loader: Iterable[Any],
    *,
    options: ModelOptions | None = None,
    out: str | Path | None = None,
    params: Params | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Report:
    """Explain a model on graphs and report on it, in ``out`` or a temporary directory.

    Args:
        model: with ``torch_geometric.nn.MessagePassing`` layers, or an adapter; left as it is.
        loader: batches to learn masks from; can be gone through again and again.
        options: everything else.
        out: run directory that keeps tables, probes and report.
        params: of the analyses.
        resume: go on with the run in ``out``, if it is of this model and these options (see
            :func:`linguagraph.runs.any_facts.run_key`). Data are not compared: they must be the
            same, in the same order.
        overwrite: replace the run in ``out``.
        progress: for people who wait.

    Raises:
        LinguagraphError: what is wrong and what to do.
    """
    chosen = options or ModelOptions()
    how: dict[str, Any] = {"resume": resume, "overwrite": overwrite, "progress": progress}
    if out is not None:
        return _in_directory(model, loader, out, options=chosen, params=params, **how)
    with tempfile.TemporaryDirectory(prefix="linguagraph-") as folder:
        run = Path(folder) / "run"
        return _in_directory(model, loader, run, options=chosen, params=params, **how)


def _in_directory(
    model: nn.Module | Explainable,
    loader: Iterable[Any],
    out: str | Path,
    *,
    options: ModelOptions,
    params: Params | None,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> Report:
    run = Run.create(out, resume=resume or overwrite, overwrite=overwrite)
    with run.lock():
        if overwrite and not resume:
            run.restart()
        return explain_in(run, model, loader, options=options, params=params, progress=progress)


def explain_in(
    run: Run,
    model: nn.Module | Explainable,
    loader: Iterable[Any],
    *,
    options: ModelOptions,
    params: Params | None = None,
    progress: Progress = no_progress,
) -> Report:
    """The same, in a run that is there and locked; see :func:`report_model`."""
    _mask_stage(run, model, loader, options, progress)
    _tabulate_stage(run)
    return analyse_stage(run, params=params, progress=progress)


def _mask_stage(
    run: Run,
    model: nn.Module | Explainable,
    loader: Iterable[Any],
    options: ModelOptions,
    progress: Progress,
) -> None:
    module = model if isinstance(model, nn.Module) else model.module
    device = next(module.parameters(), torch.zeros(())).device
    key = run_key(module, options)
    with run.stage("mask", key) as stage:
        if stage.done:
            return
        masks = _fitted(model, loader, options, stage, progress)
        with randomness_kept(device):
            torch.manual_seed(options.seed)
            counts = _write_shards(masks, loader, options, stage, progress)
        # only now: an adapter learns its layers from the first batch
        run.update(language=False, **run_facts(module, masks, options))
        stage.info["dropped"] = counts.dropped
        run.update(
            corpus={
                "name": options.data,
                "graphs": counts.graphs,
                "nodes": counts.nodes,
                "edges": counts.edges,
                "answers": counts.answers,
            },
            scored_against="labels" if counts.right else "own",
            notes=run_notes(options, masks),
        )


def _fitted(
    model: nn.Module | Explainable,
    loader: Iterable[Any],
    options: ModelOptions,
    stage: Stage,
    progress: Progress,
) -> GraphMask:
    """The given masks, those that an interrupted run left, or newly fitted ones."""
    if options.masks is not None:
        module = model if isinstance(model, nn.Module) else model.module
        if options.masks.model.module is not module:
            raise ConfigError(
                "masks was fitted on another model than the one to report on; fit it on this one, "
                "or GraphMask.load(path, model)"
            )
        return options.masks
    folder, training = stage.folder / "probes", stage.folder / "training"
    if folder.is_dir():
        return _loaded(folder, model, loader, options)
    masks = GraphMask(
        model,
        output=options.output,
        seeds=probe_seeds(options),
        config=options.config,
        call=options.call,
        units=options.units,
        asked=options.asked,
    )
    task: AbstractTask | None = None
    before = 0

    def told(step: int, steps: int) -> None:
        nonlocal task, before
        task = task or progress("learning masks", steps)
        task(step - before)
        before = step

    masks.fit(loader, dev=options.dev, directory=training, resume=True, progress=told)
    if task is not None:
        task.close()
    temporary = stage.folder / "probes.part"
    masks.save(temporary)
    temporary.rename(folder)
    shutil.rmtree(training, ignore_errors=True)
    return masks


def _loaded(
    folder: Path, model: nn.Module | Explainable, loader: Iterable[Any], options: ModelOptions
) -> GraphMask:
    """Probes of an interrupted run; an adapter learns the layers of its model from a batch."""
    explained = GraphMask(
        model,
        output=options.output,
        call=options.call,
        units=options.units,
        asked=options.asked,
    )
    adapter = explained.model
    with randomness_kept(torch.device("cpu")), torch.no_grad(), frozen(adapter.module):
        for content in loader:
            batch = as_graphs(adapter, content)
            if batch.num_edges:
                adapter.trace(batch)
                break
    return GraphMask.load(folder, adapter)


def _write_shards(
    masks: GraphMask,
    loader: Iterable[Any],
    options: ModelOptions,
    stage: Stage,
    progress: Progress,
) -> Counts:
    """Mask and score every batch; rows of a batch are a shard."""
    batches = loader if options.explain is None else options.explain
    size = _size(batches)
    shards = Shards(
        masks,
        name=model_name(masks.model.module, options),
        data=options.data,
        edge_labels=options.edge_labels,
        y=options.y,
        gold=options.gold,
        seed=options.seed,
    )
    task = progress("masking edges", None if size is None else min(size, options.max_graphs))
    for number, content in enumerate(batches):
        if shards.counts.graphs >= options.max_graphs:
            shards.counts.leave_out(content, size)
            if size is not None:
                break
            continue
        rows = shards.rows(content)
        write_table([rows.edges], stage.shard(number, ".edges.parquet"), EDGES)
        write_table([rows.scores], stage.shard(number, ".scores.parquet"), SCORES)
        if rows.fidelity is not None:
            write_table([rows.fidelity], stage.shard(number, ".fidelity.parquet"), FIDELITY)
        task(rows.graphs)
    task.close()
    if not shards.counts.graphs:
        raise MaskError("the loader of graphs to explain yields no batch")
    if not shards.counts.edges:
        raise MaskError("the graphs to explain have no edges, so that there is nothing to explain")
    return shards.counts


def _size(batches: Iterable[Any]) -> int | None:
    """Number of graphs behind a loader, where it says."""
    data = getattr(batches, "dataset", None)
    if isinstance(data, range) or not isinstance(data, Sized):  # a range: nodes to sample around
        return None
    return len(data)


def _tabulate_stage(run: Run) -> None:
    masked = run.finished("mask")
    with run.stage("tabulate", {"mask": masked.record["key"]}) as stage:
        names = ("edges", "paths", "roles", "scores", "fidelity")
        if stage.done and all((run.path / f"{name}.parquet").is_file() for name in names):
            return
        for table in (EDGES, SCORES, FIDELITY):
            found = masked.shards(f".{table.name}.parquet")
            frames = (read_table(path, table) for path in found)
            write_table(frames, run.path / f"{table.name}.parquet", table)
        for table in (PATHS, ROLES):
            write_table([table.empty()], run.path / f"{table.name}.parquet", table)
