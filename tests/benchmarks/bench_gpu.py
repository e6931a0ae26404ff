"""GraphMask on a GPU (or, with ``--device cpu``, on a processor): where time goes and what is left.

One command, no data but what is bundled, nothing installed but torch, numpy, pandas, pyarrow and
safetensors: ``PYTHONPATH=. python tests/benchmarks/bench_gpu.py --device cuda --json FILE``.

* ``peaks``: matrix products and copies, what floors are computed from;
* ``agreement``: masks of bundled models and probes on the GPU against those on the processor, in
  float32 and bfloat16, over the bundled sample and over random trees of its words and labels: the
  share of gates that are the same, and how far from the threshold those that differ are; two runs
  with deterministic operations, bit for bit;
* ``waiting``: whether training and masking ever wait for the device (torch's own check);
* ``stages``: seconds of every stage of training and of masking, each waited for;
* ``seeds``: whole iterations that nobody waits for, one and five seeds, by tokens per batch;
* ``floors``: the same against operations and bytes that an iteration cannot avoid, at bundled
  sizes and at 1,024 dimensions;
* ``questions``: the same for questions, and both forms of their graphs;
* ``graphs``: iterations as replayed CUDA graphs.

A part that fails says so, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gpu_data  # before anything of linguagraph
import numpy as np
import torch
from gpu_agreement import Agreement
from gpu_data import cut
from gpu_stages import inference_stages, never_waits, peaks, seconds_of, training_stages

from linguagraph.masks.fit_config import FitConfig
from linguagraph.masks.fitting import _Fit
from linguagraph.masks.floors import GraphSizes, Work, srl_floor
from linguagraph.masks.frozen import frozen
from linguagraph.masks.probes import load_graphmask
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.batch import SrlExample, encode_examples
from linguagraph.models.checkpoints import load_model
from linguagraph.models.deterministic import deterministic
from linguagraph.models.srl import SrlModel
from linguagraph.pretrained import BUNDLED, bundled_path

SEEDS = tuple(range(5))
TOKENS = {"cuda": (2000, 16000, 64000), "cpu": (2000,)}
PARTS = (
    *("peaks", "waiting", "agreement", "repeat", "seeds", "floors", "stages"),
    *("graphs", "questions"),
)


def main() -> None:
    """Measure, print, and write JSON after every part."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    options.add_argument("--json", type=Path, metavar="FILE", help="write all figures, too")
    options.add_argument("--corpus", type=Path, metavar="FILE", help="CoNLL-2009, to agree on")
    options.add_argument("--sentences", type=int, default=2500, help="random trees (2500)")
    options.add_argument("--rounds", type=int, default=20, help="timed iterations (20)")
    options.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    options.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--quick", action="store_true", help="few trees, rounds and sizes")
    given = options.parse_args()
    if given.quick:
        given.sentences, given.rounds = min(given.sentences, 150), min(given.rounds, 3)
    if given.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("torch finds no CUDA device; --device cpu makes all other figures")
    if given.device == "cpu":
        torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    bench, began = Bench(given), time.perf_counter()
    record: dict[str, Any] = {"facts": bench.facts()}
    print("  ".join(f"{name}: {value}" for name, value in record["facts"].items()))
    for part in PARTS:
        if part not in given.only and (part != "peaks" or given.alone):
            continue
        print(f"\n{part} ({time.perf_counter() - began:.0f} s)", flush=True)
        try:
            record[part] = getattr(bench, part)()
        except Exception as error:  # a part must not cost the others
            traceback.print_exc()
            record[part] = {"failed": repr(error)}
        if given.json is not None:
            given.json.write_text(json.dumps(record, indent=1, default=str) + "\n", "utf-8")
    print(f"\n{time.perf_counter() - began:.0f} s in all")
    if any("failed" in record[part] for part in record if isinstance(record[part], dict)):
        sys.exit(1)


