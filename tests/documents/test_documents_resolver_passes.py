"""One short text per pass of the resolver: the link that it makes, and one that it must not."""

from __future__ import annotations

from resolver_texts import chains, document, links

from linguagraph.documents.resolver.resolve import resolve

ANNA_SLEEPS = """
Anna PROPN 2 nsubj Number=Sing
slept/sleep VERB 0 root
. PUNCT 2 punct
"""
SHE_WOKE = """
She PRON 2 nsubj Number=Sing
woke/wake VERB 0 root
. PUNCT 2 punct
"""


def test_exact_links_names_and_definite_nouns_with_the_same_words() -> None:
    barn = """
    {} DET 2 det
    barn NOUN 3 nsubj Number=Sing
    burned/burn VERB 0 root
    """
    text = resolve(document(ANNA_SLEEPS, barn.format("A"), ANNA_SLEEPS, barn.format("The")))
    assert links(text) == {("Anna", "Anna", "exact"), ("The barn", "A barn", "exact")}


def test_exact_leaves_a_second_indefinite_apart() -> None:
    barn = """
    A DET 2 det
    barn NOUN 3 nsubj Number=Sing
    burned/burn VERB 0 root
    """
    assert resolve(document(barn, barn)).chains == ()


def test_apposition_links_the_phrase_that_follows() -> None:
    text = resolve(
        document(
            """
            Theseus PROPN 5 nsubj Number=Sing
            , PUNCT 4 punct
            the DET 4 det
            king NOUN 1 appos Number=Sing
            spoke/speak VERB 0 root
            """
        )
    )
    assert links(text) == {("the king", "Theseus", "apposition")}


def test_apposition_leaves_the_country_after_a_city_apart() -> None:
    text = document(
        """
        Lahore PROPN 4 nsubj Number=Sing
        , PUNCT 3 punct
        Pakistan PROPN 1 appos Number=Sing
        grows/grow VERB 0 root
        """
    )
    assert resolve(text).chains == ()


def copula(*, negated: bool) -> str:
    return f"""
    Anna PROPN 5 nsubj Number=Sing
    is/be AUX 5 cop
    {"not PART 5 advmod" if negated else "now ADV 5 advmod"}
    a DET 5 det
    doctor NOUN 0 root Number=Sing
    """


def test_copula_links_subject_and_predicate_noun() -> None:
    assert links(resolve(document(copula(negated=False)))) == {("a doctor", "Anna", "copula")}


def test_copula_under_negation_links_nothing() -> None:
    assert resolve(document(copula(negated=True))).chains == ()


def test_acronym_links_initials_in_either_order() -> None:
    whole = """
    World PROPN 3 compound Number=Sing
    Health PROPN 3 compound Number=Sing
    Organization PROPN 4 nsubj Number=Sing
    met/meet VERB 0 root
    """
    short = """
    WHO PROPN 2 nsubj Number=Sing
    met/meet VERB 0 root
    """
    name = "World Health Organization"
    assert links(resolve(document(whole, short))) == {("WHO", name, "acronym")}
    assert links(resolve(document(short, whole))) == {(name, "WHO", "acronym")}


def test_name_links_surname_and_title() -> None:
    text = resolve(
        document(
            """
            Mary PROPN 3 nsubj Number=Sing
            Chaworth PROPN 1 flat Number=Sing
            left/leave VERB 0 root
            """,
            """
            Miss PROPN 3 nsubj Number=Sing
            Chaworth PROPN 1 flat Number=Sing
            returned/return VERB 0 root
            """,
        )
    )
    assert links(text) == {("Miss Chaworth", "Mary Chaworth", "name")}


def test_name_keeps_two_first_names_apart() -> None:
    siblings = """
    {} PROPN 3 nsubj Number=Sing
    Chaworth PROPN 1 flat Number=Sing
    left/leave VERB 0 root
    """
    assert resolve(document(siblings.format("Mary"), siblings.format("John"))).chains == ()


TREATY = """
The DET 2 det
treaty NOUN 5 nsubj Number=Sing
of ADP 4 case
Rome PROPN 2 nmod Number=Sing
failed/fail VERB 0 root
"""


def test_relaxed_links_the_phrase_without_what_follows_its_head() -> None:
    again = """
    The DET 2 det
    treaty NOUN 3 nsubj Number=Sing
    ended/end VERB 0 root
    """
    assert links(resolve(document(TREATY, again))) == {
        ("The treaty", "The treaty of Rome", "relaxed")
    }


def test_head_links_a_definite_phrase_with_no_new_modifier() -> None:
    red = """
    A DET 3 det
    red ADJ 3 amod
    car NOUN 4 nsubj Number=Sing
    stopped/stop VERB 0 root
    """
    car = """
    The DET 2 det
    car NOUN 3 nsubj Number=Sing
    turned/turn VERB 0 root
    """
    blue = red.replace("A DET", "The DET").replace("red", "blue")
    assert links(resolve(document(red, car))) == {("The car", "A red car", "head")}
    assert resolve(document(red, blue)).chains == ()


