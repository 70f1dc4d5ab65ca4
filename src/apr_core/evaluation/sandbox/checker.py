"""The trusted side of the conversation: asks the program's process for outputs, and alone knows what they should be.

The one thing a reader would get wrong: a program cannot be believed to have passed, only to have failed. "It raised", "it does
not compile" and a closed channel are taken as said; a pass is only ever computed here, from plain data and expected values that
the program's process has never held. The form of BigCodeBench is the exception, and says `integrity: weak`.

A report is `{"groups": [{"name", "outcome", "detail", "integrity", "returned"}, …]}`. The outcome `died` says that the program's
process ended before it answered: why it ended (out of time, out of memory, killed for what it tried) is known to those who watch
processes, and their word replaces it.

This module runs in the bare interpreters of the sandbox: standard library only.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

from apr_core.evaluation.sandbox.codec import MAX_REPLY, MAX_REQUEST, Channel, decode
from apr_core.evaluation.sandbox.oracles import ORACLES, agrees, tolerances
from apr_core.evaluation.sandbox.proxies import (
    DIED,
    VIOLATION,
    Abandoned,
    Link,
    MissingNameError,
    describe,
    describe_call,
    opaque,
)

PASSED, WRONG, RAISED, SYNTAX, MEMORY = "passed", "wrong-answer", "exception", "syntax-error", "memory"
DETAIL = 400
"""Characters of a detail."""
_CHUNKS, _CHUNK = {0: 1, 1: 4, 5: 16}, 64
"""Calls per request, by how many are done: the first decide most failures, and the rest should not cost a round trip each."""
_TESTS = "<tests>"
_MODULE, _TEST_MODULE = "candidate", "__test__"


def check(descriptor: int, program: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Runs every group of `spec` against `program`, which the other end of `descriptor` is about to run."""
    link = Link(Channel(descriptor, incoming=MAX_REPLY, outgoing=MAX_REQUEST))
    decided = _load(link, program, any(group["integrity"] == "weak" for group in spec["groups"]))
    found = []
    for group in spec["groups"]:
        if decided is None:
            report, decided = _group(link, group, spec["entry_point"])
        else:
            report = dict(decided)
        found.append({"name": group["name"], "integrity": group["integrity"], "returned": None} | report)
    return {"groups": found}


def _report(outcome: str, detail: str = "", **more: Any) -> dict[str, Any]:
    text = " ".join(detail.split()).encode("utf-8", "backslashreplace").decode()
    return {"outcome": outcome, "detail": text if len(text) <= DETAIL else f"{text[: DETAIL - 3]}...", **more}


def _raised(error: BaseException, where: str) -> dict[str, Any]:
    outcome = MEMORY if isinstance(error, MemoryError) else RAISED
    name = getattr(error, "program_type", type(error).__name__)
    said = getattr(error, "program_message", "")
    return _report(outcome, f"{where} raised {name}: {said}" if said else f"{where} raised {name}")


def _load(link: Link, program: str, weak: bool) -> dict[str, Any] | None:
    """Has the program run; None when it did, else what every group's outcome is."""
    try:
        link.start("load", program, _TEST_MODULE if weak else _MODULE, weak)
        first = link.reply()  # said before any of the program has run
        if first[0] == "syntax":
            return _report(SYNTAX, " ".join(map(str, first[1:])))
        reply = link.reply()
        if reply == ["loaded"] and first == ["compiled"]:
            return None
        if reply[0] != "raised":
            link.violated("a reply is not the one that was asked for")
        return _raised(link.error(reply), "the program")
    except Abandoned as stop:
        return _report(stop.outcome, stop.detail)


