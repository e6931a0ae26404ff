"""Bundled samples -> batches of any size for the GPU benchmark, on machines with little installed.

Import this before anything of linguagraph: packages that only readers of other formats need, and
that the machine lacks, are stood in for by empty modules.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from linguagraph.documents.records import Sentence
    from linguagraph.models.batch import SrlExample

__all__ = ["cut", "lookalikes", "sample_sentences", "stand_in"]


def stand_in(*names: str) -> list[str]:
    """Empty modules for packages that are not installed; which they are."""
    missing = [name for name in names if importlib.util.find_spec(name.split(".")[0]) is None]
    for name in missing:
        module = _Empty(name)
        module.__path__ = []
        sys.modules[name] = module
    return missing


class _Empty(ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {})


stand_in("conllu", "conllu.exceptions", "conllu.parser", "conllu.models", "ijson")


def sample_sentences(corpus: Path | None = None) -> list[Sentence]:
    """Sentences of a corpus in CoNLL-2009, by default of the bundled sample."""
    from linguagraph.documents.conll09 import read_conll09
    from linguagraph.pretrained import sample_path

    return list(read_conll09(corpus or sample_path()))


def cut(examples: Sequence[SrlExample], tokens: int) -> list[list[SrlExample]]:
    """Batches of examples of like length, all but the last and emptiest, in mixed order."""
    import numpy as np

    from linguagraph.models.batch import in_order

    ordered = sorted(examples, key=len)
    runs = in_order([len(example) for example in ordered], tokens=tokens)
    runs = runs[:-1] if len(runs) > 1 else runs
    order = np.random.default_rng(0).permutation(len(runs))
    return [[ordered[i] for i in runs[place]] for place in order]


def lookalikes(sentences: Sequence[Sentence], count: int, *, seed: int = 0) -> list[Sentence]:
    """Random trees of a web treebank's sizes whose words and labels are as frequent as in a sample.

    Every token is one of the sample's, with its label; 2.2 predicates per sentence on average.
    """
    return list(_made(sentences, count, seed))


def _made(sentences: Sequence[Sentence], count: int, seed: int) -> Iterator[Sentence]:
    import numpy as np
    from harness import _tree

    from linguagraph.documents.records import Frame, Sentence

    random = np.random.default_rng(seed)
    pool = [token for sentence in sentences for token in sentence.tokens]
    roles = Counter(
        role.label for s in sentences for frame in s.frames for role in frame.roles
    ).most_common(12)
    sizes = np.clip(random.gamma(2.2, 25 / 2.2, count), 3, 60).astype(int)
    for index, size in enumerate(sizes):
        drawn = random.integers(0, len(pool), size)
        heads = _tree(int(size), random)
        tokens = tuple(
            replace(
                pool[at],
                index=place,
                head=heads[place],
                deprel="root" if heads[place] < 0 else pool[at].deprel,
            )
            for place, at in enumerate(drawn)
        )
        chosen = random.permutation(size)[: min(size, max(1, int(random.poisson(2.2))))]
        frames = tuple(
            Frame(int(p), f"{tokens[p].lemma}.01", _roles(int(p), heads, roles, random))
            for p in sorted(chosen)
        )
        yield Sentence(tokens, frames, index=index)


def _roles(
    predicate: int, heads: list[int], known: list[tuple[str, int]], random: np.random.Generator
) -> tuple[object, ...]:
    from linguagraph.documents.records import Role

    below = [place for place, head in enumerate(heads) if head == predicate]
    names = random.integers(0, len(known), len(below))
    return tuple(Role(place, known[number][0]) for place, number in zip(below, names, strict=True))
