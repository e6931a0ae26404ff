"""Semiring masks on question answering models and on other people's PyG models."""

from __future__ import annotations

import pytest
import torch
from qa_tools import encoded, made_items, trained_model

from linguagraph.masks.frozen import frozen
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.masks.rivals import METHODS
from linguagraph.masks.semiring_edges import record_edges


def test_questions_have_masks_and_exact_gradients() -> None:
    adapter = QaExplainable(trained_model(), form="edges")
    examples = encoded(made_items(6))
    for name in ("semiring", "semiring_best"):
        mask = METHODS[name]().explain(adapter, examples)
        assert mask.num_layers == adapter.num_layers
        assert float(mask.scores.max()) == pytest.approx(1, rel=1e-4)
    with torch.no_grad(), frozen(adapter.module):
        batch = adapter.batch(examples)
        trace = adapter.trace(batch)
        flow = record_edges(adapter, batch, trace)
    found = flow.tape.backward({flow.answers: flow.asked.float()}, "sum")[flow.tape.inputs[0]][0]
    model = adapter.model
    states, query = model.encode(batch.content)
    plain = states.detach().requires_grad_()
    logits = model.propagate(plain, query, batch.content, form="edges").logits
    answers = adapter.output.target(trace.output, logits)
    (gradient,) = torch.autograd.grad(answers.sum(), plain)
    torch.testing.assert_close(found, gradient, rtol=1e-4, atol=1e-6)


def test_pyg_models_have_masks() -> None:
    geometric = pytest.importorskip("torch_geometric")
    from linguagraph.masks.pyg import PygModel

    torch.manual_seed(0)
    net = geometric.nn.GCN(4, 8, num_layers=2, out_channels=3).eval()
    data = geometric.data.Data(
        x=torch.randn(5, 4), edge_index=torch.tensor([[0, 1, 2, 3, 4], [1, 2, 3, 4, 0]])
    )
    adapter = PygModel(net, units="node")
    with torch.no_grad():
        adapter.trace(adapter.batch([data]))
    mask = METHODS["semiring"]().explain(adapter, [data])
    assert tuple(mask.scores.shape) == (2, 5)
    assert float(mask.raw.min()) > 0  # type: ignore[attr-defined]
    assert float(mask.raw.max()) < 1  # type: ignore[attr-defined]
