"""Coreference scores of the papers' own examples, each calculated by hand in the comments."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from linguagraph.aggregates.coreference_metrics import Fractions, muc
from linguagraph.aggregates.coreference_scores import (
    CoreferenceScores,
    score_coreference,
    scores_table,
)
from linguagraph.documents.mentions import build_chain
from linguagraph.documents.records import Chain, Document, Link, Mention, Sentence, Token
from linguagraph.errors import ConfigError

# Luo (2005), figure 1 and table 1: the key and four responses, over mentions 1 to 12
LUO_KEY = ["1 2 3 4 5", "6 7", "8 9 10 11 12"]
LUO_A = ["1 2 3 4 5", "6 7 8 9 10 11 12"]
LUO_B = ["1 2 3 4 5 8 9 10 11 12", "6 7"]
LUO_C = ["1 2 3 4 5 6 7 8 9 10 11 12"]
LUO_D = [str(number) for number in range(1, 13)]


def document(*chains: str) -> Document:
    """Twenty tokens; a chain is the tokens that are its mentions: ``"1 2 3"``."""
    sentence = Sentence(tuple(Token(i, f"w{i}", upos="NOUN") for i in range(20)))
    built = [
        build_chain(f"e{n}", [Mention(0, (int(t),), int(t)) for t in chain.split()], rule="r")
        for n, chain in enumerate(chains)
    ]
    return Document("d", (sentence,), chains=tuple(built))


def score(key: list[str], response: list[str], *, singletons: bool = True) -> CoreferenceScores:
    return score_coreference([document(*key)], [document(*response)], singletons=singletons)


def check(found: Fractions, recall: str, precision: str) -> None:
    assert found.recall == pytest.approx(float(Fraction(recall)))
    assert found.precision == pytest.approx(float(Fraction(precision)))


def test_response_a_of_luo_joins_the_small_entity_to_a_large_one() -> None:
    found = score(LUO_KEY, LUO_A)
    # links of the key 4 + 1 + 4 = 9, none cut; links of the response 4 + 6 = 10, of which the key
    # cuts one (7 mentions in 2 parts)
    check(found.muc, "1", "9/10")
    assert found.muc.f1 == pytest.approx(18 / 19)
    # precision (5 * 5/5 + 2 * 2/7 + 5 * 5/7) / 12 = (5 + 29/7) / 12 = 16/21 = 0.762
    check(found.b_cubed, "1", "16/21")
    assert found.b_cubed.f1 == pytest.approx(32 / 37)
    # {1-5} with {1-5}: 5, {8-12} with {6-12}: 5; 10 of 12 mentions on both sides
    check(found.ceaf_m, "10/12", "10/12")
    # 2*5/10 + 2*5/12 = 11/6 over 3 key and 2 response entities; F1 2 * 11/6 / 5 = 0.733
    check(found.ceaf_e, "11/18", "11/12")
    assert found.ceaf_e.f1 == pytest.approx(11 / 15)
    assert found.conll == pytest.approx((18 / 19 + 32 / 37 + 11 / 15) / 3)


def test_response_b_of_luo_joins_the_two_large_entities() -> None:
    found = score(LUO_KEY, LUO_B)
    check(found.muc, "1", "9/10")  # MUC cannot tell it from response a
    check(found.b_cubed, "1", "7/12")  # (25/10 + 25/10 + 4/2) / 12
    check(found.ceaf_m, "7/12", "7/12")  # 5 + 2
    check(found.ceaf_e, "5/9", "5/6")  # 2*5/15 + 2*2/4 = 5/3 over 3 and 2


def test_response_c_of_luo_joins_everything() -> None:
    found = score(LUO_KEY, LUO_C)
    check(found.muc, "1", "9/11")  # 12 mentions in 3 parts
    check(found.b_cubed, "1", "3/8")  # (25 + 4 + 25) / 12 / 12
    check(found.ceaf_m, "5/12", "5/12")
    check(found.ceaf_e, "10/51", "10/17")  # 2*5/17 over 3 and 1; F1 0.294
    assert found.ceaf_e.f1 == pytest.approx(5 / 17)


def test_response_d_of_luo_joins_nothing() -> None:
    found = score(LUO_KEY, LUO_D)
    check(found.muc, "0", "0")  # no link in the response: its denominator is 0
    assert found.muc.response == 0
    check(found.b_cubed, "1/4", "1")  # 5 * 1/5 + 2 * 1/2 + 5 * 1/5 = 3 of 12
    check(found.ceaf_m, "1/4", "1/4")  # 3 of 12
    check(found.ceaf_e, "4/9", "1/9")  # 2/6 + 2/3 + 2/6 = 4/3 over 3 and 12; F1 0.178
    assert found.ceaf_e.f1 == pytest.approx(8 / 45)


@pytest.mark.parametrize(
    ("key", "response", "recall", "precision"),
    [
        (["1 2 3 4"], ["1 2", "3 4"], "2/3", "1"),  # 4 - 2 parts, of 3 links
        (["1 2", "3 4"], ["1 2 3 4"], "1", "2/3"),
        (["1 2 3 4"], ["1 2"], "1/3", "1"),  # parts 1 2 | 3 | 4
        (["1 2 3"], ["1 3"], "1/2", "1"),  # parts 1 3 | 2
        (["1 2 3 4"], ["1 2 5", "3 4 6"], "2/3", "1/2"),  # (3 - 2) + (3 - 2), of 4 links
    ],
)
def test_muc_counts_links_as_vilain_does(
    key: list[str], response: list[str], recall: str, precision: str
) -> None:
    check(score(key, response).muc, recall, precision)


def test_mentions_on_one_side_only_as_pradhan_and_others_count_them() -> None:
    # figure 1 of Pradhan et al. (2014): key {a b c} {d e f g}, response {a b} {c d} {f g h i}
    found = score(["1 2 3", "4 5 6 7"], ["1 2", "3 4", "6 7 8 9"])
    check(found.mentions, "6/7", "6/8")
    check(found.muc, "2/5", "2/5")  # (3-2) + (4-3) of 2+3; (2-1) + (2-2) + (4-3) of 1+1+3
    # recall (4/3 + 1/3 + 1/4 + 4/4) / 7 = 35/12 / 7; precision (4/2 + 1/2 + 1/2 + 4/4) / 8
    check(found.b_cubed, "5/12", "1/2")
    check(found.ceaf_m, "4/7", "1/2")  # {a b} 2 and {f g} 2
    check(found.ceaf_e, "13/20", "13/30")  # 4/5 + 4/8 = 1.3 over 2 and 3


def test_ceaf_takes_the_best_alignment_not_the_first() -> None:
    # {1 2 3} taken first by {1 2 4 5} would leave {4 5} alone: 2. The best is {4 5} with {1 2 4 5}
    # and {1 2 3} with {3}: 2 + 1, of 5 mentions on both sides
    found = score(["1 2 3", "4 5"], ["1 2 4 5", "3"])
    check(found.ceaf_m, "3/5", "3/5")


def test_singletons_are_left_out_of_both_sides_unless_wanted() -> None:
    key, response = ["1 2", "3", "4"], ["1 2", "3", "5"]
    found = score(key, response, singletons=False)
    for metric in (found.muc, found.b_cubed, found.ceaf_e, found.ceaf_m, found.mentions):
        check(metric, "1", "1")
    assert found.conll == 1
    found = score(key, response)
    check(found.mentions, "3/4", "3/4")
    check(found.muc, "1", "1")
    check(found.b_cubed, "3/4", "3/4")
    check(found.ceaf_e, "2/3", "2/3")
    check(found.ceaf_m, "3/4", "3/4")
    assert (found.singletons, found.match, found.documents) == (True, "exact", 1)


def test_a_singleton_of_the_response_is_no_mention_where_the_key_has_a_chain() -> None:
    found = score(["1 2"], ["1", "2"], singletons=False)
    assert (found.mentions.key, found.mentions.response) == (2, 0)
    assert found.conll == 0


@pytest.mark.parametrize("singletons", [True, False])
def test_nothing_at_all_scores_zero_with_denominators_of_zero(singletons: bool) -> None:
    found = score([], [], singletons=singletons)
    assert (found.conll, found.mentions.f1) == (0, 0)
    assert (found.muc.key, found.ceaf_e.response) == (0, 0)
    assert score_coreference([], []).documents == 0


def test_only_singletons_on_both_sides() -> None:
    found = score(["1", "2"], ["1", "2"])
    assert (found.b_cubed.f1, found.ceaf_e.f1, found.ceaf_m.f1, found.mentions.f1) == (1,) * 4
    assert found.muc.f1 == 0  # there is no link to find
    assert score(["1", "2"], ["1", "2"], singletons=False).conll == 0


def test_documents_add_up_numerators_and_denominators() -> None:
    keys = [document("1 2 3"), document("1 2", "3 4")]
    responses = [document("1 2"), document("1 2 3 4")]
    found = score_coreference(keys, responses)
    check(found.muc, "3/4", "3/4")  # 1 of 2 and 2 of 2; 1 of 1 and 2 of 3
    check(found.b_cubed, "16/21", "2/3")  # (4/3 + 4) of 3 + 4; (2 + 4/4 + 4/4) of 2 + 4
    check(found.ceaf_e, "22/45", "11/15")  # 4/5 + 2/3 = 22/15 over 3 and 2
    assert found.documents == 2


def test_the_same_mention_in_two_chains_counts_in_the_first() -> None:
    found = score(["1 2", "3 4"], ["1 2", "2 3 4"])
    check(found.mentions, "1", "1")
    check(found.b_cubed, "1", "1")


def tagged(spec: str) -> Sentence:
    tokens = [word.split("/") for word in spec.split()]
    return Sentence(
        tuple(Token(i, form, upos=upos, head=-1) for i, (form, upos) in enumerate(tokens))
    )


TEXT = tagged(
    "the/DET old/ADJ lady/NOUN saw/VERB Ann/PROPN Lee/PROPN and/CCONJ she/PRON waved/VERB"
)


def chain(id: str, *mentions: tuple[tuple[int, ...], int], rule: str = "r") -> Chain:
    return build_chain(id, [Mention(0, tokens, head) for tokens, head in mentions], rule=rule)


def test_head_matching_is_one_to_one_and_prefers_the_larger_overlap() -> None:
    she, lady, ann = ((7,), 7), ((0, 1, 2), 2), ((4, 5), 5)
    key = Document("d", (TEXT,), chains=(chain("a", lady, ann, she),))
    other = chain("b", ((2,), 2), ((1, 2), 2), ((5,), 5), she)
    response = replace(key, chains=(other,))
    exact = score_coreference([key], [response])
    check(exact.mentions, "1/3", "1/4")
    head = score_coreference([key], [response], match="head")
    check(head.mentions, "1", "3/4")  # (1, 2) is the lady, (2,) nobody
    assert head.mentions_by_type["proper"].recalled == 1


def test_mentions_and_links_by_type_and_rule() -> None:
    lady, ann, she = ((0, 1, 2), 2), ((4, 5), 5), ((7,), 7)
    key = Document("d", (TEXT,), chains=(chain("a", lady, she), chain("b", ann, ((8,), 8))))
    wrong = Chain(
        "x",
        tuple(Mention(0, tokens, head) for tokens, head in (lady, ann, she)),
        (Link(1, 0, "exact"), Link(2, 0, "pronoun")),
    )
    found = score_coreference([key], [replace(key, chains=(wrong,))])
    check(found.mentions, "3/4", "1")
    assert {name: (f.key, f.response) for name, f in found.mentions_by_type.items()} == {
        "pronoun": (1, 1),
        "proper": (1, 1),
        "nominal": (2, 1),
    }
    # key anaphors: she (with the lady: found) and waved (with Ann: not); links Ann-lady, she-lady
    check(found.links, "1/2", "1/2")
    check(found.links_by_type["pronoun"], "1", "1")
    assert (found.links_by_type["nominal"].key, found.links_by_type["nominal"].recalled) == (1, 0)
    assert found.links_by_type["proper"].precision == 0
    assert {rule: f.precision for rule, f in found.links_by_rule.items()} == {
        "exact": 0,
        "pronoun": 1,
    }


def test_links_of_a_chain_without_any_go_to_the_mention_before() -> None:
    key = document("1 2 3")
    bare = replace(key, chains=(replace(key.chains[0], links=()),))
    found = score_coreference([key], [bare])
    check(found.links, "1", "1")
    assert found.links.response == 2


def test_the_table_has_a_row_per_measure_type_and_rule() -> None:
    table = scores_table(score(LUO_KEY, LUO_A)).set_index(["measure", "part"])
    assert list(table.index[:7]) == [
        (name, "all")
        for name in ("muc", "b_cubed", "ceaf_e", "ceaf_m", "conll", "mentions", "links")
    ]
    assert table.loc[("muc", "all"), "precision"] == pytest.approx(0.9)
    assert table.loc[("muc", "all"), ["key", "response"]].tolist() == [9, 10]
    assert table.loc[("mentions", "nominal"), "f1"] == 1
    assert table.loc[("mentions", "pronoun")].isna().sum() == 3  # there is none
    assert table.loc[("rules", "r"), "response"] == 10


def test_a_metric_is_zero_where_nothing_is_divided() -> None:
    assert muc([], []).f1 == 0
    assert Fractions(1, 2, 1, 4) + Fractions(0, 1, 1, 1) == Fractions(1, 3, 2, 5)


def test_unknown_matching_and_unlike_documents_are_refused() -> None:
    key = document("1 2")
    with pytest.raises(ConfigError, match=r"match='loose'; expected one of \['exact', 'head'\]"):
        score_coreference([key], [key], match="loose")
    with pytest.raises(ConfigError, match="1 key and 0 response documents"):
        score_coreference([key], [])
    other = Document("d", (Sentence((Token(0, "a"),)),))
    with pytest.raises(ConfigError, match=r"document 0 \('d'\).*other sentences or tokens"):
        score_coreference([key], [other])
