"""A GraphMask iteration or inference, stage by stage -> seconds of each; peaks of the machine."""

from __future__ import annotations

import statistics
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from linguagraph.masks.controls import score_conditions
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.lagrangian import Lagrangian, LagrangianConfig
from linguagraph.masks.srl import SrlGraphMask, where_effective
from linguagraph.models.batch import SrlBatch, SrlExample, collate
from linguagraph.models.precision import computed_in

__all__ = ["Stages", "inference_stages", "never_waits", "peaks", "seconds_of", "training_stages"]


def wait(device: str) -> None:
    """Until the device is idle."""
    if device == "cuda":
        torch.cuda.synchronize()


class Stages:
    """Median seconds of named stages; the device is idle at both ends of each."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.spent: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        wait(self.device)
        began = time.perf_counter()
        yield
        wait(self.device)
        self.spent[name].append(time.perf_counter() - began)

    def medians(self) -> dict[str, float]:
        """Seconds by stage, in order."""
        return {
            name: statistics.median(values[1:] or values) for name, values in self.spent.items()
        }


def seconds_of(
    call: Callable[[int], object], *, rounds: int, device: str, repeats: int = 3
) -> float:
    """Seconds of one call among many that nobody waits for: the median of a few runs of them."""
    for number in range(3):
        call(number)
    found = []
    for _ in range(repeats):
        wait(device)
        began = time.perf_counter()
        for number in range(rounds):
            call(number)
        wait(device)
        found.append((time.perf_counter() - began) / rounds)
    return statistics.median(found)


def training_stages(
    masker: SrlGraphMask, batches: Sequence[Sequence[SrlExample]], *, device: str, precision: str
) -> dict[str, float]:
    """Stages of training iterations with gates in all layers."""
    stages, model, probe = Stages(device), masker.model, masker.probe
    one = device == "cuda"
    optimizer = torch.optim.Adam(probe.parameters(), lr=1e-3, foreach=not one, fused=one)
    lagrangian = Lagrangian(len(masker.seeds), LagrangianConfig(), device=device)
    divergence, labels = Divergence(), len(model.vocabulary.labels)
    with frozen(model):
        for examples in batches:
            with stages("batch"):
                batch = collate(examples, num_labels=labels)
            with stages("transfer"):
                batch = batch.to(device)
            with computed_in(precision, device):
                with stages("unmasked pass"), torch.no_grad():
                    trace = masker._pass(batch)
                with stages("probe and gates"):
                    found = probe.locations(trace, batch.source, batch.target)
                    locations = [value for value in found if value is not None]
                    gates = [probe.config.gates.sample(value) for value in locations]
                    expected = probe.config.gates.nonzero_probability(torch.stack(locations))
                    penalty = expected.sum(dim=(0, 2)) / max(1, expected[:, 0].numel())
                with stages("masked pass"):
                    logits = _masked(masker, trace, batch, gates)
                    apart = divergence(trace.logits, logits)
            with stages("backward"):
                optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(lagrangian.loss(penalty, apart))
            with stages("optimiser and multiplier"):
                optimizer.step()
                lagrangian.ascend(apart)
    return stages.medians()


def _masked(masker: SrlGraphMask, trace: object, batch: SrlBatch, gates: list[Tensor]) -> Tensor:
    found = [
        masker.model.propagate(
            trace.states[0],
            batch,
            messages=trace.messages[0],
            gates=[gate[part] for gate in gates],
            baselines=[baseline[part] for baseline in masker.probe.baselines],
        ).logits
        for part in masker._parts(batch)
    ]
    return torch.cat(found).float()


def inference_stages(
    masker: SrlGraphMask, batches: Sequence[Sequence[SrlExample]], *, device: str
) -> dict[str, float]:
    """Stages of masking batches as ``linguagraph mask`` does, scores under all conditions too."""
    stages, model, probe = Stages(device), masker.model, masker.probe
    labels, random = len(model.vocabulary.labels), np.random.default_rng(0)
    for examples in batches:
        with stages("batch"):
            batch = collate(examples, num_labels=labels)
        with stages("transfer"):
            batch = batch.to(device)
        with torch.inference_mode(), frozen(model), computed_in(masker.precision, device):
            with stages("unmasked pass"):
                trace = masker._pass(batch)
            with stages("probe and gates"):
                found = probe.locations(trace, batch.source, batch.target)
                locations = [value for value in found if value is not None]
                decided = [probe.config.gates.decide(value) for value in locations]
                gates = where_effective(decided, batch)
            with stages("masked pass"):
                masker.run(trace, batch, gates)
        masked = masker.mask(batch)
        with stages("reading back"):
            torch.stack(masked.scores, 1).cpu()
            torch.stack(masked.gates, 1).cpu()
        with stages("controls"):
            thresholds = [0.5] * masker.num_layers
            for _ in score_conditions(masker, masked, batch, random=random, thresholds=thresholds):
                pass
    return stages.medians()


def never_waits(title: str, model: nn.Module, call: Callable[[int], object], *, device: str) -> str:
    """Whether a call waits for the device, by torch's own check, and where."""
    said = "never waits"
    with frozen(model):
        for number in range(2):
            call(number)
        if device == "cpu":
            print(f"  {title:32} a processor has nobody to wait for")
            return "not asked"
        torch.cuda.set_sync_debug_mode("error")
        try:
            for number in range(2):
                call(number)
        except RuntimeError as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            said = f"WAITS in {Path(place.filename).name}:{place.lineno}"
        finally:
            torch.cuda.set_sync_debug_mode("default")
    print(f"  {title:32} {said}")
    return said


def peaks(device: str) -> dict[str, float]:
    """Measured operations per second of matrix products, and bytes per second of copies."""
    size = 8192 if device == "cuda" else 1024
    found = {}
    for name, dtype, rounded in (
        ("float32", torch.float32, False),
        ("tf32", torch.float32, True),
        ("bfloat16", torch.bfloat16, False),
    ):
        if device == "cpu" and name != "float32":
            continue
        values = torch.randn(size, size, device=device, dtype=dtype)
        torch.backends.cuda.matmul.allow_tf32 = rounded
        rounds = 10 if device == "cuda" else 3
        spent = seconds_of(lambda _, v=values: v @ v, rounds=rounds, device=device)
        found[name] = 2 * size**3 / spent
    torch.backends.cuda.matmul.allow_tf32 = False
    block = torch.empty((1 << 30 if device == "cuda" else 1 << 26) // 4, device=device)
    target = torch.empty_like(block)
    spent = seconds_of(lambda _: target.copy_(block), rounds=5, device=device)
    found["bytes"] = 2 * block.numel() * 4 / spent
    return found
