"""Checks of what a call does besides returning: what it changes, refuses, leaves behind and costs.

The one thing a reader would get wrong: here the subject works on the case's own values, not on copies, so that its effects
can be seen. A case is used once, so nothing leaks into the next.
"""

from __future__ import annotations

import inspect
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.compiler.describe import describe
from apr_core.compiler.measure import peak_bytes
from apr_core.compiler.values import fresh, truth
from apr_core.contract.obligations import Cost, Frame, Rejection
from apr_core.contract.vocabulary import digest
from apr_core.errors import Refutation, StopTrial, TrialError, Untestable

if TYPE_CHECKING:
    from apr_core.compiler.checks import Expressions, Names, World


def try_frame(obligation: Frame, compile_: Expressions, world: World) -> Callable[[Names], None]:
    """What a call may change and what it may not, by content before and after."""
    run = compile_(obligation.run)
    watched = [compile_(name).source for name in (*obligation.unchanged, *obligation.changed)]
    check = None
    if obligation.check is not None:
        check = compile_(obligation.check, functions=("before",), names=("result",))

    def decide(names: Names) -> None:
        names = _own(names, world)
        earlier = {name: fresh(value) for name, value in names.items() if name in watched or check is not None}
        snapshots = {id(names[name]): value for name, value in earlier.items()}
        digests = {name: digest(names[name]) for name in watched}
        result = run.evaluate(names, world.direct)
        if inspect.isgenerator(result) or inspect.isawaitable(result):
            raise TrialError(
                f"{run.source} gave a {type(result).__name__}, which has not run yet. Consume it in the subject."
            )
        for name in obligation.unchanged:
            if digests[name] != digest(names[name]):
                raise Refutation("changed", f"{name} unchanged by {run.source}", _change(earlier[name], names[name]))
        for name in obligation.changed:
            if digests[name] == digest(names[name]):
                raise Refutation(
                    "unchanged", f"{name} changed by {run.source}", f"{name} is still {describe(names[name])}"
                )
        if check is None:
            return
        functions = {**world.functions, "before": lambda value: _snapshot(value, snapshots)}
        verdict = check.evaluate(names | {"result": result}, functions)
        if not truth(verdict, check.source):
            raise Refutation("false", f"{check.source} after {run.source}", "false")

    return decide


def _snapshot(value: Any, snapshots: Mapping[int, Any]) -> Any:
    if isinstance(value, Path):
        raise TrialError("before() keeps values, not folders. Name the folder in `changed` or `unchanged` instead.")
    return snapshots.get(id(value), value)


def _change(before: Any, after: Any) -> str:
    return f"it was {describe(before)} and is {describe(after)}"


def try_rejection(obligation: Rejection, compile_: Expressions, world: World) -> Callable[[Names], None]:
    """Bad input is refused with the named error, in time, within memory, and nothing is left behind."""
    run = compile_(obligation.run)
    folder = compile_(obligation.leaves_nothing_in) if obligation.leaves_nothing_in else None
    pattern = re.compile(obligation.message) if obligation.message else None
    limits = obligation.limits
    expected = f"{run.source} raises {obligation.raises}" + (f" matching {obligation.message!r}" if pattern else "")

    def decide(names: Names) -> None:
        place = None if folder is None else Path(folder.evaluate(names, world.functions))
        earlier = _files(place)
        outcome: list[Any] = []

        def call() -> None:
            try:
                outcome.append(run.evaluate({**names}, world.bare))
            except (MemoryError, Untestable, StopTrial, KeyboardInterrupt):
                raise
            except BaseException as error:
                outcome.append(error)

        started = time.monotonic()
        peak = 0
        if limits.bytes is None:
            call()
        else:
            peak = peak_bytes(call)
        seconds = time.monotonic() - started
        if not isinstance(outcome[0], BaseException):
            raise Refutation("accepted", expected, f"it returned {describe(outcome[0])}")
        _demand_error(outcome[0], obligation.raises, pattern, expected)
        left = sorted(_files(place) - earlier)
        if left:
            raise Refutation("left", f"{expected} and leaves nothing behind", f"it left {', '.join(left[:3])}")
        if limits.seconds is not None and seconds > limits.seconds:
            raise Refutation("cost", f"{expected} within {limits.seconds:g} s", f"it took {seconds:.2f} s")
        if limits.bytes is not None and peak > limits.bytes:
            raise Refutation("cost", f"{expected} within {limits.bytes} bytes", f"it allocated {peak} bytes")

    return decide


def _demand_error(error: BaseException, wanted: str, pattern: re.Pattern[str] | None, expected: str) -> None:
    kinds = {name for kind in type(error).__mro__ for name in (kind.__name__, f"{kind.__module__}.{kind.__qualname__}")}
    text = str(error)
    shown = f"{type(error).__name__}: {text[:300]}"
    if wanted not in kinds:
        raise Refutation("raised", expected, f"it raised {shown}") from error
    if pattern is not None and not pattern.search(text):
        raise Refutation("message", expected, f"the text was {text[:300]!r}") from error


def _files(folder: Path | None) -> set[str]:
    if folder is None:
        return set()
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def try_cost(obligation: Cost, compile_: Expressions, world: World) -> Callable[[Names], None]:
    """Bytes and counts of one run against an expression."""
    run = compile_(obligation.run)
    limit = compile_(obligation.at_most)
    measure = obligation.measure
    warm = False

    def decide(names: Names) -> None:
        nonlocal warm
        own = _own(names, world)
        allowed = limit.evaluate(names, world.functions)
        if isinstance(allowed, bool) or not isinstance(allowed, (int, float)):
            raise TrialError(f"at_most: {limit.source!r} gave {describe(allowed)}, not a number.")
        if measure == "peak_bytes":
            if (
                not warm
            ):  # the very first call also imports what it needs; a repeated one might be answered from a cache
                run.evaluate(_own(names, world), world.direct)
                warm = True
            cost = peak_bytes(lambda: run.evaluate(own, world.direct))
        elif measure == "bytes_written":
            places = {value.resolve() for value in own.values() if isinstance(value, Path) and value.is_dir()}
            folders = [place for place in places if not any(other in place.parents for other in places)]
            before = sum(map(_bytes_below, folders))
            run.evaluate(own, world.direct)
            cost = sum(map(_bytes_below, folders)) - before
        else:
            cost = _calls(lambda functions: run.evaluate(own, functions), str(obligation.of), world)
        if not cost <= allowed:
            word = f"calls of {obligation.of}" if measure == "calls" else measure.replace("_", " ")
            raise Refutation("cost", f"{word} of {run.source} at most {allowed:g}", str(cost))

    return decide


def _own(names: Names, world: World) -> Names:
    """Values that the run may change: all but the read-only ones are copies."""
    return {name: value if name in world.names else fresh(value) for name, value in names.items()}


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _calls(run: Callable[[Any], Any], of: str, world: World) -> int:
    """Calls of one subject, from the expression and from every module of the subjects' packages that knows it by a name."""
    subject = world.bare[of]
    count = 0

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            return function(*args, **kwargs)

        return call

    tops = {str(getattr(one, "__module__", "")).partition(".")[0] for one in world.bare.values()} - {"apr_core", ""}
    tops |= {str(getattr(subject, "__module__", "")).partition(".")[0]}
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in tops]
    places = [(module, name) for module in modules for name, value in list(vars(module).items()) if value is subject]
    patched = counting(subject)
    for module, name in places:
        setattr(module, name, patched)
    try:
        run({**world.direct, of: counting(world.direct[of])})
    finally:
        for module, name in places:
            setattr(module, name, subject)
    return count
