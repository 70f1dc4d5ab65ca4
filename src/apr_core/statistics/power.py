"""Sample size and power before any run: how many problems or training runs would decide a claim.

The one thing a reader would get wrong: `difference` is what is true, `margin` what is claimed. To show "loses less
than 2 points" of a candidate that really loses 1 takes four times the problems that it takes of one that loses none.

Everywhere `difference` is candidate less reference, `alpha` one-sided, and the answer the smallest n that reaches
`power` while n - 1 does not. The formulas for differences are the normal ones of the textbooks (Fleiss, Levin and Paik
2003, chapter 4; Connor 1987 for pairs). For few flips they promise too much: 464 pairs of which 3 % flip have a power
of .74 and not .80 to exclude a loss of 2 points, says `tango_power`, which is exact.
"""

from __future__ import annotations

import math
from typing import SupportsFloat, SupportsIndex

import numpy as np
from numpy.typing import NDArray
from scipy import special

from apr_core.errors import UsageError
from apr_core.statistics._arguments import between, error_rate, sample_size, whole
from apr_core.statistics.runs import LEAST_RUNS

_LARGEST = 10**12
_LARGEST_EXACT = 10**8


def problems_needed_unpaired(
    margin: SupportsFloat,
    rate: SupportsFloat,
    difference: SupportsFloat = 0.0,
    alpha: SupportsFloat = 0.05,
    power: SupportsFloat = 0.8,
) -> int:
    """Problems per arm to show, unpaired, that the candidate loses less than `margin` of the reference's `rate`.

    A margin of 0 asks for superiority. Raises `UsageError` where no number would do: margin + difference must be
    positive, and both rates inside (0, 1).
    """
    gap, variance = _gap(margin, difference), _unpaired_variance(rate, difference)
    return _smallest(gap, variance, error_rate(alpha), _power(power))


def power_unpaired(
    n: SupportsIndex,
    margin: SupportsFloat,
    rate: SupportsFloat,
    difference: SupportsFloat = 0.0,
    alpha: SupportsFloat = 0.05,
) -> float:
    """The chance that n problems per arm show it. Raises as `problems_needed_unpaired` does."""
    gap, variance = _gap(margin, difference), _unpaired_variance(rate, difference)
    return _normal_power(sample_size("n", n), gap, variance, error_rate(alpha))


def detectable_margin_unpaired(
    n: SupportsIndex,
    rate: SupportsFloat,
    difference: SupportsFloat = 0.0,
    alpha: SupportsFloat = 0.05,
    power: SupportsFloat = 0.8,
) -> float:
    """The smallest margin that n problems per arm can show. Raises as `problems_needed_unpaired` does."""
    variance = _unpaired_variance(rate, difference)
    return _detectable(sample_size("n", n), variance, error_rate(alpha), _power(power)) - float(difference)


def problems_needed_paired(
    margin: SupportsFloat,
    discordance: SupportsFloat,
    difference: SupportsFloat = 0.0,
    alpha: SupportsFloat = 0.05,
    power: SupportsFloat = 0.8,
) -> int:
    """Problems to show, on pairs of which a share `discordance` flips either way, a loss smaller than `margin`.

    A margin of 0 asks for superiority. Raises `UsageError` where no number would do: margin + difference must be
    positive, and the difference no larger than the discordance.
    """
    gap, variance = _gap(margin, difference), _paired_variance(discordance, difference)
    return _smallest(gap, variance, error_rate(alpha), _power(power))


def power_paired(
    n: SupportsIndex,
    margin: SupportsFloat,
    discordance: SupportsFloat,
    difference: SupportsFloat = 0.0,
    alpha: SupportsFloat = 0.05,
) -> float:
    """The chance that n pairs show it. Raises as `problems_needed_paired` does."""
    gap, variance = _gap(margin, difference), _paired_variance(discordance, difference)
    return _normal_power(sample_size("n", n), gap, variance, error_rate(alpha))


