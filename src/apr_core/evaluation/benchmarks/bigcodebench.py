"""The format of BigCodeBench: two prompts for one task, and a `unittest.TestCase` that runs in the program's own namespace.

The one thing a reader would get wrong: the benchmark has one file and two forms. `bigcodebench` gives the signature and
docstring to continue; `bigcodebench-instruct` gives the sentence that asks for a program.

Source: Zhuo et al. 2024, BigCodeBench; https://github.com/bigcode-project/bigcodebench
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from apr_core.evaluation.benchmarks.lines import Line, Source
from apr_core.evaluation.benchmarks.names import newlines
from apr_core.evaluation.problem import Problem, UnitTests

FIELDS = ("task_id", "complete_prompt", "instruct_prompt", "canonical_solution", "test", "entry_point")


def complete(source: Source) -> Iterator[Problem]:
    """The problems of a file, each as the beginning of a program.

    Raises:
        AprError: a field is of another type, or the tests define no `TestCases`.
    """
    for line in source.lines:
        yield _problem(line, instruct=False)


def instruct(source: Source) -> Iterator[Problem]:
    """The problems of a file, each as a text that asks for a program; raises as `complete` does."""
    for line in source.lines:
        yield _problem(line, instruct=True)


def _problem(line: Line, instruct: bool) -> Problem:
    begun, solution = newlines(line.text("complete_prompt")), newlines(line.text("canonical_solution"))
    return Problem(
        task_id=line.text("task_id"),
        prompt=newlines(line.text("instruct_prompt")) if instruct else begun,
        entry_point=line.text("entry_point"),
        reference=f"{begun}\n{solution}" if solution.strip() else "",
        tests={"base": unit_tests(line, "test")},
        mode="instruction" if instruct else "continuation",
    )


def unit_tests(line: Line, key: str) -> UnitTests:
    """The tests at `key`: Python that defines a class `TestCases`."""
    source = newlines(line.text(key))
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise line.wrong(f"`{key}` is not Python: {error.msg}, line {error.lineno} of it") from error
    cases = next((node for node in body if isinstance(node, ast.ClassDef) and node.name == "TestCases"), None)
    if cases is None:
        raise line.wrong(f"`{key}` defines no class `TestCases`; the tests are its methods")
    if not any(isinstance(node, ast.FunctionDef) and node.name.startswith("test") for node in cases.body):
        raise line.wrong(f"the class `TestCases` in `{key}` has no method `test…`; every program would pass it")
    return UnitTests(source)
