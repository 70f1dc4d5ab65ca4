"""BigCodeBench's `eval_results.json`, and the `pass_at_k.json` that it writes beside it.

The one thing a reader would get wrong: the result file does not say which of the benchmark's four forms was run. Full
and Hard show in the task ids; Complete and Instruct, which are two prompts for the same problems, do not.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationError, model_validator

from apr_core.errors import EvidenceError
from apr_core.evidence.importers.harness import (
    ResultFile,
    check_pass_at_k,
    dated,
    files_in,
    first_result,
    holds_only,
    model_of,
    note,
    open_file,
    peek,
    plain_name,
    problem,
    read_each,
    refuse_misplaced,
    samples_each,
    some_samples,
)
from apr_core.evidence.record import (
    UNKNOWN,
    Closed,
    Environment,
    Name,
    ProblemResult,
    ProblemsOutcome,
    Protocol,
    Record,
    Sampling,
    Source,
    Subject,
    explain,
)
from apr_core.files import digest_bytes

TOOL = "bigcodebench"
ENDING = "eval_results.json"

_FULL = frozenset(f"BigCodeBench/{number}" for number in range(1140))
_HARD = "98927c10399cce10"
"""What `_mark` gives for the 148 problems of BigCodeBench-Hard."""

_NAMED = re.compile(
    r".+--bigcodebench(-hard)?-(?P<split>complete|instruct)--(?P<backend>[a-z][a-z-]*)"
    r"-(?P<temperature>\d+(\.\d+)?)-\d+(?P<treated>([-_](sanitized|calibrated))*)"
)
"""What BigCodeBench calls its own samples. The model before it cannot be told from a revision or a reasoning effort."""


Problems = tuple[ProblemResult, ...]


class _Sample(Closed):
    task_id: Name
    solution: Any = None
    status: Literal["pass", "fail", "timeout"]
    details: Any = None
    """Traceback by test."""


class _File(Closed):
    date: Name
    eval: Annotated[dict[Name, Annotated[list[_Sample], AfterValidator(some_samples)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_their_place(self) -> _File:
        refuse_misplaced(self.eval)
        return self


class _PassAtK(Closed):
    """The file beside it: `pass@1`, ... and how the run was made. Files before 0.2.0 have only some of the keys."""

    estimates: dict[str, float]
    model: str | None = None
    split: Literal["complete", "instruct"] | None = None
    subset: Literal["full", "hard"] | None = None
    calibrated: bool | None = None
    gt_pass_rate: float | None = None
    failed_tasks: list[str] | None = None


def recognises(path: Path) -> bool:
    """Whether `path` is a file that BigCodeBench wrote, or a folder in which all files of that name are."""
    if path.is_dir():
        return holds_only(path, ENDING, recognises)
    first = first_result(peek(path))
    return isinstance(first, dict) and {"status", "details"} <= set(first)


def read(path: Path, model: str | None = None) -> list[Record]:
    """One record per file: `bigcodebench`, `bigcodebench-hard`, or `bigcodebench-custom` for other sets of problems.

    `path` is a file or a folder of `*eval_results.json`, plain or gzipped. `model` is needed: neither the file nor its
    name says it without doubt. What the `pass_at_k.json` of the same name says is checked and used.

    Raises:
        EvidenceError: some file cannot be used; then it says what is wrong with each, and nothing is imported.
    """
    return read_each(files_in(path, ENDING), lambda one: [_read_file(one, model)])


def _read_file(path: Path, model: str | None) -> Record:
    file = open_file(path)
    try:
        raw = _File.model_validate(file.value)
        problems = tuple(problem(one, [sample.status for sample in raw.eval[one]]) for one in raw.eval)
        beside = _beside(path)
        if beside is not None:
            check_pass_at_k(beside.estimates, problems, f"{path}: the pass_at_k.json beside it")
        return _record(file, raw.date, problems, beside, model_of(path, model))
    except ValidationError as error:
        raise EvidenceError(explain(error, file.text, path)) from error


def _beside(path: Path) -> _PassAtK | None:
    """What the `pass_at_k.json` that belongs to the result file says, when it is there.

    Raises:
        EvidenceError: it is there and no such file.
    """
    name = plain_name(path).removesuffix(ENDING) + "pass_at_k.json"
    there = [one for one in (path.with_name(name), path.with_name(f"{name}.gz")) if one.is_file()]
    if not there:
        return None
    file = open_file(there[0])
    known = file.value if isinstance(file.value, dict) else {"": file.value}
    estimates = {key: value for key, value in known.items() if re.fullmatch(r"pass@[1-9]\d{0,5}", key)}
    rest = {key: value for key, value in known.items() if key not in estimates}
    try:
        return _PassAtK.model_validate({"estimates": estimates, **rest})
    except ValidationError as error:
        raise EvidenceError(explain(error, file.text, file.path)) from error


class _Form(NamedTuple):
    """Which prompts the run had, and how it was made."""

    split: str | None
    calibrated: bool
    """Known to be; versions 0.2.0 to 0.2.2 write `calibrated: false` whatever was done."""
    backend: str = UNKNOWN
    temperature: float | None = None


def _form(path: Path, beside: _PassAtK | None) -> _Form:
    """What the file beside it says, and otherwise the file's name, when BigCodeBench made that."""
    said = beside or _PassAtK(estimates={})
    match = _NAMED.fullmatch(re.sub(r"_(hard_)?eval_results\.json$", "", plain_name(path)))
    if match is None:
        return _Form(said.split, bool(said.calibrated))
    # Until 0.1.9 the sanitizer wrote `-calibrated` when it had done that; since then `_calibrated` is in every name.
    calibrated = bool(said.calibrated) or "-calibrated" in match["treated"]
    return _Form(said.split or match["split"], calibrated, match["backend"], float(match["temperature"]))


