"""Markdown in, its shell commands and links out; and whether a command would be understood."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import typer.main

from linguagraph.cli import app

__all__ = ["UsageError", "anchors", "blocks", "links", "parse", "program_lines"]

_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(linguagraph [a-z][^`]*)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


class UsageError(Exception):
    """A command line that the program would refuse."""


def blocks(text: str, language: str) -> list[str]:
    """Contents of the fenced blocks of a language."""
    return [body for name, body in _FENCE.findall(text) if name == language]


def program_lines(text: str) -> Iterator[tuple[list[str], bool]]:
    """Arguments of every call of the program, and whether it is whole.

    In blocks of shell it is; running text may leave out what a command needs.
    """
    for block in blocks(text, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r" && ", line):
                words = shlex.split(part, comments=True)
                if words and words[0] == "linguagraph":
                    yield words[1:], True
    for match in _INLINE.findall(_FENCE.sub("", text)):
        yield shlex.split(" ".join(match.split()))[1:], False


def parse(arguments: list[str]) -> None:
    """Parse a command as the program would, without running it.

    Raises:
        UsageError: an unknown command or option, a bad value, a missing argument.
    """
    command, name = typer.main.get_command(app), "linguagraph"
    words = list(arguments)
    while True:
        try:
            context = command.make_context(name, list(words))
            rest = [*getattr(context, "_protected_args", ()), *context.args]
            if not hasattr(command, "commands") or not rest:
                return
            _, command, words = command.resolve_command(context, rest)
        except Exception as error:  # of click, or of the copy that newer versions of typer have
            say = getattr(error, "format_message", None)
            if say is None:
                raise
            raise UsageError(say()) from error


def links(text: str) -> list[str]:
    """Targets of the links and images."""
    return _LINK.findall(_FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    titles = re.findall(r"^#+ +(.+)$", _FENCE.sub("", text), re.MULTILINE)
    plain = (re.sub(r"[`*]", "", title).strip().lower() for title in titles)
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}
