"""Several sides against one reference: flips where there is one sample, rates where there are more, corrected for the family."""

from __future__ import annotations

import pytest

from apr_core.errors import EvidenceError, UsageError
from apr_core.evaluation.comparison import BOOTSTRAP, EXACT, NONE, compare_all
from apr_core.evidence.record import ProblemResult, ProblemsOutcome, Protocol, Record, Source, Subject
from apr_core.statistics import bootstrap_interval, bootstrap_test, holm, mcnemar_exact, tango_interval


def a_run(passes: list[int], samples: int = 1, prompt: str = "standard", benchmark: str = "own") -> Record:
    return Record(
        subject=Subject(model="m"),
        protocol=Protocol(benchmark=benchmark, prompt=prompt),
        source=Source(kind="measured"),
        outcome=ProblemsOutcome(
            problems=tuple(ProblemResult(id=str(k), samples=samples, passes=n) for k, n in enumerate(passes))
        ),
    )


def test_one_sample_per_problem_gives_flips_tango_and_mcnemar() -> None:
    reference, worse, other = (
        [1] * 30 + [0] * 10,
        [1] * 20 + [0] * 10 + [1] * 2 + [0] * 8,
        [0] * 1 + [1] * 29 + [1] * 1 + [0] * 9,
    )
    rows = compare_all(
        {"reference": [a_run(reference)], "worse": [a_run(worse, prompt="x")], "other": [a_run(other, prompt="y")]}
    )
    assert [row.name for row in rows] == ["worse", "other"]
    first, second = rows
    assert first.found.lost == tuple(map(str, range(20, 30)))
    assert first.found.gained == ("30", "31")
    assert (first.interval, first.p, first.method) == (tango_interval(10, 2, 40), mcnemar_exact(10, 2), EXACT)
    assert (second.interval, second.p) == (tango_interval(1, 1, 40), 1.0)
    assert [row.adjusted for row in rows] == holm([mcnemar_exact(10, 2), 1.0])
    assert first.adjusted == pytest.approx(2 * mcnemar_exact(10, 2))


def test_several_samples_or_runs_give_rates_and_a_bootstrap_over_problems() -> None:
    before, after, again = ([(k * step) % 5 for k in range(40)] for step in (1, 2, 3))
    sides = {"a": [a_run(before, 4)], "b": [a_run(after, 4), a_run(again, 4, prompt="again")]}
    (row,) = compare_all(sides, seed=6)
    differences = [(x / 4 + y / 4) / 2 - z / 4 for x, y, z in zip(after, again, before, strict=True)]
    assert row.method == BOOTSTRAP
    assert row.found.difference == pytest.approx(sum(differences) / 40)
    assert row.interval is not None
    assert list(row.interval) == pytest.approx(list(bootstrap_interval(differences, limits=(-1, 1), seed=6)))
    assert row.p == pytest.approx(bootstrap_test(differences, 0.0, "two-sided", limits=(-1, 1), seed=6))
    assert row.adjusted == row.p


def test_rates_of_few_problems_are_shown_and_not_tested_and_count_in_no_family() -> None:
    few = [k % 3 for k in range(20)]
    rows = compare_all({"a": [a_run(few, 2)], "b": [a_run(few[::-1], 2)]})
    assert [(row.interval, row.p, row.adjusted, row.method) for row in rows] == [(None, None, None, NONE)]
    assert rows[0].found.lost


def test_what_cannot_be_paired_is_refused() -> None:
    with pytest.raises(UsageError, match="there is one side"):
        compare_all({"a": [a_run([1])]})
    with pytest.raises(UsageError, match="there is no side"):
        compare_all({})
    with pytest.raises(EvidenceError, match="not of the same items"):
        compare_all({"a": [a_run([1, 0])], "b": [a_run([1, 0, 1])]})
    with pytest.raises(EvidenceError, match="different benchmarks"):
        compare_all({"a": [a_run([1, 0])], "b": [a_run([1, 0], benchmark="other")]})