def _mark(task_ids: frozenset[str]) -> str:
    return digest_bytes("\n".join(sorted(one.rpartition("/")[2] for one in task_ids)).encode())[:16]


def _benchmark(path: Path, task_ids: frozenset[str]) -> str:
    if others := sorted(task_ids - _FULL):
        raise EvidenceError(
            f"{path}: {others[0]!r} is no problem of BigCodeBench; they are BigCodeBench/0 to BigCodeBench/1139."
        )
    if task_ids == _FULL:
        return "bigcodebench"
    return "bigcodebench-hard" if _mark(task_ids) == _HARD else "bigcodebench-custom"


def _broken(beside: _PassAtK | None, n: int) -> tuple[int | None, str | None]:
    """On how many problems the reference solution failed, and what there is to say about it.

    With `--no_gt` none is tried and all are listed as failed, as on a machine on which nothing runs.
    """
    if beside is None or beside.failed_tasks is None:
        return None, None
    failed = len(beside.failed_tasks)
    if failed >= n:
        return None, "no reference solution passed on that machine, or none was tried"
    return failed, f"{failed} reference solutions failed on that machine" if failed else None


def _record(file: ResultFile, date: str, problems: Problems, beside: _PassAtK | None, model: str) -> Record:
    form = _form(file.path, beside)
    errors, said = _broken(beside, len(problems))
    rate = None if beside is None else beside.gt_pass_rate
    return Record(
        subject=Subject(model=model),
        protocol=Protocol(
            benchmark=_benchmark(file.path, frozenset(one.id for one in problems)),
            prompt=form.split or UNKNOWN,
            sampling=Sampling(temperature=form.temperature, samples=samples_each(problems)),
            layers=("calibrated",) if form.calibrated else None,
        ),
        environment=Environment(backend=form.backend),
        source=Source(
            kind="imported", tool=TOOL, file=file.name, file_digest=file.digest, note=note(dated(date), said)
        ),
        observed={} if rate is None else {"gt_pass_rate": rate},
        outcome=ProblemsOutcome(problems=problems, errors=errors),
    )
