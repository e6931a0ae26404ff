"""A user's model and options -> what a run is made from, what its manifest says, and its notes."""

from __future__ import annotations

import functools
import hashlib
import types
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from linguagraph import __version__
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.outputs import Output
from linguagraph.models.checkpoints import tensor_fingerprint
from linguagraph.runs.measure import hardware, versions

if TYPE_CHECKING:
    from linguagraph.runs.any_model import ModelOptions

__all__ = ["SEEDS", "comparable", "model_name", "probe_seeds", "run_facts", "run_key", "run_notes"]

SEEDS = (0, 1, 2, 3, 4)
"""Seeds of the probes, where none are asked for."""

_NAMED = ("edge_labels", "y", "gold", "units", "call", "asked")
"""Options that are names, or functions of a batch."""


def run_key(module: nn.Module, options: ModelOptions) -> dict[str, Any]:
    """What a run is made from, as far as it can be compared: everything but the data."""
    fitted = options.masks
    config = options.config or (AmortisedConfig() if fitted is None else fitted.config)
    probes = None if fitted is None or fitted.probe is None else fitted.probe.state_dict()
    output = options.output
    return {
        "model": tensor_fingerprint(module.state_dict()),
        "name": model_name(module, options),
        "data": options.data,
        "seeds": list(probe_seeds(options)),
        "config": config.to_json(),
        "probes": None if probes is None else tensor_fingerprint(probes),
        "output": asdict(output if isinstance(output, Output) else Output(output)),
        **{name: comparable(getattr(options, name)) for name in _NAMED},
        "max_graphs": options.max_graphs,
        "seed": options.seed,
    }


def comparable(value: Any) -> Any:
    """A JSON value that is equal for equal options, and across processes.

    Functions are told apart by module and qualified name; those without a name that could be
    imported (lambdas, functions in functions) also by their code, defaults and what they hold of
    the function around them.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, functools.partial):
        return {
            "partial": comparable(value.func),
            "args": comparable(value.args),
            "keywords": comparable(value.keywords),
        }
    if isinstance(value, types.MethodType):
        return {"method": comparable(value.__func__), "of": comparable(value.__self__)}
    if isinstance(value, types.FunctionType):
        name = f"{value.__module__}.{value.__qualname__}"
        return f"{name} {_contents(value)}" if "<" in value.__qualname__ else name
    if isinstance(value, Mapping):
        return {str(key): comparable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [comparable(item) for item in value]
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


def _contents(function: types.FunctionType) -> str:
    """A hash of what a function without an importable name does."""
    held: list[Any] = []
    for cell in function.__closure__ or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # a name of the outer function that has no value yet
            held.append(None)
    held = [None if item is function else item for item in held]
    parts = (_code(function.__code__), comparable(function.__defaults__), comparable(held))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _code(code: types.CodeType) -> tuple[Any, ...]:
    """Instructions, constants and names, without line numbers and files."""
    constants = tuple(
        _code(value) if isinstance(value, types.CodeType) else _constant(value)
        for value in code.co_consts
    )
    return code.co_code.hex(), constants, code.co_names


def _constant(value: Any) -> str:
    """Sets have no order that is the same in every process."""
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)


def probe_seeds(options: ModelOptions) -> tuple[int, ...]:
    """Seeds of the fitted masks, those asked for, or :data:`SEEDS`."""
    if options.masks is not None:
        return tuple(options.masks.seeds)
    if isinstance(options.seeds, int):
        return tuple(range(options.seeds))
    return tuple(SEEDS if options.seeds is None else options.seeds)


def model_name(module: nn.Module, options: ModelOptions) -> str:
    """The name given, or that of the class."""
    return options.name or type(module).__name__


def run_facts(module: nn.Module, masks: GraphMask, options: ModelOptions) -> dict[str, Any]:
    """What the manifest says of model, probes, program and machine."""
    kept = {} if masks.result is None else masks.result.kept
    parameter = next(module.parameters(), torch.zeros(()))
    probes = [
        {
            "seed": seed,
            "config": masks.config.to_json(),
            **({"quality": vars(kept[seed])} if seed in kept else {}),
        }
        for seed in masks.seeds
    ]
    return {
        "linguagraph": __version__,
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(str(parameter.device), torch.get_num_threads()),
        "model": {
            "name": model_name(module, options),
            "fingerprint": tensor_fingerprint(module.state_dict()),
            "parameters": sum(p.numel() for p in module.parameters()),
            "config": {
                "class": type(module).__name__,
                "layers": masks.model.num_layers,
                "output": masks.model.output.kind,
            },
            **options.facts,
        },
        "probes": probes,
        "seeds": list(masks.seeds),
        "control_seed": options.seed,
        "options": {"max_graphs": options.max_graphs, "data": options.data},
    }


def run_notes(options: ModelOptions, masks: GraphMask) -> list[str]:
    """What a reader should know of these masks."""
    notes = []
    if options.explain is None and options.masks is None:
        notes.append(
            "These graphs trained the probes: nothing here is held out. Give others (explain=) to "
            "see what the masks are worth on graphs that they have not seen."
        )
    kept = {} if masks.result is None else masks.result.kept
    far = [str(s) for s, quality in kept.items() if quality.loss > masks.config.allowed]
    if far:
        notes.append(
            f"Probes of seeds {', '.join(far)} did not come close enough to the model: on the "
            f"graphs that checks are made on, their masks change more than "
            f"{masks.config.allowed:.1%} of the answers. Train longer (config=), or read these "
            "masks as what the model uses most, not as all that it uses."
        )
    return notes
