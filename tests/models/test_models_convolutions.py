"""Graph convolutions by name: formulas, gates and baselines, PyG's own output, whole models."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from srl_tools import batch_of, planted_sentences, small_config, small_model
from torch import Tensor, nn

from linguagraph.errors import ConfigError
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models import SrlConfig, SrlModel, load_model, save_model
from linguagraph.models.convolutions import (
    CONVOLUTIONS,
    ConvolutionOptions,
    GgnnLayer,
    RgcnLayer,
    make_convolution,
)
from linguagraph.models.layers import gather

pytest.importorskip("torch_geometric")

SENTENCES = planted_sentences(8, seed=3)
NODES, EDGES, TYPES = 7, 15, 6
OPTIONS = ConvolutionOptions(heads=2, edge_width=3, bases=2)


def graph() -> dict[str, Tensor]:
    """Random edges; node 6 has none that enter it."""
    random = torch.Generator().manual_seed(1)
    kinds = torch.randint(0, TYPES, (EDGES,), generator=random)
    return {
        "source": torch.randint(0, NODES, (EDGES,), generator=random),
        "target": torch.randint(0, NODES - 1, (EDGES,), generator=random),
        "edge_type": kinds,
        "direction": kinds % 2,
    }


def layer(name: str, *, inputs: int = 5, outputs: int = 4) -> nn.Module:
    torch.manual_seed(2)
    made = make_convolution(name, inputs, outputs, edge_types=TYPES, options=OPTIONS)
    for key, values in made.named_parameters():
        if key.endswith("bias"):
            nn.init.normal_(values)
    return made


def model(name: str, *, layers: int = 2, encoder: str = "mlp") -> SrlModel:
    config = small_config(
        "srl-gnn",
        hidden=12,
        conv=name,  # type: ignore[arg-type]
        encoder=encoder,  # type: ignore[arg-type]
        gcn_layers=layers,
        heads=3,
        edge_width=5,
        bases=2,
    )
    return small_model(SENTENCES, config)


def test_rgcn_by_hand() -> None:
    made, states, at = layer("rgcn"), torch.randn(NODES, 5), graph()
    assert isinstance(made, RgcnLayer)
    bases = made.bases_weight.detach().view(2, 4, 5).numpy()
    matrices = np.einsum("rb,boi->roi", made.mixture.detach().numpy(), bases)
    into = list(zip(at["target"].tolist(), at["edge_type"].tolist(), strict=True))
    expected = made.own(states).detach().numpy()
    for source, (target, kind) in zip(at["source"].tolist(), into, strict=True):
        sent = matrices[kind] @ states[source].numpy() + made.bias.detach().numpy()[kind]
        expected[target] += sent / into.count((target, kind))
    sent = made.messages(states, **at)
    found = made.update(gather(sent, at["target"]), states).detach()
    np.testing.assert_allclose(found, np.maximum(expected, 0), atol=1e-5)
    assert sent.soft_gates is None


@pytest.mark.parametrize("inputs", [4, 5])
def test_ggnn_by_hand(inputs: int) -> None:
    made, states, at = layer("ggnn", inputs=inputs), torch.randn(NODES, inputs), graph()
    assert isinstance(made, GgnnLayer)
    summed = torch.zeros(NODES, 4)
    matrices = made.weight.view(2, 4, inputs)
    for source, target, kind in zip(at["source"], at["target"], at["edge_type"], strict=True):
        summed[target] += matrices[kind % 2] @ states[source] + made.bias[kind]
    before = states if inputs == 4 else made.entry(states)
    found = made.update(gather(made.messages(states, **at), at["target"]), states)
    torch.testing.assert_close(found, made.cell(summed, before), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["gat", "gine", "transformer"])
def test_open_gates_give_what_the_module_of_pyg_gives(name: str) -> None:
    made, states, at = layer(name), torch.randn(NODES, 5), graph()
    sent = made.messages(states, **at)  # type: ignore[operator]
    found = made.update(gather(sent, at["target"]), states)  # type: ignore[operator]
    ends = torch.stack((at["source"], at["target"]))
    expected = made.conv(states, ends, made.edges(at["edge_type"]))  # type: ignore[operator]
    torch.testing.assert_close(found, expected.relu(), atol=1e-6, rtol=1e-5)
    assert not made.conv._message_forward_hooks  # type: ignore[union-attr, operator]


@pytest.mark.parametrize("name", ["gat", "transformer"])
def test_soft_gates_are_attention_that_sums_to_one_at_a_node(name: str) -> None:
    made, at = layer(name), graph()
    weights = made.messages(torch.randn(3, NODES, 5), **at).soft_gates  # type: ignore[operator]
    assert weights.shape == (3, EDGES)
    summed = torch.zeros(3, NODES).index_add(1, at["target"], weights)
    there = torch.bincount(at["target"], minlength=NODES) > 0
    torch.testing.assert_close(summed, there.float().expand(3, -1))


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_several_states_at_once_equal_one_after_another(name: str) -> None:
    made, at = layer(name), graph()
    states, gates, baseline = torch.randn(3, NODES, 5), torch.rand(3, EDGES), None

    def run(part: Tensor, gate: Tensor) -> Tensor:
        sent = made.messages(part, **at)  # type: ignore[operator]
        assert sent.edges.shape[-1] == made.message_width
        found: Tensor = made.update(  # type: ignore[operator]
            gather(sent, at["target"], gates=gate, baseline=baseline), part
        )
        return found

    together = run(states, gates)
    alone = torch.stack([run(states[i], gates[i]) for i in range(3)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize(("layers", "encoder"), [(1, "bilstm"), (2, "mlp"), (4, "mlp")])
def test_models_of_any_depth_take_gates_and_baselines(name: str, layers: int, encoder: str) -> None:
    made = model(name, layers=layers, encoder=encoder)
    batch = batch_of(made, SENTENCES)
    fills = [torch.randn(size) for size in made.message_sizes]
    ones = [torch.ones(batch.num_edges) for _ in made.layers]
    with torch.inference_mode():
        plain = made(batch)
        torch.testing.assert_close(
            made(batch, gates=ones, baselines=fills).logits, plain.logits, atol=1e-6, rtol=0
        )
        for k in range(layers):  # a closed edge moves its own example only
            gates = [one.clone() for one in ones]
            gates[k][0] = 0
            moved = (made(batch, gates=gates, baselines=fills).logits != plain.logits).any(-1)
            inside = batch.unit_example == batch.edge_example()[0]
            assert moved[inside].any()
            assert not moved[~inside].any()
    assert [m.edges.shape[-1] for m in plain.messages] == list(made.message_sizes)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_binary_masks_for_several_seeds(name: str) -> None:
    made = model(name)
    batch = batch_of(made, SENTENCES)
    for share in (0.1, 0.9):
        gates = [(torch.rand(2, batch.num_edges) < share).float() for _ in made.layers]
        fills = [torch.randn(2, size) for size in made.message_sizes]
        with torch.inference_mode():
            found = made.masked_logits(made(batch), batch, gates=gates, baselines=fills)
            expected = made(batch, gates=gates, baselines=fills).logits
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_probes_train_on_every_convolution_and_leave_the_model_alone(name: str) -> None:
    from linguagraph.masks.divergences import Divergence
    from linguagraph.masks.frozen import frozen

    made = model(name)
    before = {key: value.clone() for key, value in made.state_dict().items()}
    masker = SrlGraphMask.create(made, seeds=(0, 1))
    batch = batch_of(made, SENTENCES)
    for lowest in (1, 0):
        with frozen(made):
            penalty, apart = masker.step(batch, lowest=lowest, divergence=Divergence())
        torch.autograd.backward((penalty + apart).sum())
    grads = [p.grad for p in masker.probe.parameters()]
    assert all(g is not None and bool(g.isfinite().all()) for g in grads)
    assert any(bool(g.any()) for g in grads if g is not None)
    assert all(torch.equal(value, before[key]) for key, value in made.state_dict().items())
    assert masker.mask(batch).logits.shape[:2] == (2, len(batch.unit_example))


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_models_come_back_from_disk(name: str, tmp_path: Path) -> None:
    made = model(name)
    save_model(tmp_path / "model.safetensors", made, {})
    found, record = load_model(tmp_path)
    batch = batch_of(made, SENTENCES)
    assert torch.equal(found(batch).logits, made(batch).logits)
    assert record["config"].get("conv", "gated-gcn") == name
    assert SrlConfig(**record["config"]).to_json() == made.config.to_json()


def test_the_record_of_a_gated_gcn_is_what_it_always_was() -> None:
    assert not {"conv", "heads", "edge_width", "bases"} & set(SrlConfig().to_json())
    assert SrlConfig(conv="gat", heads=2).to_json()["heads"] == 2


def test_bad_options() -> None:
    with pytest.raises(ConfigError, match=r"conv='gcn'; expected one of gated-gcn, rgcn"):
        SrlConfig(conv="gcn")
    with pytest.raises(ConfigError, match="heads=0"):
        SrlConfig(heads=0)
    with pytest.raises(ConfigError, match="heads=5 do not divide the width 12"):
        make_convolution("gat", 12, 12, edge_types=4, options=ConvolutionOptions(heads=5))
    with pytest.raises(ConfigError, match="expected one of"):
        make_convolution("x", 2, 2, edge_types=4, options=OPTIONS)


def test_without_pyg_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_geometric", None)
    with pytest.raises(ConfigError, match=r"pip install 'linguagraph\[pyg\]'"):
        make_convolution("gat", 4, 4, edge_types=4, options=OPTIONS)
    assert make_convolution("rgcn", 4, 4, edge_types=4, options=OPTIONS)
