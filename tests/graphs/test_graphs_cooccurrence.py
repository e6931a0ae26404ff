"""Counts of pairs per window, their margins and N: by hand and against plain loops."""

from __future__ import annotations

import pytest
from cooccurrence_tools import brute_counts, random_document, sentence
from hypothesis import given, settings
from hypothesis import strategies as st

from linguagraph.documents.records import Chain, Document, Mention, Sentence, Token
from linguagraph.errors import ConfigError, DocumentError
from linguagraph.graphs import cooccurrence as module
from linguagraph.graphs.cooccurrence import Cooccurrence, count_cooccurrences
from linguagraph.graphs.occurrences import UNITS, WINDOWS, Scheme, entity_name, occurrences

ALL = (
    Document("one", (sentence("a", "b", "a"), sentence("b", "c")), text=None),
    Document("two", (sentence("a", "the/DET", "c"),)),
)


def counted(found: Cooccurrence) -> dict[tuple[str, str], int]:
    """Counts by the names of the units."""
    first, second = found.pairs.tolist()
    names = found.units
    return {
        (names[a], names[b]): int(n) for a, b, n in zip(first, second, found.counts, strict=True)
    }


def margins(found: Cooccurrence) -> dict[str, int]:
    return dict(zip(found.units, found.occurrences.tolist(), strict=True))


def test_sentences_that_hold_both_units_are_counted_once_each() -> None:
    found = count_cooccurrences(ALL)
    assert found.units == ("a", "b", "c")
    assert counted(found) == {("a", "b"): 1, ("b", "c"): 1, ("a", "c"): 1}
    assert margins(found) == {"a": 2, "b": 2, "c": 2}
    assert found.frequencies.tolist() == [3, 2, 2]
    assert (found.windows, found.documents, found.tokens) == (3, 2, 8)


def test_documents_are_windows_too() -> None:
    found = count_cooccurrences(ALL, window="document")
    assert counted(found) == {("a", "b"): 1, ("a", "c"): 2, ("b", "c"): 1}
    assert found.windows == 2


def test_token_windows_count_ordered_cases_across_sentences_but_not_documents() -> None:
    found = count_cooccurrences(ALL, window="tokens", size=1)
    # a b a | b c   ||   a the c: neighbours at distance 1 are ab, ba, ab, bc; none in document two
    assert counted(found) == {("a", "b"): 3, ("b", "c"): 1}
    assert margins(found) == {"a": 3, "b": 4, "c": 1}
    assert found.windows == 8
    # at distance 2 also aa (which no pair lists), bb, ac and, over the article, ac
    wider = count_cooccurrences(ALL, window="tokens", size=2)
    assert counted(wider) == {("a", "b"): 3, ("b", "c"): 1, ("a", "c"): 2}
    assert margins(wider) == {"a": 7, "b": 6, "c": 3}
    assert wider.windows == 16


def test_paragraphs_need_to_be_known() -> None:
    parts = (sentence("a", paragraph=0), sentence("b", paragraph=0), sentence("c", paragraph=1))
    found = count_cooccurrences([Document("d", parts)], window="paragraph")
    assert counted(found) == {("a", "b"): 1}
    assert found.windows == 2
    with pytest.raises(DocumentError, match=r"'one' does not say where its paragraphs are"):
        count_cooccurrences(ALL, window="paragraph")


def test_parts_of_speech_decide_and_penn_tags_stand_in() -> None:
    penn = Sentence(
        tuple(
            Token(i, form, form.lower(), None, tag)
            for i, (form, tag) in enumerate(
                [("Dogs", "NNS"), ("will", "MD"), ("bark", "VB"), ("in", "IN"), ("Rome", "NNP")]
            )
        )
    )
    found = occurrences(Document("d", (penn,)), Scheme())
    assert found.names == ["dogs", "bark", "rome"]
    assert found.tokens == [0, 2, 4]
    assert occurrences(Document("d", (penn,)), Scheme(keep=("PROPN",))).names == ["rome"]
    assert len(occurrences(Document("d", (penn,)), Scheme(keep=None)).names) == 5
    bare = Document("d", (Sentence((Token(0, "Hm", upos="NOUN"),)),))
    assert occurrences(bare, Scheme()).names == ["hm"]


