"""What bigcode-evaluation-harness writes: `evaluation_results.json`, and the generations that it was computed from.

The one thing a reader would get wrong: with `--load_generations_path` the file's `config` still names a model and a
temperature. They are what the options were left at; nothing was generated with them, and none of it is taken over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from apr_core.errors import EvidenceError
from apr_core.evidence.importers.harness import (
    ResultFile,
    files_in,
    listed,
    model_of,
    note,
    open_file,
    peek,
    plain_name,
    read_each,
    some_samples,
)
from apr_core.evidence.record import (
    UNKNOWN,
    AggregateOutcome,
    Closed,
    Count,
    Name,
    Positive,
    Protocol,
    Record,
    Sampling,
    Source,
    Subject,
    explain,
)

TOOL = "bigcode-evaluation-harness"

_WHOLE: Mapping[str, tuple[int, ...]] = {
    "humaneval": (164,),
    "humanevalplus": (164,),
    "mbpp": (500,),
    "mbppplus": (399, 378),
}
"""Task → how many problems the whole of it has, where that is the same for every version or known for each."""

_PRECISIONS = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}


class _Config(Closed):
    """The program's arguments, as far as they are read here. Every version has more of them."""

    model_config = ConfigDict(extra="ignore")

    model: Name
    peft_model: Name | None = None
    revision: str | None = None
    precision: str | None = None
    load_in_8bit: bool = False
    load_in_4bit: bool = False
    do_sample: bool
    temperature: Annotated[float, Field(ge=0)] | None = None
    top_k: Count | None = None
    """0 is off."""
    top_p: float | None = None
    n_samples: Positive
    seed: int | None = None
    max_length_generation: Positive | None = None
    """Tokens of prompt and completion together."""
    prefix: str | None = None
    instruction_tokens: str | None = None
    prompt: Name | None = None
    """Of the HumanEvalPack tasks; the others do not look at it."""
    limit: Positive | None = None
    limit_start: Count = 0
    load_generations_path: str | None = None
    save_generations: bool = False
    save_generations_path: str | None = None
    check_references: bool = False


class _Generations(Closed):
    problems: Annotated[list[Annotated[list[Any], AfterValidator(some_samples)]], Field(min_length=1)]


class _Drawn(NamedTuple):
    """How many completions there were, when the generations lie beside the results."""

    file: ResultFile
    samples: tuple[int, ...]
    """Per problem."""

    @property
    def each(self) -> int | None:
        return self.samples[0] if len(set(self.samples)) == 1 else None


def recognises(path: Path) -> bool:
    """Whether `path` holds results of this harness, or is a folder with such a file beside lists of generations."""
    if not path.is_dir():
        return _is_results(peek(path))
    values = [peek(one) for one in listed(path) if plain_name(one).endswith(".json")]
    return any(map(_is_results, values)) and all(_is_results(one) or isinstance(one, list) for one in values)


def _is_results(value: Any) -> bool:
    config = value.get("config") if isinstance(value, dict) else None
    return isinstance(config, dict) and {"n_samples", "do_sample", "model"} <= set(config)


def read(path: Path, model: str | None = None) -> list[Record]:
    """One record per task of a results file, known only in total: the harness does not write which problem passed.

    `path` is a file or a folder; lists in a folder are generations and references, and are not results. The generations
    that the results came from are read when they lie beside them: with one sample per problem, pass@1 then is so many
    passes of so many problems. `model` is needed when the generations were loaded, and else replaces the config's name.

    Raises:
        EvidenceError: some file cannot be used; then it says what is wrong with each, and nothing is imported.
    """
    paths = files_in(path, ".json")
    if path.is_dir():
        paths = [one for one in paths if not isinstance(peek(one), list)]
    if not paths:
        raise EvidenceError(f"there are only lists in {path}: generations or references, which hold no results.")
    return read_each(paths, lambda one: _read_file(one, model))


def _read_file(path: Path, model: str | None) -> list[Record]:
    file = open_file(path)
    if not _is_results(file.value):
        raise EvidenceError(
            f"{path}: these are no results of {TOOL}: a map with `config` and a map of numbers per task is needed. "
            "Generations hold no results; give the file that --metric_output_path named (evaluation_results.json)."
        )
    tasks = {name: value for name, value in file.value.items() if name != "config"}
    try:
        config = _Config.model_validate(file.value["config"])
        if config.check_references:
            raise EvidenceError(f"{path}: --check_references was given: reference solutions were tried, and no model.")
        if not tasks:
            raise EvidenceError(f"{path}: it has a config and no results. Evaluate at least one task.")
        return [_record(file, config, task, value, model) for task, value in tasks.items()]
    except ValidationError as error:
        raise EvidenceError(explain(error, file.text, path)) from error


def _record(file: ResultFile, config: _Config, task: str, value: Any, model: str | None) -> Record:
    numbers = _numbers(file.path, task, value)
    main = _main(file.path, task, numbers)
    drawn = _drawn(file.path, config, task)
    loaded = config.load_generations_path is not None
    return Record(
        subject=_subject(file.path, config, model),
        protocol=Protocol(
            benchmark=task if _whole(task, config, drawn) else f"{task}-custom",
            prompt=config.prompt or UNKNOWN if re.match("humaneval(fix|explain|synthesize)", task) else UNKNOWN,
            sampling=_sampling(config, drawn),
            limits={} if loaded else {"max_length_generation": config.max_length_generation},
        ),
        source=Source(
            kind="imported", tool=TOOL, file=file.name, file_digest=file.digest, note=_note(config, drawn, model)
        ),
        seed=None if loaded else config.seed,
        observed={name: number for name, number in numbers.items() if name != main},
        outcome=_outcome(file.path, task, main, numbers[main], drawn),
    )


