"""EvalPlus' `eval_results.json`: HumanEval and MBPP, each judged by its own tests (base) and by many more (plus).

The one thing a reader would get wrong: a `plus_status` of `pass` is no pass of `humaneval+`. A sample passes that when
it passes the base tests and the added ones, and EvalPlus counts it so; the file has the two verdicts apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationError, model_validator

from apr_core.errors import EvidenceError
from apr_core.evidence.importers.harness import (
    PASS,
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
    Positive,
    ProblemsOutcome,
    Protocol,
    Record,
    Sampling,
    Source,
    Subject,
    explain,
)

TOOL = "evalplus"
ENDING = "eval_results.json"

_HUMANEVAL = frozenset(f"HumanEval/{number}" for number in range(164))
_MBPP_SIZES = (399, 378)
"""Problems of MBPP+ before its version 0.2.0, and since."""

_WORDS = {"success": PASS, "failed": "fail", "timed out": "timeout"}
"""Verdicts until EvalPlus 0.2.0 → the same since then."""

_NAMED = re.compile(
    r"(?P<model>.+)_(?P<backend>vllm|hf|hf_gaudi|openai|ollama|anthropic|google|bedrock|gptqmodel)"
    r"_temp_(?P<temperature>\d+(\.\d+)?)"
)
"""What EvalPlus calls its own samples since 0.3.0."""

Verdicts = dict[str, list[tuple[str, str | None]]]
"""Task id → base and plus verdict of each sample; plus is None when only the base tests were run."""


def _known(pair: list[Any]) -> list[Any]:
    if len(pair) != 2 or not isinstance(pair[0], str) or pair[0] not in _WORDS:
        raise ValueError(f"the verdict is {pair[:1]}; allowed is {', '.join(map(repr, _WORDS))}, with the tests")
    return pair


Verdict = Literal["pass", "fail", "timeout"]
OldVerdict = Annotated[list[Any], AfterValidator(_known)]
Estimates = dict[Annotated[str, Field(pattern=r"^pass@[1-9]\d{0,5}$")], float]


class _Sample(Closed):
    task_id: Name
    solution: Any = None
    base_status: Verdict
    plus_status: Verdict | None
    base_fail_tests: Any = None
    plus_fail_tests: Any = None


class _File(Closed):
    date: Name
    hash: Name
    """MD5 of the problem file."""
    eval: Annotated[dict[Name, Annotated[list[_Sample], AfterValidator(some_samples)]], Field(min_length=1)]
    pass_at_k: dict[str, Estimates] = Field(default={})
    """Under `base` and `plus`; written by versions after 0.3.1."""

    @model_validator(mode="after")
    def _in_their_place(self) -> _File:
        refuse_misplaced(self.eval)
        return self

    @property
    def verdicts(self) -> Verdicts:
        return {
            task_id: [(one.base_status, one.plus_status) for one in samples] for task_id, samples in self.eval.items()
        }


class _OldProblem(Closed):
    nfiles: Positive | None = None
    files: list[Any] | None = None
    base: Annotated[list[OldVerdict], AfterValidator(some_samples)]
    plus: list[OldVerdict]
    """Empty when only the base tests were run."""

    @model_validator(mode="after")
    def _add_up(self) -> _OldProblem:
        samples = len(self.files) if self.files is not None else self.nfiles
        if samples != len(self.base) or len(self.plus) not in (0, samples):
            raise ValueError(
                f"{samples} samples are announced, and {len(self.base)} base and {len(self.plus)} plus verdicts listed"
            )
        return self

    @property
    def verdicts(self) -> list[tuple[str, str | None]]:
        base = [_WORDS[one[0]] for one in self.base]
        plus: list[str | None] = [_WORDS[one[0]] for one in self.plus]
        return list(zip(base, plus or [None] * len(base), strict=True))


class _OldFile(Closed):
    """As EvalPlus wrote it until 0.2.0."""

    date: Name
    hash: Name
    eval: Annotated[dict[Name, _OldProblem], Field(min_length=1)]

    @property
    def verdicts(self) -> Verdicts:
        return {task_id: found.verdicts for task_id, found in self.eval.items()}


def recognises(path: Path) -> bool:
    """Whether `path` is a file that EvalPlus wrote, or a folder in which all files of that name are."""
    if path.is_dir():
        return holds_only(path, ENDING, recognises)
    first = first_result(peek(path))
    return isinstance(first, dict) and ("base_status" in first or {"base", "plus"} <= set(first))


def read(path: Path, model: str | None = None) -> list[Record]:
    """Two records per file, base and plus (`humaneval`, `humaneval+`); one when only the base tests were run.

    `path` is a file or a folder of `*eval_results.json`, plain or gzipped. `model` is needed unless the file has the
    name that EvalPlus gives to its own samples. Problems that are not the whole benchmark make `humaneval-custom`.

    Raises:
        EvidenceError: some file cannot be used; then it says what is wrong with each, and nothing is imported.
    """
    return read_each(files_in(path, ENDING), lambda one: _read_file(one, model))


def _read_file(path: Path, model: str | None) -> list[Record]:
    file = open_file(path)
    old = isinstance(first := first_result(file.value), dict) and "base" in first
    try:
        raw: _File | _OldFile = (_OldFile if old else _File).model_validate(file.value)
        return _records(file, raw, model)
    except ValidationError as error:
        raise EvidenceError(explain(error, file.text, path)) from error


def _records(file: ResultFile, raw: _File | _OldFile, model: str | None) -> list[Record]:
    verdicts, path = raw.verdicts, file.path
    benchmark = _benchmark(path, sorted(verdicts))
    added = [plus for samples in verdicts.values() for _, plus in samples]
    if None in added and any(added):
        raise EvidenceError(
            f"{path}: {added.count(None)} of {len(added)} samples have no plus verdict, and the others have one. "
            "Evaluate all with the plus tests, or none."
        )
    found = {"base": {one: [base for base, _ in samples] for one, samples in verdicts.items()}}
    if None not in added:
        found["plus"] = {
            one: [str(plus) if base == PASS else base for base, plus in samples] for one, samples in verdicts.items()
        }
    stated = raw.pass_at_k if isinstance(raw, _File) else {}
    if extra := sorted(set(stated) - set(found)):
        raise EvidenceError(f"{path}: pass_at_k has {extra[0]!r}, and no problem has such verdicts. Restore the file.")
    records = []
    for kind, samples in found.items():
        outcome = ProblemsOutcome(problems=tuple(problem(one, samples[one]) for one in samples))
        check_pass_at_k(stated.get(kind, {}), outcome.problems, f"{path}: pass_at_k.{kind}")
        name = benchmark + "+" * (kind == "plus")
        records.append(
            _record(file, raw, _said(path, max(one.samples for one in outcome.problems)), name, outcome, model)
        )
    return records


def _benchmark(path: Path, task_ids: Sequence[str]) -> str:
    for family, benchmark in (("HumanEval", "humaneval"), ("Mbpp", "mbpp")):
        if all(re.fullmatch(rf"{family}/\d+", one) for one in task_ids):
            known = set(task_ids) == _HUMANEVAL if family == "HumanEval" else len(task_ids) in _MBPP_SIZES
            return benchmark if known else f"{benchmark}-custom"
    raise EvidenceError(
        f"{path}: the task ids go from {task_ids[0]!r} to {task_ids[-1]!r}. EvalPlus' are all of HumanEval, written "
        "HumanEval/0, or all of MBPP, written Mbpp/2."
    )


class _Said(NamedTuple):
    """What the name of a file says, when EvalPlus made it."""

    model: str | None = None
    backend: str = UNKNOWN
    temperature: float | None = None


def _said(path: Path, samples: int) -> _Said:
    name = re.sub(r"[._]?eval_results\.json$", "", plain_name(path)) or path.resolve().parent.name
    match = _NAMED.fullmatch(name)
    if match is None:
        return _Said()
    temperature = float(match["temperature"])
    # With --greedy and one sample EvalPlus decodes greedily, and still writes the temperature it was given.
    sure = temperature == 0 or samples > 1
    return _Said(match["model"].replace("--", "/"), match["backend"], temperature if sure else None)


def _record(
    file: ResultFile, raw: _File | _OldFile, said: _Said, benchmark: str, outcome: ProblemsOutcome, model: str | None
) -> Record:
    renamed = None if said.model in (None, model) or model is None else f"the file's name says {said.model}"
    return Record(
        subject=Subject(model=model_of(file.path, model, said.model)),
        protocol=Protocol(
            benchmark=benchmark,
            sampling=Sampling(temperature=said.temperature, samples=samples_each(outcome.problems)),
        ),
        environment=Environment(backend=said.backend, versions={"problem file, MD5": raw.hash}),
        source=Source(
            kind="imported", tool=TOOL, file=file.name, file_digest=file.digest, note=note(dated(raw.date), renamed)
        ),
        outcome=outcome,
    )
