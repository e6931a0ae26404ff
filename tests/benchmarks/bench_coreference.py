"""GUM dev with gold trees -> how good the bundled coreference resolver is, and how fast.

Scored on exact spans, chains of two mentions and more: MUC, B-cubed, CEAF-e and the CoNLL average
over all documents; links by type of anaphor; the precision of each pass. The rules were made while
reading every other document (``development``, from the first); of the rest (``held_out``) only the
scores were seen. ``--json FILE`` writes ``linguagraph/pretrained/coreference-en/scores.json``.

GUM is never trained on: its licence (CC BY-NC-SA 4.0) allows evaluation only.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from linguagraph.aggregates.coreference_scores import CoreferenceScores, score_coreference
from linguagraph.documents.corefud import read_corefud
from linguagraph.documents.records import Document
from linguagraph.documents.resolver.passes import PASSES
from linguagraph.documents.resolver.resolve import resolve, resolve_traced
from linguagraph.files import write_json

GUM = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "gum" / "dev.conllu"


def main() -> None:
    """Measure, print and perhaps write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--corpus", type=Path, default=GUM, help="GUM's dev file, CorefUD")
    options.add_argument("--json", type=Path, help="write the scores to this file")
    given = options.parse_args()
    if not given.corpus.exists():
        print(f"{given.corpus} is not there; nothing measured")
        return
    documents = list(read_corefud(given.corpus))
    scores = measure(documents)
    show(scores)
    speed(documents)
    if given.json:
        write_json(given.json, scores)


def measure(documents: Sequence[Document]) -> dict[str, Any]:
    """Everything that goes into the JSON file."""
    resolved = [resolve(document) for document in documents]
    with_turns = [resolve(document, turns=True) for document in documents]
    every = score_coreference(documents, resolved)
    halves = {"development": slice(0, None, 2), "held_out": slice(1, None, 2)}
    return {
        "resolver": "deterministic rules for English",
        "corpus": "UD_English-GUM dev",
        "trees": "gold",
        "match": every.match,
        "singletons": every.singletons,
        "documents": len(documents),
        "tokens": sum(len(s) for document in documents for s in document.sentences),
        "overall": metrics(every),
        **{
            name: {
                "documents": [document.id for document in documents[half]],
                **metrics(score_coreference(documents[half], resolved[half])),
            }
            for name, half in halves.items()
        },
        "given_speakers": metrics(score_coreference(documents, with_turns)),
        "anaphors": {name: prf(value) for name, value in every.links_by_type.items()},
        "passes": {
            name: {
                "links": int(every.links_by_rule[name].response),
                "precision": round(every.links_by_rule[name].precision, 4),
            }
            for name in PASSES
            if name in every.links_by_rule
        },
    }


def metrics(scores: CoreferenceScores) -> dict[str, Any]:
    """The CoNLL average and what it is made of, 0 to 1."""
    return {
        "conll": round(scores.conll, 4),
        "muc": prf(scores.muc),
        "b_cubed": prf(scores.b_cubed),
        "ceaf_e": prf(scores.ceaf_e),
        "mentions": prf(scores.mentions),
    }


def prf(value: Any) -> dict[str, float]:
    """Precision, recall and F1, 0 to 1."""
    return {name: round(getattr(value, name), 4) for name in ("precision", "recall", "f1")}


def show(scores: dict[str, Any]) -> None:
    """Print as tables."""
    for part in ("overall", "development", "held_out", "given_speakers"):
        found = scores[part]
        rest = " ".join(f"{m} {found[m]['f1']:.4f}" for m in ("muc", "b_cubed", "ceaf_e"))
        print(f"{part:15} CoNLL {found['conll']:.4f}  {rest}")
    for name, value in scores["anaphors"].items():
        print(f"{name:15} " + " ".join(f"{k} {v:.4f}" for k, v in value.items()))
    for name, value in scores["passes"].items():
        print(f"{name:15} links {value['links']:5d} precision {value['precision']:.4f}")


def speed(documents: Sequence[Document]) -> None:
    """Print tokens per second of processor time, and how it grows with a document's length."""
    sentences = tuple(s for document in documents for s in document.sentences)
    for times in (1, 2, 4):
        text = Document("all", sentences * times)
        start = time.process_time()
        found = resolve_traced(text)
        seconds = time.process_time() - start
        tokens = sum(len(s) for s in text.sentences)
        compared = sum(found.comparisons.values()) / tokens
        print(
            f"{tokens:7d} tokens: {tokens / seconds:8.0f} a second, {compared:.2f} comparisons each"
        )


if __name__ == "__main__":
    main()
