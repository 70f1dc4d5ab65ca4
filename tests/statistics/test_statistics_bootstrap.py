"""The clustered bootstrap: error rates by enumeration and simulation, invariances, duality, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special

from apr_core.errors import EvidenceError, UsageError
from apr_core.statistics import bootstrap, bootstrap_interval, bootstrap_test, paired_differences

RATE, FLIPS = (0.0, 1.0), (-1.0, 1.0)
NORMAL = np.random.default_rng(1).normal(3.0, 2.0, size=400)


def binomial_chances(n: int, rate: float) -> np.ndarray:
    return np.diff(special.bdtr(np.arange(n + 1), n, rate), prepend=0.0)


# --- error rates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alternative", ["greater", "less"])
@pytest.mark.parametrize(("n", "rate"), [(50, 0.5), (50, 0.9), (50, 0.98), (164, 0.7), (164, 0.85), (164, 0.95)])
def test_a_rate_with_limits_errs_little_more_than_alpha(n: int, rate: float, alternative: Any) -> None:
    """By enumeration of the number that pass. The truth lies on the line, so every showing is an error."""
    error = 0.0
    for passes, chance in enumerate(binomial_chances(n, rate)):
        if chance > 1e-4 and (passes / n > rate) == (alternative == "greater"):
            values = [1.0] * passes + [0.0] * (n - passes)
            error += chance * (bootstrap_test(values, rate, alternative, limits=RATE, seed=1, resamples=999) <= 0.05)
    assert error <= 0.075


def error_on_flips(n: int, lose: float, gain: float, limits: tuple[float, float] | None) -> float:
    error = 0.0
    for lost, chance_lost in enumerate(binomial_chances(n, lose)):
        for gained, chance_gained in enumerate(binomial_chances(n - lost, gain / (1 - lose))):
            chance = chance_lost * chance_gained
            if chance < 1e-4 or (gained - lost) / n <= gain - lose:
                continue
            if lost == gained == 0 and limits is None:
                error += chance  # no spread: a plain bootstrap puts all resamples on 0 and shows the claim
                continue
            gaps = [-1.0] * lost + [1.0] * gained + [0.0] * (n - lost - gained)
            error += chance * (bootstrap_test(gaps, gain - lose, limits=limits, seed=1, resamples=999) <= 0.05)
    return error


def test_limits_are_what_keeps_rare_flips_honest() -> None:
    """50 problems, 3 % of which flip, and a true loss of the margin of 2 points: .28 without limits, .01 with them."""
    assert error_on_flips(50, 0.025, 0.005, None) > 0.25
    assert error_on_flips(50, 0.025, 0.005, FLIPS) < 0.02


@pytest.mark.parametrize(("n", "flips"), [(50, 0.1), (50, 0.2), (164, 0.03), (164, 0.1)])
def test_flips_with_limits_err_little_more_than_alpha(n: int, flips: float) -> None:
    assert error_on_flips(n, (flips + 0.02) / 2, (flips - 0.02) / 2, FLIPS) <= 0.075


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_skewed_values_do_not_mislead_it(alternative: Any) -> None:
    """30 exponential values: the textbook t errs in .10 of cases to one side and .02 to the other."""
    samples = np.random.default_rng(7).exponential(size=(400, 30))
    shown = [bootstrap_test(list(row), 1.0, alternative, limits=None, seed=1, resamples=499) <= 0.05 for row in samples]
    assert 0.02 <= np.mean(shown) <= 0.085


def test_several_runs_per_problem_err_at_most_alpha_when_problems_differ() -> None:
    """Three runs of each arm on 60 problems of very different difficulty; the candidate truly loses 3 points."""
    generator = np.random.default_rng(3)
    shown = []
    for seed in range(300):
        reference = generator.beta(0.6, 0.3, size=60)
        candidate = np.clip(reference - 0.03 + generator.normal(0, 0.15, size=60), 0, 1)
        loss = float(np.mean(reference - candidate))
        arms = [generator.binomial(1, rates[:, None], size=(60, 3)).tolist() for rates in (candidate, reference)]
        p = bootstrap_test(paired_differences(*arms), -loss, limits=FLIPS, seed=seed, resamples=499)
        shown.append(p <= 0.05)
    assert np.mean(shown) <= 0.08


# --- what the interval is --------------------------------------------------------------------------------------------


def test_on_normal_values_it_is_students_interval() -> None:
    """Turns red for a wrong standard error, a forgotten root, a two-sided level on one side."""
    half = float(special.stdtrit(399, 0.975)) * float(NORMAL.std(ddof=1)) / 20
    low, high = bootstrap_interval(list(NORMAL), limits=None, seed=5)
    assert (low, high) == pytest.approx((NORMAL.mean() - half, NORMAL.mean() + half), abs=0.04 * half)


@pytest.mark.parametrize("limits", [None, (-20.0, 20.0)])
def test_each_resample_counts_as_the_textbook_says(limits: tuple[float, float] | None) -> None:
    """The same draws in plain loops: studentised without limits, percentiles with a cluster at either limit added."""
    values = [float(value) ** 2 for value in NORMAL[:40] / 3]
    weights = [1.0 + index % 3 for index in range(40)]
    x, w = np.array([*values, *(limits or ())]), np.array([*weights, *([np.mean(weights)] * 2 if limits else [])])

    def estimate(x: np.ndarray, w: np.ndarray) -> tuple[float, float]:
        mean = sum(w * x) / sum(w)
        return mean, math.sqrt(sum((w * (x - mean)) ** 2)) / sum(w)

    centre, error = estimate(x, w)
    drawn = [estimate(x[rows], w[rows]) for rows in np.random.default_rng(1).integers(len(x), size=(99, len(x)))]
    if limits:
        means = sorted(mean for mean, _ in drawn)
        expected = (means[4], means[-5])
    else:
        pivots = sorted((mean - centre) / own_error for mean, own_error in drawn)
        expected = (centre - pivots[-5] * error, centre - pivots[4] * error)
    interval = bootstrap_interval(values, limits=limits, seed=1, alpha=0.1, weights=weights, resamples=99)
    assert interval == pytest.approx(expected, rel=1e-9)


def test_one_sided_intervals_end_where_the_scale_ends() -> None:
    values = list(NORMAL)
    assert bootstrap_interval(values, limits=None, seed=1, side="lower").high == math.inf
    assert bootstrap_interval(values, limits=None, seed=1, side="upper").low == -math.inf
    assert bootstrap_interval(values, limits=(-50, 60), seed=1, side="lower").high == 60
    assert bootstrap_interval(values, limits=(-50, 60), seed=1, side="upper").low == -50
    assert bootstrap_interval(values, limits=None, seed=1) == bootstrap_interval(
        values, limits=None, seed=1, alpha=0.05
    )


@pytest.mark.parametrize(("alpha", "resamples"), [(0.05, 19), (0.29, 99), (0.29, 399)])
def test_alpha_that_is_a_whole_number_of_resamples_is_used_in_full(alpha: float, resamples: int) -> None:
    """0.29 * 100 is 28.999999999999996: rounded down, the bound would be one resample off the test."""
    settings: dict[str, Any] = {"limits": None, "seed": 1, "resamples": resamples}
    low = bootstrap_interval(list(NORMAL), alpha=alpha, side="lower", **settings).low
    assert (
        bootstrap_test(list(NORMAL), low - 1e-6, **settings)
        <= alpha
        < bootstrap_test(list(NORMAL), low + 1e-6, **settings)
    )


def test_with_limits_it_is_near_the_exact_interval_even_when_all_pass() -> None:
    low, high = bootstrap_interval([1.0] * 164, limits=RATE, seed=5, side="lower")
    assert high == 1.0
    assert low == pytest.approx(0.05 ** (1 / 164), abs=0.002)


def test_values_that_repeat_within_a_cluster_count_once() -> None:
    """Turns red when values are resampled instead of clusters: the interval would shrink by the root of three."""
    once = [[float(value)] for value in NORMAL[:50]]
    thrice = [row * 3 for row in once]
    flat = [row[0] for row in once]
    intervals = [bootstrap_interval(rows, limits=None, seed=2) for rows in (once, thrice, flat)]
    assert intervals[0] == intervals[2] == pytest.approx(intervals[1], rel=1e-12)


def test_a_cluster_counts_by_its_mean_whatever_its_size() -> None:
    ragged = [[0.0] * 9 + [1.0], *([[float(i % 2)] for i in range(40)])]
    flat = [0.1, *(float(i % 2) for i in range(40))]
    assert bootstrap_interval(ragged, limits=RATE, seed=2) == pytest.approx(
        bootstrap_interval(flat, limits=RATE, seed=2)
    )


def test_weights_move_the_mean_and_their_scale_does_not_matter() -> None:
    values, weights = list(NORMAL[:60]), [10.0 if value > 4 else 1.0 for value in NORMAL[:60]]
    plain = bootstrap_interval(values, limits=None, seed=2)
    weighted = bootstrap_interval(values, limits=None, seed=2, weights=weights)
    assert plain.high < float(np.average(values, weights=weights)) < weighted.high
    assert bootstrap_interval(values, limits=None, seed=2, weights=[7 * w for w in weights]) == pytest.approx(weighted)
    assert bootstrap_interval(values, limits=None, seed=2, weights=[3.0] * 60) == pytest.approx(plain)


def test_weighted_error_rate_by_simulation() -> None:
    """Documents of 10 to 1000 tokens: the weighted mean of losses, one-sided, on its own truth."""
    generator = np.random.default_rng(9)
    shown = []
    for _ in range(300):
        tokens = generator.integers(10, 1000, size=60).astype(float)
        losses = 2.0 + generator.normal(size=60)
        shown.append(
            bootstrap_test(list(losses), 2.0, limits=None, seed=1, weights=list(tokens), resamples=399) <= 0.05
        )
    assert 0.02 <= np.mean(shown) <= 0.08


@given(
    st.lists(st.integers(-8, 8), min_size=30, max_size=40),
    st.booleans(),
    st.floats(-1, 1),
    st.sampled_from([0.01, 0.05, 0.1, 0.25]),
)
def test_the_test_and_the_bound_agree(eighths: list[int], bounded: bool, line: float, alpha: float) -> None:
    assume(bounded or len(set(eighths)) > 1)
    values, limits = [value / 8 for value in eighths], FLIPS if bounded else None
    mean = sum(values) / len(values)
    settings: dict[str, Any] = {"limits": limits, "seed": 4, "resamples": 399}
    low = bootstrap_interval(values, alpha=alpha, side="lower", **settings).low
    high = bootstrap_interval(values, alpha=alpha, side="upper", **settings).high
    if line < mean and abs(line - low) > 1e-6:
        assert (bootstrap_test(values, line, "greater", **settings) <= alpha) == (line < low)
    if line > mean and abs(line - high) > 1e-6:
        assert (bootstrap_test(values, line, "less", **settings) <= alpha) == (line > high)


@given(st.lists(st.integers(0, 4), min_size=30, max_size=40), st.sampled_from(["two-sided", "lower", "upper"]))
def test_the_interval_holds_the_mean_and_stays_within_the_limits(fourths: list[int], side: Any) -> None:
    values = [value / 4 for value in fourths]
    low, high = bootstrap_interval(values, limits=RATE, seed=4, side=side, resamples=199)
    assert 0 <= low <= sum(values) / len(values) + 1e-12
    assert sum(values) / len(values) - 1e-12 <= high <= 1


def test_mirrored_values_give_the_mirrored_interval() -> None:
    values = [float(value) for value in np.random.default_rng(2).exponential(size=80)]
    low, high = bootstrap_interval(values, limits=None, seed=3)
    assert bootstrap_interval([-value for value in values], limits=None, seed=3) == pytest.approx((-high, -low))


def test_the_seed_decides_and_nothing_else() -> None:
    values = list(NORMAL[:60])
    first, again, other = (bootstrap_interval(values, limits=None, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first == pytest.approx(other, abs=0.1)


def test_resamples_in_many_small_chunks_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    values = list(NORMAL[:60])
    whole = bootstrap_test(values, 2.6, limits=None, seed=1, resamples=1000)
    monkeypatch.setattr(bootstrap, "_CHUNK", 700)
    parts = bootstrap_test(values, 2.6, limits=None, seed=1, resamples=1000)
    assert parts == pytest.approx(whole, abs=0.03)
    assert parts * 1001 == pytest.approx(round(parts * 1001))  # the denominator is all resamples and the sample itself


def test_a_p_value_is_never_zero() -> None:
    assert bootstrap_test(list(NORMAL), -50.0, limits=None, seed=1, resamples=99) == 0.01


def test_a_bound_that_resampling_cannot_place_is_infinite() -> None:
    """One value of thirty differs: a third of the resamples have no spread at all."""
    low, high = bootstrap_interval([0.0] * 29 + [1.0], limits=None, seed=1)
    assert low == pytest.approx(0, abs=0.05)
    assert high == math.inf


def test_paired_differences_average_each_side_first() -> None:
    assert paired_differences([[1, 1, 0, 0], 1.0], [[1, 0], [0, 0, 1]]) == pytest.approx([0.0, 2 / 3])


# --- what it refuses -------------------------------------------------------------------------------------------------

GOOD = [0.0, 1.0] * 20


@pytest.mark.parametrize(
    ("values", "settings", "error", "message"),
    [
        (GOOD[:29], {}, EvidenceError, "29 clusters"),
        ([], {}, EvidenceError, "0 clusters"),
        ([0.3] * 40, {"limits": None}, EvidenceError, "all 40 clusters are 0.3"),
        ([*GOOD, math.nan], {}, EvidenceError, "cluster 40 is nan"),
        ([*GOOD, []], {}, EvidenceError, r"cluster 40 is \[\]"),
        ([*GOOD, 1.5], {}, EvidenceError, "outside the limits"),
        (GOOD, {"limits": (1.0, 0.0)}, UsageError, "lower limit below"),
        ([0.5] * 40, {"limits": (0.5, 0.5)}, UsageError, "lower limit below"),
        (GOOD, {"limits": (0.0, math.nan)}, UsageError, "limits is nan"),
        (GOOD, {"weights": [1.0] * 39}, EvidenceError, r"weights has shape \(39,\)"),
        (GOOD, {"weights": [1.0] * 39 + [0.0]}, EvidenceError, "one finite positive weight"),
        (GOOD, {"resamples": 19, "alpha": 0.01}, UsageError, "at least 200 resamples"),
    ],
)
def test_refusals(values: Any, settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        bootstrap_interval(values, **{"limits": RATE, "seed": 1, **settings})


def test_pairs_of_different_length_are_refused() -> None:
    with pytest.raises(EvidenceError, match="3 problems and the reference 2"):
        paired_differences([1, 0, 1], [1, 0])
