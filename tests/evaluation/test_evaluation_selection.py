"""Choosing one of N samples, and what N samples show: figures worked out by hand, and refusals."""

from __future__ import annotations

import math

import pytest

from apr_core.errors import EvidenceError, UsageError
from apr_core.evaluation.selection import (
    METHODS,
    Candidate,
    by_agreement,
    by_logprob,
    by_mean_logprob,
    sampling,
    select,
)
from apr_core.statistics import bootstrap_interval, pass_at_k, wilson


def candidates(*outputs: str | None, logprobs: list[float] | None = None) -> list[Candidate]:
    return [Candidate(k, (one,), logprobs[k] if logprobs else None) for k, one in enumerate(outputs)]


# --- choosing ---


def test_a_candidate_has_no_verdict_so_that_no_selector_can_look_at_it() -> None:
    assert Candidate._fields == ("sample", "outputs", "logprob", "tokens")
    assert all("no verdict" in row.knows or "nothing was run" in row.knows for row in METHODS.values())


def test_agreement_takes_the_largest_cluster_and_says_how_large_it_is() -> None:
    assert by_agreement(candidates("a", "b", "b", "c", "b")) == (1, 3, 3)
    assert by_agreement(candidates("a", "b", "b", "a")) == (0, 2, 4)
    assert by_agreement(candidates("a", "b", "b", "a", logprobs=[-3.0, -2.0, -1.0, -4.0])) == (2, 2, 4)
    assert by_agreement(candidates("a", "b", "b", "a", logprobs=[-1.0, -1.0, -1.0, -1.0])) == (0, 2, 4)


def test_a_tie_is_not_broken_by_log_probabilities_that_only_some_have() -> None:
    some = candidates("a", "b")
    assert by_agreement([some[0], some[1]._replace(logprob=-0.1)]).sample == 0
    assert by_agreement([some[0]._replace(logprob=math.nan), some[1]._replace(logprob=-0.1)]).sample == 0


def test_programs_that_return_nothing_agree_with_nobody_but_one_may_be_chosen_when_there_is_nothing_else() -> None:
    assert by_agreement(candidates(None, None, None, "a")).sample == 3
    assert by_agreement(candidates(None, None)) == (0, 1, 2)
    partly = [Candidate(0, ("a", None)), Candidate(1, ("a", "b")), Candidate(2, ("a", None))]
    assert by_agreement(partly) == (0, 2, 2)


def test_the_sum_favours_the_short_and_the_mean_the_sure() -> None:
    some = [Candidate(4, None, -5.0, 5), Candidate(7, None, -6.0, 60), Candidate(9, None, -6.0, 60)]
    assert by_logprob(some) == (4, 1, 1)
    assert by_mean_logprob(some) == (7, 1, 2)


