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
from gpu_stages import inference_stages, peaks, seconds_of, training_stages

from linguagraph.graphs.entity import RELATIONS
from linguagraph.masks.fitting import FitConfig, _Fit
from linguagraph.masks.floors import GraphSizes, Work, qa_floor, srl_floor
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.probes import load_graphmask
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.batch import SrlBatch, SrlExample, collate, encode_examples, in_order
from linguagraph.models.checkpoints import load_model
from linguagraph.models.deterministic import deterministic
from linguagraph.models.qa import QaConfig, QaModel
from linguagraph.models.qa_checkpoints import load_qa_model
from linguagraph.models.srl import SrlModel
from linguagraph.pretrained import BUNDLED, bundled_path

SEEDS = tuple(range(5))
TOKENS = {"cuda": (2000, 16000, 64000), "cpu": (2000,)}
PARTS = ("peaks", "agreement", "waiting", "stages", "seeds", "floors", "questions", "graphs")
CLOSE = 1e-4


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
        if part not in given.only and part != "peaks":
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

    def cut(self, examples: Sequence[SrlExample], tokens: int) -> list[list[SrlExample]]:
        """Batches of examples of like length, the fuller ones, in mixed order."""
        ordered = sorted(examples, key=len)
        runs = in_order([len(example) for example in ordered], tokens=tokens)
        runs = runs[:-1] if len(runs) > 1 else runs
        order = np.random.default_rng(0).permutation(len(runs))
        return [[ordered[i] for i in runs[place]] for place in order]

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
        if self.device == "cuda":
            with deterministic():
                found["deterministic"] = self._twice()
        for name in BUNDLED:
            here = {p: self.bundled(name, self.device, p) for p in ("float32", "bfloat16")}
            there = self.bundled(name, "cpu")
            for title, sentences in (("sample", self.sample), ("trees", self.trees[:600])):
                examples = list(encode_examples(sentences, there.model.vocabulary))
                for precision, masker in here.items():
                    gates = _Agreement()
                    for batch in self.cut(examples, 4000):
                        gates.add(there, masker, batch)
                    found[f"{name}, {title}, {precision}"] = gates.say(
                        f"{name}, {title}, {precision}"
                    )
        return found

    def _twice(self) -> bool:
        masker = self.bundled("srl-lstm-gnn", self.device)
        examples = list(encode_examples(self.trees[:200], masker.model.vocabulary))
        states = []
        for _ in range(2):
            fit = self._fit(masker.model, SEEDS[:2], examples, 2000)
            with frozen(masker.model):
                torch.manual_seed(0)
                for batch in self.cut(examples, 2000)[:3]:
                    fit._step(batch, 0)
            states.append([p.detach().clone() for p in fit.masker.probe.parameters()])
        same = all(torch.equal(a, b) for a, b in zip(*states, strict=True))
        print(f"  probes after two deterministic trainings are {'' if same else 'NOT '}the same")
        return same

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
            batches = self.cut(examples, 2000)
            fit = self._fit(masker.model, SEEDS, examples, 2000)
            for title, call in (
                ("training", lambda n, f=fit, b=batches: f._step(b[n % len(b)], 0)),
                ("masking", lambda n, m=masker, b=batches: m.mask(m.collate(b[n % len(b)]))),
            ):
                found[f"{name}, {title}"] = self._never(f"{name}, {title}", masker.model, call)
        return found

    def _never(self, title: str, model: SrlModel, call: Callable[[int], object]) -> str:
        said = "never waits"
        with frozen(model):
            for number in range(2):
                call(number)
            if self.device == "cuda":
                torch.cuda.set_sync_debug_mode("error")
            try:
                for number in range(2):
                    call(number)
            except RuntimeError as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                said = f"WAITS in {Path(place.filename).name}:{place.lineno}"
            finally:
                if self.device == "cuda":
                    torch.cuda.set_sync_debug_mode("default")
        print(f"  {title:32} {said}")
        return said

    def stages(self) -> dict[str, Any]:
        """Seconds of stages."""
        found = {}
        for name in BUNDLED:
            masker = self.bundled(name, self.device)
            examples = self.examples(name)
            for tokens in sorted({self.tokens[0], self.tokens[-1]}):
                batches = self.cut(examples, tokens)
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
                batches = self.cut(examples, tokens)
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
                    batches = self.cut(examples, tokens)
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
        """Question answering: agreement, seeds, floors and forms."""
        from bench_qa import VOCABULARY, MaskSteps, random_batch

        found: dict[str, Any] = {}
        random = np.random.default_rng(0)
        shapes = ((25, 80, 16), (25, 80, 128)) if self.device == "cuda" else ((25, 80, 16),)
        for low, high, count in shapes:
            batches = [
                random_batch(random.integers(low, high, count).tolist(), seed=i) for i in range(3)
            ]
            for width in (None, 1024):
                config = QaConfig() if width is None else QaConfig(width=width, hidden=width)
                spent = {}
                for seeds in (1, 5):
                    torch.manual_seed(0)
                    model = QaModel(config, VOCABULARY).eval().to(self.device)
                    steps = MaskSteps(model, [b.to(self.device) for b in batches], seeds=seeds)
                    spent[seeds] = self._seconds(steps)
                    at = f"qa, {width or 'bundled'}, {count} questions, {seeds} seeds"
                    work = Work()
                    for batch in batches:
                        sizes = GraphSizes(
                            batch.num_nodes,
                            batch.num_edges,
                            batch.num_items,
                            relations=len(RELATIONS),
                            largest=batch.size,
                            query=int(batch.query_length.sum()),
                        )
                        work += qa_floor(config, sizes, seeds=seeds)
                    found[at] = self._against(
                        at, work * (1 / len(batches)), spent[seeds], "float32"
                    )
                print(f"  five seeds by one: {spent[5] / spent[1]:.2f}")
        found["agreement"] = self._questions_agree(random_batch)
        found["forms"] = self._forms(random_batch)
        return found

    def _questions_agree(self, random_batch: Callable[..., Any]) -> dict[str, Any]:
        graphs = random_batch([20, 30, 40, 50] * 10, seed=1)
        masks = {}
        for device in ("cpu", self.device):
            model, _, _ = load_qa_model(bundled_path("qa"))
            adapter = QaExplainable(model.to(device))
            mask = GraphMask.load(bundled_path("qa") / "probes", adapter)
            masks[device] = mask.explain_seeds(adapter.graphs(graphs.to(device)))
        gates = _Agreement()
        for a, b in zip(masks["cpu"], masks[self.device], strict=True):
            gates.compare(a.retained, b.retained.cpu(), torch.special.logit(a.scores))
        return gates.say("qa, random questions, float32")

    def _forms(self, random_batch: Callable[..., Any]) -> dict[str, Any]:
        from bench_qa import VOCABULARY, thinned

        found = {}
        for share in (0.3, 0.03, 0.003):
            batch = thinned(random_batch([50] * 32, seed=2), share).to(self.device)
            model = QaModel(QaConfig(), VOCABULARY).eval().requires_grad_(False).to(self.device)
            spent = {}
            for form in ("edges", "matrices"):
                adapter = QaExplainable(model, form=form)

                def run(_: int, adapter: QaExplainable = adapter, batch: Any = batch) -> None:
                    graphs = adapter.graphs(batch)
                    gates = torch.full((3, batch.num_edges), 0.9, device=self.device)
                    gates.requires_grad_(True)
                    logits = adapter.run(graphs, gates, trace=adapter.trace(graphs))
                    torch.autograd.backward(logits.clamp(min=-50).sum())

                spent[form] = self._seconds(run)
            found[f"density {batch.density:.4f}"] = spent
            print(
                f"  density {batch.density:.4f}: edges {1000 * spent['edges']:.2f} ms, "
                f"matrices {1000 * spent['matrices']:.2f} ms"
            )
        return found

    def graphs(self) -> dict[str, Any]:
        """Replayed CUDA graphs against single launches."""
        found: dict[str, Any] = {}
        if self.device == "cpu":
            print("  CUDA graphs need a GPU")
            return found
        for name in BUNDLED:
            model, examples = self.large(name, None), self.examples(name)
            for tokens in self.tokens[:2]:
                batches = self.cut(examples, tokens)
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


