"""The report in a real browser: no request, accessibility, narrow screens, dark mode, print."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from headless import Chromium, find_chromium

from linguagraph.reports import Section, render, save_report

EXECUTABLE = find_chromium()

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium found; install chromium to run"),
]

HELPERS = """
const parse = (text) => {
  const parts = text.match(/[\\d.]+/g).map(Number);
  return {rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1};
};
const luminance = (rgb) => {
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const [r, g, b] = rgb.map(v => linear(v / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = parse(getComputedStyle(e).backgroundColor);
    if (color.alpha > 0) return color.rgb;
  }
  return [255, 255, 255];
};
const ratio = (a, b) => {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
};
"""


@pytest.fixture(scope="module")
def report(
    tmp_path_factory: pytest.TempPathFactory,
    sections: tuple[Section, ...],
    summary: dict[str, Any],
    manifest: dict[str, Any],
) -> Path:
    home = tmp_path_factory.mktemp("report")
    html = render(sections, title="A report", manifest=manifest, summary=summary)
    save_report(home, sections=sections, html=html, summary=summary)
    return home / "report.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    assert EXECUTABLE is not None
    with Chromium(EXECUTABLE, tmp_path_factory.mktemp("profile")) as chromium:
        yield chromium


@pytest.fixture
def page(browser: Chromium, report: Path) -> Iterator[Chromium]:
    browser.show()
    browser.open(report)
    yield browser
    browser.run("localStorage.clear()")


def test_no_complaint_no_request_and_nothing_injected(page: Chromium, report: Path) -> None:
    page.run("document.getElementById('theme').click()")
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.complaints() == []
    assert page.requests() == [report.resolve().as_uri()]
    assert page.run("performance.getEntriesByType('resource').length") == 0
    assert page.run("document.title") == "A report"
    assert page.run("document.scripts.length") == 1


def test_policy_blocks_what_an_injection_would_try(page: Chromium) -> None:
    page.run(
        """(() => {
        const script = document.createElement('script');
        script.textContent = 'window.owned = true';
        document.body.append(script);
        const image = document.createElement('img');
        image.src = 'file:///etc/hostname';
        document.body.append(image);
        const link = document.createElement('p');
        link.setAttribute('onclick', 'window.owned = true');
        document.body.append(link);
        link.click();
        })()"""
    )
    assert page.run("window.owned === undefined")


def test_landmarks_and_headings(page: Chromium) -> None:
    assert page.run("document.documentElement.lang") == "en"
    counts = page.run(
        "['header', 'nav', 'main', 'footer', 'h1'].map(n => document.querySelectorAll(n).length)"
    )
    assert counts == [1, 1, 1, 1, 1]
    levels = page.run("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.run(
        "[...document.querySelectorAll('section')].every("
        "s => document.getElementById(s.getAttribute('aria-labelledby')).textContent.trim())"
    )


def test_accessibility_tree_names_everything(page: Chromium) -> None:
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    named = {"image", "button", "link", "region", "navigation", "table", "figure", "group"}
    for node in nodes:
        role = node.get("role", {}).get("value")
        if role in named and not node.get("ignored"):
            assert node.get("name", {}).get("value", "").strip() or role == "group", node
    roles = [n.get("role", {}).get("value") for n in nodes if not n.get("ignored")]
    assert roles.count("image") == 6
    for role in ("banner", "navigation", "main", "contentinfo", "rowheader"):
        assert role in roles


def test_links_lead_somewhere(page: Chromium) -> None:
    assert (
        page.run(
            "[...document.querySelectorAll('a[href^=\"#\"]')].filter("
            "a => !document.getElementById(a.getAttribute('href').slice(1))).length"
        )
        == 0
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(page: Chromium, scheme: str) -> None:
    page.show(scheme=scheme)
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    poor = page.run(
        "(() => {"
        + HELPERS
        + """
        const poor = [];
        for (const e of document.querySelectorAll('body *')) {
          const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
          if (!own || ['title', 'desc'].includes(e.tagName)) continue;
          const style = getComputedStyle(e);
          const svg = e instanceof SVGElement;
          const ink = parse(svg ? style.fill : style.color).rgb;
          const found = ratio(ink, background(svg ? e.closest('.scroll') : e));
          const large = parseFloat(style.fontSize) >= 24;
          if (found < (large ? 3 : 4.5)) poor.push([e.tagName, e.textContent.slice(0, 40), found]);
        }
        return poor;
        })()"""
    )
    assert poor == []
    assert page.run("(() => {" + HELPERS + "return luminance(background(document.body)) })()") == (
        pytest.approx(1.0 if scheme == "light" else 0.0, abs=0.02)
    )


def test_paper_and_ink_of_drawings_follow_the_page(page: Chromium) -> None:
    page.show(scheme="dark")
    fills = page.run(
        "['#1b1f24', '#ffffff', '#5b6470'].map("
        'c => getComputedStyle(document.querySelector(`svg [fill="${c}"]`)).fill)'
    )
    assert fills == ["rgb(231, 233, 236)", "rgb(20, 23, 27)", "rgb(166, 174, 185)"]


def test_the_readers_choice_of_theme_beats_the_system(page: Chromium) -> None:
    page.show(scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.run(paper)
    page.run("document.getElementById('theme').click()")
    assert page.run("document.getElementById('theme').textContent") == "Theme: light"
    assert page.run(paper) == "rgb(255, 255, 255)"
    page.show(scheme="light")
    page.run("document.getElementById('theme').click()")
    assert page.run(paper) == dark
    page.run("document.getElementById('theme').click()")
    assert page.run(paper) == "rgb(255, 255, 255)"
    assert page.run("document.documentElement.hasAttribute('data-theme')") is False


def test_the_theme_works_where_storage_is_refused(browser: Chromium, report: Path) -> None:
    broken = browser.send(
        "Page.addScriptToEvaluateOnNewDocument",
        source="Object.defineProperty(window, 'localStorage', "
        "{get() { throw new DOMException('refused', 'SecurityError'); }});",
    )["identifier"]
    browser.show()
    browser.open(report)
    for _ in range(3):
        browser.run("document.getElementById('theme').click()")
    assert browser.complaints() == []
    assert browser.run("document.getElementById('theme').textContent") == "Theme: automatic"
    browser.send("Page.removeScriptToEvaluateOnNewDocument", identifier=broken)


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1600])
def test_the_page_never_scrolls_sideways(page: Chromium, width: int) -> None:
    page.show(width=width)
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.run("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_scrolls_can_be_reached_and_is_named(page: Chromium) -> None:
    page.show(width=390)
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.run("new Promise(r => setTimeout(r, 200))")
    regions = page.run(
        """[...document.querySelectorAll('.scroll')].map(r => [
          r.scrollWidth > r.clientWidth + 1 || r.scrollHeight > r.clientHeight + 1,
          r.tabIndex, r.getAttribute('aria-label')])"""
    )
    assert any(scrolls for scrolls, _, _ in regions)
    for scrolls, index, label in regions:
        assert (index == 0) == scrolls
        assert label
    # Nothing else scrolls.
    assert (
        page.run(
            """[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, svg')
        && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
        && !['visible', 'clip'].includes(getComputedStyle(e).overflowX)).length"""
        )
        == 0
    )


def test_a_long_sentence_is_not_squashed(page: Chromium) -> None:
    page.show(width=390)
    heights = page.run(
        "[...document.querySelectorAll('svg.lg-arcs text')]"
        ".map(text => text.getBoundingClientRect().height)"
    )
    assert min(heights) >= 9.0
    assert page.run("document.querySelectorAll('svg.lg-arcs')[1].clientWidth") > 3000


def test_labels_of_arcs_do_not_overlap(page: Chromium) -> None:
    overlaps = page.run(
        """[...document.querySelectorAll('svg.lg-arcs')].map(svg => {
          const boxes = [...svg.querySelectorAll('text')].map(t => t.getBoundingClientRect());
          let count = 0;
          boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
            const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (across > 1 && down > 3) count += 1;
          }));
          return count;
        })"""
    )
    assert overlaps == [0, 0]


def test_keyboard_order_and_visible_focus(page: Chromium) -> None:
    page.press("Tab")
    assert page.run("document.activeElement.className") == "skip"
    assert page.run("document.activeElement.getBoundingClientRect().left >= 0")
    page.press("Enter")
    assert page.run("document.activeElement.id") == "content"
    page.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.run("document.querySelector('.skip').focus()")
    page.press("Tab")
    assert page.run("document.activeElement.id") == "theme"
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Tab")
    assert page.run("document.activeElement.getAttribute('href')") == "#labels"


def test_print_is_light_and_whole(page: Chromium) -> None:
    page.run("document.documentElement.setAttribute('data-theme', 'dark')")
    page.send("Emulation.setEmulatedMedia", media="print", features=[])
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.run(
        "[...document.querySelectorAll('.scroll')].every(s => "
        "getComputedStyle(s).overflowX === 'visible')"
    )
    page.send("Emulation.setEmulatedMedia", media="", features=[])


def test_motion_is_reduced_on_request(page: Chromium) -> None:
    script = "getComputedStyle(document.documentElement).scrollBehavior"
    assert page.run(script) == "smooth"
    reduced = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    page.send("Emulation.setEmulatedMedia", media="", features=reduced)
    assert page.run(script) == "auto"


def test_standalone_drawings_open_too(browser: Chromium, report: Path) -> None:
    for name in ("labels", "long", "hostile"):
        path = report.parent / "figures" / f"{name}.svg"
        browser.open(path)
        assert browser.complaints() == []
        assert browser.requests() == [path.resolve().as_uri()]
        assert browser.run("document.documentElement.tagName") == "svg"
        assert browser.run("document.querySelectorAll('text').length") > 5


def test_the_theme_is_remembered(page: Chromium, report: Path) -> None:
    page.run("document.getElementById('theme').click()")
    page.run("document.getElementById('theme').click()")
    page.open(report)
    assert page.run("document.documentElement.getAttribute('data-theme')") == "dark"
    assert page.run("document.getElementById('theme').textContent") == "Theme: dark"
