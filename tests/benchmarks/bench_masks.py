"""Models of several kinds -> what GraphMask costs beside them, and beside a rival.

All on one thread, every pair in turn, by processor time:

* at 1,024 dimensions, one layer, 1,536 messages (32 random trees of 25 tokens, edges both ways, 50
  labels): one GraphMask iteration (unmasked pass, gates, masked pass, backward, penalty and
  constraint; the model is frozen) by one forward and backward pass of the plain model (a graph
  convolution with a linear head, gradients of all its parameters, none into its input).

Matrix multiplications of the first, in rows multiplied by a 1,024 x 1,024 matrix (nothing else
comes near; the head has 50 columns):

    plain model   forward     3 * 800   both directions and the self-loop of every node
                  backward    3 * 800   gradients of these weights
    GraphMask     unmasked    3 * 800   its messages serve the masked pass as well
                  gates       800 + 800 + 1536   sources, targets (per node), messages
                  backward    800 + 800 + 1536   gradients of these weights

which is 8,672 / 4,800 = 1.81; everything else (layer normalisation, sampling, sums over edges) adds
to that.

* on star graphs, batches of 32: one GraphMask iteration (with Adam and multiplier) by one training
  iteration of the model (with Adam), on batches that are there and with batches made anew;
* explaining star graphs by a fitted mask, in batches of 100 and one at a time, each time from the
  graphs of a store, by PyG's GraphMaskExplainer at its defaults.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import copy
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from harness import Figure, Timings, interleaved, parser, show
from torch import Tensor, nn
from torch.nn import functional as F
from torch_geometric.explain import Explainer, GraphMaskExplainer

from linguagraph.masks.amortised import AmortisedConfig, AmortisedTraining
from linguagraph.masks.amortised_loading import Batches, sample, start_probe
from linguagraph.masks.amortised_probe import SiteProbe
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.explainable import GraphBatch
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.lagrangian import Lagrangian, LagrangianConfig
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.pyg import PygModel
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.gateable import Trace
from linguagraph.models.layers import GatedGCNLayer, Messages, aggregate
from linguagraph.tasks.registry import TaskModel, load_task_model, task_splits
from linguagraph.tasks.relational import call
from linguagraph.tasks.star import new_star_model
from linguagraph.tasks.store import GraphStore

WIDE, STAR, EXPLAINING = 2.0, 1.2, 0.01
WIDTH, TREES, TOKENS, LABELS = 1024, 32, 25, 50


def main() -> None:
    """Measure and print."""
    options = parser(__doc__ or "")
    options.add_argument("--rounds", type=int, metavar="N", help="timed rounds (31; quick: 9)")
    options.add_argument("--only", choices=list(PARTS), help="measure only this")
    given = options.parse_args()
    torch.set_num_threads(1)
    rounds = given.rounds or (9 if given.quick else 31)
    figures = []
    for name in [given.only] if given.only else list(PARTS):
        figures += PARTS[name](rounds)
    show(
        "GraphMask beside models of several kinds",
        figures,
        path=given.json,
        torch=torch.__version__,
        rounds=rounds,
    )


@dataclass(frozen=True)
class Trees:
    """A batch of random trees; fields as those of an ``SrlBatch``, and the states of its nodes."""

    states: Tensor
    source: Tensor
    target: Tensor
    edge_type: Tensor
    direction: Tensor
    labels: Tensor
    has_context: bool = False

    @classmethod
    def draw(cls, seed: int) -> Trees:
        """``TREES`` trees of ``TOKENS`` tokens, each hung on an earlier one, edges both ways."""
        random = np.random.default_rng(seed)
        child = np.concatenate([np.arange(1, TOKENS) + TOKENS * tree for tree in range(TREES)])
        place = child % TOKENS
        head = child - place + random.integers(0, place)
        label = random.integers(0, LABELS, len(child))
        arrays = {
            "source": np.concatenate([head, child]),
            "target": np.concatenate([child, head]),
            "edge_type": np.concatenate([label, label + LABELS]),
            "direction": np.repeat([0, 1], len(child)),
            "labels": random.integers(0, LABELS, TREES * TOKENS),
        }
        states = torch.randn(TREES * TOKENS, WIDTH, generator=torch.Generator().manual_seed(seed))
        return cls(states, **{name: torch.from_numpy(a) for name, a in arrays.items()})

    @property
    def num_edges(self) -> int:
        """E."""
        return len(self.source)


class PlainGcn(nn.Module):
    """One graph layer and a linear head over given states."""

    state_sizes = message_sizes = (WIDTH,)

    def __init__(self) -> None:
        super().__init__()
        self.layer = GatedGCNLayer(WIDTH, WIDTH, edge_types=2 * LABELS)
        self.head = nn.Linear(WIDTH, LABELS)

    def propagate(
        self,
        states: Tensor,
        batch: Trees,
        *,
        start: int = 0,
        messages: Messages | None = None,
        gates: Sequence[Tensor | None] | None = None,
        baselines: Sequence[Tensor | None] | None = None,
    ) -> Trace:
        """See :class:`linguagraph.models.gateable.Gateable`."""
        sent = messages
        if sent is None:
            sent = self.layer.messages(states, batch.source, batch.edge_type, batch.direction)
        mask, fill = (None if given is None else given[0] for given in (gates, baselines))
        passed = aggregate(sent, batch.target, gates=mask, baseline=fill)
        return Trace(self.head(passed), (states,), (sent,), start)

    def forward(self, batch: Trees) -> Trace:
        """Without gates."""
        return self.propagate(batch.states, batch)


def wide(rounds: int) -> list[Figure]:
    """GraphMask against a plain graph convolution, where multiplications outweigh all else."""
    torch.manual_seed(0)
    batches = [Trees.draw(seed) for seed in range(4)]
    times = interleaved(
        {"model": wide_model(batches), "graphmask": wide_graphmask(batches)}, rounds=rounds
    )
    sent = batches[0].num_edges
    title = f"{WIDTH:,} dimensions, one layer, {sent:,} messages: GraphMask by the model"
    return [times.ratio("graphmask", "model", title=title, promise=WIDE)]


def wide_model(batches: Sequence[Trees]) -> Callable[[int], object]:
    """Forward and backward of the plain model."""
    model = PlainGcn()

    def step(number: int) -> None:
        batch = batches[number % len(batches)]
        model.zero_grad(set_to_none=True)
        torch.autograd.backward(F.cross_entropy(model(batch).logits, batch.labels))

    return step


def wide_graphmask(batches: Sequence[Trees]) -> Callable[[int], object]:
    """One GraphMask iteration on the same model."""
    config = ProbeConfig(hidden=WIDTH)
    masker = SrlGraphMask.create(PlainGcn(), seeds=[0], config=config)  # type: ignore[arg-type]
    lagrangian = Lagrangian(1, LagrangianConfig())

    def step(number: int) -> None:
        batch = batches[number % len(batches)]
        masker.probe.zero_grad(set_to_none=True)
        with frozen(masker.model):
            penalty, apart = masker.step(batch, divergence=Divergence())  # type: ignore[arg-type]
        torch.autograd.backward(lagrangian.loss(penalty, apart))
        lagrangian.ascend(apart)

    return step


def star(rounds: int) -> list[Figure]:
    """GraphMask against the training of a small model, where the cost of each call counts."""
    graphs = task_splits("star").train
    numbers = torch.randperm(len(graphs), generator=torch.Generator().manual_seed(0)).split(32)
    parts, rounds = numbers[:64], 10 * rounds  # short ones: more of them
    explained = load_task_model("star", 0)[0]
    model, mask = star_model(), StarGraphMask(TaskModel(explained), graphs)
    hooked = StarGraphMask(PygModel(explained, output="multilabel", call=call), graphs)
    made = [graphs.batch(part) for part in parts]
    ready = [mask.model.graphs(batch) for batch in made]
    times = interleaved(
        {
            "model": lambda n: model(made[n % len(parts)]),
            "graphmask": lambda n: mask(ready[n % len(parts)]),
            "graphmask, hooks": lambda n: hooked(ready[n % len(parts)]),
            "model, batch": lambda n: model(graphs.batch(parts[n % len(parts)])),
            "graphmask, batch": lambda n: mask(
                mask.model.graphs(graphs.batch(parts[n % len(parts)]))
            ),
        },
        rounds=rounds,
    )
    hooked.close()
    title = "star graphs, batches of 32: GraphMask by the model"
    return [
        times.ratio("graphmask", "model", title=f"{title}, batches at hand", promise=STAR),
        times.ratio("graphmask, hooks", "model", title=f"{title}, through hooks"),
        times.ratio(
            "graphmask, batch", "model, batch", title=f"{title}, batches made", promise=STAR
        ),
        *(
            Figure(f"star graphs: {name}, ms an iteration", 1000 * times.seconds(name))
            for name in times.cpu
        ),
    ]


def star_model() -> Callable[[Any], object]:
    """A training iteration of the star model."""
    model = new_star_model(1).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)

    def step(batch: Any) -> None:
        logits = call(model, batch).squeeze(-1)
        loss = F.binary_cross_entropy_with_logits(logits, batch.y.float())
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()

    return step


class StarGraphMask:
    """GraphMask iterations on a trained star model, as a training makes them.

    The model stays frozen, as it is for the whole of a training.
    """

    def __init__(self, model: PygModel, graphs: GraphStore) -> None:
        self.model, self.held = model, ExitStack()
        model.module.eval().requires_grad_(False)
        train = Batches(graphs.batches(32), self.model.graphs)
        passes = [trace for _, trace in sample(self.model, train)]
        probe = SiteProbe([0], self.model.sites, ProbeConfig())
        start_probe(probe, passes)
        self.training = AmortisedTraining(
            self.model, probe, train, train, AmortisedConfig(), log=None, progress=None
        )

        if not isinstance(model, TaskModel):
            self.held.enter_context(model.held())

    def __call__(self, batch: GraphBatch) -> None:
        """One iteration."""
        self.training._step(batch, 0)

    def close(self) -> None:
        """Take the hooks away."""
        self.held.close()


def explaining(rounds: int) -> list[Figure]:
    """Applying a fitted mask against learning one anew for every graph."""
    splits = task_splits("star")
    model = load_task_model("star", 0)[0]
    adapter = TaskModel(model)
    config = AmortisedConfig(epochs_after=0, checks=1)
    mask = GraphMask(adapter, config=config).fit(splits.train[:6400].batches(32))
    test, size = splits.test, 100
    picks = test.picks()
    rival = pyg_explainer(model)
    times = interleaved(
        {
            "batched": lambda n: mask.explain(picks[:size]),
            "alone": lambda n: [mask.explain([picks[n * 10 % 500 + k]]) for k in range(10)],
            "PyG": lambda n: rival(test[n % len(test)]),
        },
        rounds=rounds,
        warm_up=1,
    )
    seconds = {
        "batched": [t / size for t in times.cpu["batched"]],
        "alone": [t / 10 for t in times.cpu["alone"]],
        "PyG": times.cpu["PyG"],
    }
    each = Timings(seconds, seconds)
    title = "explaining a star graph by a fitted mask by PyG's GraphMaskExplainer"
    return [
        each.ratio("batched", "PyG", title=f"{title}, batches of {size}", promise=EXPLAINING),
        each.ratio("alone", "PyG", title=f"{title}, one at a time", promise=EXPLAINING),
        *(Figure(f"explaining: {name}, ms a graph", 1000 * each.seconds(name)) for name in seconds),
    ]


def pyg_explainer(model: nn.Module) -> Callable[[Any], object]:
    """PyG's explainer on a copy of a star model; it writes onto the layers that it explains."""
    model = copy.deepcopy(model)
    for layer in model.layers:
        layer.in_channels = layer.out_channels = layer.weight.shape[1]  # what it asks layers for
    explainer = Explainer(
        model,
        algorithm=GraphMaskExplainer(1, log=False),
        explanation_type="model",
        node_mask_type="object",
        edge_mask_type="object",
        model_config={
            "mode": "binary_classification",
            "task_level": "graph",
            "return_type": "raw",
        },
    )
    return lambda data: explainer(
        data.x, data.edge_index, edge_type=data.edge_type, root_index=data.root_index
    )


PARTS: dict[str, Callable[[int], list[Figure]]] = {
    "wide": wide,
    "star": star,
    "explaining": explaining,
}


if __name__ == "__main__":
    main()
