"""pass@k against counting subsets in fractions; the clustered standard error against its textbook cases."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apr_core.errors import EvidenceError, UsageError
from apr_core.statistics import clustered_standard_error, mean_pass_at_k, pass_at_k


def by_counting_subsets(n: int, c: int, k: int) -> Fraction:
    """The share of k-subsets of n completions, the first c of which pass, that hold one that passes."""
    subsets = list(itertools.combinations(range(n), k))
    return Fraction(sum(subset[0] < c for subset in subsets), len(subsets))


def test_equals_the_count_of_subsets_for_every_small_case() -> None:
    for n in range(1, 11):
        for c, k in itertools.product(range(n + 1), range(1, n + 1)):
            assert pass_at_k(n, c, k) == float(by_counting_subsets(n, c, k)), (n, c, k)


@given(st.data())
def test_is_the_nearest_float_for_any_size(data: st.DataObject) -> None:
    """Turns red for a product of floats, a few units in the last place off, and for log-gamma, which is far off."""
    n = data.draw(st.integers(1, 3000))
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    assert pass_at_k(n, c, k) == float(1 - Fraction(math.comb(n - c, k), math.comb(n, k)))


@pytest.mark.parametrize(
    ("n", "c", "k", "expected"),
    [
        (10**6, 1, 1, 1e-6),
        (10**6, 1, 10**6, 1.0),
        (10**6, 0, 10, 0.0),
        (10**6, 3, 2, float(1 - Fraction(999_997 * 999_996, 10**6 * 999_999))),
        (10**6, 500_000, 500_000, 1.0),
        (10**12, 2, 10**6, float(1 - Fraction((10**12 - 10**6) * (10**12 - 10**6 - 1), 10**12 * (10**12 - 1)))),
    ],
)
def test_stays_exact_for_a_million_completions_and_more(n: int, c: int, k: int, expected: float) -> None:
    assert pass_at_k(n, c, k) == expected


def test_the_short_cut_to_certainty_is_within_rounding() -> None:
    """Just below the point where the answer is cut to 1, the exact answer is 1 as well."""
    n, k = 1000, 195
    for c in range(200, 212):
        assert pass_at_k(n, c, k) == float(1 - Fraction(math.comb(n - c, k), math.comb(n, k))) == 1.0


def test_is_unbiased() -> None:
    """Averaged over every sample that a success rate can give, pass@k is 1 - (1 - p)^k; 1 - (1 - c/n)^k is not."""
    n, k, p = 8, 3, Fraction(1, 5)
    weights = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
    mean = sum(weight * Fraction(pass_at_k(n, c, k)) for c, weight in enumerate(weights))
    plugged = sum(weight * (1 - (1 - Fraction(c, n)) ** k) for c, weight in enumerate(weights))
    assert math.isclose(mean, 1 - (1 - p) ** k, rel_tol=1e-14)
    assert not math.isclose(plugged, 1 - (1 - p) ** k, rel_tol=1e-2)


@pytest.mark.parametrize(("n", "c", "k"), [(5, 6, 1), (5, 2, 6), (5, 2, 0), (5, -1, 1), (-5, 0, 1)])
def test_refuses_counts_that_do_not_fit(n: int, c: int, k: int) -> None:
    with pytest.raises(UsageError, match=r"is -?\d"):
        pass_at_k(n, c, k)


def test_the_mean_takes_each_problem_once_whatever_its_number_of_samples() -> None:
    assert mean_pass_at_k([(10, 10), (2, 1), (4, 0)], 1) == (1 + 0.5 + 0) / 3
    assert mean_pass_at_k([(2, 1), (4, 2)], 2) == pytest.approx((1 + 5 / 6) / 2, rel=1e-15)


def test_the_mean_leaves_no_problem_out() -> None:
    with pytest.raises(UsageError, match="needs at least 5 completions"):
        mean_pass_at_k([(10, 3), (4, 1)], 5)
    with pytest.raises(EvidenceError, match="empty"):
        mean_pass_at_k([], 1)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_one_value_per_cluster_gives_the_textbook_standard_error(values: list[float]) -> None:
    expected = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    assert clustered_standard_error(values, range(len(values))) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_repeating_every_value_adds_no_information() -> None:
    """Turns red when the cluster is ignored: the error would then fall by the square root of three."""
    values, clusters = [1.0, 0.0, 0.0, 1.0, 1.0], ["a", "b", "c", "d", "e"]
    once = clustered_standard_error(values, clusters)
    assert clustered_standard_error(values * 3, clusters * 3) == pytest.approx(once, rel=1e-12)


def test_a_hand_computed_case_of_unequal_clusters() -> None:
    # Mean 2.5; deviations summed by cluster: a = -1.5 - 0.5 = -2, b = 0.5 + 1.5 = 2; sqrt(2 / 1 * (4 + 4)) / 4 = 1.
    assert clustered_standard_error([1, 2, 3, 4], ["a", "a", "b", "b"]) == pytest.approx(1.0)
    # Mean 2; a = -1 + 0 = -1, b = 1; sqrt(2 * 2) / 3.
    assert clustered_standard_error([1, 2, 3], ["a", "a", "b"]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("values", "clusters", "message"),
    [
        ([], [], "0 clusters"),
        ([1.0], ["a"], "1 clusters"),
        ([1.0, 2.0], ["a", "a"], "1 clusters"),
        ([1.0, math.nan], ["a", "b"], "not finite"),
        ([1.0, 2.0], ["a"], "2 values and 1"),
    ],
)
def test_a_standard_error_that_does_not_exist_is_an_error_and_never_zero(
    values: list[float], clusters: list[str], message: str
) -> None:
    with pytest.raises(EvidenceError, match=message):
        clustered_standard_error(values, clusters)
