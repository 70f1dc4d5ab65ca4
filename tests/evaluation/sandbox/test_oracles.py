"""The comparison rules of EvalPlus, release by release."""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apr_core.evaluation.sandbox.oracles import (
    FLOAT_TOLERANCE,
    ORACLES,
    agrees,
    all_near,
    floats,
    near,
    shape,
    tolerances,
)

nan, inf = math.nan, math.inf


@pytest.mark.parametrize(
    ("oracle", "out", "expected", "atol", "right"),
    [
        # equality alone
        ("exact", 1.0, 1.0 + 1e-9, 0.1, False),
        ("exact", [1, (2,)], [1, (2,)], 0, True),
        # equality first, as Python has it
        ("equal", True, 1, 0, True),
        ("equal", 1.0, 1, 0, True),
        ("equal", (1, 2), [1, 2], 0, False),
        ("equal", None, False, 0, False),
        ("equal", {1, 2}, frozenset({2, 1}), 0, True),
        # then the tolerance, absolute and relative, for one type and length only
        ("equal", 1.0, 1.0 + 1e-6, 1e-6, True),
        ("equal", 1.0, 1.0 + 3e-6, 1e-6, False),
        ("equal", 1e9, 1e9 + 50, 1e-6, True),
        ("equal", 1e9, 1e9 + 150, 1e-6, False),
        ("equal", 1.0, 1.0 + 1e-9, 0, False),
        ("equal", 1, 1.0 + 1e-9, 1e-6, False),
        ("equal", [1.0, 2.0], [1.0, 2.0 + 1e-7], 1e-6, True),
        ("equal", (1.0, 2.0), [1.0, 2.0 + 1e-7], 1e-6, False),
        ("equal", [1.0], [1.0, 2.0], 1e-6, False),
        ("equal", [[1.0, 2.0]], [[1.0, 2.0 + 1e-7]], 1e-6, True),
        ("equal", [[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.0 + 1e-7]], 1e-6, False),
        ("equal", "1.0", "1.00", 1e-6, False),
        ("equal", {"a": 1.0}, {"a": 1.0 + 1e-7}, 1e-6, False),
        ("equal", [None], [1.0], 1e-6, False),
        ("equal", 1 << 70, (1 << 70) + 1, 1e-6, False),
        ("equal", 10**9, 10**9 + 1, 1e-6, True),
        ("equal", nan, nan, 1e-6, False),
        ("equal", inf, inf, 0, True),
        ("equal", inf, -inf, 1e-6, False),
        ("equal", inf, 1.0, 1e-6, False),
        ("equal", 1 + 1e-8j, 1 + 0j, 1e-6, True),
        # release 0.2.2 compares shapes, not types
        ("equal@0.2.2", (1.0, 2.0), [1.0, 2.0 + 1e-7], 1e-6, True),
        ("equal@0.2.2", 1, 1.0 + 1e-9, 1e-6, True),
        ("equal@0.2.2", (1.0, 2.0), [1.0, 2.0], 0, False),
        ("equal@0.2.2", [1.0], [1.0, 1.0], 1e-6, False),
        ("equal@0.2.2", 1.0, [1.0, 1.0], 1e-6, True),
        ("equal@0.2.2", nan, nan, 1e-6, True),
        ("equal@0.2.2", (), [], 1e-6, True),
        ("equal@0.2.2", None, 1.0, 1e-6, False),
        # special ones
        ("set-equal", [3, 1, 1], (1, 3), 0, True),
        ("set-equal", [3, 1], (1, 4), 0, False),
        ("set-equal", 5, (1, 4), 0, False),
        ("set-equal", [[1]], [[1]], 0, False),
        ("anything", object, 5, 0, True),
        ("anything@0.2.2", None, 5, 0, True),
        ("equal-or-zero", 0, 6, 0, True),
        ("equal-or-zero", 6, 6, 0, True),
        ("equal-or-zero", 5, 6, 0, False),
        ("not-none", "a match", True, 0, True),
        ("not-none", None, True, 0, False),
        ("not-none", None, False, 0, True),
        ("not-none", False, True, 0, False),
        ("not-none", True, True, 0, True),
        ("not-none", 0, True, 0, True),
    ],
)  # fmt: skip
def test_an_oracle_decides_as_its_release_does(oracle: str, out: Any, expected: Any, atol: float, right: bool) -> None:
    assert agrees(oracle, out, expected, (), atol) is right


