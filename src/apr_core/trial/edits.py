"""One exact edit of a source text: where it is, what it puts there, and how it reads as a diff.

The one thing a reader would get wrong: `ast` counts columns in bytes of UTF-8, and its lines end at `\\n`, `\\r\\n` or `\\r` and
nowhere else, while `str.splitlines` also breaks at form feeds and line separators. `Text` is the only place that translates.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

SHOWN = 60
"""Characters of source that a sentence about an edit quotes before it is cut."""

_END_OF_LINE = re.compile(r"\r\n|\r|\n")

_GAP = re.compile(r"(?:[\s()\\]|#[^\r\n]*)*")
"""What may stand between an operand and its operator: white space, parentheses, line joins and comments."""


class Change(NamedTuple):
    """A stretch of a text, from `start` to before `end`, and what shall stand there."""

    start: int
    end: int
    by: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One mutant: a stretch of a source text replaced by another."""

    operator: str
    start: int
    """Offset in the text, in characters."""
    end: int
    replace: str
    """What stands there."""
    by: str
    line: int
    """Of the first character, from 1."""
    column: int
    """In characters, from 1."""
    what: str
    """One short sentence: "`<` became `<=`"."""


def edit(operator: str, text: Text, change: Change) -> Edit:
    """The change as an edit that knows its place and says what it does."""
    old = text.source[change.start : change.end]
    line, column = text.place(change.start)
    gone = change.by.strip() in ("", "pass")
    what = f"`{quoted(old)}` was left out" if gone else f"`{quoted(old)}` became `{quoted(change.by)}`"
    return Edit(operator, change.start, change.end, old, change.by, line, column, what)


def quoted(source: str) -> str:
    """A piece of source in one line of at most `SHOWN` characters."""
    line = " ".join(source.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1].rstrip() + "…"


def apply(source: str, edit: Edit) -> str:
    """The source with the edit made; everything outside of it is as it was.

    Raises:
        ValueError: the edit was derived from another text.
    """
    if source[edit.start : edit.end] != edit.replace:
        found = source[edit.start : edit.end]
        raise ValueError(f"the edit replaces {edit.replace!r} at {edit.start}, where {found!r} stands: derive it anew.")
    return source[: edit.start] + edit.by + source[edit.end :]


def unified(path: str, source: str, edit: Edit, context: int = 3) -> str:
    """The edit as a unified diff of the file at `path`, with lines of context around it."""
    before, after = lines_of(source), lines_of(apply(source, edit))
    found = difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", n=context)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found)


def lines_of(source: str) -> list[str]:
    """The lines of a text that a diff tool sees, each with its end; they end at `\\n` and nowhere else."""
    return [line + "\n" for line in source.split("\n")[:-1]] + [line for line in source.split("\n")[-1:] if line]


def unique_edit(source: str, edit: Edit) -> tuple[str, str]:
    """What a `source` mutant needs: a text that occurs exactly once in `source`, and what stands there after the edit.

    The text is the edit's own lines without their margin, and as many lines around them as it takes. An edit in the middle of
    a line is never given as less than the line: `<` may be unique today and is not tomorrow.
    """
    starts = [0, *(found.end() for found in re.finditer("\n", source))]
    ends = [*(start - 1 for start in starts[1:]), len(source)]
    first = max(index for index, start in enumerate(starts) if start <= edit.start)
    last = min(index for index, end in enumerate(ends) if end >= edit.end)
    while True:
        start, end = starts[first], ends[last]
        start += len(source[start : edit.start]) - len(source[start : edit.start].lstrip(" \t"))
        piece = source[start:end]
        if source.find(piece) == start and source.find(piece, start + 1) == -1:
            return piece, piece[: edit.start - start] + edit.by + piece[edit.end - start :]
        if first > 0:
            first -= 1
        else:
            last += 1


class Text:
    """A source text, and where the nodes of its syntax tree stand in it.

    Raises:
        SyntaxError: the source is not Python.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.tree = ast.parse(source)
        self._starts = [0, *(found.end() for found in _END_OF_LINE.finditer(source))]

    def offset(self, line: int, column: int) -> int:
        """The offset of a place as `ast` gives it: lines from 1, columns from 0 in bytes."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.source)
        content = self.source[start:end]
        if content.isascii():
            return start + column
        return start + len(content.encode()[:column].decode())

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, in characters, of an offset; both from 1."""
        line = self.line_at(offset)
        return line, offset - self._starts[line - 1] + 1

    def line_at(self, offset: int) -> int:
        """The line, from 1, that an offset lies in."""
        low, high = 0, len(self._starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._starts[middle] <= offset else (low, middle)
        return low + 1

    def lines(self, first: int, last: int) -> tuple[int, int]:
        """Where the lines from `first` to `last`, both from 1 and included, begin and end."""
        return self._starts[first - 1], self._starts[last] if last < len(self._starts) else len(self.source)

    def start(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        """Where a node begins."""
        return self.offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        """Where a node ends."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.end_lineno, node.end_col_offset)

    def of(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        """The source of a node, without parentheses around it."""
        return self.source[self.start(node) : self.end(node)]

    def inside(self, node: ast.expr) -> str:
        """The source of an expression, fit to stand where an operand stands."""
        found = self.of(node)
        simple = isinstance(
            node, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.Constant | ast.List | ast.Dict
        )
        return found if simple and "\n" not in found else f"({found})"

    def operator(self, left: ast.expr, pattern: str) -> tuple[int, int] | None:
        """Where the operator that follows an operand stands, or None when something else does."""
        gap = _GAP.match(self.source, self.end(left))
        assert gap is not None  # it matches nothing as well
        found = re.compile(pattern).match(self.source, gap.end())
        return None if found is None else found.span()

    def glued(self, offset: int) -> bool:
        """Whether the character before an offset would run into a name that begins there."""
        return offset > 0 and (self.source[offset - 1].isalnum() or self.source[offset - 1] == "_")

    @cached_property
    def imported(self) -> frozenset[str]:
        """Names that an import statement binds anywhere in the text: `np`, `torch`, `F`."""
        return frozenset(
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        )

    @cached_property
    def top_level(self) -> frozenset[str]:
        """Names that the module itself binds."""
        return frozenset(self._bound())

    def _bound(self) -> Iterator[str]:
        for node in self.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.Assign):
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))
