"""The format of MBPP: a sentence that asks for a function, and assert statements that call it by name.

The one thing a reader would get wrong: the file of 974 problems holds four splits. Published figures are mostly of the test
split, `Mbpp` 11 to 510; `mbpp` is the whole file and `mbpp-test` that split.

Source: Austin et al. 2021, Program Synthesis with Large Language Models; https://github.com/google-research/google-research
"""

from __future__ import annotations

from collections.abc import Iterator

from apr_core.evaluation.benchmarks.lines import Line, Source
from apr_core.evaluation.benchmarks.names import entry_point, newlines
from apr_core.evaluation.problem import Assertions, Problem

FIELDS = ("task_id", "text", "code", "test_list", "test_setup_code")
TEST_SPLIT = range(11, 511)
"""Numbers of the test split. 1 to 10 are for prompts, 511 to 600 for validation, the rest for training."""


def problems(source: Source) -> Iterator[Problem]:
    """The problems of a file. An id is the number alone in the file; here it is `Mbpp/<number>`, as EvalPlus writes it.

    Raises:
        AprError: a field is of another type, a test is not Python, or the tests call nothing.
    """
    for line in source.lines:
        reference, setup = newlines(line.text("code")), newlines(line.text("test_setup_code", ""))
        statements = tuple(newlines(one) for one in line.texts("test_list"))
        yield Problem(
            task_id=f"Mbpp/{number(line)}",
            prompt=newlines(line.text("text")),
            entry_point=asserted(line, "test_list", statements, setup, reference),
            reference=reference,
            tests={"base": Assertions(statements, setup)},
            mode="instruction",
        )


def number(line: Line) -> int:
    """The number of a problem."""
    found = line.data.get("task_id")
    if type(found) is not int or found < 0:
        raise line.wrong(f"`task_id` is {found!r}; a whole number is needed")
    return found


def asserted(line: Line, key: str, statements: tuple[str, ...], setup: str, reference: str) -> str:
    """The function that the statements at `key` test."""
    if not statements:
        raise line.wrong(f"`{key}` is empty; at least one assert statement is needed")
    try:
        found = entry_point(statements, setup, reference)
    except SyntaxError as error:
        raise line.wrong(f"`{key}` or its setup is not Python: {error.msg}: {(error.text or '').strip()}") from error
    if found is None:
        raise line.wrong(f"the statements in `{key}` call no function that a program would define: {statements[0]!r}")
    return found
