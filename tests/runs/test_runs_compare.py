"""Runs of every kind side by side: pages, files, refusals, warnings; without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Made
from lines import tabulated
from linguagraph.analyses import Params
from linguagraph.analyses.compare import COMPARISONS

import linguagraph
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError, RunError
from linguagraph.runs.analysing import Report
from linguagraph.runs.compare import Comparison, compare
from linguagraph.runs.methods import MethodOptions, load_method

QUICK = Params(resamples=30, min_n=5)


def report_of(tables: RunTables, **manifest: Any) -> Report:
    """A report that holds tables alone."""
    return Report(replace(tables, manifest={**tables.manifest, **manifest}), (), {}, "")


def named(tables: RunTables, model: str, method: str = "graphmask") -> RunTables:
    """The same tables under another name."""
    found = {
        name: getattr(tables, name).assign(model=model, method=method)
        for name in ("edges", "paths", "scores")
    }
    found |= {"roles": tables.roles.assign(model=model)}
    return replace(tables, **found)


@pytest.fixture(scope="module")
def pair(make_tables: Callable[..., RunTables]) -> tuple[RunTables, RunTables]:
    """Two runs on the same sentences, of which the second has one layer and no dep1."""
    first = make_tables(sentences=40)
    kept = first.edges[first.edges["layer"] == 1].assign(layer=0)
    kept.loc[kept["label"] == "dep1", "retained"] = False
    second = named(replace(first, edges=kept), "flat")
    return named(first, "deep"), second


@pytest.fixture(scope="module")
def comparison(pair: tuple[RunTables, RunTables]) -> Comparison:
    return compare([report_of(run) for run in pair], params=QUICK)


def test_a_comparison_has_every_part(comparison: Comparison) -> None:
    names = [section.name for section in comparison.sections]
    assert names[0] == "compare_runs"
    assert len(names) == 1 + len(COMPARISONS)
    assert comparison.names == ("deep", "flat")
    assert [text.split(" (")[0] for text in comparison.warnings] == [
        "Models of different depth",
        "deep and flat have masks of the same probes: agreement between them is no finding.",
    ]
    for section in comparison.sections:
        assert not section.finding.startswith("There is nothing"), section.finding
        assert section.finding.endswith(".")
        assert section.figures or section.name == "compare_runs"


def test_differences_are_from_the_first_run(comparison: Comparison) -> None:
    table = comparison.tables["compare_labels"].set_index(["label", "direction"])
    row = table.loc["dep1", "->"]
    assert row["share_second"] == 0
    assert row["difference"] < 0
    assert row["high"] < 0
    assert "dep1 (->)" in next(s for s in comparison.sections if s.name == "compare_labels").finding
    retained = comparison.summary["compare_retained"]["any"]
    assert retained["flat"]["share"] < retained["deep"]["share"]
    assert set(comparison.summary["compare_retained"]["top-1"]) == {"deep"}


def test_a_run_beside_itself_differs_in_nothing(pair: tuple[RunTables, RunTables]) -> None:
    made = compare(
        [report_of(pair[0]), report_of(named(pair[0], "copy"))], names=["a", "b"], params=QUICK
    )
    assert not made.tables["compare_labels"]["difference"].any()
    between = made.summary["compare_agreement"]["any"]["a and b"]
    assert between["cohen_kappa"] == pytest.approx(between["cohen_kappa_low"], abs=0.1)
    assert made.summary["compare_labels"]["a / b"]["labels_different_holm"] == 0
    assert made.summary["compare_labels"]["a / b"]["distance"]["distance"] == 0
    words = made.summary["findings"]
    assert "is scored beside" in words["compare_runs"]
    assert "exactly equal" in words["compare_runs"]
    assert words["compare_examples"].startswith("There is nothing to report")


def test_three_runs(pair: tuple[RunTables, RunTables]) -> None:
    third = named(pair[1], "third")
    made = compare([report_of(run) for run in (*pair, third)], params=QUICK)
    table = made.tables["compare_labels"]
    assert set(zip(table["first"], table["second"], strict=True)) == {
        ("deep", "flat"),
        ("deep", "third"),
        ("flat", "third"),
    }
    assert len({f.name for s in made.sections for f in s.figures if "labels" in f.name}) == 3
    part = next(s for s in made.sections if s.name == "compare_labels")
    assert ["within each pair" in t.caption for t in part.tables] == [True, False, True]
    assert "third" in made.html()


def test_page_and_files(comparison: Comparison, tmp_path: Path) -> None:
    page = comparison.save(tmp_path / "my runs.html")
    files = tmp_path / "my runs_files"
    assert page == tmp_path / "my runs.html"
    html = page.read_text(encoding="utf-8")
    assert "Comparison of runs" in html
    assert sorted(p.name for p in files.iterdir()) == ["figures", "summary.json", "tables"]
    assert json.loads((files / "summary.json").read_text())["examples"] == 76
    for name, table in comparison.tables.items():
        assert len(pd.read_csv(files / "tables" / f"{name}.csv")) == len(table)
        assert (files / "tables" / f"{name}.tex").is_file()
    figures = [f.name for s in comparison.sections for f in s.figures]
    assert sorted(p.stem for p in (files / "figures").glob("*.svg")) == sorted(figures)
    assert sorted(p.stem for p in (files / "figures").glob("*.pdf")) == sorted(figures)
    folder = comparison.save(tmp_path / "folder")
    assert folder == tmp_path / "folder" / "compare.html"
    assert (tmp_path / "folder" / "tables" / "compare_labels.csv").is_file()
    assert "srcdoc=" in comparison._repr_html_()
    assert repr(comparison).startswith("Comparison(names=('deep', 'flat'), warnings=(")


def test_hostile_names_are_text(pair: tuple[RunTables, RunTables]) -> None:
    bad = '<script>alert("x")</script>'
    made = compare([report_of(run) for run in pair], names=[bad, "b & c"], params=QUICK)
    html = made.html(files="<b>/")
    assert "<script>alert" not in html
    assert html.count("<script>") == 1


def test_other_sentences_tasks_and_label_sets_are_refused(
    pair: tuple[RunTables, RunTables], make_tables: Callable[..., RunTables]
) -> None:
    first, second = pair

    def refused(tables: RunTables, **manifest: Any) -> str:
        with pytest.raises(RunError) as error:
            compare([report_of(first), report_of(tables, **manifest)], params=QUICK)
        return str(error.value)

    corpus = second.manifest["corpus"]
    other = named(make_tables(sentences=40, seed=9), "flat")
    words = refused(other, corpus={**corpus, "fingerprint": "ffff"})
    assert "flat cannot be compared with deep: they were made from other texts" in words
    assert "make both runs from the same corpus file" in words
    assert "label set is PTB, that of deep UD" in refused(
        second, corpus={**corpus, "label_set": "PTB"}
    )
    assert "its task is questions over entity graphs" in refused(second, task="qa")
    assert "its task is any graphs" in refused(second, language=False)


def test_equal_sentences_in_another_file_are_compared_with_a_warning(
    pair: tuple[RunTables, RunTables],
) -> None:
    corpus = {**pair[1].manifest["corpus"], "fingerprint": "ffff"}
    made = compare([report_of(pair[0]), report_of(pair[1], corpus=corpus)], params=QUICK)
    assert len(made.warnings) == 3
    assert made.warnings[0].startswith("Corpus files that are not the same")


def test_what_else_differs_is_said_on_the_page(pair: tuple[RunTables, RunTables]) -> None:
    first, second = pair
    one = replace(
        second,
        edges=second.edges[(second.edges["seed"] == 0) & (second.edges["sentence"] > 3)],
    )
    probe = {"training": {"constraint": {"tolerance": 0.1}, "data": {"train": "t2"}}}
    old = {"training": {"constraint": {"tolerance": 0.03}, "data": {"train": "t1"}}}
    model = {**second.manifest["model"], "data": {"train": {"fingerprint": "zzz"}}}
    made = compare(
        [
            report_of(first, probes=[old], scored_against="gold"),
            report_of(one, probes=[probe], model=model, scored_against="own"),
        ],
        params=QUICK,
    )
    found = " ".join(made.warnings)
    for words in (
        "Other tolerances (deep 0.03, flat 0.1)",
        "Models trained on other data",
        "Probes trained on other data (deep t1, flat t2)",
        "Scored against different answers",
        "Unequal numbers of seeds (deep 3, flat 1)",
        "One seed only (flat)",
        "Examples that not all runs have are left out (7 of deep)",
    ):
        assert words in found, words
    html = made.html()
    assert html.count('<p class="notice" role="note">') == len(made.warnings) == 8
    assert made.summary["warnings"] == list(made.warnings)
    assert "Probes held fixed: flat has one seed" in html
    assert "within each pair" not in html


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a"], "give one for each of the 2 runs"),
        (["a", "a"], "no two alike"),
        (["a", ""], "names"),
    ],
)
def test_names_that_do_not_fit(
    pair: tuple[RunTables, RunTables], names: list[str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        compare([report_of(run) for run in pair], names=names)


def test_directories_of_two_methods_on_one_model(
    made: Made, model: Path, corpus: Path, tmp_path: Path
) -> None:
    other = load_method(model, MethodOptions("attention", keep=0.3), device="cpu")
    run = tabulated(tmp_path / "attention", corpus, other, limit=12)
    found = linguagraph.compare([made.path, run.path], params=QUICK)
    assert found.names == ("graphmask", "attention")
    assert any(words.startswith("Other methods") for words in found.warnings)
    assert any("One seed only (attention)" in words for words in found.warnings)
    assert found.summary["compare_scores"]["original"]["attention"]["difference"] == 0
    reason = found.tables["compare_agreement"].set_index("who").loc["seeds of attention", "reason"]
    assert set(reason) == {"there is only one seed"}
    drawn = next(s for s in found.sections if s.name == "compare_examples")
    assert len(drawn.figures) % 2 == 0
    assert len(drawn.figures) >= 2
    with pytest.raises(ConfigError, match="given twice"):
        compare([made.path, str(made.path)])
    with pytest.raises(ConfigError, match="at least two runs; 1 given"):
        compare([made.path])
    with pytest.raises(RunError, match="holds no run"):
        compare([made.path, tmp_path / "nothing"])


def test_saved_runs_are_compared_without_torch(made: Made, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "import shutil\n"
        f"first, other = Path({str(made.path)!r}), Path({str(tmp_path / 'copy')!r})\n"
        "shutil.copytree(first, other)\n"
        "from linguagraph.cli import app\n"
        f"app(['compare', str(first), str(other), '-o', {str(tmp_path / 'c.html')!r}, '--names',"
        " 'one, two', '--resamples', '20', '-q'], standalone_mode=False)\n"
        "print([name for name in ('torch', 'stanza') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"
    assert "<h1>one and two: " in (tmp_path / "c.html").read_text(encoding="utf-8")


def test_depth_and_common_probes_are_warned_about(pair: tuple[RunTables, RunTables]) -> None:
    probes = [{"seed": 0, "fingerprint": "ab"}, {"seed": 1, "fingerprint": "cd"}]
    deep, flat = report_of(pair[0], probes=probes), report_of(pair[1], probes=probes[1:])
    made = compare([deep, flat], params=QUICK)
    text = " ".join(made.warnings)
    assert "different depth (layers: deep 2, flat 1)" in text
    assert "deep and flat have masks of the same probes" in text
    words = {s.name: s.finding for s in made.sections}
    assert "in the top layer alone" in words["compare_runs"]
    with pytest.raises(ConfigError, match="a report is given twice"):
        compare([deep, deep], params=QUICK)


def test_methods_without_probes_have_no_tolerance_to_differ_in(
    pair: tuple[RunTables, RunTables],
) -> None:
    probes = [{"seed": 0, "fingerprint": "ab", "training": {"constraint": {"tolerance": 0.03}}}]
    other = named(pair[0], "deep", "integrated_gradients")
    made = compare([report_of(pair[0], probes=probes), report_of(other, probes=[])], params=QUICK)
    text = " ".join(made.warnings)
    assert "tolerances" not in text
    assert "Probes trained" not in text


def test_a_gap_above_the_ceiling_and_names_with_hyphens(pair: tuple[RunTables, RunTables]) -> None:
    copy = report_of(named(pair[0], "a-copy"))
    made = compare([report_of(pair[0]), copy], names=["the-run", "a-copy"], params=QUICK)
    words = {s.name: s.finding for s in made.sections}
    assert "the-run and a-copy agree" in words["compare_agreement"]
    assert "above this ceiling" in words["compare_agreement"]
    assert "−run" not in " ".join(words.values())
