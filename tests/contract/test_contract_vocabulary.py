"""The vocabulary: reductions in float64, element-wise functions that keep dtype and library, distances, digests."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY, arity_problem, to_float64, ulp_distance
from apr_core.errors import ExpressionError

V = VOCABULARY
REDUCTIONS = ["norm", "mean", "sum", "std", "var", "median", "min", "max", "max_abs", "sparsity"]


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.mark.parametrize("word", [*REDUCTIONS, "all", "any"])
@pytest.mark.parametrize("empty", [[], (), np.empty((0, 3)), np.empty(0, dtype=bool)])
def test_a_reduction_of_nothing_is_an_error(word: str, empty: Any) -> None:
    with pytest.raises(ExpressionError, match="nothing"):
        V[word](empty)


def test_counting_nothing_is_zero() -> None:
    assert (V["count_nonzero"]([]), V["len"]([]), V["size"](np.empty((0, 3)))) == (0, 0, 0)


@pytest.mark.parametrize("word", REDUCTIONS)
def test_reductions_compute_in_float64_and_return_python_floats(word: str) -> None:
    x = np.array([3e4, 3e4, -1.0, 0.0], dtype=np.float16)  # the sum of squares overflows float16
    result = V[word](x)
    assert type(result) is float
    assert math.isfinite(result)
    assert result == V[word](x.astype(np.float64))


def test_reductions_agree_with_their_definitions() -> None:
    x = [3.0, -4.0, 0.0, 12.0]
    assert V["norm"](x) == 13.0
    assert V["mean"](x) == 2.75
    assert V["var"](x) == pytest.approx(34.6875)
    assert V["std"](x, ddof=1) == pytest.approx(math.sqrt(34.6875 * 4 / 3))
    assert V["median"](x) == 1.5
    assert V["quantile"](x, 0.75) == 5.25
    assert V["sparsity"](x) == 0.25
    assert V["count_nonzero"](x) == 3
    assert V["max_abs"]([-5, 4]) == 5.0
    assert V["dot"](x, x) == 169.0
    assert V["relative_error"]([1.0, 2.0], [1.0, 1.0]) == pytest.approx(1 / math.sqrt(2))


def test_sums_and_extremes_of_whole_numbers_stay_whole() -> None:
    assert V["sum"]([2**60, 1]) == 2**60 + 1
    assert type(V["max"](1, 7)) is int
    assert V["min"]([3, 1, 2]) == 1
    assert V["max"](["a", "b"]) == "b"


@pytest.mark.parametrize("word", ["min", "max"])
def test_extremes_propagate_nan_wherever_it_stands(word: str) -> None:
    for values in ([math.nan, 1.0], [1.0, math.nan], np.array([1.0, math.nan])):
        assert math.isnan(V[word](values))
    assert math.isnan(V[word](1.0, math.nan))
    with pytest.raises(ExpressionError, match="where"):
        V[word](np.zeros(2), 1.0)


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1.0, 1e200, 1e307])
def test_norm_and_cosine_neither_overflow_nor_underflow(scale: float) -> None:
    x = np.array([3.0, 4.0]) * scale
    assert V["norm"](x) == pytest.approx(5.0 * scale, rel=1e-3 if scale < 1e-300 else 1e-15)
    assert V["cosine"](x, -x) == pytest.approx(-1.0, abs=1e-3 if scale < 1e-300 else 1e-15)


def test_non_finite_values_reach_the_result() -> None:
    with np.errstate(all="ignore"):
        assert V["norm"]([1.0, math.inf]) == math.inf
        assert math.isnan(V["norm"]([1.0, math.nan]))
        assert math.isnan(V["mean"]([math.inf, -math.inf]))
        assert math.isnan(V["cosine"]([0.0, 0.0], [1.0, 0.0]))
        assert V["relative_error"]([1.0], [0.0]) == math.inf
        assert V["relative_error"]([0.0], [0.0]) == 0.0
        assert math.isnan(V["relative_error"]([math.nan], [0.0]))


@pytest.mark.parametrize("word", ["dot", "cosine", "relative_error", "ulp_distance"])
def test_two_values_of_different_shape_are_not_compared(word: str) -> None:
    with pytest.raises(ExpressionError, match="shape"):
        V[word](np.zeros(3), np.zeros((3, 1)))


def test_all_and_any_take_truth_values_alone() -> None:
    assert V["all"]([True, np.True_, np.array([True, True])]) is True
    assert V["any"](np.array([False, True])) is True
    with pytest.raises(ExpressionError, match="compare first"):
        V["all"](np.array([1.0, math.nan]))
    with pytest.raises(ExpressionError, match="array"):
        V["any"]([1, 0])


def test_complex_numbers_have_a_norm_but_no_order() -> None:
    z = np.array([3 + 4j, 0])
    assert V["norm"](z) == 5.0
    assert V["max_abs"](z) == 5.0
    assert V["count_nonzero"](z) == 1
    assert V["sparsity"](z) == 0.5
    assert ulp_distance(z[:1], z[:1] + 2**-51) == 1
    for word in ("mean", "max", "cosine"):
        with pytest.raises(ExpressionError, match="abs"):
            V[word](*([z, z] if word == "cosine" else [z]))


@pytest.mark.parametrize(
    "word", ["sqrt", "exp", "log", "log2", "sin", "cos", "tan", "tanh", "abs", "sign", "floor", "ceil", "round"]
)
def test_elementwise_functions_keep_library_and_dtype_and_agree(word: str, torch: Any) -> None:
    x = np.array([0.25, 1.0, 2.5, 7.75], dtype=np.float32)
    from_numpy, from_torch = V[word](x), V[word](torch.from_numpy(x))
    assert from_numpy.dtype == np.float32
    assert from_torch.dtype == torch.float32
    assert np.allclose(from_numpy, from_torch.numpy(), rtol=1e-6)
    assert V[word](torch.tensor([2.5], dtype=torch.bfloat16)).dtype == torch.bfloat16
    scalar = V[word](2.5)
    assert type(scalar) in (float, int)
    assert scalar == pytest.approx(float(from_numpy[2]), rel=1e-6)
    assert isinstance(V[word]([2.5, 1.0]), np.ndarray)


def test_rounding_functions_give_whole_numbers_and_leave_what_has_none() -> None:
    assert (V["floor"](-2.5), V["ceil"](-2.5), V["round"](2.5), V["round"](3.5)) == (-3, -2, 2, 4)
    assert type(V["floor"](2.5)) is int
    assert V["floor"](math.inf) == math.inf
    assert math.isnan(V["round"](math.nan))
    assert (V["round"](0.005, 2), V["round"](1.25, 1)) == (0.01, 1.2)
    assert V["ceil"](10**400) == 10**400


def test_where_and_clip_take_numbers_arrays_and_tensors(torch: Any) -> None:
    x = np.array([-1.0, 2.0, 5.0])
    assert V["where"](x > 0, x, 0).tolist() == [0.0, 2.0, 5.0]
    assert V["where"](True, 1, 2) == 1
    assert V["clip"](x, 0, 3).tolist() == [0.0, 2.0, 3.0]
    assert V["clip"](7, 0, 3) == 3
    t = torch.tensor([-1.0, 2.0], dtype=torch.bfloat16)
    assert V["where"](t > 0, t, 0.0).tolist() == [0.0, 2.0]
    assert V["where"](t > 0, 1.0, np.float64(0.0)).tolist() == [0.0, 1.0]
    assert V["where"](False, t, -t).tolist() == [1.0, -2.0]
    assert V["clip"](t, 0, 1).tolist() == [0.0, 1.0]
    with pytest.raises(ExpressionError, match="one library"):
        V["where"](t > 0, x, t)


def test_cast_rounds_as_the_dtype_does(torch: Any) -> None:
    assert V["cast"](0.1, "float32") == float(np.float32(0.1))
    assert V["cast"](0.1, "bfloat16") == float(torch.tensor(0.1, dtype=torch.bfloat16))
    assert V["cast"](np.array([1.6]), "int8").dtype == np.int8
    assert V["cast"](torch.tensor([0.1]), "bfloat16").dtype == torch.bfloat16
    with pytest.raises(ExpressionError, match="library: torch"):
        V["cast"](np.zeros(2), "bfloat16")
    with pytest.raises(ExpressionError, match="Did you mean 'float16'"):
        V["cast"](1.0, "floot16")


def test_the_form_of_values(torch: Any) -> None:
    for x in (np.zeros((2, 3), dtype=np.float16), torch.zeros((2, 3), dtype=torch.float16)):
        assert V["shape"](x) == [2, 3]
        assert (V["size"](x), V["ndim"](x), V["dtype"](x), V["nbytes"](x), V["len"](x)) == (6, 2, "float16", 12, 2)
        assert V["shape"](V["transpose"](x)) == [3, 2]
        assert V["shape"](V["reshape"](x, [3, -1])) == V["shape"](V["reshape"](x, 3, 2)) == [3, 2]
        assert V["shape"](V["flatten"](x)) == [6]
        assert V["shape"](V["concatenate"]([x, x])) == [4, 3]
        assert V["shape"](V["stack"]([x, x], axis=1)) == [2, 2, 3]
        assert V["mean"](V["ones_like"](x)) == 1.0
        assert type(V["zeros_like"](x)) is type(x)
    assert V["dtype"](torch.zeros(1, dtype=torch.bfloat16)) == "bfloat16"
    assert (V["dtype"](1.0), V["dtype"](1), V["shape"](2.0), V["size"](2.0)) == ("float64", "int64", [], 1)
    assert V["nbytes"]({"a": b"12", "b": ["é", np.zeros(2)]}) == 2 + 2 + 16
    with pytest.raises(ExpressionError, match="mixes"):
        V["stack"]([np.zeros(2), torch.zeros(2)])
    with pytest.raises(ExpressionError, match="several dtypes"):
        V["concatenate"]([np.zeros(2), np.zeros(2, dtype=np.float32)])


def test_lists_and_maps() -> None:
    assert V["sorted"]([3, 1, 2], reverse=True) == [3, 2, 1]
    assert V["unique"](np.array([[2, 1], [2, 3]])) == [1, 2, 3]
    assert V["reversed"](range(3)) == [2, 1, 0]
    assert V["set"]([1, 2, 1]) == {1, 2}
    assert V["zip"]([1, 2], "ab") == [(1, "a"), (2, "b")]
    assert V["enumerate"](["x"], 5) == [(5, "x")]
    assert V["list"](np.array([[1, 2]])) == [[1, 2]]
    assert V["tuple"]({"a": 1}) == ("a",)
    assert (V["keys"]({"a": 1}), V["values"]({"a": 1}), V["items"]({"a": 1})) == (["a"], [1], [("a", 1)])
    assert (V["int"]("12"), V["float"](np.array([[2.5]])), V["bool"]([]), V["str"](1.5)) == (12, 2.5, False, "1.5")
    for word, arguments in {
        "zip": ([1], [1, 2]),
        "sorted": ([1.0, math.nan],),
        "float": (np.zeros(2),),
        "bool": (np.zeros(2),),
        "str": (np.zeros(2),),
        "len": (np.array(1.0),),
        "range": (1.5,),
        "keys": ([1],),
        "int": (math.inf,),
        "enumerate": (3,),
    }.items():
        with pytest.raises(ExpressionError):
            V[word](*arguments)


def test_to_float64_accepts_numbers_lists_arrays_and_tensors(torch: Any) -> None:
    cases = [
        2,
        True,
        np.float16(2),
        [1, 2.5],
        (np.float32(1), 2),
        [[1, 2], [3, 4]],
        range(3),
        np.arange(3, dtype=np.int8),
    ]
    for case in [*cases, torch.tensor([1.0, 2.0], dtype=torch.bfloat16, requires_grad=True), [torch.tensor(1.0), 2]]:
        assert to_float64(case).dtype == np.float64
    assert to_float64([[1, 2], [3, 4]]).shape == (2, 2)
    assert to_float64(10**400) == math.inf
    for wrong in ("x", None, {"a": 1}, [1, "x"], [[1], [1, 2]], np.array(["x"]), object()):
        with pytest.raises(ExpressionError):
            to_float64(wrong)


@pytest.mark.parametrize("word", VOCABULARY)
def test_every_function_has_one_line_for_the_documentation(word: str) -> None:
    text = inspect.getdoc(VOCABULARY[word])
    assert text
    assert len(text.split("\n\n")[0].splitlines()) == 1
    assert text.endswith(".")
    assert VOCABULARY[word].__name__ == word


@pytest.mark.parametrize("word", VOCABULARY)
def test_no_function_fails_with_anything_but_an_expression_error(word: str) -> None:
    strange = [
        None,
        "x",
        b"x",
        object(),
        [object()],
        {"a": object()},
        10**400,
        np.array(["x"]),
        np.array(object()),
        Path("x"),
    ]
    for value in strange:
        for count in range(4):
            if arity_problem(word, count, ()) is None:
                try:
                    VOCABULARY[word](*[value] * count)
                except ExpressionError:
                    continue


def test_constants_are_the_usual_ones() -> None:
    assert CONSTANTS["pi"] == math.pi
    assert CONSTANTS["e"] == math.e
    assert not CONSTANTS.keys() & VOCABULARY.keys()


def test_the_vocabulary_does_not_import_torch() -> None:
    code = "import sys, apr_core.contract.load; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
