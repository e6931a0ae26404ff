"""Question answering on a GPU: iterations against floors, seeds, forms, agreement.

As for role labelling in ``bench_gpu.py``, over random questions of ``bench_qa.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from bench_qa import VOCABULARY, MaskSteps, random_batch, thinned
from gpu_agreement import Agreement

from linguagraph.graphs.entity import RELATIONS
from linguagraph.masks.floors import GraphSizes, Work, qa_floor
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.models.qa import QaConfig, QaModel
from linguagraph.models.qa_batch import QaBatch
from linguagraph.models.qa_checkpoints import load_qa_model
from linguagraph.pretrained import bundled_path

__all__ = ["questions"]

Seconds = Callable[[Callable[[int], object]], float]
Against = Callable[[str, Work, float, str], dict[str, Any]]


def questions(device: str, seconds: Seconds, against: Against) -> dict[str, Any]:
    """All figures.

    Args:
        device: ``cpu`` or ``cuda``.
        seconds: of one call among many.
        against: prints a title, the floor, seconds and the precision, and returns the figures.
    """
    found: dict[str, Any] = {}
    found["agreement"] = agree(device)
    found["forms"] = forms(device, seconds)
    random = np.random.default_rng(0)
    for count in (16, 128) if device == "cuda" else (16,):
        batches = [random_batch(random.integers(25, 80, count).tolist(), seed=i) for i in range(3)]
        for width in (None, 1024):
            config = QaConfig() if width is None else QaConfig(width=width, hidden=width)
            spent = {}
            for seeds in (1, 5):
                torch.manual_seed(0)
                model = QaModel(config, VOCABULARY).eval().to(device)
                steps = MaskSteps(model, [batch.to(device) for batch in batches], seeds=seeds)
                spent[seeds] = seconds(steps)
                at = f"qa, {width or 'bundled'}, {count} questions, {seeds} seeds"
                found[at] = against(at, work(config, batches, seeds), spent[seeds], "float32")
            print(f"  five seeds by one: {spent[5] / spent[1]:.2f}")
            found[f"qa, {width or 'bundled'}, {count} questions, ratio"] = spent[5] / spent[1]
    return found


def work(config: QaConfig, batches: list[QaBatch], seeds: int) -> Work:
    """Mean over the batches of what an iteration cannot avoid."""
    total = Work()
    for batch in batches:
        sizes = GraphSizes(
            batch.num_nodes,
            batch.num_edges,
            batch.num_items,
            relations=len(RELATIONS),
            largest=batch.size,
            query=int(batch.query_length.sum()),
        )
        total += qa_floor(config, sizes, seeds=seeds)
    return total * (1 / len(batches))


def agree(device: str) -> dict[str, Any]:
    """The bundled model's masks here and on the processor."""
    batch, masks = random_batch([20, 30, 40, 50] * 10, seed=1), {}
    for place in ("cpu", device):
        model, _, _ = load_qa_model(bundled_path("qa"))
        known, endings = len(model.vocabulary.words), len(model.vocabulary.suffixes)
        graphs = replace(
            batch,
            words=batch.words % known,
            query=batch.query % known,
            suffixes=batch.suffixes % endings,
        )
        adapter = QaExplainable(model.to(place))
        mask = GraphMask.load(bundled_path("qa") / "probes", adapter)
        masks[place] = mask.explain_seeds(adapter.graphs(graphs.to(place)))
    gates = Agreement()
    for a, b in zip(masks["cpu"], masks[device], strict=True):
        gates.compare(a.retained, b.retained.cpu(), torch.special.logit(a.scores.cpu()))
    return gates.say("qa, random questions, float32")


def forms(device: str, seconds: Seconds) -> dict[str, Any]:
    """A masked pass there and back over edge lists and over matrices."""
    found = {}
    for share in (0.3, 0.03, 0.003):
        batch = thinned(random_batch([50] * 32, seed=2), share).to(device)
        model = QaModel(QaConfig(), VOCABULARY).eval().requires_grad_(False).to(device)
        spent = {}
        for form in ("edges", "matrices"):
            adapter = QaExplainable(model, form=form)

            def run(_: int, adapter: QaExplainable = adapter, batch: QaBatch = batch) -> None:
                graphs = adapter.graphs(batch)
                gates = torch.full((3, batch.num_edges), 0.9, device=device, requires_grad=True)
                logits = adapter.run(graphs, gates, trace=adapter.trace(graphs))
                torch.autograd.backward(logits.clamp(min=-50).sum())

            spent[form] = seconds(run)
        found[f"density {batch.density:.4f}"] = spent
        print(
            f"  density {batch.density:.4f}: edges {1000 * spent['edges']:.2f} ms, "
            f"matrices {1000 * spent['matrices']:.2f} ms"
        )
    return found
