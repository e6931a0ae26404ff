"""Sentence views -> who speaks where: quotes with the words that attribute them, and turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linguagraph.documents.resolver.lexicon import SAYING
from linguagraph.documents.resolver.view import SentenceView

__all__ = ["NARRATOR", "Speech", "Speeches", "find_speakers"]

NARRATOR = -1
_LONGEST = 25  # sentences after which an open quote counts as closed


@dataclass(slots=True)
class Speech:
    """What stands between an opening quote and its closing one.

    Attributes:
        number: position among the document's speeches.
        first, last: (sentence, token) of its first and last word.
        speaker: (sentence, token) of the subject of the verb that attributes it, if any.
    """

    number: int
    first: tuple[int, int]
    last: tuple[int, int]
    speaker: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Speeches:
    """All speeches of a document.

    Attributes:
        speeches: in text order.
        places: for each sentence the speech of every token, empty where all are the narrator's.
        turns: for each sentence its speaker's name, empty where no names are given.
    """

    speeches: tuple[Speech, ...]
    places: tuple[tuple[int, ...], ...]
    turns: tuple[str, ...] = ()

    def speech(self, sentence: int, token: int) -> int:
        """Number of the speech that a token is part of, or ``NARRATOR``."""
        places = self.places[sentence]
        return places[token] if places else NARRATOR

    def turn(self, sentence: int) -> str:
        """Name of the speaker of a sentence, empty where it is not given."""
        return self.turns[sentence] if self.turns else ""


def find_speakers(views: Sequence[SentenceView], turns: Sequence[str] | None = None) -> Speeches:
    """Quotes of a document, each with the subject of the nearest verb of saying beside it."""
    speeches, places = _segments(views)
    for speech in speeches:
        speech.speaker = _attribution(views, places, speech)
    return Speeches(tuple(speeches), tuple(map(tuple, places)), tuple(turns or ()))


def _segments(views: Sequence[SentenceView]) -> tuple[list[Speech], list[list[int]]]:
    speeches: list[Speech] = []
    places: list[list[int]] = []
    inside = False
    for sentence, view in enumerate(views):
        row: list[int] = []
        for token, form in enumerate(view.forms):
            mark = _mark(form, view.xpos(token), inside=inside)
            if mark == "open":
                inside = True
                speeches.append(Speech(len(speeches), (sentence, token), (sentence, token)))
            elif mark == "close":
                inside = False
            elif inside:
                speeches[-1].last = (sentence, token)
            row.append(len(speeches) - 1 if inside and mark != "open" else NARRATOR)
        if inside and sentence - speeches[-1].first[0] >= _LONGEST:
            inside = False
        places.append(row if any(place != NARRATOR for place in row) else [])
    return speeches, places


def _mark(form: str, xpos: str, *, inside: bool) -> str:
    if form in ("“", "«", "„") or (form in ("``", '"') and xpos == "``"):
        return "open"
    if form in ("”", "»") or (form in ("''", '"') and xpos == "''"):
        return "close"
    if form == '"':
        return "close" if inside else "open"
    return ""


def _attribution(
    views: Sequence[SentenceView], places: Sequence[Sequence[int]], speech: Speech
) -> tuple[int, int] | None:
    """Subject of the verb of saying nearest to a speech, in its first or last sentence."""
    best: tuple[int, int, int] | None = None
    for sentence, edge in dict.fromkeys((speech.first, speech.last)):
        view, row = views[sentence], places[sentence]
        for token in range(max(0, edge - 40), min(len(view), edge + 40)):
            if view.lemmas[token] not in SAYING or (row and row[token] != NARRATOR):
                continue
            subjects = view.dependents(token, "nsubj")
            if subjects and (best is None or abs(token - edge) < best[0]):
                best = abs(token - edge), sentence, subjects[0]
    return None if best is None else best[1:]
