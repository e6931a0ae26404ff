"""Mentions in the supports of a question: which strings, which roles, which words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linguagraph.documents.item_mentions import (
    BRIDGES,
    ROLES,
    ItemMentions,
    MentionConfig,
    find_item_mentions,
    short_key,
)
from linguagraph.documents.wikihop import WikihopItem
from linguagraph.documents.words import date_keys, split_words, word_keys
from linguagraph.errors import ConfigError

Chains = tuple[tuple[tuple[int, int], ...], ...]


def ask(
    supports: Sequence[str],
    candidates: Sequence[str] = ("nowhere", "nothing"),
    subject: str = "nobody",
    **more: Any,
) -> WikihopItem:
    return WikihopItem("q", f"asks {subject}", tuple(candidates), tuple(supports), None, **more)


def find(item: WikihopItem, bridges: str = "none", **more: Any) -> ItemMentions:
    return find_item_mentions(item, MentionConfig(bridges=bridges), **more)


def told(found: ItemMentions, role: str | None = None) -> list[tuple[int, str, int]]:
    """Support, text and candidate of each mention, of one role or of all."""
    return [
        (m.support, found.text(m), m.candidate) for m in found.mentions if role in (None, m.role)
    ]


def marked(*groups: Sequence[str]) -> Callable[[str], Chains]:
    """Chains of the first occurrences of given strings, in a text that has all of them."""

    def chains(text: str) -> Chains:
        return tuple(
            tuple((text.index(s), text.index(s) + len(s)) for s in group)
            for group in groups
            if all(s in text for s in group)
        )

    return chains


class TestCandidatesAndSubject:
    def test_strings_are_compared_without_case_accents_and_punctuation(self) -> None:
        supports = ("Élan-Vries, or ELAN VRIES, is not Elanvries.", "Ask elan  «vries».")
        found = find(ask(supports, ("elan vries", "x")))
        assert told(found) == [
            (0, "Élan-Vries", 0),
            (0, "ELAN VRIES", 0),
            (1, "elan  «vries", 0),
        ]
        assert {m.key for m in found.mentions} == {"elan vries"}
        assert {m.role for m in found.mentions} == {"candidate"}

    def test_further_forms_of_a_candidate_count(self) -> None:
        forms = {"gullholm island": ("Gullholm", "the Gull Rock")}
        item = ask(("Gullholm, or the gull rock, is Gullholm Island.",), ("gullholm island", "x"))
        plain = find(item)
        assert told(plain) == [(0, "Gullholm Island", 0)]
        other = ask(item.supports, item.candidates, forms=forms)
        assert [text for _, text, _ in told(find(other))] == [
            "Gullholm",
            "the gull rock",
            "Gullholm Island",
        ]
        assert {m.candidate for m in find(other).mentions} == {0}

    def test_dates_are_compared_by_value(self) -> None:
        supports = ("Born March 7th, 1907.", "7 Mar 1907 or 8 March 1907; March 1907.")
        found = find(ask(supports, ("7 march 1907", "march 8, 1907")))
        assert told(found) == [
            (0, "March 7th, 1907", 0),
            (1, "7 Mar 1907", 0),
            (1, "8 March 1907", 1),
        ]
        assert [m.key for m in found.mentions] == ["1907-03-07", "1907-03-07", "1907-03-08"]

    def test_a_year_alone_is_no_date(self) -> None:
        found = find(ask(("In 1907, and on 7 March 1907.",), ("1907", "x")))
        assert [text for _, text, _ in told(found)] == ["1907", "1907"]

    def test_the_subject_is_found_and_is_no_candidate(self) -> None:
        found = find(ask(("The Tall Ferry sank. The ferry did.",), subject="the tall ferry"))
        assert told(found, "subject") == [(0, "The Tall Ferry", -1)]

    def test_of_overlapping_strings_the_longest_is_taken(self) -> None:
        item = ask(("North Varn Bay, then Varn alone.",), ("varn", "north varn"), "varn bay")
        assert told(find(item)) == [(0, "North Varn", 1), (0, "Varn", 0)]

    def test_a_candidate_that_would_have_no_mention_keeps_those_within_longer_ones(self) -> None:
        item = ask(("North Varn Bay.", "Upper North Varn."), ("varn", "upper north varn"))
        assert told(find(item)) == [(0, "Varn", 0), (1, "Upper North Varn", 1)]
        lost = ask(("North Varn Bay.",), ("varn", "north varn bay"))
        assert told(find(lost)) == [(0, "North Varn Bay", 1), (0, "Varn", 0)]

    def test_of_candidates_with_the_same_words_the_first_has_the_mentions(self) -> None:
        assert told(find(ask(("St. Orm",), ("st orm", "st. orm")))) == [(0, "St. Orm", 0)]

    def test_masked_candidates_are_words(self) -> None:
        supports = ("___MASK7___ lies in ___MASK12___, not ___MASK1___ 2.",)
        found = find(ask(supports, ("___MASK7___", "___MASK12___", "___MASK2___")), "all")
        assert told(found) == [(0, "___MASK7___", 0), (0, "___MASK12___", 1)]

    def test_gold_annotation_is_not_looked_at(self) -> None:
        item = ask(("Tarn Hollow is here.",), ("tarn hollow", "x"))
        answered = WikihopItem(item.id, item.query, item.candidates, item.supports, "x")
        assert find(item).mentions == find(answered).mentions


class TestBridges:
    SUPPORTS = (
        "Prince Jaro Felt wrote to Mira of Ostwick. Kell Lund read it.",
        "Jaro Felt was seen. In Ostwick, the mayor of Ostwick slept.",
        "The mayor met Mira Ostwick.",
    )

    def texts(self, bridges: str) -> list[tuple[int, str, int]]:
        return told(find(ask(self.SUPPORTS), bridges), "bridge")

    def test_linked_ones_occur_in_two_supports_under_their_short_names(self) -> None:
        names = [(s, text) for s, text, _ in self.texts("linked")]
        assert names == [
            (0, "Prince Jaro Felt"),
            (0, "Mira of Ostwick"),
            (1, "Jaro Felt"),
            (2, "Mira Ostwick"),
        ]

    def test_all_and_none(self) -> None:
        assert [text for _, text, _ in self.texts("all")] == [
            *("Prince Jaro Felt", "Mira of Ostwick", "Kell Lund"),
            *("Jaro Felt", "Ostwick", "Ostwick", "Mira Ostwick"),
        ]
        assert self.texts("none") == []

    def test_a_name_that_is_a_candidate_links_a_bridge_elsewhere(self) -> None:
        item = ask(("Count Bo Harrow sang.", "Bo Harrow slept."), ("bo harrow", "x"))
        found = find(item, "linked")
        assert [(m.role, found.text(m)) for m in found.mentions] == [
            ("bridge", "Count Bo Harrow"),
            ("candidate", "Bo Harrow"),
            ("candidate", "Bo Harrow"),
        ]

    def test_words_at_the_beginning_of_sentences_are_no_names(self) -> None:
        supports = ("However, Winter came. They left in May. The winter was long. On Monday.",)
        assert told(find(ask(supports), "all")) == []

    def test_given_entities_take_the_place_of_capitalised_words(self) -> None:
        item = ask(("the old mill burned; Kell Lund saw it.", "the old mill"))

        def entities(text: str) -> list[tuple[int, int]]:
            at = text.index("old mill")
            return [(at, at + 8), (len(text) + 5, len(text) + 9)]

        found = find(item, "linked", entities=entities)
        assert told(found) == [(0, "old mill", -1), (1, "old mill", -1)]

    def test_an_entity_that_cuts_words_is_widened_to_them(self) -> None:
        found = find(ask(("see Ostwickshire now",)), "all", entities=lambda text: [(6, 9)])
        assert told(found) == [(0, "Ostwickshire", -1)]

    def test_an_entity_is_one_bridge_however_often_it_is_given(self) -> None:
        spans = [(4, 8), (4, 16), (4, 16)]
        found = find(ask(("see Ostwickshire now",)), "all", entities=lambda text: spans)
        assert told(found) == [(0, "Ostwickshire", -1)]

    @pytest.mark.parametrize(
        ("key", "short"),
        [
            ("prince jaro felt", "jaro felt"),
            ("edla james orrin", "edla orrin"),
            ("sir dr felt", "felt"),
            ("sir", "sir"),
            ("jaro felt", "jaro felt"),
            ("", ""),
        ],
    )
    def test_short_names(self, key: str, short: str) -> None:
        assert short_key(key) == short


class TestCoreference:
    TEXT = "Ida Tolk came. She sat. The tall woman in grey left. She wept. Her dog barked."

    def find(self, config: MentionConfig, *strings: str) -> ItemMentions:
        return find_item_mentions(
            ask((self.TEXT,), ("ida tolk", "x")), config, chains=marked(strings)
        )

    def test_what_corefers_is_added_with_the_chain_and_its_candidate(self) -> None:
        found = self.find(MentionConfig(bridges="none"), "Ida Tolk", "She", "Her")
        assert [(found.text(m), m.role, m.candidate, m.chain) for m in found.mentions] == [
            ("Ida Tolk", "candidate", 0, 0),
            ("She", "coreferent", 0, 0),
            ("Her", "coreferent", 0, 0),
        ]

    def test_so_many_of_a_chain_and_none_too_long(self) -> None:
        names = ("Ida Tolk", "She", "The tall woman in grey", "Her")
        one = self.find(MentionConfig(bridges="none", per_chain=1), *names)
        assert [text for _, text, _ in told(one)] == ["Ida Tolk", "She"]
        three = self.find(MentionConfig(bridges="none", per_chain=3), *names)
        assert [text for _, text, _ in told(three)] == ["Ida Tolk", "She", "Her"]
        long = self.find(MentionConfig(bridges="none", per_chain=3, longest=5), *names)
        assert told(long)[2][1] == "The tall woman in grey"

    def test_chains_can_be_given_without_further_mentions(self) -> None:
        found = self.find(MentionConfig(bridges="none", coreferent=False), "Ida Tolk", "She")
        assert [(found.text(m), m.chain) for m in found.mentions] == [("Ida Tolk", 0)]

    def test_a_chain_of_nothing_asked_for_adds_nothing(self) -> None:
        found = self.find(MentionConfig(bridges="none"), "She", "Her")
        assert [(found.text(m), m.chain) for m in found.mentions] == [("Ida Tolk", -1)]

    def test_a_chain_with_two_candidates_gives_its_pronouns_none(self) -> None:
        item = ask(("Ida Tolk, Queen Ida, and she.",), ("ida tolk", "queen ida"))
        found = find(item, chains=marked(("Ida Tolk", "Queen Ida", "she")))
        assert told(found, "coreferent") == [(0, "she", -1)]

    def test_a_name_that_is_most_of_a_phrase_stands_for_it_and_a_smaller_part_not(self) -> None:
        text = "The old Tolk family left. They wept. A Belgian builder stayed. He slept."
        chains = marked(("The old Tolk family", "They"), ("A Belgian builder", "He"))
        whole = find(ask((text,), ("old tolk family", "x")), chains=chains)
        told_of = [(whole.text(m), m.chain) for m in whole.mentions]
        assert told_of == [("old Tolk family", 0), ("They", 0)]
        part = find(ask((text,), ("belgian", "x")), chains=chains)
        assert [(part.text(m), m.chain) for m in part.mentions] == [("Belgian", -1)]

    def test_chains_of_supports_have_different_numbers(self) -> None:
        item = ask(("Ida Tolk slept, she did.", "Ida Tolk woke, she did."), ("ida tolk", "x"))
        found = find(item, chains=marked(("Ida Tolk", "she")))
        assert [m.chain for m in found.mentions] == [0, 0, 1, 1]


def test_unknown_values_are_refused() -> None:
    with pytest.raises(ConfigError, match="bridges='some'; expected one of"):
        MentionConfig(bridges="some")
    with pytest.raises(ConfigError, match="longest=0, per_chain=2"):
        MentionConfig(longest=0)
    assert MentionConfig(**MentionConfig(longest=3).to_json()) == MentionConfig(longest=3)


@pytest.mark.parametrize("text", ["", " \n\t", "\x00\x1b", "...", "\u0301\u0301", "ͺ", "Ͷ\u0301A"])
def test_hostile_and_empty_supports(text: str) -> None:
    item = ask((text, f"Orm Dale {text}", text), ("orm dale", text or "x"), text or "y")
    found = find(item, "all", chains=lambda text: (((0, len(text)), (0, 10**6), (5, 2)),))
    assert (1, "Orm Dale", 0) in told(found)
    assert len(found.words) == 3


words_ = st.sampled_from(
    [
        *("Orm", "Dale", "orm", "Sir", "of", "the", "The", "Ötz", "-", ".", ",", "’", "He", "he"),
        *("7", "March", "1907", "07th", "march", "___MASK3___", "_", "\u0301", "ﷺ", "½", "İ", "ͺ"),
    ]
)
texts = st.lists(words_, max_size=14).map(" ".join) | st.text(max_size=40)
spans = st.lists(st.tuples(st.integers(-3, 60), st.integers(-3, 60)), max_size=4).map(tuple)


def keys(text: str) -> set[str]:
    """Normal forms of a text: its words, and its date."""
    words = word_keys(text, split_words(text))
    return {" ".join(key for key in words if key), *(value for _, _, value in date_keys(words))}


@settings(max_examples=200)
@given(
    supports=st.lists(texts, min_size=1, max_size=4),
    names=st.lists(texts, min_size=2, max_size=4, unique=True),
    subject=texts,
    bridges=st.sampled_from(BRIDGES),
    chains=st.none() | st.lists(spans, max_size=3).map(tuple),
    entities=st.none() | spans,
)
def test_mentions_lie_in_the_text_and_have_its_key(
    supports: list[str],
    names: list[str],
    subject: str,
    bridges: str,
    chains: Chains | None,
    entities: tuple[tuple[int, int], ...] | None,
) -> None:
    item = ask(supports, names, subject)
    found = find(
        item,
        bridges,
        chains=None if chains is None else lambda text: chains,
        entities=None if entities is None else lambda text: entities,
    )
    places = [(m.support, m.start, m.end) for m in found.mentions]
    assert places == sorted(places)
    for mention in found.mentions:
        start, end = found.span(mention)
        assert 0 <= start < end <= len(supports[mention.support])
        assert mention.key in keys(found.text(mention))
        assert mention.role in ROLES
        assert (mention.role == "candidate") <= (0 <= mention.candidate < len(names))
        if mention.role == "candidate":
            assert keys(names[mention.candidate]) & keys(found.text(mention))
        if mention.role == "coreferent":
            assert mention.chain >= 0
