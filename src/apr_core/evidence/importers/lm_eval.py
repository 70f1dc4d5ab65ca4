"""EleutherAI's lm-evaluation-harness: `results_*.json` with the `samples_*.jsonl` of its tasks, since version 0.4.7.

The one thing a reader would get wrong: `repeats: 8` is not eight scored samples. Most filters keep the first completion
or vote among them, and score one; only the lists of code tasks (`pass@1`) are scored completion by completion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError

from apr_core.errors import EvidenceError
from apr_core.evidence.importers.harness import ResultFile, model_of, note, open_file, peek, read_each, samples_each
from apr_core.evidence.importers.lm_eval_samples import Samples, outcome_of, overall, read_samples
from apr_core.evidence.importers.scores import Open, agrees, chosen, impossible, number, refuse_unused, sound
from apr_core.evidence.record import (
    UNKNOWN,
    Arguments,
    Digest,
    Environment,
    ExamplesOutcome,
    Positive,
    ProblemsOutcome,
    Protocol,
    Record,
    Sampling,
    Source,
    Subject,
    explain,
)
from apr_core.files import canonical_json, digest_bytes

TOOL = "lm-eval"

_STAMPED = re.compile(r".*_(?P<stamp>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(\.\d+)?)\.jsonl?")
"""The results and the samples of one run end in the same local time."""

_NAMED_BY = ("peft", "delta", "pretrained", "model", "path", "engine")
"""Model arguments that the harness takes `model_name` from. Without one of them it makes a name up, at random."""

_LENGTHS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
"""Names of the cap on a completion, the first that is given counts."""

_SECRET = re.compile(r"(.*_)?(api_?key|key|secret|password|headers?)|((hf|auth|access)_)?token", re.IGNORECASE)
"""Names of arguments whose values are not copied into a record, which may be published."""

_MOST = 5
"""Tasks of a run of which is said what is wrong."""


class _Task(Open):
    output_type: str | None = None
    repeats: Positive = 1
    generation_kwargs: dict[str, Any] | None = None
    metric_list: list[Any] | None = None


class _Size(Open):
    original: Positive
    effective: Positive


class _Run(Open):
    model: str
    model_args: str | dict[str, Any] | None = None
    model_dtype: str | None = None
    model_sha: str | None = None
    gen_kwargs: str | dict[str, Any] | None = None
    limit: float | None = None
    random_seed: int | None = None
    numpy_seed: int | None = None
    torch_seed: int | None = None
    fewshot_seed: int | None = None


class _Results(Open):
    results: dict[str, dict[str, Any]]
    configs: dict[str, _Task] = Field(min_length=1)
    versions: dict[str, Any]
    shots: dict[str, Any] = Field(alias="n-shot")
    higher_is_better: dict[str, dict[str, Any]] = Field(default={})
    sizes: dict[str, _Size] = Field(alias="n-samples")
    config: _Run
    date: Annotated[float, Field(ge=0, lt=253402300800)]
    """Seconds since 1970, UTC, before the year 10000."""
    git_hash: str | None = None
    transformers_version: str | None = None
    lm_eval_version: str | None = None
    """Written since 0.4.9."""
    task_hashes: dict[str, Digest] = Field(default={})
    model_source: str
    """How the model was run, `hf` or `vllm`; `CUSTOM` when the harness was called from Python with a model."""
    model_name: str
    system_instruction_sha: str | None = None
    chat_template_sha: str | None = None
    fewshot_as_multiturn: bool | None = None


class _Asked(NamedTuple):
    model: str | None
    scores: Sequence[str]


def recognises(path: Path) -> bool:
    """Whether `path` is a file of the harness, or a folder that holds its results, also deeper."""
    if path.is_dir():
        return any(recognises(one) for one in _results_files(path))
    if path.suffix == ".jsonl":
        return path.name.startswith("samples_") and _STAMPED.fullmatch(path.name) is not None
    value = peek(path)
    return isinstance(value, dict) and {"results", "configs", "n-shot", "versions"} <= set(value)


def read(path: Path, model: str | None = None, scores: Sequence[str] = ()) -> list[Record]:
    """One record per task of a run, in the order of the results file; of every run below a folder.

    The harness must have been called with `--log_samples --output_path`. `scores` says which metric and filter is meant
    where a task has several, as the harness prints them: `exact_match,strict-match`, or `acc` for `acc,none`. `model` is
    needed where the harness made a name up.

    Raises:
        EvidenceError: some file is missing, cut off, or contradicts another; then nothing is imported.
    """
    files = _results_files(path) if path.is_dir() else [path]
    if path.is_dir():
        _refuse_orphans(path, {one.with_name(_stamp(one)) for one in files})
    if not files:
        raise EvidenceError(
            f"there is no results_*.json of lm-evaluation-harness in {path}. Give the folder of its --output_path, or "
            "the results file."
        )
    seen: list[str] = []
    records = read_each(files, lambda one: _read_run(one, _Asked(model, scores), seen))
    refuse_unused(scores, seen, str(path))
    return records


def _results_files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*.json") if _STAMPED.fullmatch(one.name))


def _stamp(path: Path) -> str:
    match = _STAMPED.fullmatch(path.name)
    if match is None:
        raise EvidenceError(
            f"{path}: the name of a results file ends in the time of the run, as in results_2026-01-31T12-00-00.5.json, "
            "and the samples are looked for by it. Give the file its name again."
        )
    return match["stamp"]


def _refuse_orphans(folder: Path, runs: set[Path]) -> None:
    for one in sorted(folder.rglob("samples_*.jsonl")):
        if _STAMPED.fullmatch(one.name) and one.with_name(_stamp(one)) not in runs:
            raise EvidenceError(_orphan(one))


def _orphan(path: Path) -> str:
    return (
        f"{path}: there is no results file of this run beside it, and only that says which model, prompt and version it "
        f"was. Put results_{_stamp(path)}.json there, or remove the samples."
    )


def _read_run(path: Path, asked: _Asked, seen: list[str]) -> list[Record]:
    if path.suffix == ".jsonl" and path.exists():
        results = [one.name for one in path.parent.glob(f"*_{_stamp(path)}.json")]
        raise EvidenceError(
            f"{path}: these are the samples; give the results file, {results[0]}." if results else _orphan(path)
        )
    file = open_file(path)
    try:
        raw = _Results.model_validate(file.value)
    except ValidationError as error:
        raise EvidenceError(explain(error, file.text, path)) from error
    records: list[Record] = []
    wrong: list[str] = []
    for task in raw.configs:
        try:
            records.append(sound(str(path), _record(file, raw, task, asked, seen)))
        except EvidenceError as error:
            wrong.append(str(error))
    if wrong:
        raise EvidenceError(
            "\n".join(wrong[:_MOST] + [f"... and {len(wrong) - _MOST} tasks more."] * (len(wrong) > _MOST))
        )
    return records


def _record(file: ResultFile, raw: _Results, task: str, asked: _Asked, seen: list[str]) -> Record:
    path = file.path.with_name(f"samples_{task}_{_stamp(file.path)}.jsonl")
    if not path.exists():
        raise EvidenceError(
            f"{file.path}: {path.name} is not beside it. What each problem came to is only in the samples: restore the "
            "file, or run the harness again with --log_samples."
        )
    found = read_samples(path, raw.task_hashes.get(task))
    seen.extend(found.scores)
    score = chosen(f"{path}: task {task!r}", found.scores, asked.scores)
    metric = score.partition(",")[0]
    _check_size(file, raw, task, found)
    try:
        better = raw.higher_is_better.get(task, {}).get(metric)
        outcome = outcome_of(found, score, raw.configs[task].output_type, better)
        _check_total(file, raw, task, score, overall(outcome, metric, raw.configs[task].metric_list))
        return Record(
            subject=Subject(model=_model(file, raw, asked.model)),
            protocol=_protocol(raw, task, score, found, outcome),
            environment=Environment(
                commit=raw.git_hash or UNKNOWN,
                versions=_versions(raw, task),
                backend=raw.model_source if raw.model_source != "CUSTOM" else UNKNOWN,
            ),
            arguments=Arguments(passed=_passed(raw.config)),
            source=Source(
                kind="imported",
                tool=TOOL,
                tool_version=raw.lm_eval_version or UNKNOWN,
                file=path.name,
                file_digest=found.digest,
                note=_note(file, raw, asked.model),
            ),
            time=datetime.fromtimestamp(raw.date, UTC).isoformat(timespec="seconds"),
            seed=raw.config.torch_seed,
            observed=_observed(raw.results.get(task, {}), score),
            outcome=outcome,
        )
    except ValidationError as error:
        raise impossible(str(path), error) from error


def _check_size(file: ResultFile, raw: _Results, task: str, found: Samples) -> None:
    if task in raw.task_hashes:  # which the samples agree with; the count that 0.4.9 states for --samples is another
        return
    size = raw.sizes.get(task)
    if size is None or len(found.documents) != size.effective:
        stated = "does not say of how many" if size is None else f"says {size.effective}"
        raise EvidenceError(
            f"{found.path}: it has {len(found.documents)} documents, and {file.name} {stated}. One of the two is of "
            "another run or was cut off: restore both."
        )


def _check_total(file: ResultFile, raw: _Results, task: str, score: str, total: float | None) -> None:
    stated = raw.results.get(task, {}).get(score)
    if total is not None and not agrees(stated, total):
        raise EvidenceError(
            f"{file.path}: it says that {score} of {task!r} is {stated}, but the samples come to {total:.6g}. One of the "
            "two files was changed, or is of another run: restore both."
        )


def _model(file: ResultFile, raw: _Results, given: str | None) -> str:
    return model_of(file.path, given, _named(raw))


def _named(raw: _Results) -> str | None:
    arguments = raw.config.model_args or ""
    named = any(name in arguments if isinstance(arguments, dict) else f"{name}=" in arguments for name in _NAMED_BY)
    return raw.model_name if named else None


def _protocol(
    raw: _Results, task: str, score: str, found: Samples, outcome: ProblemsOutcome | ExamplesOutcome
) -> Protocol:
    config, size = raw.configs[task], raw.sizes.get(task)
    count, whole = len(found.documents), size.original if size else None
    generated = config.generation_kwargs or {} if config.output_type == "generate_until" else {}
    samples = samples_each(outcome.problems) if isinstance(outcome, ProblemsOutcome) and generated else None
    limits: dict[str, int | float | str | None] = {
        "limit": raw.config.limit,
        "documents": None if whole in (None, count) else f"{count} of {whole}",
        "repeats": config.repeats if config.repeats != (samples or 1) else None,
        "until": json.dumps(generated["until"]) if "until" in generated else None,
    }
    contents = {"task": task, "version": raw.versions.get(task), "documents": found.documents}
    return Protocol(
        benchmark=task,
        benchmark_digest=digest_bytes(canonical_json(contents)),
        prompt=_prompt(raw, task),
        sampling=_sampling(generated, samples),
        limits={name: value for name, value in limits.items() if value is not None},
        extraction=score,
    )


def _prompt(raw: _Results, task: str) -> str:
    """Shots, and what of the prompt is not the task's own: by the first digits of its SHA-256."""
    shots = raw.shots.get(task)
    parts = [f"{shots}-shot" if isinstance(shots, int) else UNKNOWN]
    if raw.chat_template_sha:
        turns = ", multiturn" if raw.fewshot_as_multiturn else ""
        parts.append(f"chat template {raw.chat_template_sha[:8]}{turns}")
    if raw.system_instruction_sha:
        parts.append(f"system instruction {raw.system_instruction_sha[:8]}")
    return ", ".join(parts)


