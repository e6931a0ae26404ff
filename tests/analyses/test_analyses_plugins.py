"""Analyses that are not built in: found, run after the others, and unable to break the report."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from linguagraph.analyses import (
    FAILED,
    Params,
    Plugin,
    analyse,
    ask,
    find_plugins,
    installed_plugins,
    load_plugin,
    summary,
)

from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError, ReportError
from linguagraph.reports import render

QUICK = Params(resamples=20, min_n=2)
FEW = ("overview",)
GOOD = """
    '''How many edges are there?'''
    from linguagraph.reports import Section
    def run(tables, params):
        tables.edges["mine"] = 1
        said = f"There are {len(tables.edges)} edges, by {params.score}."
        return (Section("counted", "Counted", " ".join(__doc__.split()), said),)
"""
BAD = {
    "raises": ("def run(tables, params):\n    return 1 / 0", "ZeroDivisionError"),
    "does_not_load": ("import no_such_module_at_all", "ModuleNotFoundError"),
    "no_python": ("def run(:", "SyntaxError"),
    "exits": ("raise SystemExit('bye')", "SystemExit: bye"),
    "no_run": ("x = 1", "no function run(tables, params)"),
    "a_word": ("def run(tables, params):\n    return 'a'", "it returned a str"),
    "words": ("def run(tables, params):\n    return ['a', None]", "NoneType, str among"),
    "nothing": ("def run(tables, params):\n    pass", "it returned a NoneType"),
    "taken": (
        "from linguagraph.reports import Section\ndef run(tables, params):\n"
        "    return (Section('overview', 'L', 'Q', 'F'),)",
        "section names ['overview'] are used more than once",
    ),
    "reserved": (
        "from linguagraph.reports import Section\ndef run(tables, params):\n"
        f"    return (Section({FAILED!r}, 'L', 'Q', 'F'),)",
        "used more than once",
    ),
    "contradicts": (
        "from linguagraph.reports import Section\ndef run(tables, params):\n"
        "    return (Section('x', 'L', 'Q', 'F', summary={'corpus': 3}),)",
        "gives another value for 'corpus'",
    ),
    "not_json": (
        "from linguagraph.reports import Section\ndef run(tables, params):\n"
        "    return (Section('x', 'L', 'Q', 'F', summary={'x': object()}),)",
        "cannot be written as JSON",
    ),
    "bad_drawing": (
        "from linguagraph.reports import FigureBlock, Section\ndef run(tables, params):\n"
        "    f = FigureBlock('x', 'c', 'a', svg='<script/>')\n"
        "    return (Section('x', 'L', 'Q', 'F', figures=(f,)),)",
        "expected an svg element",
    ),
    "bad_text": (
        "from linguagraph.reports import Section\ndef run(tables, params):\n"
        "    return (Section('x', 'L', 'Q', 'F', tables=3),)",
        "TypeError",
    ),
}


def written(folder: Path, name: str, source: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], Path]:
    """Puts a distribution with one entry point on the path."""

    def made(name: str, value: str, source: str) -> Path:
        site = tmp_path / f"site-{name}"
        info = site / f"{name.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[linguagraph.analyses]\n{value}\n")
        module = value.split("=")[1].split(":")[0].strip()
        written(site, module, source)
        monkeypatch.syspath_prepend(str(site))
        return site

    return made


def test_nothing_is_installed_here() -> None:
    assert not entry_points(group="linguagraph.analyses")
    assert find_plugins() == ()


def test_a_file_is_an_analysis(tmp_path: Path, small_tables: RunTables) -> None:
    plugin = load_plugin(written(tmp_path, "counts", GOOD))
    assert (plugin.name, plugin.origin) == ("counts", str(tmp_path / "counts.py"))
    sections = analyse(small_tables, QUICK, names=FEW, plugins=[plugin])
    assert [s.name for s in sections] == ["overview", "counted"]
    assert sections[-1].question == "How many edges are there?"
    assert sections[-1].finding == "There are 56 edges, by role F1."
    assert ask(plugin, small_tables, QUICK) == sections[-1:]
    assert "mine" not in small_tables.edges.columns  # it has columns of its own
    assert [p.name for p in tmp_path.iterdir()] == ["counts.py"]  # no compiled file


def test_a_file_is_read_anew(tmp_path: Path, small_tables: RunTables) -> None:
    path = written(tmp_path, "counts", GOOD)
    before = load_plugin(path)
    written(tmp_path, "counts", GOOD.replace("There are", "They are"))
    after = load_plugin(path)
    assert before.fingerprint != after.fingerprint
    assert ask(after, small_tables)[0].finding.startswith("They are")


def test_a_folder_holds_analyses_but_not_their_tests(tmp_path: Path) -> None:
    for name in ("b", "a", "test_a", "conftest", "_shared"):
        written(tmp_path, name, GOOD)
    assert [p.name for p in find_plugins([tmp_path])] == ["a", "b"]


@pytest.mark.parametrize("name", BAD)
def test_a_broken_analysis_is_named_and_the_report_stays(
    tmp_path: Path, small_tables: RunTables, name: str
) -> None:
    source, why = BAD[name]
    bad = load_plugin(written(tmp_path, name, source))
    good = load_plugin(written(tmp_path, "counts", GOOD))
    sections = analyse(small_tables, QUICK, names=FEW, plugins=[bad, good])
    assert [s.name for s in sections] == ["overview", "counted", FAILED]
    told = sections[-1]
    assert told.finding.startswith(f"1 analysis failed and is left out: {name} ({bad.origin}): ")
    assert why in told.finding
    (fact,) = summary(sections)[FAILED]
    assert (fact["analysis"], fact["from_file"]) == (name, True)
    assert why in fact["why"]
    assert render(sections, title="t", manifest={}, summary={}).count("Analyses that failed")


def test_asked_alone_a_broken_analysis_raises(tmp_path: Path, small_tables: RunTables) -> None:
    with pytest.raises(ZeroDivisionError):
        ask(load_plugin(written(tmp_path, "raises", BAD["raises"][0])), small_tables)
    with pytest.raises(ReportError, match="ModuleNotFoundError"):
        ask(load_plugin(written(tmp_path, "late", BAD["does_not_load"][0])), small_tables)


def test_the_line_that_failed_is_named(tmp_path: Path, small_tables: RunTables) -> None:
    path = written(tmp_path, "deep", "def run(tables, params):\n    return inner()\n\n\n"
                   "def inner():\n    raise KeyError('foo')\n")  # fmt: skip
    (told,) = analyse(small_tables, QUICK, names=(), plugins=[load_plugin(path)])
    assert "KeyError: 'foo' (deep.py, line 6)" in told.finding


def test_installed_analyses_run_and_say_where_they_are_from(
    install: Callable[[str, str, str], Path], small_tables: RunTables
) -> None:
    install("lg-good", "counts = lg_good_module", GOOD)
    install("lg-function", "other = lg_function_module:work",
            GOOD.replace("def run", "def work").replace('"counted"', '"other"'))  # fmt: skip
    install("lg-broken", "late = lg_broken_module", "import no_such_module_at_all")
    found = installed_plugins()
    assert [(p.name, p.origin) for p in found] == [
        ("counts", "lg-good 1.2"), ("late", "lg-broken 1.2"), ("other", "lg-function 1.2"),
    ]  # fmt: skip
    assert all(p.fingerprint for p in found if not p.why)
    sections = analyse(small_tables, QUICK, names=(), plugins=found)
    assert [s.name for s in sections] == ["counted", "other", FAILED]
    assert "late (lg-broken 1.2): ModuleNotFoundError" in sections[-1].finding


def test_two_analyses_of_one_name_are_one_too_many(
    install: Callable[[str, str, str], Path], small_tables: RunTables
) -> None:
    install("lg-one", "counts = lg_one_module", GOOD)
    install("lg-two", "counts = lg_two_module", GOOD)
    sections = analyse(small_tables, QUICK, names=(), plugins=find_plugins())
    assert [s.name for s in sections] == ["counted", FAILED]
    assert "counts (lg-two 1.2): section names ['counted'] are used more" in sections[-1].finding


def test_an_analysis_may_have_nothing_to_say(small_tables: RunTables) -> None:
    silent = Plugin("silent", "here", run=lambda tables, params: ())
    assert analyse(small_tables, QUICK, names=(), plugins=[silent]) == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.py", "no such module"), ("a.txt", "no such module"), ("Big.py", "lower-case"),
     ("empty", "no analyses in this folder")],
)  # fmt: skip
def test_what_is_no_analysis_is_an_error(tmp_path: Path, name: str, message: str) -> None:
    for there in ("a.txt", "Big.py"):
        (tmp_path / there).write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=message):
        find_plugins([tmp_path / name])