def _numbers(path: Path, task: str, value: Any) -> dict[str, float]:
    plain = isinstance(value, dict) and all(type(one) in (int, float) and isfinite(one) for one in value.values())
    if not plain or not value:
        raise EvidenceError(
            f"{path}: the results of {task!r} are {str(value)[:60]}; a map from metric to number is read, and nothing "
            "is imported of a file that has something else. Evaluate that task into a file of its own."
        )
    return {name: float(number) for name, number in value.items()}


def _main(path: Path, task: str, numbers: Mapping[str, float]) -> str:
    """The metric that is the outcome; the others are only observed, for a run counts once."""
    for name in ("pass@1", "accuracy", *numbers):
        if name in numbers and (len(numbers) == 1 or name in ("pass@1", "accuracy")):
            return name
    raise EvidenceError(
        f"{path}: {task!r} has {', '.join(numbers)}; which of them is its result is not known: neither pass@1 nor "
        "accuracy is there, and it is not the only one."
    )


def _drawn(path: Path, config: _Config, task: str) -> _Drawn | None:
    """The generations, from the file beside `path` that the config names.

    Raises:
        EvidenceError: it is there and no list of samples per problem.
    """
    if config.load_generations_path is not None:
        name = Path(config.load_generations_path).name
    elif config.save_generations and config.save_generations_path:
        name = f"{Path(config.save_generations_path).stem}_{task}.json"
    else:
        return None
    there = [one for one in listed(path.parent) if plain_name(one) == name]
    if not there:
        return None
    file = open_file(there[0])
    try:
        problems = _Generations.model_validate({"problems": file.value}).problems
    except ValidationError as error:
        raise EvidenceError(explain(error, file.text, file.path)) from error
    # Of generations that were loaded, the harness evaluates the first `limit`.
    return _Drawn(file, tuple(len(samples) for samples in problems[: config.limit]))


def _subject(path: Path, config: _Config, model: str | None) -> Subject:
    if config.load_generations_path is not None:
        return Subject(model=model_of(path, model))
    loaded_in = {"int8": config.load_in_8bit, "4bit": config.load_in_4bit}
    precision = next((name for name, used in loaded_in.items() if used), None)
    return Subject(
        model=model_of(path, model, config.peft_model or config.model),
        precision=precision or _PRECISIONS.get(config.precision or "", UNKNOWN),
        lineage=None if config.peft_model is None else (config.model,),
    )


def _sampling(config: _Config, drawn: _Drawn | None) -> Sampling:
    samples = drawn.each if drawn else None
    if config.load_generations_path is not None:
        return Sampling(samples=samples)
    samples = samples or (None if drawn else config.n_samples)
    if not config.do_sample:
        return Sampling(temperature=0.0, samples=samples)
    return Sampling(
        temperature=config.temperature, samples=samples, top_p=config.top_p or None, top_k=config.top_k or None
    )


def _whole(task: str, config: _Config, drawn: _Drawn | None) -> bool:
    """Whether every problem of the task was evaluated, as far as the files say."""
    if drawn is not None and task in _WHOLE:
        return len(drawn.samples) in _WHOLE[task] and config.limit_start == 0
    return config.limit is None and config.limit_start == 0


def _outcome(path: Path, task: str, metric: str, value: float, drawn: _Drawn | None) -> AggregateOutcome:
    if drawn is None:
        return AggregateOutcome(metric=metric, value=value)
    n = len(drawn.samples)
    if metric != "pass@1" or drawn.each is None:
        return AggregateOutcome(metric=metric, value=value, n=n)
    passes = value * n * drawn.each
    if abs(passes - round(passes)) > 1e-6:
        raise EvidenceError(
            f"{path}: pass@1 of {task!r} is {value:.6f}, and {drawn.file.path} has {n} problems with {drawn.each} "
            f"samples each, of which {passes:.4f} would have passed. They are not of one run: restore the generations, "
            "or move them away."
        )
    if drawn.each > 1:
        return AggregateOutcome(metric=metric, value=value, n=n)
    return AggregateOutcome(metric=metric, passes=round(passes), n=n)


def _note(config: _Config, drawn: _Drawn | None, model: str | None) -> str | None:
    loaded = config.load_generations_path is not None
    renamed = None if model in (None, config.model) else f"the file calls the model {config.model}"
    told = {
        "revision": config.revision,
        "prefix": config.prefix,
        "instruction tokens": config.instruction_tokens,
        "first problem": config.limit_start or None,
        "problems asked for": config.limit,
    }
    return note(
        "the generations were loaded; how they were made is not in the file" if loaded else renamed,
        *(f"{name}: {value!r}" for name, value in told.items() if value and not (loaded and name == "revision")),
        f"generations: {drawn.file.name}, SHA-256 {drawn.file.digest}"
        if drawn
        else "the generations are not beside the file, so how many problems there were is not known",
    )
