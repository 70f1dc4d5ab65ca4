"""UK AISI's Inspect: logs of finished runs, `.eval` archives or `.json`, one record per log.

The one thing a reader would get wrong: a sample that ended in an error, or that a scorer could not score, is left out of
Inspect's own accuracy. Here it is a sample that did not pass, and its problem counts among the `errors` of the record.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from apr_core.errors import EvidenceError
from apr_core.evidence.importers.harness import PASS, model_of, note, problem, read_each
from apr_core.evidence.importers.inspect_log import EvalScore, Log, Sample, Score, is_log, open_log
from apr_core.evidence.importers.scores import agrees, chosen, impossible, number, refuse_unused, sound
from apr_core.evidence.record import (
    UNKNOWN,
    Arguments,
    Environment,
    ExampleResult,
    ExamplesOutcome,
    ProblemsOutcome,
    Protocol,
    Record,
    Sampling,
    Source,
    Subject,
)
from apr_core.files import canonical_json, digest_bytes

TOOL = "inspect"

_LETTERS = {"C": 1.0, "I": 0.0, "N": 0.0, "P": 0.5}
"""Correct, incorrect, no answer, partly correct → what Inspect counts them for."""

_WORDS = {"C": PASS, "I": "incorrect", "N": "no answer"}

_BY_THE_MODEL = ("invalid_response_format", "refusal", "no_response")
"""Reasons to give no score that are the model's doing; with any other reason the measurement broke."""

_LIMITS = ("message_limit", "token_limit", "turn_limit", "time_limit", "working_limit", "cost_limit", "retry_on_error")
_ById = Mapping[str, Sequence[Sample]]
"""The samples of each problem, in the order of the epochs."""

_SAMPLED = ("temperature", "top_p", "top_k", "max_tokens", "seed")


def recognises(path: Path) -> bool:
    """Whether `path` is a log of Inspect, finished or not, or a folder that holds one."""
    try:
        return any(map(is_log, path.iterdir())) if path.is_dir() else is_log(path)
    except OSError:
        return False


def read(path: Path, model: str | None = None, scores: Sequence[str] = ()) -> list[Record]:
    """One record per log; of a folder, every log in the order of their names.

    `scores` says which scorer is meant where a log has several, `parts.digits` for a part of a score that has parts.
    `model` replaces the name that Inspect calls the model by.

    Raises:
        EvidenceError: a log is not finished, not whole, damaged, or holds values that are not known; then nothing is
            imported.
    """
    try:
        paths = sorted(one for one in path.iterdir() if is_log(one)) if path.is_dir() else [path]
    except OSError as error:
        raise EvidenceError(f"cannot read a file in {path}: {error}. Check its permissions.") from error
    if not paths:
        raise EvidenceError(
            f"there is no .eval or .json log of Inspect in {path}. Give the folder of the logs, or one."
        )
    seen: list[str] = []
    runs: dict[str, Path] = {}
    records = read_each(paths, lambda one: [_read_log(one, model, scores, seen, runs)])
    refuse_unused(scores, seen, str(path))
    return records


def _read_log(path: Path, model: str | None, scores: Sequence[str], seen: list[str], runs: dict[str, Path]) -> Record:
    log, digest = open_log(path)
    run = log.eval.eval_id or f"{log.eval.run_id} {log.eval.task_id}"
    if (other := runs.setdefault(run, path)) != path:
        raise EvidenceError(f"{path}: it is of the same run as {other.name}, which would then count twice. Remove one.")
    by_id = _samples(path, log)
    there = _scores(path, by_id)
    seen.extend(there)
    name = chosen(str(path), there, scores)
    try:
        return sound(str(path), _record(path, digest, log, by_id, there, name, model))
    except ValidationError as error:
        raise impossible(str(path), error) from error


