"""Readers of other programs' result files: one table from the name of a format to the function that reads it.

The one thing a reader would get wrong: an importer adds no knowledge. What a file does not say is `unknown` in the
record, even where everybody knows it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from apr_core.evidence.importers import apr_leaderboard, figures
from apr_core.evidence.record import Record

IMPORTERS: dict[str, Callable[[Path], list[Record]]] = {
    "apr-leaderboard": apr_leaderboard.read,
    "figures": figures.read,
}
"""Each takes a path, gives records in a fixed order, and raises EvidenceError when any of it cannot be read."""
