"""The program itself in, what pages say of its tables, commands and modules out.

A page holds a comment such as ``<!-- generated: tables -->``; :func:`fill` puts the text there when
the page is read, so that it cannot drift from the code.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import typer.main
from linguagraph.analyses.blocks import question

from linguagraph import analyses, columns
from linguagraph.cli import app as program

__all__ = ["MARK", "SECTIONS", "api", "api_modules", "commands", "fill", "questions", "tables"]

MARK = re.compile(r"<!-- generated: (\w+)(?: ([\w.]+))? -->")

HIDDEN = ("commands", "templates", "analyses", "cli", "__main__")
"""Parts of the library that the reference has no modules of: a page says what they do."""

ANALYSES = ("params", "plugins", "phrases")
"""Modules that analyses of one's own call; the others are read best in the report."""


def fill(app: object, docname: str, source: list[str]) -> None:
    """Replace the comments of a page (Sphinx's event ``source-read``)."""
    source[0] = MARK.sub(lambda m: SECTIONS[m[1]](m[2] or ""), source[0])


def tables(_: str = "") -> str:
    """Every table of a run with its columns, from :mod:`linguagraph.columns`."""
    every = {id(t): t for t in vars(columns).values() if isinstance(t, columns.Table)}
    return "\n".join(part for table in every.values() for part in _table(table))


def _table(table: columns.Table) -> Iterator[str]:
    yield f"\n## {table.name}\n"
    yield f"{_file(table.name)}\n"
    yield "| column | kind | meaning |"
    yield "|---|---|---|"
    for column in table.columns:
        kind = column.kind + (", may be missing" if column.nullable else "")
        if column.default is not None:
            shown = repr(column.default) if column.default != "" else "empty"
            kind += f"; {shown} in older files"
        yield f"| `{column.name}` | {_cell(kind)} | {_cell(column.meaning)} |"


def _file(name: str) -> str:
    return (
        f"In a run directory: `{name}.parquet`."
        if name != "graphs"
        else ("In the shards of the stage `graph`.")
    )


def _cell(text: str) -> str:
    """Plain text for a cell of a Markdown table."""
    return re.sub(r"([\\`*_\[\]<>|$])", r"\\\1", " ".join(text.split()))


def commands(_: str = "") -> str:
    """Every command with its arguments and options, from the program."""
    root = typer.main.get_command(program)
    return "\n".join(_command("linguagraph", root, 2))


def _command(name: str, command: Any, level: int) -> Iterator[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    if level > 2:
        yield f"\n{'#' * min(level - 1, 3)} {name}\n"
        yield _prose(command.help or command.short_help or "")
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"\n```text\n{name} {usage}\n```\n"
        yield from _options(command, context)
    children = getattr(command, "commands", {})
    for child in children.values():
        yield from _command(f"{name} {child.name}", child, level + 1)


def _options(command: Any, context: Any) -> Iterator[str]:
    records = [p.get_help_record(context) or _argument(p) for p in command.get_params(context)]
    known = [r for r in records if r is not None]
    if known:
        yield "| argument or option | what |"
        yield "|---|---|"
        for names, what in known:
            yield f"| `{names}` | {_cell(what)} |"


def _argument(parameter: Any) -> tuple[str, str] | None:
    said = getattr(parameter, "help", None)
    return (parameter.make_metavar(), said) if said else None


def _prose(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text.replace("\b", "")))
    return "\n\n".join(_cell(p) for p in paragraphs)


def questions(_: str = "") -> str:
    """What the built-in analyses ask, in the order of the report."""
    registries: Mapping[str, Mapping[str, Callable[..., Any]]] = {
        "A report on text": analyses.ANALYSES,
        "A report on questions over entity graphs": analyses.QUESTION_ANALYSES,
        "A report on any other graphs": analyses.GRAPH_ANALYSES,
    }
    lines = []
    for title, registry in registries.items():
        lines += [f"\n{title}:\n"]
        for name, run in registry.items():
            asked = question(inspect.getmodule(run).__doc__)  # type: ignore[union-attr]
            lines.append(f"* `{name}`: {_cell(asked)}")
    return "\n".join(lines)


def api_modules(package: str) -> list[str]:
    """Dotted names of the modules of a package that the reference describes, itself first."""
    home = importlib.import_module(package)
    if not hasattr(home, "__path__"):
        return [package]
    inside = [f"{package}.{m.name}" for m in pkgutil.iter_modules(home.__path__)]
    if package == "linguagraph.analyses":
        return [package, *(f"{package}.{name}" for name in ANALYSES)]
    if package == "linguagraph":
        return [
            m
            for m in inside
            if not hasattr(importlib.import_module(m), "__path__") and m.split(".")[1] not in HIDDEN
        ]
    return [package, *(name for m in inside for name in api_modules(m))]


def api(package: str) -> str:
    """Directives of autodoc for what the modules of a package define."""
    lines = []
    for name in api_modules(package):
        module = importlib.import_module(name)
        public = list(getattr(module, "__all__", ()))
        kinds = {n: _kind(module, n) for n in public}
        if name != package:
            lines.append(f"\n## {name.removeprefix(package + '.')}\n")
        lines += ["```{eval-rst}", f".. automodule:: {name}", ""]
        for member in public:
            if kinds[member]:
                lines.append(f".. auto{kinds[member]}:: {name}.{member}")
                lines += ["   :members:"] if kinds[member] == "class" else []
                lines += ["   :no-value:"] if kinds[member] == "data" else []
                lines.append("")
        lines += ["```", ""]
        named = [n for n in public if not kinds[n]]
        if name == package and named:
            lines += ["Names to import from here: " + ", ".join(_link(module, n) for n in named)]
    return "\n".join(lines)


def _kind(module: Any, name: str) -> str:
    """What autodoc calls a name of the module; empty if it is imported from another."""
    value = getattr(module, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        if value.__module__ != module.__name__:
            return ""
        if inspect.isfunction(value):
            return "function"
        return "exception" if issubclass(value, BaseException) else "class"
    own = rf"^{name}\b[^=\n]*="
    return "data" if re.search(own, inspect.getsource(module), re.MULTILINE) else ""


def _link(module: Any, name: str) -> str:
    value = getattr(module, name)
    if inspect.isclass(value):
        return f"{{py:class}}`{name} <{value.__module__}.{value.__qualname__}>`"
    if inspect.isfunction(value):
        return f"{{py:func}}`{name} <{value.__module__}.{value.__qualname__}>`"
    return f"`{name}`"


SECTIONS: Mapping[str, Callable[[str], str]] = {
    "tables": tables,
    "commands": commands,
    "questions": questions,
    "api": api,
}
"""What may stand in a comment, and what makes the text."""