def _group(link: Link, group: Mapping[str, Any], entry_point: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The report of one group, and of those after it when nothing can be asked any more."""
    try:
        run = _weakly if group["integrity"] == "weak" else _KINDS[group["kind"]]
        return run(link, group, entry_point), None
    except Abandoned as stop:
        report = _report(stop.outcome, stop.detail)
        if stop.outcome in (DIED, VIOLATION):
            return report, report
        link.abandoned = None
        return report, None
    except BaseException as error:
        if error is not link.raised:
            raise
        return _raised(error, "the program"), None


# Calls


def _calls(link: Link, group: Mapping[str, Any], entry_point: str) -> dict[str, Any]:
    """Outputs of the entry point against expected values, or the outputs themselves when there are none."""
    oracle = ORACLES[group["oracle"]]
    record = group["expected"] is None
    expected = [] if record else [decode(one, opaque) for one in group["expected"]]
    allowed = tolerances(expected, group["atol"], oracle.legacy)
    inputs, returned, done = group["inputs"], [], 0
    while done < len(inputs):
        chunk = inputs[done : done + _CHUNKS.get(done, _CHUNK)]
        link.request("calls", entry_point, chunk, oracle.iterates)
        for index, given in enumerate(chunk, done):
            reply = link.reply()
            out, fault = _output(link, reply, entry_point, given)
            if fault is None and record:
                returned.append(out is not None if oracle.presence else reply[1])
            elif fault is None:
                args = decode(given) if oracle.arguments else ()
                fault = _compared(group["oracle"], out, expected[index], args, allowed[index], entry_point, given)
            if fault is not None:
                _hear(link, done + len(chunk) - index - 1)
                return fault
        done += len(chunk)
    return _report(PASSED, returned=returned if record else None)


def _output(link: Link, reply: list[Any], entry_point: str, given: Any) -> tuple[Any, dict[str, Any] | None]:
    """The output of one call, or the report that it raised."""
    if reply == ["missing"]:
        return None, _report(RAISED, f"the program does not define {entry_point}")
    try:
        return link.value(reply, opaque), None
    except BaseException as error:
        if error is not link.raised:
            raise
        return None, _raised(error, describe_call(entry_point, decode(given)))


def _compared(
    name: str, out: Any, expected: Any, args: Any, atol: float, entry_point: str, given: Any
) -> dict[str, Any] | None:
    """None when the output is right, else the report."""
    gave = ""
    try:
        if agrees(name, out, expected, args, atol):
            return None
    except Abandoned as stop:  # an object that is not plain data
        gave = f": {stop.detail}"
    called = describe_call(entry_point, decode(given))
    return _report(WRONG, f"{called}{gave or f' gave {describe(out)}'}; expected {describe(expected)}")


def _hear(link: Link, left: int) -> None:
    """Takes the replies to what is already asked. A process that ends meanwhile does not change what is decided."""
    try:
        for _ in range(left):
            link.reply()
    except Abandoned:
        return


# Trusted source that calls the program through proxies


def _namespace(link: Link, group: Mapping[str, Any]) -> dict[str, Any]:
    """What trusted source finds: the program's names, and modules that its authors relied on."""
    found: dict[str, Any] = {"__name__": "tests"}
    for name in group["modules"]:
        found[name] = importlib.import_module(name)
    for name in group["names"]:
        try:
            found[name] = link.find(name)
        except MissingNameError:
            continue  # trusted source that uses it fails with a NameError
    return found


def _check(link: Link, group: Mapping[str, Any], entry_point: str) -> dict[str, Any]:
    """`check(candidate)`, as HumanEval writes it."""
    try:
        candidate = link.find(entry_point)
    except MissingNameError:
        return _report(RAISED, f"the program does not define {entry_point}")
    namespace = _namespace(link, group)
    namespace["candidate"] = candidate
    source = f"{group['source']}\n\ncheck(candidate)\n"
    for one in (group["helpers"], source):
        if (fault := _run(link, one, namespace, group)) is not None:
            return fault
    return _report(PASSED)


def _assertions(link: Link, group: Mapping[str, Any], entry_point: str) -> dict[str, Any]:
    """Assert statements about the program's names, as MBPP writes them."""
    namespace = _namespace(link, group)
    if entry_point in group["names"] and entry_point not in namespace:  # never the built-in of that name
        return _report(RAISED, f"the program does not define {entry_point}")
    for one in (group["setup"], *group["statements"]):
        if (fault := _run(link, one, namespace, group)) is not None:
            return fault
    return _report(PASSED)


def _run(link: Link, source: str, namespace: dict[str, Any], group: Mapping[str, Any]) -> dict[str, Any] | None:
    """Runs trusted source; None when it holds."""
    try:
        exec(compile(source, _TESTS, "exec", dont_inherit=True, optimize=0), namespace)
    except Abandoned:
        raise
    except BaseException as error:
        if link.abandoned is None:
            return _failed(link, source, error, group)
    if link.abandoned is not None:  # the source caught it
        raise link.abandoned
    return None


def _failed(link: Link, source: str, error: BaseException, group: Mapping[str, Any]) -> dict[str, Any]:
    if error is link.raised:
        return _raised(error, link.called() or "the program")
    if isinstance(error, NameError) and error.name in group["names"]:
        return _report(RAISED, f"the program does not define {error.name}")
    said = [_line(source, error)]
    if not isinstance(error, AssertionError):
        said.append(f"{type(error).__name__}: {error}")
    return _report(WRONG, "; ".join(one for one in (*said, link.last()) if one))


def _line(source: str, error: BaseException) -> str:
    """The line of trusted source at which it failed."""
    number, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _TESTS:
            number = trace.tb_lineno
        trace = trace.tb_next
    lines = source.splitlines()
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


# Tests that need the program's own process


def _weakly(link: Link, group: Mapping[str, Any], entry_point: str) -> dict[str, Any]:
    """Has the tests run in the program's process; what it says is only believed when it knows the secret of this run."""
    secret = os.urandom(16).hex()
    names = group["tests"] if group["kind"] == "unittest" else [_TESTS]
    if not names:
        return _report(WRONG, "the tests define no test")
    link.request("weak", weak_source(group, entry_point), names, entry_point, secret)
    reply = link.reply()
    if len(reply) != 3 or reply[:2] != ["tested", secret] or type(reply[2]) is not dict:
        link.violated("a result of tests that no test run gave")
    for name in names:
        said: Any = reply[2].get(name)
        if not _is_result(said):
            return _report(WRONG, f"{name}: it did not run")
        if said != [PASSED, ""]:
            return _report(RAISED if said[0] == RAISED else WRONG, f"{name}: {said[1]}")
    return _report(PASSED)


def _is_result(said: Any) -> bool:
    return type(said) is list and len(said) == 2 and all(type(one) is str for one in said)


def weak_source(group: Mapping[str, Any], entry_point: str) -> str:
    """What runs in the program's namespace when a group of tests needs that."""
    if group["kind"] == "unittest":
        return str(group["source"])
    if group["kind"] == "check":
        return f"{group['helpers']}\n{group['source']}\n\ncheck({entry_point})\n"
    return "\n".join((group["setup"], *group["statements"]))


_KINDS = {"calls": _calls, "check": _check, "assertions": _assertions, "unittest": _weakly}
