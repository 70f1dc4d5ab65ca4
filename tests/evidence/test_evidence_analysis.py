"""Comparisons and unions, problem by problem."""

from __future__ import annotations

import pytest
from evidence_records import losses, run, total
from hypothesis import given, settings
from hypothesis import strategies as st

from apr_core.errors import EvidenceError
from apr_core.evidence.analysis import compare, oracle

rows = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.text("0123", min_size=n, max_size=n), min_size=2, max_size=4, unique=True)
)


def test_a_comparison_names_what_was_lost_and_gained() -> None:
    found = compare([run("11100")], [run("10011")])
    assert (found.lost, found.gained) == (("P/1", "P/2"), ("P/3", "P/4"))
    assert (found.both, found.neither, found.tied) == (("P/0",), (), ())
    assert (found.reference, found.candidate, found.difference, found.binary) == (0.6, 0.6, 0.0, True)


def test_the_order_of_problems_in_a_file_does_not_matter() -> None:
    found = compare([run("10", ids=["a", "b"])], [run("01", ids=["b", "a"])])
    assert found.lost == found.gained == ()


def test_several_runs_have_rates_and_no_flips() -> None:
    found = compare([run("110"), run("100")], [run("101"), run("001")])
    assert (found.lost, found.gained, found.neither) == (("P/0", "P/1"), ("P/2",), ())
    assert not found.binary
    assert compare([run("110"), run("100")], [run("110"), run("100")][::-1]).tied == ("P/1",)


@given(rows)
@settings(deadline=None)
def test_every_problem_is_in_one_list_and_the_sides_can_be_exchanged(texts: list[str]) -> None:
    one, *others = (run(text, samples=3) for text in texts)
    found, turned = compare([one], others), compare(others, [one])
    ids = [f"P/{number}" for number in range(len(texts[0]))]
    assert sorted(found.lost + found.gained + found.both + found.neither + found.tied) == ids
    assert (found.lost, found.gained, found.difference) == (turned.gained, turned.lost, -turned.difference)
    assert (found.both, found.neither, found.tied) == (turned.both, turned.neither, turned.tied)


@pytest.mark.parametrize(
    ("reference", "candidate", "message"),
    [
        ([run("10")], [run("10", benchmark="mbpp")], "'bench', 'mbpp'"),
        ([run("10")], [run("101")], r"has 1 others \(P/2\)"),
        ([run("10")], [total(1, 2)], "no results per problem: its outcome is 'aggregate'"),
        ([losses([1.0])], [losses([2.0])], "its outcome is 'examples'"),
        ([run("10")], [], "no records"),
        ([], [run("10")], "no records"),
    ],
)
def test_sides_that_cannot_be_paired_are_refused(reference: list, candidate: list, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(EvidenceError, match=message):
        compare(reference, candidate)


def test_a_union_says_what_it_was_taken_from() -> None:
    small = run("110000", model="small", prompt="standard")
    again = run("101000", model="small", prompt="few-shot")
    large = run("100110", model="large", prompt="standard")
    found = oracle([small, again, large, total(4, 6, model="large")])
    assert (found.solved, found.n, found.always, found.never) == (5, 6, ("P/0",), ("P/5",))
    assert found.inconsistent == {"P/1": 1 / 3, "P/2": 1 / 3, "P/3": 1 / 3, "P/4": 1 / 3}
    assert [(share.name, share.runs, share.solved, share.unique) for share in found.models] == [
        ("small", 2, 3, ("P/1", "P/2")),
        ("large", 1, 3, ("P/3", "P/4")),
    ]
    assert [(share.name, share.solved, share.unique) for share in found.prompts] == [
        ("standard", 4, ("P/1", "P/3", "P/4")),
        ("few-shot", 2, ("P/2",)),
    ]
    assert [share.unique for share in found.runs] == [("P/1",), ("P/2",), ("P/3", "P/4")]
    assert len(found.left_out) == 1
    assert found.possible == (5, 6)


@given(rows)
@settings(deadline=None)
def test_the_union_is_what_any_run_solves(texts: list[str]) -> None:
    found = oracle([run(text, samples=3) for text in texts])
    columns = list(zip(*texts, strict=True))
    assert found.solved == sum(any(mark != "0" for mark in column) for column in columns) == found.possible[0]
    assert len(found.always) == sum(all(mark == "3" for mark in column) for column in columns)
    assert len(found.always) + len(found.inconsistent) + len(found.never) == found.n


def test_a_union_of_totals_alone_is_refused() -> None:
    with pytest.raises(EvidenceError, match="no results per problem"):
        oracle([total(1, 2)])
