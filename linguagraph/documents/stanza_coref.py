"""The output of Stanza's coreference processor -> chains of our own document.

Stanza itself is not imported: what is read here of its documents is written down as protocols, so
that a recorded output serves as well. The `coref` processor leaves its chains in the document's
``coref`` (``coref_chains`` of its words only points back to them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from linguagraph.documents.mentions import build_chain, mention_head, order_chains
from linguagraph.documents.records import Chain, Document, Mention
from linguagraph.errors import DocumentError

__all__ = [
    "REPRESENTATIVE",
    "STANZA_RULE",
    "StanzaChain",
    "StanzaDocument",
    "StanzaMention",
    "with_stanza_chains",
]

STANZA_RULE = "stanza"
"""``Link.rule`` of chains that Stanza made."""

REPRESENTATIVE = ("representative", "yes")
"""Attribute of the mention that Stanza takes to name the entity best."""


class StanzaMention(Protocol):
    """Words ``start_word`` to ``end_word`` (exclusive, from 0) of one sentence (from 0).

    For a zero pronoun both are a pair: the number of an empty node.
    """

    sentence: int
    start_word: Any
    end_word: Any


class StanzaChain(Protocol):
    """Mentions of one entity; ``representative_index`` is a position in ``mentions``, or None."""

    index: int
    mentions: Sequence[Any]
    representative_index: int | None


class StanzaDocument(Protocol):
    """A ``stanza.Document`` after the `coref` processor; sentences have ``words``."""

    sentences: Sequence[Any]

    @property
    def coref(self) -> Sequence[Any]:
        """Items are like :class:`StanzaChain`, their mentions like :class:`StanzaMention`."""
        ...


def with_stanza_chains(document: Document, parsed: StanzaDocument) -> Document:
    """The document with the chains that Stanza found in it, instead of its own.

    Mentions get the token that stands highest in the document's tree as head, and the
    representative one the attribute :data:`REPRESENTATIVE`; chain ``index`` 0 becomes ``e1``. Each
    mention is linked to the one before it. Zero pronouns stand for no token and make no mention; a
    chain of nothing else makes no chain. A mention that a chain has twice counts once.

    Args:
        document: our records of the same sentences and words.
        parsed: what Stanza made of them.

    Raises:
        DocumentError: sentences or words differ in number, or a mention lies outside its sentence.
    """
    ours = [len(sentence) for sentence in document.sentences]
    theirs = [len(sentence.words) for sentence in parsed.sentences]
    if ours != theirs:
        raise DocumentError(
            f"document {document.id!r} has {len(ours)} sentences and {sum(ours)} words, Stanza's "
            f"has {len(theirs)} and {sum(theirs)}, or other boundaries; map the output of the same "
            "parse"
        )
    chains = [_chain(document, chain) for chain in parsed.coref or ()]
    kept = order_chains(chain for chain in chains if chain.mentions)
    return replace(document, chains=kept)


def _chain(document: Document, chain: StanzaChain) -> Chain:
    mentions: dict[tuple[int, int, int], Mention] = {}
    for position, found in enumerate(chain.mentions):
        start, end = found.start_word, found.end_word
        if isinstance(start, Sequence):
            continue
        inside = 0 <= found.sentence < len(document.sentences)
        if not inside or not 0 <= start < end <= len(document.sentences[found.sentence]):
            raise DocumentError(
                f"Stanza's chain {chain.index} has a mention of words {start} to {end} in sentence "
                f"{found.sentence}, outside the document; map the output of the same parse"
            )
        place = (found.sentence, start, end)
        represents = position == chain.representative_index
        if place in mentions and not represents:
            continue
        tokens = tuple(range(start, end))
        head = mention_head(document.sentences[found.sentence], tokens)
        attributes = (REPRESENTATIVE,) if represents else ()
        mentions[place] = Mention(found.sentence, tokens, head, attributes=attributes)
    return build_chain(f"e{chain.index + 1}", mentions.values(), rule=STANZA_RULE)
