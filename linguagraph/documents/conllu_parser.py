"""One block of CoNLL-U (Plus) lines -> one checked sentence; what carries over is kept between."""

from __future__ import annotations

from collections.abc import Sequence

from conllu.exceptions import ParseException
from conllu.parser import parse_id_value

from linguagraph.documents.blocks import Block
from linguagraph.documents.records import EmptyNode, MultiwordToken, Sentence, Token
from linguagraph.documents.trees import id_problem, parse_heads
from linguagraph.errors import DocumentError

__all__ = ["CONLLU_COLUMNS", "ConlluParser", "comment_value", "header_columns"]

CONLLU_COLUMNS = (
    *("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS"),
    *("HEAD", "DEPREL", "DEPS", "MISC"),
)


def comment_value(comment: str, key: str) -> str | None:
    """The value of a comment ``# key = value``; ``""`` for ``# key`` alone, ``None`` for others."""
    name, _, value = comment.lstrip("#").partition("=")
    return value.strip() if " ".join(name.split()) == key else None


def header_columns(comments: Sequence[str]) -> tuple[str, ...] | None:
    """The column names of the first ``# global.columns`` comment, if there is one."""
    for comment in comments:
        value = comment_value(comment, "global.columns")
        if value is not None:
            return tuple(value.split())
    return None


class ConlluParser:
    """Parses the blocks of one file in order; keeps the column names and the document id.

    Args:
        plus: whether the file must name its columns (CoNLL-U Plus).
    """

    def __init__(self, *, plus: bool) -> None:
        self._plus = plus
        self._columns: tuple[str, ...] | None = None
        self._document = ""
        self._header: str | None = None
        self._begun = False

    def __call__(self, block: Block, index: int) -> Sentence:
        """The sentence of a block; see :func:`linguagraph.documents.conllu.read_conllu`.

        Raises:
            DocumentError: the sentence is bad. What its comments say about the file and the
                document still holds for the next one.
        """
        size = next((i for i, line in enumerate(block.lines) if _is_token(line)), None)
        comments = block.lines if size is None else block.lines[:size]
        self._follow(block, comments)
        block.check()
        if size is None:
            raise block.error(
                "comments without tokens; expected the lines of a sentence after them"
            )
        if self._plus and self._columns is None:
            raise block.error(
                "no '# global.columns = ID FORM ...' line; expected one at the top of a CoNLL-U "
                "Plus file: add it, or read the file as CoNLL-U"
            )
        columns = self._columns or CONLLU_COLUMNS
        if self._header is not None and self._header not in comments:
            comments = [self._header, *comments]  # its own sentence was bad and is left out
        sentence = _Rows(block, size, columns).sentence(comments, self._document, index)
        self._header = None
        return sentence

    def _follow(self, block: Block, comments: Sequence[str]) -> None:
        """Take over what the comments say about the file and the document."""
        first, self._begun = not self._begun, True
        for row, comment in enumerate(comments):
            document = comment_value(comment, "newdoc id")
            if document is None:
                document = comment_value(comment, "newdoc")
            if document is not None:
                self._document = document
            names = header_columns([comment])
            if names is None:
                continue
            if not first or self._columns is not None:
                raise block.error("a second '# global.columns'; expected one, at the top", row)
            if not {"ID", "FORM"} <= set(names) or len(set(names)) < len(names):
                raise block.error(
                    f"columns {' '.join(names)[:200]!r}; expected different names, ID and FORM "
                    "among them",
                    row,
                )
            self._columns, self._header = names, comment


