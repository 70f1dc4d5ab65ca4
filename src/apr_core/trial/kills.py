"""Kills remembered by what they rest on: the contract, the sources, the judge, the versions and the settings.

The one thing a reader would get wrong: only kills are kept. A survivor, a drifted edit and an error are tried again every time,
because those are what somebody is about to repair.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.contract.load import LoadedContract
from apr_core.contract.mutants import EvidenceMutant, Mutant
from apr_core.errors import AprError
from apr_core.files import canonical_json, write_atomic
from apr_core.trial.control import KILLED, Control

if TYPE_CHECKING:
    from apr_core.trial.session import Session

_JUDGE = ("*.py", "contract/**/*.py", "compiler/**/*.py", "trial/**/*.py", "evidence/*.py", "statistics/**/*.py")
"""Where the judge lies below the package: what reports and commands do changes no verdict."""


class Kills:
    """The store of one session, in `.apr/kills/`; nothing is read or written where nothing may be."""

    def __init__(self, session: Session, *, fresh: bool = False) -> None:
        self.session, self.fresh = session, fresh
        database = session.database
        self.folder = None if database is None else database.parent / "kills"

    def known(self, loaded: LoadedContract, mutant: Mutant) -> Control | None:
        """The control of a mutant that was killed on the same contract, sources and versions."""
        path = self._path(loaded, mutant)
        if path is None or self.fresh or not path.is_file():
            return None
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            same = all(
                _digest(Path(file), Path(file).stat().st_mtime_ns) == known for file, known in data["files"].items()
            )
            return replace(Control.from_json(data["control"]), cached=True, seconds=0.0) if same else None
        except (OSError, ValueError, TypeError, KeyError):
            return None  # a file that is gone, or a store that somebody has edited: try again

    def keep(self, loaded: LoadedContract, mutant: Mutant, found: Control, files: Sequence[Path] | None) -> None:
        """Remember a kill. `files` are those that were loaded where it was tried; None for this process."""
        path = self._path(loaded, mutant)
        if path is None or found.outcome != KILLED:
            return
        used = self._loaded_here() if files is None else files
        try:
            digests = {str(file): _digest(file, file.stat().st_mtime_ns) for file in used}
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, json.dumps({"files": digests, "control": found.to_json()}, indent=1))
        except (OSError, AprError):
            return  # to remember is a convenience

    def _path(self, loaded: LoadedContract, mutant: Mutant) -> Path | None:
        if self.folder is None or isinstance(mutant, EvidenceMutant):  # the latter costs less than looking it up
            return None
        settings = self.session.settings
        rests_on: list[Any] = [
            loaded.id,
            loaded.digest,
            mutant.id,
            judge_digest(),
            versions(),
            settings.cases,
            settings.seed,
        ]
        return self.folder / f"{hashlib.sha256(canonical_json(rests_on)).hexdigest()[:32]}.json"

    def _loaded_here(self) -> list[Path]:
        policy = self.session.policy
        files = [getattr(module, "__file__", None) for name, module in list(sys.modules.items()) if policy.allows(name)]
        return [Path(file) for file in files if file is not None]


@cache
def _digest(file: Path, _changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def judge_digest() -> str:
    """Of the source of the judge: a kill by an older one is not a kill by this one."""
    top = Path(__file__).resolve().parent.parent
    found = hashlib.sha256()
    for path in sorted(path for part in _JUDGE for path in top.glob(part)):
        found.update(path.relative_to(top).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


@cache
def versions() -> dict[str, str]:
    """Python and how it was started, and every installed package: which of them a subject uses, nobody says."""
    found = {one.name or "": one.version or "" for one in importlib.metadata.distributions()}
    return found | {"python": platform.python_version(), "-O": str(sys.flags.optimize)}
