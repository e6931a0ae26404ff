"""Question answering models as DiffMask sees them: mentions as units, states in all layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from linguagraph.masks.outputs import Output
from linguagraph.masks.units import LayerPass, UnitBatch
from linguagraph.models.qa import QaModel, choose_form
from linguagraph.models.qa_batch import QaBatch, collate_qa
from linguagraph.models.qa_examples import QaExample

__all__ = ["QaUnits"]


class QaUnits:
    """:class:`linguagraph.masks.units.Layered` over a :class:`QaModel`.

    An example is a question, its units are the mentions of its entity graph. States: what is known
    of a mention below the first layer, its words, role and place and the question (``input``), and
    what each application of the layer hands on (``layer 1``, ...). A question has one answer; a
    candidate's logit is the maximum over its mentions, masked or not.

    Args:
        model: left exactly as it is.
        form: see :func:`linguagraph.models.qa.choose_form`; masked passes take that of the batch.
    """

    def __init__(self, model: QaModel, *, form: str = "auto") -> None:
        self.model, self.form = model, form

    @property
    def module(self) -> QaModel:
        """The model."""
        return self.model

    @property
    def state_names(self) -> tuple[str, ...]:
        """See the class."""
        return ("input", *(f"layer {k + 1}" for k in range(self.model.config.layers)))

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """All of one width."""
        return (self.model.config.width,) * (self.model.config.layers + 1)

    @property
    def output(self) -> Output:
        """Logits of candidates."""
        return Output("classification")

    def batch(self, examples: Sequence[QaExample]) -> UnitBatch:
        """Join questions, on the model's device."""
        device = next(self.model.parameters()).device
        return self.units(collate_qa(examples).to(device))

    def units(self, content: QaBatch) -> UnitBatch:
        """What the method sees of a batch that is already made."""
        return UnitBatch(content, content.item, content.num_items)

    @torch.no_grad()
    def trace(self, batch: UnitBatch) -> LayerPass:
        """One unmasked pass."""
        content: QaBatch = batch.content
        found = self.model(content, form=self.form)
        states = found.states
        if found.form == "matrices":
            states = tuple(content.unpadded(values) for values in states)
        item = torch.arange(content.num_items, device=content.item.device)
        weights = torch.ones(content.num_items, device=content.item.device)
        return LayerPass(states, found.logits, item, weights)

    def run(self, batch: UnitBatch, states: Tensor, *, layer: int = 0) -> Tensor:
        """Logits float [B, C] when the states [N, width] of one layer are replaced."""
        content: QaBatch = batch.content
        with torch.no_grad():
            _, query = self.model.encode(content)
        form = choose_form(content, self.form)
        return self.model.propagate(states, query, content, form=form, start=layer).logits
