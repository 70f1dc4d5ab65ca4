"""Result files of the apr-leaderboard project: HumanEval, MBPP and BigCodeBench runs, and throughput measurements.

The one thing a reader would get wrong: the name of the model in such a file is the name of a weights file. Which model
and precision that was is a fact about the project, kept in `MODELS`; a name that is not there is passed on as it is.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator

from apr_core.errors import EvidenceError
from apr_core.evidence.importers.harness import holds_only, peek, read_each
from apr_core.evidence.record import (
    UNKNOWN,
    AggregateOutcome,
    Closed,
    Count,
    Environment,
    Name,
    Positive,
    ProblemResult,
    ProblemsOutcome,
    Protocol,
    Record,
    Sampling,
    ScalarOutcome,
    Source,
    Subject,
    explain,
)
from apr_core.files import digest_bytes, parse_json, read_text

TOOL = "apr-leaderboard"

MODELS: dict[str, tuple[str, str]] = {
    "qwen2.5-coder-1.5b-q4k.apr": ("Qwen2.5-Coder-1.5B", "q4_k"),
    "qwen2.5-coder-1.5b-instruct-q4k.apr": ("Qwen2.5-Coder-1.5B-Instruct", "q4_k"),
    "qwen2.5-coder-7b-instruct-q4k.apr": ("Qwen2.5-Coder-7B-Instruct", "q4_k"),
    "qwen2.5-coder-32b-instruct-q4km.apr": ("Qwen2.5-Coder-32B-Instruct", "q4_k_m"),
    "qwen3-4b-q4k.apr": ("Qwen3-4B", "q4_k"),
}
"""File name of the weights → (model as its publisher writes it, precision)."""


class _Problem(Closed):
    task_id: Name
    n: Positive
    passed: Count


class _Config(Closed):
    max_tokens: Positive
    """What was asked for. Early runs stopped at 128 whatever this says, so it is not taken for what was in force."""
    effective_max_tokens: Positive | None = None
    temperature: Annotated[float, Field(ge=0)]
    num_samples: Positive
    prompt_strategy: Name = UNKNOWN
    workers: Positive | None = None
    timeout_seconds: Positive | None = None


class _Totals(Closed):
    total: Positive
    completed: Count
    passed: Count
    errors: Count
    pass_at_1: float
    """In percent, rounded to two places."""
    pass_at_10: None = None
    avg_tokens_generated: float | None = None
    avg_latency_ms: float | None = None

    @model_validator(mode="after")
    def _add_up(self) -> _Totals:
        if self.completed != self.total:
            raise ValueError(f"{self.completed} of {self.total} problems were completed; only whole runs are imported")
        if self.passed > self.total:
            raise ValueError(f"{self.passed} of {self.total} problems passed; at most all can")
        exact = 100 * self.passed / self.total
        if abs(self.pass_at_1 - exact) > 0.0051:
            raise ValueError(
                f"pass_at_1 is {self.pass_at_1}, but {self.passed} of {self.total} passed, which is {exact:.2f}"
            )
        return self


class _Timed(Closed):
    timestamp: str

    @field_validator("timestamp")
    @classmethod
    def _has_offset(cls, value: str) -> str:
        if datetime.fromisoformat(value).tzinfo is None:
            raise ValueError(f"the timestamp {value!r} has no offset from UTC")
        return value


class _Evaluation(_Timed):
    """One run over a benchmark."""

    benchmark: Name
    model: Name
    config: _Config
    results: _Totals
    problems: Annotated[tuple[_Problem, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _totals_agree(self) -> _Evaluation:
        if self.problems is None:
            return self
        ids = [problem.task_id for problem in self.problems]
        twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else []
        if twice:
            raise ValueError(f"the task id {twice[0]!r} occurs more than once")
        samples = {problem.n for problem in self.problems} | {self.config.num_samples}
        if samples != {1}:
            raise ValueError(
                f"problems have {sorted(samples)} samples; how this tool counts more than one is not known"
            )
        listed, passed = len(ids), sum(problem.passed > 0 for problem in self.problems)
        if (listed, passed) != (self.results.total, self.results.passed):
            raise ValueError(
                f"the totals say {self.results.passed} of {self.results.total} passed, but the problems listed are "
                f"{passed} of {listed}"
            )
        return self


class _Speed(Closed):
    iterations: Positive
    mean_time_ms: float
    median_time_ms: float
    std_dev_ms: float
    time_to_first_token_ms: float
    tokens_per_second: float
    total_tokens: Positive


class _Throughput(_Timed):
    """A measurement of speed."""

    benchmark: Name
    model: Name
    backend: Name
    results: _Speed


def recognises(path: Path) -> bool:
    """Whether `path` is a result file of the project, or a folder in which all `.json` files are."""
    if path.is_dir():
        return holds_only(path, ".json", recognises)
    value = peek(path) if path.suffix == ".json" else None
    return isinstance(value, dict) and {"benchmark", "model", "timestamp", "results"} <= set(value)


def read(path: Path) -> list[Record]:
    """The records of one result file, or of every `.json` file of a folder in the order of their names.

    Raises:
        EvidenceError: there is no such file, or some file cannot be used; then it says what is wrong with each, and
            nothing is imported.
    """
    paths = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not paths:
        raise EvidenceError(
            f"there is no .json file in {path}. Give the folder that holds the result files, or one file."
        )
    return read_each(paths, lambda one: [_read_file(one)])


def _read_file(path: Path) -> Record:
    text = read_text(path)
    value = parse_json(text, path)
    source = Source(kind="imported", tool=TOOL, file=path.name, file_digest=digest_bytes(text.encode()))
    try:
        if isinstance(value, dict) and value.get("benchmark") == "throughput":
            return _throughput(_parse(_Throughput, value), source)
        return _evaluation(_parse(_Evaluation, value), source)
    except ValidationError as error:
        raise EvidenceError(explain(error, text, path)) from error


_Raw = TypeVar("_Raw", bound=Closed)


def _parse(model: type[_Raw], value: object) -> _Raw:
    return model.model_validate_json(json.dumps(value))


def _subject(file_name: str) -> Subject:
    model, precision = MODELS.get(file_name, (file_name.removesuffix(".apr"), UNKNOWN))
    return Subject(model=model, precision=precision)


def _evaluation(raw: _Evaluation, source: Source) -> Record:
    config, totals = raw.config, raw.results
    observed = {"mean_tokens": totals.avg_tokens_generated, "mean_latency_ms": totals.avg_latency_ms}
    outcome: ProblemsOutcome | AggregateOutcome
    if raw.problems is None:
        outcome = AggregateOutcome(metric="pass@1", passes=totals.passed, n=totals.total, errors=totals.errors)
    else:
        problems = tuple(ProblemResult(id=one.task_id, samples=one.n, passes=one.passed) for one in raw.problems)
        outcome = ProblemsOutcome(problems=problems, errors=totals.errors)
    return Record(
        subject=_subject(raw.model),
        protocol=Protocol(
            benchmark=raw.benchmark,
            prompt=config.prompt_strategy,
            sampling=Sampling(
                temperature=config.temperature, samples=config.num_samples, max_tokens=config.effective_max_tokens
            ),
            limits={
                "requested_max_tokens": config.max_tokens,
                "timeout_seconds": config.timeout_seconds,
                "workers": config.workers,
            },
        ),
        source=source,
        time=raw.timestamp,
        observed={name: value for name, value in observed.items() if value is not None},
        outcome=outcome,
    )


def _throughput(raw: _Throughput, source: Source) -> Record:
    speed = raw.results
    return Record(
        subject=_subject(raw.model),
        protocol=Protocol(benchmark=raw.benchmark, limits={"iterations": speed.iterations}),
        environment=Environment(backend=raw.backend),
        source=source,
        time=raw.timestamp,
        observed={
            "mean_time_ms": speed.mean_time_ms,
            "median_time_ms": speed.median_time_ms,
            "std_dev_ms": speed.std_dev_ms,
            "time_to_first_token_ms": speed.time_to_first_token_ms,
            "total_tokens": speed.total_tokens,
        },
        outcome=ScalarOutcome(value=speed.tokens_per_second, unit="tokens/s"),
    )
