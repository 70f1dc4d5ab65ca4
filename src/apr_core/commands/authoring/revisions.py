"""The contracts of a git revision, as files in a folder of their own. The work tree is only read, never touched.

The one thing a reader would get wrong: a clone that CI makes is often shallow. There `HEAD~1` is missing though there was
such a commit, which must be an error; only where history really begins is there nothing to compare with.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path, PurePosixPath

from apr_core.contract.schema import SUFFIX
from apr_core.errors import SelectionError, UsageError

_BACKWARDS = re.compile(r"(?P<from>.+?)(?:~\d*|\^[01]?)+")
_SCALES = PurePosixPath("contracts", "scales")
_PLAIN = (b"100644", b"100755")
"""Modes of regular files. A link is not followed: where it leads to is not part of the revision."""


class NothingBefore(Exception):  # noqa: N818 - it is an answer
    """The history of the repository begins later than the revision that was asked for."""


def commit_of(root: Path, word: str) -> str:
    """The commit that a revision names in the repository around `root`.

    Raises:
        NothingBefore: the word leads back beyond the first commit.
        SelectionError: there is no such revision; says what was tried.
        UsageError: git is not there, this is no repository, or the clone is too shallow.
    """
    found = _git(root, "rev-parse", "--verify", "--quiet", f"{word}^{{commit}}", check=False)
    if found is not None:
        return found.decode().strip()
    if _git(root, "rev-parse", "--git-dir", check=False) is None:
        said = _complaint(root, "rev-parse", "--git-dir")
        raise UsageError(
            f"{word!r} is no file or folder here, and git knows no revisions of {root}: {said}. "
            "Name two existing files or folders instead."
        )
    back = _BACKWARDS.fullmatch(word)
    if back is not None and _git(root, "rev-parse", "--verify", "--quiet", f"{back['from']}^{{commit}}", check=False):
        if _git(root, "rev-parse", "--is-shallow-repository") == b"true\n":
            raise UsageError(
                f"this clone is shallow and ends before {word}: get more of its history with "
                "`git fetch --deepen=1` (in CI, check out with a depth of at least 2)."
            )
        raise NothingBefore(f"there is no {word}: the history of {back['from']} begins later")
    raise SelectionError(
        f"{word!r} is no file or folder in {Path.cwd()}, and no revision either (tried `git rev-parse {word}` in {root}). "
        "Give two files, two folders, or one or two revisions such as HEAD~1, a tag or a branch."
    )


def write_contracts(root: Path, commit: str, target: Path) -> None:
    """Writes the contracts and scales of a commit below `target`, at their paths below `root`."""
    wanted = {}
    for entry in (_git(root, "ls-tree", "-r", "-z", commit) or b"").split(b"\0")[:-1]:
        about, _, name = entry.partition(b"\t")
        path = PurePosixPath(os.fsdecode(name))
        mode, *rest = about.split()
        if mode in _PLAIN and (path.name.endswith(SUFFIX) or (path.parent == _SCALES and path.suffix == ".yaml")):
            wanted[path] = rest[1]
    for path, content in zip(wanted, _blobs(root, list(wanted.values())), strict=True):
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _blobs(root: Path, names: list[bytes]) -> list[bytes]:
    """The contents of blobs, by one process."""
    answer = _git(root, "cat-file", "--batch", given=b"".join(name + b"\n" for name in names)) or b""
    found, position = [], 0
    for name in names:
        end = answer.index(b"\n", position)
        header = answer[position:end].split()
        if len(header) != 3:
            raise UsageError(f"git has no content for {name.decode()}: is this a partial clone? Fetch it whole.")
        size = int(header[2])
        found.append(answer[end + 1 : end + 1 + size])
        position = end + size + 2
    return found


def _git(root: Path, *words: str, given: bytes = b"", check: bool = True) -> bytes | None:
    """What git prints; None when it fails and may."""
    done = _run(root, words, given)
    if done.returncode == 0:
        return done.stdout
    if check:
        raise UsageError(f"`git {' '.join(words)}` failed in {root}: {_said(done)}.")
    return None


def _complaint(root: Path, *words: str) -> str:
    return _said(_run(root, words, b""))


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return " ".join(done.stderr.decode(errors="replace").split()).rstrip(".") or f"exit code {done.returncode}"


def _run(root: Path, words: tuple[str, ...], given: bytes) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(["git", *words], cwd=root, input=given, capture_output=True, env=environment, check=False)
    except FileNotFoundError:
        raise UsageError(
            "revisions are read with git, which is not installed or not in PATH. Install it, or compare two folders."
        ) from None
