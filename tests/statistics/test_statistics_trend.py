"""The slope of a step curve: least squares, its equivariances, duality, and the error rate on correlated noise."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from apr_core.errors import EvidenceError, UsageError
from apr_core.statistics import slope, slope_interval, slope_test, trend

FAST: dict[str, Any] = {"seed": 1, "resamples": 399}


def noise(generator: np.random.Generator, points: int, correlation: float) -> list[float]:
    """A stationary autoregressive series of order one, (points,)."""
    shocks = generator.normal(size=points)
    series = [shocks[0] / math.sqrt(1 - correlation**2)]
    for shock in shocks[1:]:
        series.append(correlation * series[-1] + shock)
    return [float(value) for value in series]


CURVE = [3 - 0.02 * step + 0.3 * value for step, value in enumerate(noise(np.random.default_rng(6), 80, 0.4))]


@pytest.mark.parametrize(("points", "correlation", "most"), [(60, 0.0, 0.08), (60, 0.5, 0.09), (120, 0.8, 0.11)])
def test_the_error_rate_on_correlated_noise(points: int, correlation: float, most: float) -> None:
    """The curve is flat, so every fall shown is an error. The bounds are the measured rates and two standard errors."""
    generator = np.random.default_rng(21)
    shown = [slope_test(noise(generator, points, correlation), **FAST) <= 0.05 for _ in range(400)]
    assert 0.02 <= np.mean(shown) <= most


def test_least_squares_alone_would_err_three_times_as_often() -> None:
    """The reason for blocks: the same flat curves, judged as if their points were independent."""
    generator, shown, steps = np.random.default_rng(21), [], np.arange(60) - 29.5
    for _ in range(400):
        values = np.asarray(noise(generator, 60, 0.5))
        left = values - values.mean() - slope(list(values)) * steps
        error = math.sqrt(left @ left / 58 / (steps @ steps))
        shown.append(slope(list(values)) / error < -float(special.stdtrit(58, 0.95)))
    assert np.mean(shown) > 0.15


def test_each_resample_is_refitted_and_studentised_by_its_own_blocks() -> None:
    """The same draws in plain loops: 7 blocks of 5 neighbours, wrapped around 37 points, and what is left over."""
    curve, steps, block = CURVE[:37], np.arange(37.0), 5
    centred = steps - steps.mean()
    influence = centred / (centred @ centred)
    edges = [0, 5, 10, 15, 21, 26, 31, 37]  # 37 points in 7 parts as equal as can be

    def fit(values: np.ndarray) -> tuple[float, np.ndarray, float]:
        rate, level = np.polyfit(steps, values, 1)
        left = values - level - rate * steps
        sums = [sum(influence[a:b] * left[a:b]) for a, b in pairwise(edges)]
        return float(rate), left, math.sqrt(sum(part**2 for part in sums))

    rate, left, error = fit(np.array(curve))
    pivots = []
    for starts in np.random.default_rng(1).integers(37, size=(99, 8)):
        noise = [left[(start + step) % 37] for start in starts for step in range(block)][:37]
        drawn, _, own_error = fit(np.array(noise))
        pivots.append(drawn / own_error)
    pivots.sort()
    expected = (
        rate - pivots[-5] * error,
        rate - pivots[4] * error,
    )  # the fifth from either end: 10 % of 99 + 1, halved
    assert slope_interval(curve, seed=1, alpha=0.1, block=block, resamples=99) == pytest.approx(expected, rel=1e-6)


def test_one_sided_intervals_are_open_at_the_other_end() -> None:
    assert slope_interval(CURVE, side="lower", **FAST).high == math.inf
    assert slope_interval(CURVE, side="upper", **FAST).low == -math.inf
    assert slope_interval(CURVE, **FAST) == slope_interval(CURVE, alpha=0.05, side="two-sided", **FAST)


def test_the_smallest_curve_and_the_longest_block_that_are_allowed() -> None:
    assert slope_test(CURVE[:30], **FAST) > 0
    assert slope_test(CURVE, block=16, **FAST) > 0


def test_a_fall_is_shown_and_a_rise_is_not() -> None:
    assert slope_test(CURVE, seed=1) < 0.01
    assert slope_test(CURVE, alternative="greater", seed=1) > 0.9
    assert slope_interval(CURVE, seed=1).high < 0


def test_is_the_least_squares_slope_on_uneven_steps() -> None:
    steps = [float(step**1.5) for step in range(80)]
    assert slope(CURVE, steps) == pytest.approx(float(np.polyfit(steps, CURVE, 1)[0]), rel=1e-9)
    low, high = slope_interval(CURVE, steps, **FAST)
    assert low < slope(CURVE, steps) < high


@given(st.floats(-5, 5), st.floats(0.1, 10), st.floats(-100, 100))
def test_a_line_added_shifts_the_interval_and_a_scale_stretches_it(line: float, scale: float, level: float) -> None:
    low, high = slope_interval(CURVE, **FAST)
    moved = [level + line * step + scale * value for step, value in enumerate(CURVE)]
    assert slope_interval(moved, **FAST) == pytest.approx((line + scale * low, line + scale * high), rel=1e-6, abs=1e-8)


def test_the_unit_of_the_steps_is_the_unit_of_the_slope() -> None:
    low, high = slope_interval(CURVE, **FAST)
    every_ten = slope_interval(CURVE, [10.0 * step for step in range(80)], **FAST)
    assert every_ten == pytest.approx((low / 10, high / 10))


def test_a_mirrored_curve_has_the_mirrored_interval() -> None:
    low, high = slope_interval(CURVE, **FAST)
    assert slope_interval([-value for value in CURVE], **FAST) == pytest.approx((-high, -low))


@pytest.mark.parametrize("line", [-0.05, -0.025, -0.02, -0.015, 0.0])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_the_test_and_the_bound_agree(line: float, alpha: float) -> None:
    low = slope_interval(CURVE, alpha=alpha, side="lower", **FAST).low
    high = slope_interval(CURVE, alpha=alpha, side="upper", **FAST).high
    assert (slope_test(CURVE, None, line, "greater", **FAST) <= alpha) == (line < low)
    assert (slope_test(CURVE, None, line, "less", **FAST) <= alpha) == (line > high)


def test_the_seed_and_the_block_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    first = slope_interval(CURVE, **FAST)
    assert first == slope_interval(CURVE, **FAST) == slope_interval(CURVE, block=80 // 6, **FAST)
    assert first != slope_interval(CURVE, seed=2, resamples=399)
    assert first != slope_interval(CURVE, block=2, **FAST)
    monkeypatch.setattr(trend, "_CHUNK", 1000)
    assert slope_interval(CURVE, **FAST) == pytest.approx(first, rel=1e-12)


@pytest.mark.parametrize(
    ("values", "settings", "error", "message"),
    [
        (CURVE[:29], {}, EvidenceError, "at least 30 points"),
        ([], {}, EvidenceError, "at least 30 points"),
        ([2.0] * 40, {}, EvidenceError, "on a line"),
        ([2.0 - 0.1 * step for step in range(40)], {}, EvidenceError, "on a line"),
        ([math.nan, *CURVE], {}, EvidenceError, "not finite"),
        (CURVE, {"steps": list(range(79))}, EvidenceError, r"shape \(79,\)"),
        (CURVE, {"steps": [0, *range(79)]}, EvidenceError, "do not increase"),
        (CURVE, {"block": 17}, UsageError, "block is 17.*at most 16"),
        (CURVE, {"alpha": 0.001, "resamples": 99}, UsageError, "resamples"),
    ],
)
def test_refusals(values: Any, settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        slope_interval(values, **{"seed": 1, **settings})
