"""Figures in words: rounding, open intervals, denominators."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from report_samples import (
    FALSIFIED,
    GATED,
    HELD,
    HELD_AS_FALSE,
    RECOVERED,
    REFUTED,
    STILL_HOLDS,
    UNDERPOWERED,
    UNTESTED,
    make,
)

from apr_core.report.wording import detail, figure, interval, meaning, needed, number, tried
from apr_core.trial.result import OUTCOMES
from apr_core.verdict import Verdict


@pytest.mark.parametrize(
    ("value", "beside", "text"),
    [
        (0.8353658536585366, "", "0.8354"),
        (0.8353658536585366, "≥ 0.85", "0.8354"),
        (0.84996, "≥ 0.85", "0.84996"),
        (0.85, "≥ 0.85", "0.85"),
        (0.8499999, "at least 0.85 of 164", "0.8499999"),
        (-0.02000001, "> -0.02", "-0.02000001"),
        (math.nextafter(0.85, 0), "0.85", "0.8499999999999999"),
        (4_194_304.0, "", "4,194,304"),
        (999.96, "1,000", "999.96"),
        (1.25e-9, "", "1.25e-09"),
        (-0.0, "", "0"),
        (1.0, "", "1"),
        (math.nan, "", "NaN"),
        (-math.inf, "", "-∞"),
    ],
)
def test_a_number_is_not_rounded_onto_the_line_beside_it(value: float, beside: str, text: str) -> None:
    assert number(value, beside) == text


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ((0.78712, 0.88349), "[0.7871, 0.8835]"),
        ((None, 0.849998), "(-∞, 0.849998]"),
        ((0.5, math.inf), "[0.5, ∞)"),
        ((None, None), "(-∞, ∞)"),
        ((math.nan, 1.5), "[NaN, 1.5]"),
    ],
)
def test_a_side_without_a_bound_is_open(bounds: tuple[float | None, float | None], text: str) -> None:
    assert interval(bounds, "≥ 0.85") == text


def test_the_denominator_names_what_was_discarded() -> None:
    assert tried(HELD) == "100 cases (3 discarded)"
    assert tried(replace(HELD, n=1, n_of="runs", discarded=0)) == "1 run"
    assert tried(UNTESTED) == ""


def test_a_figure_has_estimate_interval_line_and_denominator() -> None:
    assert figure(REFUTED) == "0.84996 pass@1 (-∞, 0.849998] against ≥ 0.85, 5 runs"
    assert figure(GATED) == "1 HELD, 1 REFUTED, 1 UNDERPOWERED of 3 parts"
    assert figure(HELD) == "100 cases (3 discarded)"


@pytest.mark.parametrize(
    ("power", "text"),
    [
        ({"needed": 772.4, "unit": "problems"}, "773 problems"),
        ({"needed": 3497}, "3,497 problems"),
        ({"needed": 1, "unit": "seeds per arm"}, "1 seeds per arm"),
        ({"needed": None}, ""),
        ({"needed": math.inf}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_number_needed_is_rounded_up(power: dict[str, object] | None, text: str) -> None:
    assert needed(replace(UNDERPOWERED, power=power)) == text


def test_what_follows_the_verdict() -> None:
    assert detail(FALSIFIED).startswith("observed a difference of 8,388,608 ulp at index 0, expected slerp")
    assert detail(HELD_AS_FALSE) == "observed 0.7453, expected a value in [0.95, 1.05]"
    assert detail(STILL_HOLDS) == "meant to be false, and nothing broke it: 100 cases"
    assert detail(RECOVERED).endswith("; listed as refuted: false until the row alignment was mended")
    assert detail(UNDERPOWERED).startswith("needs 773 problems; -0.0122 [-0.0401, ∞)")
    assert detail(replace(UNDERPOWERED, power=None)).startswith("The interval contains the margin.; -0.0122")
    assert detail(UNTESTED) == "No evidence for the role instruct at int4."


def test_a_falsified_claim_says_in_which_way_it_fell() -> None:
    assert meaning(FALSIFIED) == "a counterexample was found"
    assert meaning(replace(REFUTED, refuted=None)) == "the evidence excludes it"
    assert meaning(STILL_HOLDS) == "meant to be false, and nothing broke it"
    assert meaning(GATED) == "tried and broken"


def test_every_outcome_has_a_meaning_of_its_own() -> None:
    results = [
        make("c::A", verdict, "", expect=expect, refuted=refuted)
        for verdict in Verdict
        for expect, refuted in (("held", None), ("falsified", None), ("held", "note"))
    ]
    meanings = {result.outcome: meaning(result) for result in results}
    assert set(meanings) == set(OUTCOMES)
    assert len(set(meanings.values())) == len(OUTCOMES)
