"""Sentence views -> mentions: noun phrases, names and pronouns with what agreement needs of them.

A mention's span is the subtree of its head without what belongs to the clause or to another
mention: leading prepositions and conjunctions, later conjuncts, appositions after the phrase, and,
where the head is a predicate, its subject, copula and adverbials. Relative clauses and the
possessive ``'s`` belong to it. These are the conventions of GUM (Zeldes 2017), the corpus that the
resolver is measured on. Not mentions: expletives, relative and interrogative pronouns, parts of
names, idioms' nouns (``fixed``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from linguagraph.documents.resolver import lexicon
from linguagraph.documents.resolver.agreement import (
    INDEFINITES,
    NAME_LABELS,
    YEAR,
    Gender,
    Number,
    agreement_of,
)
from linguagraph.documents.resolver.view import SentenceView

__all__ = ["Candidate", "clause_span", "extraposed", "find_mentions", "phrase_span"]

_LONGEST = 80  # tokens of a mention; a longer phrase is cut to what precedes its head
_OUTSIDE = lexicon.words(
    "conj cc appos punct parataxis mark vocative dep discourse list reparandum orphan"
)
_CLAUSAL = lexicon.words(
    "nsubj csubj cop aux advmod advcl obl expl ccomp xcomp obj iobj dislocated"
)
_NOMINAL_KINDS = ("nominal", "proper", "pronoun")
_ARTICLES = lexicon.words("the a an this that these those such said")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mention with what the passes ask of it.

    Attributes:
        order: position among the document's mentions, in text order.
        sentence: position of its sentence in the document.
        start, end: first token and the one after the last.
        head: token index of its head.
        kind: ``pronoun``, ``demonstrative`` (a pronoun, too), ``proper``, ``nominal``, ``number``,
            ``coordination`` (of two phrases or more), ``expletive`` and ``clause`` (an ``it`` and
            the extraposed clause that it stands in for).
        lemma: the head's lemma, lower case.
        text: all words, lower case, without leading articles.
        core: ``text`` without what follows the head.
        name: the head with the other words of its name, as written.
        modifiers: lower-case words before the head that describe it, determiners left out.
        determiner: ``definite``, ``demonstrative``, ``indefinite``, ``interrogative``,
            ``possessive`` or ``bare``.
        possessor: head of the possessor, a token index, or -1.
        number, gender: what it may be.
        person: 1, 2 or 3.
        type: ``person``, ``place``, ``organization``, ``time``, ``animal`` or None.
        role: dependency label of the phrase without subtype, that of the first conjunct.
        label: dependency label of the head as it is.
    """

    order: int
    sentence: int
    start: int
    end: int
    head: int
    kind: str
    lemma: str
    text: tuple[str, ...]
    core: tuple[str, ...]
    name: tuple[str, ...]
    modifiers: frozenset[str]
    determiner: str
    possessor: int
    number: Number
    gender: Gender
    person: int
    type: str | None
    role: str
    label: str

    @property
    def pronominal(self) -> bool:
        """Whether it is a pronoun."""
        return self.kind in ("pronoun", "demonstrative")


def find_mentions(views: Sequence[SentenceView]) -> list[Candidate]:
    """All mentions of a document in text order: by first token, longer ones first."""
    found: list[Candidate] = []
    for position, view in enumerate(views):
        spans: dict[tuple[int, int], tuple[int, str]] = {}
        for head, kind in _heads(view):
            spans.setdefault(_span(view, head, kind), (head, kind))
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            head, kind = spans[start, end]
            found.append(_candidate(view, len(found), position, start, end, head, kind))
    return found


def _span(view: SentenceView, head: int, kind: str) -> tuple[int, int]:
    if kind == "clause":
        return clause_span(view, head)
    start, end = phrase_span(view, head)
    if kind == "coordination":
        ends = [phrase_span(view, child)[1] for child in view.dependents(head, "conj")]
        end = max(end, *ends)
    return start, end


