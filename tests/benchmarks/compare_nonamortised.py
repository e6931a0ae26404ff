"""Amortised against non-amortised GraphMask on the same examples: size, score, agreement and time.

The non-amortised variant fits a gate per edge on the explained example itself, with the prediction
in view (paper, section 3.2). Usage: python tests/benchmarks/compare_nonamortised.py --corpus FILE
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from linguagraph.documents import read_sentences
from linguagraph.masks.nonamortised import NonAmortisedConfig, mask_nonamortised
from linguagraph.models.batch import encode_examples, in_order
from linguagraph.models.scoring import RoleCounts, count_roles, predict_roles
from linguagraph.runs.models import load_explained

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "data" / "ewt-srl" / "dev.conll09"


def main() -> None:
    """Print one row per variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="annotated corpus")
    parser.add_argument("--model", default="srl-gnn", help="bundled model or directory")
    parser.add_argument("--examples", type=int, default=300, help="predicates to explain")
    parser.add_argument("--steps", type=int, default=300, help="steps per example")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each variant")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    explained = load_explained(options.model, seeds=options.seeds, device="cpu")
    masker = explained.masker
    every = list(encode_examples(read_sentences(options.corpus), masker.model.vocabulary))
    random = np.random.default_rng(0)
    chosen = random.choice(len(every), size=min(options.examples, len(every)), replace=False)
    examples = sorted((every[i] for i in chosen), key=len)
    rows = []
    for variant in ("amortised", "non-amortised"):
        votes: list[np.ndarray] = []
        counts = [RoleCounts() for _ in range(options.seeds)]
        plain, same, tokens, seconds = RoleCounts(), 0, 0, 0.0
        for run in in_order([len(e) for e in examples], tokens=1000):
            batch = masker.collate([examples[i] for i in run])
            started = time.process_time()
            if variant == "amortised":
                masked = masker.mask(batch)
                gates = torch.stack(masked.gates, dim=1)
                original, logits = masked.original.logits, masked.logits
            else:
                found = [
                    mask_nonamortised(
                        masker.model, batch, NonAmortisedConfig(steps=options.steps, seed=seed)
                    )
                    for seed in range(options.seeds)
                ]
                gates = torch.cat([torch.stack(m.gates, dim=1) for m in found])
                original, logits = found[0].original.logits, torch.cat([m.logits for m in found])
            seconds += time.process_time() - started
            votes.append(gates.flatten(1).bool().numpy())
            plain += _counts(original, batch.roles)
            for seed in range(options.seeds):
                counts[seed] += _counts(logits[seed], batch.roles)
            there = predict_roles(original) > 0
            agree = predict_roles(logits) == predict_roles(original)
            same += int(agree[:, there].sum())
            tokens += int(there.sum()) * options.seeds
        kept = np.concatenate(votes, axis=1)
        f1 = [100 * c.f1 for c in counts]
        rows.append(
            {
                "variant": variant,
                "examples": len(examples),
                "retained_percent": round(100 * float(kept.mean()), 2),
                "f1": round(float(np.mean(f1)), 2),
                "f1_change": round(float(np.mean(f1)) - 100 * plain.f1, 2),
                "arguments_unchanged_percent": round(100 * same / max(1, tokens), 2),
                "kappa": round(_kappa(kept), 3),
                "seconds_per_example_and_seed": round(seconds / len(examples) / options.seeds, 5),
            }
        )
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


def _counts(logits: torch.Tensor, gold: torch.Tensor) -> RoleCounts:
    return RoleCounts(*count_roles(predict_roles(logits), gold).sum(0).tolist())


def _kappa(votes: np.ndarray) -> float:
    raters = votes.shape[0]
    if raters < 2:
        return float("nan")
    yes = votes.sum(axis=0)
    observed = ((yes**2 + (raters - yes) ** 2 - raters) / (raters * (raters - 1))).mean()
    share = yes.mean() / raters
    chance = share**2 + (1 - share) ** 2
    return float((observed - chance) / (1 - chance)) if chance < 1 else float("nan")


if __name__ == "__main__":
    main()
