"""Typed inputs as Hypothesis strategies: one strategy draws everything that an obligation needs.

A domain that depends on no other input is a plain Hypothesis strategy, built once. The one thing a reader would get
wrong: all inputs are drawn by one composite in dependency order, not by `fixed_dictionaries` or `flatmap`; it is the
fastest of the three and the only one that can remove the folders of a case that was abandoned half drawn.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from apr_core.compiler.describe import describe
from apr_core.compiler.domain import Case, Context, Scope, Span, order, references
from apr_core.compiler.files import file
from apr_core.compiler.tensors import Drawer, near, rotate, tensor, tokens
from apr_core.contract.inputs import (
    BooleanInput,
    BytesInput,
    ChoiceInput,
    FileInput,
    Input,
    IntegerInput,
    ListInput,
    NearInput,
    PermutationInput,
    RealInput,
    RotateInput,
    RowsInput,
    StrategyInput,
    TensorInput,
    TextInput,
    TokensInput,
    WorkdirInput,
)
from apr_core.errors import AprError, TrialError, Untestable

__all__ = ["Case", "Scope", "environment", "references"]

_LARGEST = sys.float_info.max

Domain = st.SearchStrategy[Any] | Drawer
"""A strategy, or, where it depends on the case or makes folders, a function that draws."""


@dataclass(frozen=True)
class Dependent:
    """A drawer whose strategy is known as soon as the case is: a list needs it once, not once per element."""

    strategy: Callable[[Case], st.SearchStrategy[Any]]

    def __call__(self, draw: st.DrawFn, case: Case) -> Any:
        return draw(self.strategy(case))


def environment(
    inputs: Mapping[str, Input],
    needed: Iterable[str],
    scope: Scope,
    *,
    resolve: Callable[[str], Callable[..., Any]],
    workroot: Path,
) -> st.SearchStrategy[Case]:
    """A strategy for the needed inputs and those that they refer to.

    Args:
        inputs: domains by name, in the order of declaration.
        needed: which of them to draw.
        scope: what their expressions may use besides each other.
        resolve: import string of a `strategy` input → the function that returns a strategy.
        workroot: an existing folder, in which the private folders of the cases are made. The caller removes those of
            the cases it got (`Case.folders`), the strategy those of the cases that it gave up.

    Raises:
        ExpressionError: an expression is outside the language.
        TrialError: an input cannot be drawn, here or (when it depends on others) while drawing.
        Untestable: an input needs a library that is not installed.
        SubjectError: raised by `resolve`.
    """
    context = Context(inputs, scope, resolve, workroot)
    steps = [(name, _drawer(_domain(inputs[name], f"input {name!r}", context))) for name in order(needed, context)]

    @st.composite
    def cases(draw: st.DrawFn) -> Case:
        case = Case()
        name = ""
        try:
            for name, take in steps:
                case[name] = take(draw, case)
        except InvalidArgument as error:
            case.remove_folders()
            raise TrialError(f"input {name!r} cannot be drawn: {error}.") from error
        except BaseException:  # Hypothesis gives up a case by raising
            case.remove_folders()
            raise
        return case

    return cases()


def _domain(model: Input, where: str, context: Context) -> Domain:
    domain = DOMAINS[type(model)](model, where, context)
    if isinstance(domain, st.SearchStrategy):
        try:
            domain.validate()
        except InvalidArgument as error:
            raise TrialError(f"{where} cannot be drawn: {error}.") from error
    return domain


def _drawer(domain: Domain) -> Drawer:
    if not isinstance(domain, st.SearchStrategy):
        return domain
    return lambda draw, case: draw(domain)


def _strategy_in(domain: Domain, case: Case) -> st.SearchStrategy[Any]:
    if isinstance(domain, st.SearchStrategy):
        return domain
    return domain.strategy(case) if isinstance(domain, Dependent) else _drawn(domain, case)


@st.composite
def _drawn(draw: st.DrawFn, take: Drawer, case: Case) -> Any:
    return take(draw, case)


def _bounded(
    span: Span, read: Callable[[Span, Case], tuple[Any, Any]], make: Callable[[Any, Any], st.SearchStrategy[Any]]
) -> Domain:
    """The strategy that `make` builds from two bounds: once if they are fixed, else for every case."""
    if span.fixed:
        return make(*read(span, Case()))
    return Dependent(lambda case: make(*read(span, case)))


def _integer(model: IntegerInput, where: str, context: Context) -> Domain:
    return _bounded(context.span(model.integer, where), Span.whole, st.integers)


def _real(model: RealInput, where: str, context: Context) -> Domain:
    def make(low: float, high: float) -> st.SearchStrategy[float]:
        # Hypothesis takes an infinite bound for "infinity is in the domain"
        return st.floats(max(low, -_LARGEST), min(high, _LARGEST), allow_nan=False, allow_infinity=False)

    return _bounded(context.span(model.real, where), Span.real, make)


def _boolean(model: BooleanInput, where: str, context: Context) -> Domain:
    return st.booleans()


def _choice(model: ChoiceInput, where: str, context: Context) -> Domain:
    return _own(st.sampled_from(model.choice), model.choice)


def _own(strategy: st.SearchStrategy[Any], values: Iterable[Any]) -> st.SearchStrategy[Any]:
    """The strategy, with copies where a subject could otherwise change the contract's own lists and maps."""
    return strategy.map(copy.deepcopy) if any(isinstance(value, (list, dict)) for value in values) else strategy


