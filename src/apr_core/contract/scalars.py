"""Plain YAML scalars by the YAML 1.2 core schema.

The one thing a reader would get wrong: PyYAML follows YAML 1.1, where `1e-7` is text, `no` is false and `1:30` is 90.
Here `1e-7` is a number, and `no`, `on`, `1:30` and dates are text.
"""

from __future__ import annotations

import math
import re

from apr_core.contract.limits import NUMBER_CHARACTERS

Scalar = None | bool | int | float | str

_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".inf": math.inf, ".Inf": math.inf, ".INF": math.inf,
    "+.inf": math.inf, "+.Inf": math.inf, "+.INF": math.inf,
    "-.inf": -math.inf, "-.Inf": -math.inf, "-.INF": -math.inf,
}  # fmt: skip
_STARTS = frozenset("~nNtTfF.+-0123456789")
_NAN = frozenset({".nan", ".NaN", ".NAN"})
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_TYPE_TAGS: dict[str, type] = {"null": type(None), "bool": bool, "int": int, "float": float}
_CORE = "tag:yaml.org,2002:"


def resolve(text: str) -> Scalar:
    """The value of a plain scalar.

    Raises:
        ValueError: the scalar is NaN, overflows float64, or is an absurdly long number.
    """
    if text and text[0] not in _STARTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text in _NAN:
        raise ValueError(f"{text} is not a value to compare with: use `isnan(…)` in an expression, or leave it out")
    if _INTEGER.fullmatch(text):
        _refuse_long(text)
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        _refuse_long(text)
        number = float(text)
        if math.isinf(number):
            raise ValueError(f"{text} is beyond float64 (largest 1.8e308): write .inf if infinity is meant")
        return number
    return text


def resolve_tagged(text: str, tag: str) -> Scalar:
    """The value of a scalar with an explicit tag.

    Raises:
        ValueError: the tag is outside the core schema, or the scalar is not of its type.
    """
    if tag in ("!", _CORE + "str"):
        return text
    name = tag.removeprefix(_CORE)
    expected = _TYPE_TAGS.get(name) if tag.startswith(_CORE) else None
    if expected is None:
        raise ValueError(f"the tag {quoted(tag)} is not allowed: a contract is plain data, so leave the tag out")
    value = resolve(text)
    if expected is float and type(value) is int:
        return float(value)
    if type(value) is not expected:
        raise ValueError(f"{quoted(text)} is not of the type that the tag !!{name} says: leave the tag out")
    return value


def quoted(value: object, width: int = 60) -> str:
    """A value as a message quotes it, cut off where it is long."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def is_collection_tag(tag: str | None, name: str) -> bool:
    """Whether a collection has no tag or the core one; `name` is `map` or `seq`."""
    return tag in (None, "!", _CORE + name)


def _refuse_long(text: str) -> None:
    if len(text) > NUMBER_CHARACTERS:
        raise ValueError(f"a number of {len(text):,} characters: at most {NUMBER_CHARACTERS:,} are allowed")
