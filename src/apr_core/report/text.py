"""Characters: what may reach a terminal or a file, how many columns it takes, and how it is cut and wrapped.

The one thing a reader would get wrong: claims, counterexamples and error messages come from contracts and from code
under test, so they may hold escape sequences, bidirectional overrides and lone surrogates. `clean` is the only door
through which such text enters a report.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

ELLIPSIS = "…"


def clean(text: str, *, keep: str = "") -> str:
    r"""`text` with every unprintable character that is not in `keep` written out, as in `\x1b`.

    Spaces of other kinds become a plain one. What is left has no control or format characters, no
    surrogates and no line separators, except those in `keep`.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in keep else _written_out(character) for character in text
    )


def _written_out(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode-escape").decode("ascii")


def one_line(text: str) -> str:
    """`text` cleaned, with every run of white space as one space."""
    return clean(" ".join(text.split()))


def columns(text: str) -> int:
    """How many terminal columns cleaned `text` takes at most.

    Wide and full-width characters take two. A combining mark counts as one: a line may come out short, never long.
    """
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def clip(text: str, width: int) -> str:
    """Cleaned `text` in at most `width` ≥ 1 columns; what is cut off is marked with an ellipsis."""
    return text if columns(text) <= width else _head(text, width - 1).rstrip() + ELLIPSIS


def clip_middle(text: str, width: int) -> str:
    """Like `clip`, but keeps both ends: of long ids the last part is what tells them apart."""
    if columns(text) <= width:
        return text
    tail = _head(text[::-1], width // 2)[::-1]
    return _head(text, width - 1 - columns(tail)) + ELLIPSIS + tail


def _head(text: str, width: int) -> str:
    """The longest beginning of `text` that fits into `width` columns."""
    if text.isascii():
        return text[: max(width, 0)]
    used = 0
    for index, character in enumerate(text):
        used += columns(character)
        if used > width:
            return text[:index]
    return text


def pad(text: str, width: int) -> str:
    """`text` followed by spaces up to `width` columns."""
    return text + " " * (width - columns(text))


def wrap(text: str, width: int) -> list[str]:
    """Cleaned `text` in lines of at most `width` ≥ 2 columns, broken inside a word only if it fits no line."""
    if columns(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        for piece in _pieces(word, width):
            joined = f"{lines[-1]} {piece}" if lines[-1] else piece
            if columns(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    return lines


def _pieces(word: str, width: int) -> Iterator[str]:
    """`word` itself, or in pieces of `width` columns if it is longer than a line."""
    while columns(word) > width:
        piece = _head(word, width)
        yield piece
        word = word[len(piece) :]
    yield word


def plural(number: int, noun: str) -> str:
    """`1 case`, `2 cases`, `1,000 problems`; `noun` is given in the plural."""
    return f"{number:,} {noun[:-1] if number == 1 and noun.endswith('s') else noun}"
