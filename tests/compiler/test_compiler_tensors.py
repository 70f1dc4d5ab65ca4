"""Drawn arrays: every distribution is what it says in every dtype, and a case shrinks to the elements that matter."""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import numpy as np
import pytest
from compiler_drawing import LIBRARIES, cases, drawing, for_all, smallest
from hypothesis.errors import Unsatisfiable

from apr_core.compiler.fill import COMPLEX, DRAWS, EXACT, FORMATS, draws_of, fill, significant
from apr_core.compiler.tensors import _direction, _orthogonal
from apr_core.contract.inputs import DTYPES
from apr_core.errors import TrialError, Untestable

TORCH = pytest.mark.skipif("torch" not in LIBRARIES, reason="torch is not installed")
DTYPES_OF = {"numpy": [dtype for dtype in DTYPES if dtype != "bfloat16"], "torch": list(DTYPES)}
CELLS = [(lib, dtype, draw) for lib in LIBRARIES for dtype in DTYPES_OF[lib] for draw in draws_of(dtype)]
FLOATING = [(lib, dtype) for lib in LIBRARIES for dtype in DTYPES_OF[lib] if dtype in FORMATS]


def as_float64(value: Any) -> np.ndarray[Any, Any]:
    """The elements in float64 (complex128), exactly."""
    if isinstance(value, np.ndarray):
        return value.astype(np.complex128 if value.dtype.kind == "c" else np.float64)
    import torch

    return value.to(torch.complex128 if value.is_complex() else torch.float64).numpy()


def in_range(draw: str, dtype: str, values: np.ndarray[Any, Any]) -> bool:
    """Whether the values can come from that distribution in that dtype."""
    if dtype in COMPLEX:
        return in_range(draw, COMPLEX[dtype], values.real) and in_range(draw, COMPLEX[dtype], values.imag)
    flat, size = values.reshape(-1), np.abs(values.reshape(-1))
    if draw == "zero":
        return not size.any()
    if draw == "constant":
        return len(np.unique(flat)) == 1
    if dtype == "bool":
        return set(flat) <= {0.0, 1.0}
    if dtype not in FORMATS:
        info = np.iinfo(dtype)
        near_end = min(
            size.max(initial=0), abs(float(info.max) - size.max(initial=0)), abs(-float(info.min) - size.max(initial=0))
        )
        limit = {"uniform": 100, "normal": 60, "extreme": math.inf, "cancelling": 61}.get(draw, math.inf)
        return bool((size <= limit).all()) and (draw != "extreme" or near_end <= 1)
    form = FORMATS[dtype]
    if draw == "extreme":
        ends = np.array([form.largest, form.normal, form.eps, 1 + form.eps, 1 - form.eps / 2, 1, 0])
        return bool(np.isin(size, ends).all())
    if draw == "denormal":
        return bool(((size > 0) & (size < form.normal)).all())
    bound = {"uniform": 1.0, "normal": 10.0, "mixed": form.largest}.get(draw, 1e9)
    return bool((size <= bound).all())


@pytest.mark.parametrize(("library", "dtype", "draw"), CELLS)
def test_every_distribution_keeps_shape_dtype_and_range(library: str, dtype: str, draw: str) -> None:
    inputs = {
        "m": {"integer": [0, 3]},
        "n": {"integer": [0, 9]},
        "a": {"tensor": ["m", "n"], "dtype": dtype, "draw": draw, "library": library},
    }

    def check(case: dict[str, Any]) -> None:
        a = case["a"]
        assert type(a).__module__.partition(".")[0] == library
        assert tuple(a.shape) == (case["m"], case["n"])
        assert str(a.dtype).removeprefix("torch.") == dtype
        if case["m"] * case["n"]:
            assert in_range(draw, dtype, as_float64(a)), a

    for_all(drawing(inputs), check, examples=15)


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "float16", "bfloat16", "complex64", "int32", "int8", "uint8", "bool"]
)
@pytest.mark.parametrize("draw", DRAWS)
def test_a_distribution_is_not_degenerate(dtype: str, draw: str) -> None:
    if draw not in draws_of(dtype) or draw in ("zero", "constant"):
        return
    values = fill(draw, dtype, (400,), seed=3, skip=0, digits=8)
    assert len(np.unique(values)) >= (2 if dtype == "bool" else 4)
    if dtype not in ("bool", "uint8"):
        assert (values.real < 0).any()
        assert (values.real > 0).any()


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_extreme_holds_the_ends_of_the_range_and_the_neighbours_of_one(dtype: str) -> None:
    values = set(np.abs(fill("extreme", dtype, (400,), seed=1, skip=0, digits=1)).tolist())
    info, one = np.finfo(dtype), np.array(1, dtype)
    neighbours = {float(np.nextafter(one, np.array(way, dtype))) for way in (0, 2)}
    assert values == {0.0, 1.0, float(info.max), float(info.tiny), float(info.eps)} | neighbours


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_tails_of_heavy_tailed_are_those_of_student_with_two_degrees_of_freedom(dtype: str) -> None:
    values = np.abs(fill("heavy-tailed", dtype, (200_000,), seed=1, skip=0, digits=8))
    for tail, quantile in (
        (0.5, 0.8165),
        (0.1, 2.9200),
        (0.05, 4.3027),
        (0.01, 9.9248),
    ):  # any table of the t distribution
        assert np.mean(values > quantile) == pytest.approx(tail, rel=0.05)
    assert np.mean(values > 60) == pytest.approx(2.777e-4, rel=0.3)  # 2 / 60² / 2


