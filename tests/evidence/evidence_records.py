"""Records for the tests: a run is written as `1101`, one digit of passes per problem."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from apr_core.evidence.record import (
    AggregateOutcome,
    Arguments,
    Environment,
    ExampleResult,
    ExamplesOutcome,
    ProblemResult,
    ProblemsOutcome,
    Protocol,
    Record,
    Sampling,
    ScalarOutcome,
    SeriesOutcome,
    SeriesPoint,
    Source,
    Subject,
)

PLACES = {
    "model": ("subject", "model"),
    "precision": ("subject", "precision"),
    "role": ("subject", "role"),
    "stage": ("subject", "stage"),
    "benchmark": ("protocol", "benchmark"),
    "benchmark_digest": ("protocol", "benchmark_digest"),
    "prompt": ("protocol", "prompt"),
    "backend": ("environment", "backend"),
    "source": ("source", "kind"),
}


def record(outcome: Any, **fields: Any) -> Record:
    """A record with `outcome`; fields are given by the names that selectors use, or as fields of Record."""
    parts: dict[str, dict[str, Any]] = {
        "subject": {"model": "M"},
        "protocol": {"benchmark": "bench"},
        "environment": {},
        "source": {"kind": "imported"},
    }
    for name in [name for name in fields if name in PLACES]:
        part, key = PLACES[name]
        parts[part][key] = fields.pop(name)
    return Record(
        subject=Subject(**parts["subject"]),
        protocol=Protocol(**parts["protocol"]),
        environment=Environment(**parts["environment"]),
        source=Source(**parts["source"]),
        outcome=outcome,
        **fields,
    )


def run(
    passes: str, samples: int = 1, ids: list[str] | None = None, errors: int | None = None, **fields: Any
) -> Record:
    """A run with results per problem: `run("1101")`, or with 5 samples each `run("5031", samples=5)`."""
    names = ids or [f"P/{number}" for number in range(len(passes))]
    problems = tuple(
        ProblemResult(id=one, samples=samples, passes=int(count)) for one, count in zip(names, passes, strict=True)
    )
    return record(ProblemsOutcome(problems=problems, errors=errors), **fields)


def total(passes: int, n: int, errors: int | None = None, metric: str = "pass@1", **fields: Any) -> Record:
    """A run that is known only in total."""
    return record(AggregateOutcome(metric=metric, passes=passes, n=n, errors=errors), **fields)


def figure(value: float, metric: str = "pass@1", n: int | None = None, **fields: Any) -> Record:
    """A figure that somebody printed."""
    return record(AggregateOutcome(metric=metric, value=value, n=n), **fields)


def scalar(value: float, unit: str = "tokens/s", **fields: Any) -> Record:
    """One number."""
    return record(ScalarOutcome(value=value, unit=unit), **fields)


def losses(values: list[float], weights: list[float] | None = None, unit: str = "nats/token", **fields: Any) -> Record:
    """A loss per document."""
    examples = tuple(
        ExampleResult(id=f"D/{number}", value=value, weight=weight)
        for number, (value, weight) in enumerate(zip(values, weights or [1.0] * len(values), strict=True))
    )
    return record(ExamplesOutcome(unit=unit, examples=examples), **fields)


numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.from_regex(r"[A-Za-z0-9é.+/_-]{1,12}", fullmatch=True)
unique_words = st.lists(words, min_size=1, max_size=6, unique=True)


@st.composite
def problems(draw: st.DrawFn) -> ProblemsOutcome:
    """Any results per problem."""
    results = []
    for one in draw(unique_words):
        samples = draw(st.integers(1, 20))
        passes = draw(st.integers(0, samples))
        failure = draw(st.none() | words) if passes < samples else None
        results.append(ProblemResult(id=one, samples=samples, passes=passes, failure=failure))
    return ProblemsOutcome(problems=tuple(results), errors=draw(st.none() | st.integers(0, 9)))


@st.composite
def examples(draw: st.DrawFn) -> ExamplesOutcome:
    """Any values per example."""
    weights = st.floats(0, 1e9, exclude_min=True)
    results = [ExampleResult(id=one, value=draw(numbers), weight=draw(weights)) for one in draw(unique_words)]
    return ExamplesOutcome(unit=draw(words), step=draw(st.none() | st.integers(0, 99)), examples=tuple(results))


@st.composite
def totals(draw: st.DrawFn) -> AggregateOutcome:
    """Any total."""
    if draw(st.booleans()):
        return AggregateOutcome(metric="accuracy", value=draw(numbers), n=draw(st.none() | st.integers(1, 9)))
    n = draw(st.integers(1, 500))
    return AggregateOutcome(metric="pass@1", passes=draw(st.integers(0, n)), n=n)


series = st.lists(st.integers(0, 99), min_size=1, max_size=5, unique=True).flatmap(
    lambda steps: st.tuples(*(st.builds(SeriesPoint, step=st.just(step), value=numbers) for step in sorted(steps)))
)
outcomes = st.one_of(
    problems(),
    examples(),
    totals(),
    st.builds(SeriesOutcome, name=words, unit=words, points=series),
    st.builds(ScalarOutcome, value=numbers, unit=words),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
digests = st.none() | st.from_regex(r"[0-9a-f]{64}", fullmatch=True)

records = st.builds(
    Record,
    subject=st.builds(
        Subject,
        model=words,
        digest=digests,
        precision=words,
        role=st.none() | words,
        lineage=st.none() | st.lists(words, max_size=3).map(tuple),
    ),
    protocol=st.builds(
        Protocol,
        benchmark=words,
        prompt=words,
        sampling=st.builds(Sampling, temperature=st.none() | st.floats(0, 2), samples=st.none() | st.integers(1, 9)),
        limits=st.dictionaries(words, st.none() | st.integers() | numbers | words, max_size=3),
        layers=st.none() | st.lists(words, max_size=3).map(tuple),
    ),
    environment=st.builds(
        Environment, dirty=st.none() | st.booleans(), versions=st.dictionaries(words, words, max_size=3)
    ),
    arguments=st.builds(Arguments, passed=st.none() | st.dictionaries(words, json_values, max_size=3)),
    source=st.builds(Source, kind=st.sampled_from(["measured", "imported", "published"]), note=st.none() | st.text()),
    time=st.none() | st.datetimes(timezones=st.timezones()).map(lambda time: time.isoformat()),
    seed=st.none() | st.integers(),
    recipe=digests,
    observed=st.dictionaries(words, numbers, max_size=3),
    outcome=outcomes,
)
"""Any record at all."""
