"""A name and a question -> the module of an analysis and its test, made from templates."""

from __future__ import annotations

import json
import keyword
import sys
import textwrap
from importlib.resources import files
from pathlib import Path

from linguagraph.analyses import ANALYSES, FAILED, GRAPH_ANALYSES, QUESTION_ANALYSES
from linguagraph.analyses.plugins import SLUG
from linguagraph.errors import ConfigError
from linguagraph.files import write_text

__all__ = ["QUESTION", "new_analysis"]

QUESTION = "Are dependents before their head retained as often as dependents after it?"
"""What the template asks."""

_TAKEN = {*ANALYSES, *GRAPH_ANALYSES, *QUESTION_ANALYSES, FAILED}
_NAME, _TITLE, _QUESTION = "new_analysis", '"TITLE"', "QUESTION"
_WIDTH = 96


def new_analysis(
    name: str, out: str | Path = ".", *, title: str | None = None, question: str = QUESTION
) -> tuple[Path, Path]:
    """Write ``NAME.py`` and ``test_NAME.py``, which work as they are, and return their paths.

    Args:
        name: of the analysis: lower-case letters, digits and ``_``, a letter first.
        out: folder; made if missing.
        title: heading of the section; the name in words by default.
        question: what the analysis asks, one sentence; it becomes the module's docstring.

    Raises:
        ConfigError: a name, title or question that cannot be used, or a file that is there.
    """
    if not SLUG.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigError(
            f"{name!r} is no name for an analysis; give lower-case letters, digits and _, a letter "
            "first, at most 50, and no word of Python's, such as word_order"
        )
    if name in _TAKEN or name.startswith("test_") or name == "conftest":
        raise ConfigError(f"{name!r} is taken; choose another name, such as my_{name}")
    if name in sys.stdlib_module_names:
        raise ConfigError(f"{name!r} is a module of Python's; choose another, such as my_{name}")
    title = _line("title", name.replace("_", " ").capitalize() if title is None else title)
    question = _line("question", question)
    home = Path(out)
    if home.exists() and not home.is_dir():
        raise ConfigError(f"{out} is a file; give a folder")
    paths = home / f"{name}.py", home / f"test_{name}.py"
    for path in paths:
        if path.exists() or path.is_symlink():
            raise ConfigError(f"{path} is there; choose another name or folder, or remove it first")
    module, test = (
        files("linguagraph.templates").joinpath(f"{stem}{_NAME}.py").read_text(encoding="utf-8")
        for stem in ("", "test_")
    )
    shown, told = _literal(title), _literal(question)
    module = module.replace(f'"""{_QUESTION}"""', _docstring(question), 1)
    module = module.replace(_NAME, name, 1).replace(_TITLE, shown, 1)
    test = test.replace(_NAME, name).replace(_TITLE, shown).replace(f'"{_QUESTION}"', told)
    write_text(paths[1], test)
    return write_text(paths[0], module), paths[1]


def _line(what: str, text: str) -> str:
    words = " ".join(text.split())
    if not words or len(words) > 300 or not words.isprintable():
        raise ConfigError(f"{what} {text!r}: give a sentence of at most 300 printable characters")
    return words


def _literal(text: str) -> str:
    """The text as Python source in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _docstring(question: str) -> str:
    """The question as a docstring, in lines of the usual width."""
    escaped = question.replace("\\", "\\\\").replace('"', '\\"')
    lines = textwrap.wrap(escaped, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return '"""' + "\n".join(lines) + ('\n"""' if len(lines) > 1 else '"""')
