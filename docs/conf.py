"""Sphinx: plain Markdown pages, the parts that are written from the code at build time, and nothing from the network.

    python -m sphinx -W --keep-going -n -b html docs build/docs

The one thing a reader would get wrong: a page of `reference/` holds hardly any text of its own. What stands at
`<!-- generated: … -->` is written by the modules of `_ext/` while the page is read.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

from apr_core import __version__  # noqa: E402 - after the path above, which the extensions need

project = "apr-core"
author = "the apr-core authors"
project_copyright = "the apr-core authors, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "apr_pages"]
exclude_patterns = ["_ext/**", "_static/**", "images/**"]
nitpicky = True
smartquotes = False  # quotes in help texts are meant to be typed

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4

# The signatures of reference/python.md name types of Python and numpy, which are described elsewhere.
nitpick_ignore_regex = [("py:class", r"(?!apr_core\.).*")]
add_module_names = False
python_maximum_signature_line_length = 80

highlight_language = "text"  # of a block that names none: a drawing

html_theme = "furo"
html_title = f"apr-core {__version__}"
html_static_path = ["_static"]
html_css_files = ["apr.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
