"""Documents whose roles can only be known through a coreference edge to another sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from srl_tools import build_sentence, planted_sentences

from linguagraph.documents.records import Chain, Document, Mention

__all__ = ["linked_documents", "planted_documents"]

ROLES = {"Ann": "A0", "Bob": "A1", "Cem": "A2", "Dan": "A3"}
FILLERS = ("so", "then", "now", "here")


def planted_documents(count: int, *, seed: int) -> list[Document]:
    """Documents of random sentences (see ``srl_tools``) with random chains between them."""
    random = np.random.default_rng(seed)
    sentences = planted_sentences(4 * count, seed=seed)
    documents = []
    for number in range(count):
        part = tuple(sentences[4 * number : 4 * number + 4])
        heads = [(s, int(random.integers(len(part[s])))) for s in range(4)]
        chains = (
            Chain("a", tuple(Mention(s, (t,), t) for s, t in heads[:3])),
            Chain("b", (_mention(part, 1, heads[1][1] + 1), _mention(part, 3, 0))),
        )
        documents.append(Document(f"d{number}", part, chains=chains))
    return documents


def _mention(sentences: Sequence[object], sentence: int, token: int) -> Mention:
    place = token % len(sentences[sentence])  # type: ignore[arg-type]
    return Mention(sentence, (place,), place)


def linked_documents(count: int, *, seed: int) -> list[Document]:
    """Three sentences: two names, filler, and "it acts", whose "it" is A0 for Ann, A1 for Bob ...

    The names are drawn at random; the chain says which of them "it" is. There are four of them, as
    a mask may drop the edges of one: its baseline then stands for the role that is left.
    """
    random = np.random.default_rng(seed)
    documents = []
    for number in range(count):
        names = [str(name) for name in random.permutation(list(ROLES))[:2]]
        chosen = int(random.integers(2))
        word = str(random.choice(FILLERS))
        sentences = (
            build_sentence(
                [
                    (names[0], "NNP", 1, "nsubj"),
                    ("saw", "VBD", -1, "root"),
                    (names[1], "NNP", 1, "obj"),
                ],
                index=3 * number,
            ),
            build_sentence([(word, "RB", -1, "root")], index=3 * number + 1),
            build_sentence(
                [("it", "PRP", 1, "nsubj"), ("acts", "VBZ", -1, "root"), (word, "RB", 1, "advmod")],
                [(1, {0: ROLES[names[chosen]]})],
                index=3 * number + 2,
            ),
        )
        place = 2 * chosen
        chain = Chain("it", (Mention(0, (place,), place), Mention(2, (0,), 0)))
        documents.append(Document(f"d{number}", sentences, chains=(chain,)))
    return documents
