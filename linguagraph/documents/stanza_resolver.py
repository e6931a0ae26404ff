"""Stanza's coreference models on this machine -> a function from documents to documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from linguagraph.documents.records import Document
from linguagraph.documents.stanza_coref import with_stanza_chains
from linguagraph.documents.stanza_models import default_directory
from linguagraph.documents.stanza_pipeline import load_pipeline, quiet
from linguagraph.errors import ParserError

__all__ = ["StanzaResolver", "load_resolver"]


class StanzaResolver:
    """Chains by Stanza's ``coref`` processor, on the words that a document has.

    Args:
        pipeline: called with a list of sentences, each a list of words; returns a
            ``stanza.Document`` with those sentences and words.
        package: name of the model, for the report.
    """

    def __init__(self, pipeline: Callable[[list[list[str]]], Any], package: str) -> None:
        self._pipeline, self.package = pipeline, package

    def __call__(self, document: Document) -> Document:
        """The document with new chains.

        Raises:
            DocumentError: Stanza's sentences or words are not those of the document.
        """
        if not document.sentences:
            return document
        with quiet():
            parsed = self._pipeline([list(sentence.forms) for sentence in document.sentences])
        return with_stanza_chains(document, parsed)


def load_resolver(
    language: str, *, stanza_dir: str | Path | None = None, device: str = "cpu"
) -> StanzaResolver:
    """Load the coreference model of a language; nothing is fetched.

    Args:
        language: ISO code, as Stanza has it.
        stanza_dir: folder of Stanza's models; ``None`` is Stanza's own place.
        device: ``cpu``, ``cuda`` or ``cuda:0`` ...

    Raises:
        ParserError: stanza, the model, or the ``transformers`` package that it needs is missing.
    """
    folder = default_directory() if stanza_dir is None else Path(stanza_dir)
    found = sorted((folder / language / "coref").glob("*.pt"))
    if not found:
        raise ParserError(
            f"no coreference model for {language!r} in {folder}; fetch it with 'linguagraph models "
            f"download {language} --coreference', or resolve with --coreference rules (English)"
        )
    pipeline = load_pipeline(
        {"tokenize": "pretokenized", "coref": found[0].stem},
        {"coref": found[0]},
        language=language,
        paths={"coref_model_path": str(found[0]), "tokenize_pretokenized": True},
        device=device,
    )
    return StanzaResolver(pipeline, f"{language}/{found[0].stem}")