@pytest.mark.parametrize(("dtype", "shape"), [(dtype, shape) for dtype in FORMATS for shape in ((64,), (3, 7), (5, 2))])
def test_rows_of_cancelling_nearly_vanish_and_are_not_zero(dtype: str, shape: tuple[int, ...]) -> None:
    values = fill("cancelling", dtype, shape, seed=5, skip=0, digits=8).astype(np.float64)
    sums, sizes = np.abs(values.sum(-1)), np.abs(values).sum(-1)
    assert (sizes > 0.01).all()
    assert (sums <= 2 * FORMATS[dtype].eps * sizes).all()
    assert sums.any()


@pytest.mark.parametrize(("dtype", "shape"), [(dtype, shape) for dtype in FORMATS for shape in ((4096,), (64, 64))])
def test_mixed_covers_the_range_of_exponents_in_blocks_of_their_own(dtype: str, shape: tuple[int, ...]) -> None:
    values = np.abs(fill("mixed", dtype, shape, seed=2, skip=0, digits=8).astype(np.float64)).reshape(16, -1)
    form = FORMATS[dtype]
    assert (values == 0).all(1).any()
    assert ((values > 0) & (values < form.normal)).all(1).any()
    typical = np.median(values, 1)
    typical = typical[typical >= form.normal]
    assert np.ptp(np.log2(typical)) > 0.4 * (np.log2(form.largest) - np.log2(form.normal))


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        (0.14, 1, 0.1),
        (-0.649, 1, -0.6),
        (9.7, 1, 10.0),
        (2.346, 3, 2.35),
        (0.0, 2, 0.0),
        (6.1e-9, 1, 6e-9),
        (7654.0, 2, 7700.0),
        (0.3, 1, 0.3),
    ],
)
def test_rounding_gives_the_nearest_float_of_the_decimal(value: float, digits: int, rounded: float) -> None:
    assert significant(np.array([value]), digits)[0] == rounded


def test_a_million_elements_are_few_choices() -> None:
    """Elements that Hypothesis drew one by one would exhaust its buffer, and no case at all would come out."""
    drawn = cases(drawing({"a": {"tensor": [1000, 1000], "draw": "mixed", "nonfinite": True}}), examples=2)
    assert all(case["a"].shape == (1000, 1000) for case in drawn)


@pytest.mark.parametrize("library", LIBRARIES)
def test_shrinking_ends_at_the_smallest_shape_and_readable_values(library: str) -> None:
    inputs = {"n": {"integer": [1, 40]}, "a": {"tensor": ["n"], "library": library}}
    found = smallest(drawing(inputs), lambda case: np.linalg.norm(as_float64(case["a"])) > 1.5)
    assert found["n"] == 1
    value = float(as_float64(found["a"])[0])
    assert value == float(np.float32(f"{value:.0e}"))


def test_shrinking_finds_the_pair_that_is_out_of_order() -> None:
    inputs = {"m": {"integer": [1, 4]}, "n": {"integer": [1, 40]}, "a": {"tensor": ["m", "n"], "draw": "heavy-tailed"}}
    found = smallest(drawing(inputs), lambda case: (np.diff(case["a"]) < 0).any())
    assert found["a"].shape == (1, 2)


@pytest.mark.parametrize("dtype", ["float32", "float16", "complex64"])
def test_nonfinite_values_are_planted_and_shrink_to_one(dtype: str) -> None:
    strategy = drawing({"n": {"integer": [1, 20]}, "a": {"tensor": ["n"], "dtype": dtype, "nonfinite": True}})
    seen = for_all(strategy, lambda case: not np.isfinite(case["a"]).all())
    parts = [float(value) for case in seen for value in case["a"].real]
    assert math.inf in parts
    assert -math.inf in parts
    assert any(map(math.isnan, parts))
    found = smallest(strategy, lambda case: len(case["a"]) >= 5)
    assert np.count_nonzero(~np.isfinite(found["a"])) == 1


