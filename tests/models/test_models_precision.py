"""Names of precisions, and what is computed in which."""

from __future__ import annotations

import pytest
import torch

from linguagraph.errors import ConfigError
from linguagraph.models.precision import PRECISIONS, computed_in


def test_products_are_computed_in_the_precision_that_is_named() -> None:
    values = torch.ones(2, 2)
    found = {}
    for name in PRECISIONS:
        with computed_in(name, "cpu"):
            found[name] = (values @ values).dtype
    assert found == {"float32": torch.float32, "bfloat16": torch.bfloat16}


def test_other_names_are_refused() -> None:
    with pytest.raises(ConfigError, match="precision='half'; expected one of float32, bfloat16"):
        computed_in("half", "cpu")