def test_reflexive_links_the_subject_of_its_clause() -> None:
    text = resolve(
        document(
            """
            Byron PROPN 2 nsubj Number=Sing
            blamed/blame VERB 0 root
            himself PRON 2 obj Number=Sing
            """
        )
    )
    assert links(text) == {("himself", "Byron", "reflexive")}


def test_pronoun_agrees_in_gender_number_and_animacy() -> None:
    meeting = """
    Anna PROPN 2 nsubj Number=Sing
    met/meet VERB 0 root
    Peter PROPN 2 obj Number=Sing
    in ADP 6 case
    a DET 6 det
    garden NOUN 2 obl Number=Sing
    """
    he = SHE_WOKE.replace("She", "He")
    it = SHE_WOKE.replace("She", "It")
    assert links(resolve(document(meeting, SHE_WOKE))) == {("She", "Anna", "pronoun")}
    assert links(resolve(document(meeting, he))) == {("He", "Peter", "pronoun")}
    assert links(resolve(document(meeting, it))) == {("It", "a garden", "pronoun")}


def test_pronoun_prefers_the_subject() -> None:
    text = document(
        """
        Anna PROPN 2 nsubj Number=Sing
        met/meet VERB 0 root
        Mary PROPN 2 obj Number=Sing
        """,
        SHE_WOKE,
    )
    assert links(resolve(text)) == {("She", "Anna", "pronoun")}


def test_pronoun_is_not_its_own_clause_mate() -> None:
    text = document(
        """
        Anna PROPN 2 nsubj Number=Sing
        saw/see VERB 0 root
        her PRON 2 obj Number=Sing
        """
    )
    assert resolve(text).chains == ()


def test_plural_pronoun_takes_a_coordination() -> None:
    text = resolve(
        document(
            """
            Anna PROPN 4 nsubj Number=Sing
            and CCONJ 3 cc
            Peter PROPN 1 conj Number=Sing
            left/leave VERB 0 root
            """,
            SHE_WOKE.replace("She", "They").replace("Number=Sing", "Number=Plur"),
        )
    )
    assert links(text) == {("They", "Anna and Peter", "pronoun")}


def test_weather_and_expletives_are_not_resolved() -> None:
    rain = """
    It PRON 2 nsubj Number=Sing
    rained/rain VERB 0 root
    in ADP 5 case
    the DET 5 det
    garden NOUN 2 obl Number=Sing
    """
    there = """
    There PRON 2 expl
    was/be VERB 0 root
    a DET 4 det
    garden NOUN 2 nsubj Number=Sing
    """
    assert resolve(document(there, rain), passes=["pronoun"]).chains == ()


def test_extraposition_links_it_and_the_clause() -> None:
    text = resolve(
        document(
            """
            It PRON 3 expl Number=Sing
            is/be AUX 3 cop
            sad ADJ 0 root
            that SCONJ 6 mark
            Anna PROPN 6 nsubj Number=Sing
            left/leave VERB 3 csubj
            . PUNCT 3 punct
            """
        )
    )
    assert links(text) == {("It", "that Anna left", "extraposition")}


def test_possessor_links_the_same_noun_of_the_same_person() -> None:
    text = resolve(
        document(
            """
            Anna PROPN 3 nmod:poss Number=Sing
            's PART 1 case
            mother NOUN 4 nsubj Number=Sing
            called/call VERB 0 root
            her PRON 4 obj Number=Sing
            """,
            """
            Her PRON 2 nmod:poss Number=Sing
            mother NOUN 3 nsubj Number=Sing
            lied/lie VERB 0 root
            """,
        )
    )
    assert ("Her mother", "Anna 's mother", "possessor") in links(text)


QUOTE = """
“ PUNCT 3 punct
I PRON 3 nsubj Number=Sing
won/win VERB 6 ccomp
” PUNCT 3 punct
, PUNCT 6 punct
said/say VERB 0 root
{} PROPN 6 nsubj Number=Sing
"""


def test_speaker_of_a_quote_is_the_subject_of_saying() -> None:
    text = resolve(document(QUOTE.format("Anna"), QUOTE.format("Peter")))
    assert chains(text) == [["I", "Anna"], ["I", "Peter"]]
    assert {rule for _, _, rule in links(text)} == {"speaker"}


def test_speaker_outside_quotes_is_the_narrator() -> None:
    text = resolve(document(SHE_WOKE.replace("She", "I"), SHE_WOKE.replace("She", "I")))
    assert links(text) == {("I", "I", "speaker")}
