"""A text classifier and a sentence -> the highest-weighted gradient path, by layer, and entropies.

The study of Du et al. (2023, section 4): within a self-attention layer a path leads through the
queries, the keys, the values, or past attention through the skip connection; within the
feed-forward block, through it or past it. Paths lead from the answer down to the embeddings of the
words; embeddings of positions are constants. The answer is the logit of a label less that of
another one, as what is explained is the preference for it. (The paper's exact choice of output is
not known to us.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.semiring import Path, Tape, entropy, through, top_path
from linguagraph.models.text_classifier import TextClassifier

__all__ = ["PARTS", "LayerPath", "TextPath", "find_layers", "text_path"]

PARTS = ("query", "key", "value", "skip")
"""Ways through a self-attention layer; a path takes exactly one."""

_NAMES = re.compile(r"^(?P<layer>.*\.\d+)\.(?P<block>attention.*)\.(?P<part>query|key|value)$")


@dataclass(frozen=True)
class LayerPath:
    """How paths pass one layer.

    Attributes:
        part: of :data:`PARTS`, where the top path leads.
        piece: column of the piece whose query, key, value or state that is.
        feed_forward: whether the top path leads through the feed-forward block.
        weights: by part, the share of the total (absolute) weight of all paths, adding up to 1.
    """

    part: str
    piece: int
    feed_forward: bool
    weights: tuple[float, float, float, float]


@dataclass(frozen=True)
class TextPath:
    """The top path of one sentence and what all paths are like.

    Attributes:
        value: weight of the top path; sign: of its product of signed derivatives.
        share: of the total weight of all paths that is the top path's.
        entropy: of the distribution over paths, nats.
        word: word from 0 in whose embedding the top path ends, -1 for a special piece.
        column: of the piece in which it ends.
        best: by word, weight of the top path that ends in it; total: of all paths that do.
        layers: from the bottom to the top.
        margin: the logit of the label less the other's.
    """

    value: float
    sign: int
    share: float
    entropy: float
    word: int
    column: int
    best: tuple[float, ...]
    total: tuple[float, ...]
    layers: tuple[LayerPath, ...]
    margin: float


def find_layers(model: TextClassifier) -> list[dict[str, str]]:
    """Paths of modules by layer: ``layer``, ``query``, ``key`` and ``value``.

    Raises:
        MaskError: the network has no layers with modules of these names, as BERT, RoBERTa and
            ELECTRA have them.
    """
    found: dict[str, dict[str, str]] = {}
    for name, _ in model.named_modules():
        match = _NAMES.match(name)
        if match:
            layer = found.setdefault(match["layer"], {"layer": match["layer"]})
            layer[match["part"]] = name
    layers = [layer for layer in found.values() if len(layer) == len(PARTS)]
    if not layers:
        raise MaskError(
            "no layers with modules named query, key and value; gradient paths by part are for "
            "encoders built as BERT is"
        )
    return layers


def text_path(
    model: TextClassifier,
    words: Sequence[str],
    *,
    label: int,
    other: int | None = None,
    start: int | None = None,
) -> TextPath:
    """Follow the gradient paths of one sentence.

    Args:
        model: in evaluation mode; its network takes ``inputs_embeds``.
        words: of the sentence, with [MASK] where the head is ``masked``.
        label: the answer that is explained, number in ``model.labels``.
        other: the label that it is preferred to; ``None``: the other one of two.
        start: only paths that end in this word's first piece, from 0; ``None``: all paths. A path
            from a word to an answer that is read elsewhere has to leave the skip connection.

    Raises:
        MaskError: the model is in training mode, has other than two labels where ``other`` is
            ``None``, or is not built as BERT is; no such word; or see
            :meth:`linguagraph.masks.semiring_tape.Tape.recording`.
    """
    if model.training:
        raise MaskError("the model is in training mode; call model.eval() first")
    if other is None and len(model.labels) != 2:
        raise MaskError(f"{len(model.labels)} labels; say which other label is meant")
    other = 1 - label if other is None else other
    modules = find_layers(model)
    batch = model.encode([words])
    with torch.no_grad():
        embeddings = model.network.get_input_embeddings()(batch.input_ids)  # type: ignore[operator]
    tape, first = Tape(), 0
    with tape.recording(model):
        if start is None:
            watched = tape.watch(embeddings)
        else:
            first = _column(batch.word_ids[0], start)
            parts = (embeddings[:, :first], embeddings[:, first : first + 1])
            watched = torch.cat((parts[0], tape.watch(parts[1]), embeddings[:, first + 1 :]), 1)
        logits = model.network(inputs_embeds=watched).logits
        answers = model.answers(logits, batch)
        margin = answers[0, label] - answers[0, other]
    end = tape.number(margin)
    seed = {end: torch.ones_like(margin)}
    with torch.no_grad():
        path = top_path(tape, tape.forward("max"), end, 0)
    column = first + path.end.element // embeddings.shape[2]
    inner = [n for m in modules for part in PARTS[:3] for n in tape.outputs[m[part]]]
    below = tape.forward("total", keep=[*inner, end])
    above = tape.backward(seed, "total", keep=[*inner, *tape.inputs])
    best = tape.backward(seed, "max")[tape.inputs[0]][0, 0].amax(1)
    total = above[tape.inputs[0]][0, 0].sum(1)
    owners = batch.word_ids[0, first : first + len(best)]
    pairs = tape.backward(seed, "expectation")[tape.inputs[0]]
    whole = float(below[end].sum())
    return TextPath(
        value=path.value,
        sign=path.sign,
        share=path.value / whole,
        entropy=float(entropy(pairs.reshape(2, -1).sum(1))),
        word=int(batch.word_ids[0, column]),
        column=column,
        best=_by_word(best, owners, len(words), "amax"),
        total=_by_word(total, owners, len(words), "sum"),
        layers=tuple(_layer(tape, path, module, (below, above), whole) for module in modules),
        margin=float(margin),
    )


def _by_word(values: Tensor, owners: Tensor, count: int, how: str) -> tuple[float, ...]:
    """Join the pieces of each word; 0 where there is none. Special pieces are left out."""
    kept = owners >= 0
    joined = values.new_zeros(count).scatter_reduce(0, owners[kept], values[kept], how)
    return tuple(joined.tolist())


def _column(words: Tensor, start: int) -> int:
    """Column of the first piece of a word."""
    columns = (words == start).nonzero()
    if not len(columns):
        raise MaskError(f"start={start}; the sentence has no such word, or it was cut off")
    return int(columns[0])


def _layer(
    tape: Tape,
    path: Path,
    names: dict[str, str],
    flows: tuple[dict[int, Tensor], dict[int, Tensor]],
    whole: float,
) -> LayerPath:
    part, step, weights = "skip", None, []
    for name in PARTS[:3]:
        nodes = tape.outputs[names[name]]
        weights.append(sum(float(through(tape, n, *flows).sum()) for n in nodes) / whole)
        found = path.through(nodes)
        if found is not None:
            part, step = name, found
    scopes = [s for s in path.steps if s.scope.startswith(names["layer"] + ".")]
    attention = f"{names['layer']}.attention"
    if step is None:
        step = next(s for s in scopes if s.scope.startswith(attention))
    shape = tape.nodes[step.node].shape
    block = any(s.scope.startswith(f"{names['layer']}.intermediate") for s in scopes)
    return LayerPath(
        part=part,
        piece=step.element // shape[-1] % shape[1],
        feed_forward=block,
        weights=(*weights, max(0.0, 1.0 - sum(weights))),  # type: ignore[arg-type]
    )
