"""An English document with trees -> the document with coreference chains, by ordered rules.

How good the chains are is measured on GUM's dev documents with gold trees; the rules were made
while reading one half of them, and of the other half only the scores were seen. The figures, the
held-out half's among them, are in ``pretrained/coreference-en/scores.json`` (:func:`known_scores`).
They hold for gold trees only.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from linguagraph import pretrained
from linguagraph.documents.conllu_parser import comment_value
from linguagraph.documents.records import Chain, Document, Link, Mention
from linguagraph.documents.resolver.discourse import Discourse
from linguagraph.documents.resolver.mentions import Candidate
from linguagraph.documents.resolver.passes import PASSES
from linguagraph.documents.resolver.view import SentenceView
from linguagraph.errors import ConfigError

__all__ = ["Resolution", "known_scores", "resolve", "resolve_traced"]

_NEVER_ALONE = ("coordination", "clause", "expletive")


@dataclass(frozen=True)
class Resolution:
    """A resolved document and what it cost.

    Attributes:
        document: the document with its chains.
        mentions: mentions found, singletons among them.
        comparisons: antecedents looked at, by pass.
    """

    document: Document
    mentions: int
    comparisons: Mapping[str, int]


def resolve(
    document: Document,
    *,
    passes: Sequence[str] | None = None,
    singletons: bool = False,
    turns: bool = False,
) -> Document:
    """Find the coreference chains of an English document.

    Only words, lemmas, tags, features and trees are read; universal tags and features may be
    missing where Penn tags are given. Sentences without a tree have no mentions. The same document
    always gives the same chains, whatever chains it had; time is near linear in its length.

    Args:
        document: sentences with UD trees (or those of CoNLL-2009, with fewer mentions found).
        passes: names of the passes to run, in any order; ``None`` runs all of ``PASSES``.
        singletons: also give mentions that corefer with nothing, as chains of one mention.
        turns: take speakers from the sentences' ``# speaker = NAME`` comments, where there are any.

    Returns:
        The document with ``chains`` in the order of their first mentions. Every mention of a chain
        but one has one link; ``Link.rule`` is the name of the pass that made it.

    Raises:
        ConfigError: an unknown pass.
    """
    return resolve_traced(document, passes=passes, singletons=singletons, turns=turns).document


def resolve_traced(
    document: Document,
    *,
    passes: Sequence[str] | None = None,
    singletons: bool = False,
    turns: bool = False,
) -> Resolution:
    """As :func:`resolve`, with the number of mentions and of antecedents looked at."""
    chosen = set(PASSES if passes is None else passes)
    unknown = sorted(chosen - set(PASSES))
    if unknown:
        raise ConfigError(f"no coreference pass {unknown[0]!r}; there are {', '.join(PASSES)}")
    views = [SentenceView.of(sentence) for sentence in document.sentences]
    discourse = Discourse(views, turns=_turns(document) if turns else None)
    for name, link in PASSES.items():
        if name in chosen:
            link(discourse)
    return Resolution(
        replace(document, chains=_chains(discourse, singletons=singletons)),
        len(discourse.mentions),
        dict(discourse.entities.comparisons),
    )


def known_scores() -> dict[str, Any]:
    """The scores that the resolver is known to have, as ``bench_coreference.py`` wrote them.

    Keys: ``corpus``, ``trees``, ``match`` ...; ``overall``, ``development``, ``held_out`` and
    ``given_speakers`` (``turns=True``), each with ``conll``, ``muc``, ``b_cubed``, ``ceaf_e`` and
    ``mentions``; ``anaphors`` by type; ``passes`` with the number and precision of their links. All
    scores are from 0 to 1.
    """
    path = Path(pretrained.__file__).parent / "coreference-en" / "scores.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _turns(document: Document) -> list[str]:
    """Name of the speaker of every sentence, empty where no comment tells."""
    return [
        next((v for c in s.comments if (v := comment_value(c, "speaker")) is not None), "")
        for s in document.sentences
    ]


def _chains(discourse: Discourse, *, singletons: bool) -> tuple[Chain, ...]:
    entities = discourse.entities
    links: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for link in entities.links:
        links[entities.entity(link[0])].append(link)
    chains: list[Chain] = []
    for mention in discourse.mentions:
        members = sorted(entities.members(mention.order))
        alone = len(members) == 1 and (not singletons or mention.kind in _NEVER_ALONE)
        if alone or members[0] != mention.order:
            continue
        place = {order: position for position, order in enumerate(members)}
        made = [Link(place[a], place[b], rule) for a, b, rule in links[entities.entity(members[0])]]
        type_ = entities.type(mention.order)
        chains.append(
            Chain(
                f"e{len(chains) + 1}",
                tuple(_mention(discourse.mentions[order], type_) for order in members),
                tuple(sorted(made, key=lambda link: (link.anaphor, link.antecedent))),
            )
        )
    return tuple(chains)


def _mention(candidate: Candidate, type_: str | None) -> Mention:
    return Mention(
        sentence=candidate.sentence,
        tokens=tuple(range(candidate.start, candidate.end)),
        head=candidate.head,
        type=type_,
    )
