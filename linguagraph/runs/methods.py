"""The name of a masking method and its options -> that method on an SRL model, ready to mask."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from pathlib import Path
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any

from linguagraph.documents.reading import read_sentences
from linguagraph.errors import ConfigError
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.masks.srl_rivals import Choice, RivalMasker
from linguagraph.models.batch import SrlExample, encode_examples
from linguagraph.models.contexts import GraphSource
from linguagraph.models.precision import check_precision
from linguagraph.models.srl import SrlModel
from linguagraph.runs.configuring import corpus_fingerprint
from linguagraph.runs.merged import corpus_documents
from linguagraph.runs.models import Explained, load_explained, load_network
from linguagraph.runs.progress import AbstractTask, Progress, no_progress

if TYPE_CHECKING:
    from linguagraph.masks.rivals.method import Method

__all__ = ["FIT_MOST", "GRAPHMASK", "METHOD_SEEDS", "MethodOptions", "corpus_examples"]
__all__ += ["SEMIRING", "fit_rival", "load_method"]

GRAPHMASK = "graphmask"
"""The default: probes that were trained beforehand."""

SEMIRING = ("semiring", "semiring_best")
"""Methods that find the best path of each answer besides."""

DETERMINISTIC = ("erasure", "integrated_gradients", "gradient_gate", "attention", *SEMIRING)
"""Methods without noise: another seed gives the same mask."""

FILLS = {
    "nonamortised": "the baselines that the method learns for each example",
    "information_bottleneck": "the mean message of the layer",
}
"""What methods put in the place of dropped messages, if not zeros."""

METHOD_SEEDS = 3
"""Seeds of the other methods."""

FIT_MOST = 5000
"""Examples that a method learns from at most, drawn at random: a minute or two an epoch."""


@dataclass(frozen=True)
class MethodOptions:
    """A masking method, and how its scores become retained edges.

    Attributes:
        name: ``graphmask``, or a key of :data:`linguagraph.masks.rivals.METHODS`.
        keep: share of the edges of each example that is retained; threshold: score above which an
            edge is. Neither: as many as the model's GraphMask probes retain on their development
            data, so that methods are compared at equal sparsity. Methods that decide themselves
            take neither.
        seeds: how often methods with noise are run, with the seeds 0, 1, ...; ``None`` is
            :data:`METHOD_SEEDS`.
        fit_on: annotated corpus that a method which learns is fitted on; ``None`` takes the corpus
            that is explained.

    Raises:
        ConfigError: options of other methods for GraphMask, or numbers out of range.
    """

    name: str = GRAPHMASK
    keep: float | None = None
    threshold: float | None = None
    seeds: int | None = None
    fit_on: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name.replace("-", "_"))
        Choice(self.keep, self.threshold)
        if self.seeds is not None and self.seeds < 1:
            raise ConfigError(f"method seeds={self.seeds}; expected at least 1")
        given = list(self.to_json())
        if self.name == GRAPHMASK and given != ["name"]:
            raise ConfigError(
                f"{', '.join(given[1:])} does not go with {GRAPHMASK}, whose probes decide which "
                "edges are retained and are chosen by --seeds; name another --method"
            )

    def to_json(self) -> dict[str, Any]:
        """The options that are given, by name."""
        found = {key: value for key, value in asdict(self).items() if value is not None}
        return {k: str(v) if isinstance(v, Path) else v for k, v in found.items()}

    def noted(self) -> dict[str, Any]:
        """What a manifest's options say of the method; nothing of GraphMask."""
        return {} if self.name == GRAPHMASK else {"method": self.to_json()}


def load_method(
    model: str | Path,
    options: MethodOptions | None = None,
    *,
    seeds: str | int | Sequence[int] | None = None,
    device: str = "auto",
    precision: str = "float32",
) -> Explained:
    """Load a model with its GraphMask probes, or with another method.

    Args:
        model: a bundled name, or a directory.
        options: the method; ``None`` is GraphMask.
        seeds: of probes, see :func:`linguagraph.runs.models.parse_seeds`.
        device: ``cpu``, ``cuda`` or ``auto``.
        precision: of GraphMask, see :data:`linguagraph.models.precision.PRECISIONS`.

    Raises:
        ConfigError, CheckpointError: something is not there or does not fit.
        MaskError: the method needs a package that is not installed.
    """
    if options is None or options.name == GRAPHMASK:
        explained = load_explained(model, seeds=seeds, device=device)
        assert isinstance(explained.masker, SrlGraphMask)
        explained.masker.precision = check_precision(precision)
        return explained
    refuse_precision(precision, options.name)
    if seeds is not None:
        raise ConfigError(
            f"--seeds chooses GraphMask probes; how often {options.name} is run is --method-seeds"
        )
    from linguagraph.masks.rivals import find_method

    factory = find_method(options.name)
    network, record, graphs, name, probes = load_network(model, device=device)
    methods: dict[int, Method] = {seed: factory() for seed in range(_count(options))}
    choice, why = _choice(options, methods[0], probes)
    rival: dict[str, Any] = {
        "name": options.name,
        "seeds": list(methods),
        "deterministic": options.name in DETERMINISTIC,
        "chosen_by": why,
        "keep": choice.keep,
        "threshold": choice.threshold,
        "fill": FILLS.get(options.name, "zeros"),
        "needs_fit": methods[0].needs_fit,
        "config": _plain(getattr(methods[0], "config", None)),
    }
    explained = Explained(
        name, RivalMasker(network, methods, choice=choice), record, [], graphs, rival
    )
    if options.fit_on is None:
        return explained
    if not methods[0].needs_fit:
        raise ConfigError(f"{options.name} learns from no examples; leave --fit-on out")
    mark = {"name": options.fit_on.name, "fingerprint": corpus_fingerprint(options.fit_on)}
    examples = corpus_examples(options.fit_on, network, record, graphs)
    return replace(explained, rival=rival | {"fit_on": mark}, training=examples)


