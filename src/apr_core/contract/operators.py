"""What the operators of an expression do: Python's meaning, with bounds, IEEE 754 and arrays made safe.

On Python numbers nothing raises where IEEE 754 has a value: x / 0 is an infinity or NaN, and 10.0 ** 400 is inf, so
that a decision sees a non-finite value and names it. The one thing a reader would get wrong: a list equals a tuple of
the same elements here, because `shape(x) == (2, 3)` must not be false for the brackets alone.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from apr_core.contract.limits import INTEGER_BITS
from apr_core.contract.vocabulary.arrays import (
    as_float,
    describe,
    is_array,
    is_torch,
    refuse_large,
    refuse_large_array,
    weigh,
)
from apr_core.errors import ExpressionError

Operator = Callable[[Any, Any], Any]


class Budget:
    """How many elements one evaluation may still build, walk or compare."""

    __slots__ = ("elements", "left")

    def __init__(self, elements: int) -> None:
        self.elements = elements
        self.left = elements

    def spend(self, amount: int) -> None:
        """Raises ExpressionError when more elements have been spent than there were."""
        self.left -= amount
        if self.left < 0:
            raise ExpressionError(f"the expression builds or walks more than {self.elements:,} elements of lists")

    def weigh(self, value: Any) -> int:
        """How many elements a container holds, nested ones included, as far as the budget reaches."""
        return weigh(value, max(0, self.left))


def binary(symbol: str, budget: Budget, a: Any, b: Any) -> Any:
    """The value of `a symbol b` for an arithmetic or bitwise operator."""
    a, b = _python(a), _python(b)
    if type(a) in _PLAIN and type(b) in _PLAIN:
        return _on_numbers(symbol, a, b)
    if is_array(a) or is_array(b):
        return _on_arrays(symbol, a, b)
    if isinstance(a, (str, bytes, list, tuple)) or isinstance(b, (str, bytes, list, tuple)):
        return _on_sequences(symbol, budget, a, b)
    return _BINARY[symbol](a, b)


def unary(symbol: str, a: Any) -> Any:
    """The value of `-a`, `+a` or `~a`; `~` of a truth value is its negation."""
    a = _python(a)
    if symbol == "~" and isinstance(a, bool):
        return not a
    return _UNARY[symbol](a)


def compare(symbol: str, budget: Budget, a: Any, b: Any) -> Any:
    """The value of `a symbol b` for a comparison: a truth value, or an array of them."""
    if symbol in ("is", "is not"):
        return (a is b) == (symbol == "is")
    if symbol in ("in", "not in"):
        return _contains(budget, a, b) == (symbol == "in")
    if type(a) in _PLAIN and type(b) in _PLAIN:
        return _COMPARE[symbol](a, b)
    if is_array(a) or is_array(b):
        return _compare_arrays(symbol, _python(a), _python(b))
    if symbol in ("==", "!="):
        return _same(budget, a, b) == (symbol == "==")
    if isinstance(a, (list, tuple)):
        budget.spend(budget.weigh(a))
        a, b = tuple(a), tuple(b) if isinstance(b, list) else b
    return _python(_COMPARE[symbol](_python(a), _python(b)))


def truth(value: Any, instead: str) -> bool:
    """Whether a value counts as true in `and`, `or`, `not` and `if`.

    Raises:
        ExpressionError: the value is an array; `instead` says what to write for one.
    """
    if is_array(value) and value.ndim:
        raise ExpressionError(f"{describe(value)} has no one truth value: {instead}")
    return bool(value)


def subscript(a: Any, index: Any) -> Any:
    """The value of `a[index]`."""
    if is_array(a):
        parts = index if isinstance(index, tuple) else (index,)
        lists = [part for part in parts if is_array(part) or isinstance(part, (list, range))]
        if lists and a.ndim:
            picked = max(math.prod(part.shape) if is_array(part) else len(part) for part in lists)
            refuse_large_array(picked * math.prod(a.shape[1:]))
    elif isinstance(a, Mapping):
        if index not in a:
            raise ExpressionError(f"there is no key {index!r}; the keys are {', '.join(map(repr, list(a)[:10]))}")
        return a[index]
    else:
        index = _python(index)
    return a[index]


def _python(value: Any) -> Any:
    """A numpy scalar as the Python number it is, where no digit or dtype is lost: then int64 does not wrap around."""
    if isinstance(value, (np.integer, np.bool_, np.float64)):
        return value.item()
    return value


_PLAIN = frozenset({bool, int, float})


def _on_numbers(symbol: str, a: Any, b: Any) -> Any:
    """Python numbers, with IEEE 754 where Python raises, and integers of bounded width."""
    if symbol == "**":
        return _power(a, b)
    if symbol == "@":
        raise ExpressionError("@ is the matrix product of two arrays; use * for numbers")
    if b == 0 and symbol in ("/", "//", "%"):
        if symbol == "%" or a == 0 or a != a:
            return math.nan
        return math.copysign(math.inf, b) if a > 0 else -math.copysign(math.inf, b)
    if symbol == "*" and type(a) is int and type(b) is int:
        _refuse_wide(a.bit_length() + b.bit_length() - 1)
    try:
        result = _BINARY[symbol](a, b)
    except OverflowError:  # an integer beyond float64 meets a float
        result = _BINARY[symbol](as_float(a), as_float(b)) if b else math.nan
    if type(result) is int:
        _refuse_wide(result.bit_length())
    return result


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        if abs(base) > 1:
            _refuse_wide((abs(base).bit_length() - 1) * exponent)
        result = base**exponent
        _refuse_wide(result.bit_length())
        return result
    return float(np.float64(as_float(base)) ** np.float64(as_float(exponent)))


def _refuse_wide(bits: int) -> None:
    if bits > INTEGER_BITS:
        raise ExpressionError(f"an integer of {bits:,} bits: at most {INTEGER_BITS:,} are allowed; use floats")


def _on_sequences(symbol: str, budget: Budget, a: Any, b: Any) -> Any:
    if isinstance(a, Path) and isinstance(b, str) and symbol == "/":
        return _below(a, b)
    if symbol == "%" and isinstance(a, (str, bytes)):
        raise ExpressionError("% does not format text here: use str(…) and +")
    if symbol == "*":
        sequence, times = (b, a) if isinstance(a, int) else (a, b)
        if isinstance(times, int):
            budget.spend(_cost(budget, sequence) * max(0, times))
    elif symbol == "+":
        budget.spend(_cost(budget, a) + _cost(budget, b))
    return _BINARY[symbol](a, b)


def _cost(budget: Budget, sequence: Any) -> int:
    return len(sequence) if isinstance(sequence, (str, bytes)) else budget.weigh(sequence)


def _below(folder: Path, name: str) -> Path:
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in name or "\0" in name:
        raise ExpressionError(f"the path {name!r} leaves the folder: write a relative path without '..'")
    return folder / name


def _on_arrays(symbol: str, a: Any, b: Any) -> Any:
    a, b = _one_library(a, b)
    if symbol == "@":
        refuse_large_array(math.prod(getattr(a, "shape", ())[:-1]) * math.prod(getattr(b, "shape", ())[-1:]))
    if symbol in ("//", "%") and not _is_float(a) and not _is_float(b) and _has_zero(b):
        raise ExpressionError("an integer array is divided by zero, which has no value: use / or floats")
    return _BINARY[symbol](a, b)


def _one_library(a: Any, b: Any) -> tuple[Any, Any]:
    """Both operands in one library, the result of a size that fits."""
    if is_torch(a) != is_torch(b):
        a, b = _beside_torch(a, b) if is_torch(a) else _beside_torch(b, a)[::-1]
    refuse_large([a, b])
    shapes = [tuple(side.shape) for side in (a, b) if is_array(side)]
    if len(shapes) == 2 and shapes[0] != shapes[1]:
        longest = max(map(len, shapes))
        padded = [(1,) * (longest - len(shape)) + shape for shape in shapes]
        refuse_large_array(math.prod(max(pair) for pair in zip(*padded, strict=True)))
    return a, b


def _beside_torch(tensor: Any, other: Any) -> tuple[Any, Any]:
    if isinstance(other, (np.ndarray, np.generic)) and not other.ndim:
        return tensor, other.item()
    if isinstance(other, np.ndarray) and not tensor.ndim:
        return tensor.item(), other
    if isinstance(other, (bool, int, float, complex)):
        return tensor, other
    raise ExpressionError(
        f"{describe(tensor)} meets {describe(other)}: both sides must come from one library, or one be a number "
        "(an input has `library: numpy` or `library: torch`)"
    )


def _is_float(value: Any) -> bool:
    if is_torch(value):
        return bool(value.is_floating_point())
    return isinstance(value, float) or (isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind not in "biu")


def _has_zero(value: Any) -> bool:
    return bool((value == 0).any()) if is_array(value) else bool(value == 0)


def _compare_arrays(symbol: str, a: Any, b: Any) -> Any:
    other = b if is_array(a) else a
    if not is_array(other) and not isinstance(other, (bool, int, float, complex, np.generic)):
        if other is None and symbol in ("==", "!="):
            return symbol == "!="
        raise ExpressionError(f"{describe(a)} is compared with {describe(b)}: compare arrays with arrays or numbers")
    return _COMPARE[symbol](*_one_library(a, b))


def _same(budget: Budget, a: Any, b: Any) -> bool:
    """Whether two values that are not arrays are equal; lists and tuples by their elements, maps by their items."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        budget.spend(len(a))
        return len(a) == len(b) and all(_element_same(budget, x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        budget.spend(len(a))
        return a.keys() == b.keys() and all(_element_same(budget, a[key], b[key]) for key in a)
    return bool(a == b)


def _element_same(budget: Budget, a: Any, b: Any) -> bool:
    if is_array(a) or is_array(b):
        raise ExpressionError("lists of arrays are compared: use equal(a, b), or compare element by element")
    return _same(budget, a, b)


def _contains(budget: Budget, item: Any, container: Any) -> bool:
    if is_array(container):
        raise ExpressionError("`in` does not search arrays: write any(x == value)")
    if isinstance(container, (list, tuple)):
        budget.spend(len(container))
        return any(_element_same(budget, item, element) for element in container)
    return _python(item) in container


_BINARY: dict[str, Operator] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul,
    "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip
_UNARY: dict[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}
_COMPARE: dict[str, Operator] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
