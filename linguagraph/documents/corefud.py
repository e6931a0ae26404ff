"""A CorefUD file <-> documents with chains: CoNLL-U whose MISC column marks mentions (``Entity=``).

Reading moves the brackets into :class:`~linguagraph.documents.records.Mention` and
:class:`~linguagraph.documents.records.Chain` and takes ``Entity=`` out of ``Token.misc``; writing
makes them again from the records, so that other chains can be put in their place. All other MISC
attributes (``Bridge``, ``SplitAnte``, ``SpaceAfter`` ...) stay as they are. Format: CorefUD 1.0,
https://ufal.mff.cuni.cz/corefud; GUM's header (``GRP``, ``minspan`` ...) is one of its dialects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from linguagraph.documents.blocks import Block, OnBad, read_blocks
from linguagraph.documents.conllu import CONLLU_COLUMNS, format_conllu
from linguagraph.documents.conllu_parser import ConlluParser, comment_value, header_columns
from linguagraph.documents.corefud_brackets import ID_FIELDS
from linguagraph.documents.corefud_sentences import (
    HEAD_FIELD,
    NODES,
    TYPE_FIELDS,
    mentions_of,
    plain_head,
    with_mentions,
)
from linguagraph.documents.mentions import build_chain, order_chains
from linguagraph.documents.records import Document, Mention, Sentence
from linguagraph.documents.writing import write_text
from linguagraph.errors import DocumentError

__all__ = ["DEFAULT_FIELDS", "read_corefud", "write_corefud"]

DEFAULT_FIELDS = ("eid", "etype", "head", "other")
"""Fields of a written bracket where the document does not say which."""

_HEADER = "global.Entity"
_NAME = re.compile(r"[^\s\-()|=\[\]]+")
_VALUE = re.compile(r"[^\s\-()|]*")


def read_corefud(path: str | Path, *, on_bad: OnBad | None = None) -> Iterator[Document]:
    """Yield the documents of a CorefUD file; a document is held in memory, never the file.

    A document begins at ``# newdoc``; a file without such a comment is one document with an empty
    id. Mentions have the words of their span, their ``etype`` as ``type``, their ``head`` field as
    head (where there is none, the token that stands highest in the tree) and all other fields that
    are not empty as ``attributes``. Chains come in the order of their first mentions; each mention
    is linked to the one before it (``Link.rule`` is ``annotated``). Empty nodes take part: a
    mention whose nodes are not just its words and what lies between them keeps their ids in
    the attribute ``(nodes)``; one without any word makes no :class:`Mention` and stays in the empty
    node's MISC.

    Args:
        path: the file.
        on_bad: called with the first error of each bad document, which is then left out; ``None``
            raises the error instead.

    Raises:
        DocumentError: the file cannot be read or holds no sentence; where ``on_bad`` is ``None``
            also: a sentence is bad, brackets are malformed, left open, closed without being
            opened or at odds with the ``# global.Entity`` header, or there is no such header.
    """
    reader = _Reader()
    group: list[Sentence] = []
    bad = False
    index = 0
    for block in read_blocks(path):
        if _opens_document(block.lines):
            if group and not bad:
                yield reader.document(group)
                index += len(group)
            group, bad = [], False
            reader.begin()
        try:
            group.append(reader.sentence(block, index + len(group)))
        except DocumentError as error:
            if on_bad is None:
                raise
            if not bad:
                on_bad(error)
            bad = True
    if group and not bad:
        yield reader.document(group)


def write_corefud(documents: Iterable[Document], path: str | Path) -> None:
    """Write documents with their chains, under a temporary name that is renamed at the end.

    A file that :func:`read_corefud` read comes out as it was, byte for byte, if its brackets stand
    in the order of :func:`~linguagraph.documents.corefud_brackets.span_brackets` without empty
    fields at their end. Documents from elsewhere get a ``# newdoc id`` and, before the first
    mention, a ``# global.Entity`` header with :data:`DEFAULT_FIELDS` and the names of all
    attributes; a header that lacks a field for something recorded is extended. ``Entity=`` takes
    its alphabetical place in MISC, or that of an ``Entity=`` without value. Links are not written.

    Raises:
        DocumentError: the file cannot be written; a sentence has no CoNLL-U form; an id, type or
            attribute has a character that the format reserves; two chains have the same id; two
            mentions of a chain cross.
    """
    write_text(_chunks(documents), path)


class _Reader:
    """Sentences of one file in order; keeps the header, and the mentions of the open document."""

    def __init__(self) -> None:
        self._parse = ConlluParser(plus=False)
        self._fields: tuple[str, ...] | None = None
        self.begin()

    def begin(self) -> None:
        """Start a document."""
        self._mentions: dict[str, list[Mention]] = {}
        self._size = 0

    def sentence(self, block: Block, index: int) -> Sentence:
        """The sentence of a block without its brackets; its mentions are kept for the document."""
        try:
            sentence = self._parse(block, index)
        finally:
            self._follow(block)
        if header_columns(sentence.comments) not in (None, CONLLU_COLUMNS):
            raise block.error("CorefUD has the ten columns of CoNLL-U; remove the others")
        stripped, found = mentions_of(sentence, self._fields, self._size, block)
        for id, mention in found:
            self._mentions.setdefault(id, []).append(mention)
        self._size += 1
        return stripped

    def document(self, sentences: list[Sentence]) -> Document:
        """The open document, complete."""
        chains = (
            build_chain(id, mentions, rule="annotated") for id, mentions in self._mentions.items()
        )
        return Document(sentences[0].document, tuple(sentences), chains=order_chains(chains))

    def _follow(self, block: Block) -> None:
        for row, line in enumerate(block.lines):
            if not line.startswith("#"):
                break
            value = comment_value(line, _HEADER)
            if value is None:
                continue
            fields = tuple(value.split("-"))
            if sum(name in ID_FIELDS for name in fields) != 1 or len(set(fields)) < len(fields):
                raise block.error(
                    f"{_HEADER} = {value[:80]!r}; expected different field names joined by "
                    f"hyphens, one of {' and '.join(ID_FIELDS)} among them",
                    row,
                )
            if self._size and fields != self._fields:
                raise block.error(
                    f"another '# {_HEADER}' within a document; expected it at a '# newdoc'", row
                )
            self._fields = fields


def _opens_document(comments: Iterable[str]) -> bool:
    return any(
        comment_value(line, key) is not None
        for line in comments
        if line.startswith("#")
        for key in ("newdoc id", "newdoc")
    )


def _chunks(documents: Iterable[Document]) -> Iterator[str]:
    active: tuple[str, ...] | None = None
    for number, document in enumerate(documents):
        sentences = list(document.sentences)
        if not sentences:
            continue
        mentions = _by_sentence(document)
        comments, active = _header(document, sentences[0], active, first=number == 0)
        sentences[0] = replace(sentences[0], comments=comments)
        for position, sentence in enumerate(sentences):
            found = mentions.get(position, [])
            yield format_conllu(with_mentions(sentence, found, active or DEFAULT_FIELDS))


def _by_sentence(document: Document) -> dict[int, list[tuple[str, Mention]]]:
    """Chain ids and mentions by position of their sentence, checked."""
    found: dict[int, list[tuple[str, Mention]]] = {}
    ids: set[str] = set()
    for chain in document.chains:
        if chain.id in ids:
            raise DocumentError(
                f"document {document.id!r} has two chains with the id {chain.id!r}; rename one"
            )
        ids.add(chain.id)
        for mention in chain.mentions:
            _check(chain.id, mention)
            found.setdefault(mention.sentence, []).append((chain.id, mention))
    return found


def _check(id: str, mention: Mention) -> None:
    names = [name for name, _ in mention.attributes if name != NODES]
    for what, name in (("chain id", id), *(("attribute name", name) for name in names)):
        if not _NAME.fullmatch(name):
            raise DocumentError(
                f"{what} {name[:40]!r} cannot be written as CorefUD; expected at least one "
                "character and no blank or any of - ( ) | = [ ]"
            )
    values = [value for name, value in mention.attributes if name != NODES]
    for value in (mention.type or "", *values):
        if not _VALUE.fullmatch(value):
            raise DocumentError(
                f"value {value[:40]!r} of a mention of {id} cannot be written as CorefUD; "
                "expected no blank or any of - ( ) |: write a hyphen as %2D"
            )


def _header(
    document: Document, sentence: Sentence, active: tuple[str, ...] | None, *, first: bool
) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The comments of a document's first sentence, completed, and the fields that then hold."""
    comments = list(sentence.comments)
    if not _opens_document(comments) and (document.id or not first):
        comments.insert(0, f"# newdoc id = {document.id}" if document.id else "# newdoc")
    places = [i for i, line in enumerate(comments) if comment_value(line, _HEADER) is not None]
    if places:
        active = tuple((comment_value(comments[places[0]], _HEADER) or "").split("-"))
    if not any(chain.mentions for chain in document.chains):
        return tuple(comments), active
    fields = active or DEFAULT_FIELDS
    fields += tuple(_missing(document, fields))
    if fields != active:
        line = f"# {_HEADER} = {'-'.join(fields)}"
        if places:
            comments[places[0]] = line
        else:
            comments.insert(int(_opens_document(comments[:1])), line)
    return tuple(comments), fields


def _missing(document: Document, fields: tuple[str, ...]) -> Iterator[str]:
    """Names that a header lacks for what the mentions of a document record."""
    wanted: dict[str, None] = {}
    for chain in document.chains:
        for mention in chain.mentions:
            if mention.type and not any(name in fields for name in TYPE_FIELDS):
                wanted[TYPE_FIELDS[0]] = None
            if mention.head != plain_head(document.sentences[mention.sentence], mention):
                wanted[HEAD_FIELD] = None
            wanted.update((name, None) for name, _ in mention.attributes if name != NODES)
    return (name for name in wanted if name not in fields)
