"""Cutting a text where code fences and special tokens stand.

The one thing a reader would get wrong: a fence only separates. What lies between two of them is looked at in the same way inside
and outside, so that fences which are unclosed, doubled or nested cannot hide code; `fenced` only decides between two finds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from apr_core.evaluation.extraction.lines import indent_of, scan

_FENCE = re.compile(r"^(?P<before>.*?)(?<![`~])(?P<mark>`{3,}+|~{3,}+)(?P<info>[^`~]*)$")
_INFO = re.compile(r"\{?\.?[\w+#.-]*\}?")
_LIST = re.compile(r"(?:[\s>]|[-*+]\s|\d+[.)]\s)*")  # marks of lists and quotations before a fence
_TOKEN = re.compile(r"<[|｜][^|｜<>\n]{1,60}[|｜]>|</s>|<eos>|<end_of_turn>|\[/INST\]")
"""What tokenizers write for the ends and beginnings of turns."""


class Segment(NamedTuple):
    """Lines between two separators."""

    lines: list[str]
    fenced: bool
    last: bool
    """The text ends in it, and in the middle of a line: so a limit may have cut it off."""


def segments(text: str) -> list[Segment]:
    """The text in pieces, in order, without its fences and special tokens; pieces without content are left out."""
    cutter = _Cutter()
    for whole in text.split("\n"):
        before, behind = _turns(whole)
        cutter.take(before)
        if behind is not None:
            cutter.turn()
            cutter.take(behind)
    cutter.close(last=not text.endswith("\n"))
    return cutter.found


class _Cutter:
    """The state of a walk over lines: what lies open."""

    def __init__(self) -> None:
        self.found: list[Segment] = []
        self.lines: list[str] = []
        self.fences: list[tuple[str, int]] = []  # mark and indentation of each open fence
        self.quoted = False
        self.string = ""  # the triple quote that is open

    def take(self, line: str) -> None:
        """One line: content, or a fence."""
        fence = _fence(line, self.fences, self.string)
        if fence is None:
            self.lines.append(line)
            self.string = scan(line, 0, self.string)[1]
            return
        if not _LIST.fullmatch(fence["before"]):
            self.lines.append(fence["before"])
        self.close()
        self.quoted = _turn(self.fences, fence) and fence["before"].lstrip().startswith(">")
        self.string = ""

    def turn(self) -> None:
        """A special token: nothing stays open behind it."""
        self.close()
        self.fences.clear()
        self.quoted, self.string = False, ""

    def close(self, *, last: bool = False) -> None:
        """The lines since the last separator become a piece."""
        if any(line.strip() for line in self.lines):
            lines = _unquoted(self.lines) if self.quoted else self.lines
            self.found.append(Segment(lines, bool(self.fences), last))
        self.lines = []


def _turns(line: str) -> tuple[str, str | None]:
    """A line before and behind the special tokens at one of its ends; without any, the line and None.

    Inside a line they are quoted by a program, and stay.
    """
    tokens = list(_TOKEN.finditer(line)) if "<" in line or "[" in line else []
    if not tokens:
        return line, None
    end = len(line) - len(line.lstrip())
    for token in tokens:
        if line[end : token.start()].strip() and not (end and line[end : token.start()].isidentifier()):
            break
        end = token.end()
    if end > tokens[0].start():
        return "", line[end:]
    start = len(line.rstrip())
    for token in reversed(tokens):
        if token.end() != start:
            break
        start = token.start()
    return (line[:start], "") if start < len(line.rstrip()) else (line, None)


def _fence(line: str, stack: Sequence[tuple[str, int]], string: str) -> re.Match[str] | None:
    """The fence that a line holds, if it holds one. In an open triple-quoted `string`, indented ones are its content."""
    found = _FENCE.match(line) if "```" in line or "~~~" in line else None
    if found is None or not _INFO.fullmatch(found["info"].strip().partition(" ")[0]):
        return None
    bare = _LIST.fullmatch(found["before"])
    if not bare and (found["mark"][0] == "~" or found["info"].strip().count(" ")):
        return None
    if string and (not bare or indent_of(line) >= 4 + (stack[-1][1] if stack else 0)):
        return None
    if stack:
        mark, _ = stack[-1]
        if bare and not found["info"].strip() and found["mark"][0] != mark[0]:
            return None
        if not found["info"].strip() and len(found["mark"]) < len(mark):
            return None
    return found


def _turn(stack: list[tuple[str, int]], fence: re.Match[str]) -> bool:
    """Opens or closes a block; whether one was opened."""
    if stack and not fence["info"].strip():
        stack.pop()
        return False
    bare = not fence["before"].strip()
    stack.append((fence["mark"], indent_of(fence["before"] + "x") if bare else 0))
    return True


def _unquoted(lines: Sequence[str]) -> list[str]:
    """Lines of a quotation without its marks."""
    return [re.sub(r"^\s*> ?", "", line) for line in lines]
