"""The evidence record: one immutable measurement, with everything that is needed to disbelieve it.

The one thing a reader would get wrong: what is not known stays not known. A text that nobody can know is `unknown`, a
number or digest is null, and nothing here fills one in: a backend that a result file does not name is not `cpu`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator, model_validator

from apr_core.errors import AprError, EvidenceError
from apr_core.files import canonical_json, digest_bytes, parse_json, position, read_text

UNKNOWN = "unknown"

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S([^\x00-\x1f]*\S)?$")]
"""A word or a short line without surrounding space; `unknown` when nobody can know it."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hexadecimal."""

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]


class Closed(BaseModel):
    """Unknown keys, text for numbers, NaN, infinity and later changes are all refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Subject(Closed):
    """What was measured."""

    model: Name
    """As its publisher writes it: `Qwen2.5-Coder-7B-Instruct`."""
    digest: Digest | None = None
    """Of the weights."""
    precision: Name = UNKNOWN
    """Of the weights as used: `f16`, `q4_k`, `int4`."""
    role: Name | None = None
    """The model's part in an experiment: `student`, `merged`."""
    stage: Name | None = None
    """The recipe stage that made it."""
    lineage: tuple[Name, ...] | None = None
    """Models and stages it came from, oldest first."""


class Sampling(Closed):
    """How completions were drawn."""

    temperature: Annotated[float, Field(ge=0)] | None = None
    samples: Positive | None = None
    """Completions per problem."""
    max_tokens: Positive | None = None
    """The cap on a completion that was in force, which is not always the one that was asked for."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Positive | None = None


class Protocol(Closed):
    """How it was measured."""

    benchmark: Name
    benchmark_digest: Digest | None = None
    prompt: Name = UNKNOWN
    """The prompt strategy."""
    sampling: Sampling = Sampling()
    limits: dict[Name, int | float | str | None] = {}
    """Time, memory and token limits by name, in the unit that the name says."""
    extraction: Name = UNKNOWN
    """How code was found in a completion, and the version of that."""
    sandbox: Name = UNKNOWN
    """What ran the code, and its version."""
    layers: tuple[Name, ...] | None = None
    """Optional parts of the evaluation that were *active*."""


class Environment(Closed):
    """Where it was measured."""

    commit: Name = UNKNOWN
    dirty: bool | None = None
    """Whether the working tree differed from the commit."""
    versions: dict[Name, Name] = {}
    device: Name = UNKNOWN
    backend: Name = UNKNOWN
    """The backend that was *used*, not the one asked for."""


class Arguments(Closed):
    """What the measuring program was told, apart from what it assumed. null: nobody can know which is which."""

    passed: dict[Name, JsonValue] | None = None
    default: dict[Name, JsonValue] | None = None


class Source(Closed):
    """Where the record comes from."""

    kind: Literal["measured", "imported", "published"]
    tool: Name = UNKNOWN
    """What measured it, or, for a published figure, the text that prints it."""
    tool_version: Name = UNKNOWN
    file: Name | None = None
    """The name of the file that it was imported from."""
    file_digest: Digest | None = None
    note: str | None = None


class ProblemResult(Closed):
    """One problem of a benchmark."""

    id: Name
    samples: Positive
    passes: Count
    failure: Name | None = None
    """Why the samples that failed did: `wrong`, `timeout`, `syntax`; null when nobody looked or none failed."""

    @model_validator(mode="after")
    def _possible(self) -> ProblemResult:
        if self.passes > self.samples:
            raise ValueError(
                f"problem {self.id!r} has {self.passes} passes in {self.samples} samples; allowed is at most one each"
            )
        if self.failure is not None and self.passes == self.samples:
            raise ValueError(f"problem {self.id!r} names the failure {self.failure!r}, but every sample passed")
        return self


class ProblemsOutcome(Closed):
    """Pass or fail per problem."""

    kind: Literal["problems"] = "problems"
    problems: Annotated[tuple[ProblemResult, ...], Field(min_length=1)]
    errors: Count | None = None
    """Problems on which the harness itself broke; null when nobody counted."""

    @model_validator(mode="after")
    def _distinct(self) -> ProblemsOutcome:
        _refuse_duplicates("problem id", [problem.id for problem in self.problems])
        return self


class ExampleResult(Closed):
    """One example: a document, or a pair."""

    id: Name
    value: float
    weight: Annotated[float, Field(gt=0)] = 1.0
    """What the value counts for in the mean: for a loss per token, the number of tokens."""


class ExamplesOutcome(Closed):
    """A value per example."""

    kind: Literal["examples"] = "examples"
    unit: Name
    """Of the values. `nats/token` is what a perplexity can be computed from."""
    step: Count | None = None
    """The training step at which they were measured."""
    examples: Annotated[tuple[ExampleResult, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> ExamplesOutcome:
        _refuse_duplicates("example id", [example.id for example in self.examples])
        return self


class SeriesPoint(Closed):
    """One point of a series."""

    step: Count
    value: float


class SeriesOutcome(Closed):
    """A value over steps."""

    kind: Literal["series"] = "series"
    name: Name
    """What was recorded: `train loss`."""
    unit: Name = UNKNOWN
    points: Annotated[tuple[SeriesPoint, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> SeriesOutcome:
        steps = [point.step for point in self.points]
        for before, after in pairwise(steps):
            if after <= before:
                raise ValueError(f"step {after} follows step {before}; the steps of a series increase")
        return self


class ScalarOutcome(Closed):
    """One number, and the repeats that it summarises where they are known."""

    kind: Literal["scalar"] = "scalar"
    value: float
    unit: Name
    repeats: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _inside(self) -> ScalarOutcome:
        if self.repeats and not min(self.repeats) <= self.value <= max(self.repeats):
            raise ValueError(
                f"the value {self.value} lies outside its own repeats {min(self.repeats)} to {max(self.repeats)}"
            )
        return self


class AggregateOutcome(Closed):
    """A total without items: passes of n, or only a figure."""

    kind: Literal["aggregate"] = "aggregate"
    metric: Name
    value: float | None = None
    """A fraction for pass@k, never a percentage. null when passes and n say it exactly."""
    passes: Count | None = None
    n: Positive | None = None
    """Problems or items; null when the text that prints the figure does not say."""
    errors: Count | None = None
    """Problems on which the harness itself broke; null when nobody counted."""

    @model_validator(mode="after")
    def _consistent(self) -> AggregateOutcome:
        if (self.value is None) == (self.passes is None):
            raise ValueError("an aggregate has either a value, or passes and n")
        if self.passes is not None and (self.n is None or self.passes > self.n):
            raise ValueError(f"{self.passes} passes of n = {self.n}; passes need an n at least as large")
        if self.passes is not None and not self.metric.startswith("pass@"):
            raise ValueError(f"the metric {self.metric!r} has passes; only pass@k counts them, so give a value")
        if self.metric == "perplexity" and self.value is not None and self.value < 1:
            raise ValueError(f"the perplexity is {self.value}; it is at least 1")
        if self.value is not None and self.metric.startswith("pass@") and not 0 <= self.value <= 1:
            raise ValueError(f"{self.metric} is {self.value}; a fraction from 0 to 1 is needed, not a percentage")
        return self


Outcome = ProblemsOutcome | ExamplesOutcome | SeriesOutcome | ScalarOutcome | AggregateOutcome
OUTCOME_KINDS: tuple[str, ...] = tuple(kind.model_fields["kind"].default for kind in get_args(Outcome))


class Record(Closed):
    """One measurement. Its id is computed from its content, so it cannot be changed and keep it."""

    schema_: Annotated[Literal["apr.evidence/1"], Field(alias="schema")] = "apr.evidence/1"
    subject: Subject
    protocol: Protocol
    environment: Environment = Environment()
    arguments: Arguments = Arguments()
    source: Source
    time: str | None = None
    """When it was measured, ISO 8601 with an offset from UTC; null when nobody can know."""
    seed: int | None = None
    recipe: Digest | None = None
    """Of the recipe that produced it; a record whose recipe has changed since is stale."""
    observed: dict[Name, float] = {}
    """What the harness printed beside the outcome, by name with its unit: `mean_latency_ms`."""
    outcome: Annotated[Outcome, Field(discriminator="kind")]

    @field_validator("time")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        if value is not None and datetime.fromisoformat(value).tzinfo is None:
            raise ValueError(f"the time {value!r} has no offset from UTC; write it as 2026-03-18T13:35:24+00:00")
        return value

    def __hash__(self) -> int:
        # Pydantic would hash every field, and maps have no hash.
        return hash((self.subject.model, self.protocol.benchmark, self.time, self.seed))

    @property
    def content(self) -> dict[str, Any]:
        """The record as plain JSON data, without its id."""
        return self.model_dump(mode="json", by_alias=True)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of what is known: the content without its nulls and unknowns.

        So a later version of the schema may add fields that nobody could fill in before, and old records keep their
        ids. What was passed and defaulted counts as it stands: a null that was passed is something known.
        """
        arguments = self.content["arguments"]
        return digest_bytes(canonical_json({**_known(self.content), "arguments": arguments}))

    @property
    def id(self) -> str:
        """`benchmark-model-time-digest`: readable, and the same for the same content everywhere."""
        stamp = "undated" if self.time is None else datetime.fromisoformat(self.time).strftime("%Y%m%dT%H%M%S")
        parts = (_slug(self.protocol.benchmark, 24), _slug(self.subject.model, 40), stamp, self.digest[:12])
        return "-".join(parts)

    @property
    def instant(self) -> datetime:
        """When it was measured, to sort by; an unknown time counts as the oldest."""
        if self.time is None:
            return datetime.min.replace(tzinfo=UTC)
        return datetime.fromisoformat(self.time)


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items() if item is not None and item != UNKNOWN}
    return [_known(item) for item in value] if isinstance(value, list) else value


