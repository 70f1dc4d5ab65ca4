"""The drawings stand where the numbers are, and their words say the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import HELD, REFUTED, UNDERPOWERED, results

from apr_core.report.chart import (
    CURVE_BOTTOM,
    CURVE_LEFT,
    CURVE_RIGHT,
    CURVE_TOP,
    STRIP_WIDTH,
    curve,
    needs,
    strip,
)
from apr_core.trial.result import Result

PROPERTY = settings(derandomize=True, deadline=None, max_examples=200)
MEASURE = replace(
    REFUTED, estimate=0.755, interval=(0.748, 0.762), interval_of="runs", required=(0.8, None), unit="fraction",
    line="at least 0.8", n=500, n_of="problems",
)  # fmt: skip
GAP = replace(
    UNDERPOWERED, type="difference", estimate=-0.018, interval=(-0.0535, 0.0183), interval_of="bounds",
    required=(0.0, None), unit="fraction", line="new above old",
)  # fmt: skip
POWER = {"needed": 772, "unit": "problems", "have": 164, "target": 0.8}
POINTS = [[82, 0.17], [164, 0.29], [386, 0.53], [772, 0.8], [1545, 0.97]]


def test_an_estimate_is_drawn_outside_the_region_where_the_claim_would_be_true() -> None:
    drawn = strip(MEASURE)
    assert drawn is not None and drawn.dot is not None and drawn.span is not None
    assert drawn.span[0] < drawn.dot.x < drawn.span[1] < drawn.allowed[0]
    assert drawn.allowed[1] == STRIP_WIDTH
    assert [(line.x, line.text) for line in drawn.lines] == [(drawn.allowed[0], "80.00 %")]
    assert drawn.words == "estimate 75.50 %; runs from 74.80 % to 76.20 %; the claim needs at least 80.00 %"


def test_a_difference_of_nothing_is_written_as_zero() -> None:
    drawn = strip(GAP)
    assert drawn is not None
    assert drawn.words == (
        "estimate -1.80 points; one-sided bounds from -5.35 points to +1.83 points; the claim needs above 0"
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"required": (0.8, None)}, "at least 80.00 %"),
        ({"required": (None, 0.8)}, "at most 80.00 %"),
        ({"required": (0.8, 0.9)}, "at least 80.00 % and at most 90.00 %"),
        ({"type": "non_inferiority", "required": (-0.02, None)}, "above -2.00 points"),
        ({"type": "difference", "required": (0.02, None)}, "at least +2.00 points"),
        ({"type": "trend", "required": (None, 0.0), "unit": None}, "below 0"),
        ({"required": None, "line": None, "expected": "1 ulp"}, "1 ulp"),
    ],
)
def test_the_region_in_words(fields: dict[str, object], words: str) -> None:
    assert needs(replace(MEASURE, **fields)) == words  # type: ignore[arg-type]


def test_an_open_bound_reaches_to_the_edge_and_has_no_whisker() -> None:
    drawn = strip(replace(GAP, interval=(-0.02, None)))
    assert drawn is not None and drawn.span is not None
    assert drawn.span[1] == STRIP_WIDTH
    assert drawn.open_ends == (False, True)
    assert "to no limit" in drawn.words


def test_labels_do_not_leave_the_drawing_and_those_of_two_near_lines_turn_away_from_each_other() -> None:
    drawn = strip(replace(MEASURE, estimate=0.5, interval=None, required=(0.899, 0.9)))
    assert drawn is not None
    assert [line.anchor for line in drawn.lines] == ["end", "start"]
    far = strip(replace(MEASURE, estimate=0.0, interval=None, required=(0.99, None)))
    assert far is not None and far.dot is not None
    assert far.dot.anchor == "start"


def test_without_a_number_or_a_line_nothing_is_drawn() -> None:
    assert strip(HELD) is None
    assert strip(replace(MEASURE, required=None)) is None
    assert strip(replace(MEASURE, required=(None, None))) is None
    assert strip(replace(MEASURE, estimate=None, interval=None)) is None
    assert strip(replace(MEASURE, estimate=float("nan"), interval=None)) is None


VALUES = st.floats(allow_nan=False, allow_infinity=False)


@PROPERTY
@given(VALUES, VALUES, VALUES, VALUES)
def test_what_is_drawn_on_one_side_is_on_that_side(estimate: float, low: float, high: float, line: float) -> None:
    low, high = sorted((low, high))
    drawn = strip(replace(MEASURE, estimate=estimate, interval=(low, high), required=(line, None)))
    assert drawn is not None and drawn.dot is not None and drawn.span is not None
    places = [(estimate, drawn.dot.x), (low, drawn.span[0]), (high, drawn.span[1]), (line, drawn.allowed[0])]
    assert all(0 <= x <= STRIP_WIDTH for _, x in places)
    for one, x in places:
        for other, y in places:
            assert x <= y if one < other else True


@PROPERTY
@given(results())
def test_whatever_a_result_holds_it_is_drawn_or_not_but_never_breaks(result: Result) -> None:
    strip(result)
    curve(result)
    assert "\n" not in needs(result)


# --- how much would decide ---


def test_the_curve_marks_what_there_is_and_what_is_needed() -> None:
    drawn = curve(replace(UNDERPOWERED, power=POWER | {"curve": POINTS}))
    assert drawn is not None and drawn.have is not None and drawn.needed is not None
    assert (drawn.have.text, drawn.needed.text) == ("164 now", "772 needed")
    assert CURVE_LEFT < drawn.have.x < drawn.needed.x < CURVE_RIGHT
    assert CURVE_BOTTOM > drawn.have.y > drawn.needed.y == drawn.target > CURVE_TOP
    assert [tick.text for tick in drawn.ticks] == ["100", "200", "500", "1,000"]
    assert drawn.words == (
        "Chance of a decision over the number of problems: 29 % with the 164 there are, 80 % with 772"
    )


@pytest.mark.parametrize(
    "points",
    [
        None,
        "1,2",
        [[1, 0.5]],
        [[2, 0.5], [1, 0.6]],
        [[1, 0.5], [1, 0.6]],
        [[1, 0.5], [2, 1.5]],
        [[0, 0.5], [2, 0.6]],
        [[1, "a"], [2, 0.5]],
        [[1, 0.5, 3], [2, 0.5, 3]],
        [[1, 0.1], [10**400, 0.5]],
    ],
)
def test_a_curve_that_is_none_is_not_drawn(points: object) -> None:
    assert curve(replace(UNDERPOWERED, power=POWER | {"curve": points})) is None
    assert curve(replace(UNDERPOWERED, power=None)) is None


@PROPERTY
@given(st.integers(1, 10**9), st.integers(2, 10**6))
def test_the_axis_has_a_few_round_numbers_inside_it(first: int, times: int) -> None:
    drawn = curve(replace(UNDERPOWERED, power=POWER | {"curve": [[first, 0.1], [first * times, 0.9]]}))
    assert drawn is not None
    assert len(drawn.ticks) <= 5
    assert all(CURVE_LEFT <= tick.x <= CURVE_RIGHT for tick in drawn.ticks)
