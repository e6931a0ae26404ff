"""Star graphs: what the generator gives, the gold edges, and the model against its formula."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("torch_geometric")

from hypothesis import given, settings
from hypothesis import strategies as st

from linguagraph.errors import ConfigError
from linguagraph.masks.outputs import Output
from linguagraph.tasks.registry import TaskModel, gold_of, load_task_model, task_splits
from linguagraph.tasks.relational import RelationalConfig, call
from linguagraph.tasks.star import make_stars, new_star_model, star_graphs, star_splits
from linguagraph.tasks.training import TaskTraining, accuracy, train_task


def test_a_graph_by_hand() -> None:
    colours = torch.tensor([2, 0, 5, 2, 2, 0])
    graphs = make_stars(torch.tensor([6]), colours, torch.tensor([[2, 0]]))
    one = graphs[0]
    assert one.x.shape == (7, 12)
    assert one.x.sum(0).tolist() == [0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 0, 0]
    assert one.edge_index.tolist() == [[1, 2, 3, 4, 5, 6], [0] * 6]
    assert one.edge_type.tolist() == colours.tolist()
    assert one.gold.tolist() == [True, True, False, True, True, True]
    assert one.y.tolist() == [1]  # three of colour 2, two of colour 0
    assert one.root_index.tolist() == [0]


def test_a_tie_is_no() -> None:
    colours = torch.tensor([0, 1, 3, 3, 3, 3])
    assert make_stars(torch.tensor([6]), colours, torch.tensor([[0, 1]])).field("y").item() == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_every_graph_is_as_the_paper_says(seed: int) -> None:
    for graph in star_graphs(4, seed=seed):
        leaves = graph.edge_index.shape[1]
        assert 6 <= leaves <= 12
        assert graph.x.shape[0] == leaves + 1
        x, y = graph.query[0].tolist()
        assert x != y
        colours = graph.edge_type.tolist()
        assert set(colours) <= set(range(6))
        assert graph.y.item() == int(colours.count(x) > colours.count(y))
        assert graph.gold.tolist() == [colour in (x, y) for colour in colours]
        assert graph.x[0].nonzero().flatten().tolist() == [x, 6 + y]
        assert bool((graph.x == graph.x[0]).all())


def test_seeds_decide_and_all_choices_are_even() -> None:
    graphs = star_graphs(6_000, seed=1)
    again = star_graphs(6_000, seed=1)
    assert torch.equal(graphs.field("edge_type"), again.field("edge_type"))
    assert not torch.equal(graphs.field("query"), star_graphs(6_000, seed=2).field("query"))
    leaves = torch.bincount(graphs.num_edges, minlength=13)[6:] / 6_000
    assert (leaves - 1 / 7).abs().max() < 0.03
    colours = torch.bincount(graphs.field("edge_type")) / len(graphs.field("edge_type"))
    assert (colours - 1 / 6).abs().max() < 0.01
    query = graphs.field("query")
    pairs = torch.bincount(query[:, 0] * 6 + query[:, 1], minlength=36).view(6, 6) / 6_000
    assert pairs.diag().sum() == 0
    assert (pairs[~torch.eye(6, dtype=torch.bool)] - 1 / 30).abs().max() < 0.015


def test_splits_do_not_overlap_in_order() -> None:
    splits = star_splits(train=7, dev=2, test=3, seed=5)
    every = star_graphs(12, seed=5)
    assert [len(part) for part in (splits.train, splits.dev, splits.test)] == [7, 2, 3]
    assert torch.equal(splits.test[0].edge_type, every[9].edge_type)


def test_wrong_graphs_are_refused() -> None:
    six, query = torch.tensor([6]), torch.tensor([[0, 1]])
    with pytest.raises(ConfigError, match="one colour per leaf"):
        make_stars(six, torch.zeros(5, dtype=torch.int64), query)
    with pytest.raises(ConfigError, match="between 0 and 5"):
        make_stars(six, torch.full((6,), 6), query)
    with pytest.raises(ConfigError, match="differ"):
        make_stars(six, torch.zeros(6, dtype=torch.int64), torch.tensor([[1, 1]]))
    with pytest.raises(ConfigError, match="at least 1"):
        star_graphs(0, seed=0)
    with pytest.raises(ConfigError, match="states=0"):
        RelationalConfig(inputs=1, relations=1, states=0)
    with pytest.raises(ConfigError, match="lr=0"):
        TaskTraining(lr=0)


def test_the_model_has_the_sizes_of_appendix_e() -> None:
    shapes = {name: tuple(p.shape) for name, p in new_star_model(0).named_parameters()}
    assert shapes == {
        "initial.0.weight": (100, 12),
        "initial.0.bias": (100,),
        "initial.2.weight": (50, 100),
        "initial.2.bias": (50,),
        "layers.0.weight": (6, 50, 50),
        "layers.0.bias": (6, 50),
        "prediction.0.weight": (100, 50),
        "prediction.0.bias": (100,),
        "prediction.2.weight": (1, 100),
        "prediction.2.bias": (1,),
    }


def test_the_model_is_equation_13_edge_by_edge() -> None:
    model, graphs = new_star_model(3), star_graphs(5, seed=2)
    with torch.no_grad():
        found = call(model, graphs.batch())
        for number, graph in enumerate(graphs):
            state = model.initial(graph.x)
            total = torch.zeros(50)
            for (source, _), colour in zip(
                graph.edge_index.T.tolist(), graph.edge_type.tolist(), strict=True
            ):
                weight, bias = model.layers[0].weight[colour], model.layers[0].bias[colour]
                total += (state[source] @ weight + bias).relu()
            torch.testing.assert_close(found[number], model.prediction(total))


def test_making_a_model_leaves_the_random_state() -> None:
    before = torch.get_rng_state()
    first, again, other = (new_star_model(seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.layers[0].weight, again.layers[0].weight)
    assert not torch.equal(first.layers[0].weight, other.layers[0].weight)


def test_training_learns_and_repeats_itself() -> None:
    splits = star_splits(train=640, dev=50, test=50)
    config = TaskTraining(lr=1e-3, epochs=4)
    ends = []
    for _ in range(2):
        model = new_star_model(0)
        ticks: list[int] = []
        record = train_task(model, splits, config, seed=0, tick=lambda t=ticks: t.append(1))
        assert record.epochs == len(ticks) == 4
        assert not model.training
        ends.append((record, model.layers[0].weight))
    assert ends[0][0] == ends[1][0]
    assert torch.equal(ends[0][1], ends[1][1])
    assert ends[0][0].train > 0.6


@pytest.mark.parametrize("seed", range(5))
def test_the_bundled_models_are_always_right(seed: int) -> None:
    model, record = load_task_model("star", seed)
    assert record.seed == seed
    splits = task_splits("star")
    assert accuracy(model, splits.dev) == accuracy(model, splits.test) == 1


def test_as_methods_see_it() -> None:
    splits = task_splits("star")
    model = TaskModel(load_task_model("star", 0)[0])
    picks = splits.test.picks()[:3]
    batch = model.batch(picks)
    trace = model.trace(batch)
    assert model.output == Output("multilabel")
    assert trace.output.shape == (3, 1)
    assert trace.present.shape == (1, batch.num_edges)
    alone = model.batch([splits.test[0], splits.test[1], splits.test[2]])
    assert torch.equal(alone.edge_index, batch.edge_index)
    assert torch.equal(gold_of(batch.content, 1)[0], batch.content.gold)
    shut = model.run(batch, torch.zeros(1, batch.num_edges), trace=trace)
    assert torch.allclose(shut, model.module.prediction(torch.zeros(50)).expand(3, 1))
