"""The museum: every row is a mutant that is there, and every mutant that repeats a known fault is a row."""

from __future__ import annotations

from pathlib import Path

from apr_core.contract.load import find_files, load_file

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs" / "museum.md").read_text(encoding="utf-8")


def rows() -> set[tuple[str, str, str]]:
    """(fault, file, mutant) of the table."""
    cells = [
        [cell.strip() for cell in line.strip("|\n").split("|")] for line in PAGE.splitlines() if line.startswith("|")
    ]
    return {(fault, file.strip("`"), mutant.strip("`")) for fault, _, file, mutant in cells[2:]}


def test_the_table_is_what_the_contracts_say() -> None:
    planted = {
        (mutant.museum, path.relative_to(TOP).as_posix(), mutant.id)
        for path in find_files(TOP / "contracts")
        for mutant in load_file(path, TOP).model.mutants
        if mutant.museum is not None
    }
    assert len(planted) >= 4
    assert rows() == planted
