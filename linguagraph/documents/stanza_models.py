"""The name of a parser -> where Stanza's model files for it are, and how to get them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linguagraph import pretrained
from linguagraph.documents.stanza_pipeline import import_stanza, quiet, short
from linguagraph.errors import ConfigError, ParserError

__all__ = [
    "PROCESSORS",
    "StanzaModels",
    "available_languages",
    "default_directory",
    "download",
    "find_models",
]

PROCESSORS: dict[str, str] = {
    "tokenize": "tokenizer.pt",
    "mwt": "mwt.pt",
    "pos": "tagger.pt",
    "lemma": "lemmatizer.pt",
    "depparse": "parser.pt",
}
"""Stanza's processors in order, each with the file name of its model in a folder of models."""

_OPTIONAL = ("mwt",)
_SHARED: dict[str, tuple[str, ...]] = {
    "pretrain": ("pos", "lemma", "depparse"),
    "forward_charlm": ("tokenize", "pos", "lemma", "depparse"),
    "backward_charlm": ("pos", "lemma", "depparse"),
}
"""What several models may share (``NAME.pt`` in a folder of models) and who takes it."""

_LANGUAGES = "https://stanfordnlp.github.io/stanza/available_models.html"


@dataclass(frozen=True)
class StanzaModels:
    """Model files that make one parser.

    Attributes:
        name: as given on the command line.
        language: ISO code, as Stanza has it.
        packages: processor to Stanza's name for its model, in order.
        files: processor to model file; the ``identity`` lemmatiser has none.
        paths: further path arguments of ``stanza.Pipeline``.
        directory: where Stanza's own layout begins; ``None`` for a folder of model files.
        facts: what ``facts.json`` beside the files says, if there is one.
    """

    name: str
    language: str
    packages: Mapping[str, str]
    files: Mapping[str, Path]
    paths: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def find_models(
    spec: str | None = None,
    *,
    language: str | None = None,
    stanza_dir: str | Path | None = None,
    model_paths: Mapping[str, str | Path] | None = None,
) -> StanzaModels:
    """Where the models of a parser are; nothing is loaded or fetched.

    Args:
        spec: ``bundled`` (the English models that come with linguagraph), ``stanza:LANG`` or
            ``stanza`` (models in Stanza's own layout), or a folder that holds the files of
            :data:`PROCESSORS` (``mwt.pt`` only where the language needs it; what they share as
            ``pretrain.pt``, ``forward_charlm.pt``, ``backward_charlm.pt``). ``None`` is
            ``bundled`` for English without ``stanza_dir``, else ``stanza:LANG``.
        language: ISO code; ``None`` is what ``spec`` or ``facts.json`` says, else English.
        stanza_dir: where Stanza's models are; ``None`` is Stanza's own place.
        model_paths: processor to a model file that takes the place of the parser's own.

    Raises:
        ConfigError: unknown processor, or a language that is unsaid or contradicts the parser.
        ParserError: models are missing; the message says how to get them.
    """
    if spec is None:
        plain = stanza_dir is None and language in (None, "en")
        spec = "bundled" if plain else f"stanza:{language or 'en'}"
    own = _replacements(model_paths or {})
    kind, _, code = spec.partition(":")
    if kind == "stanza":
        code = code or language or "en"
        if language not in (None, code):
            raise ConfigError(f"parser {spec!r} is not for language {language!r}; give one of them")
        folder = default_directory() if stanza_dir is None else Path(stanza_dir)
        return _installed(f"stanza:{code}", code, folder, own)
    if spec == "bundled":
        if language not in (None, "en"):
            raise ConfigError(
                f"the bundled parser is for English, not {language!r}; use --parser "
                f"stanza:{language}"
            )
        remedy = "this installation lacks the bundled parser: install linguagraph again"
        return _folder(spec, Path(pretrained.__file__).parent / "parser-en", "en", own, remedy)
    if not Path(spec).is_dir():
        raise ParserError(
            f"no parser {spec!r}; expected bundled, stanza:LANG or a folder with the models "
            f"{', '.join(PROCESSORS.values())}"
        )
    remedy = f"a folder of models holds {', '.join(PROCESSORS.values())}"
    return _folder(spec, Path(spec), language, own, remedy)


def default_directory() -> Path:
    """Where Stanza keeps its models: ``STANZA_RESOURCES_DIR``, else a folder of the user's.

    Raises:
        ParserError: stanza is not installed.
    """
    named = os.environ.get("STANZA_RESOURCES_DIR")
    if named:
        return Path(named)
    import_stanza()
    from stanza.resources.common import DEFAULT_MODEL_DIR

    return Path(DEFAULT_MODEL_DIR)


def available_languages(directory: str | Path | None = None) -> tuple[str, ...]:
    """Languages of which Stanza models lie in a directory (``None``: Stanza's own place).

    Raises:
        ParserError: stanza is not installed (only where its own place is meant).
    """
    folder = default_directory() if directory is None else Path(directory)
    return tuple(sorted(path.parent.name for path in folder.glob("*/depparse") if path.is_dir()))


