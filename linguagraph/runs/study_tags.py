"""Sentences as words -> their parts of speech, by the bundled tagger."""

from __future__ import annotations

from collections.abc import Sequence

from linguagraph.documents.parsers import RawDocument, given_words
from linguagraph.documents.stanza_parser import load_parser
from linguagraph.errors import DocumentError
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["UNTAGGED", "tag_words"]

UNTAGGED = "untagged"
"""Of the words of a sentence whose tokens the parser changes, or that it cannot parse."""


def tag_words(
    sentences: Sequence[Sequence[str]], *, progress: Progress = no_progress
) -> list[list[str]]:
    """Universal parts of speech, by sentence and word.

    Args:
        sentences: as words without spaces.
        progress: bar of the parser, in characters.

    Raises:
        ParserError: stanza is not installed.
    """
    found = [[UNTAGGED] * len(words) for words in sentences]
    raw: list[RawDocument] = [given_words(str(i), words) for i, words in enumerate(sentences)]
    tick = progress("tagging", sum(len(document.text) for document in raw))

    def bad(_: DocumentError) -> None:
        """Its words stay untagged."""

    for document in load_parser().parse(raw, on_bad=bad, tick=tick):
        number, sentence = int(document.id), document.sentences[0]
        if list(sentence.forms) == list(sentences[number]):
            found[number] = [token.upos or UNTAGGED for token in sentence.tokens]
    tick.close()
    return found
