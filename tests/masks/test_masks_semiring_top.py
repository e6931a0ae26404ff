"""Best paths of answers: along edges of the graph, and of the value that the forward pass gives."""

from __future__ import annotations

import pytest
import torch

from linguagraph.documents.records import Sentence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.semiring_edges import record_edges
from linguagraph.masks.semiring_top import top_paths
from linguagraph.masks.srl_model import SrlExplainable
from linguagraph.models.batch import encode_examples
from linguagraph.models.srl import SrlModel


def test_best_paths_are_the_best_and_follow_edges(
    planted_model: SrlModel, planted_sentences: list[Sentence]
) -> None:
    adapter = SrlExplainable(planted_model)
    examples = list(encode_examples(planted_sentences[:12], planted_model.vocabulary))
    paths = top_paths(adapter, examples)
    with torch.no_grad(), frozen(planted_model):
        batch = adapter.batch(examples)
        flow = record_edges(adapter, batch, adapter.trace(batch))
        best = flow.tape.forward("max", keep=[flow.answers])[flow.answers][0]
        total = flow.tape.forward("total", keep=[flow.answers])[flow.answers][0]
    asked = flow.asked.nonzero().squeeze(1)
    wanted = [unit for unit in asked.tolist() if float(best[unit]) > 0]
    assert len(paths) == len(wanted) > 0
    starts = {g: int((batch.unit_graph == g).nonzero()[0]) for g in range(batch.num_graphs)}
    firsts = {g: int((batch.edge_graph == g).nonzero()[0]) for g in range(batch.num_graphs)}
    for path, unit in zip(paths, wanted, strict=True):
        first = starts[path.example]
        assert first + path.unit == unit
        assert path.value == pytest.approx(float(best[unit]), rel=1e-4)
        assert path.share == pytest.approx(float(best[unit] / total[unit]), rel=1e-4)
        assert [step.layer for step in path.steps] == [0]
        (step,) = path.steps
        assert path.start == step.source  # the encoder mixes no tokens
        assert step.target in (path.unit, int(batch.content.predicate[path.example]) - first)
        if step.edge >= 0:
            source, target = batch.edge_index[:, firsts[path.example] + step.edge].tolist()
            assert (source - first, target - first) == (step.source, step.target)
        else:
            assert step.source == step.target
    assert any(step.edge >= 0 for path in paths for step in path.steps)
