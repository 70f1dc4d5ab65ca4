"""A completion that goes on where a prompt stops, in the middle of a function.

The one thing a reader would get wrong: where the function ends is decided by parsing prompt and completion together, not by
stop words. What a model writes after the function is left out, unless the function needs it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from apr_core.evaluation.extraction.chunks import bound_in, cut_off, find_chunks
from apr_core.evaluation.extraction.lines import dedented, indent_of, is_blank, logical_end, statement_end
from apr_core.evaluation.extraction.names import Function, bound_names, same_scope
from apr_core.evaluation.extraction.parsing import Meter


class Opening(NamedTuple):
    """A prompt that stops inside the function that is asked for."""

    prompt: str
    entry_point: str
    header: int
    """The line with its `def`."""
    margin: str
    """The white space before each line of its body."""


class Continuation(NamedTuple):
    """What of a text goes on a prompt."""

    code: str
    lines: int
    """Lines of the text that became part of the function."""
    how: str


def opening(prompt: str, entry_point: str | None) -> Opening | None:
    """Where a prompt stops inside a function, or None when it does not."""
    lines = prompt.split("\n")
    name = re.escape(entry_point) if entry_point else r"\w+"
    header = next(
        (i for i in reversed(range(len(lines))) if re.match(rf"\s*(?:async\s+)?def\s+{name}\s*\(", lines[i])), None
    )
    if header is None:
        return None
    depth = indent_of(lines[header])
    begin, _ = logical_end(lines, header, len(lines))
    index = begin
    while index < len(lines):
        if lines[index].strip() and indent_of(lines[index]) <= depth:
            return None
        index, _ = logical_end(lines, index, len(lines))
    first = next((line for line in lines[begin:] if line.strip()), "")
    margin = lines[header][: len(lines[header]) - len(lines[header].lstrip())]
    margin = first[: len(first) - len(first.lstrip())] if first else margin + "    "
    found = re.match(r"\s*(?:async\s+)?def\s+(\w+)", lines[header])
    return Opening(prompt, entry_point or (found[1] if found else ""), header, margin)


def continue_prompt(start: Opening, text: str, meter: Meter, *, verbatim: bool = False) -> Continuation | None:
    """The part of a text that continues the function, in the indentation that lets most of it do so; None if none does.

    `verbatim` tries no indentation but its own.
    """
    best: Continuation | None = None
    for candidate, how in _variants(start, text):
        found = _continued(start, candidate, how, meter)
        if found is not None and (best is None or found.lines > best.lines):
            best = found
        if verbatim:
            break
    return best


def _variants(start: Opening, text: str) -> Iterator[tuple[str, str]]:
    """The text as it is, with its first line indented, and indented as a whole."""
    yield text, ""
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return
    new = "" if start.prompt.endswith("\n") or first else "\n"
    again = [*lines[:first], start.margin + lines[first].lstrip(), *lines[first + 1 :]]
    yield new + "\n".join(again), "first line indented"
    least = min((line for line in lines if line.strip()), key=indent_of)
    moved = [start.margin + line if line.strip() else "" for line in dedented(lines, least)]
    yield new + "\n".join(moved), "indented"


def _continued(start: Opening, text: str, how: str, meter: Meter) -> Continuation | None:
    lines = (start.prompt + text).split("\n")
    begun = start.prompt.count("\n")
    end, _ = statement_end(lines, start.header, len(lines))
    steps = [how] if how else []
    tree = meter.parse("\n".join(dedented(lines[start.header : end], lines[start.header])) + "\n")
    if not isinstance(tree, ast.Module):
        if any(line.strip() for line in lines[end:]):
            return None
        shorter = cut_off(lines[start.header : end], tree, meter)
        if shorter is None:
            return None
        end, tree = start.header + shorter[0], shorter[1]
        steps.append("cut to whole statements")
    if not _adds(tree, begun - start.header, start.entry_point, moved=bool(how)):
        return None
    code = "\n".join(lines[:end])[len(start.prompt) :] + "\n"
    needed, rest = _helpers(start, "\n".join(lines[:end]), lines[end:], meter)
    if rest:
        steps.append("what follows the function left out" + (", except what it needs" if needed else ""))
    taken = sum(1 for line in lines[begun:end] if line.strip())
    return Continuation("\n\n\n".join([code.rstrip("\n"), *needed]) + "\n", taken, "; ".join(steps))


def _adds(tree: ast.Module, begun: int, entry_point: str, *, moved: bool) -> bool:
    """Whether a function has statements from line `begun` (from 0) on that do something, and are not it once more.

    Definitions that were `moved` into the function are a program under another name, unless something is returned.
    """
    body = getattr(tree.body[0], "body", []) if tree.body else []
    added = [statement for statement in body if (statement.end_lineno or 0) > begun]
    if entry_point in bound_names(added):
        return False
    if moved and all(isinstance(one, ast.Import | ast.ImportFrom | Function | ast.ClassDef) for one in added):
        return False
    own = list(same_scope(added))
    if moved and any(isinstance(node, Function | ast.ClassDef) for node in own):
        return any(isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) for node in own)
    return any(
        not isinstance(statement, ast.Expr)
        or any(isinstance(node, ast.Call | ast.Yield | ast.YieldFrom | ast.Await) for node in ast.walk(statement))
        for statement in added
    )


def _helpers(start: Opening, program: str, rest: Sequence[str], meter: Meter) -> tuple[list[str], bool]:
    """Later definitions that the function needs, in order; and whether anything was left out."""
    if not any(not is_blank(line) for line in rest):
        return [], False
    wanted = meter.free_names(program + "\n")
    chunks = [
        chunk for chunk in find_chunks(rest, meter, last=False) if chunk.body and not indent_of(rest[chunk.start])
    ]
    sources = {chunk.start: "\n".join(rest[chunk.start : chunk.end]) for chunk in chunks}
    kept: set[int] = set()
    while True:
        more = [
            chunk
            for chunk in chunks
            if chunk.start not in kept
            and bound_in([chunk]) & wanted
            and start.entry_point not in bound_in([chunk])
            and isinstance(
                chunk.body[0], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
            )
        ]
        if not more:
            break
        kept |= {chunk.start for chunk in more}
        wanted = wanted.union(*(meter.free_names(sources[chunk.start] + "\n") for chunk in more))
    return [sources[index] for index in sorted(kept)], True
