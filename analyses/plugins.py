"""Entry points, files and folders -> analyses that are not built in, each with where it is from.

An analysis is a module whose docstring asks the question and whose ``run(tables, params)`` returns
sections. A package offers one as an entry point of the group ``linguagraph.analyses``, whose name
is that of the analysis and whose value is the module, or a function like ``run``.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from linguagraph.errors import ConfigError

from .trouble import trouble

__all__ = ["GROUP", "SLUG", "Plugin", "find_plugins", "installed_plugins", "load_plugin"]

GROUP = "linguagraph.analyses"
SLUG = re.compile(r"[a-z][a-z0-9_]{0,49}")


@dataclass(frozen=True)
class Plugin:
    """An analysis that is not built in.

    Attributes:
        name: of the entry point, or of the file without its ending.
        origin: distribution with its version, or the path of the file.
        fingerprint: of its source; empty if there is none.
        run: tables and params -> sections; ``None`` if it could not be loaded.
        why: the reason, then.
        from_file: whether it was given as a file rather than installed.
    """

    name: str
    origin: str
    fingerprint: str = ""
    run: Callable[..., Any] | None = field(default=None, repr=False)
    why: str = ""
    from_file: bool = False

    @property
    def facts(self) -> dict[str, str]:
        """What a run notes of it."""
        return {"name": self.name, "origin": self.origin, "fingerprint": self.fingerprint}


def find_plugins(paths: Iterable[str | Path] = ()) -> tuple[Plugin, ...]:
    """The installed analyses, then those in files; a folder stands for the modules in it.

    In a folder, tests (``test_*.py``, ``conftest.py``) and names with ``_`` before them are no
    analyses.

    Raises:
        ConfigError: see :func:`load_plugin`; a folder without modules.
    """
    found = list(installed_plugins())
    for path in map(Path, paths):
        if not path.is_dir():
            found.append(load_plugin(path))
            continue
        inside = [p for p in sorted(path.glob("*.py")) if not p.stem.startswith(("_", "test_"))]
        inside = [p for p in inside if p.stem != "conftest"]
        if not inside:
            raise ConfigError(f"{path}: no analyses in this folder; expected modules such as x.py")
        found += map(load_plugin, inside)
    return tuple(found)


def installed_plugins() -> tuple[Plugin, ...]:
    """The analyses that installed packages offer, by name; one that cannot be loaded says why."""
    points = sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value))
    return tuple(map(_installed, points))


def _installed(point: EntryPoint) -> Plugin:
    home = point.dist
    origin = f"{home.name} {home.version}" if home is not None else point.value
    try:
        found = point.load()
        module = found if inspect.ismodule(found) else inspect.getmodule(found)
        source = getattr(module, "__file__", None)
        content = Path(source).read_bytes() if source else b""
    except (Exception, SystemExit) as error:
        return Plugin(point.name, origin, why=trouble(error))
    return _plugin(point.name, origin, found, _digest(content))


def load_plugin(path: str | Path) -> Plugin:
    """The analysis in a file, read anew each time; one that cannot be executed says why.

    Raises:
        ConfigError: no such file, or its name is no name for an analysis.
    """
    path = Path(path)
    if not path.is_file() or path.suffix != ".py":
        raise ConfigError(f"{path}: no such module; give a file such as word_order.py")
    if not SLUG.fullmatch(path.stem):
        raise ConfigError(f"{path}: name it with lower-case letters, digits and _, a letter first")
    content = path.read_bytes()
    module = ModuleType(f"linguagraph_analysis_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look themselves up there
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        return Plugin(path.stem, str(path), _digest(content), why=trouble(error), from_file=True)
    return _plugin(path.stem, str(path), module, _digest(content), from_file=True)


def _plugin(
    name: str, origin: str, found: Any, fingerprint: str, *, from_file: bool = False
) -> Plugin:
    run = getattr(found, "run", None) if inspect.ismodule(found) else found
    why = "" if callable(run) else "it has no function run(tables, params)"
    return Plugin(name, origin, fingerprint, None if why else run, why, from_file)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
