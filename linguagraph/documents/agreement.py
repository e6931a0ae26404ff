"""Trees -> places where a verb in the present tense agrees with a subject that is known.

After Linzen et al. (2016): an attractor is a noun between subject and verb whose number is not the
subject's. Their sentences come tokenised, with the place of the verb, its right and its wrong form
and the number of attractors, but without the subject; it is taken from a parse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from linguagraph.documents.labelled import LabelledText
from linguagraph.documents.parsers import Parser, given_words
from linguagraph.documents.records import Sentence, Token
from linguagraph.errors import DocumentError

__all__ = [
    "NUMBERS",
    "AgreementItem",
    "agreement_items",
    "find_subjects",
    "read_linzen",
    "subject_of",
]

NUMBERS = ("singular", "plural")
"""Labels by number."""

_VERBS = {"VBZ": 0, "VBP": 1}
_NOUNS = {"NN": 0, "NNP": 0, "NNS": 1, "NNPS": 1}
_PRONOUNS = {"he": 0, "she": 0, "it": 0, "this": 0, "that": 0}
_PRONOUNS |= {"they": 1, "we": 1, "these": 1, "those": 1}
_MASK, _END = "[MASK]", "<eos>"
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class AgreementItem:
    """One verb and its subject.

    Attributes:
        words: of the sentence, in lower case.
        verb: position of the verb, from 0.
        number: place in :data:`NUMBERS`.
        attractors: nouns of the other number between subject and verb.
        subject: position of the subject's head, before the verb; ``None`` where not known.
        source: where the sentence is from.
    """

    words: tuple[str, ...]
    verb: int
    number: int
    attractors: int
    subject: int | None = None
    source: str = ""

    def masked(self, *, prefix: bool) -> LabelledText:
        """The sentence with [MASK] for the verb, and the number as its label.

        Args:
            prefix: leave out all that follows the verb.
        """
        after = () if prefix else self.words[self.verb + 1 :]
        return LabelledText((*self.words[: self.verb], _MASK, *after), self.number)


def agreement_items(
    sentences: Iterable[Sentence], *, source: str = "", dropped: Counter[str] | None = None
) -> Iterator[AgreementItem]:
    """All verbs of trees (Penn tags VBZ, VBP) that agree with a subject before them.

    Args:
        sentences: with heads, Universal Dependencies labels and Penn tags.
        source: noted in the items.
        dropped: counts the verbs that are left out, by reason.
    """
    counts = Counter[str]() if dropped is None else dropped
    for sentence in sentences:
        for token in sentence.tokens:
            if token.xpos not in _VERBS:
                continue
            subject = subject_of(sentence, token.index)
            number = _VERBS[token.xpos]
            reason = _reason(sentence, token.index, subject, number)
            if reason or subject is None:
                counts[reason] += 1
                continue
            between = sentence.tokens[subject + 1 : token.index]
            yield AgreementItem(
                words=tuple(form.lower() for form in sentence.forms),
                verb=token.index,
                number=number,
                attractors=sum(_NOUNS.get(t.xpos or "", number) != number for t in between),
                subject=subject,
                source=source,
            )


def subject_of(sentence: Sentence, verb: int) -> int | None:
    """Position of the nominal subject of a verb; an auxiliary or copula has that of its head."""
    token = sentence.tokens[verb]
    holders = [verb]
    if token.deprel in ("aux", "aux:pass", "cop") and token.head not in (None, -1):
        holders.append(int(token.head or 0))
    for holder in holders:
        for child in sentence.tokens:
            if child.head == holder and child.deprel in ("nsubj", "nsubj:pass"):
                return child.index
    return None


def _reason(sentence: Sentence, verb: int, subject: int | None, number: int) -> str:
    """Why a verb is left out; empty if it is not."""
    if subject is None:
        return "no subject in the tree"
    if subject > verb:
        return "subject after the verb"
    found = _number(sentence.tokens[subject])
    if found is None:
        return "subject without a number of its own"
    if any(t.head == subject and t.deprel == "conj" for t in sentence.tokens):
        return "coordinated subject"
    return "" if found == number else "subject of the other number"


def _number(token: Token) -> int | None:
    """Number of a noun by its tag, of some pronouns by their form."""
    found = _NOUNS.get(token.xpos or "")
    return _PRONOUNS.get(token.form.lower()) if found is None else found


def read_linzen(text: str | Path, gold: str | Path) -> list[AgreementItem]:
    """Read the sentences of Linzen et al. as they are handed around, without subjects.

    Args:
        text: one sentence a line, tokens separated by spaces, ``<eos>`` at the end.
        gold: by line, separated by tabs: place of the verb from 0, right form, wrong form, number
            of attractors.

    Raises:
        DocumentError: a file cannot be read, a line has another form, or they differ in length.
    """
    sentences, answers = _lines(text), _lines(gold)
    if len(sentences) != len(answers):
        raise DocumentError(
            f"{len(answers)} lines for the {len(sentences)} sentences of {Path(text).name}",
            path=gold,
        )
    items = []
    for number, (sentence, answer) in enumerate(zip(sentences, answers, strict=True), start=1):
        words = tuple(word for word in sentence.lower().split() if word != _END)
        cells = answer.lower().split("\t")
        if len(cells) != 4 or not (cells[0].isdecimal() and cells[3].isdecimal()):
            raise DocumentError(
                f"{answer[:_SHOWN]!r} is not place, form, form, count", path=gold, line=number
            )
        place, right, wrong = int(cells[0]), cells[1], cells[2]
        if place >= len(words) or words[place] != right:
            raise DocumentError(
                f"the sentence has no {right!r} at place {place}", path=gold, line=number
            )
        plural = int(right != _singular(right, wrong))
        items.append(AgreementItem(words, place, plural, int(cells[3]), None, Path(text).stem))
    return items


def _singular(*forms: str) -> str:
    """The third person singular of two forms of a verb: in -s, the longer one if both are."""
    return max(forms, key=lambda form: (form.endswith("s"), len(form)))


def find_subjects(
    items: Sequence[AgreementItem],
    parser: Parser,
    *,
    dropped: Counter[str] | None = None,
    tick: Callable[[int], None] = lambda characters: None,
) -> list[AgreementItem]:
    """The items whose subject a parser finds, in order, with the subject's position.

    The whole sentence is parsed, as it stands, with its tokens as they are. Left out are verbs
    without a subject before them and those whose subject, by the parser's tags, is of the other
    number, coordinated or of no number; the count of attractors stays as given.

    Args:
        items: without subjects.
        parser: for English, with Penn tags.
        dropped: counts what is left out, by reason.
        tick: told of the number of characters that were analysed.
    """
    counts = Counter[str]() if dropped is None else dropped
    raw = (given_words(str(i), item.words) for i, item in enumerate(items))

    def bad(error: DocumentError) -> None:
        counts["not parsed"] += 1

    kept = []
    for document in parser.parse(raw, on_bad=bad, tick=tick):
        item = items[int(document.id)]
        sentence = document.sentences[0]
        if sentence.forms != item.words:
            counts["tokens split by the parser"] += 1
            continue
        subject = subject_of(sentence, item.verb)
        reason = _reason(sentence, item.verb, subject, item.number)
        if reason:
            counts[reason] += 1
        else:
            kept.append(replace(item, subject=subject))
    return kept


def _lines(path: str | Path) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"cannot be read: {error}", path=path) from error
