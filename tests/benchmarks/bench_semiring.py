"""Two models -> times of semiring passes over those of an ordinary backward pass, and memory.

The models are the bundled ``srl-gnn`` (and ``srl-lstm-gnn``), on a batch of sentences, and a BERT
encoder of 4 layers, 256 wide, on one text of 64 tokens. The ordinary backward pass is
``loss.backward()`` with gradients of inputs and parameters; the one of inputs alone stands beside
it. All run in turn on one thread (or on a GPU with ``--device cuda``).
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from harness import Figure, corpus_sentences, show
from torch import Tensor, nn

from linguagraph.masks.semiring import Tape
from linguagraph.models.batch import collate, encode_examples
from linguagraph.runs.models import load_network

PROMISES = {"sum": None, "total": None, "max": 12.0, "expectation": 15.0}


@dataclass(frozen=True)
class Case:
    """A model on its inputs.

    Attributes:
        name: for people; module: the model; inputs: float, what paths end in.
        run: inputs -> answers.
        seed: float of the answers' shape, where passes begin.
    """

    name: str
    module: nn.Module
    inputs: Tensor
    run: Callable[[Tensor], Tensor]
    seed: Tensor


def srl_case(name: str, sentences: int, device: str) -> Case:
    """A bundled role labelling model on the first sentences of the corpus."""
    model, *_ = load_network(name, device=device)
    model.eval()
    found = list(encode_examples(corpus_sentences(None, limit=sentences), model.vocabulary))
    batch = collate(found, num_labels=len(model.vocabulary.labels)).to(torch.device(device))
    with torch.no_grad():
        inputs, logits = model.embedding(batch), model(batch).logits
    seed = torch.zeros_like(logits).scatter(1, logits.argmax(1, keepdim=True), 1.0)

    def run(inputs: Tensor) -> Tensor:
        states = model.encoder(inputs, batch.rows)
        return model.propagate(states, batch).logits

    return Case(f"{name}, {len(found)} predicates", model, inputs, run, seed)


def bert_case(device: str) -> Case:
    """A BERT encoder with random weights."""
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=1000,
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=1024,
    )
    model = BertForSequenceClassification(config).eval().to(device)
    words = torch.randint(5, 1000, (1, 64), device=device)
    inputs = model.get_input_embeddings()(words).detach()
    seed = torch.tensor([[0.0, 1.0]], device=device)
    return Case(
        "BERT, 4 layers, 256 wide, 64 tokens",
        model,
        inputs,
        lambda x: model(inputs_embeds=x).logits,
        seed,
    )


def _clock(work: Callable[[], object], device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _backward(case: Case, device: str, *, parameters: bool) -> float:
    for parameter in case.module.parameters():
        parameter.requires_grad_(parameters)
        parameter.grad = None
    inputs = case.inputs.clone().requires_grad_()
    with torch.backends.cudnn.flags(enabled=False):  # whose LSTMs go backward only in training
        loss = (case.run(inputs) * case.seed).sum()
    return _clock(loss.backward, device)


def measure(case: Case, rounds: int, device: str) -> list[Figure]:
    """Ratios of every semiring, and what recording costs."""
    tape = Tape()
    with tape.recording(case.module):
        answers = tape.number(case.run(tape.watch(case.inputs)))
    seeds = {answers: case.seed}
    names = list(PROMISES)
    times: dict[str, list[float]] = {name: [] for name in [*names, "all", "inputs", "record"]}

    def record() -> None:
        again = Tape()
        with again.recording(case.module):
            case.run(again.watch(case.inputs))

    for turn in range(rounds + 1):
        found = {
            "all": _backward(case, device, parameters=True),
            "inputs": _backward(case, device, parameters=False),
            "record": _clock(record, device),
        }
        for name in names:
            found[name] = _clock(lambda name=name: tape.backward(seeds, name), device)
        for name, seconds in found.items() if turn else ():
            times[name].append(seconds)
    figures = []
    for name in [*names, "record"]:
        for below in ("all", "inputs"):
            ratios = sorted(a / b for a, b in zip(times[name], times[below], strict=True))
            figures.append(
                Figure(
                    f"{case.name}: {name} / backward ({below})",
                    median(ratios),
                    PROMISES.get(name) if below == "all" else None,
                    "x",
                    ratios[len(ratios) // 4],
                    ratios[3 * len(ratios) // 4],
                    f"{median(times[name]) * 1000:.1f} ms",
                )
            )
    held = sum(node.tensor.numel() * node.tensor.element_size() for node in tape.nodes)
    figures.append(Figure(f"{case.name}: values held by the tape", held / 2**20, None, "MiB"))
    return figures


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=15, help="rounds (15)")
    options.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    given = options.parse_args()
    torch.set_num_threads(1)
    figures = []
    for case in (
        srl_case("srl-gnn", 20, given.device),
        srl_case("srl-lstm-gnn", 20, given.device),
        bert_case(given.device),
    ):
        print(f"{case.name} ...", file=sys.stderr)
        figures += measure(case, given.rounds, given.device)
    if given.device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    figures.append(Figure("peak memory of all", peak, None, "MiB"))
    show("semiring", figures, path=given.json)


if __name__ == "__main__":
    main()
