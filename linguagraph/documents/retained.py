"""Sentences and retained shares of their edges <-> the same sentences with these as annotation.

The share of the edge between a token and its head stands at the token:

* ``RetainedDown``: of the message from head to dependent (``->``), by layer, bottom first;
* ``RetainedUp``: of the message from dependent to head (``<-``), likewise;
* ``Retained``: the mean over both directions and all layers.

Shares are in [0, 1] with three decimals, layers are joined by commas: ``RetainedDown=0.400,1.000``.
CoNLL-U has them in MISC, after what was there; CoNLL-U Plus in the columns :data:`COLUMNS`. The
comment ``# retained_predicates = 2`` says over how many predicates of the sentence the mean is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from linguagraph.documents.conllu import CONLLU_COLUMNS
from linguagraph.documents.conllu_parser import header_columns
from linguagraph.documents.records import Sentence, Token

__all__ = [
    "COLUMNS",
    "KEYS",
    "Shares",
    "misc_values",
    "plus_columns",
    "with_columns",
    "with_misc",
    "without_retained",
]

KEYS = ("Retained", "RetainedDown", "RetainedUp")
"""Keys in MISC."""

COLUMNS = ("LINGUAGRAPH:RETAINED", "LINGUAGRAPH:DOWN", "LINGUAGRAPH:UP")
"""Columns of CoNLL-U Plus, in the order of :data:`KEYS`."""

_COMMENT = "# retained_predicates ="


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the two edges between a token and its head, by layer, bottom first."""

    down: tuple[float, ...]
    up: tuple[float, ...]

    @property
    def values(self) -> tuple[str, str, str]:
        """As written, in the order of :data:`KEYS`."""
        every = (*self.down, *self.up)
        mean = sum(every) / len(every)
        down, up = (",".join(f"{share:.3f}" for share in part) for part in (self.down, self.up))
        return f"{mean:.3f}", down, up


def with_misc(sentence: Sentence, shares: Mapping[int, Shares], *, predicates: int) -> Sentence:
    """The sentence with the shares in MISC, what an earlier export left there replaced.

    Args:
        sentence: what is written.
        shares: by token; tokens without an edge to a head are absent.
        predicates: over how many the mean is.
    """
    plain = without_retained(sentence)
    tokens = []
    for token in plain.tokens:
        if token.index not in shares:
            tokens.append(token)
            continue
        own = [f"{k}={v}" for k, v in zip(KEYS, shares[token.index].values, strict=True)]
        before = [] if token.misc is None else [token.misc]
        tokens.append(replace(token, misc="|".join([*before, *own])))
    return replace(
        plain, tokens=tuple(tokens), comments=(*plain.comments, f"{_COMMENT} {predicates}")
    )


def plus_columns(sentence: Sentence) -> tuple[str, ...]:
    """Columns of a CoNLL-U Plus file that begins with the sentence, :data:`COLUMNS` last."""
    extra = dict(pair for token in sentence.tokens for pair in token.extra)
    before = header_columns(sentence.comments) or (*CONLLU_COLUMNS, *extra)
    return (*(name for name in before if name not in COLUMNS), *COLUMNS)


def with_columns(
    sentence: Sentence, shares: Mapping[int, Shares], *, predicates: int, columns: Sequence[str]
) -> Sentence:
    """The sentence with the shares as further columns, without a comment that names columns.

    Args:
        sentence, shares, predicates: as for :func:`with_misc`.
        columns: of the file, from :func:`plus_columns`.
    """
    plain = without_retained(sentence)
    tokens = tuple(
        replace(token, extra=(*token.extra, *zip(COLUMNS, shares[token.index].values, strict=True)))
        if token.index in shares
        else token
        for token in plain.tokens
    )
    before, empty = len(columns) - 2 - len(COLUMNS), ("_",) * len(COLUMNS)

    def padded(values: tuple[str, ...]) -> tuple[str, ...]:
        return (*values[:before], *empty) if values else ()

    kept = [line for line in plain.comments if header_columns([line]) is None]
    return replace(
        plain,
        tokens=tokens,
        comments=(*kept, f"{_COMMENT} {predicates}"),
        multiwords=tuple(replace(m, columns=padded(m.columns)) for m in plain.multiwords),
        empty_nodes=tuple(replace(n, columns=padded(n.columns)) for n in plain.empty_nodes),
    )


def without_retained(sentence: Sentence) -> Sentence:
    """The sentence without anything that an export added: MISC, columns and comment.

    Only the first sentence of a CoNLL-U Plus file names the columns: in the others, lines of
    multiword tokens and empty nodes keep the added columns, which hold nothing there.
    """
    columns = header_columns(sentence.comments)
    added = columns is not None and columns[-len(COLUMNS) :] == COLUMNS
    comments = [line for line in sentence.comments if not line.startswith(_COMMENT)]
    if columns is not None and added:
        rest = columns[: -len(COLUMNS)]
        comments = [c for c in comments if header_columns([c]) is None]
        if rest != CONLLU_COLUMNS:
            comments.insert(0, f"# global.columns = {' '.join(rest)}")
    cut = -len(COLUMNS) if added else None
    return replace(
        sentence,
        tokens=tuple(map(_bare, sentence.tokens)),
        comments=tuple(comments),
        multiwords=tuple(replace(m, columns=m.columns[:cut]) for m in sentence.multiwords),
        empty_nodes=tuple(replace(n, columns=n.columns[:cut]) for n in sentence.empty_nodes),
    )


def misc_values(token: Token) -> dict[str, tuple[float, ...]]:
    """What :func:`with_misc` wrote at a token, by key; empty if nothing."""
    items = (item.partition("=") for item in _items(token.misc))
    return {k: tuple(map(float, v.split(","))) for k, _, v in items if k in KEYS}


def _bare(token: Token) -> Token:
    items = _items(token.misc)
    kept = [item for item in items if item.partition("=")[0] not in KEYS]
    extra = tuple(pair for pair in token.extra if pair[0] not in COLUMNS)
    if len(kept) == len(items) and len(extra) == len(token.extra):
        return token
    return replace(token, misc="|".join(kept) or None, extra=extra)


def _items(misc: str | None) -> Sequence[str]:
    return [] if misc is None else misc.split("|")
