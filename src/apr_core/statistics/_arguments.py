"""Refuse a number that means nothing before it becomes a p-value.

The one thing a reader would get wrong: the class of the error tells who has to act. `UsageError` is a question that no
data could answer (alpha = 0, k = -1); `EvidenceError` is data that cannot answer the question (no problem at all, a
NaN).
"""

from __future__ import annotations

import math
import operator
from typing import Literal, NoReturn, SupportsFloat, SupportsIndex, get_args

from apr_core.errors import EvidenceError, UsageError, did_you_mean

Side = Literal["two-sided", "lower", "upper"]
Alternative = Literal["greater", "less", "two-sided"]


def _misuse(name: str, value: object, allowed: str) -> NoReturn:
    raise UsageError(f"{name} is {value!r}; allowed is {allowed}. Correct the argument.")


def whole(name: str, value: SupportsIndex, least: int = 0) -> int:
    """`value` as an int of at least `least`. Booleans and floats are refused: a count is neither."""
    allowed = f"a whole number of at least {least}"
    if isinstance(value, bool):
        _misuse(name, value, allowed)
    try:
        number = operator.index(value)
    except TypeError:
        _misuse(name, value, allowed)
    if number < least:
        _misuse(name, value, allowed)
    return number


def sample_size(name: str, value: SupportsIndex) -> int:
    """A sample size of at least 1. Zero is absent evidence rather than misuse, and has an error of its own."""
    number = whole(name, value)
    if number == 0:
        raise EvidenceError(
            f"{name} is 0: an empty sample has no proportion and no interval; allowed is at least 1. Gather evidence."
        )
    return number


def part_of(name: str, value: SupportsIndex, n: int) -> int:
    """A count that cannot exceed the sample of size `n` it was taken from."""
    number = whole(name, value)
    if number > n:
        _misuse(name, value, f"a whole number from 0 to n = {n}")
    return number


def between(name: str, value: SupportsFloat, low: float, high: float, *, ends: bool = False) -> float:
    """`value` as a finite float inside (low, high), or inside [low, high] with `ends`."""
    brackets = "[]" if ends else "()"
    allowed = f"a number in {brackets[0]}{low:g}, {high:g}{brackets[1]}"
    try:
        number = float(value)
    except (TypeError, ValueError):
        _misuse(name, value, allowed)
    inside = low <= number <= high if ends else low < number < high
    if not (inside and math.isfinite(number)):  # a NaN is inside nothing
        _misuse(name, value, allowed)
    return number


def finite(name: str, value: SupportsFloat) -> float:
    """`value` as a finite float."""
    return between(name, value, -math.inf, math.inf)


def error_rate(alpha: SupportsFloat) -> float:
    """An error rate below one half: at one half a verdict is a coin toss."""
    return between("alpha", alpha, 0.0, 0.5)


def tail(alpha: SupportsFloat, side: Side) -> float:
    """The error rate that each bound of an interval may spend."""
    if side not in get_args(Side):
        _misuse("side", side, f"one of {', '.join(get_args(Side))}.{did_you_mean(str(side), get_args(Side))}")
    rate = error_rate(alpha)
    return rate / 2 if side == "two-sided" else rate


def one_of_both_tails(greater: float, less: float, alternative: Alternative) -> float:
    """The p-value that `alternative` asks for; two-sided is twice the smaller tail, dual to equal-tailed intervals."""
    if alternative not in get_args(Alternative):
        names = get_args(Alternative)
        _misuse("alternative", alternative, f"one of {', '.join(names)}.{did_you_mean(str(alternative), names)}")
    if alternative == "two-sided":
        return min(1.0, 2 * min(greater, less))
    return greater if alternative == "greater" else less
