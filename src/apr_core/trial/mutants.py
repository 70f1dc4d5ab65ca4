"""Trying the mutants of a contract: plant each fault, judge the obligations that must notice, and say what came out.

The one thing a reader would get wrong: a mutant is killed by a counterexample, not by an accident. An obligation that comes out
as ERROR under a mutant has not noticed anything; and one that falls without the fault as well shows nothing about it.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.contract.expression import compile_expression
from apr_core.contract.load import LoadedContract
from apr_core.contract.mutants import EvidenceMutant, Mutant, ResultMutant, SourceMutant
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import AprError, SubjectError, Untestable
from apr_core.evidence.alter import ALTERATIONS
from apr_core.evidence.record import Record
from apr_core.trial.control import DRIFTED, ERROR, KILLED, SURVIVED, UNTESTED, Cell, Control
from apr_core.trial.fault import Fault
from apr_core.trial.kills import Kills
from apr_core.trial.planting import noticed
from apr_core.trial.result import Result
from apr_core.trial.select import select
from apr_core.trial.subjects import resolve
from apr_core.trial.workers import Done, Job, Workers

if TYPE_CHECKING:
    from apr_core.trial.session import Session


class DriftError(AprError):
    """The text that a source mutant replaces does not occur exactly once any more."""


@dataclass(frozen=True)
class Edit:
    """A module as a source mutant makes it."""

    module: str
    file: str
    text: str
    line: int
    """Where the edit begins in the real file, from 1."""


def plant(session: Session, loaded: LoadedContract, mutant: ResultMutant | EvidenceMutant) -> Fault:
    """The fault of a mutant that is tried in this process.

    Raises:
        SubjectError: the subject's parameters are not known by name.
        ExpressionError: `becomes` reads something that is neither `result` nor a parameter.
        EvidenceError: the records cannot be altered in this way.
        Untestable: the subject or the evidence is not there.
    """
    name = f"{loaded.id}::{mutant.id}"
    if isinstance(mutant, ResultMutant):
        return Fault(name, subjects={mutant.of: _replaced(session, loaded, mutant)}, remember=True)
    chosen = {record.id for record in select(session, loaded, mutant.of, "pass@1")[0]}
    ((how, amount),) = mutant.alteration.items()
    return Fault(name, records=lambda records: altered(records, chosen, lambda some: ALTERATIONS[how](some, amount)))


def altered(
    records: Sequence[Record], chosen: Iterable[str], alter: Callable[[Sequence[Record]], list[Record]]
) -> list[Record]:
    """`records` with those whose id is in `chosen` altered together, the others as they are."""
    ids = frozenset(chosen)
    changed = iter(alter([record for record in records if record.id in ids]) if ids else ())
    return [next(changed) if record.id in ids else record for record in records]


def _replaced(session: Session, loaded: LoadedContract, mutant: ResultMutant) -> Callable[..., Any]:
    """The subject of a mutant with its result replaced by `becomes`."""
    subject = resolve(loaded.model.subjects[mutant.of], session.policy)
    try:
        signature = inspect.signature(subject)
    except ValueError as error:
        raise SubjectError(
            f"mutant {mutant.id}: the parameters of {mutant.of} are not known ({error}). Wrap it in a function of your own."
        ) from error
    base = {**CONSTANTS, **loaded.model.constants}
    functions = {**VOCABULARY, **_subjects(session, loaded)}
    becomes = compile_expression(
        mutant.becomes, names={*base, *signature.parameters, "result", "calls"}, functions=set(functions)
    )
    count = itertools.count(1)

    def mutated(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        names = {**base, "calls": next(count), **bound.arguments}
        if "result" in becomes.names:  # a mutant that answers anyway must not be stopped by the subject's own refusal
            names["result"] = subject(*args, **kwargs)
        return becomes.evaluate(names, functions)

    return mutated


def _subjects(session: Session, loaded: LoadedContract) -> dict[str, Callable[..., Any]]:
    """The subjects that a replacement may call; one that is not there is missed only by an expression that calls it."""
    found = {}
    for name, reference in loaded.model.subjects.items():
        try:
            found[name] = resolve(reference, session.policy)
        except (Untestable, SubjectError):
            continue
    return found


def edit(session: Session, loaded: LoadedContract, mutant: SourceMutant) -> Edit:
    """The module that a source mutant changes, with its text changed.

    Raises:
        DriftError: the text to replace does not occur, or occurs more than once.
        SubjectError: the module has no source, or may not be named by a contract.
        Untestable: the subject is not there yet.
    """
    subject = resolve(loaded.model.subjects[mutant.of], session.policy)
    while isinstance(subject, functools.partial):
        subject = subject.func
    subject = inspect.unwrap(subject)
    module = mutant.in_ or getattr(subject, "__module__", None) or type(subject).__module__
    text, file = module_source(session, module)
    times = text.count(mutant.replace)
    if times != 1:
        near = "does not occur" if times == 0 else f"occurs {times} times"
        raise DriftError(
            f"mutant {mutant.id} has drifted: the text that it replaces {near} in {module}, where it must occur exactly once: "
            f"{mutant.replace!r}. Copy the lines anew from {file}."
        )
    start = text.index(mutant.replace)
    return Edit(module, file, text.replace(mutant.replace, mutant.by), text.count("\n", 0, start) + 1)


def module_source(session: Session, module: str) -> tuple[str, str]:
    """Text and file of a module that contracts may name.

    Raises:
        SubjectError: there is no such module, it is not allowed, or it has no Python source.
    """
    if not session.policy.allows(module):
        raise SubjectError(f"{module!r} is not a module that contracts here may name, so no fault is planted in it.")
    try:
        spec = importlib.util.find_spec(module)
        source = None if spec is None else _source(spec)
    except (ImportError, ValueError) as error:
        raise SubjectError(f"the module {module!r} cannot be found: {error}.") from error
    if spec is None or source is None:
        raise SubjectError(f"the module {module!r} has no Python source that could be edited.")
    return source, spec.origin or module


def _source(spec: ModuleSpec) -> str | None:
    """The text of a module, by its loader; from its file where the loader has none, as pytest's for its plugins."""
    read = getattr(spec.loader, "get_source", None)
    if read is not None:
        text: str | None = read(spec.name)
        return text
    if not spec.has_location or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    try:
        return importlib.util.decode_source(Path(spec.origin).read_bytes())
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None


