"""The text with its chains: what is marked, where marks begin and end, and how much is shown."""

from dataclasses import replace

import pytest
from chained import SCRIPT, letter, text_run
from linguagraph.analyses import Params
from linguagraph.analyses.chain_text import chain_texts, marked, spacing
from linguagraph.analyses.coreference import run as coreference

from linguagraph.documents.records import Chain, Document, Mention, Sentence, Token
from linguagraph.reports import render
from linguagraph.reports.sections import Piece, TextBlock


def plain(block: TextBlock) -> list[str]:
    """Paragraphs with marks as brackets."""
    shown = {"open": "[{}:", "close": "]", "text": "{}"}
    return ["".join(shown[p.kind].format(p.text) for p in para) for para in block.paragraphs]


def test_mentions_nest_and_paragraphs_and_spaces_are_kept() -> None:
    (block,) = chain_texts([letter()], limit=100)
    assert plain(block) == [
        f" [1:Ann Lee [2:{SCRIPT}]], can't.",
        " [1:She] saw [2:[1:Ann 's] dogs] .",
    ]
    assert block.cut == ""
    assert block.caption.startswith("letter: ")


def test_offsets_decide_about_spaces_where_they_are_known() -> None:
    tokens = (Token(0, "Go", start=5, end=7), Token(1, "!", start=7, end=8))
    tokens += (Token(2, "Now", start=10, end=13), Token(3, "now", start=10, end=13))
    assert spacing(Sentence(tokens)) == [" ", "", " ", " "]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 2, 1, True), (0, 2, 2, True)], "[1:[2:ab]]cd"),
        ([(0, 3, 1, True), (1, 2, 2, True)], "[1:a[2:b]c]d"),
        ([(0, 2, 1, True), (1, 4, 2, True)], "[1:a[2:b]][…2:cd]"),
        ([(0, 3, 1, True), (1, 4, 2, True), (2, 3, 3, True)], "[1:a[2:b[3:c]]][…2:d]"),
        ([(0, 1, 1, True), (3, 4, 1, False)], "[1:a]bc[…1:d]"),
    ],
    ids=["same span", "nested", "crossing", "crossing three", "with a gap"],
)
def test_marks_of_spans(spans: list[tuple[int, int, int, bool]], expected: str) -> None:
    pieces = tuple(marked(list("abcd"), [""] * 4, spans))
    assert plain(TextBlock("t", "c", (pieces,))) == [expected]


def test_a_mention_with_a_gap_goes_on() -> None:
    text = Sentence(tuple(Token(i, form) for i, form in enumerate(["a", "b", "c"])))
    chain = Chain("x", (Mention(0, (0, 2), 0), Mention(0, (1,), 1)))
    (block,) = chain_texts([Document("d", (text,), chains=(chain,))], limit=9)
    assert plain(block) == [" [1:a] [1:b] […1:c]"]


def test_the_excerpt_ends_where_the_limit_falls() -> None:
    (block,) = chain_texts([letter()], limit=2)
    assert plain(block) == [" [1:Ann Lee]"]
    assert block.cut == "The first 2 of 13 tokens."
    blocks = chain_texts([letter()] * 9, limit=13 * 3 + 1)
    assert [b.name for b in blocks] == ["chains_1", "chains_2", "chains_3", "chains_4"]
    assert [bool(b.cut) for b in blocks] == [False, False, False, True]
    assert len(chain_texts([letter()] * 9, limit=1000)) == 5


def test_documents_without_chains_are_passed_over_and_reading_stops() -> None:
    def documents() -> object:
        yield replace(letter(), chains=())
        yield letter()
        raise AssertionError("read beyond the limit")

    assert len(chain_texts(documents(), limit=5)) == 1  # type: ignore[arg-type]


def test_long_words_and_long_texts_stay_small() -> None:
    words = tuple(Token(i, "x" * 20_000, upos="NOUN") for i in range(300))
    chains = tuple(Chain(str(i), (Mention(0, (i,), i), Mention(1, (i,), i))) for i in range(300))
    document = Document("d", (Sentence(words),) * 2, chains=chains)
    run = replace(text_run(), documents=(document,))
    (section,) = coreference(run, Params(max_excerpt=100))
    page = render([section], title="t", manifest={}, summary={})
    assert len(page) < 100_000
    assert "The first 100 of 600 tokens." in page


def test_hostile_words_are_shown_as_text() -> None:
    (section,) = coreference(text_run(), Params())
    page = render([section], title="t", manifest={}, summary={})
    assert SCRIPT not in page
    shown = "&lt;script&gt;document.title=&#34;owned&#34;&lt;/script&gt;"
    number = '<b class="mark-name">{}</b>'
    opened = f'<mark class="tone-0">{number.format(1)}Ann Lee <mark class="tone-1">'
    assert f"{opened}{number.format(2)}{shown}</mark></mark>, can&#39;t.</p>" in page
    assert page.count("<mark") == page.count("</mark>") == 5


def test_finding_names_rules_and_the_known_score() -> None:
    (section,) = coreference(text_run(), Params())
    assert section.finding.startswith(
        "2 chains with 5 mentions in 1 document; 100% of the chains cross sentences. "
    )
    assert section.finding.endswith(
        "made by the resolver rules, which is known to reach CoNLL 41.2 on GUM dev."
    )
    assert [t.name for t in section.tables] == [
        *("chains_longest", "chains_links", "chains_types", "chains_sizes", "chains_scores"),
    ]
    scores = section.tables[-1].frame
    assert scores["measure"].tolist() == ["CoNLL", "MUC"]
    assert scores["f1"].tolist() == [0.412, 0.444]
    assert section.summary is not None
    assert section.summary["coreference"]["rules"] == {"exact": 1, "pronoun": 1, SCRIPT: 1}


def test_annotated_chains_and_no_chains() -> None:
    run = text_run()
    corpus = {k: v for k, v in run.manifest["corpus"].items() if k != "coreference"}
    (section,) = coreference(replace(run, manifest={"corpus": corpus}), Params())
    assert section.finding.endswith("The chains are the corpus's own annotation.")
    assert coreference(replace(run, documents=()), Params()) == ()


def test_a_resolver_of_unknown_accuracy() -> None:
    run = replace(text_run(), manifest={"corpus": {"predicted": ["coreference"]}})
    (section,) = coreference(run, Params())
    assert section.finding.endswith("made by a resolver, which has no known score.")


def test_pieces_are_joined() -> None:
    (block,) = chain_texts([letter()], limit=100)
    kinds = [piece.kind for piece in block.paragraphs[1]]
    assert kinds == [
        *("text", "open", "text", "close", "text", "open", "open", "text", "close"),
        *("text", "close", "text"),
    ]
    assert block.paragraphs[1][1] == Piece("open", "1", 0)
