"""One proportion: Wilson and Clopper-Pearson intervals, the exact binomial test, and the inversion of score tests.

The one thing a reader would get wrong: `alpha` is the error of the whole interval. A two-sided interval spends half of
it on each bound, a one-sided interval all of it on one bound, and its other end is the end of the scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, SupportsFloat, SupportsIndex

from scipy import special

from apr_core.statistics._arguments import Alternative, Side, between, one_of_both_tails, part_of, sample_size, tail

HALVINGS = 64  # of a stretch of at most 2: what is left is below the spacing of the floats


class Interval(NamedTuple):
    """A confidence interval with both ends included."""

    low: float
    high: float


def wilson(
    successes: SupportsIndex, n: SupportsIndex, alpha: SupportsFloat = 0.05, side: Side = "two-sided"
) -> Interval:
    """The score interval of a proportion: near its nominal level on average, for display. Wilson 1927.

    Raises `UsageError` for a count outside 0..n or an alpha outside (0, 0.5), `EvidenceError` when n is 0.
    """
    n = sample_size("n", n)
    successes = part_of("successes", successes, n)
    z = float(-special.ndtri(tail(alpha, side)))
    centre = (successes + z * z / 2) / (n + z * z)
    spread = z / (n + z * z) * math.sqrt(successes * (n - successes) / n + z * z / 4)
    # Rounding must not push the bound of an extreme sample off the sample itself.
    low = 0.0 if side == "upper" or successes == 0 else centre - spread
    high = 1.0 if side == "lower" or successes == n else centre + spread
    return Interval(low, high)


def clopper_pearson(
    successes: SupportsIndex, n: SupportsIndex, alpha: SupportsFloat = 0.05, side: Side = "two-sided"
) -> Interval:
    """The exact interval of a proportion: it misses the truth at most alpha of the time, for every n and every truth.

    Clopper and Pearson 1934. Raises as `wilson` does.
    """
    n = sample_size("n", n)
    successes = part_of("successes", successes, n)
    rate = tail(alpha, side)
    low = 0.0 if side == "upper" or successes == 0 else special.betaincinv(successes, n - successes + 1, rate)
    high = 1.0 if side == "lower" or successes == n else special.betainccinv(successes + 1, n - successes, rate)
    return Interval(float(low), float(high))


def binomial_test(
    successes: SupportsIndex, n: SupportsIndex, line: SupportsFloat, alternative: Alternative = "greater"
) -> float:
    """The exact p-value of a proportion against `line`; "greater" is evidence that the true proportion lies above it.

    Dual to `clopper_pearson`: the one-sided bound at alpha excludes the line exactly when the p-value is below alpha.
    Raises `UsageError` for a line outside (0, 1), and as `wilson` does.
    """
    n = sample_size("n", n)
    successes = part_of("successes", successes, n)
    line = between("line", line, 0.0, 1.0)
    at_least = 1.0 if successes == 0 else float(special.betainc(successes, n - successes + 1, line))
    at_most = 1.0 if successes == n else float(special.betaincc(successes + 1, n - successes, line))
    return one_of_both_tails(at_least, at_most, alternative)


def invert_score(score: Callable[[float], float], estimate: float, alpha: SupportsFloat, side: Side) -> Interval:
    """The differences in [-1, 1] that a score test does not reject.

    `score(difference)` falls as the difference grows and is 0 at the estimate. Bisection needs no bracket beyond the
    scale itself and no slope.
    """
    critical = float(-special.ndtri(tail(alpha, side)))

    def crossing(inside: float, outside: float, level: float) -> float:
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            if abs(score(middle)) <= level:
                inside = middle
            else:
                outside = middle
        return inside

    low = -1.0 if side == "upper" else crossing(estimate, -1.0, critical)
    high = 1.0 if side == "lower" else crossing(estimate, 1.0, critical)
    return Interval(low, high)
