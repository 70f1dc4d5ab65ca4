"""Several sides against one reference: prompts, precisions or models on the same problems, paired.

With one sample and run per problem a difference is flips: Tango's interval and McNemar's exact test. With more it is rates:
a bootstrap over problems, all samples and runs of a problem together. `evidence.analysis` pairs the sides in both cases.

The one thing a reader would get wrong: of several comparisons with one reference, the smallest p-value is not a p-value. Beside
each stands Holm's, over all comparisons of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apr_core.errors import UsageError
from apr_core.evaluation.evidence import Origin, record
from apr_core.evaluation.result import load_evaluation
from apr_core.evidence.analysis import Comparison, compare
from apr_core.evidence.metrics import exact_mean, problem_estimates
from apr_core.evidence.record import Record
from apr_core.statistics import (
    Interval,
    bootstrap_interval,
    bootstrap_test,
    holm,
    mcnemar_exact,
    paired_differences,
    tango_interval,
)
from apr_core.statistics.bootstrap import LEAST_CLUSTERS

EXACT, BOOTSTRAP, NONE = (
    "Tango's interval, exact McNemar",
    "bootstrap over problems",
    f"fewer than {LEAST_CLUSTERS} problems",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One side against the reference."""

    name: str
    found: Comparison
    """Rates, lost, gained, and the problems on which both agree."""
    interval: Interval | None
    """Of the difference, candidate less reference; None where too few problems have rates."""
    p: float | None
    """Two-sided, of no difference."""
    adjusted: float | None
    """The same after Holm's correction over the rows that have one."""
    method: str


def read_side(path: Path) -> Record:
    """The record of a result file, of which only the problems matter here.

    Raises:
        AprError: it cannot be read, or is no result of an evaluation.
    """
    result = load_evaluation(path)
    return record(result, Origin(model=result.model or path.stem, tool="apr eval"))


def compare_all(sides: Mapping[str, Sequence[Record]], *, alpha: float = 0.05, seed: int = 0) -> list[Row]:
    """Every side but the first against the first; runs of a side are averaged per problem.

    Raises:
        UsageError: there are fewer than two sides.
        EvidenceError: the sides are of different benchmarks or problems, or have no results per problem.
    """
    if len(sides) < 2:
        raise UsageError(
            f"there {'is one side' if sides else 'is no side'}: a comparison needs two. Give another result."
        )
    (_, reference), *others = sides.items()
    found = {name: _decide(compare(reference, records), reference, records, alpha, seed) for name, records in others}
    tested = {name: p for name, (_, _, p, _) in found.items() if p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())) if tested else (), strict=True))
    return [
        Row(name, comparison, interval, p, adjusted.get(name), method)
        for name, (comparison, interval, p, method) in found.items()
    ]


def _decide(
    found: Comparison, reference: Sequence[Record], candidate: Sequence[Record], alpha: float, seed: int
) -> tuple[Comparison, Interval | None, float | None, str]:
    if found.binary:
        lost, gained = len(found.lost), len(found.gained)
        return found, tango_interval(lost, gained, found.n, alpha), mcnemar_exact(lost, gained), EXACT
    if found.n < LEAST_CLUSTERS:
        return found, None, None, NONE
    ids = list(problem_estimates(reference[0]))
    differences = paired_differences(_rates(candidate, ids), _rates(reference, ids))
    interval = bootstrap_interval(differences, limits=(-1, 1), seed=seed, alpha=alpha)
    p = bootstrap_test(differences, 0.0, "two-sided", limits=(-1, 1), seed=seed)
    return found, interval, p, BOOTSTRAP


def _rates(records: Sequence[Record], ids: Sequence[str]) -> list[float]:
    tables = [problem_estimates(one) for one in records]
    return [float(exact_mean(table[name] for table in tables)) for name in ids]
