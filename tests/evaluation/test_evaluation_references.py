"""Reference solutions: the values that they give, the time that they grant, and what happens when they do not run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from apr_core.errors import AprError
from apr_core.evaluation.completions import Completion
from apr_core.evaluation.evaluate import judge
from apr_core.evaluation.problem import Calls, Problem
from apr_core.evaluation.references import FACTOR, FLOOR_SECONDS, Expectation, References
from apr_core.evaluation.sandbox import Limits, Sandbox

DOUBLE = "def double(x):\n    return x + x\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for all tests here."""
    with Sandbox() as opened:
        yield opened


def problem(reference: str = DOUBLE, *, expected: tuple[object, ...] | None = None) -> Problem:
    return Problem(
        "own/double", "", "double", reference, {"base": Calls(((2,), ("ab",)), expected)}, mode="instruction"
    )


def outcome(text: str, one: Problem, references: References) -> str:
    return judge(Completion(one.task_id, 0, text, True), one, references).class_


def test_expected_values_come_from_the_reference(sandbox: Sandbox) -> None:
    references = References(sandbox)
    assert outcome("def double(x):\n    return 2 * x\n", problem(), references) == "passed"
    assert outcome("def double(x):\n    return x\n", problem(), references) == "wrong-answer"


def test_stated_values_are_not_what_the_reference_gives(sandbox: Sandbox) -> None:
    one = problem(expected=(5, "ab"))
    references = References(sandbox)
    assert references.of(one).fault.startswith("base: wrong-answer: double(2) gave 4; expected 5")
    assert outcome("def double(x):\n    return 5 if x == 2 else x\n", one, references) == "passed"


def test_a_reference_that_gives_no_values_leaves_nothing_to_judge(sandbox: Sandbox) -> None:
    one = problem("def double(x):\n    raise ValueError('no')\n")
    result = judge(Completion(one.task_id, 0, DOUBLE, True), one, References(sandbox))
    assert (result.class_, result.passed) == ("infrastructure-error", False)
    assert "the reference solution gives no expected values for the base tests" in result.detail
    assert "ValueError" in result.detail


def test_neither_values_nor_a_reference_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(AprError, match="own/double: its tests name no expected values, and it has no reference"):
        References(sandbox).of(problem(""))


def test_what_was_found_is_remembered_and_belongs_to_the_problem(sandbox: Sandbox, tmp_path: Path) -> None:
    first = References(sandbox, tmp_path).of(problem())
    (stored,) = tmp_path.iterdir()
    assert References(sandbox, tmp_path).of(problem()) == first
    References(sandbox, tmp_path).of(problem("def double(x):\n    return x * 2\n"))
    assert len(list(tmp_path.iterdir())) == 2
    stored.write_text("{", encoding="utf-8")  # a cache that is broken is no reason to stop
    again = References(sandbox, tmp_path).of(problem())
    assert again.spec == first.spec


def test_a_fault_is_not_remembered(sandbox: Sandbox, tmp_path: Path) -> None:
    References(sandbox, tmp_path).of(problem(expected=(5, "ab")))
    assert list(tmp_path.iterdir()) == []


def test_limits_grow_with_the_reference_and_with_the_slowness_of_the_machine(sandbox: Sandbox) -> None:
    references = References(sandbox)
    slow = Expectation({}, {"plus": FLOOR_SECONDS})
    short, long = references.limits(slow, "base"), references.limits(slow, "plus")
    assert long.cpu_seconds == pytest.approx(FACTOR * short.cpu_seconds)
    assert short.cpu_seconds == pytest.approx(FLOOR_SECONDS * references.slowness)
    references.slowness *= 3
    assert references.limits(slow, "plus").cpu_seconds == pytest.approx(3 * long.cpu_seconds)
    assert references.limits(dataclasses.replace(slow, peak_bytes=2**30), "base").memory_bytes == 4 * 2**30
    assert references.limits(slow, "base").memory_bytes == Limits().memory_bytes


def test_a_loop_without_end_is_a_timeout(sandbox: Sandbox) -> None:
    references = References(sandbox)
    references.slowness = 0.05
    assert outcome("def double(x):\n    while True: pass\n", problem(), references) == "timeout"


def test_each_group_of_tests_has_a_process_and_a_limit_of_its_own(sandbox: Sandbox) -> None:
    tests = {"base": Calls(((2,),), None), "plus": Calls((("ab",), (3,)), None)}
    one = Problem("own/double", "", "double", DOUBLE, tests, mode="instruction")
    references = References(sandbox)
    counting = "calls = 0\ndef double(x):\n    global calls\n    calls += 1\n    return x + x if calls < 3 else None\n"
    result = judge(Completion(one.task_id, 0, counting, True), one, references)
    assert (result.base, result.plus, result.passed) == (True, True, True)
    leaving = "import os\ndef double(x):\n    return x + x if x != 2 else os._exit(0)\n"
    result = judge(Completion(one.task_id, 0, leaving, True), one, references)
    assert (result.base, result.plus, result.class_) == (False, True, "exception")
