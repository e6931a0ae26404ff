"""A CoNLL-2009 file -> sentences read per second, and peak memory at one and at ten times its size.

The file is streamed in a process of its own, so that its peak memory is that of reading alone; the
ten-fold file is the corpus ten times over. Constant memory is the promise: the peak may differ by
what the allocator loses to fragments. Needs Linux (``/proc``).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from harness import Figure, corpus_sentences, default_corpus, parser, show

TIMES = 10
EXTRA_MEMORY_MB = 5.0
READER = """
import re, sys, time
from pathlib import Path
from linguagraph.documents import read_sentences

def peak():
    return re.search("VmHWM:[^0-9]*([0-9]+)", Path("/proc/self/status").read_text())[1]

before = peak()
started, used = time.perf_counter(), time.process_time()
sentences = tokens = 0
for sentence in read_sentences(sys.argv[1]):
    sentences += 1
    tokens += len(sentence)
spent, passed = time.process_time() - used, time.perf_counter() - started
print(sentences, tokens, spent, passed, before, peak())
"""


def main() -> None:
    """Measure and print."""
    options = parser(__doc__ or "")
    given = options.parse_args()
    rounds = 1 if given.quick else 3
    with tempfile.TemporaryDirectory(prefix="linguagraph-bench-") as folder:
        once = default_corpus(given.corpus)
        if once is None:
            from linguagraph.documents import write_sentences

            once = Path(folder) / "once.conll09"
            write_sentences(corpus_sentences(None), once)
        many = Path(folder) / "many.conll09"
        with open(many, "wb") as stream:
            for _ in range(TIMES):
                stream.write(once.read_bytes())
        single = min((_read(once) for _ in range(rounds)), key=lambda found: found[2])
        tenfold = _read(many)
    figures = _figures(single, tenfold)
    show("Reading CoNLL-2009", figures, path=given.json, corpus=once.name, sentences=int(single[0]))


def _read(path: Path) -> tuple[float, ...]:
    """sentences, tokens, processor seconds, wall seconds, KiB before and at most."""
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)], check=True, capture_output=True, text=True
    )
    return tuple(float(part) for part in done.stdout.split())


def _figures(single: tuple[float, ...], tenfold: tuple[float, ...]) -> list[Figure]:
    per_sentence = (tenfold[2] / tenfold[0]) / (single[2] / single[0])
    return [
        Figure("sentences per second", single[0] / single[2], note="processor time"),
        Figure("tokens per second", single[1] / single[2], note="processor time"),
        Figure("seconds", single[2], None, "s", note=f"{single[3]:.2f} by wall clock"),
        Figure("peak memory of the process", single[5] / 1024, None, "MB"),
        Figure("of that before reading", single[4] / 1024, None, "MB"),
        Figure(
            f"peak memory added at {TIMES} times the size",
            (tenfold[5] - single[5]) / 1024,
            EXTRA_MEMORY_MB,
            "MB",
        ),
        Figure(f"time per sentence at {TIMES} times the size, by once", per_sentence, 1.2, "x"),
    ]


if __name__ == "__main__":
    main()
