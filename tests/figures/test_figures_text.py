import pytest

from linguagraph.figures.text import shorten, visible, width_in_ems


def test_plain_text_is_untouched() -> None:
    assert visible("nsubj:pass <- é 漢字 العربية") == "nsubj:pass <- é 漢字 العربية"
    assert visible(12) == "12"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a[U+202E]b"),
        ("\u2066x\u2069", "[U+2066]x[U+2069]"),
        ("a\x00b", "a[U+0000]b"),
        ("a\x9bb", "a[U+009B]b"),
        ("\ud800", "[U+D800]"),
        ("\ufffe", "[U+FFFE]"),
        ("\U0001ffff", "[U+1FFFF]"),
        ("\ufdd0", "[U+FDD0]"),
        ("a\tb\nc\r", "a b c "),
    ],
)
def test_hidden_characters_become_code_points(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_marks_that_right_to_left_scripts_need_are_kept() -> None:
    assert visible("\u200fא\u200d") == "\u200fא\u200d"


def test_shorten_counts_the_ellipsis() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"


def test_width_knows_wide_and_combining_characters() -> None:
    assert width_in_ems("漢字") == pytest.approx(2.1)
    assert width_in_ems("e\u0301") == width_in_ems("e")
    assert width_in_ems("il") < width_in_ems("wm")
