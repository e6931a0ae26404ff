"""The documentation builds without a warning, is complete, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import typer.main

from linguagraph import analyses, columns
from linguagraph.cli import app

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("documents", "graphs", "models", "masks", "aggregates", "figures", "reports")

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(n) is None for n in ("sphinx", "myst_nb", "furo")),
    reason="needs the extra docs",
)


class Page(HTMLParser):
    """Links and anchors of an HTML file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element links to and what it is called."""
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.links.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, notebooks not executed."""
    out = tmp_path_factory.mktemp("docs")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            "--keep-going",
            "-b",
            "html",
            "docs",
            out / "html",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return out / "html"


def text(site: Path, name: str) -> str:
    return unescape((site / name).read_text(encoding="utf-8"))


def test_pages_say_what_the_program_is(site: Path) -> None:
    page = text(site, "tables.html")
    plain = unescape(re.sub(r"<[^>]+>", "", (site / "tables.html").read_text(encoding="utf-8")))
    every = [t for t in vars(columns).values() if isinstance(t, columns.Table)]
    assert len(every) >= 10
    for table in every:
        assert f'id="{table.name}"' in page
        for column in table.columns:
            assert f">{column.name}</span>" in page
            assert " ".join(column.meaning.split()) in plain
    page = text(site, "commands.html")
    commands = [("linguagraph", typer.main.get_command(app))]
    while commands:
        name, command = commands.pop()
        inner = getattr(command, "commands", {})
        commands += [(f"{name} {n}", c) for n, c in inner.items()]
        assert name == "linguagraph" or f'id="{name.replace(" ", "-")}"' in page
        for parameter in command.params:
            shown = (o in page or o.upper() in page for o in parameter.opts)
            assert name == "linguagraph" or all(shown), parameter.opts
    page = text(site, "analyses.html")
    assert all(f">{name}<" in page for name in analyses.ANALYSES)
    assert "<!-- generated" not in page


@pytest.mark.parametrize("name", PACKAGES)
def test_the_reference_has_all_public_names(site: Path, name: str) -> None:
    package = importlib.import_module(f"linguagraph.{name}")
    pages = "".join(text(site, f"api/{path.name}") for path in (site / "api").glob("*.html"))
    for public in package.__all__:
        value = getattr(package, public)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert f'id="{value.__module__}.{public}"' in pages, public


def test_every_notebook_is_a_page(site: Path) -> None:
    made = {path.stem for path in (site / "notebooks").glob("*.html")}
    assert made == {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}


def test_links_inside_lead_somewhere_and_nothing_is_fetched(site: Path) -> None:
    pages = {path: Page(path) for path in site.rglob("*.html")}
    wrong = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                known = parts.scheme in ("https", "http", "data") and parts.netloc.count(".") > 0
                wrong += [] if known or parts.scheme == "data" else [f"{path.name}: {link}"]
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file() or (
                parts.fragment and target in pages and target.suffix == ".html"
                and unquote(parts.fragment) not in pages[target].anchors
            ):  # fmt: skip
                wrong.append(f"{path.name}: {link}")
    assert wrong == []
