"""Copies of values, and comparison by content.

The one thing a reader would get wrong: `same` is not `==`. It compares bits, so NaN is the same as itself, 0.0 is not the same
as -0.0, and 1 is not the same as 1.0 or True.
"""

from __future__ import annotations

import copy
import math
from pathlib import PurePath
from typing import Any

import numpy as np

from apr_core.compiler.describe import describe
from apr_core.contract.vocabulary.arrays import is_torch
from apr_core.contract.vocabulary.identity import equal
from apr_core.errors import ExpressionError, TrialError

_IMMUTABLE = (int, float, complex, bool, str, bytes, type(None), PurePath, np.generic)


def fresh(value: Any) -> Any:
    """A copy that shares no memory with `value` and keeps whether an array is contiguous."""
    if isinstance(value, _IMMUTABLE):
        return value
    if isinstance(value, np.ndarray):
        if value.flags.c_contiguous or value.ndim == 0:
            return value.copy()
        return _strided(np.empty((*value.shape[:-1], 2 * value.shape[-1]), value.dtype), value)
    if is_torch(value):
        return _fresh_tensor(value)
    if type(value) is list:
        return [fresh(item) for item in value]
    if type(value) is tuple:
        return tuple(fresh(item) for item in value)
    if type(value) is dict:
        return {key: fresh(item) for key, item in value.items()}
    try:
        return copy.deepcopy(value)
    except Exception as error:
        raise TrialError(
            f"an argument of type {type(value).__name__} cannot be copied ({error}), so the subject could change it unseen. "
            "Build it in `setup`, or pass arrays, numbers, text, lists and maps."
        ) from error


def _strided(room: Any, value: Any) -> Any:
    view = room[..., ::2]
    view[...] = value
    return view


def _fresh_tensor(value: Any) -> Any:
    plain = value.detach()
    if plain.is_contiguous() or plain.dim() == 0:
        twin = plain.clone()
    else:
        twin = _strided(plain.new_empty((*plain.shape[:-1], 2 * plain.shape[-1])), plain)
    return twin.requires_grad_(value.requires_grad) if value.is_leaf else twin


def same(a: Any, b: Any, *, opaque: bool = False) -> bool:
    """Whether two values have the same content, bit for bit; NaN equals itself and 0.0 differs from -0.0.

    `opaque` is the answer for objects in which nothing can be compared: nobody can say that a subject changed one, and
    nobody can say that two of them agree.
    """
    if a is b and isinstance(a, _IMMUTABLE):
        return True
    if isinstance(a, np.ndarray):
        if not isinstance(b, np.ndarray) or a.dtype != b.dtype or a.shape != b.shape:
            return False
        return _same_bits(a, b)
    if is_torch(a):
        return is_torch(b) and a.dtype == b.dtype and a.shape == b.shape and _same_tensor(a.detach(), b.detach())
    a, b = _python(a), _python(b)
    if isinstance(a, float) and isinstance(b, float):
        return a.hex() == b.hex() if a == a and b == b else a != a and b != b
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(same(x, y, opaque=opaque) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and type(a) is type(b):
        return list(a) == list(b) and all(same(a[key], b[key], opaque=opaque) for key in a)
    if type(a) is not type(b):
        return False
    try:
        return equal(a, b)
    except ExpressionError:
        return _same_object(a, b, opaque)


def _python(value: Any) -> Any:
    """A numpy scalar of a type that Python has as Python's own."""
    return value.item() if isinstance(value, (np.float64, np.int64, np.bool_)) else value


def _same_object(a: Any, b: Any, opaque: bool) -> bool:
    """Objects without a digest, by their fields; where there are none, by the type's own `==`; where that is identity, no
    difference can be seen."""
    names = [name for kind in type(a).__mro__ for name in getattr(kind, "__slots__", ()) if hasattr(a, name)]
    fields = {**getattr(a, "__dict__", {}), **{name: getattr(a, name) for name in names}}
    if fields:
        others = {**getattr(b, "__dict__", {}), **{name: getattr(b, name) for name in names if hasattr(b, name)}}
        return same(fields, others, opaque=opaque)
    compares = any("__eq__" in vars(kind) for kind in type(a).__mro__[:-1])
    return bool(a == b) if compares else opaque


def _same_tensor(a: Any, b: Any) -> bool:
    import torch

    if a.is_complex():
        return _same_tensor(torch.view_as_real(a.resolve_conj()), torch.view_as_real(b.resolve_conj()))
    bits = {2: torch.int16, 4: torch.int32, 8: torch.int64}.get(a.element_size())
    if a.is_floating_point() and bits is not None:
        a, b = a.contiguous().view(bits), b.contiguous().view(bits)
    return bool((a == b).all())


def _same_bits(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    unsigned = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}.get(a.dtype.itemsize)
    if a.dtype.kind in "fiub" and unsigned is not None:
        return bool((a.view(unsigned) == b.view(unsigned)).all())
    return a.tobytes() == b.tobytes()


def truth(value: Any, source: str) -> bool:
    """A truth value, or whether all of an array of them are true.

    Raises:
        TrialError: the value is neither; a number is never taken for a truth value.
    """
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    dtype = str(getattr(value, "dtype", ""))
    if dtype in ("bool", "torch.bool"):
        if math.prod(value.shape) == 0:
            raise TrialError(
                f"VACUOUS: {source!r} gave an empty array: nothing was checked. Draw at least one element."
            )
        return bool(value.all())
    raise TrialError(f"{source!r} gave {describe(value)}, not true or false. Compare it with something.")
