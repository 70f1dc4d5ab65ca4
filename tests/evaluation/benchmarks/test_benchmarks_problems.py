"""Our own problems: every reference passes, every wrong and hostile program does not. Only the sandbox runs hostile ones."""

from __future__ import annotations

import copy
import dataclasses
import unittest
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import problems
from apr_core.evaluation.benchmarks import load
from apr_core.evaluation.problem import Assertions, Calls, CheckFunction, Problem, UnitTests
from apr_core.evaluation.references import References
from apr_core.evaluation.sandbox import Sandbox

OWN = {problem.task_id: problem for problem in load("plain", problems.PLAIN).problems}


def by_name(one: problems.Solution) -> str:
    """The id of a case."""
    return f"{one.task_id}: {one.name}"


def test_there_are_thirty_and_each_is_solved_missed_and_attacked() -> None:
    kinds = Counter((one.task_id, one.kind) for one in problems.solutions())
    assert len(OWN) == 30
    for task_id in OWN:
        assert kinds[task_id, "reference"] == 1
        assert kinds[task_id, "wrong"] >= 1 and kinds[task_id, "hostile"] >= 1
    assert {one.task_id for one in problems.solutions()} == set(OWN)
    for one in problems.solutions("reference"):
        assert one.program == OWN[one.task_id].reference
    assert Counter(type(problem.tests["base"]) for problem in OWN.values()).keys() == {
        Calls, CheckFunction, Assertions, UnitTests,
    }  # fmt: skip


def equal(one: Any, other: Any, atol: float) -> bool:
    """Whether two values agree in type and content, floats within `atol`."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return abs(one - other) <= atol
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other, [atol] * len(one)))
    return bool(one == other)


def passes_in_one_namespace(problem: Problem, program: str) -> bool:
    """What a program of ours that means no harm comes to, without sandbox or checker: an opinion of its own."""
    try:
        for tests in problem.tests.values():
            names: dict[str, Any] = {"__name__": "own"}
            exec(program, names)
            _judge(tests, names, problem)
    except (Exception, SystemExit):
        return False
    return True


def _judge(tests: Any, names: dict[str, Any], problem: Problem) -> None:
    if isinstance(tests, Calls):
        known: dict[str, Any] = {}
        exec(problem.reference, known)
        for index, arguments in enumerate(tests.inputs):
            wanted = (
                known[problem.entry_point](*copy.deepcopy(arguments))
                if tests.expected is None
                else tests.expected[index]
            )
            assert equal(names[problem.entry_point](*copy.deepcopy(arguments)), wanted, tests.atol or 1e-6)
    elif isinstance(tests, CheckFunction):
        trusted: dict[str, Any] = {}
        exec(tests.helpers, trusted)
        exec(tests.source, trusted)
        trusted["check"](names[problem.entry_point])
    elif isinstance(tests, Assertions):
        exec(tests.setup, names)
        for statement in tests.statements:
            exec(statement, names)
    else:
        exec(tests.source, names)
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(names["TestCases"]).run(result)
        assert result.wasSuccessful() and result.testsRun


@pytest.mark.parametrize("benchmark", problems.FORMATS)
def test_references_pass_their_tests_in_every_format(benchmark: str) -> None:
    for problem in load(benchmark, problems.FORMATS[benchmark]).problems:
        assert passes_in_one_namespace(problem, problem.reference), problem.task_id


@pytest.mark.parametrize(
    "solution", [one for one in problems.solutions("wrong") if one.classes != ("timeout",)], ids=by_name
)
def test_wrong_programs_fail_by_themselves(solution: problems.Solution) -> None:
    assert not passes_in_one_namespace(OWN[solution.task_id], solution.program)


@pytest.fixture(scope="module")
def judges() -> Iterator[tuple[Sandbox, References]]:
    """One sandbox for all programs of this file."""
    with Sandbox(workers=1) as sandbox:
        yield sandbox, References(sandbox)


@pytest.mark.parametrize("solution", problems.solutions(), ids=by_name)
def test_every_program_comes_to_what_it_is(solution: problems.Solution, judges: tuple[Sandbox, References]) -> None:
    sandbox, references = judges
    expectation = references.of(OWN[solution.task_id])
    assert expectation.fault == ""
    limits = references.limits(expectation, "base")
    if solution.classes == ("timeout",):  # it would take all that it may: give it little
        limits = dataclasses.replace(limits, cpu_seconds=0.2)
    run = sandbox.execute(solution.program, expectation.spec, limits)
    assert run.outcome in solution.classes, run.groups


@pytest.mark.parametrize("benchmark", [name for name in problems.FORMATS if name != "plain"])
def test_references_pass_in_the_sandbox_in_every_format(benchmark: str, judges: tuple[Sandbox, References]) -> None:
    _, references = judges
    faults = {
        problem.task_id: references.of(problem).fault
        for problem in load(benchmark, problems.FORMATS[benchmark]).problems
    }
    assert faults == dict.fromkeys(faults, "")
