"""Tiles of a comparison, and its page in a real browser: narrow, dark, nothing asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from headless import Chromium, find_chromium
from linguagraph.analyses import Params
from linguagraph.analyses.compare import compare_sections
from linguagraph.analyses.compared import compared_runs
from linguagraph.analyses.summary import summary

from linguagraph.edges.storage import RunTables
from linguagraph.reports import render, save_report
from linguagraph.reports.comparison import comparison_tiles

EXECUTABLE = find_chromium()


def test_tiles_name_every_run() -> None:
    found = {
        "compare_scores": {
            "original": {"a": {"score": 0.848}, "b": {"score": 0.855}},
            "retained_100": {"a": {"score": 0.84}},
        },
        "compare_retained": {"any": {"a": {"share": 0.2345}, "b": {"share": None}}},
        "compare_agreement": {
            "any": {"a and b": {"cohen_kappa": -0.05}, "seeds of a": {"cohen_kappa": 0.9}}
        },
        "compare_labels": {"a / b": {"labels_different_holm": 6, "labels": 8}},
    }
    tiles = comparison_tiles(found)
    assert [tile.value for tile in tiles] == ["84.8 · 85.5%", "23.4 · –", "−0.05", "6 of 8"]
    assert tiles[0].detail == "a, b; retained edges only: a 84.0%"
    assert tiles[2].detail == "seeds of a 0.90"
    assert comparison_tiles({}) == []


@pytest.mark.browser
@pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium found; install chromium to run")
def test_the_page_fits_every_screen(make_tables: Callable[..., RunTables], tmp_path: Path) -> None:
    base = make_tables(sentences=30)
    kept = base.edges[base.edges["layer"] == 1].assign(layer=0)
    runs = {"a" * 60: base, "<b>": replace(base, edges=kept)}
    compared = compared_runs(runs, warnings=["Other tolerances: <i>not</i> the same."])
    sections = compare_sections(compared, Params(resamples=20, min_n=5))
    html = render(
        sections,
        title="a and b",
        manifest={"a": {"model": "x"}},
        summary={},
        kind="Comparison of runs",
        tiles=comparison_tiles(summary(sections)),
        notices=compared.warnings,
        files="page files/",
        budget=300_000,
    )
    page = tmp_path / "page.html"
    save_report(
        tmp_path / "page files", sections=sections, html=html, summary={}, page=page.resolve()
    )
    assert EXECUTABLE is not None
    with Chromium(EXECUTABLE, tmp_path / "profile") as browser:
        for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light")):
            browser.show(width=width, scheme=scheme)
            browser.open(page)
            assert browser.run("document.documentElement.scrollWidth") <= width
            assert browser.complaints() == []
            assert browser.requests() == [page.resolve().as_uri()]
        links = browser.run("[...document.querySelectorAll('figure a')].map(a => a.href)")
        assert links
        for link in links:
            assert link.startswith((tmp_path / "page files").resolve().as_uri())
        assert browser.run("document.querySelector('.notice').textContent").startswith("Other tol")
