"""`apr contract import`: contracts of another registry, written as contracts of ours with every claim unbound.

Everything is converted and read back before the first file is written, and each file is written whole or not at all.
The one thing a reader would get wrong: in a folder, a file that claims nothing is skipped and is no error; a file that
cannot be read, or whose place is taken, is one, and the others are written all the same.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from apr_core.commands.output import emit
from apr_core.contract.importers import IMPORTERS
from apr_core.contract.importers.imported import Imported
from apr_core.contract.limits import FILE_BYTES
from apr_core.contract.schema import SUFFIX
from apr_core.errors import AprError, ContractError, SelectionError, UsageError, did_you_mean
from apr_core.files import read_text, write_atomic
from apr_core.project import project_root

DONE, INCOMPLETE = 0, 2

_SUFFIXES = (".yaml", ".yml")
_FAILED = frozenset({"refused", "exists"})


@dataclass(frozen=True, slots=True)
class Row:
    """One source file, and what became of it."""

    file: str
    status: str
    """wrote, unchanged, skipped, refused, exists; with --plan `would write` in place of wrote."""
    target: Path | None = None
    imported: Imported | None = None
    why: str | None = None

    def data(self) -> dict[str, Any]:
        """The row as JSON."""
        found: dict[str, Any] = {"file": self.file, "status": self.status, "why": self.why}
        if self.target is not None:
            found["contract"] = _shown(self.target)
        if self.imported is not None:
            listed = [{"id": one.id, "claim": one.claim} for one in self.imported.contract.obligations]
            found |= {"claims": self.imported.claims, "bound": self.imported.bound, "gates": self.imported.gates}
            found |= {"kept": self.imported.kept, "notes": self.imported.notes, "obligations": listed}
        return found


def run(args: argparse.Namespace) -> int:
    """Converts, and writes unless --plan is given; 2 when a file was refused or a place is taken."""
    if args.format not in IMPORTERS:
        known = ", ".join(IMPORTERS)
        raise UsageError(f"there is no format {args.format!r}; there is {known}.{did_you_mean(args.format, IMPORTERS)}")
    folder = Path(args.output) if args.output is not None else project_root(Path.cwd()) / "contracts"
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--output {folder}: this is a file, and a folder for the contracts is needed.")
    named = not any(Path(path).is_dir() for path in args.paths)
    rows = _settled([_converted(args.format, path, name) for path, name in _sources(args.paths)], folder, args.force)
    if not args.plan:
        rows = [_written(row) for row in rows]
    if len(rows) == 1 and named and rows[0].why is not None:
        raise AprError(rows[0].why)
    emit(args, lambda: _text(rows, args.plan), _data(rows))
    failed = any(row.status in _FAILED or (named and row.status == "skipped") for row in rows)
    return INCOMPLETE if failed else DONE


def _sources(places: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Each file, with the name that its contract keeps: below the folder that was named, or its own.

    Raises:
        UsageError: a place does not exist, or is a folder without a YAML file.
    """
    for place in map(Path, places):
        if not place.is_dir():
            if not place.exists():
                raise UsageError(f"there is no file or folder {place}. Check the path.")
            yield place, place.name
            continue
        found = sorted(
            Path(parent, name)
            for parent, _, names in os.walk(place)
            for name in names
            if name.endswith(_SUFFIXES) and not name.endswith(SUFFIX) and not _hidden(Path(parent, name), place)
        )
        if not found:
            raise UsageError(f"there is no file {' or '.join(f'*{one}' for one in _SUFFIXES)} below {place}.")
        yield from ((path, path.relative_to(place).as_posix()) for path in found)


def _hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)


