"""Automatic faults: what a subject could give instead of its result, whatever that is.

Used to ask whether a claim could fall at all. Each probe is a function of the result and of the arguments, so that the faulty
subject is still a function: `f(x) == f(x)` stays true under every one of them, as it would on any broken code. The one thing a
reader would get wrong: no probe raises, each changes types and lengths only where it says so, and only claims about NaN or None
meet one. A claim that only an accident of that kind can break says nothing about values.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Number
from pathlib import PurePath
from typing import Any

import numpy as np

from apr_core.compiler.values import same
from apr_core.contract.vocabulary import digest
from apr_core.contract.vocabulary.arrays import is_torch
from apr_core.errors import AprError

Arithmetic = Callable[[Any, int], Any]
"""A number (or an array of numbers) and a whole number that depends on the arguments, to another number."""

Change = Callable[[Any], Any]
"""A value to another one of its kind, or to itself where there is nothing to change."""

_DEPTH = 4
"""Containers inside containers that are entered."""


def _shifted(value: Any, _: int) -> Any:
    return value + 1


def _mirrored(value: Any, _: int) -> Any:
    return -1 - value


def _noisy(value: Any, seed: int) -> Any:
    return value + seed % 7 + seed % 3 * value


def _huge(value: Any, _: int) -> Any:
    return value * 1_000_003 + 1_000_003


def _lowest(value: Any, _: int) -> Any:
    return value * -1_000_003 - 1_000_003


def _zero(value: Any, _: int) -> Any:
    if isinstance(value, np.ndarray):
        return np.zeros_like(value)
    return value.new_zeros(value.shape) if is_torch(value) else type(value)(0)  # NaN times 0 would be NaN


def _halved(value: Any, _: int) -> Any:
    whole = isinstance(value, Integral) or "int" in str(getattr(value, "dtype", ""))
    return value // 2 if whole else value / 2


DEPENDENT = "dependent on its arguments"

NUMBERS: dict[str, Arithmetic] = {
    "shifted": _shifted,
    "mirrored": _mirrored,
    DEPENDENT: _noisy,
    "far too large": _huge,
    "far too low": _lowest,
    "zero": _zero,
    "halved": _halved,
}
"""What happens to every number in a result."""


def _shorter(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(list(value.items())[:-1])
    return value[:-1]


def _longer(value: Any) -> Any:
    if isinstance(value, dict):
        return value | {"?": next(reversed(value.values()), 0)}
    if isinstance(value, np.ndarray):
        return np.concatenate([value, value[-1:] if len(value) else np.zeros_like(value, shape=(1, *value.shape[1:]))])
    if is_torch(value):
        import torch

        return torch.cat([value, value[-1:] if len(value) else value.new_zeros((1, *value.shape[1:]))])
    fillers: tuple[Any, ...] = ("?", b"?", [0], (0,))
    return value + (value[-1:] or next(one for one in fillers if isinstance(value, type(one))))


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(reversed(value.items()))
    return value.flip(0) if is_torch(value) else value[::-1]


def _emptied(value: Any) -> Any:
    return {} if isinstance(value, dict) else value[:0]


def _deepened(value: Any) -> Any:
    return value[None] if isinstance(value, np.ndarray) or is_torch(value) else value


SHAPES: dict[str, Change] = {
    "shortened": _shorter,
    "lengthened": _longer,
    "reversed": _reversed,
    "emptied": _emptied,
    "with one more axis": _deepened,
}
"""What happens to the outermost sequence, map or array in a result."""

INSIDE = "parts "
"""Before the name of a shape: what happens to every sequence, map or array inside the outermost one."""

PARTS: dict[str, Change] = {INSIDE + name: shape for name, shape in SHAPES.items()}

RETYPED = "of another type"

NOT_FINITE = "not finite"
"""The probe for claims that are about being finite, and for no other: NaN differs even from itself."""

NONE = "None"
"""The probe for claims that speak of None, and for no other."""

EXTENDED = "holding more"
"""Literals of the claim and arguments of the call come into a result that holds things: for claims that one is not in it."""

PROBES = (*NUMBERS, *SHAPES, *PARTS, EXTENDED, RETYPED)
"""Names of the probes, in the order in which they are tried."""


def probed(
    subject: Callable[..., Any], probe: str, touched: list[bool], literals: Sequence[Any] = ()
) -> Callable[..., Any]:
    """`subject` with its results changed by one probe; `touched` gets a True when a result really was.

    Args:
        literals: what the claim names, for the probe `EXTENDED`.
    """
    try:
        signature = inspect.signature(subject)
    except (TypeError, ValueError):
        signature = None

    def call(*args: Any, **kwargs: Any) -> Any:
        seed = _seed(signature, args, kwargs) if probe == DEPENDENT else 0
        result = subject(*args, **kwargs)
        changed = change(result, probe, seed, (*literals, *args, *kwargs.values()) if probe == EXTENDED else ())
        if changed is not result:
            touched.append(True)
        return changed

    return call


def _seed(signature: inspect.Signature | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """A number that is the same for the same arguments, however they are passed; 1 where they have no digest."""
    given: list[Any] = [*args, *(kwargs[name] for name in sorted(kwargs))]
    try:
        if signature is not None:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = list(bound.arguments.values())
        return int(digest(given)[:8], 16)
    except (AprError, ValueError, TypeError):
        return 1


def change(value: Any, probe: str, seed: int, more: Sequence[Any] = ()) -> Any:
    """`value` changed by a probe, or `value` itself where the probe has nothing to change. `value` stays as it was.

    Args:
        seed: what the numbers are moved by under `DEPENDENT`.
        more: what comes into the value under `EXTENDED`.
    """
    if probe in SHAPES:
        return _reshaped(value, SHAPES[probe])
    if probe in PARTS:
        return _parts_reshaped(value, PARTS[probe], _DEPTH)
    if probe == RETYPED:
        return _retyped(value)
    if probe == NONE:
        return None
    if probe == EXTENDED:
        return _extended(value, more)
    if probe == NOT_FINITE:
        return _everywhere(value, _not_finite, _DEPTH)
    return _everywhere(value, lambda leaf: _leaf(leaf, NUMBERS[probe], seed), _DEPTH)


def _everywhere(value: Any, leaf: Change, depth: int) -> Any:
    """Every leaf inside a value changed."""
    if value is None or isinstance(value, (Number, np.generic, str, bytes, PurePath, np.ndarray)) or is_torch(value):
        return leaf(value)
    return value if depth == 0 else _each(value, lambda item: _everywhere(item, leaf, depth - 1))


def _each(value: Any, inside: Change) -> Any:
    """A container with each of its items changed, or the container itself where none is."""
    if isinstance(value, dict):
        pairs = {key: inside(item) for key, item in value.items()}
        if all(pairs[key] is item for key, item in value.items()):
            return value
        twin = copy.copy(value) if type(value) is not dict else {}
        for key, item in pairs.items():  # `update` of a Counter would add
            twin[key] = item
        return twin
    if isinstance(value, (list, tuple, set, frozenset)):
        old = list(value)
        new = list(map(inside, old))
        return value if all(a is b for a, b in zip(old, new, strict=True)) else _rebuilt(value, new)
    return _object(value, inside)


def _rebuilt(value: Any, items: Iterable[Any]) -> Any:
    """A list, tuple or set like `value` with other items."""
    if hasattr(value, "_make"):
        return value._make(items)
    items = list(items)
    try:
        return type(value)(items)
    except Exception:
        return next(kind for kind in (list, tuple, set, frozenset) if isinstance(value, kind))(items)


def _object(value: Any, inside: Change) -> Any:
    """A copy of an object with its fields changed; the object itself when it has none or cannot be copied."""
    if callable(value) or inspect.ismodule(value):
        return value
    slots = [name for kind in type(value).__mro__ for name in _names(vars(kind).get("__slots__", ()))]
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    names = dict.fromkeys([*(field.name for field in fields), *getattr(value, "__dict__", {}), *slots])
    try:
        found = {name: getattr(value, name) for name in names if hasattr(value, name)}
        changed = {name: inside(item) for name, item in found.items()}
        twin = copy.copy(value)
        if twin is value or all(changed[name] is item for name, item in found.items()):
            return value
        for name, item in changed.items():
            object.__setattr__(twin, name, item)
    except Exception:
        return value
    return twin


def _names(slots: str | Iterable[str]) -> list[str]:
    return [slots] if isinstance(slots, str) else [name for name in slots if not name.startswith("__")]


def _leaf(value: Any, number: Arithmetic, seed: int) -> Any:
    """One leaf; text and truth values have one change each, which any number probe makes."""
    if value is None:
        return value
    if isinstance(value, (bool, np.bool_)):
        return type(value)(not value)
    if isinstance(value, str):
        return value[:0] if number is _zero else value + "?"
    if isinstance(value, bytes):
        return value[:0] if number is _zero else value + b"?"
    if isinstance(value, PurePath):
        return value.with_name(value.name + "?") if value.name else value
    return _computed(value, number, seed)


def _not_finite(value: Any) -> Any:
    """NaN in place of a number, or of every number of an array."""
    if value is None or isinstance(value, (bool, np.bool_, str, bytes, PurePath)) or _is_boolean(value):
        return value
    try:
        return value * math.nan
    except (ArithmeticError, ValueError, TypeError, RuntimeError):
        return value


def _is_boolean(value: Any) -> bool:
    return str(getattr(value, "dtype", "")) in ("bool", "torch.bool")


def _computed(value: Any, number: Arithmetic, seed: int) -> Any:
    """One number or array of the same type and shape; unchanged where it would overflow or leave the finite numbers."""
    try:
        with np.errstate(all="ignore"):
            if _is_boolean(value):
                changed = ~value
            elif isinstance(value, np.ndarray):
                if value.dtype.kind not in "fiuc":
                    return value
                changed = np.asarray(number(value, seed)).astype(value.dtype)
            elif is_torch(value):
                changed = number(value.detach(), seed).to(value.dtype)
            else:
                changed = number(value, seed)
        if same(changed, value) or (finite(value) and not finite(changed)):
            return value
    except (ArithmeticError, ValueError, TypeError, RuntimeError):
        return value
    return changed


def _reshaped(value: Any, shape: Change) -> Any:
    """The outermost sequence, map or array in another form."""
    if isinstance(value, np.ndarray) or is_torch(value):
        if not value.ndim:
            return value
    elif not isinstance(value, (list, tuple, str, bytes, dict, set, frozenset)):
        return value
    try:
        changed = _reshaped_set(value, shape) if isinstance(value, (set, frozenset)) else shape(_plain(value))
        if isinstance(changed, np.ndarray):
            changed = np.ascontiguousarray(changed)
        elif is_torch(changed):
            changed = changed.clone()
        unchanged = list(changed) == list(value) if isinstance(value, dict) else same(changed, value)
    except Exception:
        return value
    return value if unchanged else changed


def _plain(value: Any) -> Any:
    """A named tuple without its names: their number would forbid another length."""
    return tuple(value) if isinstance(value, tuple) else value


def _reshaped_set(value: Any, shape: Change) -> Any:
    return value | {"?"} if shape is _longer else type(value)(shape(sorted(value, key=repr)))


def _parts_reshaped(value: Any, shape: Change, depth: int) -> Any:
    """Every sequence, map or array inside a container in another form."""
    if depth == 0 or isinstance(value, (Number, str, bytes, PurePath, np.ndarray)) or is_torch(value):
        return value
    return _each(value, lambda item: _reshaped(_parts_reshaped(item, shape, depth - 1), shape))


def _extended(value: Any, more: Sequence[Any]) -> Any:
    """A text, list, set or map that holds some other things as well, as far as they fit."""
    if isinstance(value, str):
        return value + "".join(one for one in more if isinstance(one, str))
    if isinstance(value, bytes):
        return value + b"".join(one for one in more if isinstance(one, bytes))
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return _rebuilt(value, [*value, *more]) if more else value
    if not isinstance(value, (set, frozenset, dict)):
        return value
    fit = [one for one in more if isinstance(one, (str, bytes, int, float)) and one not in value]
    if not fit:
        return value
    return {**value, **dict.fromkeys(fit)} if isinstance(value, dict) else value | set(fit)


def _retyped(value: Any) -> Any:
    """The same value in the nearest other type."""
    if value is None:
        return 0
    if isinstance(value, (np.ndarray, np.generic)):
        return _retyped_array(value)
    if is_torch(value):
        if not value.is_floating_point():
            return value.float() if not value.is_complex() else value
        return value.double() if str(value.dtype) != "torch.float64" else value.float()
    if isinstance(value, int):
        return float(value) if abs(value) < 2**53 else value
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(value) if isinstance(value, list) else list(value)
    return value


def _retyped_array(value: Any) -> Any:
    other = {"float64": np.float32, "complex128": np.complex64, "complex64": np.complex128}
    if value.dtype.kind not in "biufc":
        return value
    with np.errstate(all="ignore"):
        changed = value.astype(other.get(str(value.dtype), np.float64))
    return changed if finite(changed) or not finite(value) else value


def finite(value: Any) -> bool:
    """Whether no number inside a value is NaN or infinite."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(finite, value))
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind not in "fc" or bool(np.isfinite(value).all())
    if is_torch(value):
        return not (value.is_floating_point() or value.is_complex()) or bool(value.isfinite().all())
    if isinstance(value, complex):
        return math.isfinite(value.real) and math.isfinite(value.imag)
    if isinstance(value, Number) and not isinstance(value, Integral):
        return math.isfinite(value)  # type: ignore[arg-type]  # Decimal and Fraction have a float as well
    return True
