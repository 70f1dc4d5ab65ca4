"""Where a project begins: the folder that contract ids, evidence and permissions are relative to."""

from __future__ import annotations

from pathlib import Path

MARKERS = ("pyproject.toml", ".git", "pytest.ini", "tox.ini", "setup.cfg", "setup.py")


def project_root(start: Path) -> Path:
    """The nearest folder at or above `start` with a project file; else the parent of a `contracts/` folder; else `start`."""
    start = start.absolute()
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in MARKERS):
            return candidate
    for candidate in (folder, *folder.parents):
        if candidate.name == "contracts":
            return candidate.parent
    return folder
