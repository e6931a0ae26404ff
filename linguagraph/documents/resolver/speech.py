"""A discourse -> links between *I*, *you* and *we* of one speaker, and to who the speaker is."""

from __future__ import annotations

from collections.abc import Sequence

from linguagraph.documents.resolver.agreement import Number
from linguagraph.documents.resolver.discourse import Discourse
from linguagraph.documents.resolver.mentions import Candidate
from linguagraph.documents.resolver.quotes import NARRATOR

__all__ = ["link_speech"]


def link_speech(discourse: Discourse) -> None:
    """First and second persons of one speaker: all *I* of the narrator or of one quote.

    The *I* of a quote is the subject of the verb of saying beside it; *you* is who is called in its
    sentence (*will you come, Anna?*). Where turns are given, the *I* of a turn is that of the
    speaker's other turns, and its *you* the *I* of whoever spoke before.
    """
    last: dict[tuple[str, str], Candidate] = {}
    entities = discourse.entities
    partners = _partners(discourse.speakers.turns)
    for mention in discourse.mentions:
        if mention.kind != "pronoun" or mention.person == 3:
            continue
        key = _key(discourse, mention, partners)
        before = last.get(key)
        entities.comparisons["speaker"] += 1
        if before is not None:
            entities.link(mention.order, before.order, "speaker")
        last[key] = mention
    _link_attributed(discourse)
    _link_called(discourse)


def _partners(turns: Sequence[str]) -> list[str]:
    """For each sentence the speaker of the last turn that was another's, empty at the start."""
    partners, now, before = [], "", ""
    for turn in turns:
        if turn != now:
            now, before = turn, now
        partners.append(before)
    return partners


def _key(discourse: Discourse, mention: Candidate, partners: Sequence[str]) -> tuple[str, str]:
    """Speaker and pronoun; the pronouns of one key corefer.

    The pronouns are *I*, *we* and *you*; a *you* in turns is the *I* of the partner.
    """
    word = "you" if mention.person == 2 else "we" if mention.number == Number.PLUR else "I"
    speech = discourse.speaker(mention)
    if speech != NARRATOR:
        return f"quote {speech}", word
    partner = partners[mention.sentence] if partners else ""
    if word == "you" and partner:
        return f"turn {partner}", "I"
    return f"turn {discourse.speakers.turn(mention.sentence)}", word


def _link_attributed(discourse: Discourse) -> None:
    entities = discourse.entities
    for mention in discourse.mentions:
        if mention.kind != "pronoun" or mention.person != 1 or mention.number != Number.SING:
            continue
        speech = discourse.speaker(mention)
        if speech == NARRATOR:
            continue
        place = discourse.speakers.speeches[speech].speaker
        subject = None if place is None else discourse.headed(*place)
        entities.comparisons["speaker"] += 1
        if subject is not None and subject.number & mention.number:
            entities.link(mention.order, subject.order, "speaker")


def _link_called(discourse: Discourse) -> None:
    """Link a vocative and the *you* of its sentence or the next, in the same speech."""
    entities = discourse.entities
    for mention in discourse.mentions:
        if mention.label != "vocative" or mention.kind not in ("proper", "nominal"):
            continue
        for sentence in (mention.sentence, mention.sentence + 1):
            if sentence >= len(discourse.views):
                break
            called = [
                other
                for other in map(discourse.mentions.__getitem__, discourse.of_sentence(sentence))
                if other.person == 2 and discourse.speaker(other) == discourse.speaker(mention)
            ]
            entities.comparisons["speaker"] += len(called)
            if called:
                entities.link(called[0].order, mention.order, "speaker")
                break
