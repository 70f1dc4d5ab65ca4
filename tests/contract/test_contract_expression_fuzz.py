"""Any text is an expression or refused; arithmetic has Python's value; nothing else ever happens."""

from __future__ import annotations

import ast
import math
import string
import time
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apr_core.contract.expression import compile_expression
from apr_core.contract.vocabulary import VOCABULARY
from apr_core.errors import ExpressionError

SETTINGS = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


class Trap:
    """A value that notices when anything but an operator is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("__class__", "__iter__", "__bool__", "__len__", "__float__", "__index__"):
            return object.__getattribute__(self, name)  # isinstance and the operators themselves look these up
        raise AssertionError(f"the attribute {name} was read")


NAMES: dict[str, Any] = {"x": 3, "y": -0.5, "w": np.arange(4.0), "s": "ab", "l": [1, 2, 3], "m": {"a": 1}, "t": Trap()}


def attempt(source: str) -> Any:
    """The value, or the refusal; anything else that happens fails the test."""
    start = time.process_time()
    try:
        return compile_expression(source, names=NAMES, functions=VOCABULARY).evaluate(NAMES, VOCABULARY)
    except ExpressionError as error:
        assert error.column >= 0
        return error
    finally:
        assert time.process_time() - start < 10


@SETTINGS
@given(st.text(max_size=60))
def test_arbitrary_text(source: str) -> None:
    attempt(source)


@SETTINGS
@given(st.text(alphabet=string.printable, max_size=60))
def test_arbitrary_printable_text(source: str) -> None:
    attempt(source)


LITERALS = ["0", "1", "2", "7", "-3", "1e308", "0.1", "'k'", "None", "True", "[]", "10**300", "nan", "inf"]
ATOMS = st.sampled_from([*NAMES, *LITERALS])
CALLS = st.sampled_from(sorted(VOCABULARY.keys() - {"files", "size_of", "read_bytes", "read_text"}))


def _extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from(
        [
            "+",
            "-",
            "*",
            "/",
            "//",
            "%",
            "**",
            "@",
            "&",
            "|",
            "^",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "and",
            "or",
            "in",
            "is",
        ]
    )
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(st.sampled_from(["-", "~", "not ", "+"]), inner).map(lambda parts: f"({parts[0]}{parts[1]})"),
        st.tuples(CALLS, st.lists(inner, max_size=3)).map(lambda parts: f"{parts[0]}({', '.join(parts[1])})"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner).map(lambda parts: f"{parts[0]}[{parts[1]}]"),
        st.tuples(inner, inner).map(lambda parts: f"{parts[0]}[{parts[1]}:]"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"[{parts[0]} for v in {parts[1]}]"),
        st.tuples(inner, st.sampled_from(["real", "__class__", "shape", "T"])).map(".".join),
        inner.map(lambda part: f"{{'k': {part}}}"),
    )


@SETTINGS
@given(st.recursive(ATOMS, _extend, max_leaves=12))
def test_any_combination_of_the_languages_parts(source: str) -> None:
    found = attempt(source)
    if "real" in source or "__class__" in source:
        assert isinstance(found, ExpressionError)


@SETTINGS
@given(st.recursive(ATOMS, _extend, max_leaves=8), st.data())
def test_damaged_expressions(source: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(source)))
    attempt(source[:position] + data.draw(st.text(max_size=3)) + source[position + 1 :])


NUMBERS = st.one_of(
    st.integers(-20, 20).map(str),
    st.floats(-100, 100, allow_nan=False).map(repr),
    st.booleans().map(str),
    st.sampled_from(["x", "y"]),
)


def _arithmetic(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from(["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or"])
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(st.sampled_from(["-", "not ", "+"]), inner).map(lambda parts: f"({parts[0]}{parts[1]})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} < {parts[1]} <= {parts[2]})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}][-1]"),
        st.lists(NUMBERS, max_size=3).map(lambda items: f"sum([v * 2 for v in [{', '.join(items)}] if v > 0] + [1])"),
    )


@SETTINGS
@given(st.recursive(NUMBERS, _arithmetic, max_leaves=12))
def test_arithmetic_has_pythons_value(source: str) -> None:
    ast.parse(source, mode="eval")
    values = {"x": 3, "y": -0.5}
    found = compile_expression(source, names=values, functions=VOCABULARY).evaluate(values, {})
    try:
        expected = eval(source, {"__builtins__": {"sum": sum}}, values)  # the reference, on text made above
    except ZeroDivisionError:
        return  # IEEE 754 takes over: told in test_contract_expression
    if isinstance(expected, float) and math.isnan(expected):
        assert math.isnan(found)
    elif "sum(" in source:  # of floats: numpy adds pairwise, Python from left to right
        assert math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)
    else:
        assert found == expected
        assert type(found) is type(expected)
