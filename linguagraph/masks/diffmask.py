"""Any model with layers, and examples -> amortised DiffMask gates, and masks over its units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import CheckpointError, LinguagraphError, MaskError
from linguagraph.masks.diffmask_gates import DiffMaskConfig, DiffMaskGates
from linguagraph.masks.diffmask_step import UnitQuality, decide, masked_answers, measure
from linguagraph.masks.diffmask_training import DiffMaskFit, DiffMaskTraining, train_gates
from linguagraph.masks.frozen import frozen
from linguagraph.masks.units import Layered, LayerPass, UnitBatch, UnitMask
from linguagraph.models.checkpoints import load_tensors, save_tensors, tensor_fingerprint

__all__ = ["DiffMask"]

KIND = "diffmask"


class DiffMask:
    """Amortised DiffMask (De Cao et al. 2020) for any :class:`Layered` model.

    ``DiffMask(model).fit(train, dev).mask(model.batch(examples))``: which units (tokens, mentions)
    the model can do without, as far as its states up to each layer know. The model is never
    changed: parameters, modes and ``requires_grad`` are as before after every call.

    Masks are soft in training, products of stretched and rectified votes; :meth:`mask` decides
    without noise: a unit is kept where ``P(z != 0) > 1/2``.

    Args:
        model: the model to explain.
        config: variant and architecture.
        seed: of weights, order and noise.

    Attributes:
        gates: the gate networks and baselines, on the model's device.
        result: how the fit went; ``None`` before it. quality: of the kept gates on dev, likewise.
    """

    def __init__(
        self, model: Layered, *, config: DiffMaskConfig | None = None, seed: int = 0
    ) -> None:
        self.model, self.config, self.seed = model, config or DiffMaskConfig(), seed
        device = next(model.module.parameters()).device
        self.gates = DiffMaskGates(model.state_sizes, self.config, seed=seed).to(device)
        self.result: DiffMaskFit | None = None
        self.quality: UnitQuality | None = None

    def fit(
        self,
        train: Sequence[Any],
        dev: Sequence[Any],
        config: DiffMaskTraining | None = None,
        *,
        directory: str | Path | None = None,
        resume: bool = False,
        log: Callable[[str], None] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> DiffMask:
        """Train the gates; see :func:`linguagraph.masks.diffmask_training.train_gates`."""
        self.result = train_gates(
            self.model,
            self.gates,
            train,
            dev,
            config or DiffMaskTraining(),
            directory=directory,
            resume=resume,
            log=log,
            progress=progress,
        )
        self.quality = self.result.quality
        return self

    def mask(self, batch: UnitBatch, *, trace: LayerPass | None = None) -> UnitMask:
        """Decide every unit in every layer.

        Args:
            batch: of the model.
            trace: the unmasked pass over it, if there is one.
        """
        with frozen(self.model.module):
            trace = self.model.trace(batch) if trace is None else trace
            return decide(self.gates, batch, trace, self.model.state_names)

    @torch.no_grad()
    def answers(
        self, batch: UnitBatch, kept: Tensor, *, layer: int, trace: LayerPass | None = None
    ) -> Tensor:
        """The model's answers float [X, C] when only some units are kept in one layer's mask.

        Args:
            batch: of the model.
            kept: [U] in [0, 1] or bool, a row of :attr:`UnitMask.retained` for example.
            layer: whose mask it is; the input is masked in the variant ``input``.
            trace: the unmasked pass, if there is one.

        Raises:
            MaskError: another shape, or no such layer.
        """
        layers = len(self.model.state_names)
        if tuple(kept.shape) != (batch.num_units,) or not 0 <= layer < layers:
            raise MaskError(
                f"kept has shape {tuple(kept.shape)}, layer={layer}; expected "
                f"({batch.num_units},) and a layer from 0 to {layers - 1}"
            )
        with frozen(self.model.module):
            trace = self.model.trace(batch) if trace is None else trace
            return masked_answers(self.model, self.gates, batch, trace, kept.float(), layer)

    def measure(self, examples: Sequence[Any], *, batch: int = 64) -> UnitQuality:
        """Quality of the masks on other examples."""
        with frozen(self.model.module):
            return measure(self.model, self.gates, self._batches(examples, batch))

    def _batches(self, examples: Sequence[Any], size: int) -> Iterable[UnitBatch]:
        for start in range(0, len(examples), size):
            yield self.model.batch(examples[start : start + size])

    def save(
        self,
        path: str | Path,
        *,
        record: Mapping[str, Any] | None = None,
        half: bool = False,
    ) -> Path:
        """Write ``path`` (.safetensors) and its .json, each all or nothing.

        Args:
            path: the folder is made.
            record: what else to note: training options, data, scores.
            half: store 16-bit floats.
        """
        from linguagraph import __version__

        tensors = self.gates.state_dict()
        if half:
            tensors = {name: tensor.half() for name, tensor in tensors.items()}
        known = {
            "kind": KIND,
            "seed": self.seed,
            "explains": tensor_fingerprint(self.model.module.state_dict()),
            "states": list(self.model.state_names),
            "sizes": list(self.model.state_sizes),
            "config": self.config.to_json(),
            "quality": None if self.quality is None else self.quality.to_json(),
            "versions": {"linguagraph": __version__, "torch": torch.__version__.split("+")[0]},
        }
        path = Path(path)
        save_tensors(path, tensors, {**(record or {}), **known})
        return path

    @classmethod
    def load(cls, path: str | Path, model: Layered) -> DiffMask:
        """Read what :meth:`save` wrote, for the same model.

        Raises:
            CheckpointError: missing, damaged, or trained for another model.
        """
        tensors, record = load_tensors(Path(path))
        if record.get("kind") != KIND:
            raise CheckpointError(f"{path} holds {record.get('kind')!r}, not DiffMask gates")
        found = tensor_fingerprint(model.module.state_dict())
        if record.get("explains") != found or record.get("sizes") != list(model.state_sizes):
            raise CheckpointError(
                f"{path} was trained for the model {record.get('explains')}, this one is {found}; "
                "train gates for this one"
            )
        try:
            made = cls(model, config=DiffMaskConfig(**record["config"]), seed=record["seed"])
            made.gates.load_state_dict({name: t.float() for name, t in tensors.items()})
            if record["quality"] is not None:
                made.quality = UnitQuality.from_json(record["quality"])
        except (KeyError, TypeError, RuntimeError, LinguagraphError) as error:
            raise CheckpointError(f"{path}: gates do not fit the model: {error}") from error
        made.gates.requires_grad_(False)
        return made
