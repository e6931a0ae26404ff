"""A TOML file and overrides -> option dataclasses, every name and type checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from linguagraph.errors import ConfigError
from linguagraph.files import fingerprint

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["corpus_fingerprint", "read_tables", "updated"]

Config = TypeVar("Config", bound="DataclassInstance")


def read_tables(path: Path | None, tables: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The named tables of a TOML file; empty where the file or a table is missing.

    Raises:
        ConfigError: the file cannot be read, or holds other tables or something else.
    """
    found: dict[str, Any] = {}
    if path is not None:
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    unknown = [name for name in found if name not in tables]
    if unknown:
        raise ConfigError(f"{path}: unknown tables {unknown}; expected {list(tables)}")
    for name, value in found.items():
        if not isinstance(value, dict):
            raise ConfigError(
                f"{path}: [{name}] is not a table but {value!r}; give options under [{name}]"
            )
    return {name: dict(found.get(name, {})) for name in tables}


def updated(config: Config, values: Mapping[str, Any], *, where: str) -> Config:
    """The options with some replaced; whole numbers may stand for floats.

    Args:
        config: a dataclass of plain values, whose types the new ones must have.
        values: by field name.
        where: the table that error messages name.

    Raises:
        ConfigError: an unknown option, or a value of another type.
    """
    known = {field.name for field in fields(config)}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(f"[{where}] {name}: unknown option; expected one of {sorted(known)}")
        kind = type(getattr(config, name))
        whole = kind is float and isinstance(value, int)
        if isinstance(value, bool) is not (kind is bool) or not (isinstance(value, kind) or whole):
            raise ConfigError(
                f"[{where}] {name} = {value!r}; expected {kind.__name__} such as "
                f"{getattr(config, name)!r}"
            )
    return replace(config, **values)


def corpus_fingerprint(path: Path) -> str:
    """Fingerprint of a corpus file (see :func:`linguagraph.files.fingerprint`).

    Raises:
        ConfigError: it is not there.
    """
    if not path.is_file():
        raise ConfigError(f"{path} does not exist; give an annotated corpus")
    return fingerprint(path)
