"""Raw text from files, folders, patterns and standard input: what is read, and what is refused."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from linguagraph.documents.decoding import decode_text, is_blank
from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.text import (
    TextFile,
    find_texts,
    fingerprint_texts,
    raw_document,
    read_texts,
)
from linguagraph.errors import DocumentError


def write(folder: Path, **files: str | bytes) -> Path:
    """Write files; a double underscore in a name stands for a dot, a single one for a slash."""
    for name, content in files.items():
        path = folder / name.replace("__", ".").replace("_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(path: Path) -> RawDocument:
    (document,) = read_texts(find_texts(path))
    return document


class TestDecoding:
    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (b"na\xc3\xafve", "naïve"),
            (b"\xef\xbb\xbfna\xc3\xafve", "naïve"),
            ("naïve 😀".encode("utf-16"), "naïve 😀"),
            (b"\xfe\xff" + "naïve".encode("utf-16-be"), "naïve"),
            ("naïve".encode("utf-32"), "naïve"),
            (b"a\r\nb\rc\n\r\nd", "a\nb\nc\n\nd"),
        ],
        ids=["UTF-8", "UTF-8 with BOM", "UTF-16 with BOM", "big-endian", "UTF-32", "CRLF and CR"],
    )
    def test_encodings_and_line_ends(self, data: bytes, text: str) -> None:
        warnings: list[str] = []
        assert decode_text(data, on_warning=warnings.append) == text
        assert warnings == []

    @pytest.mark.parametrize(
        ("data", "text", "name"),
        [
            ("Größe £5".encode("latin-1"), "Größe £5", "Windows-1252"),
            (b"\x93quoted\x94", "“quoted”", "Windows-1252"),
            (
                b"a long enough line with \xe9 and \x81",
                "a long enough line with é and \x81",
                "Latin",
            ),
        ],
        ids=["Latin-1", "Windows-1252", "a hole of Windows-1252"],
    )
    def test_other_bytes_are_latin_1_with_a_warning_that_names_the_file(
        self, data: bytes, text: str, name: str
    ) -> None:
        warnings: list[str] = []
        assert decode_text(data, path="old.txt", on_warning=warnings.append) == text
        assert len(warnings) == 1
        assert warnings[0].startswith("old.txt: byte ")
        assert name in warnings[0]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"\x7fELF\x02\x01\x01\0\0", "byte 7 is NUL, so this is a binary file"),
            ("text".encode("utf-16-le"), "UTF-16 without a byte order mark"),
            (bytes(range(1, 32)) * 4 + bytes(range(128, 256)), "control characters"),
            (bytes([1, 2, 3, 4, 65]) * 9, "36 of 45 characters are control characters"),
            ("a\0b".encode("utf-16"), "holds NUL characters"),
            (b"\xff\xfea", "byte order mark says UTF-16"),
            (b"%PDF-1.7 ...", "a PDF file, not text; convert it"),
            (b"PK\x03\x04....", "DOCX"),
        ],
    )
    def test_a_binary_file_is_refused(self, data: bytes, message: str) -> None:
        with pytest.raises(DocumentError, match=message) as caught:
            decode_text(data, path="x.txt")
        assert str(caught.value).startswith("x.txt: ")

    def test_control_characters_in_a_text_are_kept(self) -> None:
        text = "ring\x07 \x1b[1mbold\x1b[0m \x0b\x0c end"
        assert decode_text(text.encode()) == text

    def test_blank_means_that_nothing_can_be_seen(self) -> None:
        assert is_blank(" \n\t\u3000\ufeff\u200b\x07")
        assert not is_blank(" \u0301")  # a lone combining mark is shown on a circle
        assert not is_blank("x")


class TestOneFile:
    @pytest.mark.parametrize(
        "text",
        [
            "\U0001f469\u200d\U0001f467 e\u0301te\u0301 \u0645\u0631\u062d\u0628\u0627 \u200fשלום",
            "<script>alert('x')</script> &amp; <b>",
            "a\x07b \x1b[0m",
            "x" * 20_000,
        ],
        ids=["emoji, combining marks, right to left", "HTML", "control characters", "one line"],
    )
    def test_every_character_stays_where_it_is(self, tmp_path: Path, text: str) -> None:
        document = read(write(tmp_path, a__txt=text) / "a.txt")
        assert document == RawDocument("a.txt", text, tmp_path / "a.txt")

    @pytest.mark.parametrize(
        ("text", "message"),
        [("", "the text is empty"), (" \n\t \r\n", "only whitespace"), ("\ufeff", "is empty")],
    )
    def test_a_file_without_text_is_refused_by_name(
        self, tmp_path: Path, text: str, message: str
    ) -> None:
        path = write(tmp_path, a__txt=text) / "a.txt"
        with pytest.raises(DocumentError, match=message) as caught:
            read(path)
        assert caught.value.path == str(path)

    def test_any_ending_will_do_for_a_file_that_is_named(self, tmp_path: Path) -> None:
        assert read(write(tmp_path, notes__md="# Title") / "notes.md").id == "notes.md"

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentError, match="no such file or folder"):
            find_texts(tmp_path / "none.txt")

    def test_an_unreadable_file_raises_even_with_on_bad(self, tmp_path: Path) -> None:
        path = tmp_path / "loop.txt"
        path.symlink_to(path)
        told: list[DocumentError] = []
        with pytest.raises(DocumentError, match=r"loop\.txt: the file cannot be read"):
            list(read_texts(find_texts(path), on_bad=told.append))
        assert told == []

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
    def test_a_file_without_permission_says_so(self, tmp_path: Path) -> None:
        path = write(tmp_path, a__txt="text") / "a.txt"
        path.chmod(0)
        with pytest.raises(DocumentError, match="check its permissions"):
            read(path)

    def test_a_denied_file_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def denied(*args: object, **options: object) -> None:
            raise PermissionError(13, "Permission denied")

        files = find_texts(write(tmp_path, a__txt="text") / "a.txt")
        monkeypatch.setattr("builtins.open", denied)
        with pytest.raises(DocumentError, match="check its permissions"):
            list(read_texts(files))

    def test_a_huge_file_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("linguagraph.documents.text.MAX_BYTES", 3)
        with pytest.raises(DocumentError, match="split the text into several files"):
            read(write(tmp_path, a__txt="four") / "a.txt")


class TestManyFiles:
    def test_a_folder_is_walked_in_sorted_order_with_relative_ids(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            **{
                "b__txt": "B",
                "a_z__TXT": "Z",
                "a_c__text": "C",
                "x__md": "no",
                "a_d__conllu": "no",
            },
        )
        (tmp_path / ".hidden.txt").write_text("no")
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "x.txt").write_text("no")
        documents = list(read_texts(find_texts(tmp_path)))
        assert [(d.id, d.text) for d in documents] == [
            ("a/c.text", "C"),
            ("a/z.TXT", "Z"),
            ("b.txt", "B"),
        ]

    def test_one_bad_file_does_not_lose_the_others(self, tmp_path: Path) -> None:
        write(tmp_path, a__txt="A", b__txt=b"\0\1", c__txt="  ", e__txt="E")
        (tmp_path / "d.txt").symlink_to(tmp_path / "gone.txt")
        told: list[DocumentError] = []
        documents = list(read_texts(find_texts(tmp_path), on_bad=told.append))
        assert [document.id for document in documents] == ["a.txt", "e.txt"]
        assert [Path(error.path or "").name for error in told] == ["b.txt", "c.txt", "d.txt"]
        with pytest.raises(DocumentError, match="binary"):
            list(read_texts(find_texts(tmp_path)))

    def test_a_folder_of_bad_files_only_is_an_error(self, tmp_path: Path) -> None:
        write(tmp_path, a__txt="", b__txt=b"\0")
        told: list[DocumentError] = []
        with pytest.raises(DocumentError, match="none of the 2 files"):
            list(read_texts(find_texts(tmp_path), on_bad=told.append))
        assert len(told) == 2

    def test_a_folder_without_text_is_an_error(self, tmp_path: Path) -> None:
        write(tmp_path, a__md="no")
        with pytest.raises(DocumentError, match=r"no text in this folder.*\.txt or \.text"):
            find_texts(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
    def test_an_entry_that_is_no_file_is_reported(self, tmp_path: Path) -> None:
        write(tmp_path, a__txt="A")
        os.mkfifo(tmp_path / "pipe.txt")
        told: list[DocumentError] = []
        assert [file.id for file in find_texts(tmp_path, on_bad=told.append)] == ["a.txt"]
        assert "not a regular file" in str(told[0])
        with pytest.raises(DocumentError, match="not a regular file"):
            find_texts(tmp_path)

    def test_patterns_and_repeated_inputs(self, tmp_path: Path) -> None:
        write(tmp_path, a_x__txt="1", b_x__txt="2", b_c_x__txt="3")
        pattern = str(tmp_path / "**" / "*.txt")
        assert [f.id for f in find_texts(pattern)] == ["a/x.txt", "b/c/x.txt", "b/x.txt"]
        assert [f.id for f in find_texts([tmp_path / "a", pattern])] == [
            *("x.txt", "b/c/x.txt", "b/x.txt")
        ]
        with pytest.raises(DocumentError, match="no file matches the pattern"):
            find_texts(str(tmp_path / "*.none"))
        with pytest.raises(DocumentError, match="nothing to read"):
            find_texts([])

    def test_a_file_named_like_a_pattern_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "[1].txt").write_text("text")
        assert read(tmp_path / "[1].txt").id == "[1].txt"

    def test_ids_are_unique_and_fit_on_a_line(self, tmp_path: Path) -> None:
        write(tmp_path, a_x__txt="1", b_x__txt="2")
        (tmp_path / "two\nlines.txt").write_text("3")
        first, second, third = find_texts(
            [tmp_path / "a" / "x.txt", tmp_path / "b" / "x.txt", tmp_path / "two\nlines.txt"]
        )
        assert first.id == "x.txt"
        assert second.id == (tmp_path / "b" / "x.txt").as_posix()
        assert third.id == "two_lines.txt"

    def test_one_document_is_read_at_a_time(self, tmp_path: Path) -> None:
        write(tmp_path, a__txt="A", b__txt="B")
        documents = read_texts(find_texts(tmp_path))
        assert next(documents).id == "a.txt"
        (tmp_path / "b.txt").write_text("changed")
        assert next(documents).text == "changed"


class TestStandardInput:
    def test_it_is_read_once_and_can_be_read_again(self) -> None:
        (file,) = find_texts("-", stdin=io.BytesIO(b"\xef\xbb\xbfHello\r\nthere"))
        for _ in range(2):
            (document,) = read_texts([file])
            assert document == RawDocument("stdin", "Hello\nthere")

    def test_empty_input_is_named(self) -> None:
        with pytest.raises(DocumentError, match="stdin: the text is empty"):
            list(read_texts(find_texts("-", stdin=io.BytesIO(b""))))


class TestGivenSegments:
    def test_a_line_is_a_sentence(self) -> None:
        document = raw_document("a", " One  two. \n\nThree.\n \x07 \nFour", presegmented=True)
        assert document.tokenised is False
        assert document.sentences == (((1, 10),), ((13, 19),), ((24, 28),))

    def test_tokens_stand_between_spaces(self) -> None:
        document = raw_document("a", "do  n't\tgo .\n\n10\u00a0000 \u00a0 \x07!", pretokenised=True)
        assert document.tokenised is True
        assert document.sentences is not None
        assert [[document.text[a:b] for a, b in s] for s in document.sentences] == [
            ["do", "n't", "go", "."],
            ["10\u00a0000", "!"],
        ]

    def test_options_reach_the_documents(self, tmp_path: Path) -> None:
        files = find_texts(write(tmp_path, a__txt="a b\nc") / "a.txt")
        (document,) = read_texts(files, pretokenised=True)
        assert document.sentences == (((0, 1), (2, 3)), ((4, 5),))
        (document,) = read_texts(files, presegmented=True)
        assert document.sentences == (((0, 3),), ((4, 5),))


class TestFingerprint:
    def test_names_order_and_bytes_count(self, tmp_path: Path) -> None:
        write(tmp_path, a__txt="A", b__txt="B")
        files = find_texts(tmp_path)
        mark = fingerprint_texts(files)
        assert len(mark) == 16
        assert fingerprint_texts(files) == mark
        assert fingerprint_texts(files[::-1]) != mark
        assert fingerprint_texts(files[:1]) != mark
        (tmp_path / "b.txt").write_text("C")
        assert fingerprint_texts(files) != mark

    def test_unreadable_files_and_standard_input_count(self, tmp_path: Path) -> None:
        files = [TextFile("x", tmp_path / "x.txt"), TextFile("stdin", data=b"text")]
        before = fingerprint_texts(files)
        (tmp_path / "x.txt").write_text("now")
        assert fingerprint_texts(files) != before
        assert fingerprint_texts(files[1:]) != fingerprint_texts([TextFile("stdin", data=b"other")])
