"""Every case of a finite domain, for `cases: exhaustive`.

The one thing a reader would get wrong: the cases are counted before the first is given out, so that a domain beyond the
limit is an error at once and never a claim tried on some arbitrary part of it.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from apr_core.compiler.domain import Case, Context, Scope, order
from apr_core.compiler.strategies import identity, ordered
from apr_core.contract.inputs import (
    BooleanInput,
    ChoiceInput,
    Input,
    IntegerInput,
    ListInput,
    PermutationInput,
)
from apr_core.errors import SubjectError, TrialError

Values = Callable[[Case], Iterator[Any]]
"""The values of one input, simplest first, in a case that holds the inputs it refers to."""


def enumerate_cases(
    inputs: Mapping[str, Input], needed: Iterable[str], scope: Scope, limit: int = 100_000
) -> Iterator[Case]:
    """Every case of the needed inputs and those that they refer to, the last varying fastest, simplest values first.

    Raises:
        ExpressionError: an expression in an input is outside the language.
        TrialError: an input has no finite domain, bounds hold nothing, or there are more than `limit` cases.
    """
    context = Context(inputs, scope, _no_strategies, Path())
    steps = [(name, _values(inputs[name], f"input {name!r}", context, limit)) for name in order(needed, context)]
    count = sum(1 for _ in itertools.islice(_cases(steps, Case()), limit + 1))
    names = ", ".join(name for name, _ in steps)
    if count > limit:
        raise TrialError(
            f"the inputs {names} have more than {limit:,} cases (counting stopped at {count:,}), too many for "
            "`cases: exhaustive`. Narrow their bounds, or write `cases: sampled`."
        )
    if count == 0:
        raise TrialError(
            f"the inputs {names} have no case at all: some list asks for more unequal elements than there are. Shorten "
            "it, or widen its elements."
        )
    return _cases(steps, Case())


def _no_strategies(reference: str) -> Callable[..., Any]:
    raise SubjectError(f"{reference}: a strategy has no finite domain.")


def _cases(steps: list[tuple[str, Values]], case: Case) -> Iterator[Case]:
    if len(case) == len(steps):
        yield Case(copy.deepcopy(dict(case)))
        return
    name, values = steps[len(case)]
    for value in values(case):
        case[name] = value
        yield from _cases(steps, case)
        del case[name]


def _values(model: Input, where: str, context: Context, limit: int) -> Values:
    build = VALUES.get(type(model))
    if build is None:
        kind = next(iter(type(model).model_fields))
        raise TrialError(
            f"{where}: {kind} has no finite domain to enumerate. `cases: exhaustive` takes integer, boolean, choice, "
            "permutation, and lists of these; write `cases: sampled`, or choose from listed values."
        )
    return build(model, where, context, limit)


def _integers(model: IntegerInput, where: str, context: Context, limit: int) -> Values:
    span = context.span(model.integer, where)
    return lambda case: _outwards(*span.whole(case))


def _outwards(low: int, high: int) -> Iterator[int]:
    """low … high, nearest to zero first; of two equally near the positive one."""
    if high <= 0:
        yield from range(high, low - 1, -1)
    elif low >= 0:
        yield from range(low, high + 1)
    else:
        yield 0
        for size in range(1, max(-low, high) + 1):
            yield from (value for value in (size, -size) if low <= value <= high)


def _booleans(model: BooleanInput, where: str, context: Context, limit: int) -> Values:
    return lambda case: iter((False, True))


def _choices(model: ChoiceInput, where: str, context: Context, limit: int) -> Values:
    values = list({repr(value): value for value in model.choice}.values())
    return lambda case: iter(values)


def _permutations(model: PermutationInput, where: str, context: Context, limit: int) -> Values:
    if isinstance(model.permutation, list):
        listed = model.permutation
        return lambda case: _orders(listed)
    name = model.permutation
    context.demand(name, where)
    return lambda case: _orders(ordered(name, where, context, case))


def _orders(values: list[Any]) -> Iterator[list[Any]]:
    """Every order once, also where values repeat, beginning with the order given."""
    if not values:
        yield []
    tried: set[str] = set()
    for index, head in enumerate(values):
        if repr(head) not in tried:  # 1, 1.0 and true are equal in Python and different in a contract
            tried.add(repr(head))
            for tail in _orders(values[:index] + values[index + 1 :]):
                yield [head, *tail]


def _lists(model: ListInput, where: str, context: Context, limit: int) -> Values:
    element = _values(model.list, f"{where}, element", context, limit)
    span = context.span(model.size, where)

    def lists(case: Case) -> Iterator[list[Any]]:
        pool = list(itertools.islice(element(case), limit + 1))  # more are too many whatever the size, unless that is 0
        if model.unique:
            pool = list({identity(value): value for value in pool}.values())
        low, high = span.sizes(case)
        for size in range(low, high + 1):
            found = itertools.permutations(pool, size) if model.unique else itertools.product(pool, repeat=size)
            yield from map(list, found)

    return lists


VALUES: dict[type, Callable[[Any, str, Context, int], Values]] = {
    IntegerInput: _integers,
    BooleanInput: _booleans,
    ChoiceInput: _choices,
    PermutationInput: _permutations,
    ListInput: _lists,
}
"""Kind of input → its values."""
