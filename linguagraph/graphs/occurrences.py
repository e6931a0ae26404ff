"""A document -> the units that may co-occur in it: their names, tokens and windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from linguagraph.documents.records import Chain, Document, Mention, Token
from linguagraph.errors import ConfigError, DocumentError
from linguagraph.graphs.coreference import token_offsets

__all__ = [
    "CONTENT",
    "UNITS",
    "WINDOWS",
    "Occurrences",
    "Scheme",
    "entity_name",
    "occurrences",
]

UNITS = ("lemma", "entity", "chain", "mention")
"""What may co-occur: lemmas of tokens, named entities, chains, lemmas of mention heads."""

WINDOWS = ("sentence", "tokens", "paragraph", "document")

CONTENT = ("NOUN", "PROPN", "VERB", "ADJ", "ADV")
"""Universal tags of content words."""

_PENN = {"NNP": "PROPN", "N": "NOUN", "V": "VERB", "J": "ADJ", "RB": "ADV"}


@dataclass(frozen=True, slots=True)
class Scheme:
    """What is counted and where.

    Attributes:
        unit: ``lemma``: every token whose part of speech is in ``keep``, by its lemma as written
            (the form in small letters where there is none); ``entity``: every mention of a chain,
            at its head, by :func:`entity_name`, so that entities of one name are one unit in
            all documents; ``chain``: the same by ``DOCUMENT#CHAIN``, one unit for every chain;
            ``mention``: every mention, at its head, by the lemma of the head.
        window: ``sentence``, ``paragraph`` or ``document``, or ``tokens``: two tokens of a
            document at most ``size`` tokens apart, counted over all tokens and across sentences.
        size: largest distance in tokens; read with ``tokens`` only.
        keep: universal parts of speech of the tokens that count as lemmas; ``None`` keeps all.
            Where a token has no universal tag, the first letters of its Penn tag decide.

    Raises:
        ConfigError: an unknown unit or window, or a size below 1.
    """

    unit: str = "lemma"
    window: str = "sentence"
    size: int = 5
    keep: tuple[str, ...] | None = CONTENT

    def __post_init__(self) -> None:
        for name, value, known in (("unit", self.unit, UNITS), ("window", self.window, WINDOWS)):
            if value not in known:
                raise ConfigError(f"{name}={value!r}; expected one of {list(known)}")
        if self.size < 1:
            raise ConfigError(f"size={self.size}; a window needs a distance of at least 1 token")


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Where the units of one document occur, in the order of tokens, then of names.

    Attributes:
        names: the units, one per occurrence; no token has the same unit twice.
        tokens: positions in the document (offset of the sentence + token index).
        windows: numbers of the windows, from 0; all 0 for windows of tokens.
        num_windows: windows of the document, those without any unit included; 0 for windows of
            tokens.
        num_tokens: tokens of the document.
    """

    names: list[str]
    tokens: list[int]
    windows: list[int]
    num_windows: int
    num_tokens: int


def occurrences(document: Document, scheme: Scheme) -> Occurrences:
    """The units of a document under a scheme.

    Raises:
        DocumentError: windows are paragraphs and the document does not say where they are.
    """
    offsets = token_offsets(document).tolist()
    by_sentence, count = _windows(document, scheme.window)
    names: list[str] = []
    tokens: list[int] = []
    windows: list[int] = []
    if scheme.unit == "lemma":
        kept = None if scheme.keep is None else frozenset(scheme.keep)
        for number, sentence in enumerate(document.sentences):
            offset = offsets[number]
            here = [
                t for t in sentence.tokens if kept is None or (t.upos or _universal(t.xpos)) in kept
            ]
            names += [_lemma(token) for token in here]
            tokens += [offset + token.index for token in here]
            windows += [by_sentence[number]] * len(here)
    else:
        found = {
            (offsets[mention.sentence] + mention.head, name, by_sentence[mention.sentence])
            for name, mention in _mentions(document, scheme.unit)
        }
        for token_index, name, window in sorted(found):
            names.append(name)
            tokens.append(token_index)
            windows.append(window)
    return Occurrences(names, tokens, windows, count, offsets[-1])


def entity_name(document: Document, chain: Chain) -> str:
    """What an entity is called: its first mention that is headed by a proper noun.

    Of that mention the proper nouns around the head, as written; without such a mention the lemma
    of the head of the first one that is not a pronoun; without that the lemma of the first head.
    """
    common: str | None = None
    for mention in chain.mentions:
        tokens = document.sentences[mention.sentence].tokens
        tag = _tag(tokens[mention.head])
        if tag == "PROPN":
            return _proper_name(tokens, mention)
        if common is None and tag in ("NOUN", "VERB", "ADJ", "NUM"):
            common = _lemma(tokens[mention.head])
    if common is None and chain.mentions:
        first = chain.mentions[0]
        common = _lemma(document.sentences[first.sentence].tokens[first.head])
    return common or chain.id


def _proper_name(tokens: tuple[Token, ...], mention: Mention) -> str:
    inside = set(mention.tokens)
    first = last = mention.head
    while first - 1 in inside and _tag(tokens[first - 1]) == "PROPN":
        first -= 1
    while last + 1 in inside and _tag(tokens[last + 1]) == "PROPN":
        last += 1
    return " ".join(token.form for token in tokens[first : last + 1])


def _mentions(document: Document, unit: str) -> Iterator[tuple[str, Mention]]:
    for chain in document.chains:
        name = entity_name(document, chain) if unit == "entity" else f"{document.id}#{chain.id}"
        for mention in chain.mentions:
            if unit == "mention":
                name = _lemma(document.sentences[mention.sentence].tokens[mention.head])
            yield name, mention


def _windows(document: Document, window: str) -> tuple[list[int], int]:
    """The window of every sentence, and how many there are."""
    size = len(document.sentences)
    if window == "sentence":
        return list(range(size)), size
    if window == "document":
        return [0] * size, min(size, 1)
    if window == "tokens":
        return [0] * size, 0
    numbers: dict[int, int] = {}
    found = []
    for sentence in document.sentences:
        if sentence.paragraph is None:
            raise DocumentError(
                f"document {document.id!r} does not say where its paragraphs are; choose the "
                "window 'sentence', 'tokens' or 'document'"
            )
        found.append(numbers.setdefault(sentence.paragraph, len(numbers)))
    return found, len(numbers)


def _lemma(token: Token) -> str:
    return token.lemma or token.form.lower()


def _tag(token: Token) -> str:
    return token.upos or _universal(token.xpos)


@lru_cache(maxsize=256)
def _universal(xpos: str | None) -> str:
    """Universal tag of a Penn tag, as far as content words need it; empty for others."""
    return next((tag for start, tag in _PENN.items() if (xpos or "").startswith(start)), "")
