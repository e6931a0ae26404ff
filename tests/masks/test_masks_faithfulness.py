"""Keep and drop conditions on toys whose answers are sums of edge weights; PyG's own metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from linguagraph.aggregates.faithfulness_curves import fidelity_summary
from linguagraph.aggregates.statistics import Resampling
from linguagraph.columns import FIDELITY
from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.choices import SHARES, choices
from linguagraph.masks.explainable import EdgeMask, GraphBatch, Pass, Site
from linguagraph.masks.faithfulness import measure
from linguagraph.masks.outputs import Output


@dataclass
class Sums:
    """A graph's one unit has the logits (sum of weights of its edges in all layers, 0).

    Edge weights are the batch's content, float [L, E]; asked units and weights may be chosen.
    """

    layers: int = 1
    asked: Sequence[bool] | None = None
    output: Output = field(default_factory=Output)
    module: nn.Module = field(default_factory=nn.Module)
    runs: int = 0

    @property
    def sites(self) -> tuple[Site, ...]:
        return tuple(Site(layer, "edges", 1, 1, 1) for layer in range(self.layers))

    @property
    def num_layers(self) -> int:
        return self.layers

    def batch(self, graphs: Sequence[Tensor]) -> GraphBatch:
        counts = torch.tensor([graph.shape[1] for graph in graphs])
        edges = torch.arange(int(counts.sum()))
        return GraphBatch(
            torch.cat(list(graphs), 1),
            torch.stack((edges, edges)),
            torch.repeat_interleave(torch.arange(len(graphs)), counts),
            torch.arange(len(graphs)),
            len(graphs),
            (("edges", len(edges)),),
        )

    def trace(self, batch: GraphBatch) -> Pass:
        present = batch.content != 0
        output = self._logits(batch, batch.content)
        asked = torch.ones(batch.num_graphs, dtype=torch.bool)
        asked = asked if self.asked is None else torch.tensor(self.asked)
        return Pass(output, (), present, batch.even_weights, asked)

    def run(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None] | None = None,
        trace: Pass | None = None,
    ) -> Tensor:
        self.runs += 1
        fill = torch.zeros(self.layers, 1) if baselines is None else torch.stack(list(baselines))
        sent = gates * batch.content + (1 - gates) * fill * (batch.content != 0)
        return self._logits(batch, sent)

    def _logits(self, batch: GraphBatch, sent: Tensor) -> Tensor:
        total = batch.per_graph(sent.sum(0), batch.edge_graph)
        if self.output.kind != "classification":
            return total.unsqueeze(-1)
        return torch.stack((total, torch.zeros_like(total)), -1)


def sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


def mask_of(scores: Tensor, retained: Sequence[Sequence[int]], weights: Tensor) -> EdgeMask:
    return EdgeMask(scores, torch.tensor(retained).bool(), weights != 0, method="toy", seed=3)


def value(
    table: pd.DataFrame, condition: str, column: str = "confidence", **where: object
) -> float:
    rows = table[(table["condition"] == condition) & (table["draw"] == 0)]
    for name, wanted in ({"control": "method", "fill": "zeros"} | where).items():
        rows = rows[rows[name] == wanted]
    assert len(rows) == 1
    return float(rows[column].iloc[0])


THREE = torch.tensor([[2.0, -1.0, 3.0]])


def test_keep_and_drop_by_hand() -> None:
    model = Sums()
    mask = mask_of(torch.tensor([[0.5, 0.1, 0.9]]), [[0, 0, 1]], THREE)
    table = measure(model, [model.batch([THREE])], [mask], name="sums")
    # 20% of 3 edges is 0.6: one edge; 35% is 1.05; 50% is 1.5: two; 75% is 2.25
    kept = {0: 0.0, 5: 0.0, 10: 0.0, 20: 3.0, 35: 3.0, 50: 5.0, 75: 5.0, 100: 4.0}
    for share, total in kept.items():
        assert value(table, f"keep_{share}") == pytest.approx(sigmoid(total), abs=1e-6)
        assert value(table, f"drop_{share}") == pytest.approx(sigmoid(4 - total), abs=1e-6)
    assert value(table, "mask") == pytest.approx(sigmoid(3), abs=1e-6)
    assert value(table, "complement") == pytest.approx(sigmoid(1), abs=1e-6)
    assert value(table, "keep_50", "kept") == 2
    assert value(table, "drop_20", "kept") == 2
    assert table["edges"].eq(3).all()
    assert table["original_confidence"].to_numpy() == pytest.approx(sigmoid(4), abs=1e-6)
    assert set(table["method"]) == {"toy"}
    assert set(table["seed"]) == {3}
    assert set(table["predicate_type"]) == {"graph"}
    assert table["correct"].isna().all()
    pd.testing.assert_frame_equal(FIDELITY.check(table), table)


def test_baselines_take_the_place_of_messages() -> None:
    model = Sums()
    mask = mask_of(torch.tensor([[0.5, 0.1, 0.9]]), [[0, 0, 1]], THREE)
    batch = model.batch([THREE])
    table = measure(model, [batch], [mask], baselines=[torch.tensor([-2.0])])
    assert value(table, "mask", fill="baselines") == pytest.approx(sigmoid(3 - 4), abs=1e-6)
    assert value(table, "mask", "same", fill="baselines") == 0
    assert value(table, "mask", fill="zeros") == pytest.approx(sigmoid(3), abs=1e-6)
    assert value(table, "keep_100", fill="baselines") == pytest.approx(sigmoid(4), abs=1e-6)


def test_equal_choices_are_run_once_and_all_edges_never() -> None:
    model = Sums()
    mask = mask_of(torch.tensor([[0.5, 0.1, 0.9]]), [[0, 0, 1]], THREE)
    measure(model, [model.batch([THREE])], [mask], draws=1)
    # of the 8 subsets of three edges the full one is the unmasked pass
    assert model.runs <= 7


def random_case(seed: int = 0) -> tuple[Sums, GraphBatch, EdgeMask, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    model = Sums(layers=2)
    graphs = []
    for edges in (9, 1, 14, 0, 20):
        weights = torch.randn(2, edges, generator=generator)
        weights[0, ::4] = 0.0  # these send nothing in the bottom layer
        graphs.append(weights)
    batch = model.batch(graphs)
    scores = torch.rand(2, batch.num_edges, generator=generator)
    retained = (scores > 0.7) & (batch.content != 0)
    labels = torch.randint(3, (batch.num_edges,), generator=generator)
    return model, batch, mask_of(scores, retained.int().tolist(), batch.content), labels


def test_random_choices_keep_the_same_numbers() -> None:
    _, batch, mask, labels = random_case()
    graph, present = batch.edge_graph.numpy(), mask.present.numpy()
    found = list(
        choices(mask, graph, labels=labels.numpy(), draws=4, random=np.random.default_rng(1))
    )
    own = {c.keep: c.chosen for c in found if c.control == "method"}
    assert set(own) == {*(f"keep_{share}" for share in SHARES), "mask"}
    assert (own["keep_100"] == present).all()
    assert not own["keep_0"].any()
    drawn = [c for c in found if c.control != "method"]
    assert len(drawn) == 2 * 4 * 7
    differ = 0
    for choice in drawn:
        assert not (choice.chosen & ~present).any()
        groups = graph * 3 + labels.numpy() if choice.control == "random_labels" else graph
        for layer in range(2):
            wanted, there = (
                np.bincount(groups, weights=flags[layer], minlength=groups.max() + 1)
                for flags in (own[choice.keep], choice.chosen)
            )
            np.testing.assert_array_equal(wanted, there)
        differ += int((choice.chosen != own[choice.keep]).any())
    assert differ > len(drawn) / 2


def test_choices_of_one_draw_are_nested() -> None:
    _, batch, mask, labels = random_case()
    graph = batch.edge_graph.numpy()
    found = list(choices(mask, graph, labels=labels.numpy(), random=np.random.default_rng(1)))
    for control in ("method", "random", "random_labels"):
        by_share = {c.keep: c.chosen for c in found if c.control == control and c.draw == 0}
        for low, high in ((5, 10), (10, 20), (20, 35), (35, 50), (50, 75)):
            assert not (by_share[f"keep_{low}"] & ~by_share[f"keep_{high}"]).any()


def test_the_top_is_taken_within_each_graph_over_all_layers() -> None:
    _, batch, mask, _ = random_case()
    graph = batch.edge_graph.numpy()
    (half,) = (
        c.chosen
        for c in choices(mask, graph, random=np.random.default_rng(0), draws=1)
        if c.keep == "keep_50" and c.control == "method"
    )
    scores, present = mask.scores.numpy(), mask.present.numpy()
    for number in np.unique(graph):
        here = present & (graph == number)
        assert half[here].sum() == (here.sum() + 1) // 2
        if (here & ~half).any():
            assert scores[here & half].min() > scores[here & ~half].max()


def test_ties_are_broken_at_random() -> None:
    weights = torch.ones(1, 400)
    mask = mask_of(torch.zeros(1, 400), [[0] * 400], weights)
    graph = np.zeros(400, dtype=np.int64)
    (half,) = (
        c.chosen[0]
        for c in choices(mask, graph, random=np.random.default_rng(0), draws=1)
        if c.keep == "keep_50" and c.control == "method"
    )
    assert half.sum() == 200
    assert 60 < half[:200].sum() < 140


def test_graphs_without_edges_or_asked_units_have_no_rows() -> None:
    model, batch, mask, labels = random_case()
    model.asked = [True, True, False, True, True]
    table = measure(
        model,
        [batch, batch],
        [mask, mask],
        labels=[labels, labels],
        sentences=[7, 7, 8, 9, 9] * 2,
        predicate_types=["V", "N", "V", "V", "N"] * 2,
        first=10,
    )
    assert sorted(table["graph"].unique()) == [10, 11, 14, 15, 16, 19]
    assert sorted(table["sentence"].unique()) == [7, 9]
    assert set(table["predicate_type"]) == {"V", "N"}
    counts = table.groupby("graph").size()
    assert (counts == 18 + 2 * 3 * 14).all()


def test_the_same_seed_gives_the_same_table() -> None:
    model, batch, mask, labels = random_case()
    one, two, other = (
        measure(model, [batch], [mask], labels=[labels], seed=seed) for seed in (4, 4, 5)
    )
    pd.testing.assert_frame_equal(one, two)
    assert not one["confidence"].equals(other["confidence"])


def test_a_perfect_mask_is_sufficient_and_comprehensive() -> None:
    model = Sums()
    graphs = [torch.tensor([[9.0, 1e-9, 1e-9, 1e-9]])] * 6
    batch = model.batch(graphs)
    best = (batch.content > 1).int().tolist()
    mask = mask_of(batch.content, best, batch.content)
    table = measure(model, [batch], [mask])
    found = fidelity_summary(table, resampling=Resampling(resamples=50))
    own = found[found["control"] == "method"].set_index("measure")["value"]
    assert own["sufficiency"] == pytest.approx(0, abs=1e-6)
    assert own["comprehensiveness"] == pytest.approx(sigmoid(9) - 0.5, abs=1e-4)
    assert own["unfaithfulness"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("gold", "original", "masked"), [(0, 1.0, 0.0), (1, 0.0, 1.0)])
def test_gold_answers(gold: int, original: float, masked: float) -> None:
    model = Sums()
    weights = torch.tensor([[2.0, -1.0]])
    mask = mask_of(torch.tensor([[0.1, 0.9]]), [[0, 1]], weights)
    table = measure(model, [model.batch([weights])], [mask], gold=[torch.tensor([gold])])
    assert value(table, "mask", "original_correct") == original
    assert value(table, "mask", "correct") == masked
    assert value(table, "mask", "correct_changed") == 1
    assert value(table, "complement", "correct_changed") == 0
    table = measure(model, [model.batch([weights])], [mask], gold=[torch.tensor([-100])])
    assert table["correct"].isna().all()


@pytest.mark.parametrize("kind", ["multilabel", "regression"])
def test_other_outputs(kind: str) -> None:
    model = Sums(output=Output(kind))
    mask = mask_of(torch.tensor([[0.5, 0.1, 0.9]]), [[0, 1, 0]], THREE)
    gold = [torch.tensor([[1.0]])]
    table = measure(model, [model.batch([THREE])], [mask], gold=gold)
    if kind == "multilabel":
        assert value(table, "mask") == pytest.approx(sigmoid(-1), abs=1e-6)
        assert value(table, "mask", "correct_changed") == 1
        p, q = sigmoid(-1), sigmoid(4)
        kl = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
        assert value(table, "mask", "kl") == pytest.approx(kl, rel=1e-5)
    else:
        assert value(table, "mask") == pytest.approx(np.exp(-12.5), abs=1e-6)
        assert table["kl"].isna().all()
        assert table["correct"].isna().all()
    assert value(table, "mask", "same") == 0


def test_what_does_not_fit_is_named() -> None:
    model, batch, mask, labels = random_case()
    with pytest.raises(ConfigError, match="2 masks; expected 1"):
        measure(model, [batch], [mask, mask])
    with pytest.raises(ConfigError, match="3 sentences; expected 5"):
        measure(model, [batch], [mask], sentences=[1, 2, 3])
    with pytest.raises(ConfigError, match="draws=0"):
        measure(model, [batch], [mask], draws=0)
    with pytest.raises(MaskError, match=r"labels of shape \(2,\)"):
        measure(model, [batch], [mask], labels=[labels[:2]])
    with pytest.raises(MaskError, match=r"a mask \[L, E\] of \(2, 44\); expected \(2, 3\)"):
        measure(model, [model.batch([torch.ones(2, 3)])], [mask])
    bad = EdgeMask(mask.scores * torch.nan, mask.retained, mask.present, method="odd")
    with pytest.raises(MaskError, match="'odd' gave scores that are not numbers"):
        measure(model, [batch], [bad])
    other = EdgeMask(mask.scores, mask.retained, mask.present, method="odd")
    with pytest.raises(ConfigError, match="one method and seed at a time"):
        measure(model, [batch, batch], [mask, other])


def test_no_batches_is_an_empty_table() -> None:
    assert measure(Sums(), [], []).empty


class Convolved:
    """:class:`Explainable` over a PyG model whose layers take a weight per edge."""

    def __init__(self, module: nn.Module, layers: int) -> None:
        self.module, self.num_layers, self.output = module, layers, Output()
        self.sites = tuple(Site(layer, "edges", 5, 5, 5) for layer in range(layers))

    def trace(self, batch: GraphBatch) -> Pass:
        edges = torch.ones(self.num_layers, batch.num_edges)
        asked = torch.ones(len(batch.unit_graph), dtype=torch.bool)
        return Pass(self.run(batch, edges), (), edges.bool(), batch.even_weights, asked)

    def run(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None] | None = None,
        trace: Pass | None = None,
    ) -> Tensor:
        output: Tensor = self.module(batch.content, batch.edge_index, gates)
        return output


@pytest.mark.parametrize("kind", ["model", "phenomenon"])
def test_equal_to_the_metrics_of_pyg(kind: str) -> None:
    pytest.importorskip("torch_geometric")
    from torch_geometric.explain import Explainer
    from torch_geometric.explain.algorithm import DummyExplainer
    from torch_geometric.explain.metric import characterization_score, fidelity, unfaithfulness
    from torch_geometric.nn import GraphConv

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([GraphConv(5, 6), GraphConv(6, 4)])

        def forward(self, x: Tensor, edge_index: Tensor, gates: Tensor | None = None) -> Tensor:
            for index, layer in enumerate(self.layers):
                weight = None if gates is None else gates[index]
                x = layer(x.relu() if index else x, edge_index, weight)
            return x

    torch.manual_seed(0)
    net = Net().eval()
    x, edge_index = torch.randn(30, 5), torch.randint(30, (2, 80))
    flags = torch.rand(80) < 0.4
    gold = torch.randint(4, (30,))
    explainer = Explainer(
        net,
        DummyExplainer(),
        explanation_type=kind,
        edge_mask_type="object",
        model_config={
            "mode": "multiclass_classification",
            "task_level": "node",
            "return_type": "raw",
        },
    )
    explanation = explainer(x, edge_index, target=gold if kind == "phenomenon" else None)
    explanation.edge_mask = flags.float()
    plus, minus = fidelity(explainer, explanation)
    assert 0 < minus < 1
    assert 0 < plus < 1
    graph = torch.zeros(80, dtype=torch.long), torch.zeros(30, dtype=torch.long)
    batch = GraphBatch(x, edge_index, *graph, 1, (("edges", 80),))
    both = torch.stack((flags, flags))
    mask = EdgeMask(both.float(), both, torch.ones(2, 80, dtype=torch.bool), method="dummy")
    table = measure(Convolved(net, 2), [batch], [mask], gold=[gold], draws=1)  # type: ignore[arg-type]
    found = fidelity_summary(table, resampling=Resampling(resamples=10))
    own = found[found["control"] == "method"].set_index("measure")["value"]
    ending = "" if kind == "model" else "_phenomenon"
    assert own[f"fidelity_plus{ending}"] == pytest.approx(plus, abs=1e-6)
    assert own[f"fidelity_minus{ending}"] == pytest.approx(minus, abs=1e-6)
    assert own["unfaithfulness"] == pytest.approx(unfaithfulness(explainer, explanation), abs=1e-5)
    if kind == "model":
        score = characterization_score(torch.tensor(plus), torch.tensor(minus))
        assert own["characterization"] == pytest.approx(float(score), abs=1e-6)
