"""CoNLL-U and CoNLL-U Plus: every kind of line kept, one named error per kind of damage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from linguagraph.documents import (
    EmptyNode,
    MultiwordToken,
    Sentence,
    Token,
    format_conllu,
    read_conllu,
    read_conllup,
    to_tokenlist,
    write_conllu,
    write_conllup,
)
from linguagraph.errors import DocumentError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"

COMMENTS = ["# newdoc id = tale", "#odd  comment", "# sent_id = tale-1", "# text = We don't go."]
ROWS = [
    "0.1 So so ADV _ _ _ _ 3:advmod _",
    "1 We we PRON PRP Number=Plur 4 nsubj 4:nsubj|0.1:dep _",
    "2-3 don't _ _ _ _ _ _ _ _",
    "2 do do AUX VBP _ 4 aux 4:aux _",
    "3 n't not PART RB _ 4 advmod 4:advmod _",
    "4 go go VERB VB _ 0 root 0:root SpaceAfter=No",
    "4.1 away away ADV _ _ _ _ 4:advmod _",
    "4.2 now now ADV _ _ _ _ 4:advmod _",
    "5 . . PUNCT . _ 4 punct 4:punct _",
]
PLUS = [
    "# global.columns = ID FORM HEAD PARSEME:MWE UPOS",
    "# newdoc id = a",
    "1 give 0 1:VPC.full VERB",
    "2-3 upon _ * _",
    "2 up 1 1 ADP",
    "3 on 1 * ADP",
]


def lines(rows: list[str]) -> bytes:
    written = [row if row.startswith("#") else row.replace(" ", "\t") for row in rows]
    return ("\n".join(written) + "\n\n").encode()


def save(folder: Path, content: bytes) -> Path:
    path = folder / "corpus.conllu"
    path.write_bytes(content)
    return path


def with_row(number: int, row: str) -> bytes:
    return lines([*COMMENTS, *ROWS[:number], row, *ROWS[number + 1 :]])


def test_reads_every_kind_of_line(tmp_path: Path) -> None:
    (sentence,) = read_conllu(save(tmp_path, lines([*COMMENTS, *ROWS])))
    assert sentence.forms == ("We", "do", "n't", "go", ".")
    assert (sentence.document, sentence.id, sentence.text) == ("tale", "tale-1", "We don't go.")
    assert sentence.comments == tuple(COMMENTS)
    assert sentence.tokens[0] == Token(
        index=0,
        form="We",
        lemma="we",
        upos="PRON",
        xpos="PRP",
        feats="Number=Plur",
        head=3,
        deprel="nsubj",
        deps="4:nsubj|0.1:dep",
    )
    assert sentence.tokens[3].head == -1
    assert sentence.multiwords == (MultiwordToken(1, 2, "don't", ("_",) * 8),)
    assert [(node.after, node.number, node.form) for node in sentence.empty_nodes] == [
        (-1, 1, "So"),
        (3, 1, "away"),
        (3, 2, "now"),
    ]
    assert sentence.empty_nodes[1].columns[-2] == "4:advmod"


def test_writes_back_the_bytes(tmp_path: Path) -> None:
    content = lines([*COMMENTS, *ROWS]) + lines(["1 _ _ _ _ _ _ _ _ _", "2 b c _ _ _ _ _ _ _"])
    path = save(tmp_path, content)
    write_conllu(read_conllu(path), tmp_path / "out.conllu")
    assert (tmp_path / "out.conllu").read_bytes() == content


def test_document_ids_carry_over(tmp_path: Path) -> None:
    one = lines(["1 a _ _ _ _ 0 _ _ _"])
    content = one + b"# newdoc id = x\n" + one + one + b"# newdoc\n" + one
    assert [s.document for s in read_conllu(save(tmp_path, content))] == ["", "x", "x", ""]


def test_comments_of_a_bad_sentence_still_hold(tmp_path: Path) -> None:
    good = lines(["1 a 0 * X"])
    for bad in (b"1\ta\n\n", b"1\t\xff\t0\t*\tX\n\n"):
        content = lines(PLUS[:2])[:-1] + bad + good + good
        errors: list[DocumentError] = []
        sentences = list(read_conllup(save(tmp_path, content), on_bad=errors.append))
        assert len(errors) == 1
        assert [(s.document, s.index, s.comments) for s in sentences] == [
            ("a", 0, (PLUS[0],)),
            ("a", 1, ()),
        ]
        write_conllup(sentences, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == lines(PLUS[:1])[:-1] + good + good


def test_plus_columns_become_extra_and_come_back(tmp_path: Path) -> None:
    content = lines(PLUS) + lines(["1 on 0 * ADP"])
    path = save(tmp_path, content)
    first, second = read_conllup(path)
    assert first.tokens[0] == Token(
        0, "give", upos="VERB", head=-1, extra=(("PARSEME:MWE", "1:VPC.full"),)
    )
    assert first.multiwords == (MultiwordToken(1, 2, "upon", ("_", "*", "_")),)
    write_conllup([first, second], tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content
    with pytest.raises(DocumentError, match="write it as CoNLL-U Plus"):
        write_conllu([first], tmp_path / "out")
    with pytest.raises(DocumentError, match="values for PARSEME:MWE, but the columns are"):
        write_conllu([replace(first, comments=())], tmp_path / "out")
    with pytest.raises(DocumentError, match=r"a second '# global\.columns'"):
        write_conllup([first, first], tmp_path / "out")


def test_plus_header_is_made_where_there_is_none(tmp_path: Path) -> None:
    write_conllup([Sentence((Token(0, "a", extra=(("X:Y", "z"),)),))], tmp_path / "out")
    assert (tmp_path / "out").read_text() == (
        "# global.columns = ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC X:Y\n"
        "1\ta\t_\t_\t_\t_\t_\t_\t_\t_\tz\n\n"
    )
    write_conllup([], tmp_path / "empty")
    assert (tmp_path / "empty").read_bytes() == b""


def test_plus_columns_can_be_chosen(tmp_path: Path) -> None:
    write_conllup([Sentence((Token(0, "a"),))], tmp_path / "out", columns=("FORM", "ID"))
    assert (tmp_path / "out").read_text() == "# global.columns = FORM ID\na\t1\n\n"
    (sentence,) = read_conllup(tmp_path / "out")
    assert sentence.tokens == (Token(0, "a"),)


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        (with_row(1, "1 We"), 6, None, "2 columns; expected 10, separated by tabs .ID FORM"),
        (with_row(1, "1 We we PRON PRP _ x _ _ _"), 6, 7, "HEAD: head 'x' is not an integer"),
        (with_row(1, "1 We we PRON PRP _ 6 _ _ _"), 6, 7, "HEAD: head 6 is out of range"),
        (with_row(1, "1 We we PRON PRP _ _ _ _ _"), 6, 7, "HEAD: no head, though other tokens"),
        (with_row(1, "1 We we PRON PRP _ 1 _ _ _"), 6, 7, "HEAD: head 1 makes a cycle"),
        (with_row(5, "4 go go _ _ _ 1 _ _ _"), 6, 7, "HEAD: head 4 makes a cycle"),
        (with_row(8, "5 . . . . _ 0 _ _ _"), 13, 7, "a second root; word 4 is the root"),
        (with_row(1, "1 We  PRON PRP _ 4 _ _ _"), 6, 3, "an empty value"),
        (with_row(8, "4 . . . . _ 4 _ _ _"), 13, 1, "token id 4 is duplicate or out of order"),
        (with_row(8, "6 . . . . _ 4 _ _ _"), 13, 1, "token id 6 where 5 is missing"),
        (with_row(8, "a . . . . _ 4 _ _ _"), 13, 1, "'a' is not a positive integer"),
        (with_row(8, "5-4 . . . . _ 4 _ _ _"), 13, 1, "'5-4'; expected a number, a range"),
        (with_row(8, "5.x . . . . _ 4 _ _ _"), 13, 1, "'5.x'; expected a number, a range"),
        (with_row(8, "-5 . . . . _ 4 _ _ _"), 13, 1, "'-5'; expected a number"),
        (with_row(8, "04.3 . . . . _ _ _ _ _"), 13, 1, "'04.3'; expected a number"),
        (with_row(8, "9" * 5000 + ".1 . . . . _ _ _ _ _"), 13, 1, "expected a number"),
        (with_row(8, "5-6 ab _ _ _ _ _ _ _ _"), 13, 1, "up to word 6; the sentence has 4"),
        (with_row(3, "2-3 don't _ _ _ _ _ _ _ _"), 8, 1, "2-3 is duplicate, overlapping or"),
        (with_row(4, "3-4 n't _ _ _ _ _ _ _ _"), 9, 1, "3-4 is duplicate, overlapping"),
        (with_row(3, "1.1 x _ _ _ _ _ _ _ _"), 8, 1, "1.1 is duplicate or out of order"),
        (with_row(7, "4.1 x _ _ _ _ _ _ _ _"), 12, 1, "4.1 is duplicate or out of order"),
        (with_row(7, "3.1 x _ _ _ _ _ _ _ _"), 12, 1, "expected it right after word 3"),
        (with_row(1, "# late"), 6, None, "a comment after the first token"),
        (lines(COMMENTS), 1, None, "comments without tokens"),
        (lines(["0.1 a _ _ _ _ _ _ _ _"]), 1, None, "no words; expected at least one"),
        (lines(ROWS) + lines([PLUS[0], *ROWS]), 11, None, "a second '# global.columns'"),
        (lines(["# global.columns = ID LEMMA", "1 a"]), 1, None, "expected different names, ID"),
        (lines(["# global.columns = ID FORM ID", "1 a 1"]), 1, None, "expected different names"),
        (b"\xef\xbb\xbf" + lines([*COMMENTS, *ROWS]), 1, None, "byte order mark"),
        (lines([*COMMENTS, *ROWS]).replace(b"\n", b"\r\n"), 1, None, "CRLF"),
        (lines([*COMMENTS, *ROWS])[:-9], 13, None, "no newline, so the file seems to be cut off"),
        (lines(ROWS).replace(b"We", b"\xc3"), 2, None, "is not UTF-8"),
        (b"", None, None, "the file is empty"),
    ],
)
def test_damage_ends_in_one_error_that_names_the_place(
    tmp_path: Path, content: bytes, line: int | None, column: int | None, message: str
) -> None:
    path = save(tmp_path, content)
    with pytest.raises(DocumentError, match=message) as caught:
        list(read_conllu(path))
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(path), line, column)
    if line is not None:
        errors: list[DocumentError] = []
        good = lines(["# x = 1", "1 a _ _ _ _ 0 _ _ _"])
        if not content.endswith(b"\n\n") or b"global" in content:
            return
        found = list(read_conllu(save(tmp_path, content + good), on_bad=errors.append))
        assert found[-1].comments == ("# x = 1",)
        assert [error.line for error in errors] == [line]


def test_plus_needs_its_columns_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"no '# global\.columns = ID FORM .* line"):
        list(read_conllup(save(tmp_path, lines(ROWS))))


WORDS = (Token(0, "a", head=-1), Token(1, "b", head=0))


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        (Sentence(()), "without tokens"),
        (Sentence((Token(0, "a", head=-1), Token(1, "b", head=-1))), "2 roots; CoNLL-U has one"),
        (Sentence(WORDS, comments=("no hash",)), "expected one line that begins with #"),
        (Sentence(WORDS, comments=("# a\nb",)), "expected one line that begins with #"),
        (Sentence(WORDS, multiwords=(MultiwordToken(1, 2, "x"),)), "outside the sentence"),
        (
            Sentence(WORDS, multiwords=(MultiwordToken(0, 1, "x"), MultiwordToken(1, 1, "y"))),
            "overlaps",
        ),
        (Sentence(WORDS, empty_nodes=(EmptyNode(2, 1, "x"),)), "3.1 is out of place"),
        (Sentence(WORDS, empty_nodes=(EmptyNode(0, 0, "x"),)), "1.0 is out of place"),
        (
            Sentence(WORDS, empty_nodes=(EmptyNode(0, 1, "x"), EmptyNode(0, 1, "y"))),
            "1.1 is out of place",
        ),
        (Sentence(WORDS, empty_nodes=(EmptyNode(0, 1, "x", ("_",)),)), "1 values beside ID and"),
    ],
)
def test_what_cannot_be_written(sentence: Sentence, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        format_conllu(sentence)


def test_the_conllu_package_takes_the_columns_apart(tmp_path: Path) -> None:
    (sentence,) = read_conllu(save(tmp_path, lines([*COMMENTS, *ROWS])))
    tokens = to_tokenlist(sentence)
    assert tokens[1]["feats"] == {"Number": "Plur"}
    assert tokens[2]["id"] == (2, "-", 3)
    assert tokens[5]["misc"] == {"SpaceAfter": "No"}
    assert tokens.metadata["sent_id"] == "tale-1"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not there")
@pytest.mark.parametrize("name", ["ud-ewt/dev", "ud-ewt/train", "gum/dev"])
def test_the_shared_corpora_round_trip(tmp_path: Path, name: str) -> None:
    source = SHARED / f"{name}.conllu"
    write_conllu(read_conllu(source), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == source.read_bytes()
