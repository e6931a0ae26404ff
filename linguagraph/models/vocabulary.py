"""Training sentences -> the closed vocabularies of an SRL model; unknown strings map to index 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from linguagraph.documents.records import Sentence
from linguagraph.errors import CheckpointError
from linguagraph.graphs.textgraph import DIRECTIONS

__all__ = ["UNKNOWN", "SrlVocabulary", "Vocabulary", "shape", "suffix"]

UNKNOWN = "<unk>"
NO_ROLE = "_"


@dataclass(frozen=True)
class Vocabulary:
    """An ordered list of distinct strings; index 0 stands for every other string."""

    items: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.items)) != len(self.items):
            raise CheckpointError("a vocabulary lists a string twice; the checkpoint is damaged")

    @cached_property
    def index(self) -> dict[str, int]:
        """String to index."""
        return {item: i for i, item in enumerate(self.items)}

    def __len__(self) -> int:
        return len(self.items)

    def __call__(self, item: str) -> int:
        return self.index.get(item, 0)

    @classmethod
    def count(cls, items: Iterable[str], *, least: int = 1, first: str = UNKNOWN) -> Vocabulary:
        """Strings seen at least ``least`` times, most frequent first, ties by alphabet."""
        counts = Counter(items)
        counts.pop(first, None)
        kept = sorted((s for s, n in counts.items() if n >= least), key=lambda s: (-counts[s], s))
        return cls((first, *kept))


def suffix(form: str) -> str:
    """The last three characters in lower case, digits as 0: cheap morphology for unknown words."""
    return "".join("0" if c.isdigit() else c for c in form[-3:].lower())


def shape(form: str) -> str:
    """One of six spelling classes: digit, upper, title, mixed, lower, other."""
    if any(c.isdigit() for c in form):
        return "digit"
    if not any(c.isalpha() for c in form):
        return "other"
    if form.islower():
        return "lower"
    if form.isupper():
        return "upper"
    return "title" if form[0].isupper() and form[1:].islower() else "mixed"


SHAPES = Vocabulary(("other", "lower", "title", "upper", "digit", "mixed"))


@dataclass(frozen=True)
class SrlVocabulary:
    """The vocabularies of an SRL model.

    Attributes:
        words: lower-cased forms; lemmas; tags (XPOS); suffixes: see :func:`suffix`.
        predicates: lemmas of predicates.
        labels: of dependencies, then of other edges; an edge's type is
            ``direction * len(labels) + label``.
        roles: roles to predict; index 0 is "no role".
    """

    words: Vocabulary
    lemmas: Vocabulary
    tags: Vocabulary
    suffixes: Vocabulary
    predicates: Vocabulary
    labels: Vocabulary
    roles: Vocabulary

    @property
    def num_edge_types(self) -> int:
        """Labels times directions."""
        return len(self.labels) * len(DIRECTIONS)

    @classmethod
    def build(
        cls,
        sentences: Sequence[Sentence],
        *,
        rare_word: int = 3,
        rare_role: int = 2,
        labels: Iterable[str] = (),
    ) -> SrlVocabulary:
        """Count over training sentences.

        Args:
            sentences: the training data.
            rare_word: words and lemmas seen less often become unknown.
            rare_role: roles seen less often are never predicted (they still count in recall).
            labels: of edges that are not dependencies.
        """
        tokens = [token for s in sentences for token in s.tokens]
        frames = [(s, f) for s in sentences for f in s.frames]
        deprels = Vocabulary.count(t.deprel for t in tokens if t.deprel and t.head != -1)
        others = Vocabulary.count(label for label in labels if label not in deprels.index)
        return cls(
            words=Vocabulary.count((t.form.lower() for t in tokens), least=rare_word),
            lemmas=Vocabulary.count((lemma(t.lemma) for t in tokens), least=rare_word),
            tags=Vocabulary.count(t.xpos or t.upos or UNKNOWN for t in tokens),
            suffixes=Vocabulary.count((suffix(t.form) for t in tokens), least=5),
            predicates=Vocabulary.count(
                (lemma(s.tokens[f.predicate].lemma) for s, f in frames), least=2
            ),
            labels=Vocabulary(deprels.items + others.items[1:]),
            roles=Vocabulary.count(
                (role.label for _, f in frames for role in f.roles), least=rare_role, first=NO_ROLE
            ),
        )

    def to_json(self) -> dict[str, list[str]]:
        """Lists of strings by name."""
        return {name: list(getattr(self, name).items) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, value: dict[str, list[str]]) -> SrlVocabulary:
        """The inverse of :meth:`to_json`.

        Raises:
            CheckpointError: a vocabulary is missing.
        """
        missing = [name for name in cls.__dataclass_fields__ if name not in value]
        if missing:
            raise CheckpointError(f"the checkpoint lacks the vocabularies {missing}")
        return cls(**{name: Vocabulary(tuple(value[name])) for name in cls.__dataclass_fields__})


def lemma(value: str | None) -> str:
    """A lemma in lower case; unknown where the file gives none."""
    return UNKNOWN if value is None else value.lower()
