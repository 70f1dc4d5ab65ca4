"""What every kind of input shares: the scope of its expressions, the order of drawing, and the case that is drawn.

The one thing a reader would get wrong: an expression without inputs is not always a constant. One that calls a subject
is evaluated for every case, because a planted fault may change what the subject gives.
"""

from __future__ import annotations

import ast
import math
import numbers
import operator
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, TypeVar

from apr_core.compiler.describe import describe
from apr_core.compiler.fill import DRAWS
from apr_core.contract.expression import compile_expression
from apr_core.contract.inputs import (
    DTYPES,
    BytesInput,
    FileInput,
    Input,
    IntegerInput,
    ListInput,
    NearInput,
    PermutationInput,
    RealInput,
    RotateInput,
    RowsInput,
    Source,
    StrategyInput,
    TensorInput,
    TextInput,
    TokensInput,
)
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import ExpressionError, TrialError, did_you_mean

_Number = TypeVar("_Number", int, float)

MAX_ELEMENTS = 2**27
"""The largest array that is drawn: a gigabyte in float64."""


class Case(dict[str, Any]):
    """The values of one case by name, and the private folders that go with them."""

    __slots__ = ("folders",)

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__(values)
        self.folders: list[Path] = []

    def new_folder(self, workroot: Path) -> Path:
        """A private empty folder below `workroot`, removed with the case. Its name is no part of any decision."""
        folder = Path(tempfile.mkdtemp(prefix="case-", dir=workroot))
        self.folders.append(folder)
        return folder

    def remove_folders(self) -> None:
        """Delete the folders and what the subject left in them."""
        while self.folders:
            shutil.rmtree(self.folders.pop(), ignore_errors=True)


@dataclass(frozen=True)
class Scope:
    """What the expressions in inputs may use, besides other inputs and the built-in constants."""

    names: Mapping[str, Any]
    """The contract's constants and setup objects."""
    functions: Mapping[str, Callable[..., Any]]
    """The vocabulary and the subjects."""


