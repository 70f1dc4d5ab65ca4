"""McNemar and Tango: reference values, a score equation solved to fifty digits, duality, and exact error rates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from apr_core.errors import EvidenceError, UsageError
from apr_core.statistics import (
    PairedTable,
    mcnemar_exact,
    paired,
    paired_table,
    tango_interval,
    tango_power,
    tango_test,
)
from apr_core.statistics._arguments import Alternative, Side

ALPHAS = st.floats(1e-3, 0.4)
MARGINS = st.floats(-0.5, 0.5)


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int]:
    """Lost, gained, n."""
    n = draw(st.integers(1, 300))
    lost = draw(st.integers(0, n))
    return lost, draw(st.integers(0, n - lost)), n


# --- the table -------------------------------------------------------------------------------------------------------


def test_a_table_counts_each_kind_of_pair() -> None:
    table = paired_table(candidate=[1, 1, 1, 0, 0, 0, 0, 0, 0, 0], reference=[1, 1, 0, 1, 1, 1, 0, 0, 0, 0])
    assert table == PairedTable(both=2, gained=1, lost=3, neither=4)
    assert table.n == 10
    assert table.difference == pytest.approx(-0.2)
    assert paired_table([True, False], [False, False]) == PairedTable(0, 1, 0, 1)


@pytest.mark.parametrize(
    ("candidate", "reference", "message"),
    [
        ([], [], "0 outcomes"),
        ([1], [1, 0], "1 outcomes"),
        ([0.5], [1], r"0.5"),
        ([1], [2], "outcome 0 of the reference is 2"),
    ],
)
def test_a_table_of_anything_else_is_refused(candidate: list[int], reference: list[int], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        paired_table(candidate, reference)


# --- McNemar ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lost", "gained", "expected"),
    [
        (0, 0, 1.0),
        (0, 5, 2 / 2**5),
        (1, 5, 2 * (1 + 6) / 2**6),
        (6, 4, 2 * (1 + 10 + 45 + 120 + 210) / 2**10),
        (5, 5, 1.0),
        # Agresti, Categorical Data Analysis, approval of the prime minister: 86 and 150 change; z = -4.17.
        (150, 86, 2 * sum(math.comb(236, k) for k in range(87)) / 2**236),
    ],
)
def test_mcnemar_two_sided(lost: int, gained: int, expected: float) -> None:
    assert mcnemar_exact(lost, gained) == pytest.approx(expected, rel=1e-12)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_one_sided_is_a_sum_of_coin_tosses(lost: int, gained: int) -> None:
    flips = lost + gained
    better = sum(math.comb(flips, k) for k in range(gained, flips + 1)) / 2**flips
    assert mcnemar_exact(lost, gained, "greater") == pytest.approx(better, rel=1e-12)
    assert mcnemar_exact(gained, lost, "less") == mcnemar_exact(lost, gained, "greater")


@pytest.mark.parametrize("alternative", get_args(Alternative))
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1])
def test_mcnemar_never_errs_more_than_alpha(alternative: Alternative, alpha: float) -> None:
    """Given the number of flips the gains are Binomial(flips, 1/2): enumerate them for every number up to 200."""
    for flips in range(201):
        chances = special.bdtr(np.arange(flips + 1), flips, 0.5)
        chances = np.diff(chances, prepend=0.0)
        shown = [mcnemar_exact(flips - gained, gained, alternative) <= alpha for gained in range(flips + 1)]
        assert chances[shown].sum() <= alpha + 1e-12


# --- Tango -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lost", "gained", "expected"),
    [(0, 0, 0.034), (0, 1, 0.018), (2, 4, 0.031), (1, 1, 0.058), (1, 0, 0.102), (4, 1, 0.451)],
)
def test_tango_on_164_greedy_problems_with_a_margin_of_two_points(lost: int, gained: int, expected: float) -> None:
    assert tango_test(lost, gained, 164, 0.02) == pytest.approx(expected, abs=5e-4)


def score_to_fifty_digits(lost: int, gained: int, n: int, difference: Decimal) -> Decimal:
    """Tango's statistic with the likeliest rates found from the slope of the likelihood, not from its closed form."""
    low, high = max(Decimal(0), -difference), (1 - difference) / 2
    for _ in range(160):
        lose = (low + high) / 2
        slope = lost / lose + gained / (lose + difference) - 2 * (n - lost - gained) / (1 - 2 * lose - difference)
        low, high = (lose, high) if slope > 0 else (low, lose)
    return (gained - lost - n * difference) / (n * (2 * low + difference - difference**2)).sqrt()


