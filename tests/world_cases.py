"""Small trainings by one or several processes, whose results can be laid side by side.

``python world_cases.py FOLDER`` is one process of a world: RANK and WORLD_SIZE, as torchrun sets
them, say which. :func:`pair` starts two.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from qa_tools import SMALL, encoded, made_items, new_model
from safetensors.torch import save_file
from srl_tools import build_sentence, planted_sentences, small_config, small_model
from torch import Tensor, nn

from linguagraph.documents.item_mentions import MentionConfig
from linguagraph.masks import FitConfig, GraphMask, ProbeConfig, SrlGraphMask, fit_graphmask
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.models import SrlTrainConfig, encode_examples, train_srl
from linguagraph.models.checkpoints import load_tensors
from linguagraph.models.qa_training import QaTrainConfig, train_qa
from linguagraph.models.training import _Trainer
from linguagraph.models.world import World
from linguagraph.runs.launch import train_together
from linguagraph.runs.qa_training import _Shuffled

SENTENCES = planted_sentences(24, seed=12)
ALONE = build_sentence([("ba", "VB", -1, "root")], [(0, {})])  # a graph without edges
STAGES = SrlTrainConfig(epochs=3, tokens=60, lr=0.01, average=0.5, patience=9)


class Stop(Exception):
    """Stands for an interruption."""


def cases(world: World, folder: Path) -> dict[str, Tensor]:
    """All results of this process by name; files go to a folder."""
    return {
        **role_gradients(world),
        **gate_training(world, folder / "gates"),
        **question_training(world, folder / "questions"),
        **matrix_training(world, folder / "matrices"),
    }


def role_gradients(world: World) -> dict[str, Tensor]:
    """Gradients of an SRL model for a ragged batch, for one example, and without any edge."""
    model = small_model([*SENTENCES, ALONE], small_config(edge_dropout=0.0)).train()
    config = SrlTrainConfig(clip=1e9, lr=1e-6, label_smoothing=0.1)
    trainer = _Trainer(model, config, steps=100, device=world.device, world=world)
    examples = list(encode_examples([*SENTENCES[:8], ALONE], model.vocabulary))
    found: dict[str, Tensor] = {}
    batches = {"ragged": examples[:7], "single": examples[7:8], "edgeless": examples[7:]}
    for name, batch in batches.items():
        found[f"roles.{name}.loss"] = torch.tensor(trainer.update(batch))
        found.update(gradients(f"roles.{name}", model))
    return found


def gradients(name: str, module: nn.Module) -> dict[str, Tensor]:
    """The gradient of every parameter that has one."""
    found = {k: p.grad.clone() for k, p in module.named_parameters() if p.grad is not None}
    return {f"{name}.{k}": value for k, value in found.items()}


def gate_training(world: World, folder: Path) -> dict[str, Tensor]:
    """Probes of an SRL model, gates from the top layer down: a training from end to end."""
    model = small_model(SENTENCES, small_config(gcn_layers=2))
    masker = SrlGraphMask.create(model, seeds=(0, 5), config=ProbeConfig(hidden=8))
    examples = list(encode_examples(SENTENCES, model.vocabulary))
    config = FitConfig(epochs_after=1, tokens=40, lr=0.01, checks=1, seed=3)
    result = fit_graphmask(
        masker, examples[:17], examples[17:], config, directory=folder, log=quiet, world=world
    )
    found = {f"gates.{k}": v for k, v in kept(world, folder).items()}
    shares = [q.retained for entry in result.history for q in entry["quality"].values()]
    found["gates.retained"] = torch.tensor(shares)
    multipliers = [m for entry in result.history for m in entry["multipliers"].values()]
    found["gates.each multiplier"] = torch.tensor(multipliers)
    found["gates.counts"] = torch.tensor(result.learning["retained"].to_numpy())
    return found


def question_training(world: World, folder: Path) -> dict[str, Tensor]:
    """A model for questions, trained for an epoch of small and ragged batches."""
    config = QaTrainConfig(epochs=1, auxiliary_epochs=0, cells=900, checks=1, rare=3, lr=5e-4)
    record = train_qa(
        made_items(12), made_items(6, first=800), folder, model=SMALL, config=config,
        mentions=MentionConfig(), log=quiet, world=world,
    )  # fmt: skip
    # means of gradients: AdamW makes steps of rounding errors where a gradient is zero
    means = {k: v for k, v in kept(world, folder).items() if k.startswith("exp_avg")}
    found = {f"questions.{k}": v for k, v in means.items()}
    return {**found, "questions.accuracy": torch.tensor(record["scores"]["accuracy"])}


def matrix_training(world: World, folder: Path) -> dict[str, Tensor]:
    """Probes over adjacency matrices of a model for questions."""
    adapter = QaExplainable(new_model(replace(SMALL, layers=2)))
    examples = encoded(made_items(14), adapter.model.config)
    config = AmortisedConfig(epochs_after=1, steps=6, checks=1, probe=ProbeConfig(hidden=8))
    masks = GraphMask(adapter, seeds=(0, 3), config=config, erasure="adjacency")
    loader = _Shuffled(examples[:9], adapter, 900, 0)
    dev = [adapter.batch(examples[9:11]), adapter.batch(examples[11:])]
    masks.fit(loader, dev=dev, directory=folder, world=world)
    assert masks.result is not None
    found = {f"matrices.{k}": v for k, v in kept(world, folder).items()}
    last = masks.result.history[-1]
    found["matrices.divergence"] = torch.tensor([q.divergence for q in last["quality"].values()])
    found["matrices.each multiplier"] = torch.tensor(list(last["multipliers"].values()))
    return found


def kept(world: World, folder: Path) -> dict[str, Tensor]:
    """What the first process has written to resume from."""
    return load_tensors(folder / "trainer.safetensors")[0] if world.first else {}


def stages(folder: Path, *, world: World | None = None, until: int = 9) -> None:
    """Begin an SRL training or go on with it; it is interrupted in epoch ``until``."""

    def progress(epoch: int, step: int, steps: int) -> None:
        if epoch == until:
            raise Stop

    with suppress(Stop):
        train_srl(
            SENTENCES[:16], SENTENCES[16:], folder, model=small_config(edge_dropout=0.0),
            config=STAGES, resume=True, log=quiet, progress=progress, world=world,
        )  # fmt: skip


def quiet(line: str) -> None:
    """Say nothing."""


def pair(script: Path, *arguments: object) -> list[subprocess.Popen[str]]:
    """Start two processes of one world, which find each other as torchrun's do."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "test"}
    sizes = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, str(script), *map(str, arguments)],
            env={**os.environ, **known, **sizes, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for rank in (0, 1)
    ]  # fmt: skip


def finish(processes: Sequence[subprocess.Popen[str]], *, seconds: float = 120) -> list[str]:
    """Wait for processes; what they printed."""
    return [process.communicate(timeout=seconds)[0] for process in processes]


def main(folder: Path) -> None:
    """One process: results to ``rank-N.safetensors``, and a part of a training in stages."""
    torch.set_num_threads(1)
    with train_together("cpu", folder) as world:
        found = cases(world, folder)
        stages(folder / "stages", world=world, until=2)
        save_file(
            {k: v.contiguous() for k, v in found.items()}, folder / f"rank-{world.rank}.safetensors"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
