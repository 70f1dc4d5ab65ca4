"""Claims that are decided by the score of the runs at hand: what it comes to, and whether it is on its side of the line.

The one thing a reader would get wrong: a score is a fact about the runs that were selected, so it has no error. It is open only
where runs are known in total and the totals leave it open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from apr_core.contract.obligations import Difference, NonInferiority, Threshold, Trend
from apr_core.errors import EvidenceError
from apr_core.evidence.metrics import Measurement, example_weights
from apr_core.trial.select import recorded_series, step_tables

if TYPE_CHECKING:
    from apr_core.trial.decide import Case

SLACK = 1e-12
"""Scores are fractions of problems; differences of such fractions are rounded at the sixteenth digit."""


@dataclass(frozen=True)
class Fact:
    """What a score comes to: the value or the interval it is known to lie in, against a line."""

    value: float | None
    low: float
    high: float
    spread: tuple[float, float] | None
    n: int | None
    n_of: str = "problems"


def crosses(case: Case, fact: Fact) -> bool:
    """Whether an interval of lines lies strictly inside the interval that the value is known to lie in."""
    one = case.obligation
    if not isinstance(one, Threshold) or one.at_least is None or one.at_most is None:
        return False
    return fact.low < case.number(one.at_least) and fact.high > case.number(one.at_most)


def fact_of(case: Case) -> tuple[Fact, Callable[[float], bool]]:
    """What the score of an obligation comes to, and the test that it has to pass."""
    one = case.obligation
    if isinstance(one, Threshold):
        found = case.measured[one.of]
        least = None if one.at_least is None else case.number(one.at_least)
        most = None if one.at_most is None else case.number(one.at_most)
        low, high = found.interval or (found.value or 0.0, found.value or 0.0)
        # The runs behind a union or a spread have scores, not unions or spreads of their own.
        own = found.metric.startswith("pass@") or found.metric in (
            "solved",
            "lowest",
            "highest",
            "mean",
            "value",
            "perplexity",
        )
        spread = (min(found.per_run), max(found.per_run)) if found.per_run and own else None
        inside = lambda x: (least is None or x >= least - SLACK) and (most is None or x <= most + SLACK)  # noqa: E731
        return Fact(found.value, low, high, spread, found.n, _items_of(found)), inside
    if isinstance(one, Trend):
        sign = 1.0 if one.direction == "increasing" else -1.0
        if (series := recorded_series(case.sides[one.series], one.of)) is not None:
            move = sign * (series[0][-1] - series[0][0])
            return Fact(move, move, move, None, len(series[0]), "points"), lambda x: x > 0
        tables = step_tables(case.sides[one.series], one.of)
        weights = example_weights(case.sides[one.series]) or dict.fromkeys(tables[0][1], 1.0)
        total = sum(weights.values())
        means = [sum(weights[key] * value for key, value in table.items()) / total for _, table in tables]
        moves = [sign * (b - a) for a, b in pairwise(means)]
        worst = min(moves)
        return Fact(worst, worst, worst, (min(means), max(means)), len(tables[0][1]), "examples"), lambda x: x > 0
    assert isinstance(one, (Difference, NonInferiority))
    new, old = case.measured[one.candidate], case.measured[one.reference]
    if new.value is None or old.value is None:
        raise EvidenceError(f"{new.metric} is only known as an interval on one side, so no difference can be scored.")
    gap = case.sign * (new.value - old.value)
    if new.metric == "perplexity":
        gap = case.sign * (new.value / old.value - 1)
    line = case.margin_line()
    spread = None
    if new.per_run and old.per_run and new.metric.startswith("pass@") and case.sign > 0:
        spread = (min(new.per_run) - max(old.per_run), max(new.per_run) - min(old.per_run))
    strict = isinstance(one, NonInferiority) or line == 0.0
    above = lambda x: x > line + SLACK if strict else x >= line - SLACK  # noqa: E731
    return Fact(gap, gap, gap, spread, new.n, _items_of(new)), above


def _items_of(found: Measurement) -> str:
    """What the denominator of a measure counts."""
    return "examples" if found.metric in ("mean", "perplexity", "value") else "problems"
