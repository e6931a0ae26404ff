"""Short lines -> documents with trees, and chains -> words, for the tests of the resolver.

A sentence is a text block with a word a line: form, UPOS, head (1-based, 0 the root), label, and,
where they matter, features. The lemma is the lower-case form unless the form is ``form/lemma``.
"""

from __future__ import annotations

from linguagraph.documents.records import Chain, Document, Mention, Sentence, Token


def sentence(block: str, *, document: str = "d", comments: tuple[str, ...] = ()) -> Sentence:
    """One sentence."""
    tokens = []
    for index, line in enumerate(block.strip().splitlines()):
        form, upos, head, deprel, *feats = line.split()
        word, _, lemma = form.partition("/") if len(form) > 1 else (form, "", "")
        tokens.append(
            Token(
                index=index,
                form=word,
                lemma=lemma or word.lower(),
                upos=upos,
                feats=feats[0] if feats else None,
                head=int(head) - 1,
                deprel=deprel,
            )
        )
    return Sentence(tuple(tokens), document=document, comments=comments)


def document(*blocks: str) -> Document:
    """A document of one sentence for each block."""
    return Document("d", tuple(sentence(block) for block in blocks))


def words(text: Document, mention: Mention) -> str:
    """The words of a mention."""
    return " ".join(text.sentences[mention.sentence].forms[token] for token in mention.tokens)


def chains(text: Document) -> list[list[str]]:
    """The words of the mentions of every chain."""
    return [[words(text, mention) for mention in chain.mentions] for chain in text.chains]


def links(text: Document) -> set[tuple[str, str, str]]:
    """Anaphor, antecedent and rule of every link, the mentions as words."""
    return {triple for chain in text.chains for triple in chain_links(text, chain)}


def chain_links(text: Document, chain: Chain) -> set[tuple[str, str, str]]:
    """As :func:`links`, for one chain."""
    return {
        (
            words(text, chain.mentions[link.anaphor]),
            words(text, chain.mentions[link.antecedent]),
            link.rule,
        )
        for link in chain.links
    }
