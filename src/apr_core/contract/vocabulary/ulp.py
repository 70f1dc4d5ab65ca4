"""Distances between floating-point numbers, counted in representable numbers.

The one thing a reader would get wrong: the distance is counted in the coarser format of the two sides, after rounding
both to it, so a float32 result is not blamed for lacking the digits of a float64 reference.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from apr_core.contract.vocabulary.arrays import Float64Array, describe, dtype_name, is_array, known_dtype, real_parts
from apr_core.errors import ExpressionError


class Format(NamedTuple):
    """A binary floating-point format: bits after the leading one, and the type whose bits are its ordered integers."""

    fraction: int
    storage: str
    bits: str
    shift: int


# Coarsest first. bfloat16 is the upper half of float32.
FORMATS: dict[str, Format] = {
    "bfloat16": Format(7, "float32", "int32", 16),
    "float16": Format(10, "float16", "int16", 0),
    "float32": Format(23, "float32", "int32", 0),
    "float64": Format(52, "float64", "int64", 0),
}
_SAME_PRECISION = {"complex64": "float32", "complex128": "float64"}
_BFLOAT16_LEAST_EXPONENT = -125  # of `frexp`, for the smallest normal number 2^-126


def eps(dtype: str) -> float:
    """The distance from 1 to the next number of a floating-point dtype: eps('float32') is 2**-23."""
    if dtype not in FORMATS:
        raise ExpressionError(f"{known_dtype(dtype)} has no eps: allowed are {', '.join(FORMATS)}")
    return float(2.0 ** -FORMATS[dtype].fraction)


def round_to(values: Float64Array, dtype: str) -> np.ndarray[Any, Any]:
    """Float64 numbers rounded (to nearest, ties to even) to a format; bfloat16 as float32 numbers that it can hold."""
    with np.errstate(all="ignore"):  # beyond the largest number lies infinity, as it should
        if dtype != "bfloat16":
            return values.astype(FORMATS[dtype].storage)
        _, exponent = np.frexp(values)
        place = np.maximum(exponent, _BFLOAT16_LEAST_EXPONENT) - FORMATS[dtype].fraction - 1
        rounded = np.ldexp(np.rint(np.ldexp(values, -place)), place)
        return np.where(np.isfinite(values), rounded, values).astype(np.float32)


def ulp_distance(a: Any, b: Any) -> int | float:
    """The largest distance of two values, in units in the last place of the coarser dtype; inf if only one is NaN."""
    left, right = real_parts(a), real_parts(b)
    if left.shape != right.shape and left.ndim and right.ndim:
        raise ExpressionError(f"ulp_distance of {describe(a)} and {describe(b)}: the shapes differ")
    if not left.size or not right.size:
        raise ExpressionError("ulp_distance of nothing: an empty array says nothing about a claim")
    dtype = min(_format(a), _format(b), key=list(FORMATS).index)
    first, second = np.broadcast_arrays(_ordered(left, dtype), _ordered(right, dtype))
    # Two's complement: the difference of ordered integers is exact modulo 2^64, and never as large as that.
    distance = np.maximum(first, second).astype(np.uint64) - np.minimum(first, second).astype(np.uint64)
    nan_left, nan_right = np.broadcast_arrays(np.isnan(left), np.isnan(right))
    if bool(np.any(nan_left != nan_right)):
        return float("inf")
    return int(np.max(np.where(nan_left, np.uint64(0), distance)))


def _format(value: Any) -> str:
    name = dtype_name(value) if is_array(value) or isinstance(value, np.generic) else "float64"
    name = _SAME_PRECISION.get(name, name)
    return name if name in FORMATS else "float64"


def _ordered(values: Float64Array, dtype: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Integers in the order of the numbers, neighbours one apart, both zeros 0."""
    row = FORMATS[dtype]
    raw = np.ascontiguousarray(round_to(values, dtype)).view(row.bits).astype(np.int64)
    magnitude = raw & (np.iinfo(row.bits).max)
    return np.where(raw < 0, -magnitude, magnitude) >> row.shift
