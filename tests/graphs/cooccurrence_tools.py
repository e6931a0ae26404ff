"""Documents by hand or at random, and co-occurrence by its definition, with plain loops."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from linguagraph.documents.records import Chain, Document, Mention, Sentence, Token


def sentence(*words: str, paragraph: int | None = None) -> Sentence:
    """Words as ``form``, ``form/TAG`` or ``form/TAG/lemma``; without a tag they are nouns."""
    tokens = []
    for index, word in enumerate(words):
        form, tag, lemma = [*word.split("/"), "", ""][:3]
        tokens.append(Token(index, form, lemma or form, tag or "NOUN"))
    return Sentence(tuple(tokens), paragraph=paragraph)


def random_document(seed: int, *, sentences: int = 6, longest: int = 9, kinds: int = 7) -> Document:
    """Random words in paragraphs of one to three sentences, with random chains."""
    random = np.random.default_rng(seed)
    made, paragraph = [], 0
    for _ in range(int(random.integers(0, sentences + 1))):
        words = [
            f"{chr(97 + int(random.integers(kinds)))}/{('NOUN', 'DET')[int(random.random() < 0.3)]}"
            for _ in range(int(random.integers(1, longest + 1)))
        ]
        made.append(sentence(*words, paragraph=paragraph))
        paragraph += int(random.random() < 0.5)
    chains = []
    for number in range(3 if made else 0):
        places = sorted(
            (int(random.integers(len(made))), int(random.integers(100))) for _ in range(3)
        )
        mentions = tuple(Mention(s, (t % len(made[s]),), t % len(made[s])) for s, t in places)
        chains.append(Chain(f"c{number}", mentions))
    return Document(f"d{seed}", tuple(made), chains=tuple(chains))


Occurrence = tuple[int, str, int]
"""Token of the document, unit, window."""


def listed(document: Document, *, unit: str, window: str, keep: Sequence[str] | None) -> list:
    """All occurrences of a document, by definition."""
    found = set()
    for number, (offset, part) in enumerate(_with_offsets(document)):
        place = {"sentence": number, "paragraph": part.paragraph or 0}.get(window, 0)
        if unit == "lemma":
            for token in part.tokens:
                if keep is None or token.upos in keep:
                    found.add((offset + token.index, str(token.lemma), place))
        for chain in document.chains if unit != "lemma" else ():
            for mention in chain.mentions:
                head = document.sentences[mention.sentence].tokens[mention.head]
                name = f"{document.id}#{chain.id}" if unit == "chain" else str(head.lemma)
                if mention.sentence == number:
                    found.add((offset + mention.head, name, place))
    return sorted(found)


def _with_offsets(document: Document) -> Iterator[tuple[int, Sentence]]:
    offset = 0
    for part in document.sentences:
        yield offset, part
        offset += len(part)


def brute_counts(
    documents: Sequence[Document],
    *,
    unit: str,
    window: str,
    size: int,
    keep: Sequence[str] | None,
) -> tuple[Counter[tuple[str, str]], Counter[str], int]:
    """Counts of pairs (first < second), margins and N, by definition."""
    pairs: Counter[tuple[str, str]] = Counter()
    margins: Counter[str] = Counter()
    total = 0
    for document in documents:
        places = listed(document, unit=unit, window=window, keep=keep)
        if window == "tokens":
            for i, (a, x, _) in enumerate(places):
                for j, (b, y, _) in enumerate(places):
                    if i != j and abs(a - b) <= size:
                        margins[x] += 1
                        total += 1
                        pairs[x, y] += x < y
            continue
        held: dict[int, set[str]] = {}
        for _, x, place in places:
            held.setdefault(place, set()).add(x)
        total += _number_of_windows(document, window)
        for units in held.values():
            margins.update(units)
            pairs.update((x, y) for x in units for y in units if x < y)
    return Counter({k: v for k, v in pairs.items() if v}), margins, total


def _number_of_windows(document: Document, window: str) -> int:
    if window == "sentence":
        return len(document.sentences)
    if window == "paragraph":
        return len({part.paragraph for part in document.sentences})
    return int(bool(document.sentences))


def brute_graph(
    document: Document,
    scores: dict[tuple[str, str], float],
    *,
    unit: str,
    window: str,
    size: int,
    keep: Sequence[str] | None,
    minimum: float,
    top: int,
) -> dict[tuple[int, int], float]:
    """Linked pairs of tokens (earlier, later) with their scores, by definition."""
    places = listed(document, unit=unit, window=window, keep=keep)

    def together(one: Occurrence, other: Occurrence) -> bool:
        near = abs(one[0] - other[0]) <= size
        return near if window == "tokens" else one[2] == other[2]

    chosen: dict[tuple[int, int], float] = {}
    for one in places:
        partners = []
        for unit_name in {other[1] for other in places} - {one[1]}:
            score = scores.get((min(one[1], unit_name), max(one[1], unit_name)), 0.0)
            tokens = [o[0] for o in places if o[1] == unit_name and together(one, o)]
            if window == "tokens":
                tokens = [token for token in tokens if token != one[0]]
            if score > 0 and score >= minimum and tokens:
                nearest = min(tokens, key=lambda token: (abs(token - one[0]), token))
                partners.append((-score, unit_name, nearest))
        for negative, _, token in sorted(partners)[:top]:
            if token != one[0]:
                pair = (min(token, one[0]), max(token, one[0]))
                chosen[pair] = max(chosen.get(pair, -math.inf), -negative)
    degree: Counter[int] = Counter()
    kept = {}
    for pair in sorted(chosen, key=lambda p: (-chosen[p], p[1] - p[0], p)):
        if max(degree[pair[0]], degree[pair[1]]) < top:
            degree.update(pair)
            kept[pair] = chosen[pair]
    return kept
