"""Frozen records: what every reader makes and every later stage reads.

All positions are token indices from 0 within the sentence; ``-1`` as a head means the root.
``None`` stands for a value that the file leaves out (``_`` in the CoNLL formats).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from linguagraph import display
from linguagraph.errors import DocumentError

__all__ = [
    "Analysis",
    "Chain",
    "Document",
    "EmptyNode",
    "Frame",
    "Link",
    "Mention",
    "MultiwordToken",
    "Role",
    "Sentence",
    "Token",
    "predicate_type",
]

ROOT = -1
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Analysis:
    """A second analysis of a token: the predicted (P-) columns of CoNLL-2009."""

    lemma: str | None = None
    xpos: str | None = None
    feats: str | None = None
    head: int | None = None
    deprel: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """One syntactic word.

    Attributes:
        index: position in the sentence, from 0.
        form: the word as written.
        lemma: dictionary form.
        upos: universal part of speech (CoNLL-U); ``None`` in CoNLL-2009.
        xpos: treebank-specific part of speech (the POS column of CoNLL-2009).
        feats: morphological features as written in the file.
        head: index of the head, ``-1`` for the root, ``None`` where the file gives none.
        deprel: label of the dependency to the head.
        deps: enhanced dependencies as written (CoNLL-U).
        misc: the MISC column as written (CoNLL-U).
        start, end: character offsets in the document's text, end exclusive, where known:
            ``document.text[start:end] == form``. The words of a multiword token whose forms are
            its parts have their own offsets; those of any other have the offsets of the whole.
        predicted: the predicted columns (CoNLL-2009).
        extra: further columns of CoNLL-U Plus, name and value as written.
    """

    index: int
    form: str
    lemma: str | None = None
    upos: str | None = None
    xpos: str | None = None
    feats: str | None = None
    head: int | None = None
    deprel: str | None = None
    deps: str | None = None
    misc: str | None = None
    start: int | None = None
    end: int | None = None
    predicted: Analysis | None = None
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MultiwordToken:
    """A surface token that spans several words (CoNLL-U ids such as ``8-9``).

    ``start`` and ``end`` are character offsets in the document's text, end exclusive, where known.
    """

    first: int
    last: int
    form: str
    columns: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class EmptyNode:
    """An empty node of the enhanced graph (``8.1``); ``after`` is -1 before the first word."""

    after: int
    number: int
    form: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """One argument of a frame: the token that carries it and its label (``A0``, ``AM-TMP`` ...)."""

    token: int
    label: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A predicate and its roles.

    Attributes:
        predicate: token index.
        sense: frame name as written (``come.03``).
        roles: in token order; a token may carry one role of a frame.
    """

    predicate: int
    sense: str | None = None
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True)
class Sentence:
    """Tokens in order with their tree and frames.

    Attributes:
        tokens: the syntactic words.
        frames: predicates in token order.
        document: identifier of the document that the sentence belongs to.
        index: position in the corpus, from 0, counting every sentence that was read.
        id: the sentence's own identifier (``sent_id``), if any.
        text: surface text, if known.
        comments: comment lines of CoNLL-U, in order, without the newline.
        multiwords, empty_nodes: see the classes.
        line: line of the file on which the sentence starts, from 1.
        paragraph: position of its paragraph in the document, from 0, where known.
    """

    tokens: tuple[Token, ...]
    frames: tuple[Frame, ...] = ()
    document: str = ""
    index: int = 0
    id: str | None = None
    text: str | None = None
    comments: tuple[str, ...] = ()
    multiwords: tuple[MultiwordToken, ...] = ()
    empty_nodes: tuple[EmptyNode, ...] = ()
    line: int | None = None
    paragraph: int | None = None

    def __post_init__(self) -> None:
        size = len(self.tokens)
        for position, token in enumerate(self.tokens):
            if token.index != position:
                raise DocumentError(
                    f"token {position} has index {token.index}; indices must count from 0"
                )
            if token.head is not None and not ROOT <= token.head < size:
                raise DocumentError(
                    f"token {position} has head {token.head}; expected -1 to {size - 1}"
                )
        for frame in self.frames:
            for name, index in (
                ("predicate", frame.predicate),
                *(("role", r.token) for r in frame.roles),
            ):
                if not 0 <= index < size:
                    raise DocumentError(f"{name} at token {index}; the sentence has {size} tokens")

    def __len__(self) -> int:
        return len(self.tokens)

    def __repr__(self) -> str:
        name = f" {self.id!r}" if self.id else ""
        start = " ".join(self.forms[:_SHOWN])
        text = start if len(start) <= _SHOWN else f"{start[:_SHOWN]}…"
        tokens = display.counted(len(self), "token")
        frames = display.counted(len(self.frames), "predicate")
        return f"<Sentence {self.index}{name}: {tokens}, {frames}: {text!r}>"

    def _repr_html_(self) -> str:
        return display.html(self)

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The word forms, in order."""
        return tuple(token.form for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Mention:
    """An expression that refers to something.

    Attributes:
        sentence: position of its sentence in the document, from 0.
        tokens: token indices in the sentence, ascending; gaps make it discontinuous.
        head: token index of its syntactic head, one of ``tokens``.
        type: entity type (``person``, ``place`` ...), where known.
        attributes: further fields of CorefUD ``Entity=``, name and value as written.
    """

    sentence: int
    tokens: tuple[int, ...]
    head: int
    type: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """Why two mentions of a chain belong together.

    Attributes:
        anaphor, antecedent: positions in ``Chain.mentions``; not always neighbours.
        rule: what made the link (the name of a resolver's pass, or ``annotated``).
    """

    anaphor: int
    antecedent: int
    rule: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The mentions of one entity, in text order; a single mention is a singleton."""

    id: str
    mentions: tuple[Mention, ...]
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Document:
    """Sentences that belong together.

    Attributes:
        id: identifier.
        sentences: in order.
        text: running text, where known; token offsets count its characters.
        chains: coreference, in the order of first mentions; empty where unknown or absent.
    """

    id: str
    sentences: tuple[Sentence, ...] = field(default=())
    text: str | None = None
    chains: tuple[Chain, ...] = ()

    def __post_init__(self) -> None:
        for chain in self.chains:
            for mention in chain.mentions:
                if not 0 <= mention.sentence < len(self.sentences):
                    raise DocumentError(
                        f"chain {chain.id} has a mention in sentence {mention.sentence}; the "
                        f"document has {len(self.sentences)} sentences"
                    )
                size = len(self.sentences[mention.sentence])
                inside = all(0 <= token < size for token in mention.tokens)
                if not inside or mention.head not in mention.tokens:
                    raise DocumentError(
                        f"chain {chain.id} has a mention at tokens {mention.tokens} with head "
                        f"{mention.head}; expected tokens below {size}, the head among them"
                    )
            for link in chain.links:
                if not (
                    0 <= link.anaphor < len(chain.mentions)
                    and 0 <= link.antecedent < len(chain.mentions)
                ):
                    raise DocumentError(
                        f"chain {chain.id} links {link.anaphor} to {link.antecedent}; it has "
                        f"{len(chain.mentions)} mentions"
                    )

    def __repr__(self) -> str:
        tokens = display.counted(sum(len(s) for s in self.sentences), "token")
        parts = [display.counted(len(self.sentences), "sentence"), tokens]
        if self.chains:
            parts.append(display.counted(len(self.chains), "chain"))
        return f"<Document {self.id!r}: {', '.join(parts)}>"

    def _repr_html_(self) -> str:
        return display.html(self)


def predicate_type(xpos: str | None, upos: str | None = None) -> str:
    """Coarse predicate type: ``V``, ``N``, ``J`` or ``O`` (other), from the part of speech.

    Penn tags decide by their first letter; without one the universal tag does.
    """
    if xpos:
        first = xpos[0].upper()
        return first if first in "VNJ" else "O"
    return {"VERB": "V", "AUX": "V", "NOUN": "N", "PROPN": "N", "ADJ": "J"}.get(upos or "", "O")
