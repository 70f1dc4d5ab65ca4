"""What changed between two runs, and which of it is worse: by meaning, one rule to a test."""

from __future__ import annotations

from typing import Any

import pytest
from report_diff_runs import audited, claim, control, run, scored

from apr_core.report.compare import GROUPS, Change, Comparison, Shift, compare
from apr_core.trial.result import OUTCOMES, Result

TURNS = """
before         HELD      HELD-AS-FALSE FALSIFIED REFUTED RECOVERED UNDERPOWERED UNTESTED ERROR
HELD           -         reworded      fell      fell    unlisted  lost         lost     broke
HELD-AS-FALSE  reworded  -             fell      excused unlisted  lost         lost     broke
FALSIFIED      recovered excused       -         excused unlisted  lost         lost     broke
REFUTED        recovered excused       fell      -       unlisted  lost         lost     broke
RECOVERED      recovered rewritten     fell      fell    -         lost         lost     broke
UNDERPOWERED   decided   rewritten     fell      decided unlisted  -            lost     broke
UNTESTED       decided   rewritten     fell      decided unlisted  tried        -        broke
ERROR          recovered rewritten     fell      decided unlisted  tried        tried    -
(new)          new       new           fell      new     unlisted  new          new      broke
(gone)         gone      gone          gone      gone    gone      gone         gone     gone
"""
"""Outcome before, on the left, and after, at the top → the group of the claim. The last row: the outcome was before."""
HEAD, *ROWS = (line.split() for line in TURNS.strip().splitlines())
TURN = {(row[0], after): group for row in ROWS for after, group in zip(HEAD[1:], row[1:], strict=True)}
WORSE = {"fell", "broke", "unlisted", "lost", "gone"}


def of(before: Result | None, after: Result | None) -> Comparison:
    return compare(*(run(*([] if one is None else [one])) for one in (before, after)))


def only(before: Result | None, after: Result | None) -> Change:
    """The one claim that changed."""
    (change,) = of(before, after).changes
    return change


def notes(before: Result, after: Result) -> dict[str, str]:
    """What is said about the claim that changed, if it did: kind → text."""
    return {note.kind: note.text for change in of(before, after).changes for note in change.notes}


def test_the_table_has_every_pair_of_outcomes() -> None:
    assert {before for before, _ in TURN} == {*OUTCOMES, "(new)", "(gone)"}
    assert {after for _, after in TURN} == set(OUTCOMES)


@pytest.mark.parametrize(("before", "after", "group"), [(*key, group) for key, group in TURN.items()])
def test_a_claim_is_grouped_by_what_became_of_it(before: str, after: str, group: str) -> None:
    if before == "(new)":
        found = of(None, claim(after))
    elif before == "(gone)":
        found = of(claim(after), None)
    else:
        found = of(claim(before), claim(after))
    assert [change.group for change in found.changes] == ([] if group == "-" else [group])
    assert found.worse == (group in WORSE)


def test_the_groups_that_are_worse_are_those_and_come_first() -> None:
    assert {group for group, row in GROUPS.items() if row.worse} == WORSE
    assert [bool(row.worse) for row in GROUPS.values()] == sorted(
        (bool(row.worse) for row in GROUPS.values()), reverse=True
    )


def test_two_equal_runs_differ_in_nothing() -> None:
    one = run(
        *map(claim, OUTCOMES, OUTCOMES), scored(name="S"), controls=(control("KILLED"),), audited=(audited("FELL"),)
    )
    found = compare(one, one)
    assert not found.changes
    assert not found.circumstances
    assert not found.controls
    assert not found.audit
    assert not found.worse


@pytest.mark.parametrize(
    ("line", "required", "said"),
    [
        ("at least 0.75", (0.75, None), "LOOSENED"),
        ("at least 0.84", (0.84, None), "tightened"),
        ("at least 0.8 and at most 0.9", (0.8, 0.9), "tightened"),
        ("at most 0.9", (None, 0.9), "moved"),
        ("at least 80 / 100", (0.8, None), "rewritten"),
        ("at least 0.75", None, "changed"),
    ],
)
def test_a_line_that_moved_says_which_way(line: str, required: Any, said: str) -> None:
    change = only(scored(), scored(line=line, required=required))
    assert change.group == "reworded"
    assert not change.worse
    (note,) = change.notes
    assert note == ("line", f"the line was {said}: 'at least 0.8' → '{line}'", True)


