"""No expression asks for more than its bounds, crashes the parser, or leads out of the language."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from apr_core.contract.expression import compile_expression
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import ExpressionError


def refusal(source: str, /, **names: Any) -> str:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, names={*names, *CONSTANTS}, functions=VOCABULARY).evaluate(names, VOCABULARY)
    return str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "10 ** 10 ** 10",
        "(10 ** 1000) ** 2",
        "2 ** 4097",
        "(2 ** 4000) * (2 ** 4000)",
        "int('9' * 4000)",
        "'a' * 10 ** 9",
        "10 ** 9 * 'a'",
        "[0] * 10 ** 9",
        "[[0] * 10 ** 3] * 10 ** 4",
        "[[[0] * 100] * 100] * 101",
        "[0] * 10 ** 6 + [0]",
        "[x for x in range(10 ** 6)] + [x for x in range(2)]",
        "range(10 ** 12)",
        "list(range(1000001))",
        "[[0] * 1000 for x in range(1001)]",
        "[b, b, b]",
        "(b, b, b) == (b, b, b)",
        "sum([b, b, b])",
        "b in [b, b]",
        "sorted([b, b, b])",
        "set([tuple(b)] * 3)",
        "concatenate([w] * 999999)",
        "reshape(w, -1, 1) * reshape(w, 1, -1)",
        "reshape(w, -1, 1) @ reshape(w, 1, -1)",
        "reshape(w, -1, 1) < reshape(w, 1, -1)",
        "reshape(w, 16, -1)[[0] * 999999]",
    ],
)
def test_no_expression_asks_for_more_than_its_bounds(source: str) -> None:
    message = refusal(source, b=[[0] * 400_000], w=np.zeros(1 << 15))
    assert "at most" in message or "more than" in message


@pytest.mark.parametrize(
    "source",
    [
        "(" * 1000 + "1" + ")" * 1000,
        "-" * 3999 + "1",
        "not " * 900 + "1",
        "1 + " * 60 + "1",
        "[" * 190 + "]" * 190,
        "x[" * 190 + "0" + "]" * 190,
        "x[(1," * 90 + "0" + ")]" * 90,
        "norm(" * 190 + "x" + ")" * 190,
        "x" + ".a" * 1900,
        "1 if x else " * 300 + "1",
        "lambda: " * 450 + "1",
        "1 < " * 900 + "1",
        "[" + "1," * 600 + "]",
        "{" + "1:1," * 600 + "}",
        "1" * 3999,
        "0x" + "f" * 3000,
        "'" + "a" * 4000 + "'",
        "(x, " * 190 + "1" + ")" * 190,
        "yield " * 500,
        "*" * 3999,
        "\\" * 3999,
        "a" * 4000,
        "f'{" * 300 + "}'" * 300,
    ],
)
def test_hostile_source_is_refused_and_never_crashes(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, names={"x"}, functions=VOCABULARY)
    assert len(str(caught.value)) < 5_000


ESCAPES = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "x['__class__']",
    "''.join",
    "'{0.__class__}'.format(x)",
    "'%(__class__)s' % x",
    "f'{x.__class__}'",
    "getattr(x, 'real')",
    "vars()",
    "globals()",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "type(x)",
    "object()",
    "breakpoint()",
    "(lambda: 0).__globals__",
    "[c for c in ().__class__.__base__.__subclasses__()]",
    "norm.__globals__",
    "norm.__wrapped__",
    "str.mro()",
    "list[int]",
    "list",
    "int.from_bytes(b'1')",
    "digest(norm)",
    "sorted([3, 1], key=print)",
    "zip(*x)",
    "dict(a=1)",
    "help()",
    "__builtins__",
    "__name__",
    "__debug__()",
    "(yield 1)",
    "await x",
    "x if (y := x) else y",
    "print(1, file=x)",
    "map(norm, [1])",
    "read_bytes('/etc/passwd')",
    "files('/')",
    "size_of(b'/')",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_no_expression_leads_out_of_the_language(source: str) -> None:
    assert refusal(source, x=[1.0], y=2)
