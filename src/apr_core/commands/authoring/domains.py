"""From a parameter of a function to the input domains worth trying for it, widest first.

The one thing a reader would get wrong: a domain here is a guess until `probe` has called the function with it. That
is why each parameter gets a ladder of domains and not one.
"""

from __future__ import annotations

import collections.abc
import enum
import inspect
import numbers
import os
import re
import sys
import types
import typing
from collections.abc import Hashable
from pathlib import Path, PurePath
from typing import Any

Domain = dict[str, Any]
"""An input as a contract writes it: `{"integer": [0, 100]}`."""

INTEGERS: tuple[Domain, ...] = ({"integer": [-100, 100]}, {"integer": [0, 100]}, {"integer": [1, 64]})
REALS: tuple[Domain, ...] = (
    {"real": [-1000.0, 1000.0]},
    {"real": [0.0, 1000.0]},
    {"real": [0.001, 1000.0]},
    {"real": [0.0, 1.0]},
    {"real": [0.001, 0.999]},
)
TEXTS: tuple[Domain, ...] = ({"text": [0, 40]}, {"text": [1, 40], "alphabet": "abcdefghij 0123456789"})
BYTES: tuple[Domain, ...] = ({"bytes": [0, 64]}, {"bytes": [1, 64]})
BOOLEANS: tuple[Domain, ...] = ({"boolean": "any"},)
FOLDERS: tuple[Domain, ...] = ({"workdir": "empty"},)
"""For anything that may be a path: a function that deletes what it is given must never be given drawn text."""

_LADDERS: dict[Any, tuple[Domain, ...]] = {
    bool: BOOLEANS, int: INTEGERS, float: REALS, str: TEXTS, bytes: BYTES,
    numbers.Integral: INTEGERS, numbers.Real: REALS, numbers.Number: REALS, complex: REALS,
    Path: FOLDERS, PurePath: FOLDERS, os.PathLike: FOLDERS,
    typing.SupportsIndex: INTEGERS, typing.SupportsInt: INTEGERS, typing.SupportsFloat: REALS,
}  # fmt: skip

_PATHS = re.compile(r"(^|_)(path|file|filename|folder|directory|dir|root|dest|destination|output)$")
_COUNTS = re.compile(
    r"^(n|k|m|i|j|c|size|count|length|rank|seed|steps?|width|height|dim|axis|bits)$|^(n|num|max|min)_|_(size|count|id)$"
)
_ARRAYS = re.compile(r"^(a|b|w|x|y|z|v|u|q|arr|array|tensor|weights?|matrix|logits|activations?|deltas?|grads?|[A-Z])$")
_TEXTS = re.compile(r"^(text|string|name|prompt|line|source|code|completion|s|word|label)$")
_LISTS = re.compile(r"^(values|items|numbers|xs|ys|scores|losses|data|samples|counts)$")

EXTENTS: dict[str, Domain] = {"rows": {"integer": [1, 16]}, "columns": {"integer": [1, 64]}}
"""Inputs that a drawn tensor's shape refers to; two tensors of one contract share them, so their shapes agree."""
TENSOR_SHAPES: tuple[list[str], ...] = (["columns"], ["rows", "columns"])


def ladder(parameter: inspect.Parameter) -> tuple[tuple[Domain, ...], str | None] | None:
    """The domains to try for a parameter and, if they are guessed, from what. None when nothing can be drawn for it."""
    if _PATHS.search(parameter.name) and parameter.annotation in (inspect.Parameter.empty, str, "str"):
        return FOLDERS, "from its name: a private empty folder"
    if parameter.annotation is not inspect.Parameter.empty:
        found = from_annotation(parameter.annotation)
        return (found, None) if found else None
    default = parameter.default
    if default is not inspect.Parameter.empty and type(default) in _LADDERS:
        return _LADDERS[type(default)], f"from its default, {default!r}"
    return _from_name(parameter.name), "from its name: it has no annotation"


