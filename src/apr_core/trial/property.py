"""Trying one property obligation: resolve, build, draw, and word the result.

The one thing a reader would get wrong: `setup` objects are built once per contract and passed to subjects without copying,
so that a large table costs nothing per case; they are compared with a copy at the end, and a changed one refutes the claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.compiler.checks import SECOND, Check, World, build
from apr_core.compiler.exhaustive import enumerate_cases
from apr_core.compiler.strategies import Scope, environment, references
from apr_core.compiler.templates import expand
from apr_core.compiler.values import fresh, same
from apr_core.contract.expression import compile_expression
from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import Cost, Monotone, PropertyObligation, Rejection
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import ContractError, Problem, Refutation, TrialError
from apr_core.trial.guard import attempt, guarded
from apr_core.trial.properties import DEFAULT_SECONDS, Tried, enumerate_all, sample, workroot
from apr_core.trial.result import Result
from apr_core.trial.subjects import resolve
from apr_core.verdict import Verdict

if TYPE_CHECKING:
    from apr_core.trial.session import Session


def try_property(
    session: Session,
    loaded: LoadedContract,
    obligation: PropertyObligation,
    blank: Result,
) -> Result:
    """Try to break one obligation. Raises AprError or Untestable; `Session.judge_obligation` words those."""
    plain = expand(obligation)
    subjects = _subjects(session, loaded, plain)
    world, originals = _world(loaded, subjects)
    inputs: dict[str, Any] = {**loaded.model.inputs, **plain.inputs}
    if isinstance(plain, Monotone):
        _demand_free(plain, inputs, loaded)
        inputs[SECOND + plain.in_] = inputs[plain.in_]
    check = build(plain, inputs, world)
    if session.fault is not None and session.fault.inverted:
        check = inverted(check)
    with workroot() as folder:
        tried = _try(session, loaded, plain, check, inputs, world, folder)
    for name, original in originals.items():
        if not same(original, world.names[name], opaque=True):
            raise Refutation("changed", f"the setup object {name} stays as it was", "a subject changed it")
    return _worded(blank, tried, plain)


def inverted(check: Check) -> Check:
    """The opposite claim: a case refutes it when the claim is true of it."""

    def run(case: dict[str, Any]) -> None:
        try:
            check.run(case)
        except Refutation:
            return
        raise Refutation("false", "the claim to be false of every case", "a case of which it is true")

    return Check(check.needed, run)


def _subjects(
    session: Session, loaded: LoadedContract, obligation: PropertyObligation
) -> dict[str, Callable[..., Any]]:
    """The subjects that this obligation needs, planted ones first; an unrelated broken one must not stop it."""
    planted = session.fault.subjects if session.fault is not None else {}
    wanted = loaded.calls_of(obligation.id) | ({obligation.of} if isinstance(obligation, Cost) else set())
    return {
        name: planted.get(name) or resolve(reference, session.policy)
        for name, reference in loaded.model.subjects.items()
        if name in wanted
    }


def _world(loaded: LoadedContract, subjects: Mapping[str, Callable[..., Any]]) -> tuple[World, dict[str, Any]]:
    names: dict[str, Any] = dict(loaded.model.constants)
    direct = {name: _direct(name, subject) for name, subject in subjects.items()}
    for name, source in loaded.model.setup.items():
        expression = compile_expression(
            source, names={*names, *CONSTANTS}, functions={*VOCABULARY, *loaded.model.subjects}
        )
        if expression.calls & set(loaded.model.subjects) <= set(subjects):
            names[name] = expression.evaluate({**CONSTANTS, **names}, {**VOCABULARY, **direct})
    built = {name: value for name, value in names.items() if name in loaded.model.setup}
    shared = frozenset(id(value) for value in built.values())
    watched = {name: guarded(name, subject, shared) for name, subject in subjects.items()}
    world = World(names, {**VOCABULARY, **watched}, {**VOCABULARY, **direct}, {**VOCABULARY, **subjects})
    return world, {name: fresh(value) for name, value in built.items()}


def _direct(name: str, subject: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: attempt(name, subject, args, kwargs)


def _demand_free(obligation: Monotone, inputs: Mapping[str, Any], loaded: LoadedContract) -> None:
    """All other inputs must stay while one grows, so none may be drawn from it."""
    for name in inputs:
        if _drawn_from(name, obligation.in_, inputs):
            message = (
                f"{obligation.id} claims an order in {obligation.in_!r}, but the input {name!r} is drawn from it and would "
                f"change as well. Draw {name!r} independently."
            )
            raise ContractError([Problem(loaded.relative, loaded.line_of(obligation.id), 1, message)])


def _drawn_from(name: str, source: str, inputs: Mapping[str, Any]) -> bool:
    """Whether an input depends on another, itself or by way of others."""
    direct = references(inputs[name])
    return source in direct or any(_drawn_from(other, source, inputs) for other in direct & inputs.keys())


def _try(
    session: Session, loaded: LoadedContract, obligation: PropertyObligation, check: Check, inputs: Mapping[str, Any],
    world: World, folder: Path,
) -> Tried:  # fmt: skip
    claim_id = f"{loaded.id}::{obligation.id}"
    fault = session.fault
    scope = Scope(world.names, world.functions)
    seconds = DEFAULT_SECONDS
    if obligation.limits.seconds is not None and not isinstance(obligation, Rejection):
        seconds = obligation.limits.seconds
    if obligation.cases == "exhaustive" or not check.needed:
        return enumerate_all(check, enumerate_cases(inputs, check.needed, scope), seconds=seconds)
    strategy = environment(
        inputs, check.needed, scope, resolve=lambda reference: resolve(reference, session.policy), workroot=folder
    )
    return sample(
        check,
        strategy,
        cases=session.settings.cases,
        seed=session.seed_of(claim_id),
        key=claim_id if fault is None else f"{claim_id} under {fault.id}",
        database=session.database if fault is None or fault.remember else None,
        seconds=seconds,
        shrink=fault is None,
    )


def _worded(blank: Result, tried: Tried, obligation: PropertyObligation) -> Result:
    backend = "cpu"
    common = replace(blank, n=tried.cases, n_of="cases", discarded=tried.discarded, backend=backend)
    if tried.refutation is not None:
        found = tried.refutation
        return replace(
            common,
            verdict=Verdict.FALSIFIED,
            reason=f"one of {tried.cases} cases broke it",
            broke=found.kind,
            expected=found.expected,
            observed=found.observed,
            counterexample={name: str(value) for name, value in found.counterexample.items()},
        )
    if tried.cases == 0:
        raise TrialError("no case was tried")
    how = f"any of all {tried.cases} cases" if tried.exhaustive else f"{tried.cases} cases"
    share = f", {tried.discarded} discarded" if tried.discarded else ""
    return replace(common, verdict=Verdict.HELD, reason=f"not broken by {how}{share}")