def try_mutants(
    session: Session,
    wanted: Sequence[tuple[LoadedContract, Mutant]],
    *,
    workers: int | None = None,
    fresh: bool = False,
) -> Iterator[Control]:
    """Each mutant with what its obligations made of it, as they are done; source mutants last, side by side.

    Args:
        fresh: try again what was killed before on the same contract, sources and versions.
    """
    kills = Kills(session, fresh=fresh)
    jobs: dict[str, tuple[LoadedContract, SourceMutant, Job]] = {}
    for loaded, mutant in wanted:
        found = begin(session, loaded, mutant, kills)
        if isinstance(found, Control):
            yield found
        else:
            assert isinstance(mutant, SourceMutant)
            jobs[found.key] = (loaded, mutant, found)
    if not jobs:
        return
    with Workers(session, workers) as crew:
        for done in crew.run([job for _, _, job in jobs.values()]):
            loaded, mutant, _ = jobs[done.key]
            yield complete(session, loaded, mutant, done, kills, crew)


def begin(session: Session, loaded: LoadedContract, mutant: Mutant, kills: Kills) -> Control | Job:
    """What a mutant came to, when it was killed before, can be tried here or not at all; else the job to be done."""
    started = time.perf_counter()
    known = kills.known(loaded, mutant)
    if known is not None:
        return known
    try:
        if isinstance(mutant, SourceMutant):
            if not hasattr(os, "fork"):
                return whole(loaded, mutant, UNTESTED, "a source mutant needs a system on which a process can fork")
            change = edit(session, loaded, mutant)
            return Job(
                key=f"{loaded.id}::{mutant.id}", contract=loaded.path, obligations=tuple(mutant.killed_by),
                module=change.module, text=change.text,
            )  # fmt: skip
        there = session.under(plant(session, loaded, mutant))
        results = {name: there.judge_obligation(loaded, loaded.obligation(name)) for name in mutant.killed_by}
    except Untestable as why:
        return whole(loaded, mutant, UNTESTED, str(why))
    except DriftError as why:
        return whole(loaded, mutant, DRIFTED, str(why))
    except AprError as why:
        return whole(loaded, mutant, ERROR, str(why))
    cells = tuple(cell(session, loaded, name, result) for name, result in results.items())
    found = _control(loaded, mutant, cells, time.perf_counter() - started)
    kills.keep(loaded, mutant, found, None)
    return found


