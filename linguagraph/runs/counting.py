"""Seeds -> how well DiffMask finds the relevant tokens of the counting task, amortised and free."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from linguagraph.errors import ConfigError, RunError
from linguagraph.files import write_json
from linguagraph.masks.diffmask_free import mask_units_freely
from linguagraph.masks.diffmask_gates import VARIANTS, DiffMaskConfig
from linguagraph.models.checkpoints import tensor_fingerprint
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.tasks.counting import (
    CountingModel,
    CountingTraining,
    counting_accuracy,
    counting_diffmask,
    counting_examples,
    score_tokens,
    train_counting,
)

__all__ = ["CountingConfig", "run_counting"]

TEST_SEED = 10_000
BIAS = 4.0


@dataclass(frozen=True, kw_only=True)
class CountingConfig:
    """What is measured.

    Attributes:
        seeds: of model and gates alike.
        examples: to train the model on; gates: to train gates on.
        epochs: passes over the latter.
        test: examples that amortised masks are scored on; free: those of them that free masks are
            fitted to.
    """

    seeds: tuple[int, ...] = (0,)
    examples: int = 20_000
    gates: int = 8_000
    epochs: int = 25
    test: int = 1_000
    free: int = 200

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ConfigError(f"seeds={list(self.seeds)}; expected numbers from 0 up, none twice")
        for name in ("examples", "gates", "epochs", "test", "free"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}; expected at least 1")

    def settings(self) -> dict[str, Any]:
        """What one seed's results depend on."""
        return {name: value for name, value in asdict(self).items() if name != "seeds"}


def run_counting(
    config: CountingConfig,
    *,
    file: Path | None = None,
    log: Callable[[str], None] = lambda message: None,
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Rows of precision, recall, F1 and share of retained tokens, all in [0, 1].

    Args:
        config: what is measured.
        file: JSON that is written after each seed, and gone on with.
        log: receives a line per finished variant; progress: bars.

    Returns:
        A row per seed, variant, ``method`` (``amortised`` or ``free``) and state.

    Raises:
        RunError: the file holds results of other settings, or no results.
    """
    rows = [] if file is None else _known(file, config)
    for seed in config.seeds:
        if any(row["seed"] == seed for row in rows):
            continue
        rows += _rows_of(seed, config, log, progress)
        if file is not None:
            write_json(file, {"kind": "counting", "settings": config.settings(), "rows": rows})
    return [row for row in rows if row["seed"] in config.seeds]


def _known(file: Path, config: CountingConfig) -> list[dict[str, Any]]:
    if not file.is_file():
        return []
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunError(f"{file} is no JSON; choose another file") from error
    if not isinstance(found, dict) or found.get("kind") != "counting":
        raise RunError(f"{file} holds no results of the counting task; choose another file")
    if found["settings"] != config.settings():
        raise RunError(f"{file} holds results of other settings; choose another file")
    rows: list[dict[str, Any]] = found["rows"]
    return rows


def _rows_of(
    seed: int, config: CountingConfig, log: Callable[[str], None], progress: Progress
) -> list[dict[str, Any]]:
    task = progress(f"model, seed {seed}", None)
    training = replace(CountingTraining(), examples=config.examples)
    model = train_counting(seed, config=training, progress=lambda done, steps: task(1))
    task.close()
    test = counting_examples(config.test, seed=TEST_SEED + seed)
    known = {
        "seed": seed,
        "model": tensor_fingerprint(model.state_dict()),
        "accuracy": counting_accuracy(model, test),
    }
    rows = []
    for variant in VARIANTS:
        found = _variant(model, variant, seed, config, progress)
        rows += [{**known, "variant": variant, **row} for row in found]
        told = next(row for row in found if row["state"] == "feed-forward")
        log(f"seed {seed}, {variant}: F1 {told['f1']:.3f} where the states know the query")
    return rows


def _variant(
    model: CountingModel, variant: str, seed: int, config: CountingConfig, progress: Progress
) -> list[dict[str, Any]]:
    test = counting_examples(config.test, seed=TEST_SEED + seed)
    task = progress(f"gates, {variant}, seed {seed}", None)
    masker = counting_diffmask(
        model,
        config=DiffMaskConfig(variant=variant, bias=BIAS),
        seed=seed,
        train=config.gates,
        epochs=config.epochs,
        progress=lambda done, steps: task(1),
    )
    task.close()
    units = masker.model
    scores = score_tokens(masker.mask(units.batch(test)), test)
    rows = [
        {"method": "amortised", "state": name, **asdict(score)}
        for name, score in zip(units.state_names, scores, strict=True)
    ]
    layer = 0 if variant == "input" else 1
    some: Sequence[Any] = test[: config.free]
    fit = partial(mask_units_freely, units, units.batch(some), layer=layer)
    free = score_tokens(fit(baseline=masker.gates.baselines[layer]), some)[0]
    return [*rows, {"method": "free", "state": units.state_names[layer], **asdict(free)}]
