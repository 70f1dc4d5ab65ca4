"""From a result to the evidence record that a claim is decided on.

The one thing a reader would get wrong: a record says only what was seen. Who evaluates a file of completions was not there when
they were drawn, so backend, device and sampling stay unknown unless they were generated in the same run.
"""

from __future__ import annotations

import platform
from typing import Any, NamedTuple, TypeVar

from apr_core import __version__
from apr_core.evaluation.result import INFRASTRUCTURE, Evaluation, ProblemResult
from apr_core.evidence.record import (
    UNKNOWN,
    Arguments,
    Environment,
    ProblemsOutcome,
    Protocol,
    Record,
    Sampling,
    Source,
    Subject,
)
from apr_core.evidence.record import ProblemResult as RecordedProblem


class Origin(NamedTuple):
    """What the result itself cannot know."""

    model: str
    tool: str
    """The command that measured it."""
    precision: str = UNKNOWN
    role: str | None = None
    stage: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    passed: dict[str, Any] | None = None
    """Arguments of the command that were given."""
    default: dict[str, Any] | None = None
    """Arguments of the command that were not given, with what was assumed."""


def record(result: Evaluation, origin: Origin) -> Record:
    """The record of a result: a problem passes with the samples that passed every group of its tests."""
    generation = result.generation
    return Record(
        subject=Subject(
            model=origin.model,
            digest=_as(str, generation.get("digest")),
            precision=_text(generation, "precision", origin.precision),
            role=origin.role,
            stage=origin.stage,
        ),
        protocol=Protocol(
            benchmark=result.benchmark.name,
            benchmark_digest=result.benchmark.digest,
            prompt=_text(generation, "prompt"),
            sampling=_sampling(result),
            limits={name: value for name, value in result.limits.items() if isinstance(value, int | float | str)},
            extraction=result.extraction,
            sandbox=f"{result.sandbox.version} ({result.sandbox.level})",
            layers=result.sandbox.layers,
        ),
        environment=Environment(
            commit=origin.commit or UNKNOWN,
            dirty=origin.dirty,
            versions={"python": platform.python_version(), **_versions(generation)},
            device=_text(generation, "device"),
            backend=_text(generation, "backend"),
        ),
        arguments=Arguments(passed=origin.passed, default=origin.default),
        source=Source(
            kind="measured",
            tool=origin.tool,
            tool_version=__version__,
            file=result.completions.name,
            file_digest=result.completions.digest,
            note=_note(result),
        ),
        time=result.time,
        seed=_as(int, generation.get("seed")),
        outcome=ProblemsOutcome(
            problems=tuple(map(_problem, result.problems)), errors=result.totals.infrastructure_errors
        ),
    )


def same_measurement(one: Record, other: Record) -> bool:
    """Whether two records judge the same completions of one model and agree: then they are one measurement, not two runs."""
    return (
        one.source.file_digest is not None
        and one.source.file_digest == other.source.file_digest
        and one.subject.model == other.subject.model
        and one.protocol.benchmark_digest == other.protocol.benchmark_digest
        and one.outcome == other.outcome
    )


def _sampling(result: Evaluation) -> Sampling:
    known = {name: result.generation.get(name) for name in ("temperature", "max_tokens", "top_p", "top_k")}
    counts = {len(problem.samples) for problem in result.problems}
    samples = counts.pop() if len(counts) == 1 else None
    return Sampling.model_validate(
        {**{name: value for name, value in known.items() if value is not None}, "samples": samples}
    )


def _problem(problem: ProblemResult) -> RecordedProblem:
    failures = sorted({one.class_ for one in problem.samples if not one.passed})
    return RecordedProblem(
        id=problem.task_id,
        samples=len(problem.samples),
        passes=problem.passed,
        failure=" and ".join(failures) or None,
    )


def _note(result: Evaluation) -> str | None:
    """What a reader of the record must know and no field says."""
    notes = []
    if not result.complete:
        notes.append(f"Only {len(result.problems)} problems of the benchmark were evaluated.")
    if weak := result.totals.weak:
        notes.append(f"Judged in the program's own process (integrity: weak): {', '.join(weak)}.")
    if result.totals.classes.get(INFRASTRUCTURE):
        notes.append(f"Infrastructure errors are {result.rules['infrastructure_error']}.")
    return " ".join(notes) or None


T = TypeVar("T")


def _as(kind: type[T], value: object) -> T | None:
    """The value where it is of the kind that it should be."""
    return value if isinstance(value, kind) else None


def _text(generation: dict[str, Any], key: str, otherwise: str = UNKNOWN) -> str:
    value = generation.get(key)
    return value if isinstance(value, str) and value else otherwise


def _versions(generation: dict[str, Any]) -> dict[str, str]:
    versions = generation.get("versions")
    return {name: str(value) for name, value in versions.items()} if isinstance(versions, dict) else {}
