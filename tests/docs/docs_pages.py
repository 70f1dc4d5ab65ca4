"""What the pages of documentation hold, for the tests that compare it with what is so.

The one thing a reader would get wrong: a code block belongs to a file when its first line is `# folder/name.ext`, and an
output line that ends in `…` is only compared up to there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parents[2] / "docs"

_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (?P<path>\w[\w/.]*\.\w+)\n")


class Block(NamedTuple):
    """A fenced block."""

    section: str
    """The `##` heading that it stands under."""
    language: str
    text: str

    @property
    def path(self) -> str | None:
        """The file that it is, if its first line says so."""
        found = _FILE.match(self.text)
        return found["path"] if found else None


def sections(page: str) -> dict[str, str]:
    """Heading → text, for each `##` heading of a page; what comes before the first is under the empty heading."""
    _, *parts = re.split(r"^(?:## (.+)|\A)$", "\n" + (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {heading or "": text for heading, text in zip(parts[::2], parts[1::2], strict=True)}


def blocks(page: str) -> list[Block]:
    """Every fenced block of a page, in order."""
    return [
        Block(heading, found["language"], found["text"])
        for heading, text in sections(page).items()
        for found in _FENCE.finditer(text)
    ]


def tables(text: str) -> list[list[list[str]]]:
    """The cells of every table of a text, without headings and rules."""
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[_cells(row) for row in rows.splitlines()[2:]] for rows in found]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def names(cell: str) -> list[str]:
    """What stands between backticks, in order."""
    return re.findall(r"`([^`]+)`", cell)


def unmatched(shown: str, output: str) -> list[str]:
    """The lines of a shown output that the real one does not have, in this order."""
    real = iter(output.splitlines())
    missing = []
    for line in shown.splitlines():
        if not any(_same(line, found) for found in real):
            missing.append(line)
            real = iter(output.splitlines())
    return missing


def _same(shown: str, real: str) -> bool:
    return real.startswith(shown[:-1]) if shown.endswith("…") else real.rstrip() == shown.rstrip()