def _text(model: TextInput, where: str, context: Context) -> Domain:
    alphabet: str | st.SearchStrategy[str] = model.alphabet or st.characters(exclude_categories=["Cs"])
    span = context.span(model.text, where)
    return _bounded(span, Span.sizes, lambda low, high: st.text(alphabet, min_size=low, max_size=high))


def _bytes(model: BytesInput, where: str, context: Context) -> Domain:
    span = context.span(model.bytes, where)
    return _bounded(span, Span.sizes, lambda low, high: st.binary(min_size=low, max_size=high))


def _list(model: ListInput, where: str, context: Context) -> Domain:
    element = _domain(model.list, f"{where}, element", context)
    if model.unique and isinstance(model.list, BooleanInput):
        element = st.sampled_from((False, True))  # from listed values Hypothesis draws unequal ones without discarding
    return _listed(element, context.span(model.size, where), identity if model.unique else None)


def _rows(model: RowsInput, where: str, context: Context) -> Domain:
    fields = {name: _domain(field, f"{where}, field {name!r}", context) for name, field in model.rows.items()}
    span = context.span(model.size, where)

    def row(case: Case) -> st.SearchStrategy[Any]:
        return st.fixed_dictionaries({name: _strategy_in(field, case) for name, field in fields.items()})

    if all(isinstance(field, st.SearchStrategy) for field in fields.values()):
        return _listed(row(Case()), span, None)
    return _listed(Dependent(row), span, None)


def _listed(element: Domain, span: Span, unique_by: Callable[[Any], Any] | None) -> Domain:
    def make(case: Case) -> st.SearchStrategy[Any]:
        low, high = span.sizes(case)
        return st.lists(_strategy_in(element, case), min_size=low, max_size=high, unique_by=unique_by)

    return make(Case()) if span.fixed and isinstance(element, st.SearchStrategy) else Dependent(make)


def identity(value: Any) -> Any:
    """Something hashable that is equal exactly for equal values; lists, maps and arrays included."""
    if isinstance(value, (list, tuple)):
        return (type(value), *map(identity, value))
    if isinstance(value, dict):
        return frozenset((key, identity(item)) for key, item in value.items())
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return (str(value.dtype), tuple(value.shape), identity(value.tolist()))
    return value


def _permutation(model: PermutationInput, where: str, context: Context) -> Domain:
    if isinstance(model.permutation, list):
        return _own(st.permutations(model.permutation), model.permutation)
    name = model.permutation
    context.demand(name, where)

    def orders(case: Case) -> st.SearchStrategy[Any]:
        values = ordered(name, where, context, case)
        return _own(st.permutations(values), values)

    return Dependent(orders)


def ordered(name: str, where: str, context: Context, case: Case) -> list[Any]:
    """The values of which a permutation is drawn, by name; TrialError if they are no list."""
    values = context.lookup(name, case)
    if not isinstance(values, (list, tuple)):
        raise TrialError(f"{where}: {name} = {describe(values)} has no order to permute. Name a list.")
    return list(values)


def _workdir(model: WorkdirInput, where: str, context: Context) -> Domain:
    return lambda draw, case: case.new_folder(context.workroot)


def _strategy(model: StrategyInput, where: str, context: Context) -> Domain:
    function = context.resolve(model.strategy)
    arguments = {
        name: context.quantity(source, f"{where}, argument {name!r}") for name, source in model.arguments.items()
    }

    def make(case: Case) -> st.SearchStrategy[Any]:
        values = {name: argument.evaluate(case) for name, argument in arguments.items()}
        try:
            made = function(**values)
        except (AprError, Untestable):
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise TrialError(f"{where}: {model.strategy} failed with {describe(values)}: {reason}.") from error
        if isinstance(made, st.SearchStrategy):
            return made
        raise TrialError(
            f"{where}: {model.strategy} returned {describe(made)}, no Hypothesis strategy. Name a function that does."
        )

    return make(Case()) if all(argument.fixed for argument in arguments.values()) else Dependent(make)


DOMAINS: dict[type, Callable[[Any, str, Context], Domain]] = {
    IntegerInput: _integer,
    RealInput: _real,
    BooleanInput: _boolean,
    ChoiceInput: _choice,
    TextInput: _text,
    BytesInput: _bytes,
    ListInput: _list,
    PermutationInput: _permutation,
    TensorInput: tensor,
    NearInput: near,
    RotateInput: rotate,
    TokensInput: tokens,
    RowsInput: _rows,
    FileInput: file,
    WorkdirInput: _workdir,
    StrategyInput: _strategy,
}
"""Kind of input → how its domain is built."""