def _samples(path: Path, log: Log) -> dict[str, list[Sample]]:
    """The samples of each problem in the order of the epochs: every one that the run was to make.

    Raises:
        EvidenceError: one is missing, occurs twice, or was invalidated.
    """
    found: dict[str, dict[int, Sample]] = defaultdict(dict)
    for sample in log.samples or []:
        if sample.epoch in found[str(sample.id)]:
            raise EvidenceError(f"{path}: sample {sample.id!r}, epoch {sample.epoch}, occurs twice. Restore the file.")
        found[str(sample.id)][sample.epoch] = sample
    if log.invalidated or any(sample.invalidation for sample in log.samples or []):
        raise EvidenceError(
            f"{path}: samples of this log were marked as invalid. Make them again: inspect eval-retry {path.name}."
        )
    count, have = log.eval.config.epochs or 1, len(log.samples or [])
    ids, epochs = [str(one) for one in log.eval.dataset.sample_ids or list(found)], range(1, count + 1)
    # Only the first: a log may ask for more epochs than a list has room for.
    missing = next(((one, epoch) for one in ids for epoch in epochs if epoch not in found.get(one, ())), None)
    stated = log.results.total_samples if log.results else have
    if missing or not have == stated == len(ids) * count:
        first = f"; the first that is missing is {missing[0]!r}, epoch {missing[1]}" if missing else ""
        raise EvidenceError(
            f"{path}: it has {have} samples, and the run was to make {len(ids)} times {count} epochs{first}. Only whole "
            f"runs are imported: inspect eval-retry {path.name} makes what is missing."
        )
    return {one: [found[one][epoch] for epoch in epochs] for one in ids}


def _scores(path: Path, by_id: _ById) -> list[str]:
    """What was scored, by name: `scorer`, or `scorer.part` for a score that has parts."""
    found: dict[str, dict[str, None]] = {}
    for sample in (sample for samples in by_id.values() for sample in samples):
        for scorer, score in (sample.scores or {}).items():
            found.setdefault(scorer, {}).update(dict.fromkeys(score.value) if isinstance(score.value, dict) else {})
    # A score that has parts in one sample may be a single NaN in another, which could not be scored.
    names = [name for scorer, parts in found.items() for name in ([f"{scorer}.{one}" for one in parts] or [scorer])]
    if not names:
        raise EvidenceError(
            f"{path}: no sample has a score. All ended in errors, or the run was made with --no-score; then inspect "
            f"score {path.name} scores it."
        )
    return names


def _record(
    path: Path, digest: str, log: Log, by_id: _ById, there: Sequence[str], name: str, model: str | None
) -> Record:
    spec = log.eval
    printed = [one for one in (log.results.scores if log.results else []) if _label(one, there) == name]
    outcome = _outcome(f"{path}: {name}", by_id, name, any("accuracy" in one.metrics for one in printed))
    _check_total(path, log, printed, by_id, name)
    sampling, seed, own = _sampling(log)
    unsorted = spec.task_args_passed is None and spec.task_args
    edits = sum(
        bool(one and one.history) for every in by_id.values() for one in (_score(each, name)[0] for each in every)
    )
    return Record(
        subject=Subject(model=model_of(path, model, spec.model)),
        protocol=Protocol(
            benchmark=spec.task,
            prompt=_prompt(log),
            sampling=sampling,
            limits={**_limits(log), **own},
            extraction=_extraction(log, name),
            sandbox=spec.sandbox or UNKNOWN,
        ),
        environment=Environment(
            commit=spec.revision.commit if spec.revision else UNKNOWN,
            dirty=spec.revision.dirty if spec.revision else None,
            versions={**spec.packages, f"task {spec.task}": str(spec.task_version)},
        ),
        arguments=_arguments(log),
        source=Source(
            kind="imported",
            tool=TOOL,
            tool_version=spec.packages.get("inspect_ai", UNKNOWN),
            file=path.name,
            file_digest=digest,
            note=note(
                f"the file names the model {spec.model}" if model not in (None, spec.model) else None,
                "the limits were changed while it ran" if log.config_updates else None,
                f"{edits} of its scores were changed by hand after the run" if edits else None,
                f"task arguments, passed or not: {json.dumps(spec.task_args)}" if unsorted else None,
            ),
        ),
        time=spec.created,
        seed=seed,
        observed=_observed(printed, by_id),
        outcome=outcome,
    )