def refuse_precision(precision: str, method: str) -> None:
    """Methods other than GraphMask compute in 32 bits.

    Raises:
        ConfigError: unknown precision, or another one is asked for.
    """
    if check_precision(precision) != "float32":
        raise ConfigError(
            f"--precision {precision} is for GraphMask; {method} computes in float32: leave it out"
        )


def _count(options: MethodOptions) -> int:
    """Number of seeds."""
    if options.name not in DETERMINISTIC:
        return METHOD_SEEDS if options.seeds is None else options.seeds
    if (options.seeds or 1) > 1:
        raise ConfigError(
            f"{options.name} has no noise: {options.seeds} seeds would give the same mask "
            f"{options.seeds} times; leave --method-seeds out"
        )
    return 1


def corpus_examples(
    corpus: Path, network: SrlModel, record: Mapping[str, Any], graphs: GraphSource | None
) -> list[SrlExample]:
    """Examples of an annotated corpus, with the graphs that the model reads."""
    if graphs is None:
        return list(encode_examples(read_sentences(corpus), network.vocabulary))
    coreference = record.get("data", {}).get("documents", {}).get("coreference", "rules")
    found = corpus_documents(corpus, None, coreference=coreference)
    sentences = (sentence for document in found for sentence in document.sentences)
    return list(encode_examples(sentences, network.vocabulary, graphs=graphs.graphs(found)))


def fit_rival(
    explained: Explained,
    shards: Iterable[Sequence[SrlExample]],
    *,
    seed: int = 0,
    progress: Progress = no_progress,
) -> dict[str, Any] | None:
    """Let a method learn that does: from its own examples, or else from those of the run.

    Args:
        explained: model and method.
        shards: examples of the run; only read where they are needed.
        seed: of the draw where there are more than :data:`FIT_MOST`.
        progress: for people who wait.

    Returns:
        What it learned from; ``None`` for methods that do not learn here.
    """
    masker = explained.masker
    if explained.rival is None or not explained.rival["needs_fit"]:
        return None
    assert isinstance(masker, RivalMasker)
    examples = explained.training
    source = explained.rival.get("fit_on", {"name": "the explained corpus itself"})
    if examples is None:
        examples = [example for shard in shards for example in shard]
    total = len(examples)
    if total > FIT_MOST:
        examples = Random(seed).sample(list(examples), FIT_MOST)
    tasks: list[AbstractTask] = []

    def tell(number: int, epoch: int, epochs: int) -> None:
        if not tasks:
            tasks.append(progress(f"fitting {masker.method}", epochs * len(masker.seeds)))
        tasks[0](1)

    masker.fit(examples, progress=tell)
    for task in tasks:
        task.close()
    return {"corpus": source, "predicates": len(examples), "of": total}


def _choice(
    options: MethodOptions, method: Method, probes: Sequence[dict[str, Any]]
) -> tuple[Choice, str]:
    """How edges are chosen, and in words why."""
    given = Choice(options.keep, options.threshold)
    if method.hard:
        if given.given:
            raise ConfigError(
                f"{method.name} decides itself which edges are retained; leave --keep and "
                "--threshold out"
            )
        return given, "the method itself"
    if given.given:
        return given, "as given"
    retained = [p["quality"]["retained"] for p in probes if "retained" in p.get("quality", {})]
    if not retained:
        raise ConfigError(
            f"{method.name} gives scores and does not decide; this model has no GraphMask probes "
            "whose retained share could be taken, so say --keep SHARE or --threshold T"
        )
    why = "the mean retained share of the model's GraphMask probes on their development data"
    return Choice(keep=round(fmean(retained), 4)), why


def _plain(config: Any) -> dict[str, Any]:
    """A method's options, fit for JSON; how edges are chosen is said elsewhere."""
    if not is_dataclass(config) or isinstance(config, type):
        return {}
    values: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    values.pop("threshold", None)
    return values
