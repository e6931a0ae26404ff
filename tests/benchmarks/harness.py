"""Callables and corpora -> interleaved timings, ratios and tables; what the benchmarks share.

Figures are ratios between things that run in turn in one process (A B A B ...), by processor time,
so that other work on the machine disturbs them little. Medians, with the quartiles beside them.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linguagraph.documents import read_sentences
from linguagraph.documents.records import Frame, Role, Sentence, Token
from linguagraph.errors import LinguagraphError

if TYPE_CHECKING:
    from linguagraph.masks.srl import SrlGraphMask
    from linguagraph.models.batch import SrlBatch

__all__ = [
    "Figure",
    "Timings",
    "corpus_sentences",
    "default_corpus",
    "interleaved",
    "keep_a_fifth",
    "parser",
    "show",
    "synthetic_sentences",
    "training_sentences",
]

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ewt-srl"


@dataclass(frozen=True)
class Figure:
    """One measured number; ``promise`` is its largest accepted value, ``None`` if none is given."""

    name: str
    value: float
    promise: float | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the promise holds; ``None`` without one."""
        return None if self.promise is None else self.value <= self.promise

    def to_json(self) -> dict[str, Any]:
        """Fields, and whether the promise holds."""
        return {**self.__dict__, "met": self.met}


@dataclass(frozen=True)
class Timings:
    """Seconds per round of every callable, in processor (``cpu``) and in wall time."""

    cpu: Mapping[str, Sequence[float]]
    wall: Mapping[str, Sequence[float]]

    def seconds(self, name: str, *, wall: bool = False) -> float:
        """Median seconds of one callable."""
        return statistics.median((self.wall if wall else self.cpu)[name])

    def ratio(self, above: str, below: str, *, title: str, promise: float | None = None) -> Figure:
        """Median over the rounds of one callable's processor time by another's of that round."""
        middle, low, high = _quartiles(self.cpu[above], self.cpu[below])
        in_wall = _quartiles(self.wall[above], self.wall[below])[0]
        return Figure(title, middle, promise, "x", low, high, f"{in_wall:.2f} by wall clock")


def _quartiles(above: Sequence[float], below: Sequence[float]) -> tuple[float, float, float]:
    shares = np.array(above) / np.array(below)
    low, middle, high = np.quantile(shares, [0.25, 0.5, 0.75])
    return float(middle), float(low), float(high)


def interleaved(
    work: Mapping[str, Callable[[int], object]],
    *,
    rounds: int,
    warm_up: int = 2,
    synchronise: Callable[[], object] | None = None,
) -> Timings:
    """Call every callable once per round, in turn, with the round's number.

    Args:
        work: what to time.
        rounds: timed rounds, after ``warm_up`` rounds that are not.
        synchronise: waits for a GPU; with it ``cpu`` holds wall time, too, because the processor
            only waits.
    """
    cpu: dict[str, list[float]] = {name: [] for name in work}
    wall: dict[str, list[float]] = {name: [] for name in work}
    wait = synchronise or (lambda: None)
    for number in range(warm_up + rounds):
        for name, call in work.items():
            wait()
            started, used = time.perf_counter(), time.process_time()
            call(number)
            wait()
            passed, spent = time.perf_counter() - started, time.process_time() - used
            if number >= warm_up:
                wall[name].append(passed)
                cpu[name].append(spent if synchronise is None else passed)
    return Timings(cpu, wall)


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the options that all benchmarks have."""
    found = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON, too")
    found.add_argument(
        "--corpus",
        type=Path,
        metavar="FILE",
        help="annotated corpus, by default ../shared/data/ewt-srl/dev.conll09; where that is "
        "missing, random trees of 25 tokens on average with as many labels as a real corpus",
    )
    found.add_argument("--quick", action="store_true", help="fewer repetitions or less data")
    return found


def default_corpus(corpus: Path | None) -> Path | None:
    """The corpus asked for, or the shared development file, or ``None``: make one."""
    if corpus is not None:
        if not corpus.is_file():
            raise SystemExit(f"{corpus}: no such file")
        return corpus
    found = SHARED / "dev.conll09"
    return found if found.is_file() else None


def corpus_sentences(corpus: Path | None, *, limit: int | None = None) -> list[Sentence]:
    """Sentences of :func:`default_corpus`, or as many random ones (2,000 without a limit)."""
    path = default_corpus(corpus)
    if path is None:
        return synthetic_sentences(limit or 2000)
    try:
        return list(islice(read_sentences(path), limit))
    except LinguagraphError as error:
        raise SystemExit(str(error)) from error


def training_sentences(corpus: Path | None) -> list[Sentence]:
    """What a vocabulary of realistic size is counted over: the train file beside the corpus."""
    path = default_corpus(corpus)
    beside = None if path is None else path.with_name(path.name.replace("dev", "train"))
    if beside is not None and beside != path and beside.is_file():
        return list(read_sentences(beside))
    return synthetic_sentences(12000, seed=1)


def keep_a_fifth(masker: SrlGraphMask, batch: SrlBatch) -> None:
    """Shift untrained probes so that about a fifth of a batch's gates are open in every layer."""
    locations = masker.mask(batch).locations
    offsets = [p for name, p in masker.probe.named_parameters() if name.endswith("offset")]
    for values, offset in zip(locations, offsets, strict=True):
        offset.data.sub_(values.quantile(0.8, dim=1))


