"""The text of one claim: exact, in its order, and safe to print."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from report_samples import (
    ERROR,
    FALSIFIED,
    GATED,
    HELD,
    HELD_AS_FALSE,
    RECOVERED,
    REFUTED,
    SAMPLES,
    STILL_HOLDS,
    UNDERPOWERED,
    UNTESTED,
    results,
)
from rich.cells import cell_len

from apr_core.report.failure import MOST_CHARACTERS, failure_text
from apr_core.trial.result import Result

SNAPSHOTS = Path(__file__).parent / "snapshots"


def labels(result: Result) -> list[str]:
    """The labels of the rows below heading and place, in their order."""
    return [label for line in failure_text(result).split("\n")[2:] if (label := line[:16].strip())]


def test_the_text_of_every_outcome() -> None:
    snapshot = (SNAPSHOTS / "failure.txt").read_text(encoding="utf-8")
    assert "\n\n".join(map(failure_text, SAMPLES)) + "\n" == snapshot


def test_the_order_is_fixed() -> None:
    everything = replace(REFUTED, counterexample={"n": "2"}, expected="a", observed="b", if_falsified="c", seed=7)
    assert labels(everything) == [
        "claim",
        "counterexample",
        "estimate",
        "expected",
        "observed",
        "why",
        "refuted",
        "note",
        "used",
        "if falsified",
        "reproduce",
    ]


@pytest.mark.parametrize("result", [FALSIFIED, STILL_HOLDS], ids=lambda result: result.id)
def test_a_claim_that_fell_says_what_to_suspect(result: Result) -> None:
    assert "if falsified" in labels(result)


@pytest.mark.parametrize(
    "result",
    [replace(HELD, if_falsified="x"), HELD_AS_FALSE, RECOVERED, UNDERPOWERED, UNTESTED, ERROR],
    ids=lambda r: r.id,
)
def test_a_claim_that_did_not_fall_does_not_read_as_if_it_had(result: Result) -> None:
    assert "if falsified" not in labels(result)


def test_an_error_is_not_called_a_reason_for_doubting_the_claim() -> None:
    text = failure_text(ERROR)
    assert text.startswith("ERROR gates/release-7b::GATE-0: the check is broken, which says nothing about the claim\n")
    assert "\nerror           TrialError: the refutation did not reproduce.\n" in text


def test_the_command_is_never_wrapped_because_it_is_copied() -> None:
    command = f"pytest 'contracts/{'deep/' * 40}a.apr.yaml::A-1' --apr-seed 7"
    assert failure_text(replace(FALSIFIED, reproduce=command)).endswith(f"\nreproduce       {command}")


def test_a_long_value_is_cut_and_says_how_long_it_is() -> None:
    text = failure_text(replace(FALSIFIED, counterexample={"a": "7" * (MOST_CHARACTERS + 1)}))
    assert text.count("7") < MOST_CHARACTERS + 20
    assert "(1,001 characters; all are in report.json)" in " ".join(text.split())


def test_a_claim_without_inputs_still_has_a_counterexample() -> None:
    assert "\ncounterexample  (the claim has no inputs)\n" in failure_text(replace(FALSIFIED, counterexample={}))


def test_the_parts_of_a_gate_are_listed_with_their_outcomes() -> None:
    assert "parts           HELD          merge/slerp::SLERP-1\n                UNDERPOWERED  " in failure_text(GATED)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(results())
def test_no_content_steers_the_terminal_or_leaves_its_column(result: Result) -> None:
    *lines, last = failure_text(result).split("\n")
    assert all(line.isprintable() for line in (*lines, last))
    assert all(cell_len(line) <= 100 for line in lines)
    assert cell_len(last) <= 100 or last.startswith("reproduce ")
    assert lines[0].split()[0] == result.outcome
