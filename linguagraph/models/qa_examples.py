"""Items with their mentions -> what a question answering model reads: word, role and edge codes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from linguagraph.documents.item_mentions import ItemMentions
from linguagraph.documents.wikihop import WikihopItem
from linguagraph.documents.words import folded, split_words
from linguagraph.errors import CheckpointError
from linguagraph.graphs.entity import RELATIONS, entity_graph
from linguagraph.graphs.textgraph import TextGraph
from linguagraph.models.vocabulary import SHAPES, UNKNOWN, Vocabulary, shape, suffix

__all__ = ["PLACES", "QaExample", "QaVocabulary", "Window", "encode_item", "query_words"]

PADDING = "<pad>"
SEPARATOR = "<sep>"
ROLES = Vocabulary(("candidate", "subject", "bridge", "coreferent"))
PLACES = (0, 1, 4, 12, 32)
"""First words of the buckets of a mention's place in its support."""


@dataclass(frozen=True)
class Window:
    """The words by which a node is known.

    Attributes:
        context: words to the left and as many to the right of the mention.
        mention: words of the mention itself; of longer ones the first and the last.
    """

    context: int = 8
    mention: int = 6

    @property
    def size(self) -> int:
        """Words per node."""
        return 2 * self.context + self.mention


@dataclass(frozen=True)
class QaVocabulary:
    """Words of the windows and queries of the training items; 0 is unknown, 1 padding.

    Attributes:
        words: lower-cased, without accents.
        suffixes: last three letters of the same ("ian" tells what an unknown "Hungarian" is).
    """

    words: Vocabulary
    suffixes: Vocabulary

    @classmethod
    def build(cls, items: Sequence[ItemMentions], window: Window, *, rare: int = 3) -> QaVocabulary:
        """Count over training items; what occurs less than ``rare`` times is unknown."""
        counted = Vocabulary.count(_seen(items, window), least=rare)
        kept = [w for w in counted.items if w not in (UNKNOWN, PADDING, SEPARATOR)]
        endings = Vocabulary.count((suffix(w) for w in _seen(items, window)), least=rare)
        return cls(Vocabulary((UNKNOWN, PADDING, SEPARATOR, *kept)), endings)

    def to_json(self) -> dict[str, list[str]]:
        """Lists of strings by name."""
        return {"words": list(self.words.items), "suffixes": list(self.suffixes.items)}

    @classmethod
    def from_json(cls, value: dict[str, list[str]]) -> QaVocabulary:
        """The inverse of :meth:`to_json`.

        Raises:
            CheckpointError: the words are missing.
        """
        if value.get("words", [])[:3] != [UNKNOWN, PADDING, SEPARATOR] or "suffixes" not in value:
            raise CheckpointError("the checkpoint lacks the vocabularies 'words' and 'suffixes'")
        return cls(Vocabulary(tuple(value["words"])), Vocabulary(tuple(value["suffixes"])))


@dataclass(frozen=True)
class QaExample:
    """One item as a model reads it; V nodes, E edges, C candidates.

    Attributes:
        item: what was read.
        graph: the entity graph; its edges' ids are the columns of the masks.
        words, shapes, suffixes: int64 [V, P], of each node's window, left context first.
        roles, places: int64 [V]; places: bucket of the mention's first word in its support.
        candidate: int64 [V], -1 for nodes that mention none.
        relation: int64 [E], code of each edge's label.
        query: int64 [Q], words of the query.
        answer: index of the right candidate, -1 if it is not known.
    """

    item: ItemMentions
    graph: TextGraph
    words: Tensor
    shapes: Tensor
    suffixes: Tensor
    roles: Tensor
    places: Tensor
    candidate: Tensor
    relation: Tensor
    query: Tensor
    answer: int

    @property
    def num_nodes(self) -> int:
        """V."""
        return self.graph.num_nodes

    @property
    def num_candidates(self) -> int:
        """C."""
        return len(self.item.item.candidates)


def encode_item(
    found: ItemMentions,
    vocabulary: QaVocabulary,
    window: Window,
    *,
    relations: Sequence[str] = RELATIONS,
) -> QaExample:
    """Encode an item; gold annotation is not looked at, but for the answer to learn from."""
    mentions, item = found.mentions, found.item
    forms = [_forms(found, support) for support in range(len(found.words))]
    codes = [[vocabulary.words(folded(form)) for form in words] for words in forms]
    kinds = [[SHAPES(shape(form)) for form in words] for words in forms]
    ends = [[vocabulary.suffixes(suffix(folded(form))) for form in words] for words in forms]
    padding = vocabulary.words(PADDING)
    at = [_window(m.start, m.end, len(codes[m.support]), window) for m in mentions]
    size = (len(mentions), window.size)

    def windows(values: list[list[int]], absent: int) -> Tensor:
        rows = [
            [values[m.support][i] if i >= 0 else absent for i in places]
            for m, places in zip(mentions, at, strict=True)
        ]
        return torch.tensor(rows, dtype=torch.long).view(size)

    graph = entity_graph(mentions, relations=relations)
    return QaExample(
        item=found,
        graph=graph,
        words=windows(codes, padding),
        shapes=windows(kinds, 0),
        suffixes=windows(ends, 0),
        roles=_long(ROLES(m.role) for m in mentions),
        places=_long(bisect_right(PLACES, m.start) - 1 for m in mentions),
        candidate=_long(m.candidate for m in mentions),
        relation=_long(RELATIONS.index(label) for label in graph.labels),
        query=_long(vocabulary.words(word) for word in query_words(item)),
        answer=-1 if item.answer is None else item.candidates.index(item.answer),
    )


def query_words(item: WikihopItem) -> list[str]:
    """The words of a query: the subject's, then each relation's, a separator before each.

    The relation that the answer stands in comes last, where a BiLSTM's last state sees it best.
    """
    subject = item.subject
    found = [folded(subject[start:end]) for start, end in split_words(subject)]
    for relation in item.relations:
        found += [SEPARATOR, *(folded(part) for part in relation.split("_") if part)]
    return found


def _seen(items: Iterable[ItemMentions], window: Window) -> Iterator[str]:
    for found in items:
        yield from query_words(found.item)
        forms = [_forms(found, support) for support in range(len(found.words))]
        places = {
            (m.support, i)
            for m in found.mentions
            for i in _window(m.start, m.end, len(forms[m.support]), window)
            if i >= 0
        }
        for support, place in places:
            yield folded(forms[support][place])


def _forms(found: ItemMentions, support: int) -> list[str]:
    text = found.item.supports[support]
    return [text[start:end] for start, end in found.words[support]]


def _window(start: int, end: int, size: int, window: Window) -> list[int]:
    """Word numbers of a node's window, -1 for padding; gaps in the mention's part are at its end.

    The left context ends next to the mention, the right one begins next to it.
    """
    left = [i if i >= 0 else -1 for i in range(start - window.context, start)]
    right = [i if i < size else -1 for i in range(end, end + window.context)]
    own = list(range(start, end))
    if len(own) > window.mention:
        half = window.mention // 2
        own = own[: window.mention - half] + own[len(own) - half :]
    return left + own + [-1] * (window.mention - len(own)) + right


def _long(values: Iterable[int]) -> Tensor:
    return torch.tensor([int(v) for v in values], dtype=torch.long)