def clause_span(view: SentenceView, head: int) -> tuple[int, int]:
    """First token of a clause and the token after its last, cut off where it is very long."""
    start, end = max(view.left[head], head - _LONGEST), min(view.right[head], head + _LONGEST)
    while end > head and view.tags[end] == "PUNCT":
        end -= 1
    while start < head and view.tags[start] == "PUNCT":
        start += 1
    return start, end + 1


def phrase_span(view: SentenceView, head: int) -> tuple[int, int]:
    """First token of the phrase around a head, and the token after its last."""
    predicate = bool(view.dependents(head, "cop", "nsubj", "aux", "expl"))
    start = end = head
    for child in view.children[head]:
        if _belongs(view, head, child, predicate=predicate):
            start = min(start, view.left[child])
            end = max(end, view.right[child])
    if end - start >= _LONGEST:
        start, end = max(start, head - _LONGEST // 2), head
    while end > head and view.tags[end] == "PUNCT" and not _closes(view, start, end):
        end -= 1
    while start < head and view.tags[start] == "PUNCT" and not _opens(view, start, end):
        start += 1
    return start, end + 1


def _belongs(view: SentenceView, head: int, child: int, *, predicate: bool) -> bool:
    base = view.bases[child]
    if base == "case":
        return child > head and view.lowers[child] in ("'s", "'")
    if base in _OUTSIDE or view.labels[child] == "cc:preconj":
        return False
    if base in _CLAUSAL:
        return not predicate and base in ("advmod", "obl") and child > head
    return True


def _closes(view: SentenceView, start: int, end: int) -> bool:
    pairs = {")": "(", "]": "[", "”": "“", '"': '"', "’": "‘"}
    opening = pairs.get(view.forms[end])
    return opening is not None and opening in view.forms[start:end]


def _opens(view: SentenceView, start: int, end: int) -> bool:
    pairs = {"(": ")", "[": "]", "“": "”", '"': '"', "‘": "’"}
    closing = pairs.get(view.forms[start])
    return closing is not None and closing in view.forms[start + 1 : end + 1]


def _heads(view: SentenceView) -> Iterator[tuple[int, str]]:
    if not view.parsed:
        return
    for token in range(len(view)):
        kind = _kind(view, token)
        if kind:
            yield token, kind
            conjuncts = view.dependents(token, "conj")
            if kind in _NOMINAL_KINDS and any(_kind(view, c) in _NOMINAL_KINDS for c in conjuncts):
                yield token, "coordination"
        elif view.bases[token] == "expl" and view.lowers[token] == "it":
            clause = extraposed(view, token)
            if clause >= 0:
                yield token, "expletive"
                yield clause, "clause"


def extraposed(view: SentenceView, token: int) -> int:
    """Head of the clause that an expletive ``it`` stands in for, or -1."""
    head = view.heads[token]
    if head < 0:
        return -1
    clauses = [c for c in view.dependents(head, "csubj", "ccomp") if c > token]
    return clauses[-1] if clauses else -1


def _kind(view: SentenceView, token: int) -> str:
    """Kind of the mention that a token heads, empty if it heads none."""
    tag, base, low = view.tags[token], view.bases[token], view.lowers[token]
    if base in ("expl", "fixed", "flat", "goeswith", "reparandum", "discourse", "punct", "case"):
        return ""
    if low in lexicon.PRONOUNS and (tag in ("PRON", "DET") or view.xpos(token).startswith("PRP")):
        return _pronoun_kind(view, token)
    if tag == "PRON":
        return "nominal" if low in INDEFINITES and not _relative(view, token) else ""
    if tag == "NUM":
        return "number" if YEAR.fullmatch(low) or _cited(view, token) else ""
    if tag not in ("NOUN", "PROPN"):
        return ""
    if base == "compound" and view.tags[view.heads[token]] == "PROPN":
        return ""
    return "proper" if tag == "PROPN" else "nominal"


def _pronoun_kind(view: SentenceView, token: int) -> str:
    low, base = view.lowers[token], view.bases[token]
    if _relative(view, token) or base in ("det", "mark", "advmod", "cc"):
        return ""
    if low in ("this", "that", "these", "those"):
        return "demonstrative"
    if low == "'s" and view.tags[token] != "PRON":
        return ""
    return "pronoun"


def _relative(view: SentenceView, token: int) -> bool:
    return view.feature(token, "PronType") in ("Rel", "Int") or view.xpos(token) in (
        "WDT",
        "WP",
        "WP$",
        "WRB",
    )


def _cited(view: SentenceView, token: int) -> bool:
    return (
        0 < token < len(view) - 1 and view.forms[token - 1] == "[" and view.forms[token + 1] == "]"
    )


def _candidate(
    view: SentenceView, order: int, sentence: int, start: int, end: int, head: int, kind: str
) -> Candidate:
    first = view.first_conjunct(head)
    possessors = [c for c in view.children[head] if view.labels[c] in ("nmod:poss", "poss")]
    basis = _kind(view, head) if kind == "coordination" else kind
    agreement = agreement_of(view, head, basis, start)
    if kind == "coordination":
        agreement = agreement.plural()
    return Candidate(
        order=order,
        sentence=sentence,
        start=start,
        end=end,
        head=head,
        kind=kind,
        lemma=view.lemmas[head],
        text=_words(view, start, end),
        core=_words(view, start, _name_end(view, head, end)),
        name=_full_name(view, head),
        modifiers=_modifiers(view, head),
        determiner="possessive" if possessors else _determiner(view, head),
        possessor=possessors[0] if possessors else -1,
        number=agreement.number,
        gender=agreement.gender,
        person=agreement.person,
        type=agreement.type,
        role=view.bases[first],
        label=view.labels[head],
    )


def _name_end(view: SentenceView, head: int, end: int) -> int:
    """The token after the head and the rest of a name that starts with it."""
    last = head
    for child in view.children[head]:
        if child > head and view.bases[child] in ("flat", "fixed", "goeswith", "compound"):
            last = max(last, view.right[child])
    return min(last + 1, end)


def _full_name(view: SentenceView, head: int) -> tuple[str, ...]:
    words = [head]
    for child in view.children[head]:
        label = view.labels[child]
        if view.bases[child] in NAME_LABELS or label == "nmod:desc":
            words += [child, *(c for c in view.children[child] if view.bases[c] in NAME_LABELS)]
        elif view.bases[child] in ("amod", "nummod") and view.forms[child][:1].isupper():
            words.append(child)
    return tuple(view.forms[token] for token in sorted(words))


def _words(view: SentenceView, start: int, end: int) -> tuple[str, ...]:
    """Words in lower case without leading articles, punctuation and ``'s``."""
    words = [
        view.lowers[token]
        for token in range(start, end)
        if view.tags[token] != "PUNCT" and view.bases[token] != "case"
    ]
    keep = 0
    while keep < len(words) - 1 and words[keep] in _ARTICLES:
        keep += 1
    return tuple(words[keep:])


def _modifiers(view: SentenceView, head: int) -> frozenset[str]:
    return frozenset(
        view.lemmas[child] if view.tags[child] != "PROPN" else view.lowers[child]
        for child in view.children[head]
        if view.bases[child] in ("amod", "compound", "nummod", "flat", "nmod")
        and view.labels[child] != "nmod:poss"
        and view.lowers[child] not in lexicon.DETERMINERS
    )


def _determiner(view: SentenceView, head: int) -> str:
    found = "bare"
    for child in view.children[head]:
        if child < head and view.bases[child] in ("det", "amod", "nummod"):
            kind = lexicon.DETERMINERS.get(view.lowers[child])
            if kind:
                return kind
            if view.bases[child] == "nummod" and found == "bare":
                found = "indefinite"
    return found