@dataclass(frozen=True)
class Quantity:
    """A literal or a compiled expression that belongs to one input."""

    source: Source
    where: str
    """The input, as messages name it."""
    needs: tuple[str, ...]
    """The inputs that it reads."""
    fixed: bool
    """Whether it is the same in every case."""
    evaluate: Callable[[Case], Any]
    """Its value in a case that holds the inputs it needs."""

    def whole(self, case: Case) -> int:
        """The value as a whole number; a float counts when it is one (sums are floats).

        Raises:
            TrialError: it is not a whole number.
        """
        value = self.evaluate(case)
        if type(value) is int:
            return value
        if type(value) is not bool and isinstance(value, numbers.Integral):
            return int(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        raise self.refused(value, case, "a whole number is needed. Use `//` to divide whole numbers")

    def real(self, case: Case) -> float:
        """The value as a float64.

        Raises:
            TrialError: it is not a number, or is NaN.
        """
        value = self.evaluate(case)
        if type(value) is not bool and isinstance(value, numbers.Real) and not math.isnan(value):
            return float(value)
        raise self.refused(value, case, "a number is needed")

    def refused(self, value: Any, case: Case, reason: str) -> TrialError:
        """The error for a value that the input cannot use."""
        return TrialError(f"{self.where}: {self.source!r} gave {describe(value)}{given(self.needs, case)}; {reason}.")


def given(needs: Iterable[str], case: Case) -> str:
    """` for n = 3, m = 4`, or nothing: the part of a message that says for which inputs."""
    values = ", ".join(f"{name} = {describe(case[name])}" for name in needs)
    return f" for {values}" if values else ""


@dataclass(frozen=True)
class Span:
    """Two bounds, both included."""

    low: Quantity
    high: Quantity

    @property
    def fixed(self) -> bool:
        """Whether both are the same in every case."""
        return self.low.fixed and self.high.fixed

    def whole(self, case: Case) -> tuple[int, int]:
        """Lowest and highest as whole numbers.

        Raises:
            TrialError: one is not a whole number, or the lowest is above the highest.
        """
        return self._ordered(self.low.whole(case), self.high.whole(case), case)

    def sizes(self, case: Case) -> tuple[int, int]:
        """Fewest and most, not negative; TrialError as for `whole`."""
        low, high = self.whole(case)
        if low < 0:
            raise self.low.refused(low, case, "a size cannot be negative")
        return low, high

    def real(self, case: Case) -> tuple[float, float]:
        """Lowest and highest as float64; an infinity means no bound on that side. TrialError as for `whole`."""
        low, high = self.low.real(case), self.high.real(case)
        if low == math.inf:
            raise self.low.refused(low, case, "the lowest value must be below infinity")
        if high == -math.inf:
            raise self.high.refused(high, case, "the highest value must be above minus infinity")
        return self._ordered(low, high, case)

    def _ordered(self, low: _Number, high: _Number, case: Case) -> tuple[_Number, _Number]:
        if low <= high:
            return low, high
        needs = dict.fromkeys((*self.low.needs, *self.high.needs))
        raise TrialError(
            f"{self.low.where}: the bounds [{self.low.source}, {self.high.source}] are {low!r} and {high!r}"
            f"{given(needs, case)}, and nothing lies between. Swap them, or bound the inputs they depend on."
        )


@dataclass(frozen=True)
class Context:
    """Everything that turning an input into a domain may need."""

    inputs: Mapping[str, Input]
    scope: Scope
    resolve: Callable[[str], Callable[..., Any]]
    """Import string of a `strategy` input → the function; raises SubjectError."""
    workroot: Path
    """Where private folders are made."""

    def quantity(self, source: Source, where: str) -> Quantity:
        """Compile a literal or an expression.

        Raises:
            ExpressionError: it is outside the language, or reads something undeclared.
        """
        if not isinstance(source, str):
            return Quantity(source, where, (), True, lambda case: source)
        names = {**CONSTANTS, **self.scope.names}
        functions = self.scope.functions
        expression = compile_expression(source, names={*names, *self.inputs}, functions=functions.keys())
        if expression.source in self.inputs:  # most bounds are the name of an input
            return Quantity(source, where, (expression.source,), False, operator.itemgetter(expression.source))
        needs = tuple(name for name in self.inputs if name in expression.names)
        known = {name: names[name] for name in expression.names.difference(needs)}

        def evaluate(case: Case) -> Any:
            try:
                return expression.evaluate(known | {name: case[name] for name in needs}, functions)
            except ExpressionError as error:
                raise ExpressionError(f"{where}{given(needs, case)}: {error}", error.column) from None

        if needs or expression.calls.difference(VOCABULARY):
            return Quantity(source, where, needs, False, evaluate)
        value = evaluate(Case())
        return Quantity(source, where, (), True, lambda case: value)

    def span(self, bounds: list[Source], where: str) -> Span:
        """Compile two bounds; ExpressionError as for `quantity`."""
        low, high = bounds
        return Span(self.quantity(low, where), self.quantity(high, where))

    def lookup(self, name: str, case: Case) -> Any:
        """The value of an input, a constant or a setup object."""
        return case[name] if name in self.inputs else self.scope.names[name]

    def demand(self, name: str, where: str) -> None:
        """Raise TrialError unless `name` is an input, a constant or a setup object."""
        if name not in self.inputs and name not in self.scope.names:
            known = [*self.inputs, *self.scope.names]
            raise TrialError(
                f"{where}: {name!r} is not declared; declared are {', '.join(known) or 'no names'}."
                f"{did_you_mean(name, known)}"
            )


_EXPRESSIONS: dict[type, Callable[[Any], Iterable[Source]]] = {
    IntegerInput: lambda model: model.integer,
    RealInput: lambda model: model.real,
    TextInput: lambda model: model.text,
    BytesInput: lambda model: model.bytes,
    ListInput: lambda model: model.size,
    TensorInput: lambda model: model.tensor,
    NearInput: lambda model: model.relative if isinstance(model.relative, list) else [model.relative],
    RotateInput: lambda model: [model.by],
    TokensInput: lambda model: [*model.tokens, model.vocabulary],
    RowsInput: lambda model: model.size,
    FileInput: lambda model: [model.file.from_],
    StrategyInput: lambda model: model.arguments.values(),
}
"""Kind of input → its literals and expressions."""

_NAMES: dict[type, Callable[[Any], Iterable[Any]]] = {
    PermutationInput: lambda model: [model.permutation],
    # an input may itself be called `normal`: a word of the language is never a reference
    TensorInput: lambda model: [word for word in (model.dtype, model.draw) if word not in (*DTYPES, *DRAWS)],
    NearInput: lambda model: [model.near],
    RotateInput: lambda model: [model.rotate],
}
"""Kind of input → its fields that may hold the name of another."""

_PARTS: dict[type, Callable[[Any], Iterable[Input]]] = {
    ListInput: lambda model: [model.list],
    RowsInput: lambda model: model.rows.values(),
}
"""Kind of input → the domains inside it."""


def references(model: Input) -> set[str]:
    """The names that an input refers to: inputs, constants, setup objects, and the functions it calls."""
    names = {name for name in _NAMES.get(type(model), _nothing)(model) if isinstance(name, str)}
    for source in _EXPRESSIONS.get(type(model), _nothing)(model):
        if isinstance(source, str):
            names |= _read(source)
    for part in _PARTS.get(type(model), _nothing)(model):
        names |= references(part)
    return names


def _nothing(model: Input) -> tuple[()]:
    return ()


def _read(source: str) -> set[str]:
    try:
        tree = ast.parse(source.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return set()  # compiling it says what is wrong, and where
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def order(needed: Iterable[str], context: Context) -> list[str]:
    """The needed inputs and all that they refer to, each after what it refers to, otherwise as declared.

    Raises:
        TrialError: a needed input is not declared, or inputs refer to each other in a circle.
    """
    graph: dict[str, set[str]] = {}
    waiting = list(needed)
    while waiting:
        name = waiting.pop()
        if name not in context.inputs:
            known = list(context.inputs)
            raise TrialError(f"input {name!r} is needed but not declared.{did_you_mean(name, known)}")
        if name not in graph:
            graph[name] = references(context.inputs[name]) & context.inputs.keys()
            waiting += graph[name]
    try:
        return _stable(graph, list(context.inputs))
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise TrialError(f"the inputs refer to each other in a circle: {circle}. Make one of them a literal.") from None


def _stable(graph: dict[str, set[str]], declared: list[str]) -> list[str]:
    """A topological order that takes, among the inputs that are ready, the one declared first."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    ready: set[str] = set()
    done: list[str] = []
    while sorter.is_active():
        ready.update(sorter.get_ready())
        name = min(ready, key=declared.index)
        ready.remove(name)
        sorter.done(name)
        done.append(name)
    return done
