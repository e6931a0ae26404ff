"""What is said of typed paths agrees in number."""

from __future__ import annotations

import pandas as pd
import pytest
from linguagraph.analyses import Params
from linguagraph.analyses.typed_paths import finding


@pytest.mark.parametrize(
    ("lifts", "words"),
    [
        ([2.0, 0.5, 0.4], "1 is retained more and 2 less than others of the same length after"),
        ([2.0, 1.5, 0.4], "2 are retained more and 1 less than"),
        ([0.5, 0.5, 0.4], "0 are retained more and 3 less than"),
    ],
)
def test_one_is_and_two_are(lifts: list[float], words: str) -> None:
    table = pd.DataFrame({"pattern": ["->a", "->b", "->c"], "lift": lifts})
    table = table.assign(k=3.0, support=0.5, share=0.5, p=0.0, p_holm=0.0)
    text = finding(table, Params())
    assert f"Of 3 patterns tested, {words}" in text
    assert ("the highest lift is that of ->a (2.00)" in text) == (lifts[0] > 1)
