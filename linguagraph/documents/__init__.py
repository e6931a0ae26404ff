"""Text and corpora -> frozen records of documents, sentences, tokens and frames."""

from linguagraph.documents.records import (
    Analysis,
    Document,
    EmptyNode,
    Frame,
    MultiwordToken,
    Role,
    Sentence,
    Token,
    predicate_type,
)

__all__ = [
    "Analysis",
    "Document",
    "EmptyNode",
    "Frame",
    "MultiwordToken",
    "Role",
    "Sentence",
    "Token",
    "predicate_type",
]
