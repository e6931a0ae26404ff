import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from linguagraph.errors import ReportError
from linguagraph.reports import FigureBlock, Section, TableBlock, render, to_iframe

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """Collects elements, checks that they nest, and keeps ids and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def page_text(
    sections: tuple[Section, ...],
    summary: dict[str, Any],
    manifest: dict[str, Any],
    hostile_text: str,
) -> str:
    return render(sections, title=hostile_text, manifest=manifest, summary=summary)


@pytest.fixture(scope="module")
def page(page_text: str) -> Page:
    return Page(page_text)


def test_elements_nest_and_ids_are_unique(page: Page) -> None:
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(set(ids)) == len(ids)


def test_one_script_one_style_no_handlers(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 1
    assert tags.count("style") == 1
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style", tag
            if name in ("src", "href"):
                assert (value or "").startswith(("#", "data:", "figures/")), value


def test_hostile_text_is_shown_not_run(page: Page, page_text: str) -> None:
    shown = (
        '<script>document.title="owned"</script>" onload="x" ]]> [U+202E]esrever [U+0000] '
        "${{1}} &amp;"
    )
    assert page.words.count(shown) >= 8
    assert "\u202e" not in page_text
    assert "\x00" not in page_text


def test_policy_names_the_inlined_files_by_hash(page_text: str) -> None:
    import base64
    import hashlib
    import html

    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', page_text)[1])  # type: ignore[index]
    assert policy.startswith("default-src 'none'")
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", page_text, re.S)[1]  # type: ignore[index]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_finding_comes_before_the_figures(page_text: str) -> None:
    start = page_text.index('id="labels"')
    order = [
        page_text.index(part, start)
        for part in ('class="question"', 'class="finding"', "<figure", "Notes")
    ]
    assert order == sorted(order)


def test_figures_and_tables_are_numbered_and_data_is_folded(page_text: str) -> None:
    assert re.findall(r"<strong>Figure (\d+)\.", page_text) == ["1", "2", "3", "4", "5", "6"]
    assert "Data of Figure 1: Table 1, 10 rows" in page_text
    assert re.findall(r'id="fold-([a-z]+)"', page_text) == ["labels", "hostile"]


def test_tables_are_numbered_as_they_stand(sections: tuple[Section, ...]) -> None:
    first = sections[0]
    turned = replace(first, tables=first.tables[::-1])
    page = render([turned], title="t", manifest={}, summary={})
    assert re.findall(r"<strong>Table (\d+)\.", page) == ["1", "2"]
    assert "Data of Figure 1: Table 1" in page


def test_folded_tables_say_what_they_hold() -> None:
    table = TableBlock("t", "What the rows are.", pd.DataFrame({"v": [1]}), folded=True)
    page = render([Section("s", "t", "q", "f", tables=(table,))], title="", manifest={}, summary={})
    assert "<summary>Table 1. What the rows are. (1 row)</summary>" in page


def test_every_drawing_has_its_alternative(page: Page, hostile_text: str) -> None:
    labels = [a.get("aria-label") for tag, a in page.elements if tag == "svg"]
    assert labels[:5] == ["det leads", "It falls.", "Most have none.", "Four arcs.", "Many arcs."]
    assert all(a.get("role") == "img" for tag, a in page.elements if tag == "svg")


def test_tables_have_captions_and_scopes(page: Page) -> None:
    tags = [tag for tag, _ in page.elements]
    assert tags.count("caption") == tags.count("table") == 4  # three tables and the manifest
    assert all(a.get("scope") in ("row", "col") for tag, a in page.elements if tag == "th")


def test_headline_and_manifest_are_shown(page: Page) -> None:
    for text in ("83.4", "16.2%", "0.81", "4,391", "srl-gnn", "versions › linguagraph"):
        assert text in page.words


def test_an_empty_report_is_a_page() -> None:
    page = Page(render([], title="Nothing", manifest={}, summary={}))
    tags = [tag for tag, _ in page.elements]
    assert "dl" not in tags
    assert "section" not in tags


def test_the_same_report_every_time(
    sections: tuple[Section, ...], summary: dict[str, Any], manifest: dict[str, Any]
) -> None:
    first = render(sections, title="t", manifest=manifest, summary=summary)
    assert first == render(sections, title="t", manifest=manifest, summary=summary)


def test_over_budget_the_least_important_figures_become_links(
    sections: tuple[Section, ...], summary: dict[str, Any]
) -> None:
    whole = render(sections, title="t", manifest={}, summary=summary)
    size = len(whole.encode())
    less = render(sections, title="t", manifest={}, summary=summary, budget=size - 1)
    assert len(less.encode()) < size
    # Of the two that are not the first of their section, the long sentence is the larger.
    assert '<a href="figures/long.svg">' in less
    assert "Figure 5 is not drawn here but linked" in less
    assert less.count("<svg") == whole.count("<svg") - 1
    assert "Many arcs." in less  # the alternative text stands in its place


def test_a_tiny_budget_links_every_figure_and_cuts_tables(sections: tuple[Section, ...]) -> None:
    page = render(sections, title="t", manifest={}, summary={}, budget=1)
    assert "<svg" not in page
    assert "Figures 1, 2, 3, 4, 5, 6 are not drawn here but linked" in page
    assert "The first 40 of 60 rows; all are in tables/wide.csv." in page


def test_very_long_tables_are_cut_and_say_so() -> None:
    table = TableBlock("t", "c", pd.DataFrame({"v": range(1234)}))
    page = render(
        [Section("s", "t", "q", "f", tables=(table,))], title="t", manifest={}, summary={}
    )
    assert "The first 500 of 1,234 rows; all are in tables/t.csv." in page


def test_a_refused_figure_is_named_even_if_only_linked() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
    section = Section("s", "", "", "", (FigureBlock("bad", "", "", svg),))
    for budget in (1, 10**6):
        with pytest.raises(ReportError, match="'bad'"):
            render([section], title="t", manifest={}, summary={}, budget=budget)


def test_identical_drawings_do_not_share_ids(sections: tuple[Section, ...]) -> None:
    svg = sections[0].figures[0].svg
    figures = (FigureBlock("a", "", "", svg), FigureBlock("b", "", "", svg))
    page = Page(render([Section("s", "t", "q", "f", figures)], title="t", manifest={}, summary={}))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(set(ids)) == len(ids)


def test_notebooks_get_an_isolated_frame(page_text: str) -> None:
    frame = to_iframe(page_text, height=300)
    (element,) = Page(frame).elements
    assert element[0] == "iframe"
    assert element[1]["sandbox"] == "allow-scripts"
    assert element[1]["srcdoc"] == page_text