@pytest.mark.parametrize("before", ["FALSIFIED", "UNDERPOWERED"])
@pytest.mark.parametrize(
    "fields", [{"line": "at least 0.7", "required": (0.7, None)}, {"claim": "It is fine."}, {"type": "bound"}]
)
def test_a_claim_that_passes_because_it_is_another_claim_is_not_called_recovered(before: str, fields: Any) -> None:
    assert only(scored(before), scored(**fields)).group == "rewritten"
    assert only(scored(before), scored()).group in ("recovered", "decided")


def test_white_space_is_no_rewording() -> None:
    assert not of(claim(claim="It  is\n so."), claim(claim="It is so. ")).changes


def test_a_rewording_is_quoted() -> None:
    assert notes(claim(claim="Less than 2 points."), claim(claim="Less than 5 points."))["claim"] == (
        "the claim was reworded: 'Less than 2 points.' → 'Less than 5 points.'"
    )


def test_a_contract_with_another_digest_is_a_circumstance_and_loud_beside_another_outcome() -> None:
    before, after = claim("FALSIFIED"), claim("HELD", contract_digest="ef" * 32)
    found = of(before, after)
    assert found.circumstances == (Shift("contract a/b", "cd" * 6, "ef" * 6),)
    (note,) = found.changes[0].notes
    assert note.loud
    assert note.text.startswith("its contract file is not the same")
    quiet = of(claim(), claim(contract_digest="ef" * 32))
    assert not quiet.changes
    assert quiet.circumstances


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ({"n": 100, "n_of": "cases"}, {"n": 25, "n_of": "cases"}, "FEWER: 100 cases → 25 cases"),
        ({"n": 164, "n_of": "problems"}, {"n": 163, "n_of": "problems"}, "FEWER: 164 problems → 163 problems"),
        ({"n": 164, "n_of": "problems"}, {"n": 164, "n_of": "runs"}, "164 problems → 164 runs"),
    ],
)
def test_a_claim_on_less_than_before_is_loud_and_not_worse(before: Any, after: Any, text: str) -> None:
    found = of(claim(**before), claim(**after))
    assert [(change.group, change.worse) for change in found.changes] == [("shrunk", False)]
    assert found.changes[0].notes == (("n", text, True),)


def test_a_claim_on_more_than_before_is_said_quietly() -> None:
    change = only(claim(n=25, n_of="cases"), claim(n=100, n_of="cases"))
    assert change.group == "moved"
    assert change.notes == (("n", "25 cases → 100 cases", False),)


def test_the_cases_before_a_counterexample_are_no_denominator() -> None:
    held, fell = claim(n=100), claim("FALSIFIED", n=4, counterexample={"x": "0"})
    assert "n" not in notes(held, fell)
    assert "n" not in notes(fell, held)


def test_an_estimate_that_moved_is_said_and_loud_beyond_its_interval() -> None:
    (inside,) = only(scored(), scored(estimate=0.86)).notes
    assert inside == ("estimate", "estimate 85.00 % → 86.00 %", False)
    (beyond,) = only(scored(), scored(estimate=0.91)).notes
    assert beyond.loud
    assert beyond.text == "estimate 85.00 % → 91.00 %, BEYOND the interval that it had, 80.00 % to 90.00 %"
    (open_side,) = only(scored(interval=(None, 0.9)), scored(estimate=0.1)).notes
    assert not open_side.loud


def test_a_move_that_rounding_hides_is_shown_in_full() -> None:
    assert notes(scored(), scored(estimate=0.850000001))["estimate"] == "estimate 0.85 → 0.850000001"


def test_an_estimate_in_another_unit_is_not_compared() -> None:
    assert notes(scored(), scored(unit="nats"))["estimate"] == "the estimate is in another unit: fraction → nats"


