"""A model, a method and how its masks were made -> what the manifest of a run says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

__all__ = ["described"]


class _Known(Protocol):
    """What is known of a model and a method, whatever is masked."""

    @property
    def name(self) -> str: ...
    @property
    def record(self) -> dict[str, Any]: ...
    @property
    def probes(self) -> list[dict[str, Any]]: ...
    @property
    def rival(self) -> dict[str, Any] | None: ...


def described(
    explained: _Known,
    *,
    seeds: Sequence[int],
    fitted: dict[str, Any] | None,
    control_seed: int,
    unknown: Counter[str],
    own: bool,
) -> dict[str, Any]:
    """What the manifest says of a model and its masks.

    Args:
        explained: model and method.
        seeds: of the masks; control_seed: of the random controls.
        fitted: what the method learned from, if it did.
        unknown: labels that the model does not know.
        own: whether the model is scored against its own answers.
    """
    record = dict(explained.record)
    scores = record.get("scores", {})
    model = {
        "name": explained.name,
        "fingerprint": record["fingerprint"],
        "parameters": record.get("parameters"),
        "config": record.get("config", {}),
        "training": record.get("training", {}),
        "data": record.get("data", {}),
        "licence": record.get("licence"),
        "dev_f1": scores.get("all", {}).get("f1"),
    }
    probes = [
        {k: p.get(k) for k in ("seed", "fingerprint", "config", "training", "quality")}
        for p in explained.probes
    ]
    method: dict[str, Any] = {}
    if explained.rival is not None:
        method["method"] = explained.rival | ({} if fitted is None else {"fit": fitted})
    return {
        "model": model,
        **method,
        "probes": probes,
        "seeds": list(seeds),
        "control_seed": control_seed,
        "unknown_labels": dict(unknown.most_common()),
        "scored_against": "own" if own else "gold",
    }
