"""The built wheel holds every module, template, weight and sample that the tree holds."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = (".html", ".css", ".js", ".json", ".safetensors", ".conll09", ".txt", ".pt", ".py")


def expected() -> set[str]:
    """Names in the wheel of everything that the package needs."""
    names = set()
    for folder, prefix in (
        ("linguagraph", "linguagraph"),
        ("analyses", "linguagraph/analyses"),
        ("templates", "linguagraph/templates"),
    ):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in DATA and "__pycache__" not in path.parts:
                names.add(f"{prefix}/{path.relative_to(ROOT / folder).as_posix()}")
    return names


def test_the_wheel_holds_what_the_tree_holds(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("linguagraph", "analyses", "templates"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = "from setuptools import build_meta; build_meta.build_wheel('out')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (wheel,) = (source / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        found = set(archive.namelist())
    assert expected() <= found
    extra = {name for name in found - expected() if ".dist-info/" not in name}
    extra -= {"linguagraph/pretrained/LICENSE"}
    assert not extra
    assert "linguagraph/analyses/labels.py" in found
    assert "linguagraph/templates/report.html" in found
    assert "linguagraph/pretrained/LICENSE" in found
