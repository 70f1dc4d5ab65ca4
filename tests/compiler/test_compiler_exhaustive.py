"""Exhaustive cases: every case once, none besides, and too many are refused before the first."""

from __future__ import annotations

import math
from typing import Any

import pytest
from compiler_drawing import parse, scope

from apr_core.compiler.exhaustive import enumerate_cases
from apr_core.errors import ExpressionError, TrialError


def every(
    inputs: dict[str, Any], needed: list[str] | None = None, limit: int = 100_000, **constants: Any
) -> list[dict[str, Any]]:
    """All cases as a list."""
    models = parse(inputs)
    return list(enumerate_cases(models, list(models) if needed is None else needed, scope(constants), limit))


@pytest.mark.parametrize(
    ("model", "values"),
    [
        ({"integer": [-2, 3]}, [0, 1, -1, 2, -2, 3]),
        ({"integer": [2, 4]}, [2, 3, 4]),
        ({"integer": [-4, -2]}, [-2, -3, -4]),
        ({"integer": [-3, 1]}, [0, 1, -1, -2, -3]),
        ({"boolean": "any"}, [False, True]),
        ({"choice": ["b", "a", "b", 1, True, 1.0]}, ["b", "a", 1, True, 1.0]),
        ({"permutation": [1, 2, 1]}, [[1, 2, 1], [1, 1, 2], [2, 1, 1]]),
        ({"permutation": ["a"]}, [["a"]]),
        ({"list": {"boolean": "any"}, "size": [0, 1]}, [[], [False], [True]]),
        ({"list": {"integer": [1, 2]}, "size": [2, 2]}, [[1, 1], [1, 2], [2, 1], [2, 2]]),
        ({"list": {"integer": [1, 2]}, "size": [2, 2], "unique": True}, [[1, 2], [2, 1]]),
        ({"list": {"choice": [1, True]}, "size": [1, 2], "unique": True}, [[True]]),
    ],
)
def test_the_values_of_each_kind_simplest_first(model: dict[str, Any], values: list[Any]) -> None:
    found = [case["x"] for case in every({"x": model})]
    assert (found, [type(value) for value in found]) == (values, [type(value) for value in values])


def test_a_list_of_lists_is_a_product_of_products() -> None:
    inputs = {"x": {"list": {"list": {"boolean": "any"}, "size": [0, 2]}, "size": [3, 3]}}
    assert len(every(inputs)) == (1 + 2 + 4) ** 3


def test_dependent_bounds_count_a_triangle() -> None:
    inputs = {"k": {"integer": [0, "c"]}, "c": {"integer": [0, "n"]}, "n": {"integer": [1, 10]}}
    found = {(case["n"], case["c"], case["k"]) for case in every(inputs)}
    assert found == {(n, c, k) for n in range(1, 11) for c in range(n + 1) for k in range(c + 1)}
    assert len(every(inputs)) == len(found)


def test_unneeded_inputs_multiply_nothing_and_needed_ones_bring_theirs() -> None:
    inputs = {"n": {"integer": [1, 3]}, "other": {"real": [0, 1]}, "k": {"integer": [1, "n"]}}
    assert len(every(inputs, needed=["k"])) == 6


def test_nothing_needed_is_one_empty_case() -> None:
    assert every({"n": {"integer": [1, 3]}}, needed=[]) == [{}]


def test_an_order_of_a_drawn_list_and_of_a_constant() -> None:
    inputs = {"xs": {"choice": [[1], [1, 2, 3]]}, "x": {"permutation": "xs"}, "y": {"permutation": "names"}}
    assert len(every(inputs, names=["a", "b"])) == (1 + math.factorial(3)) * 2


def test_cases_share_no_lists() -> None:
    first, *rest = enumerate_cases(parse({"x": {"choice": [[1]]}, "b": {"boolean": "any"}}), ["x", "b"], scope())
    first["x"].clear()
    assert [case["x"] for case in rest] == [[1]]
    assert first.folders == []


def test_exactly_the_limit_is_allowed_and_one_more_is_not() -> None:
    inputs = {"a": {"integer": [1, 5]}, "b": {"integer": [1, 4]}}
    assert len(every(inputs, limit=20)) == 20
    with pytest.raises(TrialError, match=r"a, b have more than 19 cases \(counting stopped at 20\)"):
        enumerate_cases(parse(inputs), ["a", "b"], scope(), 19)


@pytest.mark.parametrize(
    "model",
    [
        {"integer": [0, 10**15]},
        {"permutation": list(range(30))},
        {"list": {"boolean": "any"}, "size": [0, 200]},
        {"list": {"integer": [0, 10**12]}, "size": [3, 3], "unique": True},
    ],
)
def test_a_vast_domain_is_refused_without_walking_it(model: dict[str, Any]) -> None:
    with pytest.raises(TrialError, match="more than 100,000 cases"):
        every({"x": model})


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"real": [0, 1]}, ["'x'", "real", "sampled"]),
        ({"list": {"text": [0, 1]}, "size": [0, 1]}, ["'x', element", "text"]),
        ({"tensor": [2]}, ["'x'", "tensor"]),
        ({"strategy": "project:f"}, ["'x'", "strategy"]),
        ({"integer": [3, "n"]}, ["'x'", "3 and 2", "n = 2"]),
        ({"list": {"boolean": "any"}, "size": [3, 3], "unique": True}, ["x", "no case at all"]),
        ({"permutation": "n"}, ["'x'", "n = 2", "list"]),
        ({"integer": [0, "nowhere"]}, ["nowhere"]),
    ],
)
def test_a_domain_that_cannot_be_enumerated_says_which_and_why(model: dict[str, Any], words: list[str]) -> None:
    with pytest.raises((TrialError, ExpressionError)) as caught:
        enumerate_cases(parse({"n": {"integer": [2, 2]}, "x": model}), ["x"], scope())
    assert not [word for word in words if word not in str(caught.value)], caught.value
