"""Miettinen and Nurminen: Newcombe's published examples, the likelihood by brute force, duality, and error rates."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from apr_core.statistics import miettinen_nurminen_interval, miettinen_nurminen_test, power_unpaired
from apr_core.statistics._arguments import Side

ALPHAS = st.floats(1e-3, 0.4)
MARGINS = st.floats(-0.5, 0.5)


@st.composite
def two_samples(draw: st.DrawFn) -> tuple[int, int, int, int]:
    n1, n0 = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n0)), n0


# Newcombe 1998, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17,
# table II, method 6.
@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ((56, 70, 48, 80), (0.0528, 0.3382)),
        ((9, 10, 3, 10), (0.1700, 0.8406)),
        ((6, 7, 2, 7), (0.0342, 0.8534)),
        ((5, 56, 0, 29), (-0.0326, 0.1933)),
        ((0, 10, 0, 20), (-0.1658, 0.2844)),
        ((0, 10, 0, 10), (-0.2879, 0.2879)),
        ((10, 10, 0, 20), (0.7156, 1.0000)),
        ((10, 10, 0, 10), (0.6636, 1.0000)),
    ],
)
def test_published_intervals(sample: tuple[int, int, int, int], expected: tuple[float, float]) -> None:
    assert miettinen_nurminen_interval(*sample) == pytest.approx(expected, abs=5e-5)


@given(two_samples(), MARGINS)
def test_the_statistic_uses_the_likeliest_rates_under_the_margin(
    sample: tuple[int, int, int, int], margin: float
) -> None:
    x1, n1, x0, n0 = sample

    def unlikeliness(p0: float) -> float:
        p1 = p0 - margin
        return -float(
            special.xlogy(x0, p0)
            + special.xlogy(n0 - x0, 1 - p0)
            + special.xlogy(x1, p1)
            + special.xlogy(n1 - x1, 1 - p1)
        )

    bounds = (max(0.0, margin) + 1e-13, min(1.0, 1 + margin) - 1e-13)
    p0 = optimize.minimize_scalar(unlikeliness, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    variance = (p0 * (1 - p0) / n0 + (p0 - margin) * (1 - p0 + margin) / n1) * (n1 + n0) / (n1 + n0 - 1)
    if variance > 1e-9:  # else the brute force is ill-conditioned; the published table holds such cases
        z = (x1 / n1 - x0 / n0 + margin) / math.sqrt(variance)
        assert miettinen_nurminen_test(*sample, margin) == pytest.approx(float(special.ndtr(-z)), rel=1e-3, abs=1e-6)


@given(two_samples(), ALPHAS, st.sampled_from(get_args(Side)))
def test_the_interval_holds_the_estimate_and_stays_on_the_scale(
    sample: tuple[int, int, int, int], alpha: float, side: Side
) -> None:
    low, high = miettinen_nurminen_interval(*sample, alpha, side)
    assert -1 <= low <= sample[0] / sample[1] - sample[2] / sample[3] <= high <= 1
    assert low < high


@given(two_samples(), ALPHAS)
def test_exchanging_the_arms_negates_the_interval(sample: tuple[int, int, int, int], alpha: float) -> None:
    low, high = miettinen_nurminen_interval(*sample, alpha)
    assert miettinen_nurminen_interval(*sample[2:], *sample[:2], alpha) == pytest.approx((-high, -low), abs=1e-9)


@given(two_samples(), ALPHAS, MARGINS)
def test_the_test_and_the_bound_agree(sample: tuple[int, int, int, int], alpha: float, margin: float) -> None:
    low = miettinen_nurminen_interval(*sample, alpha, "lower").low
    high = miettinen_nurminen_interval(*sample, alpha, "upper").high
    if abs(low + margin) > 1e-9:
        assert (miettinen_nurminen_test(*sample, margin) < alpha) == (low > -margin)
    if abs(high + margin) > 1e-9:
        assert (miettinen_nurminen_test(*sample, margin, "less") < alpha) == (high < -margin)


@pytest.mark.parametrize(("n1", "n0", "rate"), [(20, 20, 0.5), (20, 20, 0.85), (30, 15, 0.7), (40, 40, 0.95)])
def test_the_error_rate_by_enumeration_is_near_alpha(n1: int, n0: int, rate: float) -> None:
    """The candidate truly loses the margin of 5 points, so every showing is an error."""
    chances = [np.diff(special.bdtr(np.arange(n + 1), n, p), prepend=0.0) for n, p in ((n1, rate - 0.05), (n0, rate))]
    shown = [[miettinen_nurminen_test(x1, n1, x0, n0, 0.05) <= 0.05 for x0 in range(n0 + 1)] for x1 in range(n1 + 1)]
    assert 0.02 < float(chances[0] @ np.array(shown) @ chances[1]) < 0.065


def test_its_power_is_what_the_formula_promises() -> None:
    generator = np.random.default_rng(5)
    n, rate, margin = 400, 0.85, 0.06
    outcomes = generator.binomial(n, rate, size=(1000, 2))
    shown = np.mean([miettinen_nurminen_test(x1, n, x0, n, margin) <= 0.05 for x1, x0 in outcomes.tolist()])
    assert shown == pytest.approx(power_unpaired(n, margin, rate), abs=0.04)