def _converted(form: str, path: Path, name: str) -> Row:
    """The contract that a file becomes, under the file's name for now; nothing is written."""
    if name.endswith(SUFFIX):
        return Row(str(path), "refused", why=f"{path}: this is a contract of apr-core already; use it as it is.")
    parts = [
        re.sub(r"[^A-Za-z0-9_.-]+", "-", part).strip("-") or "contract" for part in Path(name).with_suffix("").parts
    ]
    target = Path(*parts[:-1], parts[-1] + SUFFIX)
    try:
        return Row(str(path), "would write", target, IMPORTERS[form](read_text(path, FILE_BYTES), str(path), name))
    except SelectionError as why:
        return Row(str(path), "skipped", why=str(why))
    except ContractError as error:
        more = len(error.problems) - 1
        rest = f" ({more} more problem{'s' if more > 1 else ''} in this file.)" if more else ""
        return Row(str(path), "refused", why=f"{error.problems[0]}{rest}")
    except AprError as error:
        return Row(str(path), "refused", why=str(error))


def _settled(rows: Sequence[Row], folder: Path, force: bool) -> list[Row]:
    """The rows with their places in the folder, as far as these are free."""
    found, taken = [], dict[Path, str]()
    for row in rows:
        if row.target is None or row.imported is None:
            found.append(row)
            continue
        target, text = folder / row.target, row.imported.text
        row = replace(row, target=target)
        if target in taken:
            why = f"{row.file}: it would be {_shown(target)}, and so would {taken[target]}: import them apart."
            found.append(replace(row, status="refused", why=why))
            continue
        taken[target] = row.file
        found.append(_free(row, target, text, force))
    return found


def _free(row: Row, target: Path, text: str, force: bool) -> Row:
    """Whether what is there already may be replaced."""
    if not target.exists():
        return row
    if target.is_file() and target.read_bytes() == text.encode():
        return replace(row, status="unchanged")
    if force:
        return row
    why = f"{_shown(target)} exists, and is another. Overwrite it with --force, or choose another folder with -o."
    return replace(row, status="exists", why=why)


def _written(row: Row) -> Row:
    if row.status != "would write" or row.target is None or row.imported is None:
        return row
    try:
        row.target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(row.target, row.imported.text)
    except AprError as error:
        return replace(row, status="refused", why=str(error))
    except OSError as error:
        return replace(row, status="refused", why=f"{_shown(row.target.parent)} cannot be made: {error.strerror}.")
    return replace(row, status="wrote")


def _data(rows: Sequence[Row]) -> dict[str, Any]:
    done = _done(rows)
    return {
        "claims": sum(one.claims for one in done),
        "bound": sum(one.bound for one in done),
        "gates": sum(one.gates for one in done),
        "files": [row.data() for row in rows],
    }


def _done(rows: Sequence[Row]) -> list[Imported]:
    return [row.imported for row in rows if row.imported is not None and row.status not in _FAILED]


def _text(rows: Sequence[Row], plan: bool) -> str:
    lines = []
    for row in rows:
        if row.imported is None or row.target is None or row.status in _FAILED:
            lines.append(f"{row.status:<11}  {row.why}")
            continue
        counts = f"{_plural(row.imported.claims, 'claim')}" + (
            f", {_plural(row.imported.gates, 'gate')}" if row.imported.gates else ""
        )
        lines.append(f"{row.status:<11}  {_shown(row.target)}: {counts}")
        if plan:
            lines += [f"               {one.id}  {one.claim}" for one in row.imported.contract.obligations]
        if row.imported.kept:
            lines.append(f"             kept as data: {', '.join(row.imported.kept)}")
        lines += [f"             {note}" for note in row.imported.notes]
    return "\n".join([*lines, _sum(rows)])


def _sum(rows: Sequence[Row]) -> str:
    """The last line: how many claims there are now, and that none of them can be tried yet."""
    done = _done(rows)
    claims, bound, gates = (sum(getattr(one, name) for one in done) for name in ("claims", "bound", "gates"))
    if not claims:
        return "No contract was imported."
    more = f", and {_plural(gates, 'gate')} over them" if gates else ""
    return (
        f"{_plural(claims, 'obligation')}, {'all UNBOUND' if not bound else f'{claims - bound:,} UNBOUND'}{more}: {bound:,} of "
        f"{claims:,} are bound. `apr contract audit` says how many could ever be tested."
    )


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _shown(path: Path) -> str:
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(path)