def test_an_empty_array_has_room_for_nothing_nonfinite() -> None:
    assert cases(drawing({"a": {"tensor": [0], "nonfinite": True}}), examples=1)[0]["a"].shape == (0,)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64", "bool"])
def test_strided_arrays_are_strided_and_hold_nothing_else(library: str, dtype: str) -> None:
    if dtype not in DTYPES_OF[library]:
        return
    inputs = {
        "m": {"integer": [0, 4]},
        "n": {"integer": [0, 4]},
        "a": {"tensor": ["m", "n"], "dtype": dtype, "library": library, "contiguous": False},
        "b": {"tensor": ["n"], "dtype": dtype, "library": library, "contiguous": False, "draw": "uniform"},
        "c": {"tensor": [], "dtype": dtype, "library": library, "contiguous": False},
    }
    strides = set()

    def contiguous(value: Any) -> bool:
        return value.flags.c_contiguous if library == "numpy" else value.is_contiguous()

    def check(case: dict[str, Any]) -> None:
        assert [tuple(case[name].shape) for name in "abc"] == [(case["m"], case["n"]), (case["n"],), ()]
        assert contiguous(case["a"]) == (case["m"] * case["n"] <= 1)
        assert contiguous(case["b"]) == (case["n"] <= 1)
        assert all(np.isfinite(as_float64(case[name])).all() for name in "abc")
        if case["m"] > 1 and case["n"] > 1:
            step = case["a"].strides if library == "numpy" else case["a"].stride()
            strides.add(step[0] < step[1])

    for_all(drawing(inputs), check)
    assert strides == {True, False}  # transposed, and every second element


def test_dtype_and_draw_may_come_from_inputs_and_constants() -> None:
    inputs = {"d": {"choice": ["float64", "int8"]}, "a": {"tensor": [3], "dtype": "d", "draw": "how"}}
    seen = for_all(drawing(inputs, constants={"how": "zero"}), lambda case: None, examples=20)
    assert {str(case["a"].dtype) for case in seen} == {"float64", "int8"}
    assert not any(case["a"].any() for case in seen)


