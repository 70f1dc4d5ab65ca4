"""Contract files: found, read, checked and named. Every problem of a file is reported at once, with its line.

The one thing a reader would get wrong: a file that fits the schema is not valid yet. `check` then judges its names,
expressions and references, and only a file without any problem becomes a `LoadedContract`.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from apr_core.contract.check import examine
from apr_core.contract.limits import FILE_BYTES
from apr_core.contract.messages import schema_problems
from apr_core.contract.mutants import Mutant
from apr_core.contract.obligations import AnyObligation
from apr_core.contract.schema import SUFFIX, Contract, Scale
from apr_core.contract.yaml import Document, parse
from apr_core.errors import ContractError, Problem, SelectionError, did_you_mean

_WRONG_SUFFIX = ".apr.yml"
_FOLDER = "contracts"
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class LoadedContract:
    """A contract without problems, and where it came from."""

    id: str
    """The path below the nearest `contracts` folder, or below the root, without the suffix: `merge/slerp`."""
    path: Path
    relative: str
    """The path below the root, with `/`; the path itself for a file outside of it."""
    model: Contract
    digest: str
    """SHA-256 of the file."""
    _lines: Mapping[str, int]
    _calls: Mapping[str, Collection[str]]

    def obligation(self, obligation_id: str) -> AnyObligation:
        """The obligation with this id.

        Raises:
            SelectionError: the contract has no such obligation.
        """
        found = next((one for one in self.model.obligations if one.id == obligation_id), None)
        if found is None:
            near = did_you_mean(obligation_id, [one.id for one in self.model.obligations])
            raise SelectionError(f"{self.relative} has no obligation {obligation_id!r}.{near}")
        return found

    def calls_of(self, obligation_id: str) -> frozenset[str]:
        """The subjects that an obligation calls, itself or in the making of the inputs and objects that it reads."""
        return frozenset(self._calls.get(obligation_id, ())) & self.model.subjects.keys()

    def line_of(self, obligation_id: str) -> int:
        """The line, from 1, at which an obligation or a mutant begins.

        Raises:
            SelectionError: the contract has neither by that id.
        """
        if obligation_id not in self._lines:
            near = did_you_mean(obligation_id, self._lines)
            raise SelectionError(f"{self.relative} has no obligation or mutant {obligation_id!r}.{near}")
        return self._lines[obligation_id]


def find_files(folder: Path) -> list[Path]:
    """The contract files below a folder, sorted; hidden folders and links to folders are not entered.

    A file that ends in `.apr.yml` is found too: `load_file` refuses it, where otherwise it would silently never run.

    Raises:
        ContractError: there is no such folder.
    """
    if not folder.is_dir():
        message = f"there is no folder {folder.as_posix()!r} to look for contracts in: give an existing one."
        raise ContractError([Problem(folder.as_posix(), 1, 1, message)])
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in files if name.lower().endswith((SUFFIX, _WRONG_SUFFIX))]
    return sorted(found)


def contract_id(path: Path, root: Path) -> str:
    """The path of a contract file below the nearest `contracts` folder, or below the root, without the suffix."""
    path, root = path.absolute(), root.absolute()
    inside = path.relative_to(root) if path.is_relative_to(root) else path.relative_to(path.anchor)
    parents = inside.parts[:-1]
    if _FOLDER in parents:
        last = len(parents) - 1 - parents[::-1].index(_FOLDER)
        parents = parents[last + 1 :]
    elif not path.is_relative_to(root):
        parents = ()
    return "/".join((*parents, path.name.removesuffix(SUFFIX)))


def load_file(
    path: Path, root: Path, *, lines: Collection[str] | None = None, metrics: Collection[str] | None = None
) -> LoadedContract:
    """The contract in a file. `root` is the pytest rootdir; `lines` and `metrics` are those of `check`.

    Raises:
        ContractError: the file cannot be read, is not YAML, does not fit the schema, or is wrong in what it says.
            Carries all problems of the file, in the order of its lines.
    """
    path, relative = path.absolute(), _relative(path, root)
    if not path.name.endswith(SUFFIX):
        raise _unusable(
            relative, f"the name of a contract ends in {SUFFIX!r}, not in {_ending(path)!r}: rename the file."
        )
    return load_bytes(_read(path, relative), path, root, lines=lines, metrics=metrics)


def load_bytes(
    content: bytes,
    path: Path,
    root: Path,
    *,
    lines: Collection[str] | None = None,
    metrics: Collection[str] | None = None,
) -> LoadedContract:
    """The contract that `content` is, as if it stood in the file at `path`; otherwise as `load_file`."""
    path, relative = path.absolute(), _relative(path, root)
    document = parse(_decode(content, relative), relative)
    model = _validate(Contract, document)
    problems = []
    examined = examine(model, lines=lines, metrics=metrics)
    for loc, message, key, column in examined.findings:
        place = document.mark(loc, key=key) if key or not column else document.locate(loc, column)
        problems.append(Problem(relative, *place, message))
    if problems:
        raise ContractError(_in_order(problems))
    items: dict[str, Sequence[AnyObligation | Mutant]] = {"obligations": model.obligations, "mutants": model.mutants}
    starts = {
        item.id: document.mark((section, index))[0]
        for section, several in items.items()
        for index, item in enumerate(several)
    }
    digest = hashlib.sha256(content).hexdigest()
    return LoadedContract(contract_id(path, root), path, relative, model, digest, starts, examined.calls_of)


def load_scale(path: Path) -> Scale:
    """The scale in a file.

    Raises:
        ContractError: the file cannot be read, is not YAML, or does not fit the schema.
    """
    shown = path.as_posix()
    return _validate(Scale, parse(_decode(_read(path, shown), shown), shown))


def _validate(model: type[_Model], document: Document) -> _Model:
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        raise ContractError(_in_order(schema_problems(error, document, model))) from None


def _read(path: Path, shown: str) -> bytes:
    """The bytes of a regular file that is not too large."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _unusable(shown, "this is a folder: name a file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise _unusable(shown, "this is not a regular file: a contract is read from a plain file.")
        if status.st_size > FILE_BYTES:
            raise _unusable(
                shown, f"the file has {status.st_size:,} bytes: at most {FILE_BYTES:,} are read, so split it."
            )
        with path.open("rb") as file:
            return file.read(FILE_BYTES)
    except FileNotFoundError:
        raise _unusable(shown, f"there is no such file.{_similar(path)}") from None
    except OSError as error:
        raise _unusable(shown, f"the file cannot be read: {error.strerror or error}.") from None
    except ValueError as error:  # a NUL in the name
        raise _unusable(shown, f"the file cannot be read: {error}.") from None


def _decode(content: bytes, shown: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        message = (
            f"the file is not UTF-8: byte {error.start:,} (counted from 0) is 0x{content[error.start]:02x}. "
            "Save it as UTF-8."
        )
        raise ContractError([Problem(shown, line, column, message)]) from None


def _similar(path: Path) -> str:
    try:
        return did_you_mean(path.name, [sibling.name for sibling in path.parent.iterdir()])
    except OSError:
        return ""


def _relative(path: Path, root: Path) -> str:
    path, root = path.absolute(), root.absolute()
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _ending(path: Path) -> str:
    return "".join(path.suffixes[-2:]) or path.name


def _unusable(shown: str, message: str) -> ContractError:
    return ContractError([Problem(shown, 1, 1, message)])


def _in_order(problems: Collection[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))
