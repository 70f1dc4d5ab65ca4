"""Distances in units in the last place count representable numbers, in the coarser format of the two sides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apr_core.contract.vocabulary import VOCABULARY, ulp_distance
from apr_core.contract.vocabulary.ulp import round_to
from apr_core.errors import ExpressionError


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.mark.parametrize(("dtype", "bits"), [("float16", 10), ("bfloat16", 7), ("float32", 23), ("float64", 52)])
def test_eps_is_the_gap_above_one(dtype: str, bits: int, torch: Any) -> None:
    assert VOCABULARY["eps"](dtype) == 2.0**-bits == torch.finfo(getattr(torch, dtype)).eps


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.data(), steps=st.integers(0, 50))
def test_ulp_distance_counts_representable_numbers(dtype: str, data: st.DataObject, steps: int) -> None:
    width = {"float16": 16, "float32": 32, "float64": 64}[dtype]
    start = np.dtype(dtype).type(data.draw(st.floats(-100, 100, width=width)))
    end = start
    for _ in range(steps):
        end = np.nextafter(end, np.dtype(dtype).type(np.inf))
    assert ulp_distance(np.array([start]), np.array([end])) == steps
    assert ulp_distance(np.array([end]), np.array([start])) == steps


def test_ulp_distance_crosses_zero_and_infinity() -> None:
    tiny, largest = np.float32(1e-45), np.finfo(np.float32).max
    assert ulp_distance(np.float32(-0.0), np.float32(0.0)) == 0
    assert ulp_distance(-tiny, tiny) == 2
    assert ulp_distance(largest, np.float32(np.inf)) == 1
    assert ulp_distance(-math.inf, math.inf) == 2 * 0x7FF0_0000_0000_0000, "exact beyond the range of int64"


def test_ulp_distance_is_counted_in_the_coarser_dtype(torch: Any) -> None:
    third = np.array([1 / 3])
    assert ulp_distance(third.astype(np.float32), third) == 0
    assert ulp_distance(third.astype(np.float16), np.nextafter(third.astype(np.float32), np.float32(1))) == 0
    narrow = torch.tensor([1.0, 3.0], dtype=torch.bfloat16)
    assert ulp_distance(narrow, narrow.to(torch.float16) + 2**-7) == 1
    assert ulp_distance(narrow, np.array([1.0, 3.0])) == 0
    assert ulp_distance(narrow, narrow + torch.tensor(2**-6, dtype=torch.bfloat16)) == 2


def test_ulp_distance_of_nan() -> None:
    x = np.array([1.0, math.nan])
    assert ulp_distance(x, x) == 0
    assert ulp_distance(x, np.array([1.0, 2.0])) == math.inf
    with pytest.raises(ExpressionError, match="empty"):
        ulp_distance([], [])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(width=64))
def test_bfloat16_rounding_is_to_nearest_even_without_torch(x: float) -> None:
    """Against exact rational arithmetic: no representable neighbour is nearer, and a tie goes to the even one."""
    found = round_to(np.array([x]), "bfloat16")[0]
    bits = int(np.float32(found).view(np.int32))
    if math.isnan(x) or math.isinf(x):
        assert math.isnan(found) if math.isnan(x) else found == x
        return
    assert bits & 0xFFFF == 0, "a bfloat16 is a float32 whose lower half is zero"
    if math.isinf(found):
        assert abs(x) >= (2 - 2**-8) * 2.0**127
        return
    if abs(found) < 2.0**-100:
        return
    step = 2.0 ** (math.frexp(float(found))[1] - 8)
    assert abs(float(found) - x) <= step / 2
    if abs(float(found) - x) == step / 2:
        assert (bits >> 16) % 2 == 0


def test_bfloat16_rounding_agrees_with_torch(torch: Any) -> None:
    values = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    values = np.concatenate([values, values * np.float32(1e-40), np.float32([0.0, -0.0, 3.4e38, 1e-45])])
    ours = round_to(values.astype(np.float64), "bfloat16")
    theirs = torch.from_numpy(values).to(torch.bfloat16).to(torch.float32).numpy()
    assert np.array_equal(ours.view(np.int32), theirs.view(np.int32))
