"""Settings of Sphinx: pages in MyST, the reference from docstrings, nothing fetched."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import generated
import resolving

import linguagraph

project = "linguagraph"
author = "the linguagraph authors"
version = release = linguagraph.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

suppress_warnings = ["ref.python"]  # two classes of one name: the first is as good
nitpick_ignore = [("py:class", "nx.Graph"), ("py:class", "nx.MultiDiGraph")]
smartquotes = False  # columns and options are quoted as they are
nitpicky = True  # see resolving.py for names that are not described here

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
nb_execution_mode = "off"  # 'make docs' runs the notebooks
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_maximum_signature_line_length = 88
add_module_names = False
toc_object_entries = False

html_theme = "furo"
html_title = f"linguagraph {version}"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}


def setup(app: Any) -> None:
    """Fill pages that are made from the program; read docstrings as we write them."""
    app.connect("source-read", generated.fill)
    app.connect("autodoc-process-docstring", resolving.before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", resolving.after_napoleon, priority=600)
    app.connect("missing-reference", resolving.resolve)
