"""How many workers a Ray cluster holds, without one."""

from __future__ import annotations

import pytest

from linguagraph.errors import ConfigError
from linguagraph.runs.ray_engine import _workers


@pytest.mark.parametrize(
    ("resources", "threads", "device", "workers", "expected"),
    [
        ({"CPU": 8.0}, 1, "auto", None, (8, 0)),
        ({"CPU": 8.0}, 3, "auto", None, (2, 0)),
        ({"CPU": 8.0}, 1, "auto", 5, (5, 0)),
        ({"CPU": 8.0}, 1, "auto", 50, (8, 0)),
        ({"CPU": 8.0, "GPU": 2.0}, 1, "auto", None, (2, 2)),
        ({"CPU": 8.0, "GPU": 2.0}, 1, "cpu", None, (8, 0)),
        ({"CPU": 8.0, "GPU": 4.0}, 4, "cuda", None, (2, 4)),  # a GPU worker needs processors, too
    ],
)
def test_workers_fit_into_the_cluster(
    resources: dict[str, float],
    threads: int,
    device: str,
    workers: int | None,
    expected: tuple[int, int],
) -> None:
    assert _workers(resources, threads, device, workers) == expected


def test_what_a_worker_needs_must_be_there() -> None:
    with pytest.raises(ConfigError, match="no GPU"):
        _workers({"CPU": 8.0}, 1, "cuda", None)
    with pytest.raises(ConfigError, match="4 processors"):
        _workers({"CPU": 4.0}, 5, "cpu", None)