def _label(printed: EvalScore, there: Sequence[str]) -> str:
    """The name by which `there` has a score that Inspect printed."""
    part = f"{printed.scorer}.{printed.name}"
    return part if part in there else printed.name


class _Said(NamedTuple):
    """What one scorer said of one sample."""

    value: Any
    """None when there is no score."""
    failure: str
    """The class of the failure, if it is one."""
    broken: bool
    """Whether the evaluation broke, not the model."""


def _said(sample: Sample, name: str) -> _Said:
    score, value = _score(sample, name)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        reason = (score.reason or (score.metadata or {}).get("unscored_reason")) if score else None
        failure = "error" if sample.error else str(reason or "not scored")
        return _Said(None, failure, bool(sample.error) or reason not in _BY_THE_MODEL)
    stopped = f"{sample.limit.get('type')} limit" if sample.limit else None
    failure = "error" if sample.error else stopped or _WORDS.get(str(value), "incorrect")
    return _Said(value, failure, bool(sample.error))


def _score(sample: Sample, name: str) -> tuple[Score | None, Any]:
    scores = sample.scores or {}
    if name in scores:
        return scores[name], scores[name].value
    for scorer, score in scores.items():
        if name.startswith(f"{scorer}."):
            return score, score.value.get(name.removeprefix(f"{scorer}.")) if isinstance(
                score.value, dict
            ) else score.value
    return None, None


def _outcome(where: str, by_id: _ById, name: str, accuracy: bool) -> ProblemsOutcome | ExamplesOutcome:
    said = {one: [_said(sample, name) for sample in samples] for one, samples in by_id.items()}
    values = {one: [_number(where, one, each.value) for each in every] for one, every in said.items()}
    letters = any(isinstance(each.value, str) for every in said.values() for each in every)
    numbers = {value for every in values.values() for value in every if value is not None}
    if not numbers:
        raise EvidenceError(f"{where}: no sample could be scored. Score the log again: inspect score.")
    if numbers <= {0.0, 1.0} and (letters or accuracy):
        problems = tuple(
            problem(one, [PASS if value == 1 else each.failure for value, each in zip(values[one], every, strict=True)])
            for one, every in said.items()
        )
        return ProblemsOutcome(
            problems=problems, errors=sum(any(each.broken for each in every) for every in said.values())
        )
    examples = tuple(
        ExampleResult(id=one, value=math.fsum(_complete(where, one, every)) / len(every))
        for one, every in values.items()
    )
    return ExamplesOutcome(unit=name, examples=examples)


def _number(where: str, one: str, value: Any) -> float | None:
    """What a score counts for; None for no score."""
    if value is None:
        return None
    found = _LETTERS.get(value) if isinstance(value, str) else number(value)
    if found is None:
        shown = repr(value)
        raise EvidenceError(
            f"{where}: sample {one!r} has the score {shown if len(shown) <= 60 else shown[:57] + '...'}. Known are the "
            "letters C, I, P and N, true and false, and finite numbers; choose another score with --score, or let the "
            "scorer give one of these."
        )
    return found


def _complete(where: str, one: str, values: Sequence[float | None]) -> list[float]:
    if None in values:
        raise EvidenceError(
            f"{where}: sample {one!r} has no score in epoch {values.index(None) + 1}, and a number cannot be made up for "
            "it: a mean over the others would be another measurement. Make it again with inspect eval-retry, or score the "
            "log again with inspect score."
        )
    return [value for value in values if value is not None]


