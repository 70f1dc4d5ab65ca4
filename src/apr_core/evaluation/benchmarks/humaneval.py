"""The format of HumanEval: a prompt that begins a program, and a `check(candidate)` that judges what it defines.

The one thing a reader would get wrong: in the original harness prompt, completion and test share one namespace. Here the test
runs apart, so what it takes from the prompt (a helper, an import) travels with it.

Source: Chen et al. 2021, Evaluating Large Language Models Trained on Code; https://github.com/openai/human-eval
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from apr_core.evaluation.benchmarks.lines import Line, Source
from apr_core.evaluation.benchmarks.names import first_lines, helpers, newlines
from apr_core.evaluation.problem import CheckFunction, Problem

FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "test")


def problems(source: Source) -> Iterator[Problem]:
    """The problems of a file.

    Raises:
        AprError: a field is of another type, or the test is not Python.
    """
    for line in source.lines:
        prompt, entry = newlines(line.text("prompt")), line.text("entry_point")
        solution = newlines(line.text("canonical_solution", ""))
        reference = prompt + solution if solution.strip() else ""
        yield Problem(
            task_id=line.text("task_id"),
            prompt=prompt,
            entry_point=entry,
            reference=reference,
            tests={"base": check_function(line, newlines(line.text("test")), prompt, reference, entry)},
        )


def check_function(line: Line, test: str, prompt: str, reference: str, entry: str) -> CheckFunction:
    """The test with what it needs of the prompt.

    Raises:
        AprError: the test is not Python or defines no `check`, or the prompt does not begin a program.
    """
    try:
        body = ast.parse(test).body
    except SyntaxError as error:
        raise line.wrong(f"the test is not Python: {error.msg}, line {error.lineno} of it") from error
    if not any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in body):
        raise line.wrong("the test defines no function `check`, which is called with the candidate")
    fault = SyntaxError()
    for program in (reference if reference.startswith(prompt) else "", f"{prompt}\n    pass\n", prompt):
        try:
            if program or not prompt:
                return CheckFunction(test, helpers(test, program, first_lines(prompt), entry))
        except SyntaxError as error:
            fault = error
    raise line.wrong(f"the prompt does not begin a Python program: {fault.msg}, line {fault.lineno} of it") from fault
