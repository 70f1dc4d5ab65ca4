"""From an obligation to a check: a function of one case that returns, or raises `Refutation`.

One function per obligation type, in the table `CHECKS`. The one thing a reader would get wrong: a check gets two sets of
functions, guarded (every argument a fresh copy, watched for changes) and direct; only `frame`, `rejection` and `cost`, whose
whole point is what the call does, use the direct ones.
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from apr_core.compiler.compare import compare
from apr_core.compiler.describe import describe
from apr_core.compiler.effects import try_cost, try_frame, try_rejection
from apr_core.compiler.values import truth
from apr_core.contract.expression import Expression, compile_expression
from apr_core.contract.obligations import (
    Bound,
    Cost,
    Equivalence,
    Frame,
    Holds,
    Monotone,
    PropertyObligation,
    Rejection,
)
from apr_core.contract.vocabulary import CONSTANTS, to_float64
from apr_core.errors import Refutation, TrialError

Names = dict[str, Any]
Functions = Mapping[str, Callable[..., Any]]

SECOND = "second value of "
"""Prefix of the extra input that `monotone` draws; no contract can spell it."""


class Discard(Exception):  # noqa: N818 - a signal
    """The case does not meet the preconditions."""


@dataclass(frozen=True)
class World:
    """What expressions see besides the case."""

    names: Mapping[str, Any]
    """Constants and setup objects."""
    functions: Functions
    """The vocabulary and the subjects, each behind its guard: fresh copies in, changes noticed."""
    direct: Functions
    """The vocabulary and the subjects on the values themselves; an exception is still a refutation."""
    bare: Functions
    """The vocabulary and the subjects as they are."""


@dataclass(frozen=True)
class Check:
    """One obligation, ready to be tried."""

    needed: frozenset[str]
    """Inputs that must be drawn."""
    run: Callable[[Names], None]
    """Tries one case. Raises Refutation, Discard, or an AprError."""


@dataclass
class Expressions:
    """Compiles the expressions of one obligation and remembers which names they read."""

    declared: Collection[str]
    functions: Collection[str]
    read: set[str] = field(default_factory=set)
    extra: set[str] = field(default_factory=set)
    """Names bound by `let` and `for_each` so far."""

    def __call__(self, source: Any, *, functions: Collection[str] = (), names: Collection[str] = ()) -> Expression:
        """One expression over everything declared so far, and what is given."""
        scope = {*self.declared, *self.extra, *names}
        compiled = compile_expression(source, names=scope, functions={*self.functions, *functions})
        self.read |= compiled.names - set(names)
        return compiled


def build(obligation: PropertyObligation, inputs: Collection[str], world: World) -> Check:
    """Compile one obligation (templates already expanded) against the inputs and the world it lives in.

    Raises:
        ExpressionError: an expression is outside the language. The loader has normally reported it before.
    """
    compiler = Expressions({*inputs, *world.names, *CONSTANTS}, {*world.functions})
    prepare = _preparation(obligation, compiler, world)
    decide = CHECKS[type(obligation)](obligation, compiler, world)
    base = {**CONSTANTS, **world.names}

    def run(case: Names) -> None:
        names = {**base, **case}
        if isinstance(obligation, Monotone):
            low, high = sorted((case[obligation.in_], case[SECOND + obligation.in_]))
            if low == high:
                raise Discard
            points = [prepare(names | {obligation.in_: at}) for at in (low, high)]
            elements: Iterable[tuple[Names | None, ...]] = zip(*points, strict=True)
        else:
            elements = ((element,) for element in prepare(names))
        tried = 0
        for element in elements:
            kept = [one for one in element if one is not None]
            if len(kept) < len(element):
                continue
            tried += 1
            try:
                decide(*kept)
            except Refutation as refutation:
                refutation.counterexample = {name: describe(kept[0][name]) for name in obligation.for_each}
                raise
        if not tried:
            raise Discard

    return Check(frozenset(compiler.read) & frozenset(inputs), run)


def _preparation(
    obligation: PropertyObligation, compile_: Expressions, world: World
) -> Callable[[Names], Iterator[Names | None]]:
    """`for_each`, then `let` and the preconditions; a precondition that reads no name of `let` comes before them, so that
    `let` may rely on it. An element that does not meet them is None: it must not hide the others."""
    functions = world.functions
    loops = [(name, compile_(source)) for name, source in obligation.for_each.items()]
    compile_.extra |= set(obligation.for_each)
    bindings: list[tuple[list[str], Expression]] = []
    for targets, source in obligation.let.items():
        bindings.append(([name.strip() for name in targets.split(",")], compile_(source)))
        compile_.extra |= set(bindings[-1][0])
    bound = {name for targets, _ in bindings for name in targets}
    sources = [obligation.where] if isinstance(obligation.where, str) else obligation.where
    conditions = [compile_(source) for source in sources]
    early = [condition for condition in conditions if not condition.names & bound]
    late = [condition for condition in conditions if condition.names & bound]

    def demand(wanted: list[Expression], names: Names) -> None:
        for condition in wanted:
            if not truth(condition.evaluate(names, functions), condition.source):
                raise Discard

    def one(names: Names) -> Names | None:
        try:
            demand(early, names)
            for targets, expression in bindings:
                _bind(names, targets, expression.evaluate(names, functions), expression.source)
            demand(late, names)
        except Discard:
            return None
        return names

    def prepare(names: Names) -> Iterator[Names | None]:
        if not loops:
            yield one(names)
            return
        elements = [_elements(expression, names, functions) for _, expression in loops]
        for values in itertools.product(*elements):
            yield one(names | dict(zip((name for name, _ in loops), values, strict=True)))

    return prepare


def _elements(expression: Expression, names: Names, functions: Functions) -> list[Any]:
    values = list(expression.evaluate(names, functions))
    if not values:
        raise TrialError(
            f"VACUOUS: for_each over {expression.source!r} has no elements, so nothing was checked. Give it at least one."
        )
    return values


def _bind(scope: Names, targets: list[str], value: Any, source: str) -> None:
    if len(targets) == 1:
        scope[targets[0]] = value
        return
    parts = list(value) if isinstance(value, (tuple, list)) else None
    if parts is None or len(parts) != len(targets):
        got = type(value).__name__ if parts is None else f"{len(parts)} values"
        raise TrialError(f"let {', '.join(targets)}: {source!r} gave {got}, not {len(targets)} values.")
    scope.update(zip(targets, parts, strict=True))


def _try_holds(obligation: Holds, compile_: Expressions, world: World) -> Callable[[Names], None]:
    check = compile_(obligation.check)
    functions = world.functions
    found = _sides(obligation.check)
    if found is None:

        def decide(names: Names) -> None:
            if not truth(check.evaluate(names, functions), check.source):
                raise Refutation("false", check.source, "false")

        return decide
    # The sides are evaluated once, and shown, and searched for NaN: `nan != 3` is true and says nothing.
    whole, sides = found
    parts = [(text, place, compile_(text)) for place, text in sides.items()]
    comparison = compile_expression(whole, names=set(sides), functions=set(functions))
    allowed = obligation.nonfinite == "allowed"
    numeric = [place for text, place, _ in parts if text.lstrip("-") != "inf"]

    def decide_sides(names: Names) -> None:
        values = {place: part.evaluate(names, functions) for _, place, part in parts}
        held = truth(comparison.evaluate(values, functions), check.source)
        if not held:
            raise Refutation("false", check.source, shown(values) or "false")
        if not allowed and any(_nonfinite(values[place]) for place in numeric):
            raise Refutation("nonfinite", f"{check.source}, decided on finite numbers", shown(values))

    def shown(values: Names) -> str:
        return "; ".join(
            f"{text} = {describe(values[place])}" for text, place, part in parts if part.names or part.calls
        )

    return decide_sides


def _sides(source: str) -> tuple[str, dict[str, str]] | None:
    """A comparison with its operands replaced by names, and the operands by those names; None for any other check.

    The comparison may stand inside one call: `all(a < b)`.
    """
    node = ast.parse(source.strip(), mode="eval").body
    call = node if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords else None
    inner = call.args[0] if call is not None else node
    if not isinstance(inner, ast.Compare) or any(isinstance(part, ast.Starred) for part in inner.comparators):
        return None
    operands = [inner.left, *inner.comparators]
    names: list[ast.expr] = []
    sides: dict[str, str] = {}
    for index, operand in enumerate(operands):
        if isinstance(operand, ast.Constant) and operand.value is None:  # what `is` compares with must stay as written
            names.append(operand)
        else:
            sides[f"side{index}"] = ast.unparse(operand)
            names.append(ast.Name(f"side{index}", ast.Load()))
    whole = ast.unparse(ast.Compare(names[0], inner.ops, names[1:]))
    return (f"{ast.unparse(call.func)}({whole})" if call is not None else whole), sides


def _nonfinite(value: Any) -> bool:
    """Whether a number, or any element of an array of numbers, is NaN or infinite."""
    if isinstance(value, float):
        return not math.isfinite(value)
    kind = str(getattr(value, "dtype", ""))
    return "float" in kind and not bool(np.isfinite(to_float64(value)).all())


def _try_bound(obligation: Bound, compile_: Expressions, world: World) -> Callable[[Names], None]:
    value = compile_(obligation.value)
    low, high = (compile_(source) for source in obligation.within)
    functions = world.functions
    allowed = obligation.nonfinite == "allowed"

    def decide(names: Names) -> None:
        ends = (
            _number(low.evaluate(names, functions), low.source),
            _number(high.evaluate(names, functions), high.source),
        )
        given = value.evaluate(names, functions)
        expected = f"{value.source} in [{_plain(ends[0])}, {_plain(ends[1])}]"
        if type(given) is int:  # exactly: float64 cannot tell 2**53 from 2**53 + 1
            if not ends[0] <= given <= ends[1]:
                raise Refutation("outside", expected, str(given))
            return
        seen = to_float64(given)
        if seen.size == 0:
            raise TrialError(
                f"VACUOUS: {value.source!r} gave an empty array: nothing was checked. Draw at least one element."
            )
        finite = np.isfinite(seen)
        if not allowed and not finite.all():
            raise Refutation("nonfinite", expected, f"{_plain(float(seen[~finite].flat[0]))}")
        inside = (seen >= ends[0]) & (seen <= ends[1]) | (~finite if allowed else False)
        if not inside.all():
            raise Refutation("outside", expected, _worst(seen, inside))

    return decide


def _worst(seen: np.ndarray[Any, Any], inside: np.ndarray[Any, Any]) -> str:
    wrong = seen[~inside]
    shown = _plain(float(wrong.flat[0]))
    return shown if seen.ndim == 0 else f"{shown} (and {wrong.size - 1} more of {seen.size} outside)"


def _number(value: Any, source: Any) -> float:
    if type(value) is int:
        return value  # whole, so that large integers keep their last digit
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise TrialError(f"{source!r} gave {describe(value)}, not a number.") from None


def _plain(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def _try_equivalence(obligation: Equivalence, compile_: Expressions, world: World) -> Callable[[Names], None]:
    left, right = compile_(obligation.left), compile_(obligation.right)
    tolerance = obligation.tolerance
    absolute = None if tolerance.absolute is None else compile_(tolerance.absolute)
    relative = None if tolerance.relative is None else compile_(tolerance.relative)
    functions = world.functions
    allowed = obligation.nonfinite == "allowed"

    def decide(names: Names) -> None:
        compare(
            left.evaluate(names, functions),
            right.evaluate(names, functions),
            f"{left.source} = {right.source}",
            absolute=None if absolute is None else _room(absolute, names, functions),
            relative=None if relative is None else _room(relative, names, functions),
            ulp=tolerance.ulp,
            cosine=tolerance.cosine,
            exact=bool(tolerance.exact),
            nonfinite_allowed=allowed,
        )

    return decide


def _room(tolerance: Expression, names: Names, functions: Functions) -> float:
    """A tolerance; a NaN would let everything pass."""
    value = _number(tolerance.evaluate(names, functions), tolerance.source)
    if not value >= 0:
        raise TrialError(f"the tolerance {tolerance.source!r} is {value!r}; it must be 0 or more.")
    return value


def _try_monotone(obligation: Monotone, compile_: Expressions, world: World) -> Callable[[Names, Names], None]:
    value = compile_(obligation.value)
    compile_.read |= {obligation.in_, SECOND + obligation.in_}
    functions = world.functions
    rising = obligation.direction == "increasing"
    word = f"{'strictly ' if obligation.strict else ''}{obligation.direction}"
    expected = f"{value.source} {word} in {obligation.in_}"

    def decide(low: Names, high: Names) -> None:
        before, after = (_number(value.evaluate(names, functions), value.source) for names in (low, high))
        points = [(seen, describe(names[obligation.in_])) for seen, names in ((before, low), (after, high))]
        observed = ", ".join(f"{seen!r} at {obligation.in_} = {at}" for seen, at in points)
        if obligation.nonfinite != "allowed" and not (_finite(before) and _finite(after)):
            raise Refutation("nonfinite", expected, observed)
        wrong = after < before if rising else after > before
        if wrong or (obligation.strict and after == before):
            raise Refutation("order", expected, observed)

    return decide


def _finite(value: float) -> bool:
    return type(value) is int or math.isfinite(value)


CHECKS: dict[type[PropertyObligation], Callable[[Any, Expressions, World], Callable[..., None]]] = {
    Holds: _try_holds,
    Bound: _try_bound,
    Equivalence: _try_equivalence,
    Monotone: _try_monotone,
    Frame: try_frame,
    Rejection: try_rejection,
    Cost: try_cost,
}
"""Obligation type → how one case of it is decided."""
