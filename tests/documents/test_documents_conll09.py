"""CoNLL-2009: records by hand, byte-for-byte round trips, and a named error per kind of damage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from linguagraph.documents import (
    Analysis,
    Frame,
    Role,
    Sentence,
    Token,
    format_conll09,
    read_conll09,
    use_predicted,
    write_conll09,
)
from linguagraph.errors import DocumentError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ewt-srl"

ROWS = [
    "1 Cats cat cats NNS NN _ Number=Plur 2 0 nsubj root _ _ A0 A0",
    "2 want want wants VBP VB _ _ 0 1 root dep Y want.01 _ _",
    "3 to to to TO TO _ _ 4 2 mark mark _ _ _ _",
    "4 sleep sleep sleep VB NN _ _ 2 2 xcomp obj Y sleep.01 A1 _",
]


def conll(rows: list[str]) -> bytes:
    return ("\n".join(row.replace(" ", "\t") for row in rows) + "\n\n").encode()


def save(folder: Path, content: bytes) -> Path:
    path = folder / "corpus.conll09"
    path.write_bytes(content)
    return path


def bad_row(number: int, column: int, value: str) -> bytes:
    rows = [row.split(" ") for row in ROWS]
    rows[number][column - 1] = value
    return conll([" ".join(row) for row in rows])


def test_reads_gold_columns_predicted_columns_and_frames(tmp_path: Path) -> None:
    (sentence,) = read_conll09(save(tmp_path, conll(ROWS)))
    assert sentence.forms == ("Cats", "want", "to", "sleep")
    assert [token.head for token in sentence.tokens] == [1, -1, 3, 1]
    assert sentence.tokens[0] == Token(
        index=0,
        form="Cats",
        lemma="cat",
        xpos="NNS",
        head=1,
        deprel="nsubj",
        predicted=Analysis("cats", "NN", "Number=Plur", -1, "root"),
    )
    assert sentence.frames == (
        Frame(1, "want.01", (Role(0, "A0"), Role(3, "A1"))),
        Frame(3, "sleep.01", (Role(0, "A0"),)),
    )
    assert (sentence.document, sentence.index, sentence.line) == ("", 0, 1)


def test_predicted_columns_become_the_main_ones(tmp_path: Path) -> None:
    (sentence,) = read_conll09(save(tmp_path, conll(ROWS)))
    predicted = use_predicted(sentence)
    assert [token.head for token in predicted.tokens] == [-1, 0, 1, 1]
    assert predicted.tokens[0].lemma == "cats"
    assert predicted.frames == sentence.frames
    assert use_predicted(predicted) == predicted


def test_predicted_columns_must_be_there() -> None:
    with pytest.raises(DocumentError, match="token 1 has no predicted columns"):
        use_predicted(Sentence((Token(0, "a"),)))


def test_writes_back_the_bytes(tmp_path: Path) -> None:
    content = conll(ROWS) + conll(["1 Yes _ _ UH _ _ _ _ _ _ _ _ _"])
    sentences = list(read_conll09(save(tmp_path, content)))
    assert "".join(map(format_conll09, sentences)).encode() == content
    write_conll09(sentences, tmp_path / "out.conll09")
    assert (tmp_path / "out.conll09").read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.conll09", "out.conll09"]


def test_sentence_without_a_tree_has_no_heads(tmp_path: Path) -> None:
    (sentence,) = read_conll09(save(tmp_path, conll(["1 Yes _ _ UH _ _ _ _ _ _ _ _ _"])))
    assert sentence.tokens[0] == Token(0, "Yes", xpos="UH")


def test_two_roots_are_allowed(tmp_path: Path) -> None:
    (sentence,) = read_conll09(save(tmp_path, bad_row(3, 9, "0")))
    assert [token.head for token in sentence.tokens] == [1, -1, 3, -1]


def test_line_separators_of_unicode_are_text(tmp_path: Path) -> None:
    content = conll(["1 a\u2028b\x85\x0bc _ _ _ _ _ _ 0 0 _ _ _ _"])
    (sentence,) = read_conll09(save(tmp_path, content))
    assert sentence.forms == ("a\u2028b\x85\x0bc",)
    assert format_conll09(sentence).encode() == content


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        (bad_row(0, 9, "x"), 1, 9, "HEAD: head 'x' is not an integer; expected a token id from 1"),
        (bad_row(0, 9, "5"), 1, 9, "HEAD: head 5 is out of range; expected a token id from 1 to 4"),
        (bad_row(0, 9, "-1"), 1, 9, "head -1 is out of range"),
        (bad_row(0, 9, "9" * 5000), 1, 9, "out of range"),
        (bad_row(0, 9, "_"), 1, 9, "no head, though other tokens"),
        (bad_row(1, 10, "7"), 2, 10, "PHEAD: head 7 is out of range"),
        (bad_row(1, 10, "2"), 2, 10, "PHEAD: head 2 makes a cycle"),
        (bad_row(1, 9, "4"), 2, 9, "HEAD: head 4 makes a cycle; expected a tree"),
        (bad_row(2, 1, "2"), 3, 1, "token id 2 is duplicate or out of order; expected 3"),
        (bad_row(2, 1, "4"), 3, 1, "token id 4 where 3 is missing; expected 3"),
        (bad_row(2, 1, "03"), 3, 1, "token id '03' is not a positive integer"),
        (bad_row(2, 1, "9" * 5000), 3, 1, "where 3 is missing"),
        (bad_row(2, 2, ""), 3, 2, "an empty value; expected a value, or _"),
        (bad_row(2, 13, "X"), 3, 13, "FILLPRED is 'X'; expected Y or _"),
        (bad_row(2, 14, "to.01"), 3, 14, "FILLPRED is _ but PRED is 'to.01'"),
        (bad_row(1, 14, "_"), 2, 14, "FILLPRED is Y but PRED is '_'"),
        (conll([ROWS[0], ROWS[1][:-2], *ROWS[2:]]), 2, 16, "1 APRED columns, but .* 2 predicates"),
        (conll([*ROWS[:3], ROWS[3] + " _"]), 4, 17, "3 APRED columns, but .* 2 predicates"),
        (conll([*ROWS[:3], "4 sleep"]), 4, None, "2 columns; expected 14 and one more per"),
        (conll(["# comment", *ROWS]), 1, None, "CoNLL-2009 has no comment lines"),
        (b"\n\n" + conll(ROWS).replace(b"Cats", b"C\xe9ts"), 3, None, r"byte 5 .*0xe9.* not UTF-8"),
        (b"\xef\xbb\xbf" + conll(ROWS), 1, None, "byte order mark .*UTF-8 without BOM"),
        (conll(ROWS).replace(b"\n", b"\r\n"), 1, None, r"CRLF .*expected LF: .*dos2unix"),
        (conll(ROWS).replace(b"sleep\tsl", b"sl\reep\tsl"), 4, None, "a carriage return within"),
        (conll(ROWS).replace(b"want\t", b"w\0nt\t", 1), 2, None, "is NUL"),
        (conll(ROWS)[:-2], 4, None, "last line has no newline, so the file seems to be cut off"),
        (conll(ROWS)[:-40], 4, None, "no newline, so the file seems to be cut off"),
        (conll(ROWS[:3])[:-1], 1, 16, "2 APRED columns.*without a blank line, so .* cut off"),
        (b"", None, None, "the file is empty; expected at least one sentence"),
        (b"\n\n\n", None, None, "the file is empty"),
    ],
)
def test_damage_ends_in_one_error_that_names_the_place(
    tmp_path: Path, content: bytes, line: int | None, column: int | None, message: str
) -> None:
    path = save(tmp_path, content)
    with pytest.raises(DocumentError, match=message) as caught:
        list(read_conll09(path))
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(path), line, column)


def test_predicate_columns_are_checked_before_heads(tmp_path: Path) -> None:
    rows = [row.replace("Y want.01", "_ _") for row in ROWS]
    with pytest.raises(DocumentError, match="2 APRED columns, but the sentence has 1 predicates"):
        list(read_conll09(save(tmp_path, conll(rows))))


@pytest.mark.parametrize(
    "bad",
    [
        bad_row(0, 9, "x"),
        conll(ROWS).replace(b"Cats", b"\xff"),
        conll(ROWS).replace(b"\n", b"\r\n"),
        conll(ROWS).replace(b"Cats", b"C\0"),
    ],
)
def test_bad_sentences_are_left_out_and_reported(tmp_path: Path, bad: bytes) -> None:
    errors: list[DocumentError] = []
    content = conll(ROWS) + bad + conll(ROWS)
    sentences = list(read_conll09(save(tmp_path, content), on_bad=errors.append))
    assert [(sentence.index, sentence.line) for sentence in sentences] == [(0, 1), (1, 11)]
    assert [error.line for error in errors] == [6]


def test_a_byte_order_mark_costs_the_first_sentence_only(tmp_path: Path) -> None:
    errors: list[DocumentError] = []
    path = save(tmp_path, b"\xef\xbb\xbf" + conll(ROWS) * 2)
    assert len(list(read_conll09(path, on_bad=errors.append))) == 1
    assert len(errors) == 1


@pytest.mark.parametrize("skip", [True, False])
def test_files_that_cannot_be_opened(tmp_path: Path, skip: bool) -> None:
    on_bad = (lambda error: None) if skip else None
    with pytest.raises(DocumentError, match=r"missing\.conll09: no such file"):
        list(read_conll09(tmp_path / "missing.conll09", on_bad=on_bad))
    with pytest.raises(DocumentError, match="this is a directory; expected a file"):
        list(read_conll09(tmp_path, on_bad=on_bad))
    with pytest.raises(DocumentError, match="cannot be read"):
        list(read_conll09("a\0b", on_bad=on_bad))


TOKENS = (Token(0, "a", head=-1, deprel="root"), Token(1, "b", head=0))


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        (Sentence(()), "without tokens"),
        (Sentence((Token(0, "a\tb"),)), r"holds 'a\\tb'; a value of a CoNLL file must"),
        (Sentence((Token(0, ""),)), "holds ''"),
        (Sentence((Token(0, "a", lemma="x\ny"),)), "must not be empty or hold tabs"),
        (Sentence((Token(0, "a", head=0),)), "on a cycle"),
        (Sentence((Token(0, "a", head=-1), Token(1, "b"))), "token 1 has no head"),
        (Sentence(TOKENS, (Frame(0, None),)), "has no sense"),
        (Sentence(TOKENS, (Frame(1, "x"), Frame(0, "y"))), "out of order at token 0"),
        (Sentence(TOKENS, (Frame(0, "x"), Frame(0, "y"))), "out of order at token 0"),
        (Sentence(TOKENS, (Frame(0, "x", (Role(1, "A0"), Role(1, "A1"))),)), "two roles"),
    ],
)
def test_what_cannot_be_written(sentence: Sentence, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        format_conll09(sentence)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = save(tmp_path, b"old")
    with pytest.raises(DocumentError, match="UTF-8 cannot hold"):
        write_conll09([Sentence(TOKENS), Sentence((Token(0, "\ud800"),))], path)
    with pytest.raises(DocumentError, match="cannot be written"):
        write_conll09([Sentence(TOKENS)], tmp_path / "no" / "such" / "folder.conll09")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_can_be_rewritten_while_it_is_read(tmp_path: Path) -> None:
    path = save(tmp_path, conll(ROWS) * 3)
    write_conll09((replace(sentence, frames=()) for sentence in read_conll09(path)), path)
    assert [sentence.frames for sentence in read_conll09(path)] == [(), (), ()]


def test_a_sentence_of_5000_tokens(tmp_path: Path) -> None:
    size = 5000
    chain = [Token(i, f"w{i}", head=i + 1 if i + 1 < size else -1) for i in range(size)]
    frames = tuple(Frame(i, "go.01", (Role(i + 1, "A1"),)) for i in range(0, 100, 2))
    write_conll09([Sentence(tuple(chain), frames)], tmp_path / "long.conll09")
    (sentence,) = read_conll09(tmp_path / "long.conll09")
    assert len(sentence) == size
    assert sentence.tokens[0].head == 1
    assert sentence.tokens[-1].head == -1
    assert sentence.frames == frames


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpus is not there")
@pytest.mark.parametrize(
    ("name", "counts"),
    [("dev", (1973, 24968, 4411, 9578)), ("train", (12544, 204577, 35845, 81386))],
)
def test_the_shared_corpus_round_trips(tmp_path: Path, name: str, counts: tuple[int, ...]) -> None:
    found = [0, 0, 0, 0]

    def counted():
        for sentence in read_conll09(SHARED / f"{name}.conll09"):
            found[0] += 1
            found[1] += len(sentence)
            found[2] += len(sentence.frames)
            found[3] += sum(len(frame.roles) for frame in sentence.frames)
            yield sentence

    write_conll09(counted(), tmp_path / "out")
    assert tuple(found) == counts
    assert (tmp_path / "out").read_bytes() == (SHARED / f"{name}.conll09").read_bytes()
