"""Any corpus string -> the same string with everything that a reader could not see made visible.

Corpus text is untrusted. Control characters are not allowed in XML, and bidirectional overrides
can make a label read as something else; both are shown by their code point instead.
"""

from __future__ import annotations

import unicodedata

__all__ = ["shorten", "visible", "width_in_ems"]

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _is_safe(character: str) -> bool:
    if character in _BIDI:
        return False
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return False
    return not (0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF)


def visible(value: object) -> str:
    """Return ``str(value)`` with control and bidirectional override characters spelled out.

    Tabs and line breaks become spaces; the others become their code point: ``[U+202E]``.
    The result is always well-formed in XML once escaped, and always encodes as UTF-8.
    """
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    shown = (" " if c in "\t\n\r" else c if _is_safe(c) else f"[U+{ord(c):04X}]" for c in text)
    return "".join(shown)


def shorten(value: object, length: int) -> str:
    """Return :func:`visible` text of at most ``length`` characters, cut with an ellipsis."""
    text = visible(value)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def width_in_ems(text: str) -> float:
    """Estimate the width of ``text`` in ems of a sans-serif face: generous, never exact.

    Used where a drawing is laid out without a font at hand. Wide East Asian characters count as
    one em, combining marks as nothing, capitals and digits as more than small letters.
    """
    total = 0.0
    for character in text:
        if unicodedata.combining(character):
            continue
        if unicodedata.east_asian_width(character) in "WF":
            total += 1.05
        elif character in "iljtfrI.,:;'|!()[] -":
            total += 0.4
        elif character in "mwMW@%—…" or ord(character) > 0x2E80:
            total += 0.95
        elif character.isupper() or character.isdigit():
            total += 0.68
        else:
            total += 0.6
    return total
