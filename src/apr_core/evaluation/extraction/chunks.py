"""A piece of text as statements: which of its lines are Python, found by parsing statement by statement.

The one thing a reader would get wrong: a statement that does not parse is not cut down to a part that does. It stays `broken`,
for a program with a syntax error is the model's mistake; only a statement that the end of the text cuts off is shortened.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from apr_core.evaluation.extraction.lines import dedented, indent_of, is_blank, logical_end, statement_end
from apr_core.evaluation.extraction.names import bound_names, defines, is_inert
from apr_core.evaluation.extraction.parsing import Broken, Meter

_HEADER = re.compile(r"\s*(?:async\s+def|def|class)\s+(?P<name>\w+)")
_ATTEMPTS = 24


@dataclass(frozen=True, slots=True)
class Chunk:
    """One statement of a piece of text, with the lines that it takes."""

    start: int
    end: int
    body: tuple[ast.stmt, ...]
    """Empty when it is broken."""
    name: str = ""
    """What it defines, if it is broken."""
    cut: bool = False
    """Whether lines behind `end` belonged to it, which the end of the text cut off."""


@dataclass(frozen=True, slots=True)
class Run:
    """Statements of one piece of text with nothing else between them, as lines of a module."""

    lines: tuple[str, ...]
    chunks: tuple[Chunk, ...]
    fenced: bool
    place: tuple[int, int]
    """Number of the piece of text, and line in it."""

    @property
    def body(self) -> list[ast.stmt]:
        """Its statements."""
        return [statement for chunk in self.chunks for statement in chunk.body]

    @property
    def broken(self) -> bool:
        """Whether it is one statement that does not parse."""
        return not self.body

    def source(self) -> str:
        """The run as text."""
        return "\n".join(self.lines) + "\n"

    def defines(self, name: str) -> bool:
        """Whether it binds a name to more than a signature."""
        return defines(self.body, name)

    def names(self, name: str | None) -> bool:
        """Whether it would define a name if it did parse."""
        return self.broken and self.chunks[-1].name == name


def find_chunks(lines: Sequence[str], meter: Meter, *, last: bool) -> list[Chunk]:
    """The statements among lines, whatever stands between them.

    Every line begins at most one statement that is tried, and what is parsed in vain is limited by the meter's allowance: so
    the characters parsed are at most a constant times those there are. `last` says that the text may be cut off at its end.
    """
    found: list[Chunk] = []
    stop = len(lines)
    while stop and not lines[stop - 1].strip():
        stop -= 1
    index = 0
    while index < stop:
        if is_blank(lines[index]):
            index += 1
            continue
        end, _ = statement_end(lines, index, stop)
        source = _source(lines[index:end])
        tree = meter.parse(source)
        if isinstance(tree, ast.Module):
            found += [Chunk(index, end, tuple(tree.body))] if tree.body else []
            index = end
            continue
        chunk = _broken(lines, index, end, tree, meter, cut=last and end == stop)
        if chunk is not None:
            found.append(chunk)
            index = end
            continue
        meter.allowance -= len(source)
        index = index + 1 if meter.allowance > 0 else end
    return found


def _source(lines: Sequence[str]) -> str:
    return "\n".join(dedented(lines, lines[0])) + "\n"


def _broken(lines: Sequence[str], start: int, end: int, error: Broken, meter: Meter, *, cut: bool) -> Chunk | None:
    """A statement that does not parse, if its first line shows that it was meant as one of several lines."""
    header = start
    while header < end and lines[header].lstrip().startswith("@"):
        header += 1
    if header == end or end - header < 2:
        return None
    after, closed = logical_end(lines, header, end)
    first = "\n".join(dedented(lines[header:after], lines[header]))
    if not closed or after == end or not isinstance(meter.parse(first + " pass\n"), ast.Module):
        return None
    if cut and (shorter := cut_off(lines[start:end], error, meter)):
        return Chunk(start, start + shorter[0], tuple(shorter[1].body), cut=True)
    name = _HEADER.match(lines[header])
    return Chunk(start, end, (), name["name"] if name else "")


def cut_off(lines: Sequence[str], error: Broken, meter: Meter) -> tuple[int, ast.Module] | None:
    """The longest beginning of a statement that parses, if only its last line, cut off by a limit, keeps it from parsing.

    Blocks that are left without content (`if x:` as the last line, a `try` without its `except`) go with it.
    """
    end = _last_logical(lines, len(lines))
    if error.line <= end:
        return None
    for _ in range(_ATTEMPTS):
        while end and is_blank(lines[end - 1]):
            end -= 1
        if end < 2:
            return None
        tree = meter.parse(_source(lines[:end]))
        if isinstance(tree, ast.Module):
            return end, tree
        begun = lines[end - 1].partition("#")[0].rstrip().endswith(":")
        end = _last_logical(lines, end) if begun else _parent(lines, end)
    return None


def _last_logical(lines: Sequence[str], stop: int) -> int:
    """Where the last logical line before `stop` begins."""
    index = begin = 0
    while index < stop:
        if is_blank(lines[index]):
            index += 1
            continue
        begin = index
        index, _ = logical_end(lines, index, stop)
    return begin


def _parent(lines: Sequence[str], stop: int) -> int:
    """Where the block begins that the last line before `stop` stands in."""
    depth = indent_of(lines[stop - 1])
    index = stop - 1
    while index > 0 and (is_blank(lines[index]) or indent_of(lines[index]) >= depth):
        index -= 1
    return index


def find_runs(
    lines: Sequence[str],
    chunks: Sequence[Chunk],
    known: Collection[str],
    place: int,
    fenced: bool,
    *,
    body: bool = False,
) -> list[Run]:
    """The runs of statements: chunks of one indentation with only blank lines and comments between them.

    Statements that would do nothing (`is_inert`) are prose, and end a run as prose does. In the `body` of a function a
    `return` does something.
    """
    found: list[Run] = []
    current: list[Chunk] = []

    def close() -> None:
        if current:
            first = current[0].start
            while first and lines[first - 1].lstrip().startswith("#") and _level(lines, first - 1, current[0].start):
                first -= 1
            text = tuple(line.rstrip() if not line.strip() else line for line in lines[first : current[-1].end])
            margin = lines[current[0].start]
            found.append(Run(tuple(dedented(text, margin)), tuple(current), fenced, (place, first)))
            current.clear()

    for chunk in chunks:
        if chunk.body and all(is_inert(statement, known, body=body) for statement in chunk.body):
            close()
            continue
        if current and not (
            chunk.body
            and current[-1].body
            and not chunk.cut
            and not current[-1].cut
            and _level(lines, current[-1].start, chunk.start)
            and all(is_blank(line) for line in lines[current[-1].end : chunk.start])
        ):
            close()
        current.append(chunk)
    close()
    return found


def _level(lines: Sequence[str], one: int, other: int) -> bool:
    first, second = lines[one], lines[other]
    return first[: len(first) - len(first.lstrip())] == second[: len(second) - len(second.lstrip())]


def bound_in(chunks: Sequence[Chunk]) -> set[str]:
    """Names that some statement among chunks binds."""
    return bound_names(statement for chunk in chunks for statement in chunk.body)
