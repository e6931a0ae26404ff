"""Stanza's named entity models on this machine -> a function from texts to entity spans."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from linguagraph.documents.stanza_models import default_directory
from linguagraph.documents.stanza_pipeline import load_pipeline, quiet
from linguagraph.documents.words import Span
from linguagraph.errors import ParserError

__all__ = ["StanzaEntities", "load_entities"]


class StanzaEntities:
    """Character spans of the named entities of a text; each text is analysed once.

    Args:
        pipeline: called with a text; returns a ``stanza.Document`` (its ``ents`` have
            ``start_char`` and ``end_char``).
        package: name of the model, for the report.
    """

    def __init__(self, pipeline: Callable[[str], Any], package: str) -> None:
        self._pipeline, self.package = pipeline, package
        self._known: dict[str, list[Span]] = {}

    def __call__(self, text: str) -> list[Span]:
        """Spans in order, the end exclusive."""
        if text not in self._known:
            found: list[Any] = []
            if text.strip():
                with quiet():
                    found = self._pipeline(text).ents
            self._known[text] = sorted((int(e.start_char), int(e.end_char)) for e in found)
        return self._known[text]


def load_entities(
    language: str, *, stanza_dir: str | Path | None = None, device: str = "cpu"
) -> StanzaEntities:
    """Load the named entity model of a language with its tokeniser; nothing is fetched.

    Args:
        language: ISO code, as Stanza has it.
        stanza_dir: folder of Stanza's models (``LANGUAGE/tokenize``, ``LANGUAGE/ner``); ``None`` is
            Stanza's own place.
        device: ``cpu``, ``cuda`` or ``cuda:0`` ...

    Raises:
        ParserError: stanza or a model is missing, damaged, or of another version.
    """
    folder = default_directory() if stanza_dir is None else Path(stanza_dir)
    files: dict[str, Path] = {}
    for processor in ("tokenize", "ner"):
        found = sorted((folder / language / processor).glob("*.pt"))
        if not found:
            raise ParserError(
                f"no {processor} model for {language!r} in {folder}; fetch it with "
                f"stanza.download({language!r}, processors='tokenize,ner'), or leave --entities "
                "out: capitalised words are taken for names then"
            )
        files[processor] = found[0]
    pipeline = load_pipeline(
        {processor: path.stem for processor, path in files.items()},
        files,
        language=language,
        paths={
            **{f"{processor}_model_path": str(path) for processor, path in files.items()},
            **_parts(folder, language, files["ner"].stem),
        },
        device=device,
    )
    return StanzaEntities(pipeline, f"{language}/{files['ner'].stem}")


def _parts(folder: Path, language: str, package: str) -> dict[str, str]:
    """Where the vectors and character models are that a named entity model is built on.

    Which they are is said by Stanza's index of its models; without it, the first of each kind is
    taken, and what is not there is empty: Stanza then looks for none. (Not told of its vectors, it
    would load a model with random ones.)

    Raises:
        ParserError: one that the index names is missing.
    """
    try:
        index = json.loads((folder / "resources.json").read_text(encoding="utf-8"))
        needed = index[language]["ner"][package].get("dependencies", [])
        named = {part["model"]: f"{part['package']}.pt" for part in needed}
        known = True
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        named, known = {}, False
    found = {}
    for part in ("pretrain", "forward_charlm", "backward_charlm"):
        pattern = named.get(part, "" if known else "*.pt")
        paths = sorted((folder / language / part).glob(pattern)) if pattern else []
        if part in named and not paths:
            raise ParserError(
                f"the ner model {package!r} needs {folder / language / part / named[part]}, which "
                f"is missing; fetch it with stanza.download({language!r}, "
                "processors='tokenize,ner')"
            )
        found[f"ner_{part}_path"] = str(paths[0]) if paths else ""
    return found
