"""Lines of text that may be Python: how far a statement reaches, judged without parsing.

The one thing a reader would get wrong: this is not a tokenizer. Prose has apostrophes and brackets that nobody closes, so an
open quote ends with its line, and whoever asks must check by parsing what is found here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(
    r"""(?P<comment>\#.*)|(?P<triple>\"{3}|'{3})|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<stray>["'])|(?P<skip>\\.)"""
)
_TRIPLE_END = {quote: re.compile(rf"(?:\\.|[^\\])*?{quote}") for quote in ('"""', "'''")}
_CLAUSE = re.compile(r"\s*(?:else|elif|except|finally)\b")
_WITH_CLAUSES = re.compile(r"\s*(?:if|for|while|try|async\s+for)\b")


def indent_of(line: str) -> int:
    """Columns of white space before the first character; a tab reaches to the next multiple of eight."""
    return len((line[: len(line) - len(line.lstrip())]).expandtabs(8))


def is_blank(line: str) -> bool:
    """Whether a line holds nothing but white space or a comment."""
    return not line.strip() or line.lstrip().startswith("#")


def logical_end(lines: Sequence[str], start: int, stop: int) -> tuple[int, bool]:
    """The line behind the logical line that begins at `start`, and whether it is closed there.

    Brackets, triple quotes and backslashes carry a logical line over line ends.
    """
    depth, quote, index = 0, "", start
    while index < stop:
        depth, quote = scan(lines[index], depth, quote)
        continued = not quote and lines[index].endswith("\\")
        index += 1
        if depth == 0 and not quote and not continued:
            return index, True
    return stop, False


def scan(line: str, depth: int, quote: str) -> tuple[int, str]:
    """The depth of brackets and the open triple quote behind a line."""
    position = 0
    while True:
        if quote:
            end = _TRIPLE_END[quote].match(line, position)
            if end is None:
                return depth, quote
            position, quote = end.end(), ""
        token = _TOKEN.search(line, position)
        if token is None or token.lastgroup in ("comment", "stray"):
            return depth, ""
        position = token.end()
        if token.lastgroup == "open":
            depth += 1
        elif token.lastgroup == "close":
            depth = max(0, depth - 1)
        elif token.lastgroup == "triple":
            quote = token.group()


def statement_end(lines: Sequence[str], start: int, stop: int) -> tuple[int, bool]:
    """The line behind the statement that begins at `start`, with its block and its other clauses; and whether it is closed.

    Blank lines and comments belong to it only when more of it follows.
    """
    base = indent_of(lines[start])
    end, closed = logical_end(lines, start, stop)
    clauses = _WITH_CLAUSES.match(lines[start]) is not None
    last, following = start, _next(lines, end, stop)
    while closed and following < stop:
        depth = indent_of(lines[following])
        decorated = depth == base and indent_of(lines[last]) == base and lines[last].lstrip().startswith("@")
        if depth <= base and not decorated and not (depth == base and clauses and _CLAUSE.match(lines[following])):
            break
        last = following
        end, closed = logical_end(lines, following, stop)
        following = _next(lines, end, stop)
    return end, closed


def _next(lines: Sequence[str], start: int, stop: int) -> int:
    """The first line from `start` on that holds more than a comment."""
    while start < stop and is_blank(lines[start]):
        start += 1
    return start


def dedented(lines: Sequence[str], first: str) -> list[str]:
    """Lines without the white space before `first`, the least indented of them. Lines with less lose what they have."""
    margin = first[: len(first) - len(first.lstrip())]
    return [_without(line, margin) for line in lines] if margin else list(lines)


def _without(line: str, margin: str) -> str:
    if line.startswith(margin):
        return line[len(margin) :]
    return line.lstrip() if not line.strip() or indent_of(line) < indent_of(margin + "x") else line
