"""Questions over entity graphs -> what GraphMask costs, which form is faster, and the memory.

All on one thread, every pair in turn, by processor time:

* ``iteration``: one GraphMask iteration in matrix form, one seed (unmasked pass, gates, masked
  pass, backward, AdamW, multiplier), by one training iteration of the model (forward, backward,
  AdamW), on the same batches of random questions of 25 to 80 mentions, and of as large as in a
  batch of training; gates in all layers, the dearest case;
* ``forms``: one masked forward and backward pass over matrices, by the same over the edge list,
  on graphs of several sizes and densities. COMPLEMENT-heavy graphs have an edge for every pair;
  sparse ones keep a part. The crossover is where the ratio is 1;
* ``memory``: peak memory of GraphMask training steps on two graphs of 500 mentions with 4
  relations, in a process of its own, for one and for five seeds;
* ``masking``: seconds for masking questions with the bundled model and its five probes, on two
  threads (``--questions FILE``; by default ../shared/data/qa/dev.json, else made-up ones).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from harness import Figure, interleaved, parser, show
from torch.nn import functional as F

from linguagraph.documents.item_mentions import ItemMention, ItemMentions
from linguagraph.documents.wikihop import WikihopItem
from linguagraph.documents.words import split_words
from linguagraph.masks.amortised import AmortisedConfig, AmortisedTraining
from linguagraph.masks.amortised_loading import Batches
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.models.qa import CROSSOVER, QaConfig, QaModel
from linguagraph.models.qa_batch import QaBatch, collate_qa
from linguagraph.models.qa_examples import QaExample, QaVocabulary, encode_item
from linguagraph.models.vocabulary import UNKNOWN, Vocabulary
from linguagraph.runs.qa_memory import needed_bytes
from linguagraph.runs.qa_training import QA_MASKS

ITERATION, GIGABYTES, SECONDS = 1.6, 4.0, 120.0
QUESTIONS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "qa" / "dev.json"
VOCABULARY = QaVocabulary(
    Vocabulary((UNKNOWN, "<pad>", "<sep>", *(f"w{number}" for number in range(8000)))),
    Vocabulary((UNKNOWN, "000")),
)


def random_question(nodes: int, random: np.random.Generator, *, number: int = 0) -> QaExample:
    """A question with so many mentions in ten supports, with about the relations of real ones."""
    per_support = np.bincount(random.integers(0, 10, nodes), minlength=10)
    supports, mentions = [], []
    for support, count in enumerate(per_support):
        words = [f"w{n}" for n in random.integers(0, 8000, max(1, 6 * count))]
        supports.append(" ".join(words))
        for place in range(count):
            key = f"name{random.integers(0, max(2, nodes // 3))}"
            role = ("candidate", "bridge", "bridge", "coreferent")[random.integers(0, 4)]
            candidate = int(random.integers(0, 9)) if role == "candidate" else -1
            chain = int(support * 10 + random.integers(0, 3)) if random.random() < 0.3 else -1
            mentions.append(
                ItemMention(support, 6 * place, 6 * place + 2, key, key, role, candidate, chain)
            )
    mentions[0] = replace(mentions[0], role="candidate", candidate=0)
    item = WikihopItem(
        id=f"random_{number}",
        query="director__date_of_birth w1 w2",
        candidates=tuple(f"candidate {n}" for n in range(9)),
        supports=tuple(supports),
        answer="candidate 0",
    )
    found = ItemMentions(item, tuple(tuple(split_words(s)) for s in supports), tuple(mentions))
    return encode_item(found, VOCABULARY, QaConfig().window)


def random_batch(sizes: list[int], *, seed: int = 0) -> QaBatch:
    """A batch of such questions."""
    random = np.random.default_rng(seed)
    return collate_qa([random_question(size, random, number=i) for i, size in enumerate(sizes)])


def thinned(batch: QaBatch, share: float, *, seed: int = 0) -> QaBatch:
    """The batch with a random part of its edges."""
    random = np.random.default_rng(seed)
    kept = torch.from_numpy(np.sort(random.permutation(batch.num_edges)[: _count(batch, share)]))
    return replace(
        batch,
        edge_index=batch.edge_index[:, kept],
        relation=batch.relation[kept],
        edge_item=batch.edge_item[kept],
    )


def _count(batch: QaBatch, share: float) -> int:
    return max(1, round(share * batch.num_edges))


def training_step(model: QaModel) -> Callable[[QaBatch], None]:
    """One iteration of the model's training."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, foreach=True)

    def step(batch: QaBatch) -> None:
        model.train()
        loss = F.cross_entropy(model(batch, form="matrices").logits, batch.answer)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()

    return step


