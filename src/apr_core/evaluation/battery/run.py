"""Running the battery: what came of each hostile program, what it reached, and whether honest ones still pass afterwards.

Every function here takes and gives plain data, so that a contract can call it; each program runs once in a process, and what came
of it is remembered. The one thing a reader would get wrong: an attempt is not a program. A program whose first forbidden call
ends it tries the others as `program/part`, each in an execution of its own.
"""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterable
from functools import cache

from apr_core.errors import Untestable, UsageError, did_you_mean
from apr_core.evaluation.battery.canaries import Canaries
from apr_core.evaluation.battery.header import FAMILIES, REACHES, Hostile, hostile_programs
from apr_core.evaluation.battery.tasks import FORMS, RECORDED, STRONG, TASKS, problem
from apr_core.evaluation.sandbox import LAYERS, Execution, Isolation, Limits, Sandbox, spec
from apr_core.evaluation.sandbox.layers import NEEDS

HONEST = Limits(cpu_seconds=20.0, wall_seconds=120.0)
"""For programs that need next to nothing: verdicts must not depend on how busy the machine is."""

MEMORY_BYTES = 256 * 2**20
"""Address space of a hostile program: little, so that using it up is quick."""


BESIDE = ("privileges",)
"""What every layer that is tried alone has beside it: without it, an ordinary user is granted neither a filter nor Landlock."""


def programs(family: str = "") -> list[str]:
    """Ids of the hostile programs, all or those of a family."""
    _demand_one_of(family, ("", *FAMILIES))
    return [name for name, one in hostile_programs().items() if family in ("", one.family)]


def attempts(of: str = "") -> list[str]:
    """Names of all attempts, of those of a family or of those that reach for one thing; those that cannot be tried here last.

    Raises:
        UsageError: there is neither a family nor a reach of that name.
    """
    _demand_one_of(of, ("", *FAMILIES, *REACHES))
    chosen = [one for one in hostile_programs().values() if of in ("", one.family, one.reach)]
    named = [(f"{one.id}/{part}" if part else one.id, one) for one in chosen for part in one.parts]
    return [name for name, one in sorted(named, key=lambda pair: not _is_held(pair[1]))]


def tryable(of: str = "") -> list[str]:
    """The `attempts` for which there is a layer here that could hold them; nobody else's machine is put at risk by the others."""
    return [one for one in attempts(of) if _is_held(_hostile(one))]


def forms(attempt: str) -> list[str]:
    """The forms of tests that an attempt is made against: all strong ones for a forging program, else calls."""
    hostile = _hostile(attempt)
    if hostile.form:
        return [hostile.form]
    return list(STRONG) if hostile.family == "forging" else ["calls"]


def classes(attempt: str) -> list[str]:
    """The failure classes in which an attempt may end."""
    return list(_hostile(attempt).classes)


def outcome(attempt: str, form: str = "") -> str:
    """The failure class in which an attempt ended.

    Args:
        form: of the tests, one of `tasks.FORMS`; the first of `forms` when empty.

    Raises:
        Untestable: nothing that could hold this program is to be had on this machine.
    """
    _demand_held(attempt)
    return _tried(attempt, form or forms(attempt)[0])[0].outcome


def reached(attempt: str, layer: str = "") -> list[str]:
    """What an attempt reached outside: what it says that it reached, and what the canaries show. Empty for none.

    Args:
        layer: the only layer that is to hold it, besides those without which that one cannot be; all when empty.

    Raises:
        Untestable: nothing that could hold this program is to be had on this machine.
        UsageError: there is no such attempt, or it is one that could do harm with a single layer.
    """
    hostile = _hostile(attempt)
    if not layer:
        _demand_held(attempt)
    if layer and not hostile.naked:
        raise UsageError(f"{attempt} could do harm with {layer!r} alone; take one that says `naked: yes`.")
    only = frozenset({layer, *NEEDS.get(layer, ()), *BESIDE}) if layer else frozenset[str]()
    if layer and layer not in _sandbox(_without(only)).isolation.layers:
        raise _not_held(attempt, (frozenset({layer}),), _sandbox(_without(only)).isolation)
    found = [one for form in forms(attempt) for one in _tried(attempt, form, only)[1]]
    if hostile.family != "escape":
        return found
    again, touched = _tried(attempt, RECORDED, only)
    return [*found, *touched, *_said(again)]


def unharmed(count: int) -> int:
    """How many of `count` honest executions pass, once every hostile attempt has been made that can be held here."""
    for attempt in tryable():
        for form in forms(attempt):
            _tried(attempt, form)
    return _honest(count)


def late() -> list[str]:
    """What the canaries show when everything else has been done: whoever stayed behind had its time."""
    unharmed(100)
    return _canaries().touched()


