"""What the reference solutions give: the expected values that no problem states, and how long a right program takes here.

The one thing a reader would get wrong: a time limit is CPU time in units of this machine. A fixed small program is timed in
the same sandbox, and limits scale with it, so that a slower machine does not turn right programs into timeouts.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from apr_core.errors import AprError
from apr_core.evaluation.problem import Calls, Problem
from apr_core.evaluation.result import PASSED
from apr_core.evaluation.sandbox import Execution, Limits, Sandbox
from apr_core.evaluation.sandbox import spec as specs
from apr_core.files import canonical_json, digest_bytes, write_atomic

FLOOR_SECONDS = 3.0
"""The least CPU time that a program gets for a group of tests, where the calibration program takes `NOMINAL_SECONDS`."""
FACTOR = 10.0
"""A program gets so many times what the reference solution takes for a group of tests."""
REFERENCE_SECONDS = 60.0
"""What a reference solution itself may take, on the nominal machine."""
REFERENCE_BYTES = 4 * 2**30
"""And the address space that it may take, anywhere."""
NOMINAL_SECONDS = 0.1
CALIBRATION = """
def work(n):
    total, seen = 0, {}
    for i in range(n):
        total = (total * 31 + i) % 1000003
        seen[total % 512] = str(i)
    return len(seen)
"""
_CALIBRATION = Problem(
    "calibration", "", "work", CALIBRATION, {"base": Calls(inputs=((400_000,),), expected=(512,))}, mode="instruction"
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is known of a problem once its reference solution has run."""

    spec: Mapping[str, Any] | None
    """What the checker is told; None when the reference gave no expected values, so that nothing can be judged."""
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    """What the reference took for each group of tests that it passed, in seconds of the nominal machine."""
    fault: str = ""
    """Why the reference solution did not pass; empty when it did, or there is none."""
    peak_bytes: int = 0
    """The largest resident set of the reference."""


class References:
    """Reference solutions of one evaluation, run once each and remembered in `folder`. Safe from several threads."""

    def __init__(self, sandbox: Sandbox, folder: Path | None = None) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._found: dict[str, Expectation] = {}
        self._lock = threading.Lock()

    @cached_property
    def slowness(self) -> float:
        """CPU seconds of the calibration program here, over those of the nominal machine."""
        spec = specs.make(_CALIBRATION)
        limits = dataclasses.replace(Limits(), cpu_seconds=60.0)
        runs = [self._sandbox.execute(CALIBRATION, spec, limits) for _ in range(3)]
        for run in runs:
            if run.groups[0].outcome != PASSED:
                raise AprError(
                    f"the sandbox cannot run the calibration program: {run.groups[0].outcome}, {run.groups[0].detail}. "
                    "Nothing can be judged on this machine before that is repaired."
                )
        return max(min(run.cpu_seconds for run in runs) / NOMINAL_SECONDS, 0.05)

    def limits(self, expectation: Expectation, group: str) -> Limits:
        """What a program may use for one group of tests."""
        cpu = max(FLOOR_SECONDS, FACTOR * expectation.cpu_seconds.get(group, 0.0)) * self.slowness
        memory = max(Limits().memory_bytes, 4 * expectation.peak_bytes)
        return dataclasses.replace(Limits(), cpu_seconds=cpu, memory_bytes=memory)

    def run(self, program: str, expectation: Expectation) -> list[Execution]:
        """Runs a program, each group of tests apart: what it does to itself in one cannot fail or slow it in the next."""
        if expectation.spec is None:
            raise ValueError("nothing can be judged without expected values")
        return [
            self._sandbox.execute(
                program, {**expectation.spec, "groups": [group]}, self.limits(expectation, group["name"])
            )
            for group in expectation.spec["groups"]
        ]

    def of(self, problem: Problem) -> Expectation:
        """Runs the reference solution unless that was done before.

        Raises:
            AprError: the tests take their expected values from a reference solution, and there is none.
        """
        with self._lock:
            found = self._found.get(problem.task_id)
        if found is None:
            found = self._remembered(problem)
            with self._lock:
                self._found[problem.task_id] = found
        return found

    def _remembered(self, problem: Problem) -> Expectation:
        if self._folder is None:
            return self._run(problem)
        path = self._folder / f"{_identity(problem)}.json"
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return Expectation(**stored)
        except (OSError, ValueError, KeyError, TypeError):
            found = self._run(problem)  # not there, or not ours: it is only a cache
        if not found.fault:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomic(path, json.dumps(dataclasses.asdict(found)))  # encoded values may be NaN
        return found

    def _run(self, problem: Problem) -> Expectation:
        needed = _needed(problem)
        if not problem.reference:
            if needed:
                raise AprError(
                    f"{problem.task_id}: its tests name no expected values, and it has no reference solution that would give "
                    "them. Add one of the two to the problem."
                )
            return Expectation(specs.make(problem))
        cpu = REFERENCE_SECONDS * self.slowness
        limits = dataclasses.replace(Limits(), cpu_seconds=cpu, memory_bytes=REFERENCE_BYTES)
        expected: dict[str, Any] = {}
        if needed:
            recorded = self._sandbox.execute(problem.reference, specs.make(problem, record=True), limits)
            expected = {one.name: one.returned for one in recorded.groups if one.returned is not None}
            if lacking := needed - set(expected):
                why = f"the reference solution gives no expected values for the {min(lacking)} tests"
                return Expectation(None, fault=f"{why} ({_fault([recorded])})")
        spec = specs.make(problem, expected)
        runs = [
            self._sandbox.execute(problem.reference, {**spec, "groups": [group]}, limits) for group in spec["groups"]
        ]
        taken = {run.groups[0].name: run.cpu_seconds / self.slowness for run in runs if run.passed}
        return Expectation(spec, taken, _fault(runs), max(run.peak_bytes for run in runs))


def _needed(problem: Problem) -> set[str]:
    """Groups of tests whose expected values are what the reference gives."""
    return {name for name, tests in problem.tests.items() if isinstance(tests, Calls) and tests.expected is None}


def _fault(runs: Iterable[Execution]) -> str:
    failed = (one for run in runs for one in run.groups if one.outcome != PASSED)
    return next((f"{one.name}: {one.outcome}: {one.detail}" for one in failed), "")


def _identity(problem: Problem) -> str:
    content = [sys.version, specs.VERSION, problem.task_id, problem.entry_point, problem.reference, repr(problem.tests)]
    return digest_bytes(canonical_json(content))
