"""Records with a fault in them: what an evidence mutant makes of a measurement.

Pure functions from records to records; what they give could have been measured, so a share stays between 0 and 1. The one thing
a reader would get wrong: an altered record is never written anywhere. It has a new id, since an id is computed from the content,
and lives as long as one trial.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from apr_core.errors import EvidenceError
from apr_core.evidence.metrics import PERPLEXITY_UNIT
from apr_core.evidence.record import (
    AggregateOutcome,
    ExamplesOutcome,
    ProblemsOutcome,
    Record,
    ScalarOutcome,
    SeriesOutcome,
)


def fail(records: Sequence[Record], problems: int) -> list[Record]:
    """`problems` problems fail in every record: those first that pass most often, then by id.

    They are the same in every record, chosen by the passes in all records together. A total loses as many, down to none.

    Raises:
        EvidenceError: fewer problems pass, or a record has neither problems nor a total of them.
    """
    chosen = _chosen(records, problems, passing=True)
    return [_counted(record, chosen, -problems) for record in records]


def pass_(records: Sequence[Record], problems: int) -> list[Record]:
    """`problems` problems pass in every record: those first that pass least often, then by id.

    They are the same in every record, chosen by the passes in all records together. A total gains as many, up to all.

    Raises:
        EvidenceError: fewer problems fail, or a record has neither problems nor a total of them.
    """
    chosen = _chosen(records, problems, passing=False)
    return [_counted(record, chosen, problems) for record in records]


def empty(records: Sequence[Record], _: bool = True) -> list[Record]:
    """Every problem fails in every record.

    Raises:
        EvidenceError: a record has neither problems nor a total of them.
    """
    everything = {problem.id for record in records for problem in _problems(record)}
    return [_counted(record, everything, None) for record in records]


def shift(records: Sequence[Record], by: float) -> list[Record]:
    """`by` is added to every value; a record of problems has none. A share stays within 0 and 1, a loss in
    nats per token above 0, a perplexity above 1.

    Raises:
        EvidenceError: a record has no values, or one would be too large for a float.
    """
    return [_shifted(record, by) for record in records]


def reverse(records: Sequence[Record], _: bool = True) -> list[Record]:
    """The values of a recorded series, or the outcomes of the steps of a training run, in the opposite order.

    What was measured at the first step is then that of the last one, whatever the order in which the records come.

    Raises:
        EvidenceError: there is no order to reverse.
    """
    steps = sorted(
        {
            one.outcome.step
            for one in records
            if isinstance(one.outcome, ExamplesOutcome) and one.outcome.step is not None
        }
    )
    curves = [one.outcome.points for one in records if isinstance(one.outcome, SeriesOutcome)]
    if len(steps) < 2 and max(map(len, curves), default=0) < 2:
        raise EvidenceError("`reverse` turns a recorded series or two steps around, and this evidence is neither.")
    opposite = dict(zip(steps, reversed(steps), strict=True))
    return [_reversed(record, opposite) for record in records]


def broken(records: Sequence[Record], problems: int | None = None) -> list[Record]:
    """The harness broke on so many problems in every record that counted; on every problem when no number is given.

    Raises:
        EvidenceError: no record says how often the harness broke.
    """
    if not any(getattr(record.outcome, "errors", None) is not None for record in records):
        raise EvidenceError("no record says how often the harness broke, so none can say otherwise.")
    return [_broken(record, problems) for record in records]


ALTERATIONS: dict[str, Callable[[Sequence[Record], Any], list[Record]]] = {
    "fail": fail,
    "pass": pass_,
    "empty": empty,
    "shift": shift,
    "reverse": reverse,
}
"""Key of an evidence mutant → what it does to the records of one selection."""


def _problems(record: Record) -> Sequence[Any]:
    return record.outcome.problems if isinstance(record.outcome, ProblemsOutcome) else ()


def _broken(record: Record, problems: int | None) -> Record:
    outcome = record.outcome
    if not isinstance(outcome, ProblemsOutcome | AggregateOutcome) or outcome.errors is None:
        return record
    of = len(outcome.problems) if isinstance(outcome, ProblemsOutcome) else outcome.n or outcome.errors
    return record.model_copy(
        update={"outcome": outcome.model_copy(update={"errors": of if problems is None else problems})}
    )


def turnable(records: Sequence[Record], *, passing: bool) -> int | None:
    """How many problems pass (or fail) in some record; where only totals are known, in the one that has most of them.

    None where nothing says of how many problems a figure is.
    """
    if any(isinstance(record.outcome, ProblemsOutcome) for record in records):
        return len(_in_order(records, passing=passing))
    found = []
    for outcome in (record.outcome for record in records):
        if isinstance(outcome, AggregateOutcome) and outcome.n is not None:
            if outcome.passes is None and not 0 <= (outcome.value or 0.0) <= 1:
                continue  # no share of its n
            passes = (outcome.value or 0.0) * outcome.n if outcome.passes is None else outcome.passes
            found.append(math.ceil((passes if passing else outcome.n - passes) - 1e-9))
    return max(found, default=None)


def _in_order(records: Sequence[Record], *, passing: bool) -> list[str]:
    """The problems that could change sides, those first that do; none where only totals are known."""
    passes: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for record in records:
        for problem in _problems(record):
            passes[problem.id] += problem.passes
            missing[problem.id] += problem.samples - problem.passes
    can = [name for name in passes if (passes if passing else missing)[name] > 0]
    return sorted(can, key=lambda name: (-passes[name] if passing else passes[name], name))


def _chosen(records: Sequence[Record], count: int, *, passing: bool) -> set[str]:
    """The problems that change sides."""
    most = turnable(records, passing=passing)
    if most is not None and most < count:
        what = "pass" if passing else "fail"
        raise EvidenceError(f"the mutant turns {count} problems around, and only {most} {what}. Ask for fewer.")
    return set(_in_order(records, passing=passing)[:count])


def _counted(record: Record, chosen: set[str], change: int | None) -> Record:
    """One record with the chosen problems turned; `change` is what a total gains, None when everything is lost."""
    outcome = record.outcome
    if isinstance(outcome, ProblemsOutcome):
        won = change is not None and change > 0
        turned = tuple(
            problem.model_copy(
                update={"passes": problem.samples if won else 0, "failure": None if won else problem.failure}
            )
            if problem.id in chosen
            else problem
            for problem in outcome.problems
        )
        return record.model_copy(update={"outcome": outcome.model_copy(update={"problems": turned})})
    if isinstance(outcome, AggregateOutcome) and _is_a_share(outcome):
        return record.model_copy(update={"outcome": _total(outcome, change)})
    what = outcome.metric if isinstance(outcome, AggregateOutcome) else outcome.kind
    raise EvidenceError(f"{record.id} has no problems that could pass or fail; use `shift` on its {what}.")


def _is_a_share(outcome: AggregateOutcome) -> bool:
    """Whether a total counts problems: it has passes, or its value is a fraction of them."""
    if outcome.metric.startswith("pass@"):
        return True
    return outcome.metric != "perplexity" and outcome.value is not None and 0 <= outcome.value <= 1


def _total(outcome: AggregateOutcome, change: int | None) -> AggregateOutcome:
    if outcome.passes is not None and outcome.n is not None:
        passes = 0 if change is None else min(outcome.n, max(0, outcome.passes + change))
        return outcome.model_copy(update={"passes": passes})
    assert outcome.value is not None  # an aggregate has either a value, or passes and n
    if change is None:
        return outcome.model_copy(update={"value": 0.0})
    if outcome.n is None:
        raise EvidenceError("a total without its number of problems cannot lose or gain some; use `shift` or `empty`.")
    return outcome.model_copy(update={"value": min(1.0, max(0.0, outcome.value + change / outcome.n))})


def _shifted(record: Record, by: float) -> Record:
    outcome = record.outcome

    def moved(value: float) -> float:
        found = value + by
        if not math.isfinite(found):
            raise EvidenceError(
                f"a value of {record.id} is {value:g}, and {by:g} more is no finite number. Shift by less."
            )
        return found

    update: dict[str, Any]
    if isinstance(outcome, ExamplesOutcome):
        least = 0.0 if outcome.unit == PERPLEXITY_UNIT else -math.inf
        update = {
            "examples": tuple(
                one.model_copy(update={"value": max(least, moved(one.value))}) for one in outcome.examples
            )
        }
    elif isinstance(outcome, SeriesOutcome):
        update = {"points": tuple(one.model_copy(update={"value": moved(one.value)}) for one in outcome.points)}
    elif isinstance(outcome, ScalarOutcome):
        update = {"value": moved(outcome.value), "repeats": tuple(map(moved, outcome.repeats))}
    elif isinstance(outcome, AggregateOutcome) and outcome.value is not None:
        least, most = _scale(outcome.metric)
        update = {"value": min(most, max(least, moved(outcome.value)))}
    else:
        raise EvidenceError(f"{record.id} counts problems, which cannot be shifted; use `fail`, `pass` or `empty`.")
    return record.model_copy(update={"outcome": outcome.model_copy(update=update)})


def _scale(metric: str) -> tuple[float, float]:
    """The ends between which a figure of this metric lies."""
    if metric.startswith("pass@"):
        return 0.0, 1.0
    return (1.0, math.inf) if metric == "perplexity" else (-math.inf, math.inf)


def _reversed(record: Record, opposite: dict[int, int]) -> Record:
    outcome = record.outcome
    if isinstance(outcome, SeriesOutcome):
        values = [point.value for point in reversed(outcome.points)]
        points = tuple(
            point.model_copy(update={"value": value}) for point, value in zip(outcome.points, values, strict=True)
        )
        return record.model_copy(update={"outcome": outcome.model_copy(update={"points": points})})
    if isinstance(outcome, ExamplesOutcome) and outcome.step is not None:
        return record.model_copy(update={"outcome": outcome.model_copy(update={"step": opposite[outcome.step]})})
    return record