def _slug(text: str, longest: int) -> str:
    return re.sub(r"[^a-z0-9.+]+", "-", text.lower())[:longest].strip("-.") or "x"


def _refuse_duplicates(what: str, ids: list[str]) -> None:
    if len(set(ids)) != len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise ValueError(f"the {what} {twice!r} occurs {ids.count(twice)} times; each may occur once")


def record_text(record: Record) -> str:
    """What the file of a record holds: sorted keys, an item of the outcome per line: fit for review in git."""
    return _layout({"id": record.id, **record.content}, depth=0) + "\n"


def _layout(value: Any, depth: int) -> str:
    pad = " " * (depth + 1)
    if isinstance(value, dict) and value and depth < 2:
        lines = (f"{pad}{json.dumps(key)}: {_layout(value[key], depth + 1)}" for key in sorted(value))
        return "{\n" + ",\n".join(lines) + "\n" + pad[1:] + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(pad + _line(item) for item in value) + "\n" + pad[1:] + "]"
    return _line(value)


def _line(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def load_record(path: Path) -> Record:
    """The record in the file at `path`, which must be named after its id.

    Raises:
        EvidenceError: the file cannot be read, is not such a record (with file:line:column), or its content does not
            agree with its id.
    """
    try:
        text = read_text(path)
        value = parse_json(text, path)
    except AprError as error:
        raise EvidenceError(str(error)) from error
    stated = value.pop("id", None) if isinstance(value, dict) else None
    try:
        record = Record.model_validate_json(json.dumps(value))
    except ValidationError as error:
        raise EvidenceError(explain(error, text, path)) from error
    for name, found in (("`id`", stated), ("file name", path.stem)):
        if found != record.id:
            raise EvidenceError(
                f"{path}: the {name} says {found!r}, but the content has the digest {record.digest[:12]} and so the id "
                f"{record.id!r}. A record never changes: restore the file, or import or measure again."
            )
    return record


def explain(error: ValidationError, text: str, path: Path, most: int = 3) -> str:
    """What a schema found wrong with the JSON `text` of `path`, each finding with its line and column."""
    every = error.errors()
    # A list of which an item is wrong is also "too short" to pydantic; only the item is worth a line.
    parents = {detail["loc"][:depth] for detail in every for depth in range(len(detail["loc"]))}
    found = [detail for detail in every if detail["loc"] not in parents]
    lines = [_finding(detail, text, path) for detail in found[:most]]
    if len(found) > most:
        lines.append(f"... and {len(found) - most} more like these.")
    return "\n".join(lines)


def _finding(detail: Any, text: str, path: Path) -> str:
    location = _without_tags(detail["loc"])
    line, column = position(text, location)
    where = ".".join(str(step) for step in location) or "the file"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = f"nothing reads the key {location[-1]!r}; remove it or correct it"
    elif detail["type"] not in ("missing", "value_error"):
        shown = repr(detail["input"])
        message += f"; it is {shown if len(shown) <= 60 else shown[:57] + '...'}"
    return f"{path}:{line}:{column}: {where}: {message}."


def _without_tags(location: Iterable[str | int]) -> tuple[str | int, ...]:
    """Pydantic puts the kind of the outcome into a location, where the JSON has no key for it."""
    steps = tuple(location)
    return steps[:1] + steps[2:] if steps[:1] == ("outcome",) and steps[1:2] and steps[1] in OUTCOME_KINDS else steps
