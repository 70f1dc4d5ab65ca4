"""Expressions: a small closed subset of Python, translated from its syntax tree to closures. There is no `eval`.

The one thing a reader would get wrong: there are no attributes, so no expression reaches a type, a module or a frame.
Values are combined with operators and passed to functions that the contract names, and nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from apr_core.contract.frame import Frame
from apr_core.contract.limits import ELEMENTS
from apr_core.contract.translation import Call, Translation, translate
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY, arity_problem
from apr_core.errors import ExpressionError, did_you_mean

_NEEDS_NAME = frozenset({"before"})
"""Functions whose argument must be a bare name."""
_FEW = 12


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled expression."""

    source: str
    names: frozenset[str]
    """The declared names that it reads; loop variables of comprehensions are not among them."""
    calls: frozenset[str]
    """The functions that it calls."""
    _translation: Translation

    def evaluate(
        self, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]], *, elements: int = ELEMENTS
    ) -> Any:
        """The value, given values for `names` and functions for `calls`; the vocabulary need not be given.

        `elements` is how many elements of lists it may build, walk and compare.

        Raises:
            ExpressionError: a part has no value or exceeds a limit; the message names the part. What a function that
                is not of the vocabulary raises is passed on as it is.
        """
        with np.errstate(all="ignore"):
            return self._translation.run(Frame(self.source, names, functions, elements))


def compile_expression(source: str | float, *, names: Collection[str] | None, functions: Collection[str]) -> Expression:
    """The expression of a source; a number or truth value is its own expression.

    `names` are the names that may be read (None: any), `functions` those that may be called.

    Raises:
        ExpressionError: not in the language, beyond a limit, or using a name or function that is not declared.
    """
    if not isinstance(source, str):
        constant = Translation(lambda frame: source, {}, {}, ())
        return Expression(str(source), frozenset(), frozenset(), constant)
    expression = _compile(source)
    translation = expression._translation
    for call in translation.calls:
        _check_call(call, names, functions)
    for name, column in translation.names.items():
        if names is not None and name not in names:
            raise ExpressionError(_wrong_name(name, names, functions), column)
    for name, column in translation.loops.items():
        if name in functions or name in CONSTANTS or (names is not None and name in names):
            raise ExpressionError(f"the loop variable {name!r} hides a declared name: choose another", column)
    return expression


@functools.lru_cache(maxsize=4096)
def _compile(source: str) -> Expression:
    """The expression of a text, before its names are known."""
    text = source.strip()
    if not text:
        raise ExpressionError("the expression is empty: write a value, such as `norm(x) <= 1`")
    translation = translate(text, indent=len(source) - len(source.lstrip()))
    calls = frozenset(call.name for call in translation.calls)
    return Expression(text, frozenset(translation.names), calls, translation)


def _wrong_name(name: str, names: Collection[str], functions: Collection[str]) -> str:
    if name in functions:
        return f"{name} is a function: call it, as in {name}(…)"
    near = did_you_mean(name, [*names, *functions])
    declared = sorted(set(names) - CONSTANTS.keys())
    known = f" Declared here: {', '.join(declared)}." if 0 < len(declared) <= _FEW else ""
    return f"the name {name!r} is not declared.{near}{known}"


def _check_call(call: Call, names: Collection[str] | None, functions: Collection[str]) -> None:
    """Raises ExpressionError for a call of something that is not a function, or with the wrong number of arguments."""
    name = call.name
    if name not in functions:
        if names is not None and name in names:
            raise ExpressionError(f"{name} is a value, not a function: declare functions in `subjects`", call.column)
        near = did_you_mean(name, functions)
        only = "Only `subjects` and the vocabulary can be called."
        raise ExpressionError(f"there is no function {name!r}.{near} {only}", call.column)
    if name in _NEEDS_NAME and not call.bare:
        raise ExpressionError(f"{name}(…) takes one declared name, as in {name}(x)", call.column)
    problem = arity_problem(name, call.positional, call.keywords) if name in VOCABULARY else None
    if problem is not None:
        raise ExpressionError(problem, call.column)
