"""Measures over records: one table from the name that a contract uses to what it computes.

The one thing a reader would get wrong: `interval` is no confidence interval. Where runs are known only in total, it
holds the least and the greatest value that the measure can have, whatever the problems behind those totals were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

from apr_core.errors import EvidenceError, SelectionError, did_you_mean
from apr_core.evidence.agreement import one_benchmark, one_item_set
from apr_core.evidence.record import (
    AggregateOutcome,
    ExamplesOutcome,
    ProblemsOutcome,
    Record,
    ScalarOutcome,
)
from apr_core.evidence.sets import bounds, denominator, sets, solved_counts

PERPLEXITY_UNIT = "nats/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a measure comes to, before it is told what it is called and which records it rests on."""

    value: float | None
    """None when the records leave it open; then `interval` says how far."""
    interval: tuple[float, float] | None = None
    """The least and the greatest possible value when runs are known only in total."""
    n: int | None
    """The denominator: problems or examples of one run; None when no record says."""
    per_run: tuple[float, ...] = ()
    """The measure of each run, in the order of the records."""
    items: Mapping[str, float] | None = None
    """Value per problem or example, averaged over the runs that have items; None when no run has."""
    weights: Mapping[str, float] | None = None
    """What each item counts for, where not all count the same."""
    item_runs: int = 0
    """How many runs `items` is averaged over; fewer than `per_run` when some are known only in total."""
    unit: str | None = None
    notes: tuple[str, ...] = ()
    """Sentences that belong beside the value wherever it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Figures):
    """A measure of some records."""

    metric: str
    unit: str = field(default="")
    higher_is_better: bool | None
    """None when only the unit could say: a scalar may be a speed or a time."""
    record_ids: tuple[str, ...]


class Metric(NamedTuple):
    """A row of the table."""

    function: Callable[[Sequence[Record], int], Figures]
    """Takes the records and the k of pass@k, which is 1 for every other measure."""
    accepts: tuple[str, ...]
    """Kinds of outcome."""
    unit: str | None
    """None: as the records say."""
    higher_is_better: bool | None
    doc: str


def evaluate(name: str, records: Sequence[Record]) -> Measurement:
    """The measure `name` of `records`, which must all be of one benchmark.

    Raises:
        SelectionError: there is no such measure.
        EvidenceError: there are no records, they are of different benchmarks or items, or of a kind that cannot say.
    """
    metric, k = find(name)
    one_benchmark(records)
    for record in records:
        if record.outcome.kind not in metric.accepts:
            raise EvidenceError(
                f"{name} cannot be computed from {record.id}: its outcome is {record.outcome.kind!r}, and {name} needs "
                f"{' or '.join(map(repr, metric.accepts))}. Select other records, or another metric."
            )
    figures = metric.function(records, k)
    ids = tuple(record.id for record in records)
    if len(set(ids)) < len(ids):
        raise EvidenceError(f"a record is given twice among {', '.join(ids)}: it would count twice. Give each once.")
    return Measurement(
        metric=name,
        value=figures.value,
        interval=figures.interval,
        n=figures.n,
        per_run=figures.per_run,
        items=figures.items,
        weights=figures.weights,
        item_runs=figures.item_runs,
        unit=metric.unit or figures.unit or "",
        notes=figures.notes,
        higher_is_better=metric.higher_is_better,
        record_ids=ids,
    )


def find(name: str) -> tuple[Metric, int]:
    """The row of the table for `name`, and its k: `pass@10` is the row `pass@k` with k = 10."""
    family, at, k = name.partition("@")
    if at and family == "pass" and k.isascii() and k.isdigit() and int(k) > 0:
        return METRICS["pass@k"], int(k)
    if name in METRICS and not at:
        return METRICS[name], 1
    allowed = ["pass@1", *(row for row in METRICS if row != "pass@k")]
    raise SelectionError(
        f"there is no metric {name!r}; there are pass@k for any whole k from 1, {', '.join(allowed[1:])}."
        f"{did_you_mean(name, allowed)}"
    )


def exact_mean(values: Iterable[float | Fraction]) -> Fraction:
    """The mean as a fraction: rounded once, at the end, the mean of 139/164 and 141/164 is the float 140/164."""
    exact = [Fraction(value) for value in values]
    return sum(exact, Fraction(0)) / len(exact)


# --- pass@k, and what follows from the runs' scores ---


def problem_estimates(record: Record, k: int = 1) -> dict[str, float]:
    """pass@k of each problem of one run, by problem id (Chen et al. 2021); empty when the run has no problems.

    Raises:
        EvidenceError: a problem has fewer than k samples.
    """
    if not isinstance(record.outcome, ProblemsOutcome):
        return {}
    from apr_core.statistics import pass_at_k

    problems = record.outcome.problems
    fewest = min(problems, key=lambda problem: problem.samples)
    if fewest.samples < k:
        raise EvidenceError(
            f"pass@{k} cannot be estimated from {record.id}: problem {fewest.id!r} has {fewest.samples} samples, and "
            f"at least {k} are needed. Draw more samples, or ask for pass@{fewest.samples}."
        )
    counts = {(problem.samples, problem.passes) for problem in problems}
    estimate = {(n, c): pass_at_k(n, c, k) for n, c in counts}
    return {problem.id: estimate[problem.samples, problem.passes] for problem in problems}


def _total(record: Record, metric: str) -> Fraction:
    """What a run that is known only in total has for `metric`."""
    outcome = record.outcome
    assert isinstance(outcome, AggregateOutcome)
    if outcome.metric != metric:
        raise EvidenceError(
            f"{metric} cannot be computed from {record.id}: only a total is known of it, and that is of "
            f"{outcome.metric}. Select other records."
        )
    if outcome.passes is not None and outcome.n is not None:
        return Fraction(outcome.passes, outcome.n)
    assert outcome.value is not None
    return Fraction(outcome.value)


def _score(record: Record, k: int) -> Fraction:
    if isinstance(record.outcome, ProblemsOutcome):
        return exact_mean(problem_estimates(record, k).values())
    return _total(record, f"pass@{k}")


def _pass_at_k(records: Sequence[Record], k: int) -> Figures:
    known = [record for record in records if isinstance(record.outcome, ProblemsOutcome)]
    ids = one_item_set(known)
    tables = [problem_estimates(record, k) for record in known]
    scores = [_score(record, k) for record in records]
    return Figures(
        value=float(exact_mean(scores)),
        n=denominator(records),
        per_run=tuple(map(float, scores)),
        items={one: float(exact_mean(table[one] for table in tables)) for one in ids} or None,
        item_runs=len(known),
        notes=_only_totals(len(records) - len(known), len(records)),
    )


def _extreme(pick: Callable[[list[Fraction]], Fraction], note: str = "") -> Callable[[Sequence[Record], int], Figures]:
    """The score of one run, which `pick` picks by looking at all of them."""

    def measure(records: Sequence[Record], k: int) -> Figures:
        scores = [_score(record, k) for record in records]
        picked = (note.format(runs=len(scores), mean=float(exact_mean(scores))),) if note and len(scores) > 1 else ()
        return Figures(
            value=float(pick(scores)), n=denominator(records), per_run=tuple(map(float, scores)), notes=picked
        )

    return measure


def _spread(records: Sequence[Record], k: int) -> Figures:
    if len(records) < 2:
        raise EvidenceError(
            f"the spread of one run is not zero but unknown; {records[0].id} is alone. Select two runs or more."
        )
    return _extreme(lambda scores: max(scores) - min(scores))(records, k)


# --- which problems are solved, over all runs ---


def _set_metric(name: str, *, share: bool = False) -> Callable[[Sequence[Record], int], Figures]:
    def measure(records: Sequence[Record], k: int) -> Figures:
        found = sets(records)
        low, high = bounds(found)[name]
        unit = found.n if share else 1
        notes = list(_only_totals(len(found.totals), len(records)))
        if name == "union" and len(records) > 1:
            notes.insert(0, f"the best of {len(records)} runs for each problem, which no single run need reach")
        return Figures(
            value=low / unit if low == high else None,
            interval=(low / unit, high / unit) if found.totals else None,
            n=found.n,
            per_run=tuple(count / unit for count in solved_counts(records)),
            item_runs=found.runs,
            notes=tuple(notes),
        )

    return measure


def _solved(records: Sequence[Record], k: int) -> Figures:
    counts = solved_counts(records)
    notes = (f"the mean of {len(counts)} runs",) if len(counts) > 1 else ()
    return Figures(
        value=float(exact_mean(counts)), n=denominator(records), per_run=tuple(map(float, counts)), notes=notes
    )


def _errors(records: Sequence[Record], k: int) -> Figures:
    counts: list[float] = []
    for record in records:
        outcome = record.outcome
        assert isinstance(outcome, ProblemsOutcome | AggregateOutcome)
        if outcome.errors is None:
            raise EvidenceError(
                f"{record.id} does not say how often the harness broke; null is not zero. Select other records."
            )
        counts.append(outcome.errors)
    return Figures(value=sum(counts), n=denominator(records), per_run=tuple(counts))


def _only_totals(count: int, of: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (f"{count} of {of} runs {'is' if count == 1 else 'are'} known only in total, without results per problem",)


# --- values per example, and single numbers ---


def _mean(records: Sequence[Record], k: int) -> Figures:
    unit = _one_unit(records)
    tables = [_values(record) for record in records]
    ids = one_item_set(records)
    return Figures(
        value=float(exact_mean(runs := [_weighted(record) for record in records])),
        n=len(ids) or None,
        per_run=tuple(runs),
        items={one: float(exact_mean(table[one] for table in tables)) for one in ids} or None,
        weights=example_weights(records),
        item_runs=len(records) if ids else 0,
        unit=unit,
    )


def example_weights(records: Sequence[Record]) -> dict[str, float] | None:
    """What each example counts for; None when all count the same.

    Raises:
        EvidenceError: the records weigh their examples differently, so that no mean over them means one thing.
    """
    tables = [
        {example.id: example.weight for example in record.outcome.examples}
        for record in records
        if isinstance(record.outcome, ExamplesOutcome)
    ]
    if any(table != tables[0] for table in tables[1:]):
        raise EvidenceError(
            f"{records[0].id} and others weigh their examples differently: they were cut or counted in different ways. "
            "Select records of one evaluation."
        )
    return tables[0] if tables and len(set(tables[0].values())) > 1 else None


def _perplexity(records: Sequence[Record], k: int) -> Figures:
    """Averages the losses of the runs, not their perplexities: losses are what `items` holds and a comparison pairs."""
    totals = [float(_total(record, "perplexity")) for record in records if record.outcome.kind == "aggregate"]
    if len(totals) == len(records):
        value = totals[0] if len(totals) == 1 else math.exp(exact_mean(map(math.log, totals)))
        return Figures(value=value, n=denominator(records), per_run=tuple(totals))
    losses = _mean(records, k)
    if losses.unit != PERPLEXITY_UNIT or losses.value is None:
        raise EvidenceError(f"a perplexity needs values in {PERPLEXITY_UNIT!r}; these are in {losses.unit!r}.")
    try:
        return replace(losses, value=math.exp(losses.value), per_run=tuple(map(math.exp, losses.per_run)), unit=None)
    except OverflowError as error:
        raise EvidenceError(f"a mean loss of {max(losses.per_run)} nats per token has no finite perplexity.") from error


def _values(record: Record) -> dict[str, float]:
    outcome = record.outcome
    return {example.id: example.value for example in outcome.examples} if isinstance(outcome, ExamplesOutcome) else {}


def _weighted(record: Record) -> float:
    outcome = record.outcome
    if isinstance(outcome, ScalarOutcome):
        return outcome.value
    assert isinstance(outcome, ExamplesOutcome)
    total = sum(Fraction(example.weight) for example in outcome.examples)
    return float(sum(Fraction(example.weight) * Fraction(example.value) for example in outcome.examples) / total)


def _one_unit(records: Sequence[Record]) -> str:
    outcomes = [record.outcome for record in records]
    units = {outcome.unit for outcome in outcomes if isinstance(outcome, ExamplesOutcome | ScalarOutcome)}
    kinds = {outcome.kind for outcome in outcomes}
    if len(units) != 1 or len(kinds) != 1:
        raise EvidenceError(
            f"these records cannot be averaged: they are {' and '.join(sorted(kinds))} in "
            f"{' and '.join(map(repr, sorted(units)))}. Select records of one kind and one unit."
        )
    return units.pop()


_RUNS = ("problems", "aggregate")
_PICKED = "OPTIMISTIC: the highest of {runs} runs, whose mean is {mean:.4f}"

METRICS: dict[str, Metric] = {
    "pass@k": Metric(
        _pass_at_k, _RUNS, "fraction", True, "mean over problems and runs of the unbiased estimate of pass@k"
    ),
    "solved": Metric(_solved, _RUNS, "problems", True, "problems with at least one pass; the mean over runs"),
    "oracle": Metric(_set_metric("union", share=True), _RUNS, "fraction", True, "share of problems solved in some run"),
    "always": Metric(
        _set_metric("always"), _RUNS, "problems", True, "problems of which every sample of every run passed"
    ),
    "never_solved": Metric(_set_metric("never"), _RUNS, "problems", False, "problems solved in no run"),
    "inconsistent": Metric(
        _set_metric("inconsistent"), _RUNS, "problems", False, "problems neither always nor never solved"
    ),
    "lowest": Metric(_extreme(min), _RUNS, "fraction", True, "pass@1 of the worst run"),
    "highest": Metric(_extreme(max, _PICKED), _RUNS, "fraction", True, "pass@1 of the best run; OPTIMISTIC"),
    "spread": Metric(_spread, _RUNS, "fraction", False, "pass@1 of the best run minus that of the worst"),
    "errors": Metric(_errors, _RUNS, "problems", False, "problems on which the harness itself broke, over all runs"),
    "mean": Metric(_mean, ("examples", "scalar"), None, None, "weighted mean over examples, averaged over runs"),
    "perplexity": Metric(
        _perplexity, ("examples", "aggregate"), "perplexity", False, "exp of the mean loss; items are losses"
    ),
    "value": Metric(_mean, ("scalar",), None, None, "the number itself, averaged over runs"),
}
