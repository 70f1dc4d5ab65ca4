"""Holm's correction: a textbook family, its order laws, and the error rate of the whole family by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apr_core.errors import EvidenceError, UsageError
from apr_core.statistics import holm

FAMILIES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_a_family_worked_by_hand() -> None:
    # Sorted .005 .01 .03 .04 times 4 3 2 1: .02 .03 .06 .04, and .04 may not fall below .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_one_test_needs_no_correction_and_nothing_exceeds_one() -> None:
    assert holm([0.04]) == [0.04]
    assert holm([0.6, 0.7]) == [1.0, 1.0]


@given(FAMILIES)
def test_lies_between_the_raw_value_and_bonferroni(family: list[float]) -> None:
    for raw, adjusted in zip(family, holm(family), strict=True):
        assert raw <= adjusted <= min(1.0, raw * len(family)) or math.isclose(adjusted, raw * len(family))


@given(FAMILIES)
def test_keeps_the_order_of_the_family(family: list[float]) -> None:
    adjusted = holm(family)
    ranked = [adjusted[index] for index in sorted(range(len(family)), key=family.__getitem__)]
    assert ranked == sorted(ranked)


@given(FAMILIES, st.randoms(use_true_random=False))
def test_each_member_keeps_its_value_wherever_it_stands(family: list[float], random: object) -> None:
    order = list(range(len(family)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight, shuffled = holm(family), holm([family[index] for index in order])
    assert [straight[index] for index in order] == pytest.approx(shuffled)


def test_the_family_errs_at_most_alpha_and_uses_most_of_it() -> None:
    """Six true hypotheses; uncorrected they err in 26 % of families, and a Holm that forgets the factor does so too."""
    families = np.random.default_rng(20240611).uniform(size=(4000, 6))
    rate = np.mean([min(holm(list(family))) <= 0.05 for family in families])
    assert 0.035 < rate < 0.06


def test_refuses_an_empty_family_and_what_is_no_probability() -> None:
    with pytest.raises(EvidenceError, match="empty"):
        holm([])
    for value in (-0.1, 1.1, math.nan):
        with pytest.raises(UsageError, match=rf"p_values\[1\] is {value}"):
            holm([0.5, value])
