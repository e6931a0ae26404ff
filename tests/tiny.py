"""Untrained models small enough for tests: saved with probes, as a directory for ``--model``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from linguagraph.documents import read_sentences
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.probes import save_probes
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.batch import collate, encode_examples
from linguagraph.models.checkpoints import load_model, save_model
from linguagraph.models.srl import SrlConfig, SrlModel
from linguagraph.models.vocabulary import SrlVocabulary
from linguagraph.pretrained import sample_path

__all__ = ["WIDTHS", "make_model", "sample_part"]

WIDTHS: dict[str, int] = {
    "hidden": 12,
    "lstm_hidden": 6,
    "lstm_layers": 1,
    "word": 6,
    "lemma": 6,
    "tag": 4,
    "suffix": 4,
    "shape": 2,
    "predicate": 4,
    "mark": 2,
}


def make_model(
    directory: Path,
    *,
    seeds: Sequence[int] = (0, 1, 4),
    layers: int = 2,
    encoder: str = "mlp",
    conv: str = "gated-gcn",
) -> Path:
    """Save a random model for the sample corpus with random probes.

    The read-out is shifted so that a seventh of the tokens get a role, and every erasure function
    so that half of the gates are open.
    """
    sentences = list(read_sentences(sample_path()))
    torch.manual_seed(7)
    config = SrlConfig(encoder=encoder, gcn_layers=layers, conv=conv, **WIDTHS)
    model = SrlModel(config, SrlVocabulary.build(sentences)).eval()
    examples = list(encode_examples(sentences[:20], model.vocabulary))
    batch = collate(examples, num_labels=len(model.vocabulary.labels))
    with torch.no_grad():
        logits = model(batch).logits
        ahead = logits[:, 1:].amax(1) - logits[:, 0]
        model.roles.bias[0] += ahead.quantile(6 / 7)
        trace = model(batch)
    record: dict[str, Any] = {
        "name": "tiny",
        "training": {"epochs": 0, "seed": 7},
        "data": {"train": {"name": "sample.conll09", "fingerprint": "0"}},
        "scores": {"all": {"f1": 0.1}},
        "licence": "CC0",
    }
    save_model(directory / "model.safetensors", model, record)
    _, saved = load_model(directory)
    masker = SrlGraphMask.create(model, seeds=seeds, config=ProbeConfig(hidden=8, bias=0.0))
    with torch.no_grad():
        for name, values in masker.probe.named_parameters():
            if name.endswith("baseline"):
                values.normal_(0, 0.1)
        locations = masker.probe.locations(trace, batch.source, batch.target)
        for layer, found in zip(masker.probe.layers, locations, strict=True):
            layer.offset -= found.median(dim=1).values
    records = {seed: {"quality": {"retained": 0.5}} for seed in seeds}
    save_probes(
        directory / "probes", masker, explains=str(saved["fingerprint"]), records=records, half=True
    )
    return directory


def sample_part(path: Path, sentences: int) -> Path:
    """Write the first sentences of the bundled sample corpus."""
    blocks = sample_path().read_text(encoding="utf-8").split("\n\n")
    path.write_text("\n\n".join(blocks[:sentences]) + "\n\n", encoding="utf-8")
    return path
