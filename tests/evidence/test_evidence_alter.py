"""Faults planted in records: which problems turn, what a value may become, and what is refused."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from evidence_records import examples, figure, losses, numbers, outcomes, problems, record, run, scalar, total
from hypothesis import assume, given
from hypothesis import strategies as st

from apr_core.contract.mutants import EvidenceMutant
from apr_core.errors import EvidenceError
from apr_core.evidence.alter import ALTERATIONS, empty, fail, pass_, reverse, shift, turnable
from apr_core.evidence.metrics import evaluate
from apr_core.evidence.record import (
    ExampleResult,
    ExamplesOutcome,
    ProblemResult,
    ProblemsOutcome,
    Record,
    ScalarOutcome,
    SeriesOutcome,
    SeriesPoint,
)

AMOUNTS: dict[str, Any] = {"fail": 1, "pass": 1, "empty": True, "shift": 0.25, "reverse": True}
"""Alteration → what a contract would ask of it."""


def curve(*values: float) -> Record:
    points = tuple(SeriesPoint(step=10 * step, value=value) for step, value in enumerate(values))
    return record(SeriesOutcome(name="train loss", unit="nats", points=points))


def at_step(step: int | None, *values: float) -> Record:
    rows = tuple(ExampleResult(id=f"D/{number}", value=value) for number, value in enumerate(values))
    return record(ExamplesOutcome(unit="nats/token", step=step, examples=rows))


def passes(one: Record) -> str:
    """The run of a record, as `run` takes it."""
    assert isinstance(one.outcome, ProblemsOutcome)
    return "".join(str(problem.passes) for problem in one.outcome.problems)


def values(one: Record) -> list[float]:
    outcome = one.outcome
    if isinstance(outcome, ExamplesOutcome):
        return [example.value for example in outcome.examples]
    if isinstance(outcome, SeriesOutcome):
        return [point.value for point in outcome.points]
    assert isinstance(outcome, ScalarOutcome)
    return [outcome.value, *outcome.repeats]


def test_there_is_one_alteration_for_each_key_of_an_evidence_mutant() -> None:
    keys = {"fail": 1, "pass": 1, "empty": True, "shift": 0.5, "reverse": True}
    written = [
        EvidenceMutant.model_validate({"id": "m", "kind": "evidence", "of": "runs", "killed_by": ["IT"], key: value})
        for key, value in keys.items()
    ]
    assert [list(mutant.alteration) for mutant in written] == [[key] for key in keys]
    assert set(ALTERATIONS) == set(keys)


# --- every alteration of every kind of outcome ---

KINDS: dict[str, Record] = {
    "problems": run("1100"),
    "passes of n": total(2, 4),
    "pass@1 as a figure": figure(0.5, n=4),
    "pass@1 of nobody knows how many": figure(0.5),
    "accuracy as a figure": figure(0.5, metric="accuracy", n=4),
    "perplexity as a figure": figure(8.0, metric="perplexity", n=4),
    "a score above 1": figure(7.5, metric="mt-bench", n=4),
    "values per example": losses([2.0, 3.0]),
    "a series": curve(3.0, 1.0, 2.0),
    "a scalar": scalar(5.0),
}

REFUSED = EvidenceError
BECOMES: dict[str, dict[str, Any]] = {
    "problems": {"fail": "0100", "pass": "1110", "empty": "0000", "shift": REFUSED, "reverse": REFUSED},
    "passes of n": {"fail": 1, "pass": 3, "empty": 0, "shift": REFUSED, "reverse": REFUSED},
    "pass@1 as a figure": {"fail": 0.25, "pass": 0.75, "empty": 0.0, "shift": 0.75, "reverse": REFUSED},
    "pass@1 of nobody knows how many": {
        "fail": REFUSED, "pass": REFUSED, "empty": 0.0, "shift": 0.75, "reverse": REFUSED,
    },
    "accuracy as a figure": {"fail": 0.25, "pass": 0.75, "empty": 0.0, "shift": 0.75, "reverse": REFUSED},
    "perplexity as a figure": {
        "fail": REFUSED, "pass": REFUSED, "empty": REFUSED, "shift": 8.25, "reverse": REFUSED,
    },
    "a score above 1": {"fail": REFUSED, "pass": REFUSED, "empty": REFUSED, "shift": 7.75, "reverse": REFUSED},
    "values per example": {
        "fail": REFUSED, "pass": REFUSED, "empty": REFUSED, "shift": [2.25, 3.25], "reverse": REFUSED,
    },
    "a series": {
        "fail": REFUSED, "pass": REFUSED, "empty": REFUSED, "shift": [3.25, 1.25, 2.25], "reverse": [2.0, 1.0, 3.0],
    },
    "a scalar": {"fail": REFUSED, "pass": REFUSED, "empty": REFUSED, "shift": [5.25], "reverse": REFUSED},
}  # fmt: skip


def shown(one: Record) -> Any:
    """What a record says, in the form in which BECOMES writes it."""
    if one.outcome.kind == "problems":
        return passes(one)
    if one.outcome.kind == "aggregate":
        return one.outcome.value if one.outcome.passes is None else one.outcome.passes
    return values(one)


@pytest.mark.parametrize("how", ALTERATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_each_alteration_makes_of_each_kind_of_outcome(kind: str, how: str) -> None:
    original = KINDS[kind]
    before = original.model_copy(deep=True)
    expected = BECOMES[kind][how]
    if expected is REFUSED:
        with pytest.raises(EvidenceError, match=r"[`a-z].*\.$"):
            ALTERATIONS[how]([original], AMOUNTS[how])
    else:
        (altered,) = ALTERATIONS[how]([original], AMOUNTS[how])
        assert shown(altered) == expected
        assert altered.id != original.id
    assert original == before


@pytest.mark.parametrize(
    ("how", "one", "says"),
    [
        ("fail", run("0111"), "turns 4 problems around, and only 3 pass"),
        ("pass", run("0111"), "turns 4 problems around, and only 1 fail"),
        ("fail", total(3, 9), "turns 4 problems around, and only 3 pass"),
        ("pass", total(6, 9), "turns 4 problems around, and only 3 fail"),
        ("pass", figure(0.5, n=6), "turns 4 problems around, and only 3 fail"),
    ],
)
def test_more_than_there_are_cannot_be_turned_around(how: str, one: Record, says: str) -> None:
    ALTERATIONS[how]([one], turnable([one], passing=how == "fail"))
    with pytest.raises(EvidenceError, match=says):
        ALTERATIONS[how]([one], 4)


def test_an_error_names_the_record_and_what_to_do_instead() -> None:
    one = KINDS["perplexity as a figure"]
    with pytest.raises(EvidenceError) as caught:
        fail([one], 1)
    assert one.id in str(caught.value) and "`shift` on its perplexity" in str(caught.value)
    with pytest.raises(EvidenceError, match="use `fail`, `pass` or `empty`"):
        shift([run("10")], 0.5)


# --- which problems turn ---


def test_those_fail_first_that_pass_most_often_and_among_equals_those_first_by_id() -> None:
    ids = ["d", "a", "c", "b"]
    runs = [run("1011", ids=ids), run("1111", ids=ids)]  # a passes once, all others twice
    order = []
    for count in range(1, 5):
        failed = fail(runs, count)[0]
        gone = {
            problem.id
            for problem, was in zip(failed.outcome.problems, "1111", strict=True)
            if problem.passes < int(was)
        }
        order.append(sorted(gone))
    assert order == [["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"], ["a", "b", "c", "d"]]
    assert passes(fail(runs, 1)[1]) == "1110"  # b
    assert passes(fail(runs, 3)[1]) == "0100"  # b, c, d; a comes last


def test_those_pass_first_that_pass_least_often_and_among_equals_those_first_by_id() -> None:
    ids = ["d", "a", "c", "b"]
    runs = [run("0100", ids=ids), run("0000", ids=ids)]  # a passes once, all others never
    assert [passes(one) for one in pass_(runs, 1)] == ["0101", "0001"]  # b
    assert [passes(one) for one in pass_(runs, 3)] == ["1111", "1011"]  # b, c, d; a comes last
    assert [passes(one) for one in pass_(runs, 4)] == ["1111", "1111"]


def test_the_order_of_the_records_and_of_their_problems_does_not_matter() -> None:
    ids = ["a", "b", "c", "d", "e"]
    runs = [run("11010", ids=ids), run("01011", ids=ids), run("00111", ids=ids)]
    shuffled = [run("01011", ids=ids[::-1]), run("11100", ids=ids[::-1]), run("11010", ids=ids[::-1])]
    for count in range(1, 6):
        straight, mixed = fail(runs, count), fail(shuffled, count)
        assert passes(straight[0]) == passes(mixed[0])[::-1]
        assert passes(straight[1]) == passes(mixed[2])[::-1]
        assert passes(straight[2]) == passes(mixed[1])[::-1]


def test_the_same_problems_turn_in_every_record_that_has_them() -> None:
    one, other = run("111", ids=["a", "b", "c"]), run("111", ids=["b", "c", "d"])
    assert [passes(altered) for altered in fail([one, other], 2)] == ["100", "001"]  # b and c are in both


def test_a_total_beside_results_per_problem_moves_by_as_many_and_stops_at_its_ends() -> None:
    assert [shown(one) for one in fail([run("1110"), total(1, 4)], 2)] == ["0010", 0]
    assert [shown(one) for one in pass_([run("1000"), total(3, 4)], 2)] == ["1110", 4]


@pytest.mark.parametrize("samples", [1, 5])
def test_a_problem_turns_with_all_its_samples(samples: int) -> None:
    some = run(f"{samples}0", samples=samples)
    assert passes(fail([some], 1)[0]) == "00"
    assert passes(pass_([some], 1)[0]) == f"{samples}{samples}"


def test_a_failure_that_was_known_stays_known_and_a_pass_has_none() -> None:
    known = record(
        ProblemsOutcome(
            problems=(
                ProblemResult(id="a", samples=4, passes=3, failure="timeout"),
                ProblemResult(id="b", samples=4, passes=0, failure="wrong"),
            )
        )
    )
    failures = lambda one: [problem.failure for problem in one.outcome.problems]  # noqa: E731
    assert failures(empty([known])[0]) == ["timeout", "wrong"]
    assert failures(pass_([known], 2)[0]) == [None, None]


# --- values ---


def test_a_share_stays_between_its_ends_and_a_perplexity_above_one() -> None:
    ends = [(figure(0.9), 5.0, 1.0), (figure(0.9), -5.0, 0.0), (figure(4.0, metric="perplexity"), -9.0, 1.0)]
    for one, by, expected in ends:
        assert shown(shift([one], by)[0]) == expected
    assert shown(shift([figure(4.0, metric="score")], -9.0)[0]) == -5.0


def test_a_shift_moves_the_repeats_of_a_scalar_with_it() -> None:
    one = record(ScalarOutcome(value=2.0, unit="s", repeats=(1.0, 2.0, 4.0)))
    assert values(shift([one], 0.5)[0]) == [2.5, 1.5, 2.5, 4.5]


def test_a_shift_beyond_all_numbers_is_refused() -> None:
    with pytest.raises(EvidenceError, match=r"1e\+308.*no finite number"):
        shift([scalar(1e308)], 1e308)


def test_the_steps_of_a_training_run_turn_around_in_whatever_order_the_records_come() -> None:
    first, middle, last = at_step(0, 3.0), at_step(10, 2.0), at_step(25, 1.0)
    for records in ([first, middle, last], [middle, last, first], [last, first, middle]):
        seen = {one.outcome.step: values(one) for one in reverse(records)}
        assert seen == {0: [1.0], 10: [2.0], 25: [3.0]}


def test_several_records_of_one_step_go_to_the_opposite_step_together() -> None:
    records = [at_step(0, 1.0), at_step(0, 2.0), at_step(5, 3.0), at_step(5, 4.0), at_step(9, 5.0)]
    assert [one.outcome.step for one in reverse(records)] == [9, 9, 5, 5, 0]


@pytest.mark.parametrize("records", [[at_step(0, 1.0)], [at_step(4, 1.0), at_step(4, 2.0)], [curve(1.0)], []])
def test_what_has_one_step_only_has_no_order_to_reverse(records: list[Record]) -> None:
    with pytest.raises(EvidenceError, match="neither"):
        reverse(records)


# --- for any records ---

one_sample = st.builds(run, st.text("01", min_size=1, max_size=12))
runs = st.integers(1, 8).flatmap(
    lambda n: st.lists(st.builds(run, st.text("01", min_size=n, max_size=n)), min_size=1, max_size=4)
)


def score(one: Record) -> float:
    found = evaluate("pass@1", [one]).value
    assert found is not None
    return found


@given(one_sample, st.data())
def test_fail_k_lowers_pass_at_1_by_exactly_k_of_n(one: Record, data: st.DataObject) -> None:
    solved = passes(one).count("1")
    assume(solved)
    count = data.draw(st.integers(1, solved))
    (altered,) = fail([one], count)
    assert score(altered) == (solved - count) / len(passes(one))


@given(one_sample, st.data())
def test_pass_is_the_inverse_of_fail_in_counts(one: Record, data: st.DataObject) -> None:
    solved = passes(one).count("1")
    assume(solved)
    count = data.draw(st.integers(1, solved))
    back = pass_(fail([one], count), count)
    assert passes(back[0]).count("1") == solved


@given(runs, st.data())
def test_exactly_the_chosen_problems_change_and_no_other(records: list[Record], data: st.DataObject) -> None:
    how, away = data.draw(st.sampled_from([("fail", "1"), ("pass", "0")]))
    can = {index for one in records for index, seen in enumerate(passes(one)) if seen == away}
    assume(can)
    count = data.draw(st.integers(1, len(can)))
    altered = ALTERATIONS[how](records, count)
    turned = {
        index
        for before, after in zip(records, altered, strict=True)
        for index, (old, new) in enumerate(zip(passes(before), passes(after), strict=True))
        if old != new
    }
    assert len(turned) == count == len(turned & can)
    for after in altered:
        assert all(passes(after)[index] != away for index in turned)


@given(runs)
def test_no_problem_of_higher_rank_is_spared(records: list[Record]) -> None:
    often = Counter(index for one in records for index, seen in enumerate(passes(one)) if seen == "1")
    assume(often)
    for count in range(1, len(often)):
        altered = fail(records, count)
        gone = {index for index in often if all(passes(one)[index] == "0" for one in altered)}
        spared = set(often) - gone
        assert len(gone) == count
        assert min(often[index] for index in gone) >= max(often[index] for index in spared)


@given(st.lists(problems().map(record), min_size=1, max_size=3))
def test_empty_leaves_no_pass_and_all_samples(records: list[Record]) -> None:
    for before, after in zip(records, empty(records), strict=True):
        assert [(one.id, one.samples) for one in after.outcome.problems] == [
            (one.id, one.samples) for one in before.outcome.problems
        ]
        assert not any(one.passes for one in after.outcome.problems)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.data())
def test_a_total_loses_and_gains_what_is_asked(counts: tuple[int, int], data: st.DataObject) -> None:
    solved, n = counts
    if solved:
        down = data.draw(st.integers(1, solved))
        assert shown(fail([total(solved, n)], down)[0]) == solved - down
    if solved < n:
        up = data.draw(st.integers(1, n - solved))
        assert shown(pass_([total(solved, n)], up)[0]) == solved + up


@given(st.lists(numbers, min_size=2, max_size=8))
def test_reverse_of_a_series_is_an_involution_that_keeps_its_steps(seen: list[float]) -> None:
    one = curve(*seen)
    (turned,) = reverse([one])
    assert values(turned) == seen[::-1]
    assert [point.step for point in turned.outcome.points] == [point.step for point in one.outcome.points]
    assert reverse([turned]) == [one]


@given(st.lists(st.tuples(st.integers(0, 9), numbers), min_size=2, max_size=8))
def test_reverse_of_steps_is_an_involution(seen: list[tuple[int, float]]) -> None:
    assume(len({step for step, _ in seen}) > 1)
    records = [at_step(step, value) for step, value in seen]
    turned = reverse(records)
    assert {one.outcome.step for one in turned} == {step for step, _ in seen}
    assert reverse(turned) == records


@given(examples() | st.builds(ScalarOutcome, value=numbers, unit=st.just("s")), st.floats(-1e6, 1e6))
def test_a_shift_adds_to_every_value_and_to_nothing_else(outcome: Any, by: float) -> None:
    one = record(outcome)
    (altered,) = shift([one], by)
    assert values(altered) == [value + by for value in values(one)]
    (back,) = shift([altered], -by)
    assert all(
        math.isclose(old, new, abs_tol=1e-9 + 1e-9 * abs(by), rel_tol=1e-9)
        for old, new in zip(values(one), values(back), strict=True)
    )
    assert altered.model_copy(update={"outcome": one.outcome}) == one
    if isinstance(outcome, ExamplesOutcome):
        assert [(row.id, row.weight) for row in altered.outcome.examples] == [
            (row.id, row.weight) for row in outcome.examples
        ]


@given(st.lists(outcomes.map(record), min_size=1, max_size=3), st.sampled_from(sorted(ALTERATIONS)), st.data())
def test_whatever_is_altered_could_have_been_measured(records: Sequence[Record], how: str, data: st.DataObject) -> None:
    amount = {
        "fail": st.integers(1, 4), "pass": st.integers(1, 4), "shift": st.floats(allow_nan=False, allow_infinity=False),
    }.get(how, st.just(True))  # fmt: skip
    drawn = data.draw(amount)
    before = [one.model_copy(deep=True) for one in records]
    try:
        altered = ALTERATIONS[how](records, drawn)
    except EvidenceError:
        altered = []
    assert list(records) == before
    for one in altered:
        read = Record.model_validate_json(json.dumps(one.content))
        assert read == one and read.id == one.id
    if altered:
        assert ALTERATIONS[how](records, drawn) == altered
        assert [one.outcome.kind for one in altered] == [one.outcome.kind for one in records]