def complete(
    session: Session, loaded: LoadedContract, mutant: SourceMutant, done: Done, kills: Kills, crew: Workers
) -> Control:
    """What a source mutant came to, from what its process did, and what the real thing does in such a process."""
    if done.error is not None:
        return whole(loaded, mutant, ERROR, done.error, done.seconds)
    cells = tuple(cell(session, loaded, name, result) for name, result in done.results.items())
    if any(one.outcome == KILLED for one in cells):
        named = [name for one in loaded.model.mutants if isinstance(one, SourceMutant) for name in one.killed_by]
        real = crew.real(loaded.path, list(dict.fromkeys(named)))
        cells = tuple(_beside(one, loaded, real) for one in cells)
    found = _control(loaded, mutant, cells, done.seconds)
    kills.keep(loaded, mutant, found, done.files)
    return found


def cell(session: Session, loaded: LoadedContract, name: str, result: Result) -> Cell:
    """What one obligation made of a fault, next to what it is without."""
    claim, expect = f"{loaded.id}::{name}", loaded.obligation(name).expect
    if noticed(result.verdict.value, expect):
        real = session.judge_loaded(loaded, loaded.obligation(name))
        if noticed(real.verdict.value, expect):
            return Cell(
                claim=claim, outcome=ERROR, reason=f"it is {real.verdict} without the fault as well: {real.reason}"
            )
        if real.verdict.value == ERROR:
            return Cell(claim=claim, outcome=ERROR, reason=f"it is ERROR without the fault: {real.reason}")
        return Cell(
            claim=claim, outcome=KILLED, reason=_how(result), counterexample=result.counterexample, broke=result.broke
        )
    if result.verdict.value in (ERROR, UNTESTED):
        return Cell(claim=claim, outcome=result.verdict.value, reason=result.reason)
    return Cell(claim=claim, outcome=SURVIVED, reason=f"it is {result.verdict} on the fault: {result.reason}")


def _beside(found: Cell, loaded: LoadedContract, real: Done) -> Cell:
    """A kill only where the claim does not fall in a process of its own anyway."""
    if found.outcome != KILLED:
        return found
    name = found.claim.rpartition("::")[2]
    result = real.results.get(name)
    if result is None:
        why = f"the real thing could not be judged in a process of its own: {real.error}"
    elif noticed(result.verdict.value, loaded.obligation(name).expect) or result.verdict.value == ERROR:
        why = f"it is {result.verdict} without the fault as well, in a process of its own: {result.reason}"
    else:
        return found
    return Cell(claim=found.claim, outcome=ERROR, reason=why)


def _how(result: Result) -> str:
    if result.expected is None or result.observed is None:
        return result.reason
    return f"expected {result.expected}, observed {result.observed}"


def whole(loaded: LoadedContract, mutant: Mutant, outcome: str, reason: str, seconds: float = 0.0) -> Control:
    """A mutant that came to the same for every obligation, because it was never planted."""
    cells = tuple(Cell(claim=f"{loaded.id}::{name}", outcome=outcome, reason=reason) for name in mutant.killed_by)
    return _control(loaded, mutant, cells, seconds)


def _control(loaded: LoadedContract, mutant: Mutant, cells: tuple[Cell, ...], seconds: float) -> Control:
    return Control(
        id=f"{loaded.id}::{mutant.id}", contract=loaded.id, kind=mutant.kind, of=mutant.of, fault=fault_text(mutant),
        where=f"{loaded.relative}:{loaded.line_of(mutant.id)}", cells=cells, museum=mutant.museum, seconds=seconds,
    )  # fmt: skip


def fault_text(mutant: Mutant) -> str:
    """What is planted, for a reader."""
    if isinstance(mutant, ResultMutant):
        return f"{mutant.of}() gives {mutant.becomes}"
    if isinstance(mutant, SourceMutant):
        out = [f"- {line}" for line in mutant.replace.splitlines()]
        return "\n".join([*out, *(f"+ {line}" for line in mutant.by.splitlines())])
    ((how, amount),) = mutant.alteration.items()
    return _ALTERED[how].format(amount=amount, of=mutant.of)


_ALTERED: Mapping[str, str] = {
    "fail": "{amount} problems of {of} fail that passed",
    "pass": "{amount} problems of {of} pass that failed",
    "empty": "every problem of {of} fails",
    "shift": "every value of {of} is off by {amount:+g}",
    "reverse": "{of} comes in the opposite order",
}