@cache
def integrity(form: str, task: str = "add") -> str:
    """What the record says of a program that was tested in this form: `strong` or `weak`."""
    return _one_honest(task, form).groups[0].integrity


@cache
def honest(task: str, form: str) -> str:
    """What comes of the honest solution of a task."""
    return _one_honest(task, form).outcome


def inert() -> list[str]:
    """Layers that the kernel granted and that had no effect all the same: those of which a fault must be ours."""
    return [name for name, why in _isolation().missing.items() if "has no effect" in why]


@cache
def _honest(count: int) -> int:
    """How many honest executions pass of so many, of every task in every form in turn."""
    kinds = [(task, form) for task in TASKS for form in FORMS]
    return sum(_one_honest(*kinds[number % len(kinds)]).outcome == "passed" for number in range(count))


def _one_honest(task: str, form: str) -> Execution:
    return _sandbox().execute(TASKS[task].honest, spec.make(problem(task, form)), HONEST)


def _tried(attempt: str, form: str, only: frozenset[str] = frozenset()) -> tuple[Execution, tuple[str, ...]]:
    """What came of an attempt, and what the canaries showed after it."""
    return _executed(attempt, form, only)


@cache
def _executed(attempt: str, form: str, only: frozenset[str]) -> tuple[Execution, tuple[str, ...]]:
    hostile, canaries = _hostile(attempt), _canaries()
    sandbox = _sandbox(_without(only))
    told = canaries.described(attempt.partition("/")[2])
    made = problem(hostile.task, form)
    limits = Limits(
        cpu_seconds=hostile.cpu or HONEST.cpu_seconds, wall_seconds=hostile.wall or HONEST.wall_seconds,
        memory_bytes=MEMORY_BYTES, processes=hostile.processes, threads=8, file_bytes=4 * 2**20, open_files=32,
        output_bytes=64 * 2**10,
    )  # fmt: skip
    done = sandbox.execute(f"CANARY = {told!r}\n{hostile.text}", spec.make(made, record=form == RECORDED), limits)
    return done, tuple(canaries.touched())


def _without(only: frozenset[str]) -> frozenset[str]:
    """The layers to leave out so that only these are left; none when these are none."""
    return frozenset(LAYERS) - only if only else frozenset()


def _said(execution: Execution) -> list[str]:
    """What an escape answered: a list of what it reached. Anything else is an answer of no use, such as an exception."""
    found: list[str] = []
    for group in execution.groups:
        for one in group.returned or ():
            text = json.dumps(one)
            found += [] if text == "[]" else [text[:300]]
    return found


def _hostile(attempt: str) -> Hostile:
    name, _, part = attempt.partition("/")
    known = hostile_programs()
    if name not in known or part not in known[name].parts:
        raise UsageError(f"there is no hostile program {attempt!r} in the battery.{did_you_mean(attempt, attempts())}")
    return known[name]


def _is_held(hostile: Hostile) -> bool:
    active = set(_isolation().layers)
    return not hostile.held_by or any(layers <= active for layers in hostile.held_by)


def _demand_held(attempt: str) -> None:
    hostile = _hostile(attempt)
    if not _is_held(hostile):
        raise _not_held(attempt, hostile.held_by, _isolation())


def _not_held(attempt: str, held_by: Iterable[frozenset[str]], here: Isolation) -> Untestable:
    missing = here.missing
    wanted = sorted({layer for layers in held_by for layer in layers if layer in missing})
    why = "; ".join(f"{layer}: {missing[layer]}" for layer in wanted)
    return Untestable(f"nothing here could hold {attempt} ({why})", "run on a machine that offers one of these layers")


def _demand_one_of(word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        names = ", ".join(filter(None, allowed))
        raise UsageError(f"{word!r} names no part of the battery; there are {names}.{did_you_mean(word, allowed)}")


def _isolation() -> Isolation:
    return _sandbox().isolation


_open: dict[tuple[int, frozenset[str]], Sandbox] = {}


def _sandbox(without: frozenset[str] = frozenset()) -> Sandbox:
    """The sandbox of this process with these layers left out; opened when first needed."""
    _canaries()  # first: the secrets must be there before anything could inherit them
    key = (os.getpid(), without)
    if key not in _open:
        _open[key] = Sandbox(without=without)
        atexit.register(_open[key].close)
    return _open[key]


@cache
def _canaries() -> Canaries:
    canaries = Canaries()
    atexit.register(canaries.close)
    return canaries


__all__ = [
    "attempts", "classes", "forms", "honest", "inert", "integrity", "late", "outcome", "programs", "reached", "tryable",
    "unharmed",
]  # fmt: skip
