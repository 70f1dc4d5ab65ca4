"""The result of an evaluation, `apr.evaluation/1`: per problem and sample what passed, and everything it rests on.

The one thing a reader would get wrong: `totals.passed` counts what passed every group of tests, and `base` and `plus` count
each group alone. A sample can pass the plus tests and fail a base test; it is in `plus` and not in `passed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError

from apr_core.errors import AprError
from apr_core.evaluation.sandbox.outcome import CLASSES
from apr_core.evidence.record import UNKNOWN, Closed, Count, Digest, Name, Positive, explain
from apr_core.files import parse_json, read_text
from apr_core.statistics import mean_pass_at_k

PASSED = "passed"
INFRASTRUCTURE = "infrastructure-error"
RULES = {
    "passed": "a sample passes when it passes every group of tests of its problem",
    "plus": "a problem without plus tests, among others that have some, counts there as with its base tests",
    "infrastructure_error": "retried once; after that kept in the denominator, as not passed, and counted apart",
}
"""How results were counted, as every result file says it."""

Class = Annotated[str, Field(pattern="^(" + "|".join(CLASSES) + ")$")]


class SampleResult(Closed):
    """One completion of one problem."""

    sample: Count
    """Its number among the completions of this problem, from 0, in the order of the file."""
    passed: bool
    """Every group of tests passed."""
    base: bool
    plus: bool | None = None
    """None when the problem has no plus tests."""
    class_: Annotated[Class, Field(alias="class")]
    """`passed`, or how the first group that was not passed went wrong."""
    detail: str = ""
    """One line on what was called, what came back and what was expected."""
    integrity: Literal["strong", "weak"] = "strong"
    """`weak`: tests and program shared a process, so that the program could have forged the result."""
    form: Name = UNKNOWN
    """`program`, or `continuation` of the prompt."""
    program: Digest
    """Of the program that ran."""
    cpu_seconds: float


class ProblemResult(Closed):
    """One problem; `passed`, `base` and `plus` count samples."""

    task_id: Name
    passed: Count
    base: Count
    plus: Count | None = None
    samples: Annotated[tuple[SampleResult, ...], Field(min_length=1)]


class Input(Closed):
    """A file that the result rests on."""

    name: Name
    """Of the benchmark, or of the file."""
    digest: Digest
    """SHA-256 of the uncompressed content."""


class Sandboxed(Closed):
    """What held the programs."""

    version: Name
    level: Name
    layers: tuple[Name, ...]
    """Active ones."""
    missing: dict[Name, str] = Field(default={})
    """Layers that this machine does not allow, and why."""


class Totals(Closed):
    """What the problems add up to; counts are of problems where every problem has one sample, else of samples."""

    problems: Positive
    samples: Positive
    passed: Count
    base: Count
    plus: Count | None
    classes: dict[Class, Count]
    """Samples by class."""
    infrastructure_errors: Count
    weak: tuple[Name, ...]
    """Problems of which some sample was judged in the program's own process."""
    pass_at_k: dict[str, float]
    """By k, as far as every problem has k samples; for `passed`."""


class Evaluation(Closed):
    """A result file."""

    schema_: Annotated[Literal["apr.evaluation/1"], Field(alias="schema")] = "apr.evaluation/1"
    benchmark: Input
    completions: Input
    model: Name | None = None
    complete: bool
    """Whether every problem of the benchmark is here."""
    sandbox: Sandboxed
    extraction: Name
    limits: dict[Name, JsonValue] = Field(default={})
    generation: dict[str, JsonValue] = Field(default={})
    """How the completions were drawn, where they were drawn here: backend used, sampling, seed, prompt."""
    environment: dict[Name, str] = Field(default={})
    time: str
    rules: dict[str, str] = RULES
    totals: Totals
    problems: Annotated[tuple[ProblemResult, ...], Field(min_length=1)]


def problem_result(task_id: str, samples: Sequence[SampleResult]) -> ProblemResult:
    """The samples of one problem, counted."""
    plus = [one.plus for one in samples if one.plus is not None]
    return ProblemResult(
        task_id=task_id,
        passed=sum(one.passed for one in samples),
        base=sum(one.base for one in samples),
        plus=sum(plus) if plus else None,
        samples=tuple(sorted(samples, key=lambda one: one.sample)),
    )


def verdict(outcomes: Sequence[str]) -> str:
    """`passed` when every group of tests passed, else the class of the first that did not."""
    return next((one for one in outcomes if one != PASSED), PASSED)


def tally(classes: Sequence[str]) -> dict[str, int]:
    """How many samples there are and how many passed. All are in the denominator, whatever became of them."""
    return {"samples": len(classes), "passed": sum(one == PASSED for one in classes)}


def totals(problems: Sequence[ProblemResult]) -> Totals:
    """What the problems add up to."""
    samples = [one for problem in problems for one in problem.samples]
    classes = Counter(one.class_ for one in samples)
    some_plus = any(problem.plus is not None for problem in problems)
    counts = [(len(problem.samples), problem.passed) for problem in problems]
    fewest = min(n for n, _ in counts)
    return Totals(
        problems=len(problems),
        **tally([one.class_ for one in samples]),
        base=sum(problem.base for problem in problems),
        plus=sum(problem.base if problem.plus is None else problem.plus for problem in problems) if some_plus else None,
        classes={name: classes[name] for name in CLASSES if classes[name]},
        infrastructure_errors=classes[INFRASTRUCTURE],
        weak=tuple(problem.task_id for problem in problems if any(one.integrity == "weak" for one in problem.samples)),
        pass_at_k={str(k): float(mean_pass_at_k(counts, k)) for k in (1, 5, 10, 25, 100) if k <= fewest},
    )


def share(passed: int, n: int) -> str:
    """`101 of 164 (61.6 %)`."""
    return f"{passed} of {n} ({float(Fraction(100 * passed, n)):.1f} %)"


def sample_result(groups: Mapping[str, tuple[str, str, str]], **known: Any) -> SampleResult:
    """One sample from the outcome, detail and integrity of each group of tests, by name in order."""
    outcome = verdict([found[0] for found in groups.values()])
    name, detail = next(((name, found[1]) for name, found in groups.items() if found[0] == outcome != PASSED), ("", ""))
    return SampleResult.model_validate(
        {
            "passed": outcome == PASSED,
            "base": groups["base"][0] == PASSED,
            "plus": groups["plus"][0] == PASSED if "plus" in groups else None,
            "class": outcome,
            "detail": f"{name}: {detail}" if name and len(groups) > 1 else detail,
            "integrity": "weak" if any(found[2] == "weak" for found in groups.values()) else "strong",
            **known,
        }
    )


def load_evaluation(path: Path) -> Evaluation:
    """The result file at `path`.

    Raises:
        AprError: it cannot be read, or is no `apr.evaluation/1` (message with file:line:column).
    """
    text = read_text(path)
    try:
        parse_json(text, path)
        return Evaluation.model_validate_json(text)
    except ValidationError as error:
        raise AprError(explain(error, text, path)) from error
