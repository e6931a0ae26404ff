"""The bytes of a text file -> its characters, or a clear error about what else the file is."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path

from linguagraph.errors import DocumentError

__all__ = ["OnWarning", "decode_text", "is_blank"]

OnWarning = Callable[[str], None]

_MARKS = (  # UTF-32 first: its little-endian mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_KINDS = {
    b"%PDF-": "a PDF file",
    b"PK\x03\x04": "a ZIP archive (DOCX, ODT and EPUB are such archives)",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Word file",
}
_CONTROL = re.compile("[\x01-\x08\x0e-\x1f\x7f-\x9f]")
_VISIBLE = re.compile("[^\\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_TOO_MANY = {"unicode": 0.3, "guessed": 0.02}  # share of control characters that no text has


def decode_text(
    data: bytes, *, path: str | Path | None = None, on_warning: OnWarning | None = None
) -> str:
    """The characters of a text; every line end is ``\\n``, nothing else is changed.

    A byte order mark names the encoding (UTF-8, UTF-16, UTF-32) and is removed. Without one the
    text is UTF-8 or, where that fails, Windows-1252 (a superset of printable Latin-1; Latin-1 for
    its five holes), of which ``on_warning`` is told.

    Args:
        data: the whole file.
        path: named in errors and warnings.
        on_warning: called with a sentence that names the file.

    Raises:
        DocumentError: no text: a NUL byte, too many control characters, a known binary format, or
            bytes that are not what the byte order mark says.
    """
    for magic, kind in _KINDS.items():
        if data.startswith(magic):
            raise DocumentError(f"{kind}, not text; convert it to plain text first", path=path)
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    guess = False
    if encoding is not None:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            raise DocumentError(
                f"the byte order mark says {encoding.upper()}, but byte {error.start} does not "
                f"fit ({error.reason}); the file is damaged or not text",
                path=path,
            ) from error
        text = text.removeprefix("\ufeff")
    else:
        text, guess = _without_mark(data, path, on_warning)
    _check(text, guess, path)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_blank(text: str) -> bool:
    """Whether nothing can be seen: only whitespace, control and invisible format characters."""
    return _VISIBLE.search(text) is None


def _without_mark(
    data: bytes, path: str | Path | None, on_warning: OnWarning | None
) -> tuple[str, bool]:
    """Text, and whether its encoding was guessed."""
    if b"\0" in data:
        raise DocumentError(
            f"byte {data.index(0)} is NUL, so this is a binary file, not text (or UTF-16 without "
            "a byte order mark: save it as UTF-8)",
            path=path,
        )
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError as error:
        where = error.start
    try:
        text, name = data.decode("cp1252"), "Windows-1252 (Latin-1)"
    except UnicodeDecodeError:
        text, name = data.decode("latin-1"), "Latin-1"
    _check(text, True, path)
    if on_warning is not None:
        on_warning(
            f"{path or 'input'}: byte {where} (0x{data[where]:02x}) is not UTF-8; read as {name}: "
            "check the accents, or save the file as UTF-8"
        )
    return text, True


def _check(text: str, guess: bool, path: str | Path | None) -> None:
    if "\0" in text:
        raise DocumentError("the text holds NUL characters, so this is a binary file", path=path)
    control = len(_CONTROL.findall(text))
    if control > max(2, _TOO_MANY["guessed" if guess else "unicode"] * len(text)):
        raise DocumentError(
            f"{control} of {len(text)} characters are control characters, so this is a binary "
            "file, not text",
            path=path,
        )