def test_a_range_of_possible_values_that_moved_is_said() -> None:
    ranges = [
        scored("UNDERPOWERED", estimate=None, interval_of="possible", interval=one) for one in ((0.5, 0.9), (0.6, 0.9))
    ]
    assert notes(*ranges)["estimate"] == "the possible values: 50.00 % to 90.00 % → 60.00 % to 90.00 %"


def test_evidence_that_came_and_went_is_named() -> None:
    change = only(scored(), scored(evidence=("ev-2", "ev-3")))
    assert change.group == "moved"
    assert change.notes == (("evidence", "evidence: now without ev-1 and with ev-3", False),)
    assert not of(scored(), scored(evidence=("ev-2", "ev-1"))).changes


def test_being_listed_as_refuted_is_said_loudly() -> None:
    assert notes(claim("HELD"), claim("REFUTED"))["refuted"] == "it is now listed as refuted: 'never was'"
    assert notes(claim("REFUTED"), claim("FALSIFIED"))["refuted"] == "it is no longer listed as refuted"


def test_a_claim_that_was_renamed_is_recognised_and_gone_all_the_same() -> None:
    found = of(claim(name="OLD", claim="The same."), claim(name="NEW", claim="The  same."))
    assert {change.id: [note.text for note in change.notes] for change in found.changes} == {
        "a/b::NEW": ["it was perhaps a/b::OLD, which says the same"],
        "a/b::OLD": ["it is now perhaps a/b::NEW, which says the same"],
    }
    assert found.worse


def test_settings_that_differ_are_circumstances_in_order() -> None:
    after = {"seed": 7, "cases": 25, "scale": "lab", "versions": {"python": "3.13.0", "torch": "2.6"}, "collected": 9}
    found = compare(run(claim(), info={"commit": "a", "dirty": False}), run(claim(), info=after | {"seconds": 9.0}))
    assert found.circumstances == (
        ("seed", "0", "7", False), ("cases", "100", "25", False), ("scale", None, "lab", False),
        ("collected", "1", "9", False), ("commit", "a", None, False), ("dirty", "False", None, False),
        ("python", "3.12.1", "3.13.0", False), ("torch", None, "2.6", False),
    )  # fmt: skip
    assert not found.worse


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ("KILLED", "SURVIVED", True), ("KILLED", "DRIFTED", True), ("KILLED", "ERROR", True), ("KILLED", "UNTESTED", True),
        ("SURVIVED", "KILLED", False), ("UNTESTED", "SURVIVED", True), ("UNTESTED", "KILLED", False),
        ("DRIFTED", "UNTESTED", False),
    ],
)  # fmt: skip
def test_a_planted_fault_that_is_no_longer_noticed_is_worse(before: str, after: str, worse: bool) -> None:
    found = compare(run(claim(), controls=(control(before),)), run(claim(), controls=(control(after),)))
    assert found.controls == (Shift("a/b::m", before, after, worse),)
    assert found.worse == worse


def test_a_new_survivor_is_worse_and_a_removed_mutant_is_only_said() -> None:
    killed, survived = control("KILLED"), control("SURVIVED", "n")
    found = compare(run(claim(), controls=(killed,)), run(claim(), controls=(survived,)))
    assert found.controls == (Shift("a/b::n", None, "SURVIVED", True), Shift("a/b::m", "KILLED", None, False))


def test_a_run_that_tried_no_mutants_says_nothing_about_them() -> None:
    with_, without = run(claim(), controls=(control("KILLED"), control("SURVIVED", "n"))), run(claim())
    assert compare(with_, without).controls == ()
    assert compare(with_, without).circumstances == (Shift("mutants tried", "2", "0"),)
    assert compare(without, with_).controls == (Shift("a/b::n", None, "SURVIVED", True),)


@pytest.mark.parametrize(
    ("before", "after", "worse"), [("CONTROLLED", "VACUOUS", True), ("VACUOUS", "CONTROLLED", False)]
)
def test_a_check_that_is_found_unable_to_fail_is_worse(before: str, after: str, worse: bool) -> None:
    found = compare(run(claim(), audited=(audited(before),)), run(claim(), audited=(audited(after),)))
    assert found.audit == (Shift("a/b::ONE", before, after, worse),)
    assert found.worse == worse