def download(
    language: str, directory: str | Path | None = None, *, coreference: bool = False
) -> Path:
    """Fetch Stanza's models of a language from the Internet; the only function that does so.

    Args:
        language: ISO code, as Stanza has it.
        directory: where to; ``None`` is Stanza's own place.
        coreference: also the model for coreference, which is large.

    Returns:
        The directory.

    Raises:
        ParserError: stanza is not installed, the language is unknown, or the download fails.
    """
    stanza = import_stanza()
    folder = default_directory() if directory is None else Path(directory)
    names = [*PROCESSORS, *(["coref"] if coreference else [])]
    wanted = dict.fromkeys(names, "default")
    try:
        with quiet():
            stanza.download(language, model_dir=str(folder), package=None, processors=wanted)
    except Exception as error:
        if type(error).__name__ == "UnknownLanguageError":
            raise ParserError(
                f"Stanza has no models for language {language!r}; it lists its languages at "
                f"{_LANGUAGES}"
            ) from error
        raise ParserError(
            f"the models of {language!r} could not be fetched ({short(error)}); check the "
            f"connection, or copy the models into {folder} from a machine that has them"
        ) from error
    return folder


def _replacements(given: Mapping[str, str | Path]) -> dict[str, Path]:
    paths = {name: Path(path) for name, path in given.items()}
    for name, path in paths.items():
        if name not in PROCESSORS:
            raise ConfigError(f"unknown processor {name!r}; known are {', '.join(PROCESSORS)}")
        if not path.is_file():
            raise ParserError(f"{path}: no such model file; check the path")
    return paths


def _folder(
    name: str, folder: Path, language: str | None, own: Mapping[str, Path], remedy: str
) -> StanzaModels:
    files = {key: own.get(key, folder / file) for key, file in PROCESSORS.items()}
    for key in _OPTIONAL:
        if not files[key].is_file():
            del files[key]
    absent = [str(path) for path in files.values() if not path.is_file()]
    if absent:
        raise ParserError(f"{', '.join(absent)}: no such model file; {remedy}")
    facts = _json(folder / "facts.json") if (folder / "facts.json").exists() else {}
    known = facts.get("language")
    if language is not None and known is not None and language != known:
        raise ConfigError(f"the models in {folder} are for {known!r}, not {language!r}")
    language = language or known
    if not isinstance(language, str):
        raise ConfigError(f"{folder} does not say for which language its models are; give --lang")
    if own:  # what was measured holds for the folder's own models
        facts = {key: value for key, value in facts.items() if key not in ("scores", "scored_on")}
    paths = {f"{key}_model_path": str(path) for key, path in files.items()}
    for part, takers in _SHARED.items():
        if (folder / f"{part}.pt").is_file():
            paths |= {f"{key}_{part}_path": str(folder / f"{part}.pt") for key in takers}
    packages = dict.fromkeys(files, "default")
    return StanzaModels(name, language, packages, files, paths, facts=facts)


def _installed(name: str, language: str, folder: Path, own: Mapping[str, Path]) -> StanzaModels:
    remedy = (
        f"fetch the models with 'linguagraph models download {language}', or give their folder "
        "with --stanza-dir"
    )
    index = folder / "resources.json"
    if not folder.is_dir():
        raise ParserError(f"no Stanza models: the folder {folder} does not exist; {remedy}")
    if not index.is_file():
        raise ParserError(f"no Stanza models: {folder} has no resources.json; {remedy}")
    resources = _json(index)
    code, entry = language, resources.get(language)
    while isinstance(entry, dict) and isinstance(entry.get("alias"), str):
        code = entry["alias"]
        entry = resources.get(code)
    if not isinstance(entry, dict):
        there = ", ".join(available_languages(folder)) or "none"
        raise ParserError(
            f"unknown language {language!r}: {index} does not list it; languages with models "
            f"there: {there}; Stanza lists its languages at {_LANGUAGES}"
        )
    package = entry.get("packages", {}).get("default")
    if not isinstance(package, dict):
        raise ParserError(
            f"{index} names no default package for {language!r}: it was written by another "
            f"version of Stanza, or the language has none; {remedy}"
        )
    chosen = {key: package[key] for key in PROCESSORS if key in package}
    lacking = [key for key in PROCESSORS if key not in chosen and key not in _OPTIONAL]
    if lacking:
        raise ParserError(f"Stanza has no {', '.join(lacking)} model for {language!r}")
    files = {
        key: own.get(key, folder / code / key / f"{value}.pt")
        for key, value in chosen.items()
        if value != "identity" or key in own
    }
    absent = [str(path) for path in files.values() if not path.is_file()]
    if absent:
        raise ParserError(f"{', '.join(absent)}: no such model file; {remedy}")
    paths = {f"{key}_model_path": str(path) for key, path in own.items()}
    return StanzaModels(name, code, chosen, files, paths, directory=folder)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ParserError(f"{path}: not readable as JSON ({error}); restore the file") from error
    if not isinstance(value, dict):
        raise ParserError(f"{path}: expected a JSON object; restore the file")
    return value
