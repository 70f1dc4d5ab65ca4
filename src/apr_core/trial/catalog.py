"""Which contract files a project has, and which claim ids they hold.

The one thing a reader would get wrong: an id belongs to exactly one file. Two files that come out with the same id are an
error for both, because a verdict under that id would not say which of them was tried.
"""

from __future__ import annotations

import difflib
import os
from functools import cached_property
from pathlib import Path

from apr_core.contract.load import LoadedContract, contract_id, load_file
from apr_core.contract.schema import SUFFIX
from apr_core.errors import AprError, SelectionError, did_you_mean

_SKIPPED = frozenset({"node_modules", "site-packages", "build", "dist", "venv", "__pycache__"})


class Catalog:
    """The contract files below a root, found once, loaded when asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._loaded: dict[Path, LoadedContract | AprError] = {}

    @cached_property
    def files(self) -> dict[str, list[Path]]:
        """Contract id → files that come out with it (more than one is an error)."""
        found: dict[str, list[Path]] = {}
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
            for name in sorted(names):
                if name.endswith(SUFFIX):
                    path = Path(folder) / name
                    found.setdefault(contract_id(path, self.root), []).append(path)
        return found

    def load(self, contract: str) -> LoadedContract:
        """The contract with this id.

        Raises:
            SelectionError: there is none, or more than one.
            ContractError: the file cannot be used.
        """
        paths = self.files.get(contract, [])
        if not paths:
            raise SelectionError(f"there is no contract {contract!r}.{did_you_mean(contract, self.files)}")
        if len(paths) > 1:
            names = " and ".join(str(path.relative_to(self.root)) for path in paths)
            raise SelectionError(f"{names} have the same id {contract!r}. Rename one of them.")
        return self.load_path(paths[0])

    def load_path(self, path: Path) -> LoadedContract:
        """The contract in this file, read once."""
        if path not in self._loaded:
            try:
                self._loaded[path] = load_file(path, self.root)
            except AprError as error:
                self._loaded[path] = error
        found = self._loaded[path]
        if isinstance(found, AprError):
            raise found
        return found

    def claim_ids(self) -> list[str]:
        """Every claim id of every file that can be read."""
        ids: list[str] = []
        for contract in self.files:
            try:
                loaded = self.load(contract)
            except AprError:
                continue
            ids.extend(f"{contract}::{obligation.id}" for obligation in loaded.model.obligations)
        return ids

    def resolve_claim(self, text: str) -> str:
        """The claim id that a person means by `folder/file::ID`, `path/to/file.apr.yaml::ID` or a bare `ID`.

        Raises:
            SelectionError: nothing, or more than one thing, goes by that name; says what is near.
        """
        ids = self.claim_ids()
        if text in ids:
            return text
        file, _, obligation = text.rpartition("::")
        if file.endswith(SUFFIX):
            path = Path(file) if Path(file).is_absolute() else self.root / file
            text = f"{contract_id(path, self.root)}::{obligation}"
            if text in ids:
                return text
        matches = [claim for claim in ids if claim.rpartition("::")[2] == text]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise SelectionError(
                f"{text!r} is the id of {len(matches)} claims: {', '.join(matches)}. Name one of them in full."
            )
        near = difflib.get_close_matches(text, [*ids, *(claim.rpartition("::")[2] for claim in ids)], n=3, cutoff=0.5)
        hint = f" Nearest: {', '.join(near)}." if near else ""
        raise SelectionError(
            f"no claim is called {text!r} among {len(ids)} claims in {len(self.files)} contracts.{hint}"
        )

    def scale_file(self, name: str) -> Path:
        """The file of a scale.

        Raises:
            SelectionError: there is no such scale; says which there are.
        """
        folder = self.root / "contracts" / "scales"
        path = folder / f"{name}.yaml"
        if path.is_file():
            return path
        known = sorted(file.stem for file in folder.glob("*.yaml")) if folder.is_dir() else []
        raise SelectionError(
            f"there is no scale {name!r} in {folder}; there are: {', '.join(known) or 'none'}.{did_you_mean(name, known)}"
        )
