"""Pages that are made of other files of the repository: the changes, ARCHITECTURE.md and CONTRIBUTING.md.

The one thing a reader would get wrong: the headings of a file move one level down, because the page has a title already.
"""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

KINDS = {"added": "Added", "changed": "Changed", "fixed": "Fixed", "removed": "Removed"}


def changelog() -> str:
    """The sentences of `changelog/`, by kind.

    Raises:
        KeyError: a file is named after no kind.
    """
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for path in sorted((TOP / "changelog").glob("*.md")):
        if path.name != "README.md":
            kind = path.name.removesuffix(".md").rpartition(".")[2]
            found[kind].append(" ".join(path.read_text(encoding="utf-8").split()))
    parts = [
        f"### {KINDS[kind]}\n\n" + "\n".join(f"- {line}" for line in lines) for kind, lines in found.items() if lines
    ]
    return "\n\n".join(parts)


def architecture() -> str:
    """ARCHITECTURE.md below its title."""
    return _body("ARCHITECTURE.md")


def contributing() -> str:
    """CONTRIBUTING.md below its title."""
    return _body("CONTRIBUTING.md")


def _body(name: str) -> str:
    """A file of the top folder without its title, with its links into `docs/` as seen from there."""
    _, _, body = (TOP / name).read_text(encoding="utf-8").partition("\n")
    return re.sub(r"\]\(docs/", "](", body)
