"""From a name and a source to problems: all of them or a selection, with the digest of what they were read from.

The one thing a reader would get wrong: the digest is of the whole source, whatever is selected from it, so that results on a
selection can be compared with results on the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apr_core.errors import AprError, SelectionError, UsageError, did_you_mean
from apr_core.evaluation.benchmarks import lines
from apr_core.evaluation.benchmarks.lines import Line, Source, read_file
from apr_core.evaluation.benchmarks.table import BENCHMARKS, Row
from apr_core.evaluation.problem import Calls, Problem, Tests

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The problems of one benchmark, and where they came from."""

    name: str
    problems: tuple[Problem, ...]
    """In the order of the source."""
    digest: str
    """SHA-256 of the uncompressed content of the file; of a dataset from the hub, of its rows as canonical JSON lines."""
    source: str
    """The file, or the dataset with its config, split and revision."""
    available: int
    """How many problems of this benchmark the source holds, selected or not."""

    @property
    def complete(self) -> bool:
        """Whether the source holds as many problems as a release of the benchmark has."""
        sizes = BENCHMARKS[self.name].sizes
        return not sizes or self.available in sizes


def load(name: str, source: Path | None = None, *, select: Iterable[str] | None = None) -> Benchmark:
    """The problems of the benchmark `name` from a local file, or from the hub when `source` is None.

    `select` is ids of problems; their order is that of the source.

    Raises:
        SelectionError: there is no such benchmark, or the source has no problem of a selected id.
        AprError: the source cannot be read, is not of this benchmark's format, or names a problem twice.
    """
    row = _row(name)
    return _made(name, row, read_file(source) if source is not None else _from_hub(name, row), select)


def from_rows(name: str, rows: Iterable[Mapping[str, Any]], *, select: Iterable[str] | None = None) -> Benchmark:
    """The problems of the benchmark `name` from rows that are in memory, each what a line of its file holds.

    Raises:
        SelectionError, AprError: as `load`.
    """
    return _made(name, _row(name), lines.from_rows(rows, "rows"), select)


def describe(benchmark: Benchmark) -> dict[str, Any]:
    """What a benchmark is, as JSON data: where from, which problems, and what each group of their tests is compared by."""
    return {
        "benchmark": benchmark.name,
        "source": benchmark.source,
        "digest": benchmark.digest,
        "complete": benchmark.complete,
        "problems": [
            {
                "task_id": problem.task_id,
                "entry_point": problem.entry_point,
                "mode": problem.mode,
                "groups": {name: _form(tests) for name, tests in problem.tests.items()},
            }
            for problem in benchmark.problems
        ],
    }


def require_digest(benchmark: Benchmark, expected: str) -> None:
    """Refuses problems other than those that were meant.

    Raises:
        UsageError: `expected` is no SHA-256 in hexadecimal digits, or not that of the benchmark's source.
    """
    digits = _DIGEST.fullmatch(expected.strip().lower())
    if digits is None:
        raise UsageError(
            f"{expected!r} is no digest: 64 hexadecimal digits are needed, the SHA-256 of the uncompressed content of the file."
        )
    if digits[1] != benchmark.digest:
        raise UsageError(
            f"the problems in {benchmark.source} have the digest {benchmark.digest}, not {digits[1]}: this is another version "
            "of the file. Fetch the version that was meant, or correct the digest."
        )


def _row(name: str) -> Row:
    row = BENCHMARKS.get(name)
    if row is None:
        raise SelectionError(
            f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}.{did_you_mean(name, BENCHMARKS)}"
        )
    return row


def _made(name: str, row: Row, found: Source, select: Iterable[str] | None) -> Benchmark:
    _recognise(name, row, found)
    if row.chosen is not None:
        found = Source(found.where, found.digest, tuple(filter(row.chosen, found.lines)))
    problems = tuple(row.problems(found))
    _refuse_twice(found.lines, problems)
    if not problems:
        raise AprError(f"{found.where} holds no problem of {name}. Give its whole file.")
    chosen = problems if select is None else _select(problems, tuple(select), found.where)
    return Benchmark(name, chosen, found.digest, found.where, len(problems))


def _form(tests: Tests) -> str:
    """A group of tests in a word: the oracle of calls, or the kind."""
    return tests.oracle if isinstance(tests, Calls) else type(tests).__name__


def _from_hub(name: str, row: Row) -> Source:
    from apr_core.evaluation.benchmarks.hub import read_hub  # `datasets` takes seconds to import

    if row.hub is None:
        where = f" It is published as {row.file}." if row.file else ""
        raise UsageError(f"{name} is read from a file: give it with `--problems PATH`.{where}")
    return read_hub(row.hub)


def _recognise(name: str, row: Row, source: Source) -> None:
    """Refuses a file of another benchmark by its first line, and any line that lacks a field."""
    first = source.lines[0]
    if name == "plain" or not first.data.keys() >= set(row.fields):
        others = [
            other for other, one in BENCHMARKS.items() if other != "plain" and first.data.keys() >= set(one.fields)
        ]
        if others:
            names = " or ".join(f"`{other}`" for other in others)
            raise AprError(
                f"{first.place}: this is no file of {name}, which has the fields {', '.join(row.fields)}. It has those of "
                f"{names}: give it as that benchmark, or give the file of {name}."
            )
    for line in source.lines:
        line.require(row.fields)


def _refuse_twice(rows: Sequence[Line], problems: Sequence[Problem]) -> None:
    seen: dict[str, Line] = {}
    for line, problem in zip(rows, problems, strict=True):
        if problem.task_id in seen:
            raise line.wrong(
                f"the problem {problem.task_id!r} stands at {seen[problem.task_id].place} already; keep one"
            )
        seen[problem.task_id] = line


def _select(problems: Sequence[Problem], wanted: Sequence[str], where: str) -> tuple[Problem, ...]:
    ids = {problem.task_id for problem in problems}
    unknown = [one for one in dict.fromkeys(wanted) if one not in ids]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise SelectionError(
            f"{where} has no problem {unknown[0]!r}{more}; it has {len(ids):,}, from {problems[0].task_id} to "
            f"{problems[-1].task_id}.{did_you_mean(unknown[0], ids)}"
        )
    if not wanted:
        raise SelectionError("no problem was selected: name at least one id, or leave the selection out to take all.")
    return tuple(problem for problem in problems if problem.task_id in set(wanted))
