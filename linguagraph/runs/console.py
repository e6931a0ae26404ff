"""Results, messages and errors -> what a person sees in a terminal, and the exit status."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import typer

from linguagraph.errors import ConfigError, LinguagraphError, WorldError
from linguagraph.runs.progress import Progress, progress_bars

__all__ = ["alone", "bars", "exit_status", "sayer", "tell"]

_STOPPED = (
    "stopped; what is finished is kept: give the same command again, with --resume where it has "
    "that option"
)
_MEMORY = "out of memory; choose a smaller --batch-size, or fewer --seeds"


def alone(command: str) -> None:
    """Refuse a command in several processes: they would all do and write the same.

    Raises:
        ConfigError: torchrun has started more than one.
    """
    size = os.environ.get("WORLD_SIZE", "1") if "TORCHELASTIC_RUN_ID" in os.environ else "1"
    if size != "1":
        raise ConfigError(
            f"'{command}' is done by one process, not by {size}: start it without torchrun, which "
            "is for 'train srl', 'train qa', 'train graphmask' and 'train predicates'"
        )


def sayer(quiet: bool) -> Callable[[str], None]:
    """A function that prints one message on standard error; does nothing if ``quiet``."""

    def say(message: str) -> None:
        if not quiet:
            typer.echo(message, err=True)

    return say


def bars(quiet: bool) -> AbstractContextManager[Progress]:
    """Progress bars on standard error; none if ``quiet`` or where that is no terminal."""
    return progress_bars(quiet=quiet or not sys.stderr.isatty())


def tell(facts: Mapping[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Print a result on standard output, as JSON or as one line per fact."""
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    elif not quiet:
        for key, value in facts.items():
            typer.echo(f"{key.replace('_', ' ')}: {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        parts = [f"{v[0]} {_shown(v[1])}" if _is_pair(v) else _shown(v) for v in value]
        return (", " if all(map(_is_pair, value)) else "; ").join(parts) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_pair(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and isinstance(value[0], str)


def exit_status(command: Callable[[], Any]) -> int:
    """Run a command of the command line; our own errors and Ctrl-C end in one line.

    Returns:
        0; 1 after an error of ours or of the file system, or without memory; 2 after a wrong use
        of the command line; 130 after Ctrl-C. Programming mistakes go through.
    """
    try:
        status = int(command() or 0)
    except WorldError as error:
        return 1 if error.told else _failed(str(error))
    except (LinguagraphError, OSError) as error:
        return _failed(str(error))
    except (KeyboardInterrupt, typer.Abort):
        status = 130
    except MemoryError:
        return _failed(_MEMORY)
    except Exception as error:
        if type(error).__name__ == "OutOfMemoryError":  # torch's; torch is not imported here
            return _failed(_MEMORY)
        show = getattr(error, "show", None)  # usage errors know how to print themselves
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", 2))
    if status == 130:  # newer versions of typer turn Ctrl-C into this status
        typer.echo(_STOPPED, err=True)
    return status


def _failed(message: str) -> int:
    typer.echo(f"error: {' '.join(message.splitlines())}", err=True)
    return 1