class _Rows:
    """The token lines of one block, read from top to bottom."""

    def __init__(self, block: Block, start: int, columns: Sequence[str]) -> None:
        self._block = block
        self._columns = columns
        self._words: list[tuple[int, list[str]]] = []  # row in the block, values
        self._multiwords: list[MultiwordToken] = []
        self._empty: list[EmptyNode] = []
        self._pending: int | None = None  # row of a multiword token whose first word is to come
        self._last_range = (0, 0)  # row, last word id
        id_column = columns.index("ID")
        for row in range(start, len(block.lines)):
            values = self._split(row)
            number = values[id_column]
            if number == str(len(self._words) + 1):
                self._words.append((row, values))
                self._pending = None
            elif "-" in number or "." in number:
                self._other(row, number, values)
            else:
                raise self._id_error(row, id_problem(number, len(self._words) + 1))
        self._finish()

    def sentence(self, comments: Sequence[str], document: str, index: int) -> Sentence:
        """The sentence, its tree checked."""
        heads = self._heads()
        extra = [name for name in self._columns if name not in CONLLU_COLUMNS]
        tokens = []
        for position, ((_, row), head) in enumerate(zip(self._words, heads, strict=True)):
            values = dict(zip(self._columns, row, strict=True))
            tokens.append(
                Token(
                    index=position,
                    form=values["FORM"],
                    lemma=_value(values, "LEMMA"),
                    upos=_value(values, "UPOS"),
                    xpos=_value(values, "XPOS"),
                    feats=_value(values, "FEATS"),
                    head=head,
                    deprel=_value(values, "DEPREL"),
                    deps=_value(values, "DEPS"),
                    misc=_value(values, "MISC"),
                    extra=tuple((name, values[name]) for name in extra),
                )
            )
        return Sentence(
            tuple(tokens),
            document=document,
            index=index,
            id=_metadata(comments, "sent_id"),
            text=_metadata(comments, "text"),
            comments=tuple(comments),
            multiwords=tuple(self._multiwords),
            empty_nodes=tuple(self._empty),
            line=self._block.line,
        )

    def _split(self, row: int) -> list[str]:
        line = self._block.lines[row]
        if line.startswith("#") and "\t" not in line:
            raise self._block.error(
                "a comment after the first token; expected comments before the tokens", row
            )
        values = line.split("\t")
        if len(values) != len(self._columns):
            raise self._block.error(
                f"{len(values)} columns; expected {len(self._columns)}, separated by tabs "
                f"({' '.join(self._columns)})",
                row,
            )
        if "" in values:
            column = values.index("") + 1
            raise self._block.error("an empty value; expected a value, or _ for none", row, column)
        return values

    def _other(self, row: int, number: str, values: list[str]) -> None:
        """Take a multiword token (``8-9``) or an empty node (``8.1``)."""
        try:
            parsed = parse_id_value(number) if len(number) <= 20 else None
        except ParseException:
            parsed = None
        if not isinstance(parsed, tuple) or "".join(map(str, parsed)) != number:
            raise self._id_error(
                row, f"token id {number[:40]!r}; expected a number, a range 8-9 or a node 8.1"
            )
        first, kind, second = parsed
        named = dict(zip(self._columns, values, strict=True))
        rest = tuple(v for name, v in named.items() if name not in ("ID", "FORM"))
        words = len(self._words)
        if kind == "-":
            if first != words + 1 or first <= self._last_range[1] or self._pending is not None:
                raise self._id_error(
                    row,
                    f"multiword token {number} is duplicate, overlapping or out of order; expected "
                    "it right before its first word",
                )
            self._multiwords.append(MultiwordToken(first - 1, second - 1, named["FORM"], rest))
            self._pending, self._last_range = row, (row, second)
            return
        before = self._empty[-1] if self._empty else None
        repeated = before is not None and (before.after, before.number) >= (first - 1, second)
        if first != words or repeated or self._pending is not None:
            raise self._id_error(
                row,
                f"empty node {number} is duplicate or out of order; expected it right after word "
                f"{first}",
            )
        self._empty.append(EmptyNode(first - 1, second, named["FORM"], rest))

    def _finish(self) -> None:
        if not self._words:
            raise self._block.error("no words; expected at least one", len(self._block.lines) - 1)
        row, last = self._last_range
        if last > len(self._words):
            raise self._id_error(
                row, f"a multiword token up to word {last}; the sentence has {len(self._words)}"
            )

    def _heads(self) -> Sequence[int | None]:
        if "HEAD" not in self._columns:
            return [None] * len(self._words)
        column = self._columns.index("HEAD")
        heads = parse_heads([values[column] for _, values in self._words])
        if isinstance(heads, tuple):
            position, problem = heads
            raise self._block.error(f"HEAD: {problem}", self._words[position][0], column + 1)
        roots = [position for position, head in enumerate(heads) if head == -1]
        if len(roots) > 1:
            raise self._block.error(
                f"HEAD: a second root; word {roots[0] + 1} is the root, expected one per sentence",
                self._words[roots[1]][0],
                column + 1,
            )
        return heads

    def _id_error(self, row: int, message: str) -> DocumentError:
        return self._block.error(message, row, self._columns.index("ID") + 1)


def _is_token(line: str) -> bool:
    return not line.lstrip("\ufeff").startswith("#")


def _metadata(comments: Sequence[str], key: str) -> str | None:
    values = (comment_value(comment, key) for comment in comments)
    return next((value for value in values if value is not None), None)


def _value(values: dict[str, str], name: str) -> str | None:
    value = values.get(name, "_")
    return None if value == "_" else value
