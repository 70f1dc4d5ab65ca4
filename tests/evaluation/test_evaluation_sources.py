"""The program behind a judged sample: found again whichever command judged it, and never another one."""

from __future__ import annotations

from typing import Any, cast

import pytest

from apr_core.commands.evaluation.sources import program_of
from apr_core.errors import AprError
from apr_core.evaluation.assemble import assemble
from apr_core.evaluation.completions import Completion, prepared
from apr_core.evaluation.problem import Assertions, Problem
from apr_core.evaluation.result import Evaluation, SampleResult
from apr_core.files import digest_bytes

PROMPT = 'def double(x):\n    """Twice x."""\n'
PROBLEM = Problem("own/double", PROMPT, "double", "", {"base": Assertions(("assert double(2) == 4",))})
RESULT = cast(Evaluation, type("Stated", (), {"extraction": "apr-extract/1"}))
TEXT = (
    PROMPT + "    return x + x\nprint(double(\n"
)  # as a token cap leaves it: broken as it stands, whole once it is cut


def judged(program: str) -> SampleResult:
    groups: dict[str, Any] = {"passed": False, "base": False, "class": "syntax-error"}
    digest = digest_bytes(program.encode())
    return SampleResult.model_validate({**groups, "sample": 0, "program": digest, "cpu_seconds": 0.0})


def test_the_program_is_found_again_whether_it_was_taken_as_written_or_not() -> None:
    completion = Completion("own/double", 0, TEXT, False)
    extracted = assemble(PROBLEM, TEXT).program
    as_written = assemble(PROBLEM, TEXT, as_written=prepared(completion, PROMPT).whole).program
    assert extracted != as_written
    for program in (extracted, as_written):
        assert program_of(RESULT, judged(program), PROBLEM, completion) == program


def test_another_program_than_the_judged_one_is_refused() -> None:
    with pytest.raises(AprError, match="gives another program than the one that was judged"):
        program_of(RESULT, judged("def double(x): return 2 * x\n"), PROBLEM, Completion("own/double", 0, TEXT, False))
