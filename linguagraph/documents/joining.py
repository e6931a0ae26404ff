"""Sentences, and a file that says where their documents begin -> documents with chains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from linguagraph.documents.corefud import read_corefud
from linguagraph.documents.reading import read_documents
from linguagraph.documents.records import Chain, Document, Sentence
from linguagraph.documents.resolver.resolve import resolve
from linguagraph.errors import ConfigError, DocumentError

__all__ = ["COREFERENCE", "join_documents"]

COREFERENCE = ("rules", "given", "none")
"""Where chains come from: the bundled rules, CorefUD ``Entity=`` of the file, or nowhere."""


def join_documents(
    sentences: Iterable[Sentence],
    documents: str | Path,
    *,
    coreference: str = "rules",
    absent: Callable[[Sentence], None] = lambda sentence: None,
) -> Iterator[Document]:
    """Put sentences into the documents of another file, and give these chains.

    Args:
        sentences: in order; their tokens, trees and frames are kept, and so are their indices.
        documents: CoNLL-U file with the same sentences (the same forms) in the same order; it may
            have further ones, which are left out.
        coreference: one of :data:`COREFERENCE`; the rules read tags and trees of that file.
        absent: told of every sentence that is left out.

    Raises:
        ConfigError: unknown value of ``coreference``.
        DocumentError: the file cannot be read, or lacks a sentence; the message says which.
    """
    if coreference not in COREFERENCE:
        raise ConfigError(f"coreference={coreference!r}; expected one of {list(COREFERENCE)}")
    path = Path(documents)
    found = read_corefud(path) if coreference == "given" else read_documents(path, format="conllu")
    own = iter(sentences)
    wanted = next(own, None)
    for document in found:
        if coreference == "rules":
            document = resolve(document)
        places: dict[int, int] = {}
        joined: list[Sentence] = []
        for position, other in enumerate(document.sentences):
            if wanted is None or wanted.forms != other.forms:
                absent(other)
                continue
            places[position] = len(joined)
            joined.append(replace(wanted, document=document.id, paragraph=other.paragraph))
            wanted = next(own, None)
        chains = () if coreference == "none" else _projected(document.chains, places)
        if joined:
            yield Document(document.id, tuple(joined), chains=chains)
    if wanted is not None:
        raise DocumentError(
            f"lacks the sentence {' '.join(wanted.forms[:8])!r} (number {wanted.index} of the "
            "corpus), or has it earlier; both files must have their sentences in the same order",
            path=path,
        )


def _projected(chains: Iterable[Chain], places: dict[int, int]) -> tuple[Chain, ...]:
    """Chains without mentions in sentences that are left out; the others by their new places."""
    found = []
    for chain in chains:
        kept = [i for i, mention in enumerate(chain.mentions) if mention.sentence in places]
        mentions = tuple(
            replace(chain.mentions[i], sentence=places[chain.mentions[i].sentence]) for i in kept
        )
        links = tuple(
            replace(link, anaphor=kept.index(link.anaphor), antecedent=kept.index(link.antecedent))
            for link in chain.links
            if link.anaphor in kept and link.antecedent in kept
        )
        if mentions:
            found.append(Chain(chain.id, mentions, links))
    return tuple(found)
