"""A wish -> torch operations that give the same bits every time, for the length of a with-block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["deterministic"]

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def deterministic(wanted: bool = True) -> Iterator[None]:
    """Let torch use only operations whose result does not depend on timing.

    On a GPU sums along edges are otherwise added up in any order and differ in their last bits from
    run to run. They are sorted first here, which costs time. An operation without such a form
    raises ``RuntimeError``. On a processor with a fixed number of threads results are the same
    every time anyway. cuBLAS reads its setting from the environment when it starts, so that it must
    not have been used before; a setting that is there is left alone.

    Args:
        wanted: ``False`` changes nothing.
    """
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    tuned = torch.backends.cudnn.benchmark
    os.environ.setdefault(WORKSPACE, ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=only_warned)
        torch.backends.cudnn.benchmark = tuned
