"""The section of example questions: drawings, their edges, the mentions in their texts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import entity_tools as tools
import pytest
from linguagraph.analyses import Params, entity_examples
from linguagraph.analyses.entity_text import entity_text

from linguagraph.aggregates.entity_selection import item_edges, part_of_item
from linguagraph.columns import EDGES
from linguagraph.reports import render
from linguagraph.reports.sections import Section, TextBlock

PARAMS = Params(max_tokens=60)


@pytest.fixture(scope="module")
def section() -> Section:
    (found,) = entity_examples.run(tools.entity_run(), PARAMS)
    return found


def spoken(block: TextBlock) -> list[str]:
    """Paragraphs with marks as brackets."""
    signs = {"open": "[{} ", "close": "]", "text": "{}"}
    return ["".join(signs[p.kind].format(p.text) for p in part) for part in block.paragraphs]


def test_every_chosen_question_has_a_drawing_its_edges_and_its_text(section: Section) -> None:
    rules = list(entity_examples.RULES)
    assert section.name == "examples"
    assert section.question.endswith("?")
    assert section.finding == (
        "4 questions chosen by rule: typical question (question 2), wrong answer (question 1), "
        "most retained (question 3) and most disagreement between seeds (question 4)."
    )
    assert [f.name for f in section.figures] == [f"question_{rule}" for rule in rules]
    assert [f.data for f in section.figures] == [t.name for t in section.tables]
    assert [t.name for t in section.texts] == [f.name for f in section.figures]
    assert all(f.pdf is not None and f.pdf.startswith(b"%PDF") for f in section.figures)
    assert all(table.folded for table in section.tables)
    assert section.summary == {
        "examples": {r: {"question": n} for r, n in zip(rules, (2, 1, 3, 4), strict=True)}
    }


def test_titles_tell_the_question_and_both_answers(section: Section) -> None:
    typical, wrong = section.figures[:2]
    assert typical.caption.startswith(
        "Typical question: “record_label__headquarters_location halden drift”, answered “port "
        "ashby”, which is right. Chosen because: answered correctly, 38 edges retained (median 38)"
    )
    assert "answered “port ashby”; right is “greater veldmoor”" in wrong.alt
    assert "layer 0: Halden Drift (0) to Marrowbone Records (3), DOC-BASED" in wrong.alt
    assert section.figures[3].caption.endswith("Drawn are 60 of 150 edges.")
    assert section.figures[3].alt.endswith("; 120 more.")


def test_the_table_holds_what_is_drawn(section: Section) -> None:
    run = tools.entity_run()
    assert run.mentions is not None
    own = run.mentions[run.mentions["example"] == 1]
    part = part_of_item(item_edges(run.edges, 1), own)
    frame = section.tables[1].frame
    assert frame["retained_share"].tolist() == part.edges["retained_share"].tolist()
    assert list(frame.columns) == [
        "layer",
        "source",
        "source_text",
        "source_document",
        "target",
        "target_text",
        "target_document",
        "relation",
        "retained_share",
        "route",
    ]
    row = frame[(frame["source"] == 3) & (frame["target"] == 5)].iloc[0]
    assert (row["layer"], row["source_text"], row["target_document"]) == (
        1,
        "Marrowbone Records",
        1,
    )
    assert row["route"] == "subject to answer"


def test_overlapping_passages_are_joined_and_others_parted() -> None:
    block = entity_text("a", "A.", tools.mentions(), [0, 4, 5, 6, 7, 8, 9, 22])
    assert spoken(block) == [
        "Document 0: [0 Halden Drift] are a folk band from Kirrin Sound. They signed to … Records "
        "in 1994 and left it after two albums for [4 Tern & Gull].",
        "Document 1: [5 Marrowbone Records] is a label founded by [6 Ida Quillfeather] in "
        "[7 Port Ashby]. [8 It] was sold to [9 Northern Lamp Group] in 2003, which moved it to "
        "Kirrin Sound.",
        "Document 4: … Quillfeather (1931–2009) was a cellist, and a member of [22 Halden Drift] "
        "for one summer. She wrote the memoir A Year on Kirrin …",
    ]
    assert block.cut == "5 of 8 documents with mentions are not shown."
    groups = [p.group for part in block.paragraphs for p in part if p.kind == "open"]
    assert groups == [2, 3, 4, 4, 0, 5, 3, 2]


def test_passages_that_share_their_ends_are_joined() -> None:
    left = "x" * 30 + "the end of the first one, "
    mentions = tools.mentions().iloc[[0, 3]]
    mentions = mentions.assign(left=["", left[-60:]], right=[left[:45], "."])
    (said,) = spoken(entity_text("a", "A.", mentions, [0, 3]))
    assert said == f"Document 0: [0 Halden Drift]{left}[3 Marrowbone Records]."


def test_without_questions_or_retained_edges_the_section_says_so() -> None:
    run = tools.entity_run((24,))
    dropped = run.edges.assign(retained=False)
    for bare, why in (
        (replace(run, items=None), "the run has no questions"),
        (replace(run, edges=EDGES.empty()), "no question has a retained edge"),
        (replace(run, edges=dropped), "no question has a retained edge"),
    ):
        (found,) = entity_examples.run(bare, PARAMS)
        assert found.finding == f"There is nothing to report: {why}."


@pytest.mark.parametrize(
    "regime", [{"gold": False}, {"seeds": 1}, {"retained": (150,)}, {"retained": (1, 2)}]
)
def test_other_regimes_give_a_section_too(regime: dict[str, Any]) -> None:
    (found,) = entity_examples.run(tools.entity_run(**regime), Params())
    assert found.figures
    assert "nan" not in found.finding.lower()
    assert all("None" not in f.caption + f.alt for f in found.figures)


def test_hostile_text_is_harmless_in_a_page() -> None:
    run = tools.entity_run((30, 40))
    assert run.mentions is not None
    assert run.items is not None
    bad = "<script>alert(1)</script>\u202e"
    run = replace(
        run,
        mentions=run.mentions.assign(text=bad, left=bad, right=bad),
        items=run.items.assign(query=bad, predicted=bad),
    )
    page = render(
        entity_examples.run(run, PARAMS), title="A", manifest={"language": False}, summary={}
    )
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_modules_are_short_and_need_no_torch() -> None:
    folder = Path(entity_examples.__file__).parent
    for name in ("entity_examples", "entity_text"):
        assert len((folder / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 120, name
    code = "import sys, linguagraph.analyses.entity_examples; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
