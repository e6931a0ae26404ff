"""A recipe in a TOML file -> what is done with a corpus in shards, every option checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from linguagraph.errors import ConfigError
from linguagraph.runs.masking import TOKENS
from linguagraph.runs.methods import MethodOptions
from linguagraph.runs.reading import Reading

__all__ = ["MaskRecipe", "Recipe", "ShardSizes", "read_recipe"]

_TABLES = ("shards", "reading", "mask")


@dataclass(frozen=True)
class ShardSizes:
    """Where a shard ends: at whichever comes first.

    Attributes:
        documents: documents (of text and of CoNLL-U with ``# newdoc``) at most.
        megabytes: of input (10**6 bytes) at most, unless one document or sentence is larger; a
            text file of more is cut at blank lines, and its parts are documents.
        limit: only the first so many shards, for a trial; 0 is all.
    """

    documents: int = 200
    megabytes: float = 1.0
    limit: int = 0

    def __post_init__(self) -> None:
        if self.documents < 1 or not 0 < self.megabytes < 1e6 or self.limit < 0:
            raise ConfigError(
                f"[shards] documents={self.documents}, megabytes={self.megabytes}, "
                f"limit={self.limit}; expected at least 1, above 0 and at least 0"
            )


@dataclass(frozen=True)
class MaskRecipe:
    """What explains the edges, as for ``linguagraph mask``.

    Attributes:
        model: bundled name, or directory with ``model.safetensors`` and ``probes/``.
        seeds: probes: a number (the first so many), a list such as "0,2,4"; "" is all.
        batch_size: tokens per batch.
        share: of each shard's predicates that is explained, drawn at random, in (0, 1].
        precision: of GraphMask, float32 or bfloat16.
        method, keep, threshold, method_seeds, fit_on: masking method, see
            :class:`linguagraph.runs.methods.MethodOptions`.
    """

    model: str = "srl-gnn"
    seeds: str = ""
    batch_size: int = TOKENS
    share: float = 1.0
    precision: str = "float32"
    method: str = "graphmask"
    keep: float | None = None
    threshold: float | None = None
    method_seeds: int | None = None
    fit_on: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or self.batch_size < 1:
            raise ConfigError(
                f"[mask] share={self.share}, batch_size={self.batch_size}; expected a share in "
                "(0, 1] and at least one token"
            )

    @property
    def options(self) -> MethodOptions:
        """Of the masking method."""
        fit_on = None if self.fit_on is None else Path(self.fit_on)
        return MethodOptions(self.method, self.keep, self.threshold, self.method_seeds, fit_on)


@dataclass(frozen=True)
class Recipe:
    """What is done with which corpus.

    Attributes:
        corpus: files, folders or patterns, absolute.
        shards, reading, mask: options by table.
    """

    corpus: tuple[str, ...]
    shards: ShardSizes = field(default_factory=ShardSizes)
    reading: Reading = field(default_factory=Reading)
    mask: MaskRecipe = field(default_factory=MaskRecipe)

    def __post_init__(self) -> None:
        if not self.corpus:
            raise ConfigError("corpus is empty; name files, folders or patterns")
        if self.reading.documents is not None or self.reading.limit is not None:
            raise ConfigError(
                "[reading] documents and limit are for a corpus in one piece; shards take whole "
                "documents, and [shards] limit takes the first shards"
            )

    def to_json(self) -> dict[str, Any]:
        """All options, JSON-able."""
        return {**asdict(self), "corpus": list(self.corpus)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Recipe:
        """What :meth:`to_json` gave.

        Raises:
            ConfigError: as the constructors.
        """
        return cls(
            tuple(found["corpus"]),
            ShardSizes(**found["shards"]),
            Reading(**found["reading"]),
            MaskRecipe(**found["mask"]),
        )


def read_recipe(path: str | Path) -> Recipe:
    """Read and check a recipe; relative paths in it are relative to the file.

    Raises:
        ConfigError: it cannot be read, or names unknown tables, options or values.
    """
    path = Path(path)
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    unknown = [name for name in found if name not in ("corpus", *_TABLES)]
    if unknown:
        raise ConfigError(f"{path}: unknown {unknown}; expected {['corpus', *_TABLES]}")
    corpus = found.get("corpus", [])
    corpus = [corpus] if isinstance(corpus, str) else corpus
    if not (isinstance(corpus, list) and corpus and all(isinstance(c, str) for c in corpus)):
        raise ConfigError(f"{path}: corpus={corpus!r}; expected a path or a list of paths")
    if "-" in corpus:
        raise ConfigError(f"{path}: standard input cannot be cut into shards; name files")
    home = path.absolute().parent
    mask = _options(path, found, "mask", MaskRecipe)
    for name in ("model", "fit_on"):
        if isinstance(mask.get(name), str) and (home / mask[name]).exists():
            mask[name] = str(home / mask[name])
    reading = _options(path, found, "reading", Reading)
    for name in ("parser", "predicates", "stanza_dir"):
        if isinstance(reading.get(name), str) and (home / reading[name]).is_dir():
            reading[name] = str(home / reading[name])
    shards = _options(path, found, "shards", ShardSizes)
    try:
        return Recipe(
            tuple(str(home / name) for name in corpus),
            ShardSizes(**shards),
            Reading(**reading),
            MaskRecipe(**mask),
        )
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _options(path: Path, found: Mapping[str, Any], table: str, kind: type) -> dict[str, Any]:
    """The options of a table, each of the type that the dataclass declares."""
    given = found.get(table, {})
    if not isinstance(given, dict):
        raise ConfigError(f"{path}: {table}={given!r}; give options under [{table}]")
    types = get_type_hints(kind)
    known = {f.name for f in fields(kind) if f.default is not MISSING}
    for name, value in given.items():
        if name not in known:
            raise ConfigError(f"{path}: [{table}] {name}: unknown option; expected {sorted(known)}")
        allowed = [t for t in (get_args(types[name]) or (types[name],)) if t is not NoneType]
        whole = float in allowed and type(value) is int
        if type(value) not in allowed and not whole:
            words = " or ".join(t.__name__ for t in allowed)
            raise ConfigError(f"{path}: [{table}] {name} = {value!r}; expected {words}")
    return dict(given)