class Bench:
    """All parts; what one finds (peaks) others use."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given, self.device, self.rounds = given, given.device, given.rounds
        sample = gpu_data.sample_sentences()
        self.sample = gpu_data.sample_sentences(given.corpus) if given.corpus else sample
        self.trees = gpu_data.lookalikes(sample, given.sentences)
        self.tokens = TOKENS[self.device][: 1 if given.quick else None]
        self.peak: dict[str, float] = {}
        self.encoded: dict[str, list[SrlExample]] = {}

    def facts(self) -> dict[str, Any]:
        """What the figures were made with."""
        gpu = torch.cuda.get_device_name() if self.device == "cuda" else "none"
        return {
            "torch": torch.__version__,
            "device": self.device,
            "gpu": gpu,
            "trees": len(self.trees),
        }

    def peaks(self) -> dict[str, float]:
        """Of the machine."""
        self.peak = peaks(self.device)
        for name, value in self.peak.items():
            unit = "GB/s" if name == "bytes" else "TFLOP/s"
            print(f"  {name:10} {value / (1e9 if name == 'bytes' else 1e12):10.2f} {unit}")
        return self.peak

    # -- data

    def examples(self, name: str) -> list[SrlExample]:
        """The random trees as a bundled model reads them."""
        if name not in self.encoded:
            model, _ = load_model(bundled_path(name))
            self.encoded[name] = list(encode_examples(self.trees, model.vocabulary))
        return self.encoded[name]

    def bundled(self, name: str, device: str, precision: str = "float32") -> SrlGraphMask:
        """A bundled model with its probes."""
        model, record = load_model(bundled_path(name))
        model.to(device)
        masker, _ = load_graphmask(
            model, bundled_path(name) / "probes", seeds=SEEDS, explains=record["fingerprint"]
        )
        masker.precision = precision
        return masker

    def large(self, name: str, width: int | None) -> SrlModel:
        """A bundled model, or an untrained one of such a width."""
        model, _ = load_model(bundled_path(name))
        if width is not None:
            config = replace(model.config, hidden=width, lstm_hidden=width // 2)
            torch.manual_seed(0)
            model = SrlModel(config, model.vocabulary).eval()
        return model.to(self.device)

    # -- parts

    def agreement(self) -> dict[str, Any]:
        """Masks here and on the processor."""
        found: dict[str, Any] = {}
        for name in BUNDLED:
            here = {p: self.bundled(name, self.device, p) for p in ("float32", "bfloat16")}
            there = self.bundled(name, "cpu")
            for title, sentences in (("sample", self.sample), ("trees", self.trees[:600])):
                examples = list(encode_examples(sentences, there.model.vocabulary))
                for precision, masker in here.items():
                    gates = Agreement()
                    for batch in cut(examples, 4000):
                        gates.add(there, masker, batch)
                    found[f"{name}, {title}, {precision}"] = gates.say(
                        f"{name}, {title}, {precision}"
                    )
        return found

    def repeat(self) -> dict[str, Any]:
        """Two trainings with deterministic operations, in a process of its own."""
        if not self.given.alone:
            own = [sys.executable, __file__, "--device", self.device, "--alone", "--quick"]
            done = subprocess.run([*own, "--only", "repeat"], check=False)
            return {"same": done.returncode == 0}
        with deterministic():
            masker = self.bundled("srl-lstm-gnn", self.device)
            examples = list(encode_examples(self.trees[:200], masker.model.vocabulary))
            states = []
            for _ in range(2):
                fit = self._fit(masker.model, SEEDS[:2], examples, 2000)
                torch.manual_seed(0)
                with frozen(masker.model):
                    for batch in cut(examples, 2000)[:3]:
                        fit._step(batch, 0)
                states.append([p.detach().clone() for p in fit.masker.probe.parameters()])
        if not all(torch.equal(a, b) for a, b in zip(*states, strict=True)):
            raise RuntimeError("two deterministic trainings differ")
        print("  probes after two deterministic trainings are the same, bit for bit")
        return {"same": True}

    def _fit(
        self,
        model: SrlModel,
        seeds: Sequence[int],
        examples: Sequence[SrlExample],
        tokens: int,
        precision: str = "float32",
        replay: bool = False,
    ) -> _Fit:
        masker = SrlGraphMask.create(model, seeds=seeds)
        config = FitConfig(tokens=tokens, precision=precision, replay=replay)
        return _Fit(masker, examples, examples, config, log=print, progress=None)

    def waiting(self) -> dict[str, Any]:
        """Whether anything waits for the device."""
        found = {}
        for name in BUNDLED:
            masker = self.bundled(name, self.device)
            examples = list(encode_examples(self.trees[:200], masker.model.vocabulary))
            batches = cut(examples, 2000)
            fit = self._fit(masker.model, SEEDS, examples, 2000)
            for title, call in (
                ("training", lambda n, f=fit, b=batches: f._step(b[n % len(b)], 0)),
                ("masking", lambda n, m=masker, b=batches: m.mask(m.collate(b[n % len(b)]))),
            ):
                found[f"{name}, {title}"] = never_waits(
                    f"{name}, {title}", masker.model, call, device=self.device
                )
        return found

    def stages(self) -> dict[str, Any]:
        """Seconds of stages."""
        found = {}
        for name in BUNDLED:
            masker = self.bundled(name, self.device)
            examples = self.examples(name)
            for tokens in sorted({self.tokens[0], self.tokens[-1]}):
                batches = cut(examples, tokens)
                batches = (batches * 6)[:6]
                masker.probe.requires_grad_(True)
                trained = training_stages(masker, batches, device=self.device, precision="float32")
                masker = self.bundled(name, self.device)
                masked = inference_stages(masker, batches[:3], device=self.device)
                for title, parts in (("training", trained), ("masking", masked)):
                    at = f"{name}, {title}, {tokens} tokens, 5 seeds"
                    found[at] = parts
                    total = sum(parts.values())
                    print(f"  {at}: {1000 * total:.1f} ms")
                    for stage, spent in parts.items():
                        print(f"    {stage:26} {1000 * spent:8.2f} ms {spent / total:6.1%}")
        return found

    def seeds(self) -> dict[str, Any]:
        """Iterations with one and with five seeds."""
        found = {}
        for name in BUNDLED:
            model = self.large(name, None)
            examples = self.examples(name)
            for tokens in self.tokens:
                batches = cut(examples, tokens)
                spent = {}
                for seeds in (SEEDS[:1], SEEDS):
                    fit = self._fit(model, seeds, examples, tokens)
                    masker = self.bundled(name, self.device)
                    masker = SrlGraphMask(model, masker.probe) if len(seeds) > 1 else fit.masker
                    moved = [masker.collate(batch) for batch in batches[:8]]

                    def train(number: int, fit: _Fit = fit, b: Any = batches) -> None:
                        fit._step(b[number % len(b)], 0)

                    def mask(number: int, m: SrlGraphMask = masker, b: Any = moved) -> None:
                        m.mask(b[number % len(b)])

                    with frozen(model):
                        spent["training", len(seeds)] = self._seconds(train)
                    spent["masking", len(seeds)] = self._seconds(mask)
                for title in ("training", "masking"):
                    one, five = spent[title, 1], spent[title, 5]
                    found[f"{name}, {title}, {tokens} tokens"] = {
                        "one": one,
                        "five": five,
                        "ratio": five / one,
                        "messages_per_second": self._messages(batches, model) / five,
                    }
                    print(
                        f"  {name:13} {title:9} {tokens:6} tokens: one seed {1000 * one:7.2f} ms, "
                        f"five {1000 * five:7.2f} ms, ratio {five / one:.2f}"
                    )
        return found

    def _messages(self, batches: list[list[SrlExample]], model: SrlModel) -> float:
        edges = [sum(e.graph.num_edges for e in batch) for batch in batches]
        return float(np.mean(edges)) * len(model.layers) * len(SEEDS)

    def _seconds(self, call: Callable[[int], object]) -> float:
        return seconds_of(call, rounds=self.rounds, device=self.device)

    def floors(self) -> dict[str, Any]:
        """Iterations against their floors."""
        found = {}
        for name in BUNDLED:
            for width in (None, 1024):
                model = self.large(name, width)
                examples = self.examples(name)
                sizes = self.tokens if width is None else self.tokens[:2]
                for tokens in sizes:
                    batches = cut(examples, tokens)
                    for precision in (
                        ("float32", "bfloat16") if self.device == "cuda" else ("float32",)
                    ):
                        for seeds in (SEEDS[:1], SEEDS):
                            fit = self._fit(model, seeds, examples, tokens, precision)

                            def train(number: int, fit: _Fit = fit, b: Any = batches) -> None:
                                fit._step(b[number % len(b)], 0)

                            with frozen(model):
                                spent = self._seconds(train)
                            work = self._work(model, batches, len(seeds))
                            size = f"{width or 'bundled'}, {tokens} tokens"
                            at = f"{name}, {size}, {precision}, {len(seeds)} seeds"
                            found[at] = self._against(at, work, spent, precision)
        return found

    def _work(self, model: SrlModel, batches: list[list[SrlExample]], seeds: int) -> Work:
        total = Work()
        for examples in batches:
            sizes = GraphSizes(
                sum(e.num_nodes for e in examples),
                sum(e.graph.num_edges for e in examples),
                len(examples),
                classes=len(model.vocabulary.roles),
            )
            total += srl_floor(model.config, sizes, seeds=seeds, inputs=model.embedding.width)
        return total * (1 / len(batches))

    def _against(self, title: str, work: Work, spent: float, precision: str) -> dict[str, Any]:
        peak = {"flops": self.peak[precision], "bandwidth": self.peak["bytes"]}
        floor, bound = work.seconds(**peak), work.bound(**peak)
        print(
            f"  {title:58} {1000 * spent:8.2f} ms, floor {1000 * floor:8.3f} ms ({bound}), "
            f"share {floor / spent:6.1%}"
        )
        return {
            "seconds": spent,
            "floor": floor,
            "bound": bound,
            "share": floor / spent,
            "flops": work.flops,
            "bytes": work.bytes,
        }

    def questions(self) -> dict[str, Any]:
        """Questions, see :mod:`gpu_questions`."""
        from gpu_questions import questions

        return questions(self.device, self._seconds, self._against)

    def graphs(self) -> dict[str, Any]:
        """Replayed CUDA graphs against single launches."""
        found: dict[str, Any] = {}
        if self.device == "cpu":
            print("  CUDA graphs need a GPU")
            return found
        for name in BUNDLED:
            model, examples = self.large(name, None), self.examples(name)
            for tokens in self.tokens[:2]:
                batches = cut(examples, tokens)
                for seeds in (SEEDS[:1], SEEDS):
                    spent = {}
                    for replay in (False, True):
                        fit = self._fit(model, seeds, examples, tokens, replay=replay)

                        def train(number: int, fit: _Fit = fit, b: Any = batches) -> None:
                            fit._step(b[number % len(b)], 0)

                        with frozen(model):
                            for number in range(3 * len(batches) if replay else 3):
                                train(number)  # every size is recorded
                            spent[replay] = self._seconds(train)
                        if fit.replayed is not None:
                            recorded = len(fit.replayed.recordings)
                    at = f"{name}, {tokens} tokens, {len(seeds)} seeds"
                    print(
                        f"  {at:36} {1000 * spent[False]:7.2f} ms, replayed "
                        f"{1000 * spent[True]:7.2f} ms ({recorded} sizes)"
                    )
                    work = self._work(model, batches, len(seeds))
                    found[at] = {
                        "plain": spent[False],
                        "sizes": recorded,
                        **self._against(f"{at}, replayed", work, spent[True], "float32"),
                    }
        return found


if __name__ == "__main__":
    main()
