"""Docstrings and references in, what Sphinx understands of them out.

Docstrings name several arguments in one line ("low, high: ends of the interval"), and refer to
objects by the names that their module imports. A name that stands for nothing is a warning.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import re
from collections.abc import Iterable
from typing import Any

from docutils import nodes

__all__ = ["before_napoleon", "after_napoleon", "resolve"]

_COLON = "\ue000"  # no docstring holds it
_SEVERAL = re.compile(r"^(\s+)((?:\*{0,2}\w+,\s)+\*{0,2}\w+):(\s|$)")
_LONG = re.compile(r"^(\s+)((?:\w+,\s)+\w+,)$")
_CODE = re.compile(r"``[^`]*``|`[^`]*`")


def before_napoleon(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Join names that share a line, and hide the colons of data's own docstrings."""
    if what == "data" and "\n".join(lines).strip() == (inspect.getdoc(type(obj)) or "").strip():
        lines.clear()  # that of dict or tuple: it says nothing of this one
    if what in ("data", "attribute", "property"):
        lines[:] = [line.replace(": ", f"{_COLON} ") for line in lines]
        return
    joined: list[str] = []
    for line in lines:
        if joined and _LONG.match(joined[-1]):
            line = f"{joined.pop()} {line.strip()}"
        joined.append(line)
    lines[:] = [
        _SEVERAL.sub(lambda m: m[1] + m[2].replace(", ", ",") + ":" + m[3], line) for line in joined
    ]


def after_napoleon(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Show the colons again."""
    lines[:] = [line.replace(_COLON, ":") for line in lines]


def resolve(app: Any, env: Any, node: Any, contnode: nodes.Node) -> nodes.Node | None:
    """A reference that Sphinx does not find: to the place where its object is described.

    An object that is not described, or is other people's, is shown without a link; ``None``, and
    so a warning, where there is no such object.
    """
    if node.get("refdomain") != "py":
        return None
    target, module = node["reftarget"].partition("[")[0], node.get("py:module") or ""
    domain = env.get_domain("py")
    found = _found(target, module, node.get("py:class")) or _elsewhere(target, domain.objects)
    if found is None:
        return None
    for full in found:
        if full in domain.objects:
            entry = domain.objects[full]
            from sphinx.util.nodes import make_refnode

            return make_refnode(
                app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, full
            )
    return contnode


def _found(target: str, module: str, klass: str | None) -> list[str] | None:
    """Full names under which the object, or what it belongs to, may be described."""
    parts = target.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    for start in dict.fromkeys((module, *_prefixes(target), *_prefixes(module), "linguagraph")):
        home = _module(start)
        if home is None:
            continue
        inner = parts[len(start.split(".")) :] if target.startswith(f"{start}.") else parts
        names = _walk(home, inner)
        if names:
            return names
        if klass and (owner := _walk(home, [*klass.split("."), *inner])):
            return owner
    return ["builtins"] if _walk(builtins, parts) or _module(target) else None


def _elsewhere(target: str, described: Iterable[str]) -> list[str] | None:
    """The same for a class that the module does not import, if only one has that name."""
    name, _, rest = target.partition(".")
    homes = [full for full in described if full.endswith(f".{name}")]
    if len(homes) != 1 or not rest:
        return None
    return _found(f"{homes[0]}.{rest}", "", None)


def _prefixes(target: str) -> list[str]:
    parts = target.split(".")
    return [".".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name) if name else None
    except ImportError:
        return None


def _walk(home: Any, parts: list[str]) -> list[str]:
    """Follow attributes; a field that only instances have ends at its class."""
    value, names = home, []
    for part in parts:
        fields = {*getattr(value, "__annotations__", {}), *getattr(value, "__slots__", ())}
        if not hasattr(value, part) and not _assigned(value, part):
            return names if inspect.isclass(value) and part in fields else []
        inner = getattr(value, part, None)
        place = getattr(inner, "__module__", None) or getattr(value, "__name__", "")
        label = getattr(inner, "__qualname__", None) or part
        names = [f"{place}.{label}", f"{getattr(value, '__name__', '')}.{part}", *names]
        value = inner
    return names


def _assigned(value: Any, part: str) -> bool:
    """Whether a module names something for type checkers only, or a class in its methods."""
    if not (inspect.ismodule(value) or inspect.isclass(value)):
        return False
    try:
        source = inspect.getsource(value)
    except (OSError, TypeError):
        return False
    own = rf"self\.{part}\b.*=|^\s+{part}: "
    named = rf"^\s+from [\w.]+ import .*\b{part}\b|^\s+import {part}\b|^\s+{part},?$"
    return bool(re.search(own if inspect.isclass(value) else named, source, re.MULTILINE))
