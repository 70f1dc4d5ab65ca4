"""Training runs as the unit: the two limiting cases in closed form, the error rate by simulation, the refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import special

from apr_core.errors import EvidenceError
from apr_core.statistics import runs_interval, runs_test

PROBLEMS = 40


def simulate(generator: np.random.Generator, difference: float, runs: int = 3) -> tuple[list[Any], list[Any]]:
    """Runs differ by 3 points, problems gain or lose 10 points by the technique, scores are noisy; (runs, problems)."""
    difficulty = generator.uniform(size=PROBLEMS)
    arms = []
    for effect in (difference, 0.0):
        technique = generator.normal(0, 0.1 / math.sqrt(2), size=PROBLEMS)
        run = generator.normal(0, 0.03, size=(runs, 1))
        noise = generator.normal(0, 0.1, size=(runs, PROBLEMS))
        arms.append((difficulty + effect + technique + run + noise).tolist())
    return arms[0], arms[1]


def test_the_error_rate_is_near_alpha_with_three_runs_per_arm() -> None:
    """Treating every score as independent errs in .20 of cases here, pairing by problem alone in .14."""
    generator = np.random.default_rng(17)
    shown = [runs_test(*simulate(generator, 0.0)) <= 0.05 for _ in range(2000)]
    assert 0.02 <= np.mean(shown) <= 0.06


def test_the_error_rate_when_only_the_seed_matters() -> None:
    """The harder case: a two-stage percentile bootstrap errs in .12 of cases, a z instead of a t in .08."""
    scores = np.random.default_rng(19).normal(0, 0.03, size=(2000, 2, 3, 1))
    scores = scores + np.random.default_rng(20).normal(0, 0.001, size=(2000, 2, 3, PROBLEMS))
    assert 0.02 <= np.mean([runs_test(*arms) <= 0.05 for arms in scores.tolist()]) <= 0.05


def test_a_true_difference_is_shown() -> None:
    generator = np.random.default_rng(18)
    assert np.mean([runs_test(*simulate(generator, 0.15)) <= 0.05 for _ in range(200)]) > 0.8


def test_problems_that_all_agree_leave_welchs_t_of_the_runs() -> None:
    """Each run has one score on all problems. Welch by hand: means 0.7 and 0.5, variances .01 and .0004, df 2.1596."""
    candidate = [[score] * PROBLEMS for score in (0.6, 0.7, 0.8)]
    reference = [[score] * PROBLEMS for score in (0.48, 0.50, 0.52)]
    error = math.sqrt(0.01 / 3 + 0.0004 / 3)
    freedom = (0.01 / 3 + 0.0004 / 3) ** 2 / ((0.01 / 3) ** 2 / 2 + (0.0004 / 3) ** 2 / 2)
    assert runs_test(candidate, reference) == pytest.approx(float(special.stdtr(freedom, -0.2 / error)), rel=1e-6)
    reach = float(special.stdtrit(freedom, 0.975)) * error
    assert runs_interval(candidate, reference) == pytest.approx((0.2 - reach, 0.2 + reach), rel=1e-6)


def test_runs_that_all_agree_leave_the_paired_t_over_problems() -> None:
    """Seeds make no difference, but problems do: what remains is Student's paired t with problems - 1 degrees."""
    generator = np.random.default_rng(4)
    new, old = generator.uniform(size=(2, PROBLEMS))
    gaps = new - old
    t = gaps.mean() / (gaps.std(ddof=1) / math.sqrt(PROBLEMS))
    expected = float(special.stdtr(PROBLEMS - 1, -t))
    assert runs_test([new.tolist()] * 3, [old.tolist()] * 4) == pytest.approx(expected, rel=1e-9)


def test_difficulty_that_both_arms_share_cancels() -> None:
    candidate, reference = simulate(np.random.default_rng(8), 0.05)
    shift = np.random.default_rng(9).normal(0, 10, size=PROBLEMS)
    moved = [(np.asarray(arm) + shift).tolist() for arm in (candidate, reference)]
    assert runs_interval(*moved) == pytest.approx(runs_interval(candidate, reference), rel=1e-9)


def test_exchanging_the_arms_negates_the_interval() -> None:
    candidate, reference = simulate(np.random.default_rng(8), 0.05)
    low, high = runs_interval(candidate, reference)
    assert runs_interval(reference, candidate) == pytest.approx((-high, -low))
    assert runs_test(reference, candidate, 0.0, "less") == pytest.approx(runs_test(candidate, reference))


@pytest.mark.parametrize("line", [-0.05, 0.0, 0.04, 0.1])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_the_test_and_the_bound_agree(line: float, alpha: float) -> None:
    arms = simulate(np.random.default_rng(8), 0.05)
    assert (runs_test(*arms, line) < alpha) == (runs_interval(*arms, alpha=alpha, side="lower").low > line)
    assert (runs_test(*arms, line, "less") < alpha) == (runs_interval(*arms, alpha=alpha, side="upper").high < line)


def test_one_sided_intervals_are_open_at_the_other_end() -> None:
    arms = simulate(np.random.default_rng(8), 0.05)
    assert runs_interval(*arms, side="lower").high == math.inf
    assert runs_interval(*arms, side="upper").low == -math.inf
    assert runs_interval(*arms) == runs_interval(*arms, alpha=0.05, side="two-sided")


GOOD = np.random.default_rng(1).uniform(size=(3, PROBLEMS)).tolist()


@pytest.mark.parametrize(
    ("candidate", "reference", "message"),
    [
        (GOOD[:2], GOOD, "candidate has 2 runs"),
        (GOOD, GOOD[:2], "reference has 2 runs"),
        ([], GOOD, "candidate has 0 runs"),
        ([row[:29] for row in GOOD], GOOD, r"over \[29\] problems"),
        ([row[:30] for row in GOOD], GOOD, "30 problems and the reference 40"),
        ([GOOD[0], GOOD[1], GOOD[2][:39]], GOOD, r"over \[39, 40\] problems"),
        ([GOOD[0], GOOD[1], [math.nan, *GOOD[2][1:]]], GOOD, "not finite"),
        ([[0.1] * PROBLEMS] * 3, [[0.1] * PROBLEMS] * 3, "no spread"),
    ],
)
def test_refusals(candidate: Any, reference: Any, message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        runs_test(candidate, reference)
