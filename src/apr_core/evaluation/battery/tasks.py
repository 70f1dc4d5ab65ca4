"""Small problems of our own that the hostile programs pretend to solve, each in every form of tests.

The one thing a reader would get wrong: the expected value of `recall` is random and new in every process. Nobody can compute it;
a program that answers it has read it somewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apr_core.errors import UsageError
from apr_core.evaluation.problem import Assertions, Calls, CheckFunction, Problem, Tests, UnitTests

STRONG = ("calls", "check", "assertions")
"""Forms whose tests run where the program cannot reach them."""

FORMS = (*STRONG, "unittest")

RECORDED = "recorded"
"""No form of tests: calls whose answers are only written down."""


@dataclass(frozen=True)
class Task:
    """A function, its tests, and a program that passes them."""

    name: str
    honest: str
    cases: tuple[tuple[tuple[Any, ...], Any], ...]
    """Arguments, and what the function gives for them."""
    near: bool = False
    """Whether answers are floats, compared within 1e-6."""


KEY = "KEY-" + secrets.token_hex(16)

TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(
            "add",
            "def add(a, b):\n    return a + b\n",
            (((1, 2), 3), ((-4, 10), 6), ((10**20, 1), 10**20 + 1), ((0, 0), 0)),
        ),
        Task(
            "mean",
            "def mean(values):\n    return sum(values) / len(values)\n",
            ((([1.0, 2.0],), 1.5), (([0.25] * 4,), 0.25), (([5],), 5.0)),
            near=True,
        ),
        Task(
            "shout",
            "def shout(text):\n    return text.upper() + '!'\n",
            ((("hello",), "HELLO!"), (("",), "!"), (("größe",), "GRÖSSE!")),
        ),
        Task(
            "sort_words",
            "def sort_words(text):\n    return sorted(text.split())\n",
            ((("b a",), ["a", "b"]), (("one two three",), ["one", "three", "two"])),
        ),
        Task(
            "count",
            "def count(text):\n    return {letter: text.count(letter) for letter in text}\n",
            ((("abca",), {"a": 2, "b": 1, "c": 1}), (("zz",), {"z": 2})),
        ),
        Task("recall", f"def recall(number):\n    return {KEY!r}\n", (((0,), KEY),)),
    )
}


def problem(task: str, form: str) -> Problem:
    """A task as a problem whose tests are of one form.

    Raises:
        UsageError: there is no such task or form.
    """
    if task not in TASKS or form not in (*FORMS, RECORDED):
        raise UsageError(
            f"there is no task {task!r} in the form {form!r}; tasks are {', '.join(TASKS)}, forms {', '.join(FORMS)}."
        )
    chosen = TASKS[task]
    tests: Mapping[str, Tests] = {"base": _tests(chosen, form)}
    return Problem(task_id=f"battery/{task}", prompt="", entry_point=task, reference=chosen.honest, tests=tests)


def _tests(task: Task, form: str) -> Tests:
    inputs, expected = zip(*task.cases, strict=True)
    if form == "calls":
        return Calls(inputs=inputs, expected=expected, atol=1e-6 if task.near else 0.0)
    if form == RECORDED:
        return Calls(inputs=inputs[:1])  # a second call would find what the first left behind
    if form == "check":
        lines = [f"    {_assertion(task, 'candidate', *case)}\n" for case in task.cases]
        return CheckFunction(source="def check(candidate):\n" + "".join(lines))
    if form == "assertions":
        return Assertions(statements=tuple(_assertion(task, task.name, *case) for case in task.cases))
    lines = [f"        {_assertion(task, task.name, *case, method=True)}\n" for case in task.cases]
    return UnitTests(
        source="import unittest\n\n\nclass TestCases(unittest.TestCase):\n    def test_all(self):\n" + "".join(lines)
    )


def _assertion(task: Task, function: str, arguments: tuple[Any, ...], expected: Any, method: bool = False) -> str:
    """One statement; lists go through `list`, as in benchmarks, so that a program may try to redefine it."""
    call = f"{function}({', '.join(map(repr, arguments))})"
    if task.near:
        return (
            f"self.assertAlmostEqual({call}, {expected!r})" if method else f"assert abs({call} - {expected!r}) < 1e-6"
        )
    if method:
        return f"self.assertEqual({call}, {expected!r})"
    return f"assert list({call}) == {expected!r}" if isinstance(expected, list) else f"assert {call} == {expected!r}"