def interval_to_fifty_digits(lost: int, gained: int, n: int) -> Iterator[float]:
    z = Decimal("1.959963984540054235524594430520551527955550077869548")  # the normal quantile of .975
    estimate = Decimal(gained - lost) / n
    for end, sign in ((Decimal(-1), 1), (Decimal(1), -1)):
        inside, outside = estimate, end
        for _ in range(160):
            middle = (inside + outside) / 2
            reached = sign * score_to_fifty_digits(lost, gained, n, middle) < z
            inside, outside = (middle, outside) if reached else (inside, middle)
        yield float(inside)


@pytest.mark.parametrize(
    ("lost", "gained", "n"),
    [(40, 20, 160), (4, 1, 164), (7, 2, 30), (1, 12, 50)],  # the first is the example of PropCIs::scoreci.mp
)
def test_tango_interval_solves_the_score_equation(lost: int, gained: int, n: int) -> None:
    with localcontext() as context:
        context.prec = 50
        expected = tuple(interval_to_fifty_digits(lost, gained, n))
    assert tango_interval(lost, gained, n) == pytest.approx(expected, abs=1e-12)


def test_the_documented_example_of_propcis() -> None:
    """scoreci.mp(b=40, c=20, n=160, conf.level=0.95), which estimates (c - b) / n."""
    assert tango_interval(40, 20, 160) == pytest.approx((-0.2180642, -0.0308645), abs=1e-6)


def test_tango_without_any_flip_has_a_closed_form() -> None:
    """The bound solves n d / (1 - d) = z²; Wald's interval would be [0, 0]."""
    z2 = float(special.ndtri(0.95)) ** 2
    assert tango_interval(0, 0, 164, 0.05, "lower").low == pytest.approx(-z2 / (164 + z2), rel=1e-12)
    assert tango_interval(0, 0, 164, 0.05, "upper").high == pytest.approx(z2 / (164 + z2), rel=1e-12)


@given(tables())
def test_tango_at_margin_zero_is_the_square_root_of_mcnemars_chi_square(table: tuple[int, int, int]) -> None:
    lost, gained, n = table
    flips = lost + gained
    z = (gained - lost) / math.sqrt(flips) if flips else 0.0
    assert tango_test(lost, gained, n, 0.0) == pytest.approx(float(special.ndtr(-z)), rel=1e-9)


@given(tables(), ALPHAS, st.sampled_from(get_args(Side)))
def test_tango_interval_holds_the_estimate_and_stays_on_the_scale(
    table: tuple[int, int, int], alpha: float, side: Side
) -> None:
    lost, gained, n = table
    low, high = tango_interval(lost, gained, n, alpha, side)
    estimate = (gained - lost) / n
    assert -1 <= low <= estimate <= high <= 1
    assert (low == -1) if side == "upper" else (low < estimate or estimate == -1)
    assert (high == 1) if side == "lower" else (high > estimate or estimate == 1)


@given(tables(), ALPHAS)
def test_exchanging_the_systems_negates_the_interval(table: tuple[int, int, int], alpha: float) -> None:
    lost, gained, n = table
    low, high = tango_interval(lost, gained, n, alpha)
    assert tango_interval(gained, lost, n, alpha) == (-high, -low)


@given(tables(), st.tuples(ALPHAS, ALPHAS).map(sorted))
def test_less_error_never_gives_a_narrower_tango_interval(table: tuple[int, int, int], alphas: list[float]) -> None:
    careful, bold = (tango_interval(*table, alpha) for alpha in alphas)
    assert careful.low <= bold.low and bold.high <= careful.high


@given(tables(), ALPHAS, MARGINS)
def test_tangos_test_and_bound_agree(table: tuple[int, int, int], alpha: float, margin: float) -> None:
    low, high = tango_interval(*table, alpha, "lower").low, tango_interval(*table, alpha, "upper").high
    if abs(low + margin) > 1e-9:
        assert (tango_test(*table, margin) < alpha) == (low > -margin)
    if abs(high + margin) > 1e-9:
        assert (tango_test(*table, margin, "less") < alpha) == (high < -margin)