class MaskSteps:
    """GraphMask iterations on a model, as a training makes them."""

    def __init__(self, model: QaModel, batches: list[QaBatch], *, seeds: int = 1) -> None:
        self.model = QaExplainable(model, form="matrices")
        self.graphs = [self.model.graphs(batch) for batch in batches]
        mask = GraphMask(self.model, seeds=seeds, config=QA_MASKS, erasure="adjacency")
        with frozen(model):
            first = [(graphs, self.model.trace(graphs)) for graphs in self.graphs]
            probe = mask._new_probe(QA_MASKS, first).to(next(model.parameters()).device)
        loader = Batches(self.graphs, lambda graphs: graphs)
        self.training = AmortisedTraining(
            self.model, probe, loader, loader, AmortisedConfig(), log=None, progress=None
        )
        for generator in self.training.generators:
            generator.manual_seed(0)

    def __call__(self, number: int, *, lowest: int = 0) -> None:
        """One iteration; gates from layer ``lowest`` up."""
        with frozen(self.model.module):
            self.training._step(self.graphs[number % len(self.graphs)], lowest)


def iteration(rounds: int) -> list[Figure]:
    """GraphMask against the model."""
    random = np.random.default_rng(0)
    figures = []
    for title, sizes, promise in (
        ("16 questions of 25 to 80 mentions", (25, 80, 16), ITERATION),
        ("2 questions of 200 mentions", (200, 201, 2), None),
    ):
        batches = [
            random_batch(random.integers(sizes[0], sizes[1], sizes[2]).tolist(), seed=i)
            for i in range(4)
        ]
        model = QaModel(QaConfig(), VOCABULARY)
        train, mask = training_step(model), MaskSteps(QaModel(QaConfig(), VOCABULARY), batches)
        work: dict[str, Callable[[int], object]] = {
            "model": lambda n, b=batches, t=train: t(b[n % 4]),  # type: ignore[misc]
            "mask": mask,
        }
        found = interleaved(work, rounds=rounds)
        figures.append(
            found.ratio(
                "mask", "model", title=f"GraphMask / model iteration, {title}", promise=promise
            )
        )
    return figures


