"""The templates print; they neither compute nor switch escaping off."""

import re
from pathlib import Path

import pytest

import linguagraph.reports
from linguagraph import templates

FOLDER = Path(templates.__file__).parent
PACKAGE = Path(linguagraph.reports.__file__).parent


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.html")), ids=lambda path: path.name)
def test_no_arithmetic_and_no_safe_filter(path: Path) -> None:
    for code in re.findall(r"\{[{%](.*?)[%}]\}", path.read_text(encoding="utf-8"), re.S):
        bare = re.sub(r'"[^"]*"', "", code)
        assert not re.search(r"[+*/~]|(?<=\s)-(?=\s)", bare), code
        assert not re.search(r"\|\s*safe|autoescape", bare), code


def test_only_three_places_call_a_string_safe() -> None:
    found = [
        (path.name, line.strip())
        for path in sorted(PACKAGE.glob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\bMarkup\(", line)
    ]
    assert [name for name, _ in found] == ["html.py", "html.py", "svg.py"]


def test_style_and_script_name_no_other_host() -> None:
    for name in ("report.css", "report.js", "base.html"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        text = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z]|@import|url\(", text), name