def _sampling(generated: dict[str, Any], samples: int | None) -> Sampling:
    length = next((generated[name] for name in _LENGTHS if generated.get(name) is not None), None)
    top_p, top_k = generated.get("top_p"), generated.get("top_k")
    return Sampling(
        # The harness decodes greedily when it is told not to sample, whatever temperature it was given.
        temperature=0.0 if generated.get("do_sample") is False else number(generated.get("temperature")),
        samples=samples,
        max_tokens=length,
        top_p=number(top_p),
        top_k=top_k if isinstance(top_k, int) and top_k > 0 else None,
    )


def _versions(raw: _Results, task: str) -> dict[str, str]:
    version, transformers = raw.versions.get(task), raw.transformers_version
    found = {f"task {task}": version, "transformers": transformers, "model revision": raw.config.model_sha}
    return {name: str(value) for name, value in found.items() if value not in (None, "", "N/A")}


def _passed(run: _Run) -> dict[str, Any]:
    """What only a user can have said: arguments of the model and of the generation, without what may be a secret."""
    found = {}
    for name, said in (("model_args", run.model_args), ("gen_kwargs", run.gen_kwargs)):
        pairs = (
            said.items()
            if isinstance(said, dict)
            else (one.split("=", 1) for one in (said or "").split(",") if "=" in one)
        )
        if kept := {key: value for key, value in pairs if not _SECRET.fullmatch(key)}:
            found[name] = kept
    return found


def _note(file: ResultFile, raw: _Results, given: str | None) -> str | None:
    run, named = raw.config, _named(raw)
    seeds = {"random": run.random_seed, "numpy": run.numpy_seed, "torch": run.torch_seed, "few-shot": run.fewshot_seed}
    return note(
        f"with {file.name}, SHA-256 {file.digest}",
        f"seeds: {', '.join(f'{name} {seed}' for name, seed in seeds.items() if seed is not None)}",
        f"dtype of the loaded model: {run.model_dtype}" if run.model_dtype else None,
        f"the file names the model {named}" if named and given not in (None, named) else None,
    )


def _observed(printed: dict[str, Any], score: str) -> dict[str, float]:
    metric, _, name = score.partition(",")
    found = {one: number(printed.get(one)) for one in (score, f"{metric}_stderr,{name}")}
    return {one: value for one, value in found.items() if value is not None}
