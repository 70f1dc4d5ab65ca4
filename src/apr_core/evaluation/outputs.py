"""What programs return on given inputs, without asking whether it is right: what a choice by agreement looks at.

The one thing a reader would get wrong: outputs agree when they are equal as data, so 0.1 + 0.2 does not agree with 0.3,
nor 1 with 1.0. The order inside sets and dicts does not count; nothing else is forgiven.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from apr_core.errors import UsageError
from apr_core.evaluation.problem import Calls, Problem
from apr_core.evaluation.result import PASSED
from apr_core.evaluation.sandbox import Limits, Sandbox
from apr_core.evaluation.sandbox import spec as specs


def asking(problem: Problem, most: int, group: str = "base") -> Problem:
    """The problem with at most `most` inputs of a group of its tests, a group each, and nothing that says what is right.

    Raises:
        UsageError: the tests of that group are no calls, so that there are no inputs to give.
    """
    tests = problem.tests.get(group)
    if not isinstance(tests, Calls) or not tests.inputs:
        raise UsageError(
            f"{problem.task_id!r} has no inputs: its {group} tests are {type(tests).__name__}, which say only what must hold. "
            "Choose by log-probability, or use a benchmark whose tests are calls, as mbpp+ or humaneval+."
        )
    asked = {
        f"input {number}": dataclasses.replace(tests, inputs=(one,), expected=None)
        for number, one in enumerate(tests.inputs[:most])
    }
    return dataclasses.replace(problem, tests=asked)


def outputs_of(program: str, asked: Problem, sandbox: Sandbox, limits: Limits | None = None) -> tuple[str | None, ...]:
    """What `program` returns on each input of `asked`, encoded; None where it does not return plain data in time."""
    run = sandbox.execute(program, specs.make(asked, record=True), limits)
    return tuple(_form(one.returned[0]) if one.outcome == PASSED and one.returned else None for one in run.groups)


def _form(encoded: Any) -> str | None:
    """The text of an encoded value; None when it holds an object that is no data, whose handle is only a number."""
    return None if _has_handle(encoded) else json.dumps(canonical(encoded), sort_keys=True)


def _has_handle(encoded: Any) -> bool:
    if isinstance(encoded, dict):
        return "handle" in encoded or any(map(_has_handle, encoded.values()))
    return isinstance(encoded, list) and any(map(_has_handle, encoded))


def canonical(encoded: Any) -> Any:
    """An encoded value with sets and dicts in one order: two that are equal have one form, whatever order they were built in."""
    if isinstance(encoded, list):
        return [canonical(one) for one in encoded]
    if not isinstance(encoded, dict):
        return encoded
    ((name, body),) = encoded.items()
    if name in ("set", "frozenset"):
        return {name: sorted(map(canonical, body), key=json.dumps)}
    if name in ("dict", "Counter"):  # keys and values, each in a list
        pairs = zip(*(map(canonical, part) for part in body), strict=True)
        return {name: sorted(map(list, pairs), key=json.dumps)}
    return {name: canonical(body)}
