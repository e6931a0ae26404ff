"""A corpus, or a model with its graphs -> the report: from Python, and for the command line."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from linguagraph import __version__
from linguagraph.analyses import Params
from linguagraph.documents.wikihop import is_wikihop
from linguagraph.errors import ConfigError
from linguagraph.masks.explainable import Explainable
from linguagraph.masks.outputs import Output
from linguagraph.runs.analysing import Report, analyse_stage
from linguagraph.runs.any_inputs import EdgeLabels, Named
from linguagraph.runs.directory import Run, Stage, free_threads
from linguagraph.runs.masking import TOKENS, mask_stage
from linguagraph.runs.measure import hardware, versions
from linguagraph.runs.methods import MethodOptions, load_method, refuse_precision
from linguagraph.runs.models import Explained
from linguagraph.runs.parsing import Documents, Sentences, graph_stage, parse_stage
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.reparsing import reparse_run
from linguagraph.runs.sources import Reading, open_source
from linguagraph.runs.tabulating import tabulate_stage
from linguagraph.runs.token_masking import mask_tokens_stage
from linguagraph.runs.token_methods import DIFFMASK, TokenExplained, load_diffmask

if TYPE_CHECKING:
    from linguagraph.masks.amortised import AmortisedConfig
    from linguagraph.masks.graphmask import GraphMask
    from linguagraph.runs.qa import QaOptions

__all__ = ["MOST", "Report", "ReportOptions", "facts", "load_any", "mask_any", "report"]
__all__ += ["run_report"]

MOST = 5000
"""Predicates of a text that are explained: enough for intervals of one point; see the README."""


@dataclass(frozen=True)
class ReportOptions:
    """Options of :func:`report`.

    Attributes:
        model: bundled name, or directory with ``model.safetensors`` and ``probes/``.
        seeds: probes to use: a number (the first so many), a list, or ``None`` for all.
        device: ``cpu``, ``cuda`` or ``auto``.
        batch_size: tokens per batch, counting a token once per predicate of its sentence.
        threads: processor threads; ``None`` takes what the process may use.
        reading: how the corpus is read: format, parser, limit and so on.
        max_predicates: explain about so many predicates at most, drawn at random; 0 explains all;
            ``None`` is :data:`MOST` for text and all for an annotated corpus.
        compare_parses: also parse a corpus that has gold trees, and compare the findings.
        method: masking method, if not GraphMask.
    """

    model: str = "srl-gnn"
    seeds: str | int | Sequence[int] | None = None
    device: str = "auto"
    batch_size: int = TOKENS
    threads: int | None = None
    reading: Reading = field(default_factory=Reading)
    max_predicates: int | None = None
    compare_parses: bool = False
    method: MethodOptions | None = None

    def noted(self) -> dict[str, Any]:
        """What the manifest says of them."""
        found = asdict(self)
        found.pop("method")
        return found if self.method is None else found | self.method.noted()


def report(
    corpus: str | Path | None = None,
    model: str | nn.Module | Explainable | None = None,
    *,
    loader: Iterable[Any] | None = None,
    edge_labels: EdgeLabels = None,
    dev: Iterable[Any] | None = None,
    explain: Iterable[Any] | None = None,
    output: str | Output | None = None,
    call: Callable[[Any, Any], Any] | None = None,
    units: str | Callable[[Any], Tensor] | None = None,
    asked: str | Callable[[Any], Tensor] | None = None,
    y: Named = None,
    gold: Named = None,
    seeds: int | Sequence[int] | None = None,
    config: AmortisedConfig | None = None,
    masks: GraphMask | None = None,
    name: str | None = None,
    data: str | None = None,
    max_graphs: int | None = None,
    out: str | Path | None = None,
    options: ReportOptions | QaOptions | None = None,
    params: Params | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Report:
    """Explain a model on a corpus, or any model on its own graphs, and report on it.

    ``report("text.txt")`` is about a semantic role labelling model and text;
    ``report(model=gat, loader=loader, edge_labels=names)`` about your own model: any module with
    ``torch_geometric.nn.MessagePassing`` layers, which stays exactly as it is, and the batches that
    its ``DataLoader`` yields. The sections about language are left out then.

    Args:
        corpus: a text file, a folder or pattern of text files, ``-`` for standard input; an
            annotated file (CoNLL-2009, CoNLL-U); or questions (WikiHop JSON: .json, .jsonl).
        model: bundled name or directory; ``None`` takes that of ``options`` (srl-gnn by default).
            Or a model of your own.
        loader, edge_labels, dev, explain, output, call, units, asked, y, gold, seeds, config,
            masks, name, data, max_graphs: only with a model of your own, see
            :class:`linguagraph.runs.any_model.ModelOptions`. ``y`` is "y" by default; pass a
            callable that returns ``None`` to compare with the model's own answers.
        out: run directory that keeps every stage; ``None`` works in a temporary one.
        options: everything else, only with a corpus; for questions
            :class:`linguagraph.runs.qa.QaOptions`.
        params: of the analyses.
        resume: go on with the run in ``out``.
        overwrite: replace the run in ``out`` if it was made from another corpus, model or options.
        progress: see :func:`linguagraph.runs.progress.progress_bars`.

    Raises:
        ConfigError: arguments that do not go together.
        LinguagraphError: what is wrong and what to do.
    """
    own: dict[str, Any] = {
        "edge_labels": edge_labels,
        "dev": dev,
        "explain": explain,
        "output": output,
        "call": call,
        "units": units,
        "asked": asked,
        "y": y,
        "gold": gold,
        "seeds": seeds,
        "config": config,
        "masks": masks,
        "name": name,
        "data": data,
        "max_graphs": max_graphs,
    }
    given = {key: value for key, value in own.items() if value is not None}
    if model is not None and not isinstance(model, str):
        if corpus is not None or options is not None or loader is None:
            raise ConfigError(_model_needs(corpus, options))
        from linguagraph.runs.any_model import ModelOptions, report_model

        return report_model(
            model,
            loader,
            options=ModelOptions(**given),
            out=out,
            params=params,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
    if corpus is None or loader is not None or given:
        raise ConfigError(_corpus_needs({"loader": loader, **given}))
    if is_wikihop(corpus) and Path(corpus).is_file() and not isinstance(options, ReportOptions):
        from linguagraph.runs.qa import options_with, report_qa

        return report_qa(
            corpus,
            out,
            options=options_with(options, model=model),
            params=params,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
    if options is not None and not isinstance(options, ReportOptions):
        raise ConfigError(f"QaOptions are for questions (WikiHop JSON); {corpus} is none")
    chosen = options or ReportOptions()
    if model is not None:
        chosen = replace(chosen, model=model)
    if out is not None:
        return run_report(
            corpus,
            out,
            options=chosen,
            params=params,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
    with tempfile.TemporaryDirectory(prefix="linguagraph-") as folder:
        run = Path(folder) / "run"
        made = run_report(corpus, run, options=chosen, params=params, progress=progress)
        # the shards go with the folder: keep what they hold
        sentences = {s.index: s for s in Sentences(run / "parse").stream()}
        documents = tuple(Documents(run / "parse"))
        tables = replace(made.run_tables, sentences=sentences, documents=documents)
        return replace(made, run_tables=tables)


def _model_needs(corpus: str | Path | None, options: object) -> str:
    usage = "report(model=your_model, loader=batches, edge_labels=...)"
    if corpus is not None:
        return (
            f"corpus={str(corpus)!r} with a model object: give a corpus and the name or directory "
            f"of a linguistic model, or {usage}"
        )
    if options is not None:
        return f"options are for a corpus; a model of your own takes keyword arguments: {usage}"
    return f"a model of your own needs the batches of its graphs: {usage}"


def _corpus_needs(given: Mapping[str, Any]) -> str:
    names = [name for name, value in given.items() if value is not None]
    usage = "report(corpus), or report(model=your_model, loader=batches)"
    if names:
        return f"{', '.join(names)} without a model object of your own: {usage}"
    return f"nothing to report on: {usage}"


def run_report(
    corpus: str | Path,
    out: str | Path,
    *,
    options: ReportOptions,
    params: Params | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Report:
    """All stages, from a corpus to the files of the report in ``out``.

    Finished stages and shards of a resumed run are not computed again. ``warn`` receives what a
    person should know: bad sentences, labels unknown to the model, stages that are done anew.
    """
    source = open_source(corpus, options.reading, on_bad=lambda error: warn(str(error)))
    if options.compare_parses and source.is_text:
        raise ConfigError("--compare-parses needs a corpus with gold trees; text has none")
    threads = free_threads(options.threads)
    torch.set_num_threads(threads)
    explained = load_any(options.model, options.method, seeds=options.seeds, device=options.device)
    if options.compare_parses and isinstance(explained, TokenExplained):
        raise ConfigError(f"--compare-parses is for masks over edges; {DIFFMASK} masks tokens")
    if options.compare_parses and explained.graphs is not None:
        raise ConfigError(
            f"{explained.name} has edges between sentences, which a second parse does not give: "
            "--compare-parses is for models over dependency trees"
        )
    run = Run.create(out, resume=resume or overwrite, notify=warn, overwrite=overwrite)
    with run.lock():
        parse_stage(
            run, corpus, reading=options.reading, source=source, progress=progress, warn=warn
        )
        graph_stage(run, progress=progress)
        said = facts(explained, threads=threads, options=options.noted())
        size = options.batch_size
        most = options.max_predicates
        if most is None and source.is_text:
            most = MOST
        mask_any(
            run,
            explained,
            tokens=size,
            most=most or None,
            facts=said,
            progress=progress,
            warn=warn,
        )
        tabulate_stage(run, progress=progress)
        if options.compare_parses and isinstance(explained, Explained):
            reparse_run(
                run,
                explained,
                source,
                tokens=size,
                most=most or None,
                facts=said,
                progress=progress,
                warn=warn,
            )
        return analyse_stage(run, params=params, progress=progress, warn=warn)


def load_any(
    model: str | Path,
    options: MethodOptions | None = None,
    *,
    seeds: str | int | Sequence[int] | None = None,
    device: str = "auto",
    precision: str = "float32",
) -> Explained | TokenExplained:
    """Load a model with a method over its edges, or over its tokens.

    See :func:`linguagraph.runs.methods.load_method` and
    :func:`linguagraph.runs.token_methods.load_diffmask`.
    """
    if options is not None and options.name == DIFFMASK:
        refuse_precision(precision, options.name)
        return load_diffmask(model, options, seeds=seeds, device=device)
    return load_method(model, options, seeds=seeds, device=device, precision=precision)


def mask_any(
    run: Run,
    explained: Explained | TokenExplained,
    *,
    tokens: int,
    most: int | None,
    facts: Mapping[str, Any],
    progress: Progress,
    warn: Callable[[str], None],
) -> Stage:
    """The stage mask, over edges or tokens: :func:`linguagraph.runs.masking.mask_stage`."""
    settings: dict[str, Any] = {"tokens": tokens, "most": most, "facts": facts}
    if isinstance(explained, TokenExplained):
        return mask_tokens_stage(run, explained, **settings, progress=progress, warn=warn)
    return mask_stage(run, explained, **settings, progress=progress, warn=warn)


def facts(
    explained: Explained | TokenExplained, *, threads: int, options: dict[str, Any]
) -> dict[str, Any]:
    """What the manifest says of the program, the machine and the options."""
    device = str(next(explained.masker.model.parameters()).device)
    return {
        "linguagraph": __version__,
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": options,
        "hardware": hardware(device, threads),
    }
