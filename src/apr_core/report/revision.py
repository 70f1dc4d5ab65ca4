"""Which commit a run judged, and whether the files were those of that commit.

The one thing a reader would get wrong: a commit says nothing about code that was not in it. So files that git does not
know count as differences too; only the folder that the reports are written into is left out, for the run itself makes it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

_SECONDS = 20.0


class Revision(NamedTuple):
    """What git says of a folder."""

    commit: str | None
    """The full name of the commit that is checked out; None outside of a repository, before its first commit, without git."""
    dirty: bool | None
    """Whether files differ from the commit or are not in it; None when the commit is unknown or git does not say."""


def revision(root: Path, reports: Path | None = None) -> Revision:
    """What is checked out at `root`. Files below `reports`, where that lies below `root`, count for nothing."""
    commit = _git(root, "rev-parse", "--verify", "HEAD^{commit}")
    if commit is None:
        return Revision(None, None)
    paths = ["."]
    if (
        reports is not None
        and reports.absolute().is_relative_to(root.absolute())
        and reports.absolute() != root.absolute()
    ):
        paths.append(f":(exclude,literal){reports.absolute().relative_to(root.absolute()).as_posix()}")
    changes = _git(root, "status", "--porcelain", "--untracked-files=normal", "--", *paths)
    return Revision(commit, None if changes is None else changes != "")


def _git(root: Path, *words: str) -> str | None:
    """What a git command prints; None when it fails, takes too long or is not there."""
    # Without the optional lock a look at the tree never disturbs somebody else's git command.
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *words], cwd=root, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
