"""Two systems on the same problems: exact McNemar, and Tango's score interval and test for the difference.

The one thing a reader would get wrong: problems on which both agree are not idle. McNemar's test ignores them, because
it asks only whether there is a difference. A claim about its size ("loses less than 2 points") needs n, and the Wald
interval for it has an error rate of .089 instead of .05 on 164 problems of which 3 % flip.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, SupportsFloat, SupportsIndex

import numpy as np
from numpy.typing import NDArray
from scipy import special

from apr_core.errors import EvidenceError, UsageError
from apr_core.statistics._arguments import Alternative, Side, between, error_rate, one_of_both_tails, sample_size, whole
from apr_core.statistics.intervals import Interval, invert_score

_CHUNK = 2_000_000  # tables enumerated at a time: 16 MB an array

_Floats = NDArray[np.float64]


class PairedTable(NamedTuple):
    """How a candidate and a reference fare on the same problems, as four counts."""

    both: int
    gained: int
    """Problems that only the candidate passes."""
    lost: int
    """Problems that only the reference passes."""
    neither: int

    @property
    def n(self) -> int:
        """The number of problems."""
        return sum(self)

    @property
    def difference(self) -> float:
        """The candidate's proportion less the reference's."""
        return (self.gained - self.lost) / self.n


def paired_table(candidate: Sequence[SupportsIndex], reference: Sequence[SupportsIndex]) -> PairedTable:
    """Count a table from two parallel sequences of outcomes, 1 for a pass and 0 for a failure, (problems,).

    Raises `EvidenceError` when they are empty, differ in length, or hold anything but 0 and 1.
    """
    if len(candidate) != len(reference) or not len(candidate):
        raise EvidenceError(
            f"the candidate has {len(candidate)} outcomes and the reference {len(reference)}: a pair needs one of "
            "each, and at least one pair. Match the two by problem."
        )
    sides = [_outcomes("candidate", candidate), _outcomes("reference", reference)]
    pairs = list(zip(*sides, strict=True))
    return PairedTable(*(pairs.count(pair) for pair in ((1, 1), (1, 0), (0, 1), (0, 0))))


def _outcomes(name: str, values: Sequence[SupportsIndex]) -> list[int]:
    for index, value in enumerate(values):
        if value not in (0, 1):
            raise EvidenceError(
                f"outcome {index} of the {name} is {value!r}; allowed are 0 and 1. Average several runs per problem "
                "and use the bootstrap."
            )
    return [int(value) for value in values]


def mcnemar_exact(lost: SupportsIndex, gained: SupportsIndex, alternative: Alternative = "two-sided") -> float:
    """The exact p-value of no difference: given that a problem flips, either way is equally likely. McNemar 1947.

    "greater" is evidence that the candidate is better. With no flip at all the p-value is 1. Raises `UsageError` for a
    negative count.
    """
    lost, gained = whole("lost", lost), whole("gained", gained)
    flips = lost + gained
    better = 1.0 if gained == 0 else float(special.bdtrc(gained - 1, flips, 0.5))
    worse = 1.0 if lost == 0 else float(special.bdtrc(lost - 1, flips, 0.5))
    return one_of_both_tails(better, worse, alternative)


def tango_interval(
    lost: SupportsIndex, gained: SupportsIndex, n: SupportsIndex, alpha: SupportsFloat = 0.05, side: Side = "two-sided"
) -> Interval:
    """The score interval of candidate less reference, from `lost` and `gained` out of n paired problems. Tango 1998.

    Unlike Wald's it has width when nothing flips, and it stays inside [-1, 1]. Raises `UsageError` for counts that do
    not fit into n or an alpha outside (0, 0.5), `EvidenceError` when n is 0.
    """
    lost, gained, n = _flips(lost, gained, n)
    return invert_score(lambda difference: float(_score(lost, gained, n, difference)), (gained - lost) / n, alpha, side)


def tango_test(
    lost: SupportsIndex,
    gained: SupportsIndex,
    n: SupportsIndex,
    margin: SupportsFloat,
    alternative: Alternative = "greater",
) -> float:
    """The score test's p-value of candidate less reference against -margin. Tango 1998.

    "greater" is evidence of non-inferiority, a loss smaller than the margin; "less" is evidence that the loss is
    larger. A margin of 0 tests superiority, a negative one a gain of that size. The error rate can exceed alpha: by
    enumeration for alpha = .05 and a margin of .02 it is .0513 at n = 164 and 10 % flips, .0549 at n = 50, and at
    worst .068 (n = 133 and every flip a loss). Raises `UsageError` for a margin outside (-1, 1), and as
    `tango_interval` does.
    """
    lost, gained, n = _flips(lost, gained, n)
    score = float(_score(lost, gained, n, -between("margin", margin, -1.0, 1.0)))
    return one_of_both_tails(float(special.ndtr(-score)), float(special.ndtr(score)), alternative)


def tango_power(
    n: SupportsIndex,
    lost_rate: SupportsFloat,
    gained_rate: SupportsFloat,
    margin: SupportsFloat,
    alpha: SupportsFloat = 0.05,
) -> float:
    """The exact chance that `tango_test` shows non-inferiority on n problems, by enumeration of every table.

    A problem is lost with `lost_rate` and gained with `gained_rate`. Where lost_rate - gained_rate is the margin
    itself, this is the test's error rate. Tables outside ten standard deviations are left out: less than 1e-15
    together. Raises `UsageError` for rates that are negative or sum to more than 1, `EvidenceError` when n is 0.
    """
    n, alpha = sample_size("n", n), error_rate(alpha)
    margin = between("margin", margin, -1.0, 1.0)
    lose, gain = between("lost_rate", lost_rate, 0, 1, ends=True), between("gained_rate", gained_rate, 0, 1, ends=True)
    if lose + gain > 1:
        raise UsageError(
            f"lost_rate is {lose} and gained_rate {gain}; allowed is a sum of at most 1. Correct the rates."
        )
    rows, columns = _likely(n, lose), _likely(n, gain)
    total = 0.0
    for some in np.array_split(rows, 1 + rows.size * columns.size // _CHUNK):
        lost, gained = (grid.ravel() for grid in np.meshgrid(some, columns))
        possible = lost + gained <= n
        lost, gained = lost[possible], gained[possible]
        shown = special.ndtr(-_score(lost, gained, n, -margin)) <= alpha
        total += float(_chance(lost[shown], gained[shown], n, lose, gain).sum())
    return total


def _chance(lost: _Floats, gained: _Floats, n: int, lose: float, gain: float) -> _Floats:
    """The trinomial chance of each table, (tables,)."""
    agreed = n - lost - gained
    log_ways = special.gammaln(n + 1) - special.gammaln([lost + 1, gained + 1, agreed + 1]).sum(axis=0)
    rates = special.xlogy(lost, lose) + special.xlogy(gained, gain) + special.xlogy(agreed, max(0.0, 1 - lose - gain))
    chance: _Floats = np.exp(log_ways + rates)
    return chance


def _likely(n: int, rate: float) -> _Floats:
    """The counts out of n within ten standard deviations of their mean, and 50 more on each side for small rates."""
    reach = 10 * math.sqrt(n * rate * (1 - rate)) + 50
    return np.arange(max(0, math.floor(n * rate - reach)), min(n, math.ceil(n * rate + reach)) + 1, dtype=np.float64)


def _flips(lost: SupportsIndex, gained: SupportsIndex, n: SupportsIndex) -> tuple[int, int, int]:
    lost, gained, n = whole("lost", lost), whole("gained", gained), sample_size("n", n)
    if lost + gained > n:
        raise UsageError(
            f"lost is {lost} and gained is {gained}, together more than n = {n}; a problem flips at most once. Pass "
            "the number of all problems as n, those on which both agree included."
        )
    return lost, gained, n


def _score(lost: Any, gained: Any, n: int, difference: float) -> _Floats:
    """Tango's statistic for H0: gained rate - lost rate = difference; scalars or arrays of one shape.

    Under H0 the lost rate q maximises the likelihood: 2n q² + b q = lost · difference · (1 - difference).
    """
    if difference < 0:  # exchange the two systems, so that the root below is a sum and never a cancelling difference
        return -_score(gained, lost, n, -difference)
    lost, gained = np.asarray(lost, dtype=np.float64), np.asarray(gained, dtype=np.float64)
    b = (2 * n - gained + lost) * difference - (lost + gained)
    c = lost * difference * (1 - difference)
    root = np.sqrt(b * b + 8 * n * c)
    q = np.where(b > 0, 2 * c / np.where(b > 0, b + root, 1.0), (root - b) / (4 * n))
    variance = n * (2 * q + difference * (1 - difference))
    # Without variance (difference 0 and no flip) the data are as H0 says.
    score: _Floats = (gained - lost - n * difference) / np.sqrt(np.where(variance > 0, variance, np.inf))
    return score