def detectable_margin_paired(
    n: SupportsIndex,
    discordance: SupportsFloat,
    difference: SupportsFloat = 0.0,
    alpha: SupportsFloat = 0.05,
    power: SupportsFloat = 0.8,
) -> float:
    """The smallest margin that n pairs can show. Raises as `problems_needed_paired` does."""
    variance = _paired_variance(discordance, difference)
    return _detectable(sample_size("n", n), variance, error_rate(alpha), _power(power)) - float(difference)


def problems_needed_line(
    rate: SupportsFloat, line: SupportsFloat, alpha: SupportsFloat = 0.05, power: SupportsFloat = 0.8
) -> int:
    """Problems to show, by the exact binomial test, that a true `rate` lies on its side of `line`.

    Exact power is a saw in n: the answer is the n from which it stays at or above `power`. Raises `UsageError` when
    the rate is the line, or either lies outside (0, 1).
    """
    rate, line, alpha, power = *_rate_and_line(rate, line), error_rate(alpha), _power(power)
    spread = -special.ndtri(alpha) * math.sqrt(line * (1 - line)) + special.ndtri(power) * math.sqrt(rate * (1 - rate))
    normal = (float(spread) / (rate - line)) ** 2
    # One count more or less moves the power as much as sqrt(n / variance) problems do: look beyond the formula by that.
    last = math.ceil(normal + 10 * math.sqrt(normal / (line * (1 - line)))) + 100
    if last > _LARGEST_EXACT:
        raise UsageError(
            f"rate is {rate} and line is {line}: to tell them apart takes about {normal:.1e} problems; allowed is at "
            f"most {_LARGEST_EXACT:.0e}, for which the exact power can be computed. Assume a wider distance."
        )
    while last > 0:
        sizes = np.arange(max(1, last - 4095), last + 1)
        short = np.flatnonzero(_binomial_power(sizes, rate, line, alpha) < power)
        if short.size:
            return int(sizes[short[-1]]) + 1
        last -= len(sizes)
    return 1


def power_line(n: SupportsIndex, rate: SupportsFloat, line: SupportsFloat, alpha: SupportsFloat = 0.05) -> float:
    """The exact chance that n problems show `rate` on its side of `line`. Raises as `problems_needed_line` does."""
    rate, line = _rate_and_line(rate, line)
    return float(_binomial_power(np.array([sample_size("n", n)]), rate, line, error_rate(alpha))[0])


def runs_needed(
    difference: SupportsFloat, spread: SupportsFloat, alpha: SupportsFloat = 0.05, power: SupportsFloat = 0.8
) -> int:
    """Training runs per arm to show a true `difference` of the score's mean, when runs of one arm differ by `spread`.

    `spread` is the standard deviation between seeds, in the unit of the difference. Never below the 3 that `runs_test`
    asks for. Raises `UsageError` unless both are positive.
    """
    difference, spread, target = _positive("difference", difference), _positive("spread", spread), _power(power)
    alpha = error_rate(alpha)
    # The normal formula is a lower bound; Student's t adds a run or two, more at a small alpha.
    runs = max(LEAST_RUNS, _smallest(difference, 2 * spread**2, alpha, target))
    while power_runs(runs, difference, spread, alpha) < target:
        runs += 1
    return runs


def power_runs(
    runs: SupportsIndex, difference: SupportsFloat, spread: SupportsFloat, alpha: SupportsFloat = 0.05
) -> float:
    """The chance that `runs` per arm show it by Student's t, from the noncentral t. Raises as `runs_needed` does."""
    runs = whole("runs", runs, least=2)
    freedom = 2 * (runs - 1)
    shift = _positive("difference", difference) / (_positive("spread", spread) * math.sqrt(2 / runs))
    critical = -special.stdtrit(freedom, error_rate(alpha))
    return float(1 - special.nctdtr(freedom, shift, critical))


