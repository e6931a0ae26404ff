"""A notebook and an empty folder in, its outputs as JSON on standard output.

The kernel is reached over sockets that are files, so that no port is opened.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

KEEP_OUT = ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR")


def execute(path: Path, home: Path, seconds: int) -> list[dict[str, object]]:
    """Outputs of all cells; an error in one of them is raised."""
    with tempfile.TemporaryDirectory(prefix="lg") as short:  # paths of sockets must be short
        for name in KEEP_OUT:
            os.environ[name] = str(Path(short) / name.lower())
        kernel = AsyncKernelManager(transport="ipc", ip=str(Path(short) / "kernel"))
        kernel._kernel_spec = KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
        )
        notebook = nbformat.read(path, as_version=4)
        place = {"metadata": {"path": str(home)}}
        NotebookClient(notebook, km=kernel, timeout=seconds, resources=place).execute()
    return [dict(output) for cell in notebook.cells for output in cell.get("outputs", ())]


if __name__ == "__main__":
    print(json.dumps(execute(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