def _check_total(path: Path, log: Log, printed: Sequence[EvalScore], by_id: _ById, name: str) -> None:
    """Nothing, when the mean that Inspect printed is that of the samples; where it left samples out, it cannot be."""
    values = [[_number(str(path), one, _said(each, name).value) for each in every] for one, every in by_id.items()]
    if any(None in every for every in values) or log.eval.config.epochs_reducer not in (None, ["mean"]):
        return
    mean = math.fsum(math.fsum(filter(None, every)) / len(every) for every in values) / len(values)
    for metric in ("accuracy", "mean"):
        for one in (entry.metrics[metric] for entry in printed if metric in entry.metrics):
            if not (one.get("params") or one.get("options")) and not agrees(one.get("value"), mean):
                raise EvidenceError(
                    f"{path}: it says that the {metric} of {name} is {one.get('value')}, but the samples come to "
                    f"{mean:.6g}. Scores were changed after the run: inspect score {path.name} computes its metrics again."
                )


def _observed(printed: Sequence[EvalScore], by_id: _ById) -> dict[str, float]:
    found = {
        metric if one.reducer is None else f"{metric} of {one.reducer}": number(said.get("value"))
        for one in printed
        for metric, said in one.metrics.items()
    }
    retries = sum(len(sample.error_retries or ()) for samples in by_id.values() for sample in samples)
    found["retries after errors"] = float(retries) if retries else None
    return {name: value for name, value in found.items() if value is not None}


def _prompt(log: Log) -> str:
    """The solvers by name; when they were given arguments, the first digits of the SHA-256 of these."""
    if not log.plan.steps:
        return UNKNOWN
    names = textwrap.shorten(" + ".join(one.solver for one in log.plan.steps), 150, placeholder=" ...")
    passed = [one.params if one.params_passed is None else one.params_passed for one in log.plan.steps]
    return _with_arguments(names, passed if any(passed) else None)


def _extraction(log: Log, name: str) -> str:
    """The score by name; when its scorer was given arguments, a judge among them, the first digits of their SHA-256."""
    given = [one.options for one in log.eval.scorers or [] if one.name == name or name.startswith(f"{one.name}.")]
    return _with_arguments(name, given[0] if given else None)


def _with_arguments(name: str, arguments: Any) -> str:
    return f"{name}, arguments {digest_bytes(canonical_json(arguments))[:8]}" if arguments else name


def _sampling(log: Log) -> tuple[Sampling, int | None, dict[str, float]]:
    """What was in force for every call, the seed, and what a single solver set for itself, by its name."""
    said = {**_given(log.eval.model_generate_config), **_given(log.plan.config)}
    own = {f"{one.solver}.{key}": value for one in log.plan.steps for key, value in _given(one.params).items()}
    for key in {name.rpartition(".")[2] for name in own}:
        said.pop(key, None)
    return (
        Sampling(
            temperature=number(said.get("temperature")),
            samples=log.eval.config.epochs or 1,
            max_tokens=said.get("max_tokens"),
            top_p=number(said.get("top_p")),
            top_k=said.get("top_k"),
        ),
        said.get("seed"),
        own,
    )


def _given(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: config[key] for key in _SAMPLED if number(config.get(key)) is not None}


def _limits(log: Log) -> dict[str, int | float | str | None]:
    config, dataset = log.eval.config, log.eval.dataset
    ids = len(dataset.sample_ids or ())
    part = bool(ids) and dataset.samples is not None and ids != dataset.samples
    limits = {
        "limit": "-".join(map(str, config.limit)) if isinstance(config.limit, list) else config.limit,
        "samples": f"{ids} of {dataset.samples}" if part else None,
        **{name: getattr(config, name) for name in _LIMITS},
    }
    return {name: value for name, value in limits.items() if isinstance(value, int | float | str)}


def _arguments(log: Log) -> Arguments:
    every, passed = log.eval.task_args, log.eval.task_args_passed
    if passed is None:
        return Arguments()
    return Arguments(passed=passed, default={key: value for key, value in every.items() if key not in passed})
