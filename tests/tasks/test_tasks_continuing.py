"""Masked passes that go on from an unmasked one are those of the whole model."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("torch_geometric")

from linguagraph.errors import MaskError
from linguagraph.masks.frozen import frozen
from linguagraph.tasks.registry import TASKS, TaskModel
from linguagraph.tasks.relational import RelationalConfig, RelationalModel


@pytest.mark.parametrize("name", list(TASKS))
@pytest.mark.parametrize("self_loops", [False, True])
@pytest.mark.parametrize("per_edge", [False, True])
def test_going_on_is_running_anew(name: str, self_loops: bool, per_edge: bool) -> None:
    task = TASKS[name]
    torch.manual_seed(0)
    config = task.new_model(0).config
    adapter = TaskModel(
        RelationalModel(
            RelationalConfig(
                inputs=config.inputs,
                relations=config.relations,
                layers=config.layers,
                self_loops=self_loops,
            )
        )
    )
    batch = adapter.batch(task.make(7, seed=3))
    with frozen(adapter.module):
        trace = adapter.trace(batch)
        for gates in (
            torch.rand(task.layers, batch.num_edges),
            torch.ones(task.layers, batch.num_edges),
            torch.zeros(task.layers, batch.num_edges),
        ):
            gates.requires_grad_()
            shape = (batch.num_edges, 50) if per_edge else (50,)
            fills = [torch.randn(shape, requires_grad=True), None][: task.layers]
            found = []
            for known in (None, trace):
                logits = adapter.run(batch, gates, baselines=fills, trace=known)
                slopes = torch.autograd.grad(logits.sum(), (gates, fills[0]))
                found.append((logits.detach(), *slopes))
            for fresh, continued in zip(*found, strict=True):
                torch.testing.assert_close(continued, fresh, atol=1e-5, rtol=1e-4)
        plain = adapter.run(batch, torch.ones_like(gates), trace=trace)
        torch.testing.assert_close(plain, trace.output, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", list(TASKS))
def test_the_plain_pass_is_that_seen_through_hooks(name: str) -> None:
    task = TASKS[name]
    adapter = TaskModel(task.new_model(0))
    batch = adapter.batch(task.make(7, seed=3))
    with frozen(adapter.module):
        hooked = adapter.trace(batch)
        plain = adapter.trace(batch)
    for name in ("output", "present", "weights", "asked"):
        torch.testing.assert_close(getattr(plain, name), getattr(hooked, name))
    assert plain.own is hooked.own is None
    for left, right in zip(plain.sent, hooked.sent, strict=True):
        for name in ("sources", "targets", "index", "messages"):
            torch.testing.assert_close(getattr(left, name), getattr(right, name))
        assert left.edge is right.edge is None
        assert not left.messages.requires_grad


def test_gates_of_another_shape_are_refused() -> None:
    adapter = TaskModel(TASKS["star"].new_model(0))
    batch = adapter.batch(TASKS["star"].make(2, seed=0))
    with frozen(adapter.module):
        trace = adapter.trace(batch)
        with pytest.raises(MaskError, match="gates have shape"):
            adapter.run(batch, torch.ones(2, batch.num_edges), trace=trace)
