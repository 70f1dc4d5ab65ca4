"""Semantic checks of obligations: the scope of every expression, and that every declared name is used.

The one thing a reader would get wrong: the order. `for_each` comes first and reads inputs, constants and `setup`; `let`
follows and may read the loop variables; a precondition may read all of them, and is decided as soon as they exist.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterable

from apr_core.contract.check_inputs import InputChecker
from apr_core.contract.inputs import IntegerInput, RealInput, Source, WorkdirInput
from apr_core.contract.obligations import (
    Bound,
    Cost,
    Equivalence,
    Frame,
    Holds,
    Monotone,
    PropertyObligation,
    Rejection,
    Template,
    Tolerance,
)
from apr_core.contract.scope import Checker, Scope
from apr_core.contract.templates import apply, sides, steps
from apr_core.contract.yaml import Location
from apr_core.errors import ExpressionError, did_you_mean

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class ObligationChecker:
    """Checks one obligation that is tried on drawn inputs."""

    def __init__(
        self,
        checker: Checker,
        shared: InputChecker,
        obligation: PropertyObligation,
        loc: Location,
        taken: dict[str, str],
    ) -> None:
        self.checker = checker
        self.shared = shared
        self.obligation = obligation
        self.loc = loc
        self.taken = taken
        """What each name declared so far is; the names of this obligation are added."""
        self.inputs = InputChecker(checker, shared.fixed, {**shared.inputs, **obligation.inputs})
        self.scope = Scope(self.inputs.names, checker.functions)
        self.let: dict[str, tuple[str, ...]] = {}  # each key of `let`, and the names that it gives

    def check(self) -> None:
        """Checks everything about the obligation."""
        self.own_inputs()
        inside = self.lets(self.loops(self.scope))
        where = self.obligation.where
        for index, source in enumerate([where] if isinstance(where, str) else where):
            self.compile(source, ("where",) if isinstance(where, str) else ("where", index), inside)
        self.body(inside)
        if self.obligation.limits.bytes is not None and not isinstance(self.obligation, Rejection):
            self.report(("limits", "bytes"), "only a `rejection` reads `bytes`: remove it, or use a `cost`.", key=True)
        self.unused()

    def own_inputs(self) -> None:
        """Checks the inputs of this obligation, and those of the contract in its company."""
        for name in self.obligation.inputs:
            place = (*self.loc, "inputs", name)
            self.inputs.check(name, place)
            if name not in self.shared.inputs:
                self.checker.declare(name, place, "the input", self.taken)
                self.taken[name] = "an input of this obligation"
        self.inputs.join(self.shared, (*self.loc, "inputs"))

    def lets(self, scope: Scope) -> Scope:
        """Checks `let` in order; the scope with its names."""
        for key, source in self.obligation.let.items():
            place = ("let", key)
            names = tuple(part.strip() for part in key.split(","))
            self.compile(source, place, scope)
            if not all(_NAME.fullmatch(name) for name in names) or len(set(names)) < len(names):
                message = f"{key!r} is not a name, nor several different names with commas, such as `codes, absmax`."
                self.report(place, message, key=True)
                continue
            for name in names:
                self.checker.declare(name, (*self.loc, *place), "the name", self.taken)
                self.taken[name] = "a name of `let`"
            self.let[key] = names
            scope = scope.adding(names)
        return scope

    def loops(self, scope: Scope) -> Scope:
        """Checks `for_each`; the scope with its names."""
        for name, source in self.obligation.for_each.items():
            self.compile(source, ("for_each", name), self.scope)
            self.checker.declare(name, (*self.loc, "for_each", name), "the loop variable", self.taken)
            self.taken[name] = "a loop variable"
        return scope.adding(self.obligation.for_each)

    def body(self, scope: Scope) -> None:
        """Checks what the type of the obligation adds."""
        match self.obligation:
            case Holds(check=check):
                self.compile(check, ("check",), scope)
            case Bound(value=value, within=within):
                self.compile(value, ("value",), scope)
                self.checker.interval(within, (*self.loc, "within"), scope)
            case Equivalence(left=left, right=right, tolerance=tolerance):
                self.compile(left, ("left",), scope)
                self.compile(right, ("right",), scope)
                self.tolerance(tolerance, scope)
            case Monotone():
                self.monotone(self.obligation, scope)
            case Frame():
                self.frame(self.obligation, scope)
            case Rejection():
                self.rejection(self.obligation, scope)
            case Cost():
                self.cost(self.obligation, scope)
            case Template():
                self.template(self.obligation, scope)

    def tolerance(self, tolerance: Tolerance, scope: Scope) -> None:
        """Checks the parts of a tolerance that may be expressions."""
        for name, source in (("absolute", tolerance.absolute), ("relative", tolerance.relative)):
            if source is not None:
                value = self.checker.number(source, (*self.loc, "tolerance", name), scope)
                if value is not None and not value >= 0:
                    self.report(("tolerance", name), f"{value} is below 0: no two values are that close.")

    def monotone(self, obligation: Monotone, scope: Scope) -> None:
        """The input that grows must be a number that the value depends on, and all other inputs must stay."""
        expression = self.compile(obligation.value, ("value",), scope)
        grows = obligation.in_
        domain = self.inputs.inputs.get(grows)
        if domain is None:
            self.unknown(grows, ("in",), "input", self.inputs.inputs)
            return
        if not isinstance(domain, (IntegerInput, RealInput)):
            kind = next(iter(type(domain).model_fields))
            self.report(("in",), f"the input {grows!r} is of kind {kind}: only an integer or a real can grow.")
        elif expression is not None and grows not in self.scope.reads:
            self.report(("in",), f"the value does not read {grows!r}, so no growth could change its order.")
        for name in sorted(self.inputs.closure(self.scope.reads) - {grows}):
            if grows in self.inputs.closure(self.inputs.reads(name)):
                message = f"the input {name!r} is drawn from {grows!r} and would change with it: draw it independently."
                self.report(("in",), message)

    def frame(self, obligation: Frame, scope: Scope) -> None:
        """What is said to change or not must be an input or a name of `let`."""
        self.compile(obligation.run, ("run",), scope)
        if obligation.check is not None:
            self.compile(obligation.check, ("check",), scope.adding(["result"], ["before"]))
        known = {*self.inputs.inputs, *(name for names in self.let.values() for name in names)}
        for field in ("unchanged", "changed"):
            for index, name in enumerate(getattr(obligation, field)):
                self.scope.reads.add(name)
                if name not in known:
                    self.unknown(name, (field, index), "input or name of `let`", known)
                elif field == "changed" and name in obligation.unchanged:
                    self.report((field, index), f"{name!r} is in `unchanged` as well: decide for one.")

    def rejection(self, obligation: Rejection, scope: Scope) -> None:
        """The error, its message and the folder must be well named."""
        self.compile(obligation.run, ("run",), scope)
        if not _CLASS.fullmatch(obligation.raises):
            message = (
                f"{obligation.raises!r} is not the name of an exception, such as ValueError or package.module.Error."
            )
            self.report(("raises",), message)
        if obligation.message is not None:
            problem = _regex_problem(obligation.message)
            if problem is not None:
                message = f"{obligation.message!r} is not a regular expression: {problem}. Escape special characters."
                self.report(("message",), message)
        name = obligation.leaves_nothing_in
        if name is not None:
            self.scope.reads.add(name)
            if not isinstance(self.inputs.inputs.get(name), WorkdirInput):
                message = f"{name!r} is not an input of kind workdir: declare it as `{name}: {{workdir: empty}}`."
                self.report(("leaves_nothing_in",), message)

    def cost(self, obligation: Cost, scope: Scope) -> None:
        """What is measured must occur."""
        self.compile(obligation.run, ("run",), scope)
        limit = self.checker.number(obligation.at_most, (*self.loc, "at_most"), scope)
        if limit is not None and not limit >= 0:
            self.report(("at_most",), f"{limit} is below 0: nothing costs that little.")
        subjects = self.checker.contract.subjects
        if obligation.of is not None:
            self.scope.calls.add(obligation.of)
            if obligation.of not in subjects:
                self.unknown(obligation.of, ("of",), "subject", subjects)
        if obligation.measure == "bytes_written":
            used = self.inputs.closure(self.scope.reads)
            if not any(isinstance(self.inputs.inputs.get(name), WorkdirInput) for name in used):
                message = (
                    "`bytes_written` is what grows below a `workdir` input, and none is used: pass one to the call."
                )
                self.report(("measure",), message)

    def template(self, obligation: Template, scope: Scope) -> None:
        """Each field of a template, at its own place, and then the equivalence that it expands to."""
        self.tolerance(obligation.tolerance, scope)
        before = len(self.checker.findings)
        for field in ("of", "scalars"):
            value: Source | list[Source] = getattr(obligation, field, [])
            for index, source in enumerate(value if isinstance(value, list) else [value]):
                self.compile(source, (field, index) if isinstance(value, list) else (field,), scope)
        if len(self.checker.findings) > before:
            return
        field = "function"
        try:
            for field, function, argument in steps(obligation):
                if self.compile(apply(function, argument), (field,), scope, exact=False) is None:
                    return
        except ExpressionError as error:
            self.report((field,), f"{error}.")
            return
        for side in sides(obligation):
            if self.compile(side, ("function",), scope, exact=False) is None:
                return

    def unused(self) -> None:
        """Reports what this obligation declares and does not use; counts what it uses of the contract."""
        used = self.inputs.closure(self.scope.reads)
        for name in self.obligation.inputs:
            if name not in used:
                self.report(("inputs", name), f"the input {name!r} is not used here: use it, or remove it.", key=True)
        for key, names in self.let.items():
            if not used & set(names):
                self.report(("let", key), f"{key!r} is not used after this: use it, or remove it.", key=True)
        for name in self.obligation.for_each:
            if name not in used:
                message = f"the loop variable {name!r} is not used: every round would try the same."
                self.report(("for_each", name), message, key=True)
        self.checker.used_names |= used
        self.checker.used_inputs |= used - self.obligation.inputs.keys()
        calls = self.scope.calls.union(*(self.inputs.scopes[name].calls for name in used if name in self.inputs.scopes))
        calls = calls.union(*(self.checker.setup_calls[name] for name in used if name in self.checker.setup_calls))
        self.checker.calls_of[self.obligation.id] = frozenset(calls)
        self.checker.used_functions |= calls

    def compile(self, source: Source, place: Location, scope: Scope, *, exact: bool = True) -> object | None:
        """The expression at a place below the obligation; `exact` says that the file shows this very text there."""
        expression = self.checker.compile(source, (*self.loc, *place), scope)
        if expression is None and not exact:
            self.checker.findings[-1] = self.checker.findings[-1]._replace(column=0)
        return expression

    def report(self, place: Location, message: str, *, key: bool = False) -> None:
        """Keeps a finding at a place below the obligation."""
        self.checker.report((*self.loc, *place), message, key=key)

    def unknown(self, name: str, place: Location, what: str, known: Collection[str]) -> None:
        """Reports a name that should be declared."""
        self.report(place, f"there is no {what} {name!r}.{did_you_mean(name, known)} {_listed(known)}")


def _listed(known: Iterable[str]) -> str:
    names = sorted(known)
    return (
        f"Declared here: {', '.join(names[:12])}{', …' if len(names) > 12 else ''}." if names else "None is declared."
    )


def _regex_problem(pattern: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            return str(error) or type(error).__name__
    return None