@given(tables(), st.tuples(MARGINS, MARGINS).map(sorted))
def test_a_wider_margin_is_never_harder_to_show(table: tuple[int, int, int], margins: list[float]) -> None:
    narrow, wide = (tango_test(*table, margin) for margin in margins)
    assert wide <= narrow + 1e-12


@pytest.mark.parametrize("call", [tango_interval, lambda lost, gained, n: tango_test(lost, gained, n, 0.02)])
def test_tango_refuses_more_flips_than_problems(call: object) -> None:
    with pytest.raises(UsageError, match="together more than n = 10"):
        call(6, 5, 10)  # type: ignore[operator]


# --- error rates by exact enumeration --------------------------------------------------------------------------------


def chances_of_tables(n: int, lose: float, gain: float) -> Iterator[tuple[int, int, float]]:
    for lost in range(n + 1):
        for gained in range(n + 1 - lost):
            rest = n - lost - gained
            ways = math.lgamma(n + 1) - math.lgamma(lost + 1) - math.lgamma(gained + 1) - math.lgamma(rest + 1)
            yield (
                lost,
                gained,
                math.exp(ways + lost * math.log(lose) + gained * math.log(gain) + rest * math.log(1 - lose - gain)),
            )


@pytest.mark.parametrize(("n", "lose", "gain"), [(3, 0.5, 0.45), (20, 0.1, 0.05), (50, 0.06, 0.04)])
def test_power_is_the_sum_over_all_tables(n: int, lose: float, gain: float) -> None:
    expected = sum(
        chance for lost, gained, chance in chances_of_tables(n, lose, gain) if tango_test(lost, gained, n, 0.02) <= 0.05
    )
    assert tango_power(n, lose, gain, 0.02) == pytest.approx(expected, rel=1e-10)


def test_power_for_rates_that_no_problem_can_have_is_refused() -> None:
    with pytest.raises(UsageError, match=r"lost_rate is 0.6 and gained_rate 0.5"):
        tango_power(10, 0.6, 0.5, 0.02)


def test_the_chances_of_all_tables_sum_to_one() -> None:
    """With alpha just below one half and a margin far beyond the truth all is shown, so the power is the total."""
    assert tango_power(3000, 0.05, 0.05, 0.9, 0.499) == pytest.approx(1, abs=1e-9)


def test_power_in_many_small_parts_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tango_power(300, 0.05, 0.05, 0.02)
    monkeypatch.setattr(paired, "_CHUNK", 100)
    assert tango_power(300, 0.05, 0.05, 0.02) == pytest.approx(whole, rel=1e-12)


def test_tangos_error_rates_by_enumeration() -> None:
    """The loss is exactly the margin of 2 points, so every showing is an error."""
    rates = {
        (n, flips): tango_power(n, (flips + 0.02) / 2, (flips - 0.02) / 2, 0.02) for n, flips in ((164, 0.1), (50, 0.1))
    }
    assert rates == {(164, 0.1): pytest.approx(0.0513, abs=5e-5), (50, 0.1): pytest.approx(0.0549, abs=5e-5)}


def test_tangos_worst_error_rate() -> None:
    """Where every flip is a loss, the test shows non-inferiority only if nothing flips: .98 ** 133 at n = 133."""
    flips = [0.02, 0.0205, 0.03, 0.12, 0.4]
    rates = {(n, f): tango_power(n, f / 2 + 0.01, f / 2 - 0.01, 0.02) for n in range(10, 201) for f in flips}
    worst = max(rates, key=rates.__getitem__)
    assert worst == (133, 0.02)
    assert rates[worst] == pytest.approx(0.98**133, rel=1e-9)
    assert rates[worst] == pytest.approx(0.0681, abs=5e-5)


@pytest.mark.parametrize(("n", "expected"), [(163, 0.0910), (164, 0.0893)])
def test_wald_errs_in_nine_percent_when_three_percent_flip(n: int, expected: float) -> None:
    """Why Tango: the textbook interval's error rate, with a standard error of 0 counted as a showing."""
    wald = sum(
        chance
        for lost, gained, chance in chances_of_tables(n, 0.025, 0.005)
        if (gained - lost) / n + 0.02
        > float(special.ndtri(0.95)) * math.sqrt(max(0.0, (gained + lost) / n - ((gained - lost) / n) ** 2) / n)
    )
    assert wald == pytest.approx(expected, abs=5e-5)
    assert tango_power(n, 0.025, 0.005, 0.02) < 0.05
