"""The bundled parser on one thread: import and load, tokens per second, peak memory.

    python tests/benchmarks/bench_parser.py [TEXT]

Without a text, the bundled sample is repeated as so many documents. Beside it: plain
``stanza.Pipeline`` on the same text with the same models, as a ratio (ours / Stanza's; above 1 is
slower). Processor seconds; nothing here is a test.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import linguagraph
from linguagraph.pretrained import sample_text_path

REPEATS = 12


def main() -> None:
    begun = time.process_time()
    import torch

    from linguagraph.documents.parsers import RawDocument
    from linguagraph.documents.stanza_parser import load_parser
    from linguagraph.documents.stanza_pipeline import import_stanza, quiet

    torch.set_num_threads(1)
    stanza = import_stanza()
    imported = time.process_time()
    parser = load_parser("bundled")
    loaded = time.process_time()
    text = Path(sys.argv[1] if len(sys.argv) > 1 else sample_text_path()).read_text(
        encoding="utf-8"
    )
    count = 1 if len(sys.argv) > 1 else REPEATS
    documents = [RawDocument(str(n), text) for n in range(count)]
    next(iter(parser.parse([RawDocument("warm", text[:2000])])))
    start = time.process_time()
    tokens = sum(len(s) for d in parser.parse(documents) for s in d.sentences)
    ours = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    plain = parser._pipeline
    start = time.process_time()
    with quiet():
        theirs_tokens = sum(plain("\n\n".join([text] * count)).num_words for _ in range(1))
    theirs = time.process_time() - start
    print(f"linguagraph {linguagraph.__version__}, stanza {stanza.__version__}, one thread")
    print(f"import {imported - begun:.1f} s, load {loaded - imported:.1f} s, peak {peak:.0f} MB")
    print(f"{tokens:,} words, {tokens / ours:,.0f} per second")
    print(f"ours / plain pipeline, per word: {ours / tokens / (theirs / theirs_tokens):.2f}")


if __name__ == "__main__":
    main()
