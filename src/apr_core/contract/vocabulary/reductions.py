"""Reductions of the vocabulary: many numbers to one, computed in float64, given as a Python number.

The one thing a reader would get wrong: a reduction of nothing is an error. The mean of an empty list is not 0, and
`all` of an empty list would make a claim hold that nobody tried.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from apr_core.contract.vocabulary.arrays import (
    Float64Array,
    describe,
    dtype_name,
    is_array,
    is_number,
    real_parts,
    refuse_large,
    require_array,
    to_float64,
    to_numpy,
)
from apr_core.errors import ExpressionError

_LARGEST_SQUARE = 1e150
_SMALLEST_SQUARE = 1e-140


def norm(x: Any) -> float:
    """Euclidean norm over all elements, without overflow."""
    return _norm(_some(real_parts(x), "norm"))


def mean(x: Any) -> float:
    """Arithmetic mean over all elements."""
    return float(np.mean(_some(to_float64(x), "mean")))


def total(x: Any) -> float | int:
    """Sum over all elements; exact for a list of whole numbers."""
    if isinstance(x, (list, tuple, range)) and x and all(type(item) in (int, bool) for item in x):
        return sum(x)
    return float(np.sum(_some(to_float64(x), "sum")))


def var(x: Any, *, ddof: int = 0) -> float:
    """Variance over all elements, divided by n − ddof."""
    values = _some(to_float64(x), "var")
    if values.size <= ddof:
        raise ExpressionError(f"var of {values.size} elements with ddof={ddof}: more elements than ddof are needed")
    return float(np.var(values, ddof=ddof))


def std(x: Any, *, ddof: int = 0) -> float:
    """Standard deviation over all elements, divided by n − ddof."""
    return math.sqrt(var(x, ddof=ddof))


def median(x: Any) -> float:
    """Middle element, or the mean of the two middle ones."""
    return float(np.median(_some(to_float64(x), "median")))


def quantile(x: Any, q: float) -> float:
    """The q-quantile over all elements, 0 ≤ q ≤ 1, linearly interpolated."""
    if not (is_number(q) and 0 <= q <= 1):
        raise ExpressionError(f"quantile needs q between 0 and 1, not {describe(q)}")
    return float(np.quantile(_some(to_float64(x), "quantile"), q))


def smallest(x: Any, *others: Any) -> Any:
    """The smallest of several numbers, or of the elements of an array or list; NaN if one is NaN."""
    return _extreme("min", min, np.min, x, others)


def largest(x: Any, *others: Any) -> Any:
    """The largest of several numbers, or of the elements of an array or list; NaN if one is NaN."""
    return _extreme("max", max, np.max, x, others)


def max_abs(x: Any) -> float:
    """The largest absolute value of the elements."""
    array = to_numpy(x) if is_array(x) and dtype_name(x).startswith("complex") else to_float64(x)
    return float(np.max(np.abs(_some(array, "max_abs"))))


def dot(a: Any, b: Any) -> float:
    """Sum of the products of the elements of two arrays of one shape."""
    left, right = _pair(to_float64(a), to_float64(b), "dot")
    return float(np.sum(left * right))


def cosine(a: Any, b: Any) -> float:
    """Cosine similarity of two arrays of one shape, between −1 and 1; NaN if one is zero."""
    left, right = _pair(to_float64(a), to_float64(b), "cosine")
    left, right = _unit(left), _unit(right)
    return float(np.clip(np.sum(left * right), -1.0, 1.0))


def relative_error(a: Any, b: Any) -> float:
    """norm(a − b) / norm(b), the difference taken in float64; 0 if both are the same, inf if only b is zero."""
    left, right = _pair(real_parts(a), real_parts(b), "relative_error")
    error = _norm(left - right)
    if error == 0.0:
        return 0.0
    scale = _norm(right)
    return error / scale if scale else math.inf if error > 0 else math.nan


def count_nonzero(x: Any) -> int:
    """How many elements are not zero; 0 of nothing."""
    return int(np.count_nonzero(real_parts(x) if not _is_complex(x) else to_numpy(x)))


def sparsity(x: Any) -> float:
    """The share of elements that are zero."""
    array = _some(to_numpy(x) if _is_complex(x) else to_float64(x), "sparsity")
    return (array.size - int(np.count_nonzero(array))) / array.size


def every(x: Any) -> bool:
    """Whether every truth value of an array or list is true."""
    return bool(np.all(_truths(x, "all")))


def some(x: Any) -> bool:
    """Whether some truth value of an array or list is true."""
    return bool(np.any(_truths(x, "any")))


def _some(values: np.ndarray[Any, Any], word: str) -> np.ndarray[Any, Any]:
    if not values.size:
        raise ExpressionError(f"{word} of nothing: an empty array or list says nothing about a claim")
    return values


def _pair(left: Float64Array, right: Float64Array, word: str) -> tuple[Float64Array, Float64Array]:
    if left.shape != right.shape:
        raise ExpressionError(f"{word} of shapes {left.shape} and {right.shape}: the shapes must be the same")
    return _some(left, word), right


def _norm(values: np.ndarray[Any, Any]) -> float:
    """Scaled only where the squares would leave the range, so that ordinary values lose no digit."""
    largest_value = float(np.max(np.abs(values)))
    if largest_value == 0.0 or not math.isfinite(largest_value):
        return largest_value
    if _SMALLEST_SQUARE < largest_value < _LARGEST_SQUARE:
        return math.sqrt(float(np.sum(np.square(values))))
    return float(largest_value * math.sqrt(float(np.sum(np.square(values / largest_value)))))


def _unit(values: Float64Array) -> Float64Array:
    scaled = values / np.max(np.abs(values))
    unit: Float64Array = scaled / math.sqrt(float(np.sum(np.square(scaled))))
    return unit


def _extreme(word: str, of_numbers: Any, of_array: Any, x: Any, others: tuple[Any, ...]) -> Any:
    if others:
        x = [x, *others]
        if not all(is_number(item) or (is_array(item) and not item.ndim) for item in x):
            raise ExpressionError(f"{word} takes several numbers, or one array or list; use where(…) for arrays")
    if isinstance(x, (list, tuple, range, set, frozenset)):
        items = list(x)
        if items and all(type(item) in (int, float, str) for item in items):
            return math.nan if any(item != item for item in items) else of_numbers(items)
        refuse_large(items)
    return float(of_array(_some(to_float64(x), word)))


def _truths(x: Any, word: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if isinstance(x, (list, tuple, set, frozenset)):
        refuse_large(x)
        parts = [_truths(item, word).ravel() if not isinstance(item, bool) else np.array([item]) for item in x]
        return np.asarray(_some(np.concatenate(parts) if parts else np.empty(0, bool), word))
    array = np.asarray(x) if isinstance(x, (bool, np.bool_)) else to_numpy(require_array(x, word))
    if _some(array, word).dtype != np.bool_:
        raise ExpressionError(f"{word} needs truth values, not {describe(x)}: compare first, as in {word}(x > 0)")
    return array


def _is_complex(x: Any) -> bool:
    return is_array(x) and dtype_name(x).startswith("complex")
