"""A project small enough to know what becomes of each mutant."""

from __future__ import annotations

import hashlib
from pathlib import Path

CAP = "def cap(n):\n    if n > 10:\n        return 10\n    return n\n"

CONTRACT = """\
title: Caps
version: 1.0.0
subjects: {cap: "caps:cap"}
inputs: {n: {integer: [0, 20]}}
obligations:
  - {id: LIMIT, type: holds, claim: It is at most ten., check: cap(n) <= 10, cases: exhaustive}
"""


def content(folder: Path) -> dict[str, str]:
    """File → digest, for everything below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
