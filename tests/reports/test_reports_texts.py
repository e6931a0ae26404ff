"""Running text with marks: checked when made, printed with every tag closed."""

import re

import pytest

from linguagraph.errors import ReportError
from linguagraph.reports import Section, render
from linguagraph.reports.accuracy import all_scores, find_score, finder_scores, listed, shown
from linguagraph.reports.sections import Piece, TextBlock

OPEN, CLOSE = Piece("open", "1"), Piece("close")


def page(*texts: TextBlock) -> str:
    return render([Section("s", "t", "q", "f", texts=texts)], title="t", manifest={}, summary={})


def test_marks_look_alike_by_group_and_texts_are_numbered(hostile_text: str) -> None:
    pieces = (Piece("open", "7", 13), Piece("text", hostile_text), CLOSE, Piece("text", " end"))
    html = page(
        TextBlock("a", "First.", (pieces, (Piece("text", "two"),))),
        TextBlock("b", "Second.", ((OPEN, CLOSE),), cut="The first 1 of 9 tokens."),
    )
    assert '<mark class="tone-1"><b class="mark-name">7</b>&lt;script&gt;' in html
    assert "</mark> end</p>" in html
    assert '<p dir="auto">two</p>' in html
    assert re.findall(r"<strong>(Text \d)\.", html) == ["Text 1", "Text 2"]
    assert "Second. The first 1 of 9 tokens.</figcaption>" in html
    assert html.count("<script>") == 1


@pytest.mark.parametrize("pieces", [(OPEN,), (CLOSE,), (CLOSE, OPEN), (OPEN, CLOSE, CLOSE)])
def test_marks_that_do_not_close_are_refused(pieces: tuple[Piece, ...]) -> None:
    with pytest.raises(ReportError, match="'a': marks of paragraph 1"):
        TextBlock("a", "c", ((), pieces))


def test_unknown_pieces_and_repeated_names_are_refused() -> None:
    with pytest.raises(ReportError, match="kind 'html'"):
        TextBlock("a", "c", ((Piece("html", "<b>"),),))
    with pytest.raises(ReportError, match=r"text names \['a'\]"):
        page(TextBlock("a", "c", ()), TextBlock("a", "c", ()))
    with pytest.raises(ReportError, match="text name 'A B'"):
        page(TextBlock("A B", "c", ()))


def test_deep_nesting_is_no_problem() -> None:
    html = page(TextBlock("a", "c", ((*[OPEN] * 3000, *[CLOSE] * 3000),)))
    assert html.count("<mark") == html.count("</mark>") == 3000


def test_scores_are_numbers_or_mappings_and_percent_or_share() -> None:
    scores = {"LAS": 79.75, "muc": {"F1": 0.5, "precision": 0.4, "recall": 2 / 3}, "x": None}
    las = find_score(scores, "las")
    assert las is not None
    assert (las.measure, las.value) == ("LAS", pytest.approx(0.7975))
    muc = find_score(scores, "MUC")
    assert muc is not None
    assert (muc.value, muc.precision, muc.recall) == (0.5, 0.4, pytest.approx(2 / 3))
    assert [s.measure for s in all_scores(scores)] == ["LAS", "MUC"]
    assert listed(all_scores(scores)) == "LAS 79.8, MUC 50.0"
    for none in (None, {}, {"las": "high"}, {"las": True}, {"las": float("nan")}, [1]):
        assert find_score(none, "las") is None
    assert finder_scores({}) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("las", "LAS"), ("Tokens", "tokens"), ("conll", "CoNLL"), ("b_cubed", "B-cubed"), ("V", "V")],
)
def test_names_of_metrics(name: str, expected: str) -> None:
    assert shown(name) == expected
