"""Stanza's coreference output mapped to chains: recorded by hand, and with Stanza's own classes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from linguagraph.documents.records import Document, Link, Mention, Sentence, Token
from linguagraph.documents.stanza_coref import REPRESENTATIVE, with_stanza_chains
from linguagraph.errors import DocumentError


def sentence(*rows: tuple[str, int]) -> Sentence:
    return Sentence(tuple(Token(i, form, head=head) for i, (form, head) in enumerate(rows)))


TEXT = (
    sentence(("Barack", 3), ("Obama", 0), ("was", 3), ("born", -1), ("in", 5), ("Hawaii", 3)),
    sentence(("He", 2), ("later", 2), ("left", -1), ("the", 4), ("island", 2)),
)
OURS = Document("d", TEXT)


def mention(sentence: int, start: object, end: object) -> SimpleNamespace:
    return SimpleNamespace(sentence=sentence, start_word=start, end_word=end)


def recorded(*chains: SimpleNamespace) -> SimpleNamespace:
    words = [SimpleNamespace(words=list(sentence.forms)) for sentence in TEXT]
    return SimpleNamespace(sentences=words, coref=list(chains))


def chain(index: int, representative: int | None, *mentions: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(
        index=index, mentions=list(mentions), representative_index=representative
    )


def test_chains_get_heads_links_and_the_order_of_the_text() -> None:
    found = with_stanza_chains(
        OURS,
        recorded(
            chain(0, 0, mention(1, 3, 5), mention(0, 5, 6)),
            chain(1, 0, mention(0, 0, 2), mention(1, 0, 1)),
        ),
    )
    assert found.sentences == TEXT
    obama, hawaii = found.chains
    assert obama.id == "e2"
    assert obama.mentions == (
        Mention(0, (0, 1), 0, attributes=(REPRESENTATIVE,)),
        Mention(1, (0,), 0),
    )
    assert obama.links == (Link(1, 0, "stanza"),)
    assert hawaii.mentions == (
        Mention(0, (5,), 5),
        Mention(1, (3, 4), 4, attributes=(REPRESENTATIVE,)),
    )


def test_zero_pronouns_make_no_mention_and_repeated_mentions_one() -> None:
    zero = mention(1, (0, 1), (0, 1))
    found = with_stanza_chains(
        OURS,
        recorded(
            chain(0, None, zero),
            chain(1, 2, zero, mention(1, 0, 1), mention(1, 0, 1)),
        ),
    )
    (only,) = found.chains
    assert only.mentions == (Mention(1, (0,), 0, attributes=(REPRESENTATIVE,)),)
    assert only.links == ()


def test_no_chains_replace_those_that_were_there() -> None:
    first = with_stanza_chains(OURS, recorded(chain(0, 0, mention(0, 5, 6))))
    assert with_stanza_chains(first, recorded()).chains == ()


@pytest.mark.parametrize("place", [(2, 0, 1), (0, 5, 7), (0, 3, 3), (-1, 0, 1)])
def test_a_mention_outside_the_document_is_refused(place: tuple[int, int, int]) -> None:
    with pytest.raises(DocumentError, match=r"chain 4 has a mention of words"):
        with_stanza_chains(OURS, recorded(chain(4, 0, mention(*place))))


def test_another_parse_is_refused() -> None:
    other = recorded()
    other.sentences.pop()
    with pytest.raises(DocumentError, match="2 sentences and 11 words, Stanza's has 1 and 6"):
        with_stanza_chains(OURS, other)


def test_stanzas_own_classes() -> None:
    doc = pytest.importorskip("stanza.models.common.doc")
    chains = pytest.importorskip("stanza.models.coref.coref_chain")
    parsed = doc.Document([[{"id": t.index + 1, "text": t.form} for t in s.tokens] for s in TEXT])
    assert with_stanza_chains(OURS, parsed).chains == ()
    spans = [chains.CorefMention(0, 0, 2), chains.CorefMention(1, 0, 1)]
    parsed.coref = [chains.CorefChain(0, spans, "Barack Obama", 0)]
    attachment = parsed.sentences[1].words[0].coref_chains[0]
    assert attachment.chain.representative_text == "Barack Obama"
    (only,) = with_stanza_chains(OURS, parsed).chains
    assert [m.tokens for m in only.mentions] == [(0, 1), (0,)]
    assert only.mentions[0].attributes == (REPRESENTATIVE,)
