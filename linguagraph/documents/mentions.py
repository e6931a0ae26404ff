"""Tokens of a mention -> its head and type; mentions of an entity -> a chain in text order."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from linguagraph.documents.records import ROOT, Chain, Link, Mention, Sentence

__all__ = ["MENTION_TYPES", "build_chain", "mention_head", "mention_type", "order_chains"]

MENTION_TYPES = ("pronoun", "proper", "nominal")
"""What a mention may be, by the part of speech of its head."""

_UPOS_TYPES = {"PRON": "pronoun", "DET": "pronoun", "PROPN": "proper"}
_XPOS_TYPES = {
    **dict.fromkeys(("PRP", "PRP$", "WP", "WP$", "EX", "DT", "WDT"), "pronoun"),
    **dict.fromkeys(("NNP", "NNPS"), "proper"),
}


def mention_head(sentence: Sentence, tokens: Collection[int]) -> int:
    """The token of a mention that stands highest in the tree.

    Among equals the first that is no punctuation mark; without a tree the last token.

    Args:
        sentence: the sentence, with or without a tree.
        tokens: token indices, at least one.
    """
    inside = set(tokens)
    tops = sorted(token for token in inside if sentence.tokens[token].head not in inside)
    if len(tops) == 1:
        return tops[0]
    if not tops or any(sentence.tokens[token].head is None for token in tops):
        return max(inside)
    return min(tops, key=lambda t: (_depth(sentence, t), sentence.tokens[t].upos == "PUNCT", t))


def mention_type(sentence: Sentence, mention: Mention) -> str:
    """One of :data:`MENTION_TYPES`, from the tag of the head.

    The universal tag decides (``PRON`` and ``DET``, ``PROPN``, all others), without one the Penn
    tag (``PRP``, ``WP``, ``DT`` and their like, ``NNP``).
    """
    token = sentence.tokens[mention.head]
    if token.upos:
        return _UPOS_TYPES.get(token.upos, "nominal")
    return _XPOS_TYPES.get(token.xpos or "", "nominal")


def build_chain(id: str, mentions: Iterable[Mention], *, rule: str) -> Chain:
    """A chain of mentions in text order, each linked to the one before it by ``rule``.

    Text order is that of the first tokens; of two that begin together the longer comes first.
    """
    ordered = tuple(sorted(mentions, key=_place))
    links = tuple(Link(anaphor, anaphor - 1, rule) for anaphor in range(1, len(ordered)))
    return Chain(id, ordered, links)


def order_chains(chains: Iterable[Chain]) -> tuple[Chain, ...]:
    """Chains in the order of their first mentions; equals, and chains without any, as they come."""
    return tuple(
        sorted(chains, key=lambda chain: [_place(mention) for mention in chain.mentions[:1]])
    )


def _place(mention: Mention) -> tuple[int, int, int]:
    return mention.sentence, mention.tokens[0], -mention.tokens[-1]


def _depth(sentence: Sentence, token: int) -> int:
    """Edges from a token to the root; no more than there are tokens, even on a cycle."""
    node: int | None = token
    for depth in range(len(sentence)):
        node = None if node is None else sentence.tokens[node].head
        if node is None or node == ROOT:
            return depth
    return len(sentence)
