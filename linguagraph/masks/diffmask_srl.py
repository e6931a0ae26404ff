"""Semantic role labelling models as DiffMask sees them: tokens as units, states in all layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from linguagraph.masks.outputs import Output
from linguagraph.masks.units import LayerPass, UnitBatch
from linguagraph.models.batch import SrlBatch, SrlExample, collate
from linguagraph.models.encoders import BiLstmEncoder
from linguagraph.models.layers import gather
from linguagraph.models.srl import SrlModel

__all__ = ["SrlUnits"]


class SrlUnits:
    """:class:`linguagraph.masks.units.Layered` over an :class:`SrlModel`.

    An example is a predicate in its sentence, its units are the sentence's tokens (tokens of
    context sentences are never masked). States: the token embeddings with the predicate's mark
    (``input``), each layer of a BiLSTM (``lstm 1``, ...; the topmost is ``encoder``) or the MLP's
    output (``encoder``), and what each graph layer hands on (``layer 1``, ...). Where the predicate
    stands, and its lemma in the read-out, are no unit and stay known.

    The answers are roles of tokens; the divergence of an example is the sum over its tokens divided
    by the number of arguments that the unmasked model predicts, at least 1, as in
    :class:`linguagraph.masks.srl_model.SrlExplainable`.

    Args:
        model: left exactly as it is.
    """

    def __init__(self, model: SrlModel) -> None:
        self.model = model
        encoder = model.encoder
        self._below = len(encoder.ahead) if isinstance(encoder, BiLstmEncoder) else 1

    @property
    def module(self) -> SrlModel:
        """The model itself."""
        return self.model

    @property
    def state_names(self) -> tuple[str, ...]:
        """See the class."""
        lstm = (f"lstm {k + 1}" for k in range(self._below - 1))
        return (
            "input",
            *lstm,
            "encoder",
            *(f"layer {k + 1}" for k in range(len(self.model.layers))),
        )

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Widths of the states."""
        model = self.model
        encoder = (model.encoder.width,) * self._below
        return (model.embedding.width, *encoder, *(model.config.hidden,) * len(model.layers))

    @property
    def output(self) -> Output:
        """One role (or none) per token."""
        return Output("classification")

    def batch(self, examples: Sequence[SrlExample]) -> UnitBatch:
        """Join examples, on the model's device."""
        device = next(self.model.parameters()).device
        joined = collate(examples, num_labels=len(self.model.vocabulary.labels))
        return self.units(joined.to(device))

    def units(self, content: SrlBatch) -> UnitBatch:
        """What the method sees of a batch that is already made."""
        return UnitBatch(content, content.unit_example, content.num_examples)

    @torch.no_grad()
    def trace(self, batch: UnitBatch) -> LayerPass:
        """One unmasked pass."""
        content: SrlBatch = batch.content
        states = self._node_states(content)
        logits = self.model.classify(states[-1], content)
        arguments = (logits.argmax(-1) != 0).to(logits.dtype)
        found = arguments.new_zeros(batch.num_examples)
        found = found.index_add(0, content.unit_example, arguments).clamp(min=1)
        return LayerPass(
            states=tuple(_at_units(values, content) for values in states),
            output=logits,
            output_example=content.unit_example,
            weights=1 / found.index_select(0, content.unit_example),
        )

    def run(self, batch: UnitBatch, states: Tensor, *, layer: int = 0) -> Tensor:
        """Role logits float [U, roles] when the states [U, d] of one layer are replaced."""
        content: SrlBatch = batch.content
        if content.has_context:
            with torch.no_grad():
                below = self._node_states(content, last=layer)[-1]
            states = below.index_copy(0, content.unit, states)
        for k in range(layer, len(self.state_names) - 1):
            states = self._up(k, states, content)
        return self.model.classify(states, content)

    def _node_states(self, content: SrlBatch, last: int | None = None) -> list[Tensor]:
        """States of all nodes, float [N, d_k] each, up to one layer (all by default)."""
        states = [self.model.embedding(content)]
        for k in range(len(self.state_names) - 1 if last is None else last):
            states.append(self._up(k, states[-1], content))
        return states

    def _up(self, k: int, states: Tensor, content: SrlBatch) -> Tensor:
        """From state k to state k + 1, as the model in evaluation mode goes there."""
        model, encoder = self.model, self.model.encoder
        if k >= self._below:
            layer = k - self._below
            summed = gather(model.messages(layer, states, content), content.target)
            updated: Tensor = model.layers[layer].update(summed, states)  # type: ignore[operator]
            return updated
        if isinstance(encoder, BiLstmEncoder):
            return encoder.up(k, states, content.rows)
        mapped: Tensor = encoder(states, content.rows)
        return mapped


def _at_units(values: Tensor, content: SrlBatch) -> Tensor:
    return values.index_select(0, content.unit) if content.has_context else values