def _power(power: SupportsFloat) -> float:
    return between("power", power, 0.5, 1.0)


def _positive(name: str, value: SupportsFloat) -> float:
    return between(name, value, 0.0, math.inf)


def _gap(margin: SupportsFloat, difference: SupportsFloat) -> float:
    margin, difference = between("margin", margin, -1, 1), between("difference", difference, -1, 1)
    if margin + difference <= 0:
        raise UsageError(
            f"margin is {margin} and difference is {difference}: a loss of {-difference:g} is not below {margin:g}, "
            "so no number of problems shows it; allowed is margin + difference above 0. Assume a smaller loss or "
            "claim a wider margin."
        )
    return margin + difference


def _unpaired_variance(rate: SupportsFloat, difference: SupportsFloat) -> float:
    reference = between("rate", rate, 0.0, 1.0)
    candidate = between("rate + difference", reference + between("difference", difference, -1, 1), 0.0, 1.0)
    return candidate * (1 - candidate) + reference * (1 - reference)


def _paired_variance(discordance: SupportsFloat, difference: SupportsFloat) -> float:
    flips, difference = between("discordance", discordance, 0.0, 1.0), between("difference", difference, -1, 1)
    if abs(difference) > flips:
        raise UsageError(
            f"discordance is {flips} and difference is {difference}: a difference is made of flips, so allowed is at "
            f"most {flips} either way. Assume more flips."
        )
    return flips - difference**2


def _rate_and_line(rate: SupportsFloat, line: SupportsFloat) -> tuple[float, float]:
    rate, line = between("rate", rate, 0.0, 1.0), between("line", line, 0.0, 1.0)
    if rate == line:
        raise UsageError(f"rate and line are both {rate}: no number of problems tells them apart. Assume another rate.")
    return rate, line


def _normal_power(n: int, gap: float, variance: float, alpha: float) -> float:
    return float(special.ndtr(gap * math.sqrt(n / variance) + special.ndtri(alpha)))


def _detectable(n: int, variance: float, alpha: float, power: float) -> float:
    return float(special.ndtri(power) - special.ndtri(alpha)) * math.sqrt(variance / n)


def _smallest(gap: float, variance: float, alpha: float, power: float) -> int:
    """The least n whose normal power reaches `power`: the closed form, then set right where rounding put it one off."""
    estimate = (float(special.ndtri(power) - special.ndtri(alpha)) / gap) ** 2 * variance
    if estimate > _LARGEST:  # beyond, n + 1 has the same power as n in floats
        raise UsageError(
            f"a gap of {gap:g} takes about {estimate:.1e}; allowed is up to {_LARGEST:.0e}. Assume a wider one."
        )
    n = max(1, math.ceil(estimate))
    while _normal_power(n, gap, variance, alpha) < power:
        n += 1
    while n > 1 and _normal_power(n - 1, gap, variance, alpha) >= power:
        n -= 1
    return n


def _binomial_power(n: NDArray[np.int64], rate: float, line: float, alpha: float) -> NDArray[np.float64]:
    """The exact power at each sample size, (sizes,). A claim of "at most" is the mirror image of one of "at least"."""
    if rate < line:
        rate, line = 1 - rate, 1 - line
    # The least count whose tail under the line is at most alpha; the inverse is a float, so look at its neighbours too.
    critical = np.floor(special.bdtrik(1 - alpha, n, line)) - 1
    for _ in range(3):
        critical = np.where(_tail(critical, n, line) > alpha, critical + 1, critical)
    return _tail(critical, n, rate)


def _tail(least: NDArray[np.float64], n: NDArray[np.int64], rate: float) -> NDArray[np.float64]:
    """P(X >= least) for X ~ Binomial(n, rate)."""
    inside = (least >= 1) & (least <= n)
    beyond = special.betainc(np.where(inside, least, 1), np.where(inside, n - least + 1, 1), rate)
    return np.where(inside, beyond, np.where(least < 1, 1.0, 0.0))
