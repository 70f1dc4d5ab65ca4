"""Semantic checks of inputs: what their bounds, shapes and references may be, and that no two depend on each other.

The one thing a reader would get wrong: an obligation's own inputs are merged with those of the contract before they are
checked, so a domain of the contract may be wrong for one obligation only; the finding is then at that obligation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple, get_args

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
from apr_core.contract.scope import Checker, Scope, find_cycle
from apr_core.contract.yaml import Location
from apr_core.errors import did_you_mean

_TENSORS = (TensorInput, NearInput, RotateInput, TokensInput, StrategyInput)


class Limit(NamedTuple):
    """What a number of a domain may be, and whether a pair of them is an interval."""

    least: float
    whole: bool
    interval: bool = True


_LIMITS: dict[type[Input], dict[str, Limit]] = {
    IntegerInput: {"integer": Limit(-math.inf, whole=True)},
    RealInput: {"real": Limit(-math.inf, whole=False)},
    TextInput: {"text": Limit(0, whole=True)},
    BytesInput: {"bytes": Limit(0, whole=True)},
    ListInput: {"size": Limit(0, whole=True)},
    RowsInput: {"size": Limit(0, whole=True)},
    TensorInput: {"tensor": Limit(0, whole=True, interval=False)},
    TokensInput: {"tokens": Limit(0, whole=True, interval=False), "vocabulary": Limit(1, whole=True)},
    NearInput: {"relative": Limit(0, whole=False)},
}
_IMPORT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_DRAWS = get_args(get_args(TensorInput.model_fields["draw"].annotation)[0])


class InputChecker:
    """Checks domains against one set of merged inputs, and remembers what each of them reads and calls."""

    def __init__(self, checker: Checker, fixed: frozenset[str], inputs: Mapping[str, Input]) -> None:
        self.checker = checker
        self.fixed = fixed
        """Constants and objects of `setup`."""
        self.inputs = inputs
        self.names = fixed.union(inputs)
        self.scopes: dict[str, Scope] = {}

    def check(self, name: str, loc: Location) -> None:
        """Checks the domain of one input at its place."""
        scope = Scope(self.names, self.checker.functions)
        self.scopes[name] = scope
        self.domain(self.inputs[name], loc, scope)

    def join(self, shared: InputChecker, loc: Location) -> None:
        """Takes over what is known of the contract's inputs, for an obligation whose own inputs are at `loc`."""
        self.scopes = {**shared.scopes, **self.scopes}
        own = self.inputs.keys() - shared.inputs.keys() | {
            name for name, domain in shared.inputs.items() if self.inputs[name] is not domain
        }
        if not own:
            return
        for name, domain in self.inputs.items():
            start = getattr(domain, "near", None) or getattr(domain, "rotate", None)
            if name not in own and start in own and not isinstance(self.inputs[start], _TENSORS):
                self.checker.report(
                    (*loc, start), f"the input {name!r} of the contract starts from {start!r}, a tensor."
                )
        self.report_cycle(loc)

    def report_cycle(self, loc: Location) -> None:
        """Reports inputs that depend on each other."""
        cycle = find_cycle({name: sorted(self.reads(name)) for name in self.inputs})
        if cycle:
            place = (*loc, cycle[0]) if cycle[0] in self.scopes else loc
            self.checker.report(
                place, f"the inputs depend on each other: {' → '.join(cycle)}. Fix one of them.", key=True
            )

    def domain(self, domain: Input, loc: Location, scope: Scope) -> None:
        """Checks a domain, and those inside it."""
        for field, limit in _LIMITS.get(type(domain), {}).items():
            self.quantities(getattr(domain, field), (*loc, field), scope, limit)
        match domain:
            case ListInput():
                self.domain(domain.list, (*loc, "list"), scope)
            case RowsInput():
                for name, inner in domain.rows.items():
                    self.domain(inner, (*loc, "rows", name), scope)
            case _:
                self.reference(domain, loc, scope)

    def reference(self, domain: Input, loc: Location, scope: Scope) -> None:
        """Checks a domain that refers to other inputs, or to something outside of the file."""
        match domain:
            case TensorInput():
                self.choice(domain.dtype, DTYPES, "dtype", (*loc, "dtype"), scope)
                self.choice(domain.draw, _DRAWS, "distribution", (*loc, "draw"), scope)
            case NearInput():
                self.tensor(domain.near, (*loc, "near"), scope)
            case RotateInput():
                self.tensor(domain.rotate, (*loc, "rotate"), scope)
                self.checker.compile(domain.by, (*loc, "by"), scope)
            case PermutationInput(permutation=str(name)):
                self.choice(name, (), "list", (*loc, "permutation"), scope)
            case FileInput():
                self.checker.compile(domain.file.from_, (*loc, "file", "from"), scope)
            case StrategyInput():
                if not _IMPORT.fullmatch(domain.strategy):
                    message = f"{domain.strategy!r} is not an import string: write `package.module:function`."
                    self.checker.report((*loc, "strategy"), message)
                for name, source in domain.arguments.items():
                    self.checker.compile(source, (*loc, "arguments", name), scope)

    def quantities(self, value: Source | list[Source], loc: Location, scope: Scope, limit: Limit) -> None:
        """Checks a number or a list of numbers; those of an interval must be in order."""
        if not isinstance(value, list):
            self.quantity(value, loc, scope, limit)
            return
        known = [self.quantity(source, (*loc, index), scope, limit) for index, source in enumerate(value)]
        if limit.interval:
            self.checker.ordered(known[0], known[1], loc)

    def quantity(self, source: Source, loc: Location, scope: Scope, limit: Limit) -> float | None:
        """Checks a number that is known without drawing anything: its kind and its lower limit."""
        value = self.checker.number(source, loc, scope)
        if value is None:
            return None
        if not math.isfinite(value) or (limit.whole and not isinstance(value, int)):
            kind = "a whole number" if limit.whole else "a finite number"
            self.checker.report(loc, f"{value} is not {kind}: write one, or an expression that gives one.")
            return None
        if value < limit.least:
            self.checker.report(loc, f"{value} is below {limit.least:g}, the least that is possible here.")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], what: str, loc: Location, scope: Scope) -> None:
        """Checks a word that is one of a few, or the name of an input or constant that holds one."""
        if name in allowed:
            return
        if name in self.names:
            scope.reads.add(name)
            return
        near = did_you_mean(name, [*allowed, *self.names])
        listed = f" Allowed: {', '.join(allowed)}, or the name of an input or constant." if allowed else ""
        self.checker.report(loc, f"{name!r} is not a {what}, nor an input or constant that holds one.{near}{listed}")

    def tensor(self, name: str, loc: Location, scope: Scope) -> None:
        """Checks the name of the tensor that another one starts from."""
        scope.reads.add(name)
        if name not in self.names:
            near = did_you_mean(name, self.names)
            self.checker.report(loc, f"there is no input {name!r} to start from.{near} Declare it in `inputs`.")
        elif name in self.inputs and not isinstance(self.inputs[name], _TENSORS):
            kind = next(iter(type(self.inputs[name]).model_fields))
            self.checker.report(loc, f"the input {name!r} is of kind {kind}: a tensor is needed to start from.")

    def reads(self, name: str) -> set[str]:
        """What the domain of an input reads."""
        scope = self.scopes.get(name)
        return scope.reads if scope else set()

    def closure(self, names: set[str]) -> set[str]:
        """The names, and all that the domains of the inputs among them read in turn."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.reads(name) if name in self.inputs else ()
        return found
