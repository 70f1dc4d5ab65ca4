"""Problem by problem: what two sides disagree on, and what many runs solve together.

The one thing a reader would get wrong: the union of several runs is nobody's score. It says what it was taken from
(which models, prompts and runs), because a union over two models is easily quoted as the ceiling of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apr_core.errors import EvidenceError
from apr_core.evidence.agreement import one_benchmark, one_item_set
from apr_core.evidence.metrics import exact_mean, problem_estimates
from apr_core.evidence.record import ProblemsOutcome, Record
from apr_core.evidence.sets import bounds, sets


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sides over the same problems. Every problem is in exactly one of the five lists of ids."""

    benchmark: str
    n: int
    lost: tuple[str, ...]
    """The candidate's pass rate is below the reference's."""
    gained: tuple[str, ...]
    """The candidate's pass rate is above the reference's."""
    both: tuple[str, ...]
    """Both sides always solve it."""
    neither: tuple[str, ...]
    """Neither side ever solves it."""
    tied: tuple[str, ...]
    """Both solve it equally often, but not always; only with several samples or runs."""
    reference: float
    """Mean pass rate."""
    candidate: float
    """Mean pass rate."""
    binary: bool
    """Each side solves every problem always or never, so that lost and gained are flips, as McNemar's test needs."""
    reference_ids: tuple[str, ...]
    candidate_ids: tuple[str, ...]

    @property
    def difference(self) -> float:
        """Candidate less reference, in pass rate."""
        return self.candidate - self.reference


def compare(reference: Sequence[Record], candidate: Sequence[Record]) -> Comparison:
    """The two sides paired by problem. The runs of one side are averaged per problem.

    Raises:
        EvidenceError: a run has no results per problem, or the sides are of different benchmarks or problem sets.
    """
    benchmark = one_benchmark([*reference, *candidate]) if reference and candidate else one_benchmark([])
    _need_problems([*reference, *candidate])
    ids = one_item_set([*reference, *candidate])
    before, after = _rates(reference, ids), _rates(candidate, ids)
    same = [one for one in ids if before[one] == after[one]]
    return Comparison(
        benchmark=benchmark,
        n=len(ids),
        lost=tuple(one for one in ids if after[one] < before[one]),
        gained=tuple(one for one in ids if after[one] > before[one]),
        both=tuple(one for one in same if after[one] == 1),
        neither=tuple(one for one in same if after[one] == 0),
        tied=tuple(one for one in same if 0 < after[one] < 1),
        reference=float(exact_mean(before.values())),
        candidate=float(exact_mean(after.values())),
        binary=all(rate in (0, 1) for rate in (*before.values(), *after.values())),
        reference_ids=tuple(record.id for record in reference),
        candidate_ids=tuple(record.id for record in candidate),
    )


class Share(NamedTuple):
    """What one run, prompt or model contributes to the union."""

    name: str
    runs: int
    solved: int
    """Problems solved in at least one of its runs."""
    unique: tuple[str, ...]
    """Problems that nothing else in the union solves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """The best of several runs for each problem, and what it was taken from."""

    benchmark: str
    n: int
    solved: int
    """Problems solved in at least one run: the union."""
    always: tuple[str, ...]
    """Every sample of every run passed."""
    inconsistent: Mapping[str, float]
    """Neither always nor never solved, with the share of runs that solve it."""
    never: tuple[str, ...]
    runs: tuple[Share, ...]
    prompts: tuple[Share, ...]
    models: tuple[Share, ...]
    left_out: tuple[str, ...]
    """Runs known only in total: nobody knows which problems they solved."""
    possible: tuple[int, int]
    """The least and the greatest union with the runs that were left out."""


def oracle(records: Sequence[Record]) -> Oracle:
    """The union of `records`, what each contributes, and the problems by how reliably they are solved.

    Raises:
        EvidenceError: no run has results per problem, or the runs are of different benchmarks or problem sets.
    """
    benchmark = one_benchmark(records)
    known = [record for record in records if isinstance(record.outcome, ProblemsOutcome)]
    left_out = [record for record in records if record.outcome.kind == "aggregate"]
    _need_problems(known or records)
    found = sets(known)
    always = tuple(one for one in found.ids if found.every[one] == found.runs)
    never = tuple(one for one in found.ids if not found.solved[one])
    certain = {*always, *never}
    return Oracle(
        benchmark=benchmark,
        n=found.n,
        solved=found.n - len(never),
        always=always,
        inconsistent={one: found.solved[one] / found.runs for one in found.ids if one not in certain},
        never=never,
        runs=_shares(known, lambda record: record.id),
        prompts=_shares(known, lambda record: record.protocol.prompt),
        models=_shares(known, lambda record: record.subject.model),
        left_out=tuple(record.id for record in left_out),
        possible=bounds(sets([*known, *left_out]))["union"],
    )


def _shares(records: Sequence[Record], name: Callable[[Record], str]) -> tuple[Share, ...]:
    solved: dict[str, set[str]] = {}
    runs: dict[str, int] = {}
    for record in records:
        passed = {one for one, rate in problem_estimates(record).items() if rate > 0}
        solved.setdefault(name(record), set()).update(passed)
        runs[name(record)] = runs.get(name(record), 0) + 1
    order = list(problem_estimates(records[0]))
    shares = []
    for one, own in solved.items():
        others = set().union(*(theirs for other, theirs in solved.items() if other != one))
        shares.append(Share(one, runs[one], len(own), tuple(item for item in order if item in own - others)))
    return tuple(shares)


def _rates(records: Sequence[Record], ids: Sequence[str]) -> dict[str, float]:
    tables = [problem_estimates(record) for record in records]
    return {one: float(exact_mean(table[one] for table in tables)) for one in ids}


def _need_problems(records: Sequence[Record]) -> None:
    for record in records:
        if not isinstance(record.outcome, ProblemsOutcome):
            raise EvidenceError(
                f"{record.id} has no results per problem: its outcome is {record.outcome.kind!r}. Nothing can be said "
                "about single problems; select runs whose outcome is 'problems'."
            )
