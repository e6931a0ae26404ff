"""Outputs of an original and a masked model -> how far apart they are, by kind of output."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import ConfigError, MaskError

__all__ = ["OUTPUTS", "Output"]

OUTPUTS = ("classification", "multilabel", "regression")

FEWEST = 8  # numbers in [0, 1] that are taken for probabilities; fewer may be logits by chance


@dataclass(frozen=True)
class Output:
    """What the numbers of a model's output mean, and the divergence that fits them.

    * ``classification``: logits [U, C], one class per unit. Divergence: Jensen-Shannon in bits.
    * ``multilabel``: logits [U, C] of C independent yes-or-no questions per unit (C = 1: binary
      classification by one logit). Divergence: the mean over the questions of Jensen-Shannon
      between the two Bernoulli distributions, in bits.
    * ``regression``: values [U, C]. Divergence: half the mean squared difference in units of
      :attr:`unit`, at most 1 (it is 1 - exp(-d) for d the plain one, so that it is bounded like
      the others and quadratic near 0).

    All are 0 for equal outputs and lie in [0, 1], so that one tolerance serves all.

    Attributes:
        kind: one of :data:`OUTPUTS`.
        scale: for regression, a typical difference between outputs of two units (their standard
            deviation over a data set), at least 1e-12; ``None``: to be estimated where a method
            sees a data set, and 1 until then.

    Raises:
        ConfigError: unknown kind, or a scale that is not positive.
    """

    kind: str = "classification"
    scale: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in OUTPUTS:
            raise ConfigError(f"output={self.kind!r}; expected one of {list(OUTPUTS)}")
        if self.scale is not None and not self.scale >= 1e-12:
            raise ConfigError(f"scale={self.scale}; expected a positive number")

    @property
    def unit(self) -> float:
        """The scale, 1 while there is none."""
        return 1.0 if self.scale is None else self.scale

    def check(self, output: object) -> Tensor:
        """A model's output as float [U, C].

        Raises:
            MaskError: it is no tensor of one or two dimensions, or does not fit the kind.
        """
        if not isinstance(output, Tensor):
            raise MaskError(
                f"the model returns {type(output).__name__}; a mask needs one tensor [units, "
                "outputs]: pass call=lambda model, batch: ... that picks it out"
            )
        if not output.is_floating_point():
            raise MaskError(
                f"the model returns {output.dtype}; masks are learned from logits or values: let "
                "it return them before argmax or thresholds"
            )
        if output.dim() == 1:
            output = output.unsqueeze(-1)
        if output.dim() != 2:
            raise MaskError(
                f"the model's output has shape {tuple(output.shape)}; expected [units, outputs]"
            )
        if self.kind == "classification" and output.shape[1] == 1:
            raise MaskError(
                "the model returns one number per unit, which is no distribution over classes; "
                "say output='multilabel' if it is a logit, output='regression' if it is a value"
            )
        return output

    def refuse_probabilities(self, values: Tensor) -> None:
        """Check outputs [U, C] of many units, as probabilities look like logits one by one.

        Log-probabilities are logits, too. For ``multilabel``, fewer than :data:`FEWEST` numbers
        are not judged.

        Raises:
            MaskError: these are probabilities and no logits.
        """
        if not values.numel() or self.kind == "regression" or bool((values < 0).any()):
            return
        if self.kind == "classification":
            found, undo = bool(((values.sum(-1) - 1).abs() <= 1e-4).all()), "log(1e-9 + ...)"
        else:
            found = values.numel() >= FEWEST and bool((values <= 1).all())
            undo = "logit(..., eps=1e-6)"
        if found:
            raise MaskError(
                f"the model's outputs are probabilities, and output={self.kind!r} needs logits: "
                "let the model return what it has before softmax or sigmoid, or pass "
                f"call=lambda model, batch: torch.{undo} of what it returns"
            )

    def divergence(self, original: Tensor, masked: Tensor) -> Tensor:
        """Outputs [U, C] and [..., U, C] -> float [..., U] in [0, 1]."""
        if self.kind == "classification":
            return _js(F.log_softmax(original, -1), F.log_softmax(masked, -1))
        if self.kind == "multilabel":
            if not original.requires_grad:
                return _bernoulli_js(original, masked).mean(-1)
            return _js(_bernoulli(original), _bernoulli(masked)).mean(-1)
        squared = ((original - masked) / self.unit).square().mean(-1)
        return -torch.expm1(-squared / 2)

    def confidence(self, original: Tensor, masked: Tensor) -> Tensor:
        """What the masked model makes of the original's answer, float [..., U] in [0, 1].

        The probability of the class (the mean over the answers, for several labels) that the
        original model predicts; for regression 1 - divergence.
        """
        if self.kind == "classification":
            chosen = original.argmax(-1).expand(masked.shape[:-1]).unsqueeze(-1)
            return masked.softmax(-1).gather(-1, chosen).squeeze(-1)
        if self.kind == "multilabel":
            return torch.sigmoid(torch.where(original > 0, masked, -masked)).mean(-1)
        return 1 - self.divergence(original, masked)

    def same(self, original: Tensor, masked: Tensor) -> Tensor:
        """Whether all answers are the same (values: within a tenth of the scale), bool [..., U]."""
        if self.kind == "classification":
            return masked.argmax(-1) == original.argmax(-1)
        if self.kind == "multilabel":
            return ((masked > 0) == (original > 0)).all(-1)
        return ((original - masked).abs() <= 0.1 * self.unit).all(-1)

    def target(self, original: Tensor, output: Tensor) -> Tensor:
        """The scalar per unit that gradient methods differentiate, float [..., U].

        The logit of the predicted class; the sum of logits signed by the predicted answers; the
        sum of values.
        """
        if self.kind == "classification":
            chosen = original.argmax(-1).expand(output.shape[:-1]).unsqueeze(-1)
            return output.gather(-1, chosen).squeeze(-1)
        if self.kind == "multilabel":
            return torch.where(original > 0, output, -output).sum(-1)
        return output.sum(-1)

    def to_json(self) -> dict[str, Any]:
        """Field names and values; the scale is :attr:`unit`."""
        return {"kind": self.kind, "scale": self.unit}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Output:
        """An output from what :meth:`to_json` wrote; only values have a scale.

        Raises:
            KeyError: a field is missing; ConfigError: see above.
        """
        return cls(value["kind"], value["scale"] if value["kind"] == "regression" else None)


def _bernoulli(logits: Tensor) -> Tensor:
    """Log-probabilities of yes and no, float [..., 2]."""
    return torch.stack((F.logsigmoid(logits), F.logsigmoid(-logits)), -1)


class _BernoulliJs(torch.autograd.Function):
    """Jensen-Shannon in bits between Bernoulli distributions, from logits; differentiable in q's.

    Equal to the plain expression (a test compares them), whose twenty small operations forward and
    backward take as long as a small model.
    """

    @staticmethod
    def forward(ctx: Any, p: Tensor, q: Tensor) -> Tensor:
        p = p.expand_as(q)
        logs = F.logsigmoid(torch.stack((p, -p, q, -q)))
        log_p, log_q = logs[:2], logs[2:]
        log_m = torch.logaddexp(log_p, log_q) - math.log(2)
        shares, apart = logs.exp(), log_q - log_m
        at_p = (shares[:2] * (log_p - log_m)).sum(0)
        scale = 1 / (2 * math.log(2))
        ctx.save_for_backward(shares[2] * shares[3] * (apart[0] - apart[1]) * scale)
        return (at_p + (shares[2:] * apart).sum(0)) * scale

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[None, Tensor]:
        (change,) = ctx.saved_tensors
        return None, slope * change


def _bernoulli_js(original: Tensor, masked: Tensor) -> Tensor:
    found: Tensor = _BernoulliJs.apply(original, masked)  # type: ignore[no-untyped-call]
    return found


def _js(log_p: Tensor, log_q: Tensor) -> Tensor:
    log_m = torch.logaddexp(log_p.expand_as(log_q), log_q) - math.log(2)
    at_p = (log_p.exp() * (log_p - log_m)).sum(-1)
    return (at_p + (log_q.exp() * (log_q - log_m)).sum(-1)) / (2 * math.log(2))