def synthetic_sentences(count: int, *, seed: int = 0) -> list[Sentence]:
    """Random sentences like those of a web treebank: trees of 3 to 60 tokens, 2.2 predicates.

    Words follow Zipf's law over 8,000 forms, labels over 48, tags over 49, roles over 40; most
    arguments are dependents of their predicate or near it.
    """
    random = np.random.default_rng(seed)
    return [_sentence(index, random) for index in range(count)]


def _sentence(index: int, random: np.random.Generator) -> Sentence:
    size = int(np.clip(random.gamma(2.2, 25 / 2.2), 3, 60))
    words = random.zipf(1.12, size) * 7919 % 8009
    tags, labels = _skewed(random, size, 49), _skewed(random, size, 48)
    heads = _tree(size, random)
    tokens = tuple(
        Token(
            index=i,
            form=_spelt(words[i]),
            lemma=_spelt(words[i] // 2),
            xpos=("VB", "NN", "JJ")[tags[i]] if tags[i] < 3 else f"T{tags[i]}",
            head=heads[i],
            deprel=f"label{labels[i]}" if heads[i] >= 0 else "root",
        )
        for i in range(size)
    )
    chosen = random.permutation(size)[: min(size, int(random.poisson(2.2)))]
    frames = tuple(
        Frame(int(p), f"{_spelt(words[p] // 2)}.01", _roles(int(p), heads, random))
        for p in sorted(chosen)
    )
    return Sentence(tokens, frames, index=index)


def _spelt(number: int) -> str:
    """A word of at least three letters; numbers have words of their own."""
    letters = ""
    while number or len(letters) < 3:
        number, digit = divmod(int(number), 26)
        letters += chr(ord("a") + digit)
    return letters


def _tree(size: int, random: np.random.Generator) -> list[int]:
    """Heads of a random tree in which most tokens hang on a near one."""
    order = random.permutation(size)
    heads = [-1] * size
    for place in range(1, size):
        above = order[:place]
        nearness = 1.0 / np.abs(above - order[place])
        heads[order[place]] = int(random.choice(above, p=nearness / nearness.sum()))
    return heads


def _roles(predicate: int, heads: Sequence[int], random: np.random.Generator) -> tuple[Role, ...]:
    names = _skewed(random, len(heads), 40)
    near = np.abs(np.arange(len(heads)) - predicate) < 6
    share = np.where(np.array(heads) == predicate, 0.8, np.where(near, 0.12, 0.01))
    chosen = np.flatnonzero(random.random(len(heads)) < share)
    return tuple(Role(int(i), f"R{names[i]}") for i in chosen)


def _skewed(random: np.random.Generator, size: int, kinds: int) -> np.ndarray:
    weights = 1 / (np.arange(kinds) + 3.0)
    return random.choice(kinds, size, p=weights / weights.sum())


def show(title: str, figures: Sequence[Figure], *, path: Path | None, **facts: object) -> None:
    """Print a table of figures with their promises; write them and the facts as JSON if asked."""
    known = {"processor": platform.machine(), "python": platform.python_version(), **facts}
    print(f"\n{title}\n" + "  ".join(f"{name}: {value}" for name, value in known.items()))
    width = max(len(figure.name) for figure in figures)
    print(f"{'':{width}}  {'median':>12}  {'quartiles':>15}  {'promise':>9}")
    for figure in figures:
        spread = "" if figure.low is None else f"{_text(figure.low)} to {_text(figure.high)}"
        promise = "" if figure.promise is None else f"<= {_text(figure.promise)}"
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
        value = f"{_text(figure.value)} {figure.unit}"
        line = f"{figure.name:{width}}  {value:>12}  {spread:>15}  {promise:>9}  {verdict:6}"
        print(f"{line}  {figure.note}".rstrip())
    if path is not None:
        record = {"title": title, "facts": known, "figures": [f.to_json() for f in figures]}
        path.write_text(json.dumps(record, indent=2, default=str) + "\n", encoding="utf-8")


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
