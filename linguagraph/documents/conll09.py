"""A CoNLL-2009 file <-> sentences: dependency trees with predicates and their roles, one at a time.

Fourteen fixed columns, tab-separated (ID FORM LEMMA PLEMMA POS PPOS FEAT PFEAT HEAD PHEAD DEPREL
PDEPREL FILLPRED PRED), then one APRED column per predicate of the sentence, in token order. The
gold columns become the token's own fields, the P-columns its ``predicted`` analysis. Format: Hajič
et al. 2009, "The CoNLL-2009 Shared Task".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from linguagraph.documents.blocks import Block, OnBad, parse_blocks
from linguagraph.documents.records import Analysis, Frame, Role, Sentence, Token
from linguagraph.documents.trees import check_heads, id_problem, parse_heads
from linguagraph.documents.writing import join_rows, write_text
from linguagraph.errors import DocumentError

__all__ = ["CONLL09_COLUMNS", "format_conll09", "read_conll09", "use_predicted", "write_conll09"]

CONLL09_COLUMNS = (
    *("ID", "FORM", "LEMMA", "PLEMMA", "POS", "PPOS", "FEAT", "PFEAT"),
    *("HEAD", "PHEAD", "DEPREL", "PDEPREL", "FILLPRED", "PRED"),
)
_FIXED = len(CONLL09_COLUMNS)
_HEAD, _PHEAD, _FILLPRED, _PRED = 8, 9, 12, 13


def read_conll09(path: str | Path, *, on_bad: OnBad | None = None) -> Iterator[Sentence]:
    """Yield the sentences of a CoNLL-2009 file; a sentence is held in memory, never the file.

    ``Sentence.document`` is empty (the format has none) and ``Sentence.index`` counts good
    sentences from 0. Several roots are allowed; a sentence in which no token has a head, too.

    Args:
        path: the file.
        on_bad: called with the error of each bad sentence, which is then left out; ``None``
            raises the error instead.

    Raises:
        DocumentError: the file cannot be read or holds no sentence, or a sentence is bad.
    """
    return parse_blocks(path, _parse, on_bad)


def write_conll09(sentences: Iterable[Sentence], path: str | Path) -> None:
    """Write sentences as CoNLL-2009, under a temporary name that is renamed at the end.

    Raises:
        DocumentError: the file cannot be written, or a sentence has no such form
            (see :func:`format_conll09`).
    """
    write_text((format_conll09(sentence) for sentence in sentences), path)


def format_conll09(sentence: Sentence) -> str:
    """The lines of one sentence, with the blank line that ends it.

    The format has no place for comments, universal tags, multiword tokens or empty nodes: they
    are left out.

    Raises:
        DocumentError: no tokens; a value with a tab or line end; heads that make no tree; frames
            out of order, without a sense, or two on one token; two roles of a frame on one token.
    """
    if not sentence.tokens:
        raise DocumentError("a sentence without tokens cannot be written")
    check_heads([token.head for token in sentence.tokens])
    check_heads([(token.predicted or Analysis()).head for token in sentence.tokens])
    rows = [_row(token) for token in sentence.tokens]
    last = -1
    for frame in sentence.frames:
        if frame.predicate <= last:
            raise DocumentError(f"frames out of order at token {frame.predicate}; sort them")
        if frame.sense is None or frame.sense == "_":
            raise DocumentError(f"the frame at token {frame.predicate} has no sense; give one")
        last = frame.predicate
        rows[last][_FILLPRED:] = ["Y", frame.sense]
    for frame in sentence.frames:
        labels = ["_"] * len(rows)
        for role in frame.roles:
            if labels[role.token] != "_" or role.label == "_":
                raise DocumentError(
                    f"frame at token {frame.predicate}: two roles, or an unnamed one, at "
                    f"token {role.token}; a token carries one role of a frame"
                )
            labels[role.token] = role.label
        for row, label in zip(rows, labels, strict=True):
            row.append(label)
    return join_rows(rows) + "\n"


def use_predicted(sentence: Sentence) -> Sentence:
    """The sentence with the predicted lemma, tag, features, head and label as each token's own.

    Frames stay as they are; ``Token.predicted`` stays, too.

    Raises:
        DocumentError: a token has no predicted analysis.
    """
    tokens = []
    for token in sentence.tokens:
        other = token.predicted
        if other is None:
            raise DocumentError(
                f"token {token.index + 1} has no predicted columns; use the gold ones",
                line=None if sentence.line is None else sentence.line + token.index,
            )
        tokens.append(
            replace(
                token,
                lemma=other.lemma,
                xpos=other.xpos,
                feats=other.feats,
                head=other.head,
                deprel=other.deprel,
            )
        )
    return replace(sentence, tokens=tuple(tokens))


def _parse(block: Block, index: int) -> Sentence:
    block.check()
    rows = [line.split("\t") for line in block.lines]
    predicates = _check_shape(block, rows)
    heads = _heads(block, rows, _HEAD)
    same = all(row[_HEAD] == row[_PHEAD] for row in rows)
    predicted_heads = heads if same else _heads(block, rows, _PHEAD)
    tokens = tuple(
        Token(
            index=position,
            form=row[1],
            lemma=_value(row[2]),
            xpos=_value(row[4]),
            feats=_value(row[6]),
            head=head,
            deprel=_value(row[10]),
            predicted=_predicted(row, predicted_head),
        )
        for position, (row, head, predicted_head) in enumerate(
            zip(rows, heads, predicted_heads, strict=True)
        )
    )
    frames = tuple(
        Frame(
            predicate,
            rows[predicate][_PRED],
            tuple(
                Role(position, label)
                for position, label in enumerate([row[column] for row in rows])
                if label != "_"
            ),
        )
        for column, predicate in enumerate(predicates, start=_FIXED)
    )
    return Sentence(tokens, frames, index=index, line=block.line)


def _check_shape(block: Block, rows: Sequence[Sequence[str]]) -> list[int]:
    """Check ids, column counts and predicate marks; return the predicates' positions."""
    predicates = []
    for position, row in enumerate(rows):
        if len(row) < _FIXED:
            hint = "; CoNLL-2009 has no comment lines" if row[0].startswith("#") else ""
            raise block.error(
                f"{len(row)} columns; expected {_FIXED} and one more per predicate, separated "
                f"by tabs{hint}",
                position,
            )
        if row[0] != str(position + 1):
            raise block.error(id_problem(row[0], position + 1), position, 1)
        if "" in row:
            raise block.error(
                "an empty value; expected a value, or _ for none", position, row.index("") + 1
            )
        if row[_FILLPRED] not in ("Y", "_"):
            raise block.error(
                f"FILLPRED is {row[_FILLPRED][:40]!r}; expected Y or _", position, _FILLPRED + 1
            )
        if (row[_FILLPRED] == "Y") != (row[_PRED] != "_"):
            raise block.error(
                f"FILLPRED is {row[_FILLPRED]} but PRED is {row[_PRED][:40]!r}; expected Y and a "
                "sense, or _ and _",
                position,
                _PRED + 1,
            )
        if row[_FILLPRED] == "Y":
            predicates.append(position)
    width = _FIXED + len(predicates)
    for position, row in enumerate(rows):
        if len(row) != width:
            raise block.error(
                f"{len(row) - _FIXED} APRED columns, but the sentence has {len(predicates)} "
                f"predicates (FILLPRED = Y); expected {width} columns in all",
                position,
                min(len(row), width) + 1,
            )
    return predicates


def _heads(block: Block, rows: Sequence[Sequence[str]], column: int) -> list[int | None]:
    heads = parse_heads([row[column] for row in rows])
    if isinstance(heads, tuple):
        row, problem = heads
        raise block.error(f"{CONLL09_COLUMNS[column]}: {problem}", row, column + 1)
    return heads


def _value(text: str) -> str | None:
    return None if text == "_" else text


def _predicted(row: Sequence[str], head: int | None) -> Analysis | None:
    lemma, xpos, feats, deprel = _value(row[3]), _value(row[5]), _value(row[7]), _value(row[11])
    if head is None and lemma is xpos is feats is deprel is None:
        return None
    return Analysis(lemma, xpos, feats, head, deprel)


def _row(token: Token) -> list[str]:
    other = token.predicted or Analysis()
    return [
        str(token.index + 1),
        token.form,
        token.lemma or "_",
        other.lemma or "_",
        token.xpos or "_",
        other.xpos or "_",
        token.feats or "_",
        other.feats or "_",
        "_" if token.head is None else str(token.head + 1),
        "_" if other.head is None else str(other.head + 1),
        token.deprel or "_",
        other.deprel or "_",
        "_",
        "_",
    ]