class _Agreement:
    """Gates of two devices, counted."""

    def __init__(self) -> None:
        self.gates = self.differing = 0
        self.furthest = 0.0
        self.answers = self.same_answers = 0

    def add(self, there: SrlGraphMask, here: SrlGraphMask, examples: Sequence[SrlExample]) -> None:
        """Count one batch."""
        labels = len(there.model.vocabulary.labels)
        batch: SrlBatch = collate(examples, num_labels=labels)
        first, second = there.mask(batch), here.mask(batch.to(next(here.model.parameters()).device))
        threshold = there.probe.config.gates.threshold
        for gates, others, locations in zip(
            first.gates, second.gates, first.locations, strict=True
        ):
            self.compare(gates > 0, (others > 0).cpu(), locations - threshold)
        answers = first.logits.argmax(-1) == second.logits.cpu().argmax(-1)
        self.answers += answers.numel()
        self.same_answers += int(answers.sum())

    def compare(self, gates: torch.Tensor, others: torch.Tensor, distance: torch.Tensor) -> None:
        """Count gates, and how far from the threshold those that differ are."""
        differ = gates != others
        self.gates += differ.numel()
        self.differing += int(differ.sum())
        if bool(differ.any()):
            self.furthest = max(self.furthest, float(distance[differ].abs().max()))

    def say(self, title: str) -> dict[str, Any]:
        """Print and return what was found."""
        same = 1 - self.differing / max(1, self.gates)
        print(
            f"  {title:40} {same:.5%} of {self.gates:,} gates the same, {self.differing} differ, "
            f"the furthest {self.furthest:.1e} from the threshold"
        )
        return {
            "gates": self.gates,
            "differing": self.differing,
            "same": same,
            "furthest": self.furthest,
            "close": self.furthest <= CLOSE,
            "answers": self.answers,
            "same_answers": self.same_answers,
        }


if __name__ == "__main__":
    main()