@pytest.mark.parametrize(
    ("oracle", "out", "expected", "args", "atol", "right"),
    [
        ("surface-area", 33, 99, (3, 4), 0, False),
        ("surface-area", 34, 99, (3, 4), 0, False),
        ("surface-area", 35, 35, (3, 4), 0, True),
        ("surface-area", 35, 99, (3, 4), 0, True),
        ("digit-distance", 6, 99, (123, 256), 0, False),
        ("digit-distance", 7, 99, (123, 256), 0, True),
        ("digit-distance", 16, 99, (7, 199), 0, False),
        ("digit-distance", 1 + 9 + 2, 99, (7, 199), 0, True),
        ("root", 1.0, 99, ([-1.0, 1.0],), 1e-4, True),
        ("root", -1.0, 99, ([-1.0, 0.0, 1.0],), 1e-4, True),
        ("root", 0.5, 99, ([-1.0, 1.0],), 1e-4, False),
        ("root", 3.0, 99, ([-1.0, 1.0],), 1e-4, False),
        ("root@0.2.2", 0.5, 99, ([-1.0, 1.0],), 1e-4, True),
        ("root", None, 99, ([-1.0, 1.0],), 1e-4, False),
        ("root", 1e300, 99, ([-1.0, 1.0, 1.0],), 1e-4, False),
    ],
)  # fmt: skip
def test_an_oracle_that_looks_at_the_arguments(
    oracle: str, out: Any, expected: Any, args: Any, atol: float, right: bool
) -> None:
    assert ORACLES[oracle].arguments
    assert agrees(oracle, out, expected, args, atol) is right


def test_the_tolerance_sticks_from_the_first_floats_on() -> None:
    assert tolerances([1, [], 2.0, "a"], 0) == [0, 0, FLOAT_TOLERANCE, FLOAT_TOLERANCE]
    assert tolerances([1, 2.0], 0.5) == [0.5, 0.5]
    assert tolerances([[]], 0, legacy=True) == [FLOAT_TOLERANCE]


def test_what_counts_as_floats() -> None:
    assert floats(1.0)
    assert floats([1.0, 2.0])
    assert floats((1.0,))
    assert not floats([1.0, 2])
    assert not floats(1)
    assert not floats({1.0})
    assert not floats([])
    assert floats([], legacy=True)


def test_the_shape_of_nested_lists() -> None:
    assert shape(3) == ()
    assert shape([]) == (0,)
    assert shape([[1, 2, 3], (4, 5, 6)]) == (2, 3)
    assert shape([[1], [2, 3]]) is None
    assert shape([[[1]], [[2, 3]]]) is None


def test_an_unknown_oracle_is_an_error_and_not_an_agreement() -> None:
    with pytest.raises(KeyError):
        agrees("almost", 1, 1)


numbers = st.one_of(st.floats(), st.integers(-(10**18), 10**18), st.booleans())
flat = st.one_of(
    numbers, st.lists(numbers, max_size=3), st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=3)
)


@pytest.mark.skipif(importlib.util.find_spec("numpy") is None, reason="needs numpy, whose rules these are")
@settings(max_examples=150, deadline=None)
@given(flat, flat, st.sampled_from([1e-6, 1e-4]))
def test_near_is_what_numpy_calls_close(out: Any, expected: Any, atol: float) -> None:
    import numpy

    def close(equal_nan: bool) -> bool:
        try:
            if numpy.shape(out) != numpy.shape(expected) and () not in (numpy.shape(out), numpy.shape(expected)):
                return False
            with numpy.errstate(all="ignore"):
                return bool(numpy.allclose(out, expected, rtol=1e-7, atol=atol, equal_nan=equal_nan))
        except (TypeError, ValueError):
            return False

    for equal_nan in (False, True):
        assert all_near(out, expected, atol, equal_nan) == close(equal_nan)


@given(st.floats(), st.floats())
def test_a_number_is_near_itself_and_infinity_near_nothing_else(one: float, other: float) -> None:
    assert near(one, one, 0.0, equal_nan=True)
    if math.isinf(one) and one != other:
        assert not near(one, other, 1e9, equal_nan=True)
