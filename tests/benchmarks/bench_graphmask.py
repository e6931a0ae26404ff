"""SRL models and their GraphMask probes -> what a masked iteration costs beside a plain one.

Measured for srl-gnn and srl-lstm-gnn at full size with untrained weights, one thread, every pair in
turn at the same batch, by processor time (on a GPU: wall time):

* training: one GraphMask iteration (unmasked pass, gates in all layers, masked pass, backward,
  Adam, multiplier) by one training iteration of the model (forward, backward, AdamW, average);
* five seeds by one seed;
* inference with masks by plain inference, with all gates open (the dearest case) and with a fifth
  of them open, and with five seeds;
* messages per second: edges times layers that an iteration decides on.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from harness import (
    Figure,
    Timings,
    corpus_sentences,
    default_corpus,
    interleaved,
    keep_a_fifth,
    parser,
    show,
    training_sentences,
)

from linguagraph.masks.fit_config import FitConfig
from linguagraph.masks.fitting import _Fit
from linguagraph.masks.frozen import frozen
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.batch import SrlBatch, SrlExample, bucket, encode_examples, in_order
from linguagraph.models.srl import SRL_MODELS, SrlModel
from linguagraph.models.training import SrlTrainConfig, _Trainer
from linguagraph.models.vocabulary import SrlVocabulary

TRAINING = {"srl-gnn": 1.3, "srl-lstm-gnn": 0.7}
FIVE_SEEDS = {"cpu": 4.0, "cuda": 2.0}
INFERENCE = 2.5
SEEDS = range(5)


def main() -> None:
    """Measure and print."""
    options = parser(__doc__ or "")
    options.add_argument("--model", choices=list(TRAINING), help="measure only this one")
    options.add_argument("--rounds", type=int, metavar="N", help="timed rounds (31; quick: 9)")
    options.add_argument(
        "--tokens", type=int, default=2000, metavar="N", help="tokens per training batch (2000)"
    )
    given = options.parse_args()
    torch.set_num_threads(1)
    rounds = given.rounds or (9 if given.quick else 31)
    vocabulary = SrlVocabulary.build(training_sentences(given.corpus))
    examples = list(encode_examples(corpus_sentences(given.corpus), vocabulary))
    source = default_corpus(given.corpus)
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    figures = []
    for device in devices:
        for name in [given.model] if given.model else list(TRAINING):
            bench = Bench(name, vocabulary, examples, tokens=given.tokens, device=device)
            figures += bench.training(rounds) + bench.inference(rounds)
    show(
        "GraphMask beside the model that it explains",
        figures,
        path=given.json,
        corpus=source.name if source else "synthetic",
        examples=len(examples),
        torch=torch.__version__,
        rounds=rounds,
        gpu=torch.cuda.get_device_name() if "cuda" in devices else "none",
    )


class Bench:
    """One model on one device, with batches to train and to infer on."""

    def __init__(
        self,
        name: str,
        vocabulary: SrlVocabulary,
        examples: Sequence[SrlExample],
        *,
        tokens: int,
        device: str,
    ) -> None:
        torch.manual_seed(0)
        self.name, self.device, self.tokens = name, device, tokens
        self.examples, self.vocabulary = examples, vocabulary
        self.title = name if device == "cpu" else f"{name} ({device})"
        self.wait = torch.cuda.synchronize if device == "cuda" else None
        lengths = [len(example) for example in examples]
        self.batches = [
            [examples[i] for i in run] for run in bucket(lengths, tokens=tokens, seed=0)
        ]
        self.layers = SRL_MODELS[name].gcn_layers

    def model(self) -> SrlModel:
        """A fresh model on the device."""
        return SrlModel(SRL_MODELS[self.name], self.vocabulary).to(self.device)

    def batch(self, number: int) -> list[SrlExample]:
        """Examples of a round."""
        return self.batches[number % len(self.batches)]

    def fit(self, seeds: Sequence[int]) -> Callable[[int], object]:
        """A GraphMask iteration with gates in all layers, as a training makes it."""
        masker = SrlGraphMask.create(self.model(), seeds=seeds)
        config = FitConfig(tokens=self.tokens)
        fit = _Fit(masker, self.examples, self.examples, config, log=print, progress=None)

        def step(number: int) -> None:
            with frozen(masker.model):
                fit._step(self.batch(number), 0)

        return step

    def plain(self, precision: str) -> Callable[[int], object]:
        """A training iteration of the model."""
        config = replace(SrlTrainConfig(), tokens=self.tokens, precision=precision)
        model = self.model().train()
        trainer = _Trainer(model, config, steps=10**6, device=torch.device(self.device))
        return lambda number: trainer.update(self.batch(number))

    def training(self, rounds: int) -> list[Figure]:
        """Ratios of training iterations, and messages per second."""
        times = interleaved(
            {
                "model": self.plain("float32"),
                "one seed": self.fit([0]),
                "model in bfloat16": self.plain("bfloat16"),
                "five seeds": self.fit(SEEDS),
            },
            rounds=rounds,
            synchronise=self.wait,
        )
        ratio, promise = times.ratio, TRAINING[self.name] if self.device == "cpu" else None
        at = f"{self.title}: training, "
        return [
            ratio("one seed", "model", title=f"{at}one seed by the model", promise=promise),
            ratio("one seed", "model in bfloat16", title=f"{at}one seed by the model in bfloat16"),
            ratio(
                "five seeds",
                "one seed",
                title=f"{at}five seeds by one",
                promise=FIVE_SEEDS[self.device],
            ),
            *self._throughput(times, "training", range(2, 2 + rounds), self._training_messages),
        ]

    def inference(self, rounds: int) -> list[Figure]:
        """Ratios of inference, on batches as ``linguagraph mask`` makes them."""
        model = self.model().eval()
        every = SrlGraphMask.create(model, seeds=[0])
        one, five = (SrlGraphMask.create(model, seeds=seeds) for seeds in ([0], SEEDS))
        ordered = sorted(self.examples, key=len)
        runs = in_order([len(example) for example in ordered], tokens=2 * self.tokens)
        order = torch.randperm(len(runs)).tolist()
        batches = [one.collate([ordered[i] for i in runs[place]]) for place in order]

        for masker in (one, five):
            keep_a_fifth(masker, batches[0])

        def batch(number: int) -> SrlBatch:
            return batches[number % len(batches)]

        def plain(number: int) -> None:
            with torch.inference_mode(), frozen(model):
                model(batch(number))

        times = interleaved(
            {
                "model": plain,
                "one seed, all open": lambda number: every.mask(batch(number)),
                "one seed": lambda number: one.mask(batch(number)),
                "five seeds": lambda number: five.mask(batch(number)),
            },
            rounds=rounds,
            synchronise=self.wait,
        )
        at = f"{self.title}: inference, "
        ratio = times.ratio
        return [
            ratio("one seed, all open", "model", title=f"{at}all open", promise=INFERENCE),
            ratio("one seed", "model", title=f"{at}a fifth open", promise=INFERENCE),
            ratio("five seeds", "model", title=f"{at}a fifth open, five seeds"),
            *self._throughput(
                times, "inference", range(2, 2 + rounds), lambda n: batch(n).num_edges
            ),
        ]

    def _training_messages(self, number: int) -> int:
        return sum(example.graph.num_edges for example in self.batch(number))

    def _throughput(
        self, times: Timings, stage: str, numbers: range, edges: Callable[[int], int]
    ) -> list[Figure]:
        sent = self.layers * sum(edges(number) for number in numbers)
        return [
            Figure(
                f"{self.title}: {stage}, {name}, messages per second",
                sent / sum(seconds),
                note=f"{1000 * times.seconds(name):.0f} ms an iteration",
            )
            for name, seconds in times.cpu.items()
        ]


if __name__ == "__main__":
    main()
