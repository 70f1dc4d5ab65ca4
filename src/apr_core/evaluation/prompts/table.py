"""The prompt strategies, one row each.

The one thing a reader would get wrong: the function's name is part of every way to ask for a function in words. Tests call it
by that name; a prompt that leaves it out measures guessing.
"""

from __future__ import annotations

from collections.abc import Mapping

from apr_core.evaluation.prompts.exemplars import CONCRETE, TRIVIAL
from apr_core.evaluation.prompts.strategy import Strategy

_BEGUN = "Complete this Python code, so that it defines the function `{entry_point}`.\n\n```python\n{prompt}\n```\n\n"
_COMPLETE = _BEGUN + "Answer with the whole code in one code block.\n"
_WRITE = "{prompt}\n\nName the function `{entry_point}`. Answer with the whole function in one Python code block.\n"
_AS_DOCSTRING = '"""\n{prompt}\nThe function is named {entry_point}.\n"""\n'

_PLAN = (
    "First write down how the function works, as a short numbered plan built from sequence, branch and loop only, with what "
    "goes in and what comes out. Then write the whole function after that plan, in one Python code block.\n"
)
_CODE_ONLY = (
    "Answer with Python code alone, in one code block: imports, helper functions where they make it simpler, and the "
    "function itself. Write nothing before or after the code, no explanation and no example.\n"
)
_TESTED = (
    "{prompt}\n\nName the function `{entry_point}`. It must pass these tests:\n\n```python\n{assertions}\n```\n\n"
    "Answer with the whole function in one Python code block.\n"
)

_ROWS = (
    Strategy(
        "standard",
        "asks for the function and says no more",
        continuation=_COMPLETE,
        instruction=_WRITE,
        raw_continuation="{prompt}",
        raw_instruction=_AS_DOCSTRING,
    ),
    Strategy(
        "few-shot",
        "shows one trivial exemplar first, for the form of an answer",
        continuation=_COMPLETE,
        instruction=_WRITE,
        raw_continuation="{prompt}",
        raw_instruction=_AS_DOCSTRING,
        exemplars=TRIVIAL,
    ),
    Strategy(
        "few-shot-concrete",
        "shows three exemplars with real work in them first",
        continuation=_COMPLETE,
        instruction=_WRITE,
        raw_continuation="{prompt}",
        raw_instruction=_AS_DOCSTRING,
        exemplars=CONCRETE,
    ),
    Strategy(
        "scot",
        "structured chain of thought: a plan of sequence, branch and loop before the code (Li et al. 2023)",
        continuation=_BEGUN + _PLAN,
        instruction="{prompt}\n\nName the function `{entry_point}`. " + _PLAN,
    ),
    Strategy(
        "cgo",
        "code generation only: nothing but code may be written",
        continuation=_BEGUN + _CODE_ONLY,
        instruction="{prompt}\n\nName the function `{entry_point}`. " + _CODE_ONLY,
        system="You write Python code and nothing else.",
    ),
    Strategy(
        "mbpp-assertions",
        "says the function's name and shows the assert statements that the benchmark publishes with the problem",
        instruction=_TESTED,
        raw_instruction='"""\n{prompt}\n{assertions}\n"""\n',
    ),
)

STRATEGIES: Mapping[str, Strategy] = {row.name: row for row in _ROWS}
"""Name → row. The names are those that evidence records have in `protocol.prompt`."""
