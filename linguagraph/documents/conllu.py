"""A CoNLL-U or CoNLL-U Plus file <-> sentences: trees with comments, multiword tokens, empty nodes.

Values stay as written, so that writing gives the file back byte for byte. The `conllu` package
reads the ids and, through :func:`to_tokenlist`, takes the columns apart (features, enhanced
dependencies, MISC); its own serialiser would not keep the bytes. Formats:
https://universaldependencies.org/format.html and https://universaldependencies.org/ext-format.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import conllu

from linguagraph.documents.blocks import OnBad, parse_blocks
from linguagraph.documents.conllu_parser import CONLLU_COLUMNS, ConlluParser, header_columns
from linguagraph.documents.records import Sentence, Token
from linguagraph.documents.trees import check_heads
from linguagraph.documents.writing import join_rows, write_text
from linguagraph.errors import DocumentError

__all__ = [
    "CONLLU_COLUMNS",
    "format_conllu",
    "read_conllu",
    "read_conllup",
    "to_tokenlist",
    "write_conllu",
    "write_conllup",
]


def read_conllu(path: str | Path, *, on_bad: OnBad | None = None) -> Iterator[Sentence]:
    """Yield the sentences of a CoNLL-U file; a sentence is held in memory, never the file.

    ``Sentence.document`` comes from ``# newdoc id``, ``id`` from ``# sent_id``, ``text`` from
    ``# text``; ``index`` counts good sentences from 0. All words of a sentence have a head, and one
    of them is the root, or none has. Multiword tokens and empty nodes hold the values of their line
    in ``columns``, ID and FORM left out.

    Args:
        path: the file. A ``# global.columns`` line is obeyed if there is one.
        on_bad: called with the error of each bad sentence, which is then left out; ``None``
            raises the error instead.

    Raises:
        DocumentError: the file cannot be read or holds no sentence, or a sentence is bad.
    """
    return parse_blocks(path, ConlluParser(plus=False), on_bad)


def read_conllup(path: str | Path, *, on_bad: OnBad | None = None) -> Iterator[Sentence]:
    """Yield the sentences of a CoNLL-U Plus file, whose first line is ``# global.columns = ...``.

    As :func:`read_conllu`; columns beyond the ten of CoNLL-U go to ``Token.extra``.

    Raises:
        DocumentError: as for :func:`read_conllu`, and where no line names the columns.
    """
    return parse_blocks(path, ConlluParser(plus=True), on_bad)


def write_conllu(sentences: Iterable[Sentence], path: str | Path) -> None:
    """Write sentences as CoNLL-U, under a temporary name that is renamed at the end.

    Frames and predicted columns have no place in the format and are left out.

    Raises:
        DocumentError: the file cannot be written, or a sentence has no such form
            (see :func:`format_conllu`): extra columns, for example.
    """
    write_text((format_conllu(sentence) for sentence in sentences), path)


def write_conllup(
    sentences: Iterable[Sentence], path: str | Path, *, columns: Sequence[str] | None = None
) -> None:
    """Write sentences as CoNLL-U Plus, under a temporary name that is renamed at the end.

    Args:
        sentences: what to write.
        path: the file.
        columns: names of the columns; ``None`` takes those of the first sentence's
            ``# global.columns`` comment or, without one, the ten of CoNLL-U and its extra ones.

    Raises:
        DocumentError: as for :func:`write_conllu`; two sentences have different columns.
    """
    write_text(_plus_chunks(sentences, columns), path)


def format_conllu(sentence: Sentence, *, columns: Sequence[str] = CONLLU_COLUMNS) -> str:
    """The lines of one sentence, with the blank line that ends it.

    Args:
        sentence: what to write.
        columns: names of the columns in order, ID and FORM among them.

    Raises:
        DocumentError: no tokens; a value with a tab or line end, a comment without ``#``; heads
            that make no tree with one root; a token with a value for a column that is not there;
            multiword tokens or empty nodes out of place or with another number of columns.
    """
    _check(sentence)
    declared = header_columns(sentence.comments)
    if declared is not None and declared != tuple(columns):
        raise DocumentError(
            f"the sentence has the columns {' '.join(declared)}, not {' '.join(columns)}; "
            "write it as CoNLL-U Plus"
        )
    lines = [*_comment_lines(sentence.comments), join_rows(_rows(sentence, columns)), "\n"]
    return "".join(lines)


def to_tokenlist(sentence: Sentence) -> conllu.TokenList:
    """The sentence as the `conllu` package has it: features and MISC as dicts, DEPS as pairs.

    Raises:
        DocumentError: the sentence has no CoNLL-U form, or `conllu` does not read it.
    """
    columns = _columns_of(sentence)
    fields = [name.lower() for name in columns]
    text = format_conllu(sentence, columns=columns)
    try:
        return conllu.parse(text, fields=fields)[0]
    except (conllu.exceptions.ParseException, IndexError, ValueError) as error:
        raise DocumentError(f"the conllu package does not read the sentence ({error})") from error


def _plus_chunks(sentences: Iterable[Sentence], columns: Sequence[str] | None) -> Iterator[str]:
    remaining = iter(sentences)
    first = next(remaining, None)
    if first is None:
        return
    columns = tuple(columns or _columns_of(first))
    if header_columns(first.comments) is None:
        yield f"# global.columns = {' '.join(columns)}\n"
    yield format_conllu(first, columns=columns)
    for sentence in remaining:
        if header_columns(sentence.comments) is not None:
            raise DocumentError(
                "a second '# global.columns' comment; the file's first line names the columns: "
                "remove the comment from the sentence"
            )
        yield format_conllu(sentence, columns=columns)


def _columns_of(sentence: Sentence) -> tuple[str, ...]:
    declared = header_columns(sentence.comments)
    extra = dict(chain.from_iterable(token.extra for token in sentence.tokens))
    return declared or (*CONLLU_COLUMNS, *extra)


def _check(sentence: Sentence) -> None:
    if not sentence.tokens:
        raise DocumentError("a sentence without tokens cannot be written")
    heads = [token.head for token in sentence.tokens]
    check_heads(heads)
    if heads.count(-1) > 1:
        raise DocumentError(f"{heads.count(-1)} roots; CoNLL-U has one root per sentence")
    last = -1
    for multiword in sentence.multiwords:
        if not last < multiword.first <= multiword.last < len(sentence.tokens):
            raise DocumentError(
                f"multiword token {multiword.form!r} over {multiword.first} to {multiword.last} is "
                "outside the sentence, or overlaps or precedes the one before"
            )
        last = multiword.last
    place = (-1, 0)
    for node in sentence.empty_nodes:
        in_order = node.number > 0 and place < (node.after, node.number)
        if not in_order or node.after >= len(sentence.tokens):
            raise DocumentError(f"empty node {node.after + 1}.{node.number} is out of place")
        place = (node.after, node.number)


def _comment_lines(comments: Sequence[str]) -> Iterator[str]:
    for comment in comments:
        if not comment.startswith("#") or any(character in comment for character in "\n\r\0"):
            raise DocumentError(f"comment {comment[:40]!r}; expected one line that begins with #")
        yield comment + "\n"


def _rows(sentence: Sentence, columns: Sequence[str]) -> Iterator[list[str]]:
    multiwords = {multiword.first: multiword for multiword in sentence.multiwords}
    empty = [(node.after, node) for node in sentence.empty_nodes]
    taken = 0
    for position in range(-1, len(sentence.tokens)):
        if position in multiwords:
            item = multiwords[position]
            yield _other_row(f"{item.first + 1}-{item.last + 1}", item.form, item.columns, columns)
        if position >= 0:
            yield _word_row(sentence.tokens[position], columns)
        while taken < len(empty) and empty[taken][0] == position:
            node = empty[taken][1]
            yield _other_row(f"{node.after + 1}.{node.number}", node.form, node.columns, columns)
            taken += 1


def _word_row(token: Token, columns: Sequence[str]) -> list[str]:
    values = {
        "ID": str(token.index + 1),
        "FORM": token.form,
        "LEMMA": token.lemma,
        "UPOS": token.upos,
        "XPOS": token.xpos,
        "FEATS": token.feats,
        "HEAD": None if token.head is None else str(token.head + 1),
        "DEPREL": token.deprel,
        "DEPS": token.deps,
        "MISC": token.misc,
        **dict(token.extra),
    }
    lost = [name for name, value in values.items() if value is not None and name not in columns]
    if lost:
        raise DocumentError(
            f"token {token.index} has values for {', '.join(lost)}, but the columns are "
            f"{' '.join(columns)}; write CoNLL-U Plus with these columns, or remove the values"
        )
    return [_written(values.get(name)) for name in columns]


def _other_row(number: str, form: str, values: Sequence[str], columns: Sequence[str]) -> list[str]:
    if values and len(values) != len(columns) - 2:
        raise DocumentError(
            f"{number} has {len(values)} values beside ID and FORM; expected {len(columns) - 2}"
        )
    rest = iter(values or ["_"] * (len(columns) - 2))
    fixed = {"ID": number, "FORM": form}
    return [fixed[name] if name in fixed else next(rest) for name in columns]


def _written(value: str | None) -> str:
    return "_" if value is None else value