@pytest.mark.parametrize(
    ("choose", "some", "message"),
    [
        (by_agreement, [], "numbered"),
        (by_agreement, [Candidate(1, ("a",)), Candidate(1, ("a",))], "numbered"),
        (by_agreement, [Candidate(0), Candidate(1)], "outputs on 0 inputs"),
        (by_agreement, [Candidate(0, ("a",)), Candidate(1, ("a", "b"))], "outputs on 1, 2 inputs"),
        (by_agreement, [Candidate(0, ("a",)), Candidate(1)], "outputs on 0, 1 inputs"),
        (by_logprob, [Candidate(0, None, -1.0), Candidate(1)], "sample 1 has the log-probability None"),
        (by_logprob, [Candidate(0, None, math.nan)], "sample 0 has the log-probability nan"),
        (by_mean_logprob, [Candidate(0, None, -1.0)], "over None tokens"),
        (by_mean_logprob, [Candidate(0, None, -1.0, 0)], "over 0 tokens"),
    ],
)
def test_what_a_method_needs_and_lacks_is_said(choose: object, some: list[Candidate], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        choose(some)  # type: ignore[operator]


def test_a_selection_stands_between_choosing_by_lot_and_choosing_by_the_tests() -> None:
    outputs = {
        "a": candidates("1", "2", "2", "3"),
        "b": candidates("1", "1", "2", "2"),
        "c": candidates("1", "1", "1", "2"),
    }
    passed = {
        "a": {0: False, 1: True, 2: True, 3: False},  # the largest cluster passes
        "b": {0: False, 1: False, 2: True, 3: True},  # the tie goes to the first cluster, which fails
        "c": {0: False, 1: False, 2: False, 3: True},  # the majority is wrong
    }
    found = select(outputs, passed, "agreement", inputs="the examples of the prompt")
    assert {name: choice.sample for name, choice in found.choices.items()} == {"a": 1, "b": 0, "c": 0}
    assert found.chosen == pytest.approx(1 / 3)
    assert found.random == pytest.approx((0.5 + 0.5 + 0.25) / 3)
    assert found.oracle == 1
    assert found.gain == pytest.approx(1 / 3 - 1.25 / 3)
    assert found.interval is None  # three problems
    assert "no expected output" in found.knows
    assert found.inputs == "the examples of the prompt"


def test_the_gain_has_an_interval_from_thirty_problems_on() -> None:
    names = [str(k) for k in range(40)]
    outputs = {name: [Candidate(0, None, -1.0), Candidate(1, None, -2.0)] for name in names}
    passed = {name: {0: k % 4 > 0, 1: k % 2 > 0} for k, name in enumerate(names)}
    found = select(outputs, passed, "logprob", seed=9)
    gains = [(k % 4 > 0) - ((k % 4 > 0) + (k % 2 > 0)) / 2 for k in range(40)]
    assert found.interval == bootstrap_interval(gains, limits=(-1, 1), seed=9)
    assert (found.chosen, found.random, found.oracle, found.inputs) == (0.75, 0.625, 0.75, "")


def test_a_selection_of_other_samples_than_the_verdicts_is_refused() -> None:
    one = {"a": candidates("1", "2")}
    with pytest.raises(UsageError, match="Did you mean 'agreement'"):
        select(one, {"a": {0: True, 1: True}}, "agreemnt")
    with pytest.raises(UsageError, match="where the inputs came from"):
        select(one, {"a": {0: True, 1: True}}, "agreement")
    for passed in ({}, {"b": {0: True, 1: True}}):
        with pytest.raises(EvidenceError, match="candidates for 1 problems"):
            select(one, passed, "agreement", inputs="x")
    with pytest.raises(EvidenceError, match="'a' has candidates and verdicts of other samples"):
        select(one, {"a": {0: True, 2: True}}, "agreement", inputs="x")


# --- N samples ---


def test_the_table_of_samples_counts_distinct_completions_and_estimates_every_k() -> None:
    problems = {str(k): [(j < k % 4, f"text {min(j, k % 3)}") for j in range(3)] for k in range(36)}
    found = sampling(problems, seed=2)
    assert (found.problems, found.samples) == (36, 3)
    assert found.distinct == {str(k): k % 3 + 1 for k in range(36)}
    assert (found.least_distinct, found.mean_distinct) == (1, 2)
    assert [one.k for one in found.estimates] == [1, 2, 3]
    for one in found.estimates:
        values = [pass_at_k(3, k % 4, one.k) for k in range(36)]
        assert one.value == pytest.approx(sum(values) / 36)
        assert one.interval == bootstrap_interval(values, limits=(0, 1), seed=2)
    assert [one.k for one in sampling(problems, most=2).estimates] == [1, 2]


def test_one_sample_per_problem_is_a_proportion_and_few_problems_have_no_interval() -> None:
    (only,) = sampling({str(k): [(k < 7, "x")] for k in range(10)}).estimates
    assert (only.value, only.interval) == (0.7, wilson(7, 10))
    assert [one.interval for one in sampling({"a": [(True, "x"), (False, "y")]}).estimates] == [None, None]


def test_unequal_samples_are_looked_at_as_far_as_all_have_them() -> None:
    found = sampling({"a": [(True, "x")] * 5, "b": [(False, "x"), (True, "y")]})
    assert found.samples == 2
    assert [one.value for one in found.estimates] == [(1 + 0.5) / 2, 1]
    with pytest.raises(UsageError, match=r"pass@3 needs 3 samples of every problem, and one has 2"):
        sampling({"a": [(True, "x")] * 5, "b": [(False, "x"), (True, "y")]}, most=3)
    with pytest.raises(EvidenceError, match="there are no problems"):
        sampling({})
    with pytest.raises(EvidenceError, match="'b' has no sample"):
        sampling({"a": [(True, "x")], "b": []})
