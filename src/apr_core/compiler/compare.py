"""Do two values agree within a tolerance? Says where they differ most.

The one thing a reader would get wrong: the comparison is made in float64 whatever the dtypes are, except `ulp`, which counts
in the coarser of the two dtypes, and `exact`, which compares bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from apr_core.compiler.describe import describe
from apr_core.compiler.values import same
from apr_core.contract.vocabulary import to_float64, ulp_distance
from apr_core.contract.vocabulary.arrays import is_torch
from apr_core.errors import Refutation, TrialError


def compare(
    left: Any,
    right: Any,
    claim: str,
    *,
    absolute: float | None,
    relative: float | None,
    ulp: int | None,
    cosine: float | None,
    exact: bool,
    nonfinite_allowed: bool,
) -> None:
    """Raise Refutation unless the values agree within every tolerance given; `absolute` and `relative` add up.

    Lists, tuples and maps are compared element by element. Text, bytes, truth values and None must be equal.
    """
    if exact and not same(left, right):
        raise Refutation("unequal", f"{claim}, exactly", _both(left, right))
    if exact and absolute is relative is ulp is cosine is None:
        return
    for where, a, b in _leaves(left, right, claim, ""):
        expected = f"{claim}{where} within {_tolerance(absolute, relative, ulp, cosine)}"
        if not _numeric(a) or not _numeric(b):
            if not same(a, b):
                raise Refutation("unequal", expected, _both(a, b))
            continue
        _compare_numbers(a, b, expected, absolute, relative, ulp, cosine, nonfinite_allowed)


def _numeric(value: Any) -> bool:
    return (
        isinstance(value, (int, float, complex, np.ndarray, np.generic)) and not isinstance(value, bool)
    ) or is_torch(value)


def _leaves(left: Any, right: Any, claim: str, where: str) -> list[tuple[str, Any, Any]]:
    if isinstance(left, dict) and isinstance(right, dict):
        if set(left) != set(right):
            odd = sorted(map(str, set(left) ^ set(right)))[0]
            raise Refutation("unequal", f"{claim}{where} with the same keys", f"only one side has {odd!r}")
        return [leaf for key in left for leaf in _leaves(left[key], right[key], claim, f"{where}[{key!r}]")]
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        if len(left) != len(right):
            raise Refutation("unequal", f"{claim}{where} of the same length", f"{len(left)} and {len(right)} elements")
        pairs = enumerate(zip(left, right, strict=True))
        return [leaf for index, (a, b) in pairs for leaf in _leaves(a, b, claim, f"{where}[{index}]")]
    return [(where, _plain(left), _plain(right))]


def _plain(value: Any) -> Any:
    """A numpy truth value as Python's own."""
    return bool(value) if isinstance(value, np.bool_) else value


def _compare_numbers(
    a: Any, b: Any, expected: str, absolute: float | None, relative: float | None, ulp: int | None, cosine: float | None,
    nonfinite_allowed: bool,
) -> None:  # fmt: skip
    if type(a) is int and type(b) is int and cosine is None and ulp is None:
        # Exactly: float64 cannot tell 2**53 from 2**53 + 1.
        if abs(a - b) > (absolute or 0) + (relative or 0) * abs(b):
            raise Refutation("unequal", expected, f"{a} and {b}, difference {a - b}")
        return
    x, y = to_float64(a), to_float64(b)
    if cosine is not None and x.ndim == 0:
        raise TrialError(f"{expected!r}: a single number has no direction. Compare arrays, or give another tolerance.")
    if x.shape != y.shape and x.ndim and y.ndim:
        raise Refutation("unequal", expected, f"shapes {x.shape} and {y.shape}")
    x, y = np.broadcast_arrays(x, y)
    if x.size == 0:
        raise TrialError(
            f"VACUOUS: both sides of {expected!r} are empty: nothing was compared. Draw at least one element."
        )
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        _compare_nonfinite(x, y, finite, expected, nonfinite_allowed)
    if absolute is not None or relative is not None:
        with np.errstate(all="ignore"):
            room = (absolute or 0.0) + (relative or 0.0) * np.abs(y)
            excess = np.where(finite, np.abs(x - y) - room, -np.inf)
        if (excess > 0).any():
            raise Refutation("unequal", expected, _at(x, y, excess == excess.max()))
    if ulp is not None:
        distance = ulp_distance(a, b)
        if distance > ulp:
            raise Refutation("unequal", expected, f"{distance:g} ulp apart; {_at(x, y, _largest(x, y))}")
    if cosine is not None:
        _compare_direction(x, y, expected, cosine)


def _compare_nonfinite(x: Any, y: Any, finite: Any, expected: str, allowed: bool) -> None:
    if not allowed:
        raise Refutation("nonfinite", expected, _at(x, y, ~finite))
    matching = (x == y) | (np.isnan(x) & np.isnan(y))
    if not (matching | finite).all():
        raise Refutation("unequal", expected, _at(x, y, ~(matching | finite)))


def _compare_direction(x: Any, y: Any, expected: str, cosine: float) -> None:
    largest = float(np.abs(x).max()), float(np.abs(y).max())
    if 0.0 in largest:
        if largest[0] == largest[1]:
            return
        raise Refutation("unequal", expected, "one side is zero and has no direction")
    x, y = x / largest[0], y / largest[1]  # squares of very small and very large numbers leave float64
    distance = 1.0 - float(np.vdot(x, y)) / (float(np.linalg.norm(x)) * float(np.linalg.norm(y)))
    if distance > cosine:
        raise Refutation("unequal", expected, f"1 - cosine = {distance:.6g}")


def _largest(x: Any, y: Any) -> Any:
    with np.errstate(all="ignore"):
        gap = np.abs(x - y)
    return gap == np.nanmax(gap)


def _at(x: Any, y: Any, wrong: Any) -> str:
    index = tuple(int(i) for i in np.argwhere(wrong)[0]) if x.ndim else ()
    place = f" at {list(index)}" if index else ""
    gap = float(x[index]) - float(y[index])
    return f"{float(x[index])!r} and {float(y[index])!r}{place}, difference {gap:.6g}"


def _both(left: Any, right: Any) -> str:
    return f"{describe(left)} and {describe(right)}"


def _tolerance(absolute: float | None, relative: float | None, ulp: int | None, cosine: float | None) -> str:
    parts = []
    if absolute is not None:
        parts.append(f"absolute {absolute:g}")
    if relative is not None:
        parts.append(f"relative {relative:g}")
    text = " + ".join(parts)
    for name, value in (("ulp", ulp), ("cosine", cosine)):
        if value is not None:
            text += f"{' and ' if text else ''}{name} {value:g}"
    return text or "equality"