def chained() -> Document:
    parts = (
        sentence("old/ADJ", "Ada/PROPN", "Lovelace/PROPN", "met/VERB/meet", "a/DET", "man/NOUN"),
        sentence("She/PRON/she", "saw/VERB/see", "him/PRON/he"),
    )
    ada = Chain("e1", (Mention(0, (0, 1, 2), 1), Mention(1, (0,), 0)))
    man = Chain("e2", (Mention(0, (4, 5), 5), Mention(1, (2,), 2)))
    it = Chain("e3", (Mention(1, (0, 1), 0),))
    return Document("d", parts, chains=(ada, man, it))


def test_entities_are_named_for_their_best_mention() -> None:
    document = chained()
    names = [entity_name(document, chain) for chain in document.chains]
    assert names == ["Ada Lovelace", "man", "she"]
    assert entity_name(document, Chain("empty", ())) == "empty"


def test_entities_chains_and_mentions_stand_at_the_heads_of_mentions() -> None:
    entity = occurrences(chained(), Scheme(unit="entity"))
    assert entity.names == ["Ada Lovelace", "man", "Ada Lovelace", "she", "man"]
    assert entity.tokens == [1, 5, 6, 6, 8]
    assert entity.windows == [0, 0, 1, 1, 1]
    chain = occurrences(chained(), Scheme(unit="chain"))
    assert chain.names == ["d#e1", "d#e2", "d#e1", "d#e3", "d#e2"]
    mention = occurrences(chained(), Scheme(unit="mention"))
    assert mention.names == ["Ada", "man", "she", "he"]  # two chains, one head, one lemma
    both = count_cooccurrences([chained()], unit="entity")
    assert counted(both)["Ada Lovelace", "man"] == 2


def test_rare_units_and_pairs_are_left_out_but_margins_stay() -> None:
    full = count_cooccurrences(ALL, window="tokens", size=2)
    part = count_cooccurrences(ALL, window="tokens", size=2, min_occurrences=3)
    assert part.units == ("a",)
    assert margins(part) == {"a": margins(full)["a"]}
    assert part.windows == full.windows
    assert counted(count_cooccurrences(ALL, window="document", min_count=2)) == {("a", "c"): 2}
    assert counted(count_cooccurrences(ALL, window="tokens", min_count=3, size=1)) == {
        ("a", "b"): 3
    }


@pytest.mark.parametrize("window", WINDOWS)
def test_nothing_gives_nothing(window: str) -> None:
    for corpus in ([], [Document("empty")]):
        found = count_cooccurrences(corpus, window=window)
        assert (found.units, found.windows, found.pairs.shape) == ((), 0, (2, 0))
        assert len(found.counts) == 0


def test_options_that_do_not_exist_are_named() -> None:
    with pytest.raises(ConfigError, match=r"unit='word'; expected one of \['lemma'"):
        count_cooccurrences(ALL, unit="word")
    with pytest.raises(ConfigError, match=r"window='page'"):
        count_cooccurrences(ALL, window="page")
    with pytest.raises(ConfigError, match="size=0"):
        count_cooccurrences(ALL, window="tokens", size=0)


@pytest.mark.parametrize("window", ["document", "tokens"])
def test_too_many_pairs_are_refused_before_memory_runs_out(window: str) -> None:
    with pytest.raises(ConfigError, match="more than 2 distinct pairs; raise min_count"):
        count_cooccurrences(ALL, window=window, max_pairs=2)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != "entity"])
@settings(max_examples=12, deadline=None)
@given(
    seeds=st.lists(st.integers(0, 10_000), max_size=4, unique=True),
    size=st.integers(1, 6),
    keep=st.sampled_from([("NOUN",), None]),
    block=st.sampled_from([4, 1 << 22]),
)
def test_counts_margins_and_n_are_those_of_plain_loops(
    window: str, unit: str, seeds: list[int], size: int, keep: tuple[str, ...] | None, block: int
) -> None:
    corpus = [random_document(seed) for seed in seeds]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        found = count_cooccurrences(iter(corpus), unit=unit, window=window, size=size, keep=keep)
    pairs, wanted, total = brute_counts(corpus, unit=unit, window=window, size=size, keep=keep)
    assert counted(found) == pairs
    assert {k: v for k, v in margins(found).items() if v} == wanted
    assert found.windows == total
    first, second = found.pairs
    assert (first < second).all()
    assert sorted(counted(found)) == list(counted(found))
