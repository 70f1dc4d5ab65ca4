"""Checks of what a call does besides returning: what it changes, refuses, leaves behind and costs.

The one thing a reader would get wrong: here the subject works on the case's own values, not on copies, so that its effects
can be seen. A case is used once, so nothing leaks into the next.
"""

from __future__ import annotations

import re
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.compiler.describe import describe
from apr_core.compiler.measure import peak_bytes
from apr_core.compiler.values import fresh, truth
from apr_core.contract.obligations import Cost, Frame, Rejection
from apr_core.contract.vocabulary import digest
from apr_core.errors import Refutation, TrialError, Untestable

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
        functions = {**world.functions, "before": lambda value: snapshots.get(id(value), value)}
        verdict = check.evaluate(names | {"result": result}, functions)
        if not truth(verdict, check.source):
            raise Refutation("false", f"{check.source} after {run.source}", "false")

    return decide


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
        started = time.monotonic()
        if limits.bytes is not None:
            tracemalloc.start()
        try:
            result = run.evaluate({**names}, world.bare)
        except (MemoryError, Untestable):
            raise
        except Exception as error:
            _demand_error(error, obligation.raises, pattern, expected)
        else:
            raise Refutation("accepted", expected, f"it returned {describe(result)}")
        finally:
            peak = tracemalloc.get_traced_memory()[1] if limits.bytes is not None else 0
            if limits.bytes is not None:
                tracemalloc.stop()
        seconds = time.monotonic() - started
        left = sorted(_files(place) - earlier)
        if left:
            raise Refutation("left", f"{expected} and leaves nothing behind", f"it left {', '.join(left[:3])}")
        if limits.seconds is not None and seconds > limits.seconds:
            raise Refutation("cost", f"{expected} within {limits.seconds:g} s", f"it took {seconds:.2f} s")
        if limits.bytes is not None and peak > limits.bytes:
            raise Refutation("cost", f"{expected} within {limits.bytes} bytes", f"it allocated {peak} bytes")

    return decide


def _demand_error(error: Exception, wanted: str, pattern: re.Pattern[str] | None, expected: str) -> None:
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

    def decide(names: Names) -> None:
        own = _own(names, world)
        allowed = limit.evaluate(names, world.functions)
        if isinstance(allowed, bool) or not isinstance(allowed, (int, float)):
            raise TrialError(f"at_most: {limit.source!r} gave {describe(allowed)}, not a number.")
        if measure == "peak_bytes":
            # The first call also fills caches and imports what it needs; the second shows what the work itself takes.
            first = peak_bytes(lambda: run.evaluate(own, world.direct))
            again = _own(names, world)
            cost = min(first, peak_bytes(lambda: run.evaluate(again, world.direct)))
        elif measure == "bytes_written":
            folders = [value for value in own.values() if isinstance(value, Path) and value.is_dir()]
            before = sum(map(_bytes_below, folders))
            run.evaluate(own, world.direct)
            cost = sum(map(_bytes_below, folders)) - before
        else:
            cost = _calls(lambda functions: run.evaluate(own, functions), str(obligation.of), world)
        if cost > allowed:
            word = f"calls of {obligation.of}" if measure == "calls" else measure.replace("_", " ")
            raise Refutation("cost", f"{word} of {run.source} at most {allowed:g}", str(cost))

    return decide


def _own(names: Names, world: World) -> Names:
    """Values that the run may change: all but the read-only ones are copies."""
    return {name: value if name in world.names else fresh(value) for name, value in names.items()}


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _calls(run: Callable[[Any], Any], of: str, world: World) -> int:
    """Calls of one subject, from the expression and from inside its own module, where its name is looked up."""
    subject = world.bare[of]
    count = 0

    def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        return subject(*args, **kwargs)

    module = sys.modules.get(getattr(subject, "__module__", ""))
    names = [name for name, value in vars(module).items() if value is subject] if module else []
    for name in names:
        setattr(module, name, counting)
    try:
        run({**world.direct, of: counting})
    finally:
        for name in names:
            setattr(module, name, subject)
    return count
