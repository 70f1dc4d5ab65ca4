"""What the vocabulary needs to know about arrays, for numpy and torch alike, without importing torch.

A value can only be a torch tensor when somebody else has imported torch. The one thing a reader would get wrong: numpy
has no bfloat16, so a tensor of that type becomes numbers by way of torch's own widening, never through the buffer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from apr_core.contract.limits import ARRAY_ELEMENTS, ELEMENTS
from apr_core.errors import ExpressionError, did_you_mean

Float64Array = np.ndarray[Any, np.dtype[np.float64]]

DTYPE_NAMES = (
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8",
    "uint64", "uint32", "uint16", "uint8", "bool", "complex64", "complex128",
)  # fmt: skip
_SEQUENCES = (list, tuple, range, set, frozenset)


def torch_module() -> Any:
    """torch, if somebody has imported it; otherwise None."""
    return sys.modules.get("torch")


def is_torch(value: Any) -> bool:
    """Whether the value is a torch tensor."""
    tensor = getattr(torch_module(), "Tensor", None)
    return tensor is not None and isinstance(value, tensor)


def is_array(value: Any) -> bool:
    """Whether the value is a numpy array or a torch tensor, of any number of dimensions."""
    return isinstance(value, np.ndarray) or is_torch(value)


def is_number(value: Any) -> bool:
    """Whether the value is one number or truth value that is not an array."""
    return isinstance(value, (bool, int, float, complex, np.number, np.bool_))


def require_array(value: Any, word: str) -> Any:
    """The array itself.

    Raises:
        ExpressionError: it is something else; `word` is the function that needs it.
    """
    if not is_array(value):
        raise ExpressionError(f"{word} needs a numpy array or a torch tensor, not {describe(value)}")
    return value


def describe(value: Any) -> str:
    """What a value is, in the words of a message."""
    if is_array(value):
        library = "torch tensor" if is_torch(value) else "numpy array"
        return f"a {library} of shape {tuple(value.shape)} and dtype {dtype_name(value)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float, np.number)):
        return f"the number {_short(value)}"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 40 else f"a text of {len(value):,} characters"
    if isinstance(value, (*_SEQUENCES, Mapping)):
        return f"a {type(value).__name__} of {len(value):,}"
    return f"a value of type {type(value).__name__}"


def _short(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 256:
        return f"of {value.bit_length():,} bits"
    return str(value)


def dtype_name(value: Any) -> str:
    """`float32`, `bfloat16`, …: the same name for both libraries. A Python float is float64, a Python int is int64."""
    if is_array(value) or isinstance(value, np.generic):
        return str(value.dtype).removeprefix("torch.")
    for kind, name in ((bool, "bool"), (int, "int64"), (float, "float64"), (complex, "complex128")):
        if isinstance(value, kind):
            return name
    raise ExpressionError(f"{describe(value)} has no dtype: it is neither an array nor a number")


def known_dtype(name: Any) -> str:
    """The name of a dtype, checked.

    Raises:
        ExpressionError: no such dtype.
    """
    if name not in DTYPE_NAMES:
        near = did_you_mean(str(name), DTYPE_NAMES)
        raise ExpressionError(f"{describe(name)} is not a dtype.{near} Allowed: {', '.join(DTYPE_NAMES)}")
    return str(name)


def to_numpy(tensor: Any) -> np.ndarray[Any, Any]:
    """A tensor or array as numpy, without its gradient; bfloat16 and other narrow floats widened to float32."""
    if not is_torch(tensor):
        return np.asarray(tensor)
    torch = torch_module()
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    narrow = plain.is_floating_point() and plain.dtype not in (torch.float16, torch.float32, torch.float64)
    result: np.ndarray[Any, Any] = (plain.to(torch.float32) if narrow else plain).numpy()
    return result


def to_float64(value: Any) -> Float64Array:
    """Numbers, lists of numbers and arrays as one float64 array of the same shape.

    Raises:
        ExpressionError: not numbers, complex numbers, or lists of unequal lengths.
    """
    if isinstance(value, (np.ndarray, np.number, np.bool_)) or is_torch(value):
        array = to_numpy(value)
        if array.dtype.kind not in "biuf":
            raise ExpressionError(f"{describe(value)} has no order and no real value: use abs(…) of it")
        return np.asarray(array, dtype=np.float64)
    if isinstance(value, (bool, int, float)):
        return np.asarray(as_float(value))
    if isinstance(value, _SEQUENCES):
        return _list_to_float64(value)
    raise ExpressionError(f"{describe(value)} is not a number, a list of numbers or an array")


def _list_to_float64(values: Iterable[Any]) -> Float64Array:
    items = list(values)
    if all(type(item) in (float, int, bool) for item in items):
        return np.array([as_float(item) for item in items], dtype=np.float64)
    refuse_large(items)
    parts = [to_float64(item) for item in items]
    shapes = sorted({part.shape for part in parts}, key=str)
    if len(shapes) > 1:
        raise ExpressionError(f"the elements of the list have different shapes: {', '.join(map(str, shapes))}")
    return np.stack(parts)


def real_parts(value: Any) -> Float64Array:
    """Like `to_float64`, but a complex array becomes its real and imaginary parts, stacked."""
    if isinstance(value, complex):
        return np.array([value.real, value.imag])
    if (is_array(value) or isinstance(value, np.generic)) and dtype_name(value).startswith("complex"):
        array = to_numpy(value)
        return np.stack([array.real, array.imag]).astype(np.float64)
    return to_float64(value)


def as_float(number: float) -> float:
    """The float nearest to a number; an integer beyond float64 becomes an infinity, as IEEE 754 rounds it."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def weigh(value: Any, limit: int = ELEMENTS) -> int:
    """How many elements a container holds, nested ones included; stops counting above `limit`."""
    total, waiting = 0, [value]
    while waiting and total <= limit:
        item = waiting.pop()
        if isinstance(item, Mapping):
            item = list(item.values())
        if isinstance(item, _SEQUENCES):
            total += len(item)
            if not isinstance(item, range) and total <= limit:
                waiting.extend(part for part in item if isinstance(part, (*_SEQUENCES, Mapping)))
    return total


def refuse_large(value: Any) -> None:
    """Raises ExpressionError for a container of more elements than an expression may walk."""
    if weigh(value) > ELEMENTS:
        raise ExpressionError(f"more than {ELEMENTS:,} elements: use an array, or less data")


def refuse_large_array(elements: int) -> None:
    """Raises ExpressionError for an array that would not fit."""
    if elements > ARRAY_ELEMENTS:
        raise ExpressionError(f"an array of {elements:,} elements: an expression may create at most {ARRAY_ELEMENTS:,}")
