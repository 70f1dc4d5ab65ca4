"""Which problems were solved, over several runs: the union, the intersection, and what totals leave open.

The one thing a reader would get wrong: a run that is known only in total solved *some* t problems. With it, a union is
known only between bounds, even though its own score is known exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from apr_core.errors import EvidenceError
from apr_core.evidence.agreement import item_ids, one_item_set
from apr_core.evidence.record import AggregateOutcome, ProblemsOutcome, Record


class Sets(NamedTuple):
    """Problems by what the runs with per-problem results did, and what is known of the other runs."""

    ids: tuple[str, ...]
    solved: dict[str, int]
    """Runs with at least one pass, per problem."""
    every: dict[str, int]
    """Runs in which every sample passed, per problem."""
    runs: int
    totals: tuple[int, ...]
    """Problems passed, for each run that is known only in total."""
    n: int


def sets(records: Sequence[Record]) -> Sets:
    """Which problem was solved how often by `records`.

    Raises:
        EvidenceError: the runs are of different problems, or one is known only as a percentage.
    """
    outcomes = [record.outcome for record in records if isinstance(record.outcome, ProblemsOutcome)]
    ids = one_item_set([record for record in records if isinstance(record.outcome, ProblemsOutcome)])
    solved, every = dict.fromkeys(ids, 0), dict.fromkeys(ids, 0)
    for outcome in outcomes:
        for problem in outcome.problems:
            solved[problem.id] += problem.passes > 0
            every[problem.id] += problem.passes == problem.samples
    totals = [_passes(record) for record in records if isinstance(record.outcome, AggregateOutcome)]
    n = denominator(records)
    assert n is not None  # every run has problems, or passes of n
    return Sets(ids, solved, every, len(outcomes), tuple(totals), n)


def _passes(record: Record) -> int:
    outcome = record.outcome
    assert isinstance(outcome, AggregateOutcome)
    if outcome.passes is None or outcome.metric != "pass@1":
        raise EvidenceError(
            f"how many problems {record.id} solved is not known: it only says that {outcome.metric} is "
            f"{outcome.value}. Leave it out of the selection."
        )
    return outcome.passes


def bounds(found: Sets) -> dict[str, tuple[int, int]]:
    """The least and the greatest possible number of problems in each set, whatever the problems behind the totals were.

    A run of which only the total t of n is known may have solved any t problems. So the union grows by at most t and is
    at least t; the intersection is at most t and shrinks by at most n - t.
    """
    union = sum(found.solved[one] > 0 for one in found.ids)
    always = sum(found.every[one] == found.runs for one in found.ids) if found.ids else found.n
    mixed = sum(found.solved[one] > 0 and found.every[one] < found.runs for one in found.ids)
    n, totals = found.n, found.totals
    low_union, high_union = max((union, *totals)), min(n, union + sum(totals))
    low_always, high_always = max(0, always - sum(n - total for total in totals)), min((always, *totals))
    return {
        "union": (low_union, high_union),
        "never": (n - high_union, n - low_union),
        "always": (low_always, high_always),
        "inconsistent": (max(mixed, low_union - high_always), high_union - low_always),
    }


def solved_counts(records: Sequence[Record]) -> list[int]:
    """Problems with at least one pass, per run."""
    return [
        sum(problem.passes > 0 for problem in record.outcome.problems)
        if isinstance(record.outcome, ProblemsOutcome)
        else _passes(record)
        for record in records
    ]


def denominator(records: Sequence[Record]) -> int | None:
    """The number of problems of one run: the same for all runs that say; None when none says."""
    sizes: dict[int, str] = {}
    for record in records:
        outcome = record.outcome
        size = outcome.n if isinstance(outcome, AggregateOutcome) else len(item_ids(record))
        if size is not None:
            sizes.setdefault(size, record.id)
    if len(sizes) > 1:
        (one, first), (other, second), *_ = sizes.items()
        raise EvidenceError(
            f"{first} is of {one} problems and {second} of {other}: these are not runs of one problem set."
        )
    return next(iter(sizes), None)