def forms(rounds: int) -> list[Figure]:
    """Matrices against edge lists."""
    figures = []
    for nodes, count in ((20, 32), (50, 16), (150, 4), (400, 1)):
        whole = random_batch([nodes] * count, seed=nodes)
        for share in (1.0, 0.3, 0.1, 0.03, 0.01):
            batch = thinned(whole, share)
            model = QaModel(QaConfig(), VOCABULARY).eval().requires_grad_(False)
            with torch.no_grad():
                states, query = model.encode(batch)

            def run(
                form: str,
                batch: QaBatch = batch,
                model: QaModel = model,
                states: torch.Tensor = states,
                query: torch.Tensor = query,
            ) -> None:
                gates = torch.full((3, batch.num_edges), 0.9, requires_grad=True)
                rows = gates if form == "edges" else batch.matrices(gates)
                found = model.propagate(states, query, batch, form=form, gates=list(rows))
                torch.autograd.backward(found.logits.clamp(min=-50).sum())

            work: dict[str, Callable[[int], object]] = {
                form: lambda n, form=form, run=run: run(form)  # type: ignore[misc]
                for form in ("edges", "matrices")
            }
            timed = interleaved(work, rounds=max(3, rounds // 3))
            chosen = "matrices" if batch.density >= CROSSOVER else "edges"
            figure = timed.ratio(
                "matrices",
                "edges",
                title=f"matrices / edges, {count} x {nodes} mentions, density {batch.density:.4f}",
            )
            figures.append(replace(figure, note=f"auto: {chosen}"))
    return figures


def memory(rounds: int) -> list[Figure]:
    """Peak memory at 500 mentions, in processes of their own."""
    figures = []
    for seeds in (1, 5):
        own = [sys.executable, __file__, "--memory-of", str(seeds)]
        said = subprocess.run(own, check=True, capture_output=True, text=True).stdout.split()
        peak, before = float(said[0]), float(said[1])
        estimate = needed_bytes(500, batch=2, layers=3, seeds=seeds) / 1e9
        figures.append(
            Figure(
                f"peak memory, 2 x 500 mentions, 4 relations, {seeds} seed(s)",
                peak,
                GIGABYTES,
                "GB",
                note=f"{before:.2f} GB before the first step; estimate {estimate:.2f} GB",
            )
        )
    return figures


def memory_of(seeds: int) -> None:
    """Print the peak memory of a few steps, and that before, in GB."""
    batch = random_batch([500, 500])
    mask = MaskSteps(QaModel(QaConfig(), VOCABULARY), [batch], seeds=seeds)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    for number in range(3):
        mask(number)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, before)


def masking(questions: Path | None) -> list[Figure]:
    """Seconds of the stage that masks; with the controls, without other methods."""
    from linguagraph.runs.qa import QaOptions, report_qa
    from linguagraph.runs.qa_items import QaReading

    path = questions or QUESTIONS
    if not path.is_file():
        return []
    with tempfile.TemporaryDirectory() as folder:
        options = QaOptions(reading=QaReading(coreference="rules"), rival_items=0, threads=2)
        started = time.perf_counter()
        report = report_qa(path, Path(folder) / "run", options=options)
        whole = time.perf_counter() - started
    stages = report.run_tables.manifest["stages"]
    count = int(report.run_tables.manifest["corpus"]["graphs"])
    parts = ", ".join(f"{name} {stages[name]['seconds']:.0f} s" for name in stages)
    title = f"masking {count} questions with five seeds and controls, two threads"
    note = f"whole report {whole:.0f} s: {parts}; {stages['mask']['peak_memory_mb']} MB"
    return [Figure(title, float(stages["mask"]["seconds"]), SECONDS, "s", note=note)]


def main() -> None:
    """Measure and print."""
    options = parser(__doc__ or "")
    options.add_argument("--rounds", type=int, metavar="N", help="timed rounds (31; quick: 9)")
    options.add_argument("--only", choices=("iteration", "forms", "memory", "masking"))
    options.add_argument("--questions", type=Path, metavar="FILE", help="WikiHop JSON to mask")
    options.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    torch.set_num_threads(1)
    if given.memory_of is not None:
        memory_of(given.memory_of)
        return
    rounds = given.rounds or (9 if given.quick else 31)
    parts: dict[str, Callable[[], list[Figure]]] = {
        "iteration": lambda: iteration(rounds),
        "forms": lambda: forms(rounds),
        "memory": lambda: memory(rounds),
        "masking": lambda: masking(given.questions),
    }
    figures = []
    for name in [given.only] if given.only else list(parts):
        figures += parts[name]()
    show(
        "Questions: GraphMask over adjacency matrices",
        figures,
        path=given.json,
        torch=torch.__version__,
        rounds=rounds,
    )


if __name__ == "__main__":
    main()
