"""The Sphinx extension: fills `<!-- generated: NAME -->` in a page, and orders the pages.

What stands behind the marker on its line is for those who read the page on GitHub. The one thing a reader would get wrong: no
file is written. The Markdown is put into the text of the page while Sphinx reads it, so the pages in git stay readable and
never go out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apr_commands as commands
import apr_notes as notes
import apr_python as python
import apr_schema as schema
import apr_vocabulary as vocabulary

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent.parent
MARKER = re.compile(r"^<!-- generated: ([\w-]+) -->.*$", re.MULTILINE)

NAVIGATION: dict[str, tuple[str, ...]] = {
    "Begin": ("tutorial", "cookbook", "moving"),
    "Use": ("verdicts", "reading-a-report", "reports", "mutants", "contract-diff", "import"),
    "Evaluate": ("evaluation", "benchmarks", "prompts", "generation", "sandbox", "battery", "analyses"),
    "Reference": (
        "language", "reference/contract", "reference/obligations", "reference/inputs", "reference/vocabulary",
        "reference/examples", "reference/commands", "reference/pytest", "reference/python",
    ),
    "Project": ("museum", "changelog", "architecture", "contributing"),
}  # fmt: skip
"""Caption → pages. One that does not exist is left out; one that is not named here follows under "Use"."""


def toctree() -> str:
    """The order of the pages, as Sphinx wants it; what it shows is the sidebar."""
    there = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")} - {"index"}
    named = {page for pages in NAVIGATION.values() for page in pages}
    parts = []
    for caption, pages in NAVIGATION.items():
        pages = (*pages, *sorted(there - named)) if caption == "Use" else pages
        entries = "\n".join(page for page in pages if page in there)
        parts.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n")
    return "\n".join(parts)


GENERATORS: dict[str, Callable[[], str]] = {
    "toctree": toctree,
    "contract": schema.contract_page,
    "obligations": schema.obligations_page,
    "inputs": schema.inputs_page,
    "vocabulary": vocabulary.page,
    "commands": commands.commands_page,
    "pytest": commands.pytest_page,
    "python": python.page,
    "changelog": notes.changelog,
    "architecture": notes.architecture,
    "contributing": notes.contributing,
}
"""Name in a marker → what writes the Markdown."""


def filled(text: str) -> str:
    """A page with what is written from the code.

    Raises:
        KeyError: a marker names nothing of `GENERATORS`.
    """
    return MARKER.sub(lambda found: GENERATORS[found[1]]().strip("\n"), text)


def _read(app: Sphinx, page: str, content: list[str]) -> None:
    content[0] = filled(content[0])


def _outdated(app: Sphinx, env: Any, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Pages with a marker are read anew in each build: the code that they are written from is no file of Sphinx's."""
    return [page for page in env.found_docs if MARKER.search(Path(env.doc2path(page)).read_text(encoding="utf-8"))]


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.connect("source-read", _read)
    app.connect("env-get-outdated", _outdated)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
