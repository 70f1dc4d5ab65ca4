"""The benchmarks by name: one row each.

The one thing a reader would get wrong: a `+` is not a longer list of problems. `humaneval+` and `mbpp+` are EvalPlus' files,
whose problems pass when the base inputs and the plus inputs do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from apr_core.evaluation.benchmarks import bigcodebench, evalplus, humaneval, mbpp, plain
from apr_core.evaluation.benchmarks.lines import Line, Source
from apr_core.evaluation.problem import Problem


@dataclass(frozen=True, slots=True)
class Hub:
    """Where a benchmark lies on the Hugging Face hub."""

    dataset: str
    split: str
    config: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    description: str
    fields: tuple[str, ...]
    """Fields that every line of its files has."""
    problems: Callable[[Source], Iterator[Problem]]
    """Makes the problems of a source; raises `AprError` with the place of what is wrong."""
    passed: str
    """What a problem must do to pass."""
    sizes: tuple[int, ...] = ()
    """How many problems it has, by release, newest first; empty when that is the owner's affair."""
    mode: Literal["continuation", "instruction"] = "continuation"
    """How its problems are put to a model unless a strategy says otherwise."""
    hub: Hub | None = None
    """None when the hub has no copy of the form that is needed here."""
    file: str = ""
    """The name under which its owner publishes it."""
    chosen: Callable[[Line], bool] | None = None
    """Which lines of the file belong to it; all when None."""


_UNITTESTS = "every unittest of its TestCases passes"
_MBPP_HUB = Hub("google-research-datasets/mbpp", "prompt+test+validation+train", "full")

BENCHMARKS: dict[str, Row] = {
    "humaneval": Row(
        "OpenAI's HumanEval: functions to be completed from signature and docstring",
        humaneval.FIELDS,
        humaneval.problems,
        "check(candidate) returns",
        (164,),
        hub=Hub("openai/openai_humaneval", "test"),
        file="HumanEval.jsonl.gz",
    ),
    "humaneval+": Row(
        "EvalPlus' HumanEval+: the same functions with many more inputs",
        evalplus.FIELDS,
        evalplus.humaneval_plus,
        "every base and every plus input gives what the canonical solution gives",
        (164,),
        file="HumanEvalPlus.jsonl.gz of EvalPlus",
    ),
    "mbpp": Row(
        "Google's MBPP, whole: functions asked for in a sentence, with their own assert statements",
        mbpp.FIELDS,
        mbpp.problems,
        "every statement of test_list holds",
        (974,),
        mode="instruction",
        hub=_MBPP_HUB,
        file="mbpp.jsonl",
    ),
    "mbpp-test": Row(
        "the test split of MBPP, numbers 11 to 510, of which figures are usually published",
        mbpp.FIELDS,
        mbpp.problems,
        "every statement of test_list holds",
        (500,),
        mode="instruction",
        hub=_MBPP_HUB,
        file="mbpp.jsonl",
        chosen=lambda line: mbpp.number(line) in mbpp.TEST_SPLIT,
    ),
    "mbpp+": Row(
        "EvalPlus' MBPP+: the well-formed problems of MBPP with many more inputs",
        evalplus.FIELDS,
        evalplus.mbpp_plus,
        "every base and every plus input gives what the canonical solution gives",
        (378, 399),
        file="MbppPlus.jsonl.gz of EvalPlus",
    ),
    "bigcodebench": Row(
        "BigCodeBench, Complete: functions over many libraries, from signature and docstring",
        bigcodebench.FIELDS,
        bigcodebench.complete,
        _UNITTESTS,
        (1140,),
        hub=Hub("bigcode/bigcodebench", "v0.1.4"),
        file="BigCodeBench.jsonl",
    ),
    "bigcodebench-hard": Row(
        "BigCodeBench-Hard, Complete: 148 of them that are nearer to daily work",
        bigcodebench.FIELDS,
        bigcodebench.complete,
        _UNITTESTS,
        (148,),
        hub=Hub("bigcode/bigcodebench-hard", "v0.1.4"),
        file="BigCodeBench-Hard.jsonl",
    ),
    "bigcodebench-instruct": Row(
        "BigCodeBench, Instruct: the same tasks asked for in a sentence",
        bigcodebench.FIELDS,
        bigcodebench.instruct,
        _UNITTESTS,
        (1140,),
        mode="instruction",
        hub=Hub("bigcode/bigcodebench", "v0.1.4"),
        file="BigCodeBench.jsonl",
    ),
    "bigcodebench-hard-instruct": Row(
        "BigCodeBench-Hard, Instruct: the same 148 asked for in a sentence",
        bigcodebench.FIELDS,
        bigcodebench.instruct,
        _UNITTESTS,
        (148,),
        mode="instruction",
        hub=Hub("bigcode/bigcodebench-hard", "v0.1.4"),
        file="BigCodeBench-Hard.jsonl",
    ),
    "plain": Row(
        "your own problems, in the plain format",
        plain.FIELDS,
        plain.problems,
        "its calls, statements, check or unittests hold",
        mode="instruction",
    ),
}
"""Name → row."""