@pytest.mark.parametrize(
    ("model", "constants", "words"),
    [
        ({"tensor": [2], "dtype": "bfloat16"}, {}, ["'a'", "numpy", "bfloat16", "torch"]),
        ({"tensor": [2], "dtype": "flaot32"}, {}, ["'a'", "'flaot32'", "Did you mean 'float32'"]),
        ({"tensor": [2], "draw": "gaussian"}, {}, ["'a'", "'gaussian'", "normal"]),
        ({"tensor": [2], "dtype": "int8", "draw": "denormal"}, {}, ["'a'", "int8", "'denormal'"]),
        ({"tensor": [2], "dtype": "uint8", "draw": "how"}, {"how": "cancelling"}, ["'a'", "uint8", "'cancelling'"]),
        ({"tensor": [2], "dtype": "int64", "nonfinite": True}, {}, ["'a'", "int64", "NaN"]),
        ({"tensor": [2], "dtype": "kind"}, {"kind": 3}, ["'a'", "kind = 3", "float32"]),
        ({"tensor": ["count * 1024", 1024, 1024]}, {"count": 1}, ["'a'", "1073741824", "134217728"]),
        ({"tensor": [2, "0 - count"]}, {"count": 3}, ["'a'", "extent 1", "-3", "negative"]),
        ({"tokens": [3], "vocabulary": "count"}, {"count": 0}, ["'a'", "0", "at least one token"]),
    ],
)
def test_an_array_that_cannot_be_drawn_says_which_and_why(
    model: dict[str, Any], constants: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(TrialError) as caught:
        cases(drawing({"a": model}, constants=constants))
    assert not [word for word in words if word not in str(caught.value)], caught.value


@pytest.mark.parametrize(
    "model", [{"tensor": [2], "library": "torch"}, {"tokens": [2], "vocabulary": 5, "library": "torch"}]
)
def test_without_torch_a_torch_input_is_untestable(model: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Untestable, match="needs torch, which is not installed") as caught:
        drawing({"a": model})
    assert caught.value.enable == "pip install 'apr-core[models]'"
    drawing({"a": model | {"library": "numpy"}})


@pytest.mark.parametrize("library", LIBRARIES)
def test_tokens_lie_below_the_vocabulary_and_reach_its_end(library: str) -> None:
    inputs = {
        "v": {"integer": [1, 50_000]},
        "b": {"integer": [0, 3]},
        "ids": {"tokens": ["b", 16], "vocabulary": "v", "library": library},
    }
    last = []

    def check(case: dict[str, Any]) -> None:
        ids = as_float64(case["ids"])
        assert str(case["ids"].dtype).removeprefix("torch.") == "int64"
        assert ids.shape == (case["b"], 16)
        assert ((ids >= 0) & (ids < case["v"])).all()
        last.append(case["v"] > 1000 and case["v"] - 1 in ids)

    for_all(drawing(inputs), check, examples=200)
    assert sum(last) >= 5


def test_tokens_shrink_to_zeros() -> None:
    found = smallest(
        drawing({"n": {"integer": [0, 30]}, "ids": {"tokens": ["n"], "vocabulary": 1000}}), lambda case: case["n"] >= 3
    )
    assert found["ids"].tolist() == [0, 0, 0]


def rounding(dtype: str, array: np.ndarray[Any, Any]) -> float:
    """The most by which the norm of a vector moves when its elements are rounded to the dtype."""
    form = FORMATS[dtype]
    return form.eps * float(np.sqrt(array @ array)) + form.subnormal * math.sqrt(array.size)


@pytest.mark.parametrize("draw", ["normal", "heavy-tailed", "cancelling", "constant"])
@pytest.mark.parametrize(("library", "dtype"), FLOATING)
def test_near_is_as_far_as_it_says(library: str, dtype: str, draw: str) -> None:
    inputs = {
        "n": {"integer": [2, 50]},
        "a": {"tensor": ["n"], "dtype": dtype, "library": library, "draw": draw},
        "r": {"real": [0, 2]},
        "b": {"near": "a", "relative": "r"},
    }

    def check(case: dict[str, Any]) -> None:
        a, b = (as_float64(case[name]).astype(np.longdouble) for name in "ab")
        assert (type(case["b"]), case["b"].dtype, case["b"].shape) == (
            type(case["a"]),
            case["a"].dtype,
            case["a"].shape,
        )
        distance, asked = np.sqrt((b - a) @ (b - a)), case["r"] * np.sqrt(a @ a)
        assert abs(distance - asked) <= 2**-50 * asked + rounding(dtype, b)

    for_all(drawing(inputs), check, examples=40)


@pytest.mark.parametrize("draw", ["normal", "heavy-tailed", "cancelling", "constant"])
@pytest.mark.parametrize(("library", "dtype"), FLOATING)
def test_rotate_keeps_the_norm_and_turns_by_the_angle(library: str, dtype: str, draw: str) -> None:
    inputs = {
        "n": {"integer": [2, 50]},
        "a": {"tensor": ["n", 2], "dtype": dtype, "library": library, "draw": draw},
        "angle": {"real": [0, math.pi]},
        "b": {"rotate": "a", "by": "angle"},
    }
    eps = FORMATS[dtype].eps

    def check(case: dict[str, Any]) -> None:
        a, b = (as_float64(case[name]).reshape(-1).astype(np.longdouble) for name in "ab")
        assert (type(case["b"]), case["b"].dtype, case["b"].shape) == (
            type(case["a"]),
            case["a"].dtype,
            case["a"].shape,
        )
        length = np.sqrt(a @ a)
        assert abs(np.sqrt(b @ b) - length) <= 2 * eps * length + rounding(dtype, b)
        across = b - (a @ b) / (a @ a) * a
        found = np.arctan2(np.sqrt(across @ across), (a @ b) / length)  # arccos alone is blind near 0 and pi
        assert abs(found - case["angle"]) <= 2 * eps + rounding(dtype, b) / length

    for_all(drawing(inputs), check, examples=40)


def test_a_direction_is_not_that_of_an_array_with_the_same_seed() -> None:
    """Hypothesis likes to draw one number twice, and nothing can be turned towards itself."""
    for seed in range(1, 20):
        a = fill("normal", "float64", (6,), seed, 0, EXACT)
        assert abs(_direction(seed, a) @ a) < 0.99 * np.linalg.norm(a)


def test_a_direction_almost_along_the_array_still_gives_an_orthogonal_one() -> None:
    unit = np.array([0.6, 0.8, 0.0])
    other = _orthogonal(unit, unit + np.array([1e-9, 1e-9, 1e-9]))
    assert abs(other @ unit) < 1e-15
    assert np.linalg.norm(other) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_near_and_rotate_survive_the_ends_of_the_range(scale: float) -> None:
    inputs = {"b": {"near": "a", "relative": 0.5}, "c": {"rotate": "a", "by": 1.0}}
    a = np.array([3.0, -4.0, 12.0]) * scale

    def check(case: dict[str, Any]) -> None:
        assert np.linalg.norm((case["b"] - a) / scale) == pytest.approx(6.5)
        assert np.linalg.norm(case["c"] / scale) == pytest.approx(13)

    for_all(drawing(inputs, constants={"a": a}), check, examples=10)


def test_a_relative_distance_is_drawn_from_its_bounds_and_zero_is_the_same_array() -> None:
    a = np.array([0.1, 1e-30, 7.0], np.float32)
    inputs = {"b": {"near": "a", "relative": [0.25, 0.5]}, "c": {"near": "a", "relative": 0}}

    def check(case: dict[str, Any]) -> None:
        distances.append(np.linalg.norm((case["b"] - a).astype(np.float64)) / np.linalg.norm(a.astype(np.float64)))
        assert case["c"].tobytes() == a.tobytes()
        assert not np.shares_memory(case["c"], a)

    distances: list[float] = []
    for_all(drawing(inputs, constants={"a": a}), check)
    assert min(distances) >= 0.25 - 1e-6
    assert max(distances) <= 0.5 + 1e-6
    assert max(distances) - min(distances) > 0.1


@pytest.mark.parametrize("library", LIBRARIES)
def test_complex_arrays_have_neighbours_too(library: str) -> None:
    inputs = {
        "a": {"tensor": [4], "dtype": "complex64", "library": library},
        "b": {"near": "a", "relative": 0.1},
        "c": {"rotate": "a", "by": 1.0},
    }

    def check(case: dict[str, Any]) -> None:
        a, b, c = (as_float64(case[name]) for name in "abc")
        assert np.linalg.norm(b - a) == pytest.approx(0.1 * np.linalg.norm(a), rel=1e-5)
        assert np.linalg.norm(c) == pytest.approx(np.linalg.norm(a), rel=1e-6)
        assert np.vdot(a, c).real == pytest.approx(math.cos(1.0) * np.linalg.norm(a) ** 2, rel=1e-5)

    for_all(drawing(inputs), check, examples=20)


def test_the_simplest_neighbour_differs_in_one_element() -> None:
    inputs = {"a": {"tensor": [6]}, "b": {"near": "a", "relative": 0.5}}
    found = smallest(drawing(inputs), lambda case: True)
    assert np.count_nonzero(found["a"] != found["b"]) == 1


@pytest.mark.parametrize(
    "a", [np.zeros(3), np.array([1.0, math.nan]), np.array([math.inf, 1.0]), np.full(4, np.finfo("f8").max)]
)
@pytest.mark.parametrize("model", [{"near": "a", "relative": 0.1}, {"rotate": "a", "by": 1.0}])
def test_what_has_no_direction_is_discarded(model: dict[str, Any], a: np.ndarray[Any, Any]) -> None:
    with pytest.raises(Unsatisfiable):
        cases(drawing({"b": model}, constants={"a": a}))


def test_a_neighbour_beyond_the_range_is_discarded() -> None:
    a = np.array([65504.0, 1.0], np.float16)
    seen = cases(drawing({"b": {"near": "a", "relative": [0.0, 2.0]}}, constants={"a": a}))
    assert all(np.isfinite(case["b"]).all() for case in seen)


@pytest.mark.parametrize(
    ("model", "a", "words"),
    [
        ({"near": "a", "relative": 0.1}, np.arange(3), ["'b'", "int64", "floating"]),
        ({"near": "a", "relative": 0.1}, [1.0, 2.0], ["'b'", "[1.0, 2.0]", "floating"]),
        ({"near": "a", "relative": -0.1}, np.ones(3), ["'b'", "-0.1", "negative"]),
        ({"near": "a", "relative": [0.2, 0.1]}, np.ones(3), ["'b'", "0.2 and 0.1"]),
        ({"near": "aa", "relative": 0.1}, np.ones(3), ["'b'", "'aa'", "Did you mean 'a'"]),
        ({"rotate": "a", "by": "inf"}, np.ones(3), ["'b'", "inf", "finite"]),
        ({"rotate": "a", "by": 1.0}, np.ones(1), ["'b'", "fewer than two elements"]),
    ],
)
def test_what_cannot_be_moved_says_why(model: dict[str, Any], a: Any, words: list[str]) -> None:
    with pytest.raises(TrialError) as caught:
        cases(drawing({"b": model}, constants={"a": a}))
    assert not [word for word in words if word not in str(caught.value)], caught.value
