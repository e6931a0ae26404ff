"""Whole files or none, and fingerprints."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from linguagraph.files import fingerprint, replaced, write_json, write_text


def test_text_is_written_as_utf8_with_newlines_and_parents_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_text(path, "é\nx\n")
    assert path.read_bytes() == "é\nx\n".encode()


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, kind: type[BaseException]
) -> None:
    path = tmp_path / "x.txt"
    write_text(path, "old")

    def fail() -> None:
        with replaced(path) as temporary:
            assert temporary.parent == path.parent
            temporary.write_text("half")
            raise kind

    with pytest.raises(kind):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_the_new_file_has_ordinary_permissions(tmp_path: Path) -> None:
    write_text(tmp_path / "new", "x")
    (tmp_path / "plain").write_text("x")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_json_keeps_letters_and_refuses_nan_without_touching_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": "é", "b": [1]})
    before = path.read_text(encoding="utf-8")
    assert before == '{\n  "a": "é",\n  "b": [\n    1\n  ]\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert path.read_text(encoding="utf-8") == before


def test_a_fingerprint_is_of_the_bytes_in_order(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"ab")
    two.write_bytes(b"c")
    assert fingerprint(one, two) == hashlib.sha256(b"abc").hexdigest()[:16]
    assert fingerprint(two, one) != fingerprint(one, two)
