"""Every analysis, on every kind of run, gives sections that a report can show."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tables as synthetic
from linguagraph.analyses import ANALYSES, GRAPH_ANALYSES, Params, analyse, summary

from linguagraph import analyses
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError, ReportError
from linguagraph.reports.sections import Section

QUICK = Params(resamples=60, min_n=5)
REGIMES = {
    "small": lambda make: synthetic.small_run(),
    "empty": lambda make: synthetic.empty_run(),
    "planted": lambda make: make(),
    "one seed": lambda make: make(seeds=1),
    "one layer": lambda make: make(layers=1),
    "three layers": lambda make: make(layers=3),
    "one type": lambda make: make(types=("N",)),
    "one sentence": lambda make: make(sentences=1),
    "one label": lambda make: make(labels=3, retention={0: 1.0, 1: 1.0, 2: 1.0}, noise=0.0),
}


@pytest.fixture(scope="module", params=list(REGIMES))
def sections(
    request: pytest.FixtureRequest, make_tables: Callable[..., RunTables]
) -> tuple[Section, ...]:
    return analyse(REGIMES[request.param](make_tables), QUICK)


ABSENT = ("coreference", "curves", "parse_comparison", "edge_kinds", "top_paths")


def test_sections_are_complete(sections: tuple[Section, ...]) -> None:
    # chains, curves, a second parse, edges of several kinds and best paths are not always there
    shown = [name for name in ANALYSES if name not in ABSENT]
    assert [s.name for s in sections] == shown
    for section in sections:
        assert section.question.endswith("?")
        assert section.finding.endswith(".")
        assert "nan" not in section.finding.lower().split()
        assert "  " not in section.finding


def test_blocks_have_unique_names_and_figures_have_data(sections: tuple[Section, ...]) -> None:
    names = [t.name for s in sections for t in s.tables]
    assert len(set(names)) == len(names)
    figures = [f.name for s in sections for f in s.figures]
    assert len(set(figures)) == len(figures)
    for section in sections:
        tables = {t.name for t in section.tables}
        for block in section.tables:
            assert set(block.percent) <= set(block.frame.columns)
            assert block.caption.endswith(".")
        for figure in section.figures:
            assert figure.data in tables
            assert any(c.isdigit() for c in figure.alt) or "no " in figure.alt.lower()


def test_shares_lie_in_their_intervals(sections: tuple[Section, ...]) -> None:
    for block in (t for s in sections for t in s.tables):
        if {"share", "low", "high"} <= set(block.frame.columns):
            known = block.frame.dropna(subset=["share", "low", "high"])
            assert (known["low"] <= known["share"] + 1e-9).all(), block.name
            assert (known["share"] <= known["high"] + 1e-9).all(), block.name
            assert known["share"].between(0, 1).all()
            assert "n" in block.frame.columns


def test_too_few_sentences_get_no_intervals(make_tables: Callable[..., RunTables]) -> None:
    few = analyse(make_tables(sentences=4), QUICK)
    said = "There are too few sentences for intervals (4 sentences; at least 5 are needed)"
    for section in few:
        ends = [
            t.frame[c].notna().any()
            for t in section.tables
            for c in t.frame.columns
            if str(c).endswith(("low", "high"))
        ]
        assert not any(ends), section.name
        assert (said in section.finding) == bool(ends), section.name
    faithful = next(s for s in few if s.name == "faithfulness").finding
    assert "without an interval nothing can be concluded from this." in faithful
    assert "the choice of edges carries" not in faithful
    agreed = next(s for s in few if s.name == "agreement").finding
    assert "(no interval)" in agreed
    assert "agree most" not in agreed
    for section in analyse(make_tables(sentences=5), QUICK):
        assert "too few sentences" not in section.finding


def test_the_summary_is_strict_json_with_the_promised_keys(sections: tuple[Section, ...]) -> None:
    values = json.loads(json.dumps(summary(sections), allow_nan=False))
    assert {"model", "corpus", "score", "retained", "findings"} <= set(values)
    assert {"sentences", "tokens", "predicates", "edges"} <= set(values["corpus"])
    assert {"original", "masked", "difference", "metric"} <= set(values["score"])
    assert {"overall", "per_layer"} <= set(values["retained"])
    expected = {"fleiss_kappa", "ci_low", "ci_high", "raw_agreement", "prevalence", "per_layer"}
    assert expected <= set(values["agreement"])
    assert "faithfulness" in values


def test_the_summary_of_the_small_run(small_tables: RunTables) -> None:
    names = ("overview", "agreement", "faithfulness")
    values = summary(analyse(small_tables, QUICK, names=names))
    assert values["model"] == "srl-gnn"
    assert values["corpus"] == {
        "name": "toy", "sentences": 2, "tokens": 7, "predicates": 3, "edges": 14,
    }  # fmt: skip
    assert values["score"]["original"] == pytest.approx(0.6)
    assert values["score"]["masked"]["per_seed"] == {
        "0": pytest.approx(6 / 9),
        "1": pytest.approx(4 / 9),
    }
    assert values["score"]["difference"]["per_seed"]["1"] == pytest.approx(4 / 9 - 0.6)
    assert values["retained"]["overall"]["mean"] == pytest.approx(12 / 56)
    assert values["retained"]["per_layer"]["0"]["per_seed"]["1"] == pytest.approx(4 / 14)
    assert values["agreement"]["fleiss_kappa"] == pytest.approx(52 / 66)
    assert values["faithfulness"]["retained_0"]["f1"] == 0


def test_corpus_counts_without_a_manifest(small_tables: RunTables) -> None:
    run = RunTables(
        *(getattr(small_tables, n) for n in ("edges", "paths", "roles", "scores")),
        sentences=small_tables.sentences,
    )
    corpus = summary(analyse(run, QUICK, names=("overview",)))["corpus"]
    # 6 edges in the first sentence and 4 in the second, each counted once
    assert corpus == {"name": "toy", "sentences": 2, "tokens": 7, "predicates": 3, "edges": 10}


def test_two_runs_give_the_same_report(make_tables: Callable[..., RunTables]) -> None:
    run = make_tables()
    first, second = (analyse(run, QUICK, names=("labels", "agreement")) for _ in range(2))
    assert [s.finding for s in first] == [s.finding for s in second]
    assert [f.svg for s in first for f in s.figures] == [f.svg for s in second for f in s.figures]


def test_unknown_names_and_bad_options_are_refused(small_tables: RunTables) -> None:
    with pytest.raises(ConfigError, match="known: overview, predicted"):
        analyse(small_tables, names=("colours",))
    for options in ({"frequent": 2.0}, {"near": 0}, {"resamples": 0}):
        with pytest.raises(ConfigError, match=next(iter(options))):
            Params(**options)  # type: ignore[arg-type]


def test_sections_that_contradict_each_other_are_refused() -> None:
    one, two = (Section("a", "A", "?", ".", summary={"x": {"y": v}}) for v in (1, 2))
    assert summary([one, one])["x"] == {"y": 1}
    with pytest.raises(ReportError, match="'y'"):
        summary([one, two])


def test_analyses_are_short_and_say_their_question() -> None:
    folder = Path(analyses.__file__).parent
    files = {
        run.__module__.rsplit(".", 1)[-1] for run in (*ANALYSES.values(), *GRAPH_ANALYSES.values())
    }
    for name in sorted(files):
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 120, name
        assert text.startswith('"""')
        assert text.split("\n")[0].endswith('?"""'), name


def test_shares_in_the_summary_carry_n_and_interval(
    small_tables: RunTables, make_tables: Callable[..., RunTables]
) -> None:
    few, values = (
        summary(analyse(run, QUICK, names=("paths", "distance", "targets")))
        for run in (small_tables, make_tables())
    )
    for cell in (
        values["paths"]["all"]["1"]["0"],
        values["paths"]["from_predicate"]["0"]["argument"],
        values["distance"]["all"]["1"],
        values["targets"]["all"]["argument"],
    ):
        assert {"share", "low", "high", "n", "small"} <= set(cell)
        assert cell["low"] <= cell["share"] <= cell["high"]
    counted = few["paths"]["from_predicate"]["0"]["argument"]
    assert counted["n"] == 4
    assert counted["small"]
    assert counted["low"] is None  # two sentences
