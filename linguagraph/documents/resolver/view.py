"""A sentence -> its words and tree in the resolver's terms, whatever columns the corpus has.

Universal tags and features are used where they are there; otherwise Penn tags stand in, and the
dependency labels of CoNLL-2009 are read as their nearest UD labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linguagraph.documents.records import ROOT, Sentence, Token

__all__ = ["SentenceView"]

_PENN = {
    **dict.fromkeys(("NN", "NNS"), "NOUN"),
    **dict.fromkeys(("NNP", "NNPS"), "PROPN"),
    **dict.fromkeys(("PRP", "PRP$", "WP", "WP$", "EX"), "PRON"),
    **dict.fromkeys(("DT", "PDT", "WDT"), "DET"),
    **dict.fromkeys(("VB", "VBD", "VBG", "VBN", "VBP", "VBZ"), "VERB"),
    **dict.fromkeys(("JJ", "JJR", "JJS"), "ADJ"),
    **dict.fromkeys(("RB", "RBR", "RBS", "WRB"), "ADV"),
    **dict.fromkeys(("POS", "TO"), "PART"),
    "MD": "AUX",
    "CD": "NUM",
    "IN": "ADP",
    "CC": "CCONJ",
    "UH": "INTJ",
    "HYPH": "PUNCT",
}
_LABELS = {
    "SBJ": "nsubj",
    "LGS": "obl:agent",
    "OBJ": "obj",
    "OPRD": "xcomp",
    "PRD": "xcomp",
    "PMOD": "obl",
    "NMOD": "nmod",
    "APPO": "appos",
    "COORD": "cc",
    "CONJ": "conj",
    "P": "punct",
    "NAME": "flat",
    "TITLE": "flat",
    "POSTHON": "flat",
    "SUFFIX": "case",
    "VOC": "vocative",
    "ROOT": "root",
    "PRN": "parataxis",
}
_DEEPEST = 100  # members of a chain of conjuncts
_NOMINAL = ("nsubj", "obj", "iobj", "obl", "nmod", "root", "conj", "xcomp", "ccomp")


@dataclass(frozen=True, slots=True)
class SentenceView:
    """One sentence; every sequence has one value per token.

    Attributes:
        sentence: the sentence itself.
        forms: words as written; ``lowers`` the same in lower case, apostrophes made straight.
        lemmas: dictionary forms in lower case; the lower-case word where the corpus has none.
        tags: universal part of speech.
        heads: index of the head, ``-1`` for a root or where there is no tree.
        labels: dependency label with subtype; ``bases`` the same without.
        children: indices of the dependents, ascending.
        left, right: first and last token of the subtree; ``right`` includes its last token.
        parsed: whether the sentence has a tree.
    """

    sentence: Sentence
    forms: tuple[str, ...]
    lowers: tuple[str, ...]
    lemmas: tuple[str, ...]
    tags: tuple[str, ...]
    heads: tuple[int, ...]
    labels: tuple[str, ...]
    bases: tuple[str, ...]
    children: tuple[tuple[int, ...], ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    parsed: bool

    def __len__(self) -> int:
        return len(self.forms)

    @classmethod
    def of(cls, sentence: Sentence) -> SentenceView:
        """The view of one sentence; takes time linear in its length."""
        tokens = sentence.tokens
        heads = tuple(ROOT if token.head is None else token.head for token in tokens)
        lowers = tuple(token.form.lower().replace("’", "'") for token in tokens)
        labels = tuple(_label(token) for token in tokens)
        children: list[list[int]] = [[] for _ in tokens]
        for token, head in enumerate(heads):
            if head != ROOT:
                children[head].append(token)
        left, right = _extents(heads)
        return cls(
            sentence=sentence,
            forms=sentence.forms,
            lowers=lowers,
            lemmas=tuple((t.lemma or low).lower() for t, low in zip(tokens, lowers, strict=True)),
            tags=tuple(_tag(t, label) for t, label in zip(tokens, labels, strict=True)),
            heads=heads,
            labels=labels,
            bases=tuple(label.partition(":")[0] for label in labels),
            children=tuple(map(tuple, children)),
            left=left,
            right=right,
            parsed=any(token.head is not None for token in tokens),
        )

    def feature(self, token: int, name: str) -> str:
        """Value of a morphological feature, empty where it is not given."""
        feats = self.sentence.tokens[token].feats
        if not feats:
            return ""
        at = f"|{feats}|".find(f"|{name}=")
        return "" if at < 0 else f"{feats}|"[at + len(name) + 1 :].partition("|")[0]

    def xpos(self, token: int) -> str:
        """Penn part of speech, empty where it is not given."""
        return self.sentence.tokens[token].xpos or ""

    def dependents(self, token: int, *bases: str) -> list[int]:
        """Dependents whose label without subtype is one of ``bases``, ascending."""
        return [child for child in self.children[token] if self.bases[child] in bases]

    def first_conjunct(self, token: int) -> int:
        """The first member of the coordination that a token belongs to, else the token."""
        for _ in range(_DEEPEST):  # bounded, should the heads make a cycle
            if self.bases[token] != "conj" or self.heads[token] == ROOT:
                break
            token = self.heads[token]
        return token


def _tag(token: Token, label: str) -> str:
    if token.upos:
        return token.upos
    tag = _PENN.get(token.xpos or "", "")
    if tag == "DET" and label.partition(":")[0] in _NOMINAL:
        return "PRON"
    if tag:
        return tag
    return "X" if any(character.isalnum() for character in token.form) else "PUNCT"


def _label(token: Token) -> str:
    label = token.deprel or "dep"
    if not label.isupper():
        return label
    if label == "NMOD" and token.xpos in ("DT", "PDT", "PRP$", "JJ", "CD"):
        return {"PRP$": "nmod:poss", "JJ": "amod", "CD": "nummod"}.get(token.xpos, "det")
    return _LABELS.get(label, "dep")


def _extents(heads: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """First and last token of every subtree, leaves first, in linear time."""
    left, right = list(range(len(heads))), list(range(len(heads)))
    waiting = [0] * len(heads)
    for head in heads:
        if head != ROOT:
            waiting[head] += 1
    ready = [token for token, count in enumerate(waiting) if count == 0]
    while ready:
        token = ready.pop()
        head = heads[token]
        if head == ROOT:
            continue
        left[head] = min(left[head], left[token])
        right[head] = max(right[head], right[token])
        waiting[head] -= 1
        if waiting[head] == 0:
            ready.append(head)
    return tuple(left), tuple(right)
