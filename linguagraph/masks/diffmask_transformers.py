"""Encoders of the transformers library as DiffMask sees them: word pieces as units.

Only their public interface is used: ``inputs_embeds`` in, ``logits`` out, and the modules of the
layers, whose outputs are read and replaced by forward hooks that live as long as one call. Nothing
is imported from the library here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import MaskError
from linguagraph.masks.outputs import Output
from linguagraph.masks.units import LayerPass, UnitBatch

__all__ = ["TokenBatch", "TransformerUnits"]

OWN = ("input_ids", "special_tokens_mask", "word_ids")


@dataclass(frozen=True)
class TokenBatch:
    """A tokenised batch; B texts of at most T pieces.

    Attributes:
        inputs: what the model is called with beside the pieces: ``attention_mask`` int64 [B, T],
            and what else there was (``token_type_ids``).
        input_ids: int64 [B, T].
        maskable: bool [B, T], pieces of the text: neither padding nor special tokens.
        word: int64 [U], word of each unit in its text, -1 where it is not known.
    """

    inputs: Mapping[str, Tensor]
    input_ids: Tensor
    maskable: Tensor
    word: Tensor


class TransformerUnits:
    """:class:`linguagraph.masks.units.Layered` over a ``transformers.PreTrainedModel``.

    Units are the word pieces of the text, as the model reads them; special tokens and padding are
    none and are never masked. (For words, take the most retained of their pieces:
    :attr:`TokenBatch.word` says which those are.) States: the word vectors that go in as
    ``inputs_embeds`` (``input``; the model adds positions to whatever stands there), and what each
    layer hands on (``layer 1``, ...). The answers are the rows of ``logits``: one per text, or one
    per piece of the text where the model labels pieces.

    Args:
        model: with ``get_input_embeddings``, ``config.num_hidden_layers``, one ``nn.ModuleList`` of
            that many layers, and ``logits`` in what it returns; left exactly as it is.
        collate: examples -> a mapping with ``input_ids``, ``attention_mask`` and
            ``special_tokens_mask``, int64 [B, T] each, and perhaps ``word_ids``, B lists of T
            numbers or ``None``. Without it an example is one such mapping, of one text, and texts
            are padded with the model's padding token.
        output: what the logits mean.

    Raises:
        MaskError: the model has no such layers.
    """

    def __init__(
        self,
        model: Any,
        *,
        collate: Callable[[Sequence[Any]], Mapping[str, Any]] | None = None,
        output: Output | None = None,
    ) -> None:
        self.model, self._output = model, output or Output("classification")
        self._collate = collate or self._padded
        self.layers = _layers_of(model)

    @property
    def module(self) -> nn.Module:
        """The model itself."""
        module: nn.Module = self.model
        return module

    @property
    def state_names(self) -> tuple[str, ...]:
        """See the class."""
        return ("input", *(f"layer {k + 1}" for k in range(len(self.layers))))

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Width of the word vectors, and of the states."""
        width: int = self._embeddings.weight.shape[1]
        return (width, *(self.model.config.hidden_size,) * len(self.layers))

    @property
    def output(self) -> Output:
        """What the logits mean."""
        return self._output

    @property
    def _embeddings(self) -> Any:
        return self.model.get_input_embeddings()

    def batch(self, examples: Sequence[Any]) -> UnitBatch:
        """Join examples, on the model's device.

        Raises:
            MaskError: what ``collate`` gives lacks a part, or a text has nothing to mask.
        """
        return self.units(self._collate(examples))

    def units(self, tokens: Mapping[str, Any]) -> UnitBatch:
        """What the method sees of a batch that is already tokenised; errors as of :meth:`batch`."""
        missing = [n for n in (*OWN[:2], "attention_mask") if n not in tokens]
        if missing:
            raise MaskError(
                f"the tokenised batch lacks {', '.join(missing)}; ask the tokeniser for "
                "return_special_tokens_mask=True and return_tensors='pt'"
            )
        device = self._embeddings.weight.device
        ids = torch.as_tensor(tokens["input_ids"]).to(device)
        inputs = {
            name: torch.as_tensor(value).to(device)
            for name, value in tokens.items()
            if name not in OWN and name != "labels"
        }
        special = torch.as_tensor(tokens["special_tokens_mask"]).to(device)
        maskable = (special == 0) & (inputs["attention_mask"] != 0)
        text, place = maskable.nonzero(as_tuple=True)
        word = torch.full((len(text),), -1, device=device)
        if tokens.get("word_ids") is not None:
            rows = tokens["word_ids"]
            at = zip(text.tolist(), place.tolist(), strict=True)
            found = [rows[row][column] for row, column in at]
            word = torch.tensor([-1 if w is None else w for w in found], device=device)
        return UnitBatch(TokenBatch(inputs, ids, maskable, word), text, len(ids))

    @torch.no_grad()
    def trace(self, batch: UnitBatch) -> LayerPass:
        """One unmasked pass; states are what the layers' modules return."""
        content: TokenBatch = batch.content
        vectors = self._embeddings(content.input_ids)
        seen: list[Tensor] = []
        with _hooked(self.layers, lambda _, states: seen.append(states)):
            logits = self._logits(content, vectors)
        output, example = self._answers(content, batch, logits)
        counts = torch.bincount(example, minlength=batch.num_examples).clamp(min=1)
        states = tuple(values[content.maskable] for values in (vectors, *seen))
        return LayerPass(states, output, example, 1 / counts[example].to(output.dtype))

    def run(self, batch: UnitBatch, states: Tensor, *, layer: int = 0) -> Tensor:
        """Logits float [X, C] when the states [U, d] of one layer are replaced."""
        content: TokenBatch = batch.content
        vectors = self._embeddings(content.input_ids)
        if layer == 0:
            logits = self._logits(content, vectors.index_put((content.maskable,), states))
        else:

            def replace(_: int, known: Tensor) -> Tensor:
                return known.index_put((content.maskable,), states)

            with _hooked(self.layers[layer - 1 : layer], replace):
                logits = self._logits(content, vectors)
        return self._answers(content, batch, logits)[0]

    def _logits(self, content: TokenBatch, vectors: Tensor) -> Tensor:
        found = self.model(inputs_embeds=vectors, **content.inputs)
        logits: Tensor = found.logits
        return logits

    def _answers(
        self, content: TokenBatch, batch: UnitBatch, logits: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Answers [X, C] and their examples [X]."""
        if logits.dim() == 2:
            return logits, torch.arange(batch.num_examples, device=logits.device)
        return logits[content.maskable], batch.unit_example

    def _padded(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Tokenised texts of one each -> one batch; padding is special and not attended to."""
        names = [name for name in examples[0] if name not in ("word_ids", "labels")]
        pads = {"input_ids": self.model.config.pad_token_id or 0, "special_tokens_mask": 1}
        joined: dict[str, Any] = {
            name: nn.utils.rnn.pad_sequence(
                [torch.as_tensor(example[name]).reshape(-1) for example in examples],
                batch_first=True,
                padding_value=pads.get(name, 0),
            )
            for name in names
        }
        if "word_ids" in examples[0]:
            longest = joined["input_ids"].shape[1]
            rows = [list(example["word_ids"]) for example in examples]
            joined["word_ids"] = [row + [None] * (longest - len(row)) for row in rows]
        return joined


def _layers_of(model: nn.Module) -> list[nn.Module]:
    count = getattr(getattr(model, "config", None), "num_hidden_layers", None)
    if count is None or not hasattr(model, "get_input_embeddings"):
        raise MaskError(
            f"{type(model).__name__} is no encoder of the transformers library: it needs "
            "config.num_hidden_layers and get_input_embeddings"
        )
    lists = [m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    if len(lists) != 1:
        raise MaskError(
            f"{type(model).__name__} has {len(lists)} lists of {count} layers; expected one: "
            "only plain encoders can be masked"
        )
    return list(lists[0])


@contextmanager
def _hooked(
    layers: Sequence[nn.Module], act: Callable[[int, Tensor], Tensor | None]
) -> Iterator[None]:
    """Let ``act(number, states)`` see what each layer returns; a tensor replaces it.

    All hooks are gone afterwards, also after an exception.
    """

    def hook(number: int) -> Callable[[nn.Module, Any, Any], Any]:
        def after(_: nn.Module, __: Any, found: Any) -> Any:
            states = found if isinstance(found, Tensor) else found[0]
            changed = act(number, states)
            if changed is None or isinstance(found, Tensor):
                return changed
            return (changed, *found[1:])

        return after

    handles = []
    try:
        for number, layer in enumerate(layers):
            handles.append(layer.register_forward_hook(hook(number)))
        yield
    finally:
        for handle in handles:
            handle.remove()
