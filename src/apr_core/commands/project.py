"""Finding the project, its contracts, and the one claim that a word on the command line means.

The one thing a reader would get wrong: a broken contract file hides its claims, and "there is no such claim" would
then send the reader searching for a typing mistake. When the word points into a broken file, the file's problems are
the answer.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.errors import AprError, SelectionError, UsageError
from apr_core.project import project_root

if TYPE_CHECKING:
    import argparse

    from apr_core.contract.load import LoadedContract
    from apr_core.contract.obligations import AnyObligation
    from apr_core.trial.catalog import Catalog
    from apr_core.trial.session import Session


def add_session(parser: argparse.ArgumentParser) -> None:
    """Adds the options that `open_session` reads."""
    parser.add_argument("--evidence", metavar="DIR", help="a folder of records besides the project's own")
    parser.add_argument("--scale", metavar="NAME", help="which models the roles of the contracts mean")


def open_session(args: argparse.Namespace, **settings: Any) -> Session:
    """A judging session for the project around the working folder, with the options of `add_session`."""
    from apr_core.trial.session import Session, Settings

    folders = () if args.evidence is None else (Path(args.evidence),)
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--evidence {folder}: there is no such folder. Give the folder that holds the records.")
    session = Session(project_root(Path.cwd()), Settings(evidence=folders, scale=args.scale, **settings))
    if args.scale is not None:
        session.catalog.scale_file(args.scale)  # a name that leads nowhere is wrong use, not a verdict of every claim
    return session


def find_claim(catalog: Catalog, word: str) -> tuple[LoadedContract, AnyObligation]:
    """The claim that `contract::ID`, `path/to/file.apr.yaml::ID` or a bare unique `ID` names.

    Raises:
        SelectionError: there is none, or a bare id is in several contracts; names the nearest or all of them.
        ContractError: the word points into a file that cannot be used.
    """
    where, colons, name = word.rpartition("::")
    if where and Path(where).is_file():
        word = f"{Path(where).absolute()}::{name}"
    try:
        claim = catalog.resolve_claim(word)
    except SelectionError as error:
        if colons:
            _demand_readable(catalog, where)
        raise SelectionError(f"{error}{_left_out(catalog)}") from None
    contract, _, name = claim.rpartition("::")
    loaded = catalog.load(contract)
    return loaded, loaded.obligation(name)


def _demand_readable(catalog: Catalog, where: str) -> None:
    """Raises what is wrong with the contract that a word points into; quiet when it can be read or is not there."""
    for contract, paths in catalog.files.items():
        if where == contract or Path(where).absolute() in paths or catalog.root / where in paths:
            catalog.load(contract)


def _left_out(catalog: Catalog) -> str:
    """A sentence about the files that hide their claims, if there are any."""
    broken = sum(map(len, catalog.files.values())) - len(readable(catalog))
    return f" Left out: {broken} that cannot be used; `apr contract lint` says why." if broken else ""


def readable(catalog: Catalog) -> list[LoadedContract]:
    """All contracts of the project that can be read, in the order of their ids."""
    found = []
    for contract in sorted(catalog.files):
        try:
            found.append(catalog.load(contract))
        except AprError:
            continue
    return found


def contract_files(catalog: Catalog, paths: Sequence[str] = ()) -> list[Path]:
    """The contract files of the project, or below the given files and folders.

    Raises:
        UsageError: a path does not exist, or is a file that is not a contract.
        SelectionError: there is no contract below any of them.
    """
    from apr_core.contract.load import find_files
    from apr_core.contract.schema import SUFFIX

    files: dict[Path, None] = {}
    for place in map(Path, paths):
        if place.is_dir():
            files |= dict.fromkeys(find_files(_absolute(place)))
        elif not place.exists():
            raise UsageError(
                f"there is no file or folder {place}. Check the path, or give none to take the whole project."
            )
        elif not place.name.endswith(SUFFIX):
            raise UsageError(
                f"{place} is no contract: a contract's name ends in {SUFFIX}. Rename it, or name another file."
            )
        else:
            files[_absolute(place)] = None
    if not paths:
        files = dict.fromkeys(sorted(path for group in catalog.files.values() for path in group))
    if not files:
        names = ", ".join(paths) or str(catalog.root)
        raise SelectionError(
            f"there is no contract (*{SUFFIX}) in {names}. Write one: apr contract new --subject module:function"
        )
    return list(files)


def _absolute(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))
