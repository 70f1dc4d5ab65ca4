"""The plain format: one JSON object per line, for people's own problems.

The one thing a reader would get wrong: JSON has no tuples, sets, bytes or complex numbers. With `"literals": true`, `args` and
`expected` are texts that hold Python literals: `"([1, 2], (3,))"`, `"{1, 2}"`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast

from apr_core.errors import did_you_mean
from apr_core.evaluation.benchmarks.bigcodebench import unit_tests
from apr_core.evaluation.benchmarks.humaneval import check_function
from apr_core.evaluation.benchmarks.lines import Line, Source
from apr_core.evaluation.benchmarks.mbpp import asserted
from apr_core.evaluation.benchmarks.names import newlines
from apr_core.evaluation.problem import Assertions, Calls, Problem, Tests
from apr_core.evaluation.sandbox.oracles import ORACLES

FIELDS = ("task_id", "prompt")
FORMS = ("tests", "assertions", "check", "unittest")
"""Fields that hold tests, one form each; a problem has exactly one."""
MODES = ("continuation", "instruction")
ALLOWED = (
    *FIELDS, *FORMS, "entry_point", "reference", "setup", "mode", "atol", "oracle", "literals", "released",
)  # fmt: skip


def problems(source: Source) -> Iterator[Problem]:
    """The problems of a file; `docs/benchmarks.md` describes the fields.

    Raises:
        AprError: a field is unknown, missing, of another type, or does not go with the others.
    """
    for line in source.lines:
        line.allow(ALLOWED)
        forms = [form for form in FORMS if line.data.get(form) is not None]
        if len(forms) != 1:
            raise line.wrong(
                f"it has {' and '.join(f'`{form}`' for form in forms) or 'no tests'}; exactly one of "
                f"{', '.join(f'`{form}`' for form in FORMS)} is needed"
            )
        yield _problem(line, forms[0])


def _problem(line: Line, form: str) -> Problem:
    prompt, reference = newlines(line.text("prompt")), newlines(line.text("reference", ""))
    mode = line.text("mode", "instruction")
    if mode not in MODES:
        raise line.wrong(f"`mode` is {mode!r}; allowed are {' and '.join(MODES)}")
    entry = line.text("entry_point", "")
    if not entry and form == "assertions":
        setup = newlines(line.text("setup", ""))
        entry = asserted(line, form, line.texts(form), setup, reference)
    if not entry.isidentifier():
        raise line.wrong(f"`entry_point` is {entry!r}; the name of the function that the tests call is needed")
    return Problem(
        task_id=line.text("task_id"),
        prompt=prompt,
        entry_point=entry,
        reference=reference,
        tests={"base": _tests(line, form, prompt if mode == "continuation" else "", reference, entry)},
        mode=cast("Any", mode),
        released=_released(line),
    )


def _tests(line: Line, form: str, begun: str, reference: str, entry: str) -> Tests:
    if form == "tests":
        return _calls(line)
    for key in ("atol", "oracle", "literals"):
        if key in line.data:
            raise line.wrong(f"`{key}` goes with `tests`, and this problem has `{form}`")
    if form == "assertions":
        statements, setup = tuple(newlines(one) for one in line.texts(form)), newlines(line.text("setup", ""))
        asserted(line, form, statements, setup, reference)
        return Assertions(statements, setup)
    if form == "unittest":
        return unit_tests(line, form)
    return check_function(line, newlines(line.text(form)), begun, reference, entry)


def _calls(line: Line) -> Calls:
    literal = line.data.get("literals", False)
    if type(literal) is not bool:
        raise line.wrong(f"`literals` is {literal!r}; true or false is needed")
    inputs, expected = [], []
    for index, test in enumerate(line.items("tests")):
        where = f"tests[{index}]"
        if not isinstance(test, Mapping) or not {"args"} <= test.keys() <= {"args", "expected"}:
            raise line.wrong(f"`{where}` is {test!r:.60}; a map of `args` and `expected` is needed")
        arguments = _value(line, f"{where}.args", test["args"], literal)
        if not isinstance(arguments, list | tuple):
            raise line.wrong(f"`{where}.args` is {test['args']!r:.60}; a list of the arguments of one call is needed")
        inputs.append(tuple(arguments))
        if "expected" in test:
            expected.append(_value(line, f"{where}.expected", test["expected"], literal))
    if not inputs:
        raise line.wrong("`tests` is empty; at least one call is needed")
    if len(expected) not in (0, len(inputs)):
        raise line.wrong(f"{len(expected)} of {len(inputs)} tests have `expected`; all or none must have it")
    if not expected and not line.text("reference", ""):
        raise line.wrong("its tests have no `expected`, and there is no `reference` to take it from")
    oracle = line.text("oracle", "equal")
    if oracle not in ORACLES:
        raise line.wrong(f"`oracle` is {oracle!r}; allowed are {', '.join(ORACLES)}", did_you_mean(oracle, ORACLES))
    return Calls(tuple(inputs), tuple(expected) or None, oracle, line.number("atol", 0.0))


def _value(line: Line, where: str, value: Any, literal: bool) -> Any:
    if not literal:
        return value
    if not isinstance(value, str):
        raise line.wrong(f"`{where}` is {value!r:.60}; with `literals` it is text that holds a Python literal")
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise line.wrong(f"`{where}` is {value!r:.60}, which is no Python literal ({error})") from error


def _released(line: Line) -> date | None:
    text = line.text("released", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise line.wrong(f"`released` is {text!r}; a date as 2024-05-31 is needed") from error
