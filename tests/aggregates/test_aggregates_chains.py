import pytest

from linguagraph.aggregates.chains import LONGEST, chain_numbers, chain_statistics, mention_text
from linguagraph.documents.records import Chain, Document, Link, Mention, Sentence, Token


def sentence(*words: tuple[str, str]) -> Sentence:
    return Sentence(tuple(Token(i, form, upos=upos) for i, (form, upos) in enumerate(words)))


DOCUMENT = Document(
    "letter",
    (
        sentence(("Ann", "PROPN"), ("Lee", "PROPN"), ("saw", "VERB"), ("dogs", "NOUN")),
        sentence(("She", "PRON"), ("fed", "VERB"), ("them", "PRON"), ("herself", "PRON")),
    ),
    None,
    (
        Chain("x", (Mention(0, (0, 1), 0, "person"),)),
        Chain(
            "ann",
            (Mention(0, (0, 1), 0, "person"), Mention(1, (0,), 0, "person"), Mention(1, (3,), 3)),
            (Link(1, 0, "pronoun"), Link(2, 1, "pronoun")),
        ),
        Chain("dogs", (Mention(0, (3,), 3), Mention(1, (2,), 2)), (Link(1, 0, "exact"),)),
    ),
)


def test_chains_are_numbered_without_singletons() -> None:
    assert chain_numbers(DOCUMENT) == {1: 1, 2: 2}


def test_chains_mentions_and_links_counted_by_hand() -> None:
    found = chain_statistics(iter([DOCUMENT, Document("empty", DOCUMENT.sentences)]))
    assert (found.documents, found.chains, found.mentions, found.singletons) == (1, 2, 5, 1)
    assert (found.sentences, found.crossing) == (4, 2)
    assert found.sizes[["mentions", "n", "share"]].values.tolist() == [["2", 1, 0.5], ["3", 1, 0.5]]
    assert found.types.to_dict("list") == {
        "mention_type": ["pronoun", "proper", "nominal"],
        "n": [3, 2, 1],
        "share": [0.5, pytest.approx(1 / 3), pytest.approx(1 / 6)],
        "in_chain": [1, 0.5, 1],
    }
    assert found.entities.values.tolist() == [["person", 3, 1.0, pytest.approx(2 / 3)]]
    assert found.rules.values.tolist() == [
        ["pronoun", 2, pytest.approx(2 / 3), 0.5],
        ["exact", 1, pytest.approx(1 / 3), 1.0],
    ]
    assert found.longest.values.tolist() == [
        ["letter", 1, 3, 2, "Ann Lee", "pronoun 2, proper 1"],
        ["letter", 2, 2, 2, "dogs", "pronoun 1, nominal 1"],
    ]


def test_of_many_chains_the_longest_and_then_the_first_are_named() -> None:
    text = Sentence(tuple(Token(i, f"w{i}", upos="NOUN") for i in range(200)))
    chains = [
        Chain(
            str(n), tuple(Mention(0, (3 * n + i,), 3 * n + i) for i in range(3 if n == 40 else 2))
        )
        for n in range(60)
    ]
    found = chain_statistics([Document("d", (text,), chains=tuple(chains))])
    assert found.chains == 60
    assert len(found.longest) == LONGEST
    assert found.longest["chain"].tolist() == [41, *range(1, LONGEST)]


def test_text_of_a_mention_shows_gaps_and_is_cut() -> None:
    assert mention_text(DOCUMENT, Mention(0, (0, 3), 0)) == "Ann … dogs"
    assert mention_text(DOCUMENT, Mention(0, (0, 1, 2, 3), 0), length=8) == "Ann Lee…"


def test_no_chains_give_empty_tables() -> None:
    found = chain_statistics([])
    assert (found.chains, found.documents, found.singletons) == (0, 0, 0)
    for table in (found.sizes, found.types, found.entities, found.rules, found.longest):
        assert table.empty