def _from_name(name: str) -> tuple[Domain, ...]:
    lists: tuple[Domain, ...] = ({"list": REALS[0], "size": [0, 16]}, {"list": REALS[0], "size": [1, 16]})
    arrays = (tensors("torch") if "torch" in sys.modules else ()) + tensors("numpy")
    if _COUNTS.search(name):
        return INTEGERS + REALS + arrays
    if _TEXTS.match(name):
        return TEXTS + lists + REALS
    if _LISTS.match(name):
        return lists + arrays + TEXTS
    if _ARRAYS.match(name):
        return arrays + REALS + lists + TEXTS
    return REALS + INTEGERS + arrays + lists + TEXTS


def tensors(library: str) -> tuple[Domain, ...]:
    """Arrays of one and of two dimensions with drawn extents."""
    return tuple({"tensor": list(shape), "dtype": "float32", "library": library} for shape in TENSOR_SHAPES)


def from_annotation(annotation: Any) -> tuple[Domain, ...]:
    """The domains of an annotation, widest first; empty when there is no input kind for it."""
    if isinstance(annotation, str):
        return _from_text(annotation)
    if isinstance(annotation, Hashable) and annotation in _LADDERS:
        return _LADDERS[annotation]
    library = _library(annotation)
    if library:
        return tensors(library)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return from_annotation(arguments[0])
    if origin is typing.Literal:
        return ({"choice": [value for value in arguments if _is_json(value)]},)
    if origin in (typing.Union, types.UnionType):
        return next(filter(None, (from_annotation(one) for one in arguments if one is not type(None))), ())
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _enumeration(annotation)
    if _is_list(origin or annotation):
        elements = from_annotation(arguments[0]) if arguments else REALS
        return tuple({"list": element, "size": [least, 16]} for element in elements for least in (0, 1))
    return ()


def _library(annotation: Any) -> str | None:
    """Which array library an annotation names, without importing either."""
    cls = typing.get_origin(annotation) or annotation
    home = (getattr(cls, "__module__", "") or "").partition(".")[0]
    name = getattr(cls, "__name__", "")
    if home == "torch" and name == "Tensor":
        return "torch"
    if (home == "numpy" and name == "ndarray") or "NDArray" in str(annotation) or "ArrayLike" in str(annotation):
        return "numpy"
    return None


def _is_list(cls: Any) -> bool:
    sequences = (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
    return cls in sequences


def _enumeration(cls: type[enum.Enum]) -> tuple[Domain, ...]:
    """Only an enumeration whose members are text or numbers can be written in YAML and passed as it is."""
    values = [member.value for member in cls]
    return ({"choice": values},) if issubclass(cls, (str, int)) and values else ()


def _is_json(value: Any) -> bool:
    return value is None or type(value) in (bool, int, float, str)


_BY_TEXT: tuple[tuple[str, tuple[Domain, ...]], ...] = (
    (r"\btorch\.Tensor\b|\bTensor\b", tensors("torch")),
    (r"\bndarray\b|\bNDArray\b|\bArrayLike\b", tensors("numpy")),
    (r"^(list|Sequence|Iterable)\[int\]", tuple({"list": one, "size": [1, 16]} for one in INTEGERS)),
    (r"^(list|Sequence|Iterable)\b", tuple({"list": one, "size": [1, 16]} for one in REALS)),
    (r"\bPath(Like)?\b", FOLDERS),
    (r"^bool\b", BOOLEANS),
    (r"^int\b", INTEGERS),
    (r"^float\b", REALS),
    (r"^str\b", TEXTS),
    (r"^bytes\b", BYTES),
)


def _from_text(annotation: str) -> tuple[Domain, ...]:
    """For annotations that cannot be evaluated, as under `if TYPE_CHECKING`."""
    return next((ladder for pattern, ladder in _BY_TEXT if re.search(pattern, annotation)), ())
