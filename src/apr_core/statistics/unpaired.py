"""Two systems on different problems, or known only in total: Miettinen and Nurminen's score interval and test.

The one thing a reader would get wrong: judging paired results this way is valid and wasteful. It needs several times
the problems, since it cannot see that both systems fail on the same ones. Pair by problem where you can (`paired`).

Of the score intervals for a difference of two proportions this one is chosen because it inverts a single test, so that
the bound and the p-value never disagree, and because its variance carries the factor N / (N - 1), which keeps small
samples near their level. Newcombe's interval has no test, and the Wald interval has no width at 0 or 100 %.
"""

from __future__ import annotations

import math
from typing import SupportsFloat, SupportsIndex

from scipy import special

from apr_core.statistics._arguments import Alternative, Side, between, one_of_both_tails, part_of, sample_size
from apr_core.statistics.intervals import HALVINGS, Interval, invert_score


def miettinen_nurminen_interval(
    candidate: SupportsIndex,
    n_candidate: SupportsIndex,
    reference: SupportsIndex,
    n_reference: SupportsIndex,
    alpha: SupportsFloat = 0.05,
    side: Side = "two-sided",
) -> Interval:
    """The score interval of candidate less reference, from the number that pass on each side. Miettinen and Nurminen
    1985.

    Raises `UsageError` for a count larger than its n or an alpha outside (0, 0.5), `EvidenceError` when an n is 0.
    """
    table = _two_samples(candidate, n_candidate, reference, n_reference)
    estimate = table[0] / table[1] - table[2] / table[3]
    return invert_score(lambda difference: _score(*table, difference), estimate, alpha, side)


def miettinen_nurminen_test(
    candidate: SupportsIndex,
    n_candidate: SupportsIndex,
    reference: SupportsIndex,
    n_reference: SupportsIndex,
    margin: SupportsFloat,
    alternative: Alternative = "greater",
) -> float:
    """The score test's p-value of candidate less reference against -margin; "greater" is evidence of a smaller loss.

    Raises `UsageError` for a margin outside (-1, 1), and as `miettinen_nurminen_interval` does.
    """
    table = _two_samples(candidate, n_candidate, reference, n_reference)
    score = _score(*table, -between("margin", margin, -1.0, 1.0))
    return one_of_both_tails(float(special.ndtr(-score)), float(special.ndtr(score)), alternative)


def _two_samples(
    candidate: SupportsIndex, n_candidate: SupportsIndex, reference: SupportsIndex, n_reference: SupportsIndex
) -> tuple[int, int, int, int]:
    n_candidate, n_reference = sample_size("n_candidate", n_candidate), sample_size("n_reference", n_reference)
    candidate = part_of("candidate", candidate, n_candidate)
    return candidate, n_candidate, part_of("reference", reference, n_reference), n_reference


def _score(x1: int, n1: int, x0: int, n0: int, difference: float) -> float:
    """The statistic for H0: p1 - p0 = difference, with the rates that are likeliest under it."""
    if abs(difference) < 1e-15:  # 1 - difference would round to 1, where the variance vanishes too early
        difference = 0.0
    p0 = _reference_rate(x1, n1, x0, n0, difference)
    p1 = min(max(p0 + difference, 0.0), 1.0)
    n = n1 + n0
    variance = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * n / (n - 1)
    distance = x1 / n1 - x0 / n0 - difference
    if variance <= 0:  # both rates at an end of the scale: data that differ from H0 are impossible under it
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _reference_rate(x1: int, n1: int, x0: int, n0: int, difference: float) -> float:
    """The likeliest p0 under H0: the root of the likelihood equation in [max(0, -difference), min(1, 1 - difference)].

    The log-likelihood is concave there, so its slope changes sign once. Multiplied out it is a cubic with a closed
    form, but that loses half of the digits where roots meet, as they do in samples with few failures; bisection loses
    none.
    """
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _slope(x0, n0, middle) + _slope(x1, n1, middle + difference) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _slope(successes: int, n: int, rate: float) -> float:
    """The slope of a binomial log-likelihood at `rate`, infinite where the sample is impossible."""
    gains = successes / rate if rate > 0 else math.inf if successes else 0.0
    losses = (n - successes) / (1 - rate) if rate < 1 else math.inf if successes < n else 0.0
    return gains - losses
