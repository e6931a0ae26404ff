"""A synthetic corpus -> tokens per second and peak memory of co-occurrence counts, per window.

The corpus streams by: words follow Zipf's law over 60,000 types, half of the tokens are content
words, documents have 500 tokens in 25 sentences and 5 paragraphs. Each window is counted and scored
(PPMI) in a process of its own, so that the peak memory is its own; the time that it takes to invent
the documents is measured and left out. The promise: 1 million tokens in at most 60 s and 2 GB. On a
small part the counts are compared with those of plain loops over pairs, and both are timed in turn
(with ten units to a sentence, reading them takes longer than counting their pairs either way).
Needs Linux (``/proc``).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, groupby

import numpy as np
from harness import Figure, interleaved, parser, show

from linguagraph.documents.records import Document, Sentence, Token
from linguagraph.graphs.association import associate
from linguagraph.graphs.cooccurrence import Cooccurrence, count_cooccurrences

SECONDS, MEMORY_MB = 60.0, 2048.0
TYPES, LENGTH, SENTENCES, PARAGRAPHS = 60_000, 20, 25, 5
WINDOWS = {
    "sentence": {"window": "sentence"},
    "5 tokens": {"window": "tokens", "size": 5},
    "10 tokens, all words": {"window": "tokens", "size": 10, "keep": None},
    "paragraph": {"window": "paragraph"},
    "document": {"window": "document"},
    "document, pairs seen twice": {"window": "document", "min_count": 2},
}


class Corpus:
    """Documents made on the way; ``seconds`` is the processor time that making them took."""

    def __init__(self, tokens: int, *, seed: int = 0) -> None:
        self.tokens, self.seconds = tokens, 0.0
        self._random = np.random.default_rng(seed)
        shares = 1.0 / (np.arange(TYPES) + 2.7)
        self._reach = np.cumsum(shares / shares.sum())
        self._words = [f"w{number}" for number in range(TYPES)]

    def __iter__(self) -> Iterator[Document]:
        for number in range(max(self.tokens // (LENGTH * SENTENCES), 1)):
            started = time.process_time()
            document = self._document(number)
            self.seconds += time.process_time() - started
            yield document

    def _document(self, number: int) -> Document:
        draws = self._random.random((SENTENCES, LENGTH))
        words = np.minimum(np.searchsorted(self._reach, draws), TYPES - 1).tolist()
        sentences = tuple(
            Sentence(
                tuple(
                    Token(i, self._words[w], self._words[w], "NOUN" if w % 2 else "DET")
                    for i, w in enumerate(row)
                ),
                paragraph=place * PARAGRAPHS // SENTENCES,
            )
            for place, row in enumerate(words)
        )
        return Document(str(number), sentences)


def main() -> None:
    """Measure and print; with ``--one`` be the process that counts."""
    options = parser(__doc__ or "")
    options.add_argument("--tokens", type=int, default=1_000_000, metavar="N", help="(1000000)")
    options.add_argument("--one", metavar="WINDOW", help="count one window and print numbers")
    given = options.parse_args()
    tokens = 100_000 if given.quick else given.tokens
    if given.one:
        _count_one(given.one, tokens)
        return
    figures = []
    for name in WINDOWS:
        done = subprocess.run(
            [sys.executable, __file__, "--one", name, "--tokens", str(tokens)],
            check=True,
            capture_output=True,
            text=True,
        )
        seconds, wall, pairs, before, peak = (float(part) for part in done.stdout.split())
        note = f"{tokens / seconds:,.0f} tokens/s; {pairs:,.0f} pairs; {wall:.1f} s by wall clock"
        figures.append(Figure(f"{name}: processor time", seconds, SECONDS, "s", note=note))
        note = f"of that before counting {before:,.0f} MB"
        figures.append(Figure(f"{name}: peak memory", peak, MEMORY_MB, "MB", note=note))
    figures += _against_loops(2_000 if given.quick else 20_000)
    show("Co-occurrence", figures, path=given.json, tokens=tokens)


def _count_one(name: str, tokens: int) -> None:
    corpus = Corpus(tokens)
    before = _peak()
    started, used = time.perf_counter(), time.process_time()
    table = associate(count_cooccurrences(corpus, **WINDOWS[name]))  # type: ignore[arg-type]
    spent, passed = time.process_time() - used, time.perf_counter() - started
    print(spent - corpus.seconds, passed, len(table), before, _peak())


def _peak() -> float:
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _against_loops(tokens: int) -> list[Figure]:
    documents = list(Corpus(tokens, seed=1))
    figures = []
    every = {"sentence": _loop_sentences, "paragraph": _loop_paragraphs, "5 tokens": _loop_tokens}
    for name, loops in every.items():
        options = WINDOWS[name]
        ours = count_cooccurrences(documents, **options)  # type: ignore[arg-type]
        if _named(ours) != loops(documents):
            raise SystemExit(f"{name}: the counts differ from those of plain loops")
        work = {
            "loops": lambda _, loops=loops: loops(documents),
            "ours": lambda _, options=options: count_cooccurrences(documents, **options),
        }
        times = interleaved(work, rounds=5, warm_up=1)
        title = f"plain loops / ours, {name}, {tokens:,} tokens"
        figures.append(times.ratio("loops", "ours", title=title))
    return figures


def _named(found: Cooccurrence) -> Counter[tuple[str, str]]:
    first, second = found.pairs.tolist()
    names = found.units
    return Counter(
        {(names[a], names[b]): n for a, b, n in zip(first, second, found.counts, strict=True)}
    )


def _loop_sentences(documents: list[Document]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for document in documents:
        for sentence in document.sentences:
            units = sorted({t.form for t in sentence.tokens if t.upos == "NOUN"})
            found.update(combinations(units, 2))
    return found


def _loop_paragraphs(documents: list[Document]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for document in documents:
        for _, sentences in groupby(document.sentences, key=lambda sentence: sentence.paragraph):
            units = {t.form for s in sentences for t in s.tokens if t.upos == "NOUN"}
            found.update(combinations(sorted(units), 2))
    return found


def _loop_tokens(documents: list[Document]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for document in documents:
        tokens = [token for sentence in document.sentences for token in sentence.tokens]
        for place, token in enumerate(tokens):
            for other in tokens[place + 1 : place + 6]:
                if token.upos == other.upos == "NOUN" and token.form != other.form:
                    low, high = sorted((token.form, other.form))
                    found[low, high] += 1
    return found


if __name__ == "__main__":
    main()
