"""Kinds of outputs: scales that are given or not, and probabilities in place of logits."""

from __future__ import annotations

import pytest
import torch

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.outputs import Output

LOGITS = torch.tensor([[2.0, 0.5, 1.0], [0.1, 3.0, 0.2], [0.3, 0.4, 0.3]])


def test_a_scale_is_given_or_not() -> None:
    assert Output("regression").scale is None
    assert Output("regression", scale=1.0) != Output("regression")
    assert Output("regression").unit == Output("regression", scale=1.0).unit == 1
    zero, two = torch.zeros(1, 1), torch.full((1, 1), 2.0)
    expected = 1 - torch.exp(torch.tensor(-0.5))  # half the square of 2 / 2
    torch.testing.assert_close(Output("regression", 2.0).divergence(zero, two)[0], expected)
    for scale in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="expected a positive number"):
            Output("regression", scale)


@pytest.mark.parametrize(
    ("output", "scale"),
    [
        (Output(), 1.0),
        (Output("multilabel"), 1.0),
        (Output("regression", 1.0), 1.0),
        (Output("regression", 7.5), 7.5),
    ],
)
def test_outputs_as_json(output: Output, scale: float) -> None:
    assert output.to_json() == {"kind": output.kind, "scale": scale}  # as ever
    assert Output.from_json(output.to_json()) == output


def test_probabilities_of_classes_are_refused() -> None:
    output = Output("classification")
    for probable in (LOGITS.softmax(-1), torch.eye(3), LOGITS.softmax(-1)[:1]):
        with pytest.raises(MaskError, match=r"are probabilities.*before softmax or sigmoid"):
            output.refuse_probabilities(probable)
    output.refuse_probabilities(LOGITS)  # one row sums to 1, others do not
    output.refuse_probabilities(LOGITS.log_softmax(-1))
    output.refuse_probabilities(LOGITS - 1)
    output.refuse_probabilities(LOGITS[:0])


def test_probabilities_of_labels_are_refused() -> None:
    output = Output("multilabel")
    with pytest.raises(MaskError, match=r"are probabilities.*torch\.logit"):
        output.refuse_probabilities(LOGITS.sigmoid())
    with pytest.raises(MaskError, match="are probabilities"):
        output.refuse_probabilities(torch.linspace(0, 1, 8).view(8, 1))
    output.refuse_probabilities(LOGITS)
    output.refuse_probabilities(-LOGITS)
    output.refuse_probabilities(torch.tensor([[0.5], [0.2]]))  # may be logits by chance


def test_values_may_lie_anywhere() -> None:
    Output("regression").refuse_probabilities(LOGITS.softmax(-1))
