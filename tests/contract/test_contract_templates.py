"""Templates become the equivalences that an author would have written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from apr_core.compiler.templates import expand
from apr_core.contract.expression import compile_expression
from apr_core.contract.inputs import RealInput
from apr_core.contract.obligations import (
    AnyObligation,
    Equivalence,
    Idempotence,
    Invariance,
    Linearity,
    Roundtrip,
    Symmetry,
)
from apr_core.contract.templates import apply
from apr_core.contract.vocabulary import VOCABULARY
from apr_core.errors import ExpressionError

COMMON: dict[str, Any] = {"id": "X", "claim": "c", "tolerance": {"ulp": 1}}


@pytest.mark.parametrize(
    ("template", "left", "right"),
    [
        (Roundtrip(template="roundtrip", forward="f", backward="g", of="x", **COMMON), "g(f(x))", "x"),
        (
            Roundtrip(template="roundtrip", forward="f(_, 2)", backward="_ - 1", of="x + 1", **COMMON),
            "f(x + 1, 2) - 1",
            "x + 1",
        ),
        (Idempotence(template="idempotence", function="f", of="x", **COMMON), "f(f(x))", "f(x)"),
        (
            Idempotence(template="idempotence", function="_ * 2", of="x + 1", **COMMON),
            "((x + 1) * 2) * 2",
            "(x + 1) * 2",
        ),
        (
            Linearity(template="linearity", function="f", of=["x", "-y"], scalars=[2, "a - b"], **COMMON),
            "f(2 * x + (a - b) * (-y))",
            "2 * f(x) + (a - b) * f(-y)",
        ),
        (Symmetry(template="symmetry", function="f", of=["x", "1, 2"], **COMMON), "f(x, (1, 2))", "f((1, 2), x)"),
        (Invariance(template="invariance", function="f(_)[0]", under="-_", of="x", **COMMON), "f(-x)[0]", "f(x)[0]"),
    ],
)
def test_what_each_template_expands_to(template: AnyObligation, left: str, right: str) -> None:
    expanded = expand(template)
    assert isinstance(expanded, Equivalence)
    assert (expanded.left, expanded.right) == (left, right)


def test_everything_else_of_the_obligation_is_kept() -> None:
    template = Roundtrip(
        template="roundtrip", forward="f", backward="g", of="x", id="X", claim="c", tolerance={"relative": 0.5},
        criteria=["AC-1"], inputs={"x": {"real": [0, 1]}}, where="x > 0", let={"y": "x"}, expect="falsified", if_falsified="why",
    )  # fmt: skip
    expanded = expand(template)
    assert expanded.model_dump(exclude={"type", "left", "right"}) == template.model_dump(
        exclude={"template", "forward", "backward", "of"}
    )
    assert expanded.inputs["x"] == RealInput(real=[0, 1])


def test_an_obligation_that_is_no_template_is_itself() -> None:
    plain = Equivalence(type="equivalence", left="a", right="b", **COMMON)
    assert expand(plain) is plain


@pytest.mark.parametrize(
    ("function", "argument", "text"),
    [
        ("f", "x", "f(x)"),
        (" f ", "x + 1", "f(x + 1)"),
        ("f", "x, y", "f((x, y))"),
        ("_", "x", "x"),
        ("_ @ w", "x + y", "(x + y) @ w"),
        ("_[0]", "x + y", "(x + y)[0]"),
        ("f(_, k=_)", "x + 1", "f(x + 1, k=(x + 1))"),
        ("[_ + v for v in vs]", "x", "[x + v for v in vs]"),
        ("f('_', é_(_))".replace("é_", "g"), "x", "f('_', g(x))"),
        ("f('é', _)", "'ü'", "f('é', 'ü')"),
        ("f(_)", "1 if a else 2", "f(1 if a else 2)"),
        ("_ ** 2", "-x", "(-x) ** 2"),
    ],
)
def test_the_argument_takes_the_place_of_the_underscore(function: str, argument: str, text: str) -> None:
    assert apply(function, argument) == text


@pytest.mark.parametrize(
    ("function", "argument", "says"),
    [
        ("f(1)", "x", "has no `_` for the argument"),
        ("'_'", "x", "has no `_` for the argument"),
        ("[_ + x for x in xs]", "x", "the loop variable 'x' is also a name in 'x'"),
        ("f(", "x", "cannot be read"),
        ("f", "x +", "cannot be read"),
        ("_ + " * 500 + "_", "x" * 500, "at most 4,000"),
    ],
)
def test_a_function_that_cannot_be_applied_is_refused(function: str, argument: str, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(apply(function, argument), names=None, functions={"f"})
    assert says in str(caught.value)


def test_an_expansion_means_what_the_template_says() -> None:
    template = Linearity(
        template="linearity", function="f(_) / 2", of=["x", "y - 1"], scalars=["a + 1", -0.5], **COMMON
    )
    expanded = expand(template)
    names = {"x": np.array([1.0, 2.0]), "y": np.array([3.0, 5.0]), "a": 2}
    functions = {**VOCABULARY, "f": lambda v: v * 3}
    sides = [
        compile_expression(side, names=names, functions=functions).evaluate(names, functions)
        for side in (expanded.left, expanded.right)
    ]
    expected = (3 * names["x"] - 0.5 * (names["y"] - 1)) * 3 / 2
    assert np.array_equal(sides[0], expected)
    assert np.array_equal(sides[1], expected)
