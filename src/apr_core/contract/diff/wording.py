"""How a value of a contract stands in a sentence: as in the file, and with the number that a constant makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from apr_core.contract.diff.forms import Side, frozen
from apr_core.contract.vocabulary import CONSTANTS

_LONGEST = 160
_CONTEXT = 40
UNCOMPARABLE = "cannot be compared, so counted as loosened"


def show(value: Any, side: Side) -> str:
    """A value, in the notation of a contract."""
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True, exclude_defaults=True)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {show(inner, side)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show(inner, side) for inner in value) + "]"
    return _computed(value, side) if isinstance(value, str) else str(value)


def _computed(text: str, side: Side) -> str:
    """A text, and its value where it is a number that somebody would have to look up."""
    names = side.names(text) - CONSTANTS.keys()
    value = side.number(text) if names & side.contract.constants.keys() else None
    return text if value is None else f"{text} (= {value})"


def cut(text: str, start: int = 0) -> str:
    """A part of a text, on one line, that is short enough for a sentence."""
    text = " ".join(text.split())
    shown = text[start : start + _LONGEST]
    return f"{'…' if start else ''}{shown}{'…' if start + _LONGEST < len(text) else ''}"


def against(phrase: str, before: str, after: str) -> str:
    """One sentence: what happened, what is so now, and what was so before. Long values begin where they differ."""
    before, after, start = " ".join(before.split()), " ".join(after.split()), 0
    if max(len(before), len(after)) > _LONGEST:
        pairs = enumerate(zip(before, after, strict=False))
        start = max(0, next((index for index, (a, b) in pairs if a != b), 0) - _CONTEXT)
    was = f", was {cut(before, start).rstrip('.')}" if before != after else ""
    return f"{phrase}: {cut(after, start)}{was}."


def difference(old: Any, new: Any) -> tuple[Any, Any]:
    """Two values without what is the same in both: of maps the keys that differ."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return old, new
    keys = [key for key in {**old, **new} if frozen(old.get(key)) != frozen(new.get(key))]
    return {key: old.get(key) for key in keys}, {key: new.get(key) for key in keys}


def exchanged(phrase: str, old: list[Any], new: list[Any], side: Side) -> str | None:
    """One sentence about a list without order: what left it and what came. None when it reads as before."""
    gone, came = [value for value in old if value not in new], [value for value in new if value not in old]
    parts = [
        f"{word} {', '.join(show(value, side) for value in values)}"
        for word, values in (("without", gone), ("with", came))
        if values
    ]
    return f"{phrase}: {cut('; '.join(parts))}." if parts else None
