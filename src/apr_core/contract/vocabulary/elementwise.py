"""Element-wise functions of the vocabulary, and those that change the form of an array.

The one thing a reader would get wrong: an array keeps its library and its dtype (so `sqrt` of a bfloat16 tensor is
computed in bfloat16, rounding included), while a Python number gives a Python number in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from apr_core.contract.vocabulary.arrays import (
    as_float,
    describe,
    dtype_name,
    is_array,
    is_number,
    is_torch,
    known_dtype,
    refuse_large,
    refuse_large_array,
    require_array,
    to_float64,
    torch_module,
)
from apr_core.contract.vocabulary.ulp import round_to
from apr_core.errors import ExpressionError


def _elementwise(name: str, meaning: str) -> Callable[[Any], Any]:
    """A function of one argument that numpy and torch have under the same name."""
    of_numpy = getattr(np, name)

    def apply(x: Any) -> Any:
        if is_torch(x):
            return getattr(torch_module(), name)(x)
        return _plain(of_numpy(float(x) if isinstance(x, bool) else _numbers(x, name)))

    apply.__name__, apply.__doc__ = name, meaning
    return apply


_PYTHON_ROUNDING: dict[str, Callable[[Any], int]] = {"floor": math.floor, "ceil": math.ceil, "round": round}

sqrt = _elementwise("sqrt", "Square root; NaN below 0.")
exp = _elementwise("exp", "e to the power of x.")
log = _elementwise("log", "Natural logarithm; -inf at 0, NaN below.")
log2 = _elementwise("log2", "Logarithm to base 2.")
sin = _elementwise("sin", "Sine of an angle in radians.")
cos = _elementwise("cos", "Cosine of an angle in radians.")
tan = _elementwise("tan", "Tangent of an angle in radians.")
tanh = _elementwise("tanh", "Hyperbolic tangent.")
isfinite = _elementwise("isfinite", "True where the element is neither NaN nor an infinity.")
isnan = _elementwise("isnan", "True where the element is NaN.")
_absolute = _elementwise("abs", "")
_sign = _elementwise("sign", "")


def absolute(x: Any) -> Any:
    """Absolute value; whole numbers stay whole."""
    return abs(x) if type(x) is int else _absolute(x)


def sign(x: Any) -> Any:
    """-1, 0 or 1; NaN of NaN."""
    return (x > 0) - (x < 0) if type(x) is int else _sign(x)


def floor(x: Any) -> Any:
    """Largest whole number that is not above x; a Python number gives an int."""
    return _rounded(x, "floor")


def ceil(x: Any) -> Any:
    """Smallest whole number that is not below x; a Python number gives an int."""
    return _rounded(x, "ceil")


def round_(x: Any, digits: int | None = None) -> Any:
    """Nearest whole number, or nearest at so many decimal digits; halves go to the even one."""
    if digits is None:
        return _rounded(x, "round")
    if is_torch(x):
        return torch_module().round(x, decimals=digits)
    if isinstance(x, float):
        return round(x, digits)  # exact, where numpy multiplies by a power of ten first
    return _plain(np.round(_numbers(x, "round"), digits))


def where(condition: Any, a: Any, b: Any) -> Any:
    """Elements of a where the condition is true, of b elsewhere; both sides are evaluated."""
    parts = (condition, a, b)
    if any(is_torch(part) for part in parts):
        if any(isinstance(part, np.ndarray) for part in parts):
            raise ExpressionError("where mixes numpy arrays and torch tensors: give all parts in one library")
        torch = torch_module()
        mask = condition if is_torch(condition) else torch.tensor(bool(condition))
        return torch.where(mask, _python(a), _python(b))
    if isinstance(condition, (bool, np.bool_)) and not is_array(a) and not is_array(b):
        return a if condition else b
    return _plain(np.where(_numbers(condition, "where"), _numbers(a, "where"), _numbers(b, "where")))


def clip(x: Any, low: Any, high: Any) -> Any:
    """x, but not below low and not above high."""
    if is_torch(x):
        return x.clamp(min=_python(low), max=_python(high))
    return _plain(np.clip(_numbers(x, "clip"), _numbers(low, "clip"), _numbers(high, "clip")))


def cast(x: Any, dtype: str) -> Any:
    """x in another dtype, rounded as the library does; a Python number gives the nearest value of that dtype."""
    name = known_dtype(dtype)
    if is_torch(x):
        return x.to(getattr(torch_module(), name))
    if is_number(x) and name in ("float16", "bfloat16", "float32", "float64"):
        return float(round_to(to_float64(x), name))
    if name == "bfloat16":
        raise ExpressionError("numpy has no bfloat16: declare the input with `library: torch`")
    return _plain(np.asarray(_numbers(x, "cast")).astype(name))


def transpose(x: Any) -> Any:
    """The array with its axes in reverse order: (m, n) becomes (n, m)."""
    require_array(x, "transpose")
    return x.permute(*reversed(range(x.ndim))) if is_torch(x) else x.T


def reshape(x: Any, *shape: Any) -> Any:
    """The same elements, row by row, in another shape: reshape(x, [2, -1]) or reshape(x, 2, -1)."""
    extents = shape[0] if len(shape) == 1 and isinstance(shape[0], (list, tuple)) else shape
    return require_array(x, "reshape").reshape(tuple(int(extent) for extent in extents))


def flatten(x: Any) -> Any:
    """The elements, row by row, as an array of one dimension."""
    return require_array(x, "flatten").reshape(-1)


def concatenate(arrays: Any, axis: int = 0) -> Any:
    """Arrays one after the other along an axis."""
    return _joined(arrays, axis, "concatenate", "cat")


def stack(arrays: Any, axis: int = 0) -> Any:
    """Arrays of one shape along a new axis."""
    return _joined(arrays, axis, "stack", "stack")


def zeros_like(x: Any) -> Any:
    """An array of zeros with the shape, dtype and library of x."""
    return torch_module().zeros_like(x) if is_torch(x) else np.zeros_like(require_array(x, "zeros_like"))


def ones_like(x: Any) -> Any:
    """An array of ones with the shape, dtype and library of x."""
    return torch_module().ones_like(x) if is_torch(x) else np.ones_like(require_array(x, "ones_like"))


def _numbers(x: Any, word: str) -> Any:
    """An array as it is; a number as float64, truth values and whole numbers as they are; a list as a float64 array."""
    if isinstance(x, (np.ndarray, np.generic)):
        return x
    if isinstance(x, int) and not isinstance(x, bool):
        return x if x.bit_length() < 63 else as_float(x)
    if isinstance(x, (bool, float, complex)):
        return x
    if isinstance(x, (list, tuple, range)):
        return to_float64(x)
    raise ExpressionError(f"{word} needs a number, a list of numbers or an array, not {describe(x)}")


def _plain(x: Any) -> Any:
    """A numpy scalar as the Python number."""
    return x.item() if isinstance(x, np.generic) or (isinstance(x, np.ndarray) and not x.ndim) else x


def _python(x: Any) -> Any:
    """What torch accepts beside a tensor."""
    if isinstance(x, np.generic):
        return x.item()
    if is_torch(x) or is_number(x):
        return x
    raise ExpressionError(f"beside a torch tensor only torch tensors and numbers are allowed, not {describe(x)}")


def _rounded(x: Any, name: str) -> Any:
    if is_torch(x):
        return getattr(torch_module(), name)(x)
    if isinstance(x, (int, float)) and not isinstance(x, np.generic):
        if not math.isfinite(as_float(x)):
            return as_float(x) if isinstance(x, float) else x
        return _PYTHON_ROUNDING[name](x)
    return _plain(getattr(np, name)(_numbers(x, name)))


def _joined(arrays: Any, axis: int, numpy_name: str, torch_name: str) -> Any:
    if not isinstance(arrays, (list, tuple)) or not arrays:
        raise ExpressionError(f"{numpy_name} needs a list of at least one array, not {describe(arrays)}")
    refuse_large(arrays)
    for array in arrays:
        require_array(array, numpy_name)
    refuse_large_array(sum(math.prod(array.shape) for array in arrays))
    if all(is_torch(array) for array in arrays):
        return getattr(torch_module(), torch_name)(list(arrays), axis)
    if any(is_torch(array) for array in arrays):
        raise ExpressionError(f"{numpy_name} mixes numpy arrays and torch tensors: give all parts in one library")
    if len({dtype_name(array) for array in arrays}) > 1:
        raise ExpressionError(f"{numpy_name} of several dtypes: cast them to one first")
    return getattr(np, numpy_name)(arrays, axis)
