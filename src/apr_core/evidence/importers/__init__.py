"""Readers of other programs' result files: one table from the name of a format to the module that reads it.

The one thing a reader would get wrong: an importer adds no knowledge. What a file does not say is `unknown` in the
record, even where everybody knows it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from apr_core.errors import UsageError
from apr_core.evidence.importers import apr_leaderboard, bigcode, bigcodebench, evalplus, figures, inspect_ai, lm_eval
from apr_core.evidence.record import Record


class Importer(Protocol):
    """A module of this package. Its `read` may take more by keyword, which `apr evidence import` has options for."""

    def read(self, path: Path) -> list[Record]:
        """The records of a file or folder in a fixed order; EvidenceError when any of it cannot be read."""

    def recognises(self, path: Path) -> bool:
        """Whether a file or folder has the format. A file that cannot be read is not recognised."""


FORMATS: dict[str, Importer] = {
    "apr-leaderboard": apr_leaderboard,
    "bigcode": bigcode,
    "bigcodebench": bigcodebench,
    "evalplus": evalplus,
    "figures": figures,
    "inspect": inspect_ai,
    "lm-eval": lm_eval,
}
"""A row is all that a new format needs."""

IMPORTERS: dict[str, Callable[..., list[Record]]] = {name: module.read for name, module in FORMATS.items()}


def recognise(path: Path) -> str:
    """The name of the format that a file or folder has, by its content.

    Raises:
        UsageError: there is no such file, no format is recognised, or several are.
    """
    if not path.exists():
        raise UsageError(f"there is no file or folder {path}. Check the path.")
    found = [name for name, module in FORMATS.items() if module.recognises(path)]
    if len(found) != 1:
        said = f"it could be {' or '.join(found)}" if found else "its format is not recognised"
        raise UsageError(
            f"{path}: {said}. Name the format in place of `auto`, and what is wrong with a file is said: "
            f"{', '.join(FORMATS)}."
        )
    return found[0]
