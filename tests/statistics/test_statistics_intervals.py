"""Wilson and Clopper-Pearson: Newcombe's published table, duality with the tests, coverage by enumeration."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from apr_core.statistics import Interval, binomial_test, clopper_pearson, wilson
from apr_core.statistics._arguments import Alternative, Side

METHODS = [wilson, clopper_pearson]
Method = Callable[..., Interval]


@st.composite
def samples(draw: st.DrawFn, largest: int = 300) -> tuple[int, int]:
    n = draw(st.integers(1, largest))
    return draw(st.integers(0, n)), n


ALPHAS = st.floats(1e-4, 0.4)
SIDES = st.sampled_from(get_args(Side))


# Newcombe 1998, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, table I:
# methods 3 (score without continuity correction) and 5 (Clopper-Pearson).
@pytest.mark.parametrize(
    ("successes", "n", "score", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_published_intervals(successes: int, n: int, score: tuple[float, float], exact: tuple[float, float]) -> None:
    assert wilson(successes, n) == pytest.approx(score, abs=5e-5)
    assert clopper_pearson(successes, n) == pytest.approx(exact, abs=5e-5)


def test_the_rule_of_three() -> None:
    """No failure in n: the exact one-sided bound has a closed form, near 3 / n."""
    assert clopper_pearson(164, 164, side="lower").low == pytest.approx(0.05 ** (1 / 164), rel=1e-12)
    assert clopper_pearson(0, 164, side="upper").high == pytest.approx(1 - 0.05 ** (1 / 164), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
@given(sample=samples(), alpha=ALPHAS, side=SIDES)
def test_an_interval_lies_on_the_scale_and_holds_the_estimate(
    method: Method, sample: tuple[int, int], alpha: float, side: Side
) -> None:
    low, high = method(*sample, alpha, side)
    assert 0 <= low <= sample[0] / sample[1] <= high <= 1
    assert (low == 0) if side == "upper" else (low < high)
    assert (high == 1) if side == "lower" else (low < high)


@pytest.mark.parametrize("method", METHODS)
@given(sample=samples(), alpha=ALPHAS)
def test_a_two_sided_interval_spends_half_on_each_bound(method: Method, sample: tuple[int, int], alpha: float) -> None:
    lower, upper = method(*sample, alpha / 2, "lower"), method(*sample, alpha / 2, "upper")
    assert method(*sample, alpha, "two-sided") == (lower.low, upper.high)


@pytest.mark.parametrize("method", METHODS)
@given(sample=samples(), alphas=st.tuples(ALPHAS, ALPHAS).map(sorted), side=SIDES)
def test_less_error_never_gives_a_narrower_interval(
    method: Method, sample: tuple[int, int], alphas: list[float], side: Side
) -> None:
    careful, bold = (method(*sample, alpha, side) for alpha in alphas)
    assert careful.low <= bold.low + 1e-15 and careful.high >= bold.high - 1e-15


@pytest.mark.parametrize("method", METHODS)
@given(sample=samples(), alpha=ALPHAS)
def test_exchanging_success_and_failure_mirrors_the_interval(
    method: Method, sample: tuple[int, int], alpha: float
) -> None:
    successes, n = sample
    low, high = method(successes, n, alpha)
    assert method(n - successes, n, alpha) == pytest.approx((1 - high, 1 - low), abs=1e-13)


@given(sample=samples(), alpha=ALPHAS, line=st.floats(0.01, 0.99))
def test_the_exact_test_and_the_exact_bound_agree(sample: tuple[int, int], alpha: float, line: float) -> None:
    low = clopper_pearson(*sample, alpha, "lower").low
    high = clopper_pearson(*sample, alpha, "upper").high
    if abs(low - line) > 1e-12:
        assert (binomial_test(*sample, line, "greater") < alpha) == (low > line)
    if abs(high - line) > 1e-12:
        assert (binomial_test(*sample, line, "less") < alpha) == (high < line)


@given(sample=samples(40), line=st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=40))
def test_the_exact_test_is_a_sum_of_binomial_terms(sample: tuple[int, int], line: Fraction) -> None:
    successes, n = sample
    terms = [math.comb(n, k) * line**k * (1 - line) ** (n - k) for k in range(n + 1)]
    expected = {"greater": Fraction(sum(terms[successes:])), "less": Fraction(sum(terms[: successes + 1]))}
    expected["two-sided"] = min(Fraction(1), 2 * min(expected.values()))
    for alternative in get_args(Alternative):
        assert binomial_test(successes, n, line, alternative) == pytest.approx(float(expected[alternative]), rel=1e-10)


@given(sample=samples(), alpha=ALPHAS)
def test_wilson_is_where_the_score_is_critical(sample: tuple[int, int], alpha: float) -> None:
    successes, n = sample
    z = -special.ndtri(alpha / 2)
    for bound in wilson(successes, n, alpha):
        if 0 < bound < 1:
            assert abs(successes / n - bound) / math.sqrt(bound * (1 - bound) / n) == pytest.approx(z, rel=1e-6)


@pytest.mark.parametrize("n", [1, 2, 5, 10, 30, 50, 100, 164, 200])
def test_coverage_by_enumeration(n: int) -> None:
    """Clopper-Pearson misses at most alpha, for every truth; Wilson exceeds it somewhere, near it on average."""
    truths = np.linspace(0.002, 0.998, 499)
    counts = np.arange(n + 1)
    chance = special.bdtr(counts, n, truths[:, None])
    chance = np.diff(chance, axis=1, prepend=0.0)

    def missed(method: Method, side: Side) -> np.ndarray:
        bounds = np.array([method(int(count), n, 0.05, side) for count in counts])
        return np.asarray((chance * ((truths[:, None] < bounds[:, 0]) | (truths[:, None] > bounds[:, 1]))).sum(axis=1))

    for side in get_args(Side):
        assert missed(clopper_pearson, side).max() <= 0.05 + 1e-12
    if n >= 10:
        score = missed(wilson, "two-sided")
        assert score.max() > 0.05
        assert 0.035 < score.mean() < 0.055
