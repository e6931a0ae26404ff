"""Plain text through the whole line, with the bundled parser, finder and resolver."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("stanza")

from linguagraph.analyses import Params

from linguagraph.errors import ConfigError
from linguagraph.runs.analysing import Report
from linguagraph.runs.parsing import Documents
from linguagraph.runs.reporting import ReportOptions, run_report
from linguagraph.runs.sources import Reading

TEXT = """The mayor <script>alert("x")</script> opened the old bridge on Monday. She told the
reporters that its repair had cost a great deal of money.

"I asked the council for help," Anna Bell said. The council's decision surprised her. 😀 Café.
"""


@pytest.fixture(scope="module")
def made(
    model: Path, params: Params, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Report]:
    folder = tmp_path_factory.mktemp("text")
    (folder / "article.txt").write_text(TEXT, encoding="utf-8")
    options = ReportOptions(model=str(model), device="cpu", threads=1)
    out = folder / "run"
    return out, run_report(folder / "article.txt", out, options=options, params=params)


def test_everything_predicted_is_said(made: tuple[Path, Report]) -> None:
    out, report = made
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["corpus"]["predicted"] == [
        *("sentences", "tokens", "tags", "lemmas", "trees", "predicates", "coreference")
    ]
    assert manifest["parser"]["scores"]["raw text"]["LAS"] > 79
    assert manifest["coreference"]["scores"]["conll"] > 0.35
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Predicted, not gold" in page
    assert re.search(r"LAS \d\d\.\d", page)
    assert report.summary["corpus"]["predicates"] >= 4


def test_without_gold_roles_the_model_is_its_own_reference(made: tuple[Path, Report]) -> None:
    _, report = made
    assert report.run_tables.manifest["scored_against"] == "own"
    assert report.summary["score"]["metric"].startswith("role agreement")
    assert report.summary["score"]["original"] in (1.0, 0.0, None)
    original = report.run_tables.scores.query("condition == 'original'")
    assert (original["correct"] == original["gold"]).all()
    assert (original["predicted"] == original["gold"]).all()


def test_text_is_shown_and_never_run(made: tuple[Path, Report]) -> None:
    out, report = made
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert re.search(r"&lt;script&gt;|&lt;\s*script", page)
    (document,) = Documents(out / "parse")
    for sentence in document.sentences:
        for token in sentence.tokens:
            assert token.start is not None
            assert document.text is not None
            assert document.text[token.start : token.end] == token.form
    assert len({s.paragraph for s in document.sentences}) == 2
    assert [d.id for d in report.run_tables.documents] == ["article.txt"]


def test_chains_have_rules(made: tuple[Path, Report]) -> None:
    (document,) = Documents(made[0] / "parse")
    links = [link.rule for chain in document.chains for link in chain.links]
    assert "pronoun" in links
    assert all(len(chain.mentions) > 1 for chain in document.chains)


def test_parses_can_be_compared(model: Path, corpus: Path, params: Params, tmp_path: Path) -> None:
    options = ReportOptions(
        model=str(model), reading=Reading(limit=8), device="cpu", threads=1, compare_parses=True
    )
    report = run_report(corpus, tmp_path / "run", options=options, params=params)
    assert "parse_comparison" in [section.name for section in report.sections]
    compared = report.run_tables.compared
    assert compared is not None
    assert compared.manifest["corpus"]["trees"] == "parsed by bundled"
    gold, again = report.run_tables.sentences[0], compared.sentences[0]
    assert gold.forms == again.forms
    assert gold.frames == again.frames
    text = tmp_path / "a.txt"
    text.write_text("One sentence.", encoding="utf-8")
    with pytest.raises(ConfigError, match="gold trees"):
        run_report(text, tmp_path / "other", options=options)
