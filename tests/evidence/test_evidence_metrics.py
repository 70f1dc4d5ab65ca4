"""Measures: every row of the table against a hand-made case, and the bounds of what totals leave open, enumerated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest
from evidence_records import figure, losses, record, run, scalar, total
from hypothesis import given, settings
from hypothesis import strategies as st

from apr_core.errors import EvidenceError, SelectionError
from apr_core.evidence.metrics import METRICS, evaluate
from apr_core.evidence.record import Record, SeriesOutcome, SeriesPoint

THREE = (run("11010", errors=1), run("11000", errors=0), run("10001", errors=2))
SAMPLES = (run("0125", samples=5),)
LOSSES = (losses([1.0, 3.0], weights=[3.0, 1.0]), losses([2.0, 2.0], weights=[3.0, 1.0]))

CASES: dict[str, tuple[Sequence[Record], float, str]] = {
    "pass@1": (THREE, 7 / 15, "fraction"),
    "pass@2": (SAMPLES, (0 + 4 / 10 + 7 / 10 + 1) / 4, "fraction"),
    "solved": (THREE, 7 / 3, "problems"),
    "oracle": (THREE, 4 / 5, "fraction"),
    "always": (THREE, 1, "problems"),
    "never_solved": (THREE, 1, "problems"),
    "inconsistent": (THREE, 3, "problems"),
    "lowest": (THREE, 2 / 5, "fraction"),
    "highest": (THREE, 3 / 5, "fraction"),
    "spread": (THREE, 1 / 5, "fraction"),
    "errors": (THREE, 3, "problems"),
    "mean": (LOSSES, 1.75, "nats/token"),
    "perplexity": (LOSSES, math.exp(1.75), "perplexity"),
    "value": ((scalar(2.5), scalar(3.5)), 3.0, "tokens/s"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_measure_is_what_a_hand_would_compute(name: str) -> None:
    records, expected, unit = CASES[name]
    found = evaluate(name, records)
    assert found.value == pytest.approx(expected, rel=1e-15)
    assert (found.metric, found.unit, found.interval) == (name, unit, None)
    assert found.record_ids == tuple(one.id for one in records)


def test_every_row_of_the_table_has_such_a_case() -> None:
    assert set(METRICS) == {"pass@k" if name.startswith("pass@") else name for name in CASES}


# --- pass@k ---


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
@settings(deadline=None)
def test_pass_at_k_is_the_chance_that_k_drawn_samples_hold_a_pass(case: tuple[int, int, int]) -> None:
    n, c, k = case
    draws = list(itertools.combinations([True] * c + [False] * (n - c), k))
    expected = sum(any(draw) for draw in draws) / len(draws)
    found = evaluate(f"pass@{k}", [run(str(c), samples=n)])
    assert found.value == pytest.approx(expected, rel=1e-14)
    assert found.items == {"P/0": found.value}


def test_runs_are_averaged_per_problem_and_the_denominator_is_that_of_one_run() -> None:
    found = evaluate("pass@1", THREE)
    assert found.per_run == (3 / 5, 2 / 5, 2 / 5)
    assert found.items == {"P/0": 1.0, "P/1": 2 / 3, "P/2": 0.0, "P/3": 1 / 3, "P/4": 1 / 3}
    assert (found.n, found.item_runs, found.notes) == (5, 3, ())


@pytest.mark.parametrize(("a", "b"), [(139, 141), (47, 49), (98, 102), (1, 163)])
def test_a_mean_of_runs_is_the_float_that_a_line_would_be_written_as(a: int, b: int) -> None:
    # A contract says `at_least: 140 / 164`; a mean that misses it by rounding would refute a claim that is true.
    runs = [run("1" * passed + "0" * (164 - passed)) for passed in (a, b)]
    assert evaluate("pass@1", runs).value == (a + b) / 2 / 164
    assert evaluate("pass@1", [runs[0], total(b, 164)]).value == (a + b) / 2 / 164


def test_runs_known_in_total_count_in_the_mean_and_keep_their_place() -> None:
    found = evaluate("pass@1", [total(4, 5), run("11000"), figure(0.6)])
    assert found.per_run == (0.8, 0.4, 0.6)
    assert found.value == pytest.approx(0.6, rel=1e-15)
    assert found.n == 5
    assert found.items == {"P/0": 1, "P/1": 1, "P/2": 0, "P/3": 0, "P/4": 0}
    assert found.item_runs == 1  # so nobody takes `items` for the three
    assert found.notes == ("2 of 3 runs are known only in total, without results per problem",)


def test_a_printed_figure_has_no_denominator() -> None:
    found = evaluate("pass@1", [figure(0.878)])
    assert (found.value, found.n, found.items) == (0.878, None, None)


def test_a_total_answers_only_for_its_own_metric() -> None:
    assert evaluate("pass@10", [figure(0.9, metric="pass@10")]).value == 0.9
    with pytest.raises(EvidenceError, match=r"pass@1 cannot.*of pass@10"):
        evaluate("pass@1", [figure(0.9, metric="pass@10")])
    with pytest.raises(EvidenceError, match=r"pass@10 is 0.9"):
        evaluate("oracle", [figure(0.9, metric="pass@10")])


def test_too_few_samples_are_refused_with_the_problem() -> None:
    with pytest.raises(EvidenceError, match=r"problem 'P/0' has 5 samples, and at least 10.*ask for pass@5"):
        evaluate("pass@10", SAMPLES)


# --- what one run hides ---


def test_the_best_run_is_called_optimistic_only_where_there_was_a_choice() -> None:
    assert evaluate("highest", THREE).notes[0].startswith("OPTIMISTIC: the highest of 3 runs, whose mean is 0.4667")
    assert evaluate("highest", THREE[:1]).notes == ()


def test_one_run_has_no_spread() -> None:
    with pytest.raises(EvidenceError, match="not zero but unknown"):
        evaluate("spread", THREE[:1])


def test_errors_that_nobody_counted_are_not_zero() -> None:
    with pytest.raises(EvidenceError, match="null is not zero"):
        evaluate("errors", [THREE[0], run("11110")])
    assert evaluate("errors", [run("1", errors=0), total(0, 1, errors=4)]).per_run == (0, 4)


# --- sets of problems ---


def test_a_problem_of_which_some_samples_pass_is_solved_but_not_always() -> None:
    runs = [run("0125", samples=5)]
    values = {name: evaluate(name, runs).value for name in ("oracle", "always", "never_solved", "inconsistent")}
    assert values == {"oracle": 3 / 4, "always": 1, "never_solved": 1, "inconsistent": 2}


def test_a_run_known_in_total_makes_the_sets_intervals() -> None:
    runs = [run("1100000000"), total(3, 10)]
    for name, low, high in (
        ("oracle", 0.3, 0.5),  # at least the total, at most 2 + 3 problems
        ("never_solved", 5, 7),
        ("always", 0, 2),
        ("inconsistent", 1, 5),
    ):
        found = evaluate(name, runs)
        assert (found.value, found.interval) == (None, (low, high)), name
        assert "1 of 2 runs is known only in total" in found.notes[-1]


def test_totals_that_leave_nothing_open_give_a_number() -> None:
    found = evaluate("oracle", [run("111"), total(2, 3)])
    assert (found.value, found.interval) == (1.0, (1.0, 1.0))
    assert evaluate("oracle", [total(2, 4)]).value == 0.5


def truths(known: list[tuple[bool, ...]], totals: list[int], n: int) -> dict[str, set[int]]:
    """Every value that each set measure takes when the runs behind the totals are each run with that many passes."""
    hidden = [[mask for mask in itertools.product((False, True), repeat=n) if sum(mask) == one] for one in totals]
    seen: dict[str, set[int]] = {"oracle": set(), "always": set(), "never_solved": set(), "inconsistent": set()}
    for masks in itertools.product(*hidden):
        rows = list(zip(*known, *masks, strict=True))
        union, always = sum(map(any, rows)), sum(map(all, rows))
        for name, value in (
            ("oracle", union),
            ("always", always),
            ("never_solved", n - union),
            ("inconsistent", union - always),
        ):
            seen[name].add(value)
    return seen


@st.composite
def partly_known(draw: st.DrawFn) -> tuple[list[tuple[bool, ...]], list[int], int]:
    n = draw(st.integers(1, 4))
    masks = st.tuples(*([st.booleans()] * n))
    return draw(st.lists(masks, max_size=2)), draw(st.lists(st.integers(0, n), min_size=1, max_size=2)), n


@given(partly_known())
@settings(deadline=None, max_examples=150)
def test_the_bounds_hold_whatever_is_behind_the_totals_and_are_reached(
    case: tuple[list[tuple[bool, ...]], list[int], int],
) -> None:
    known, totals, n = case
    records = [run("".join("01"[one] for one in mask), seed=seed) for seed, mask in enumerate(known)]
    records += [total(one, n, seed=100 + seed) for seed, one in enumerate(totals)]
    for name, seen in truths(known, totals, n).items():
        found = evaluate(name, records)
        scale = n if name == "oracle" else 1
        assert found.interval is not None
        low, high = (round(bound * scale) for bound in found.interval)
        assert low <= min(seen), name
        assert max(seen) <= high, name
        if name != "inconsistent" or len(totals) == 1:
            assert (low, high) == (min(seen), max(seen)), name
        assert (found.value is None) == (low != high)


def test_a_percentage_says_nothing_about_which_problems() -> None:
    with pytest.raises(EvidenceError, match=r"how many problems .* solved is not known"):
        evaluate("oracle", [run("10"), figure(0.5)])


# --- values ---


def test_the_weighted_mean_of_each_run_counts_once() -> None:
    found = evaluate("mean", LOSSES)
    assert found.per_run == (1.5, 2.0)
    assert found.items == {"D/0": 1.5, "D/1": 2.5}
    assert (found.n, found.item_runs) == (2, 2)


def test_perplexities_are_averaged_as_losses() -> None:
    found = evaluate("perplexity", LOSSES)
    assert found.per_run == (math.exp(1.5), math.exp(2.0))
    assert found.items == {"D/0": 1.5, "D/1": 2.5}  # losses: what a comparison pairs
    printed = [figure(math.exp(1.0), metric="perplexity"), figure(math.exp(2.0), metric="perplexity")]
    assert evaluate("perplexity", printed).value == pytest.approx(math.exp(1.5))
    assert evaluate("perplexity", [figure(6.63, metric="perplexity")]).value == 6.63


# --- refusals ---

SERIES = record(SeriesOutcome(name="loss", points=(SeriesPoint(step=0, value=1.0),)))


@pytest.mark.parametrize(
    ("name", "records", "message"),
    [
        ("pass@1", [], "no data is not zero"),
        ("pass@1", [run("10"), run("10")], "given twice"),
        ("pass@1", [run("10"), run("10", benchmark="mbpp")], "different benchmarks: 'bench', 'mbpp'"),
        (
            "pass@1",
            [run("10", benchmark_digest="a" * 64), run("11", benchmark_digest="b" * 64)],
            "different contents: digests 'aaaaaaaaaaaa', 'bbbbbbbbbbbb'",
        ),
        ("pass@1", [run("10"), run("111")], r"lacks 0 of the first's 2 and has 1 others \(P/2\)"),
        (
            "pass@1",
            [run("10"), run("10", ids=["P/0", "Q/1"])],
            r"lacks 1 of the first's 2 \(P/1\) and has 1 others \(Q/1",
        ),
        ("pass@1", [run("10"), total(1, 3)], "is of 2 problems and .* of 3"),
        ("oracle", [run("10"), total(1, 3)], "is of 2 problems and .* of 3"),
        ("pass@1", [losses([1.0])], "its outcome is 'examples', and pass@1 needs 'problems' or 'aggregate'"),
        ("mean", [run("1")], "needs 'examples' or 'scalar'"),
        ("value", [SERIES], "its outcome is 'series'"),
        ("mean", [scalar(1.0), scalar(2.0, unit="s")], "scalar in 's' and 'tokens/s'"),
        ("mean", [scalar(1.0, unit="nats/token"), losses([1.0])], "examples and scalar in 'nats/token'"),
        ("mean", [losses([1.0]), losses([1.0, 2.0])], "not of the same items"),
        ("perplexity", [losses([1.0], unit="bits/byte")], "needs values in 'nats/token'; these are in 'bits/byte'"),
        ("perplexity", [losses([1.0]), figure(2.0, metric="perplexity")], "aggregate and examples"),
        ("perplexity", [figure(0.5)], "of pass@1"),
        ("perplexity", [losses([800.0])], "no finite perplexity"),
    ],
)
def test_what_cannot_be_measured_is_refused(name: str, records: list[Record], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        evaluate(name, records)


@pytest.mark.parametrize(
    "name", ["pass@0", "pass@-1", "pass@x", "pass@", "pass", "pass@k", "pass@1.5", "pass@²", "orcale"]
)
def test_an_unknown_metric_is_refused(name: str) -> None:
    with pytest.raises(SelectionError, match=f"no metric '{name}'"):
        evaluate(name, THREE)


def test_the_nearest_metric_is_named() -> None:
    with pytest.raises(SelectionError, match="Did you mean 'never_solved'"):
        evaluate("never_solve", THREE)
