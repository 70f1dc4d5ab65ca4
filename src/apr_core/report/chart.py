"""Where things stand in the two drawings of a claim: its estimate against its line, and how much evidence would decide.

The one thing a reader would get wrong: nothing is drawn here. These are coordinates in the units of the drawing, with the words
that say the same to somebody who does not see it; the page's templates turn them into SVG.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from apr_core.report.text import one_line
from apr_core.report.wording import quantity
from apr_core.trial.result import Result

Anchor = Literal["start", "middle", "end"]

STRIP_WIDTH, STRIP_INSET = 360.0, 10.0
CURVE_WIDTH, CURVE_HEIGHT = 360.0, 168.0
CURVE_LEFT, CURVE_RIGHT, CURVE_TOP, CURVE_BOTTOM = 40.0, 348.0, 26.0, 132.0
_LABEL_ROOM = 66.0
"""Half of the longest label: nearer to an edge than this, a label is set beside its mark and not around it."""


@dataclass(frozen=True, slots=True)
class Label:
    """A word in a drawing."""

    x: float
    text: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Strip:
    """The estimate of a claim, what surrounds it, and where it has to lie for the claim to hold."""

    allowed: tuple[float, float]
    """From and to of the region in which the claim holds."""
    lines: tuple[Label, ...]
    """The one or two edges of that region."""
    span: tuple[float, float] | None
    """From and to of the interval."""
    open_ends: tuple[bool, bool]
    """Whether the interval goes on beyond the drawing, on the left and on the right."""
    kind: str
    """What the interval is: `bounds`, `runs` or `possible`; empty without one."""
    dot: Label | None
    words: str
    """The drawing in words."""


def strip(result: Result) -> Strip | None:
    """The drawing of one claim; None when it has no number, or no line to compare it with."""
    if result.required is None:
        return None
    values, edges = _finite([result.estimate, *(result.interval or ())]), _finite(result.required)
    if not values or not edges:
        return None
    to_x = _scale([*values, *edges], bounded=result.unit == "fraction" and result.type == "threshold")
    allowed, _ = _span(result.required, to_x)
    span, open_ends = _span(result.interval, to_x) if result.interval else (None, (False, False))
    dot = None
    if result.estimate is not None and math.isfinite(result.estimate):
        dot = _label(to_x(result.estimate), quantity(result, result.estimate, result.line or ""))
    return Strip(
        allowed=allowed,
        lines=_lines(result, to_x, edges),
        span=span,
        open_ends=open_ends,
        kind=(result.interval_of or "") if span else "",
        dot=dot,
        words=_words(result),
    )


def needs(result: Result) -> str:
    """Where the estimate has to lie, in words: `at least 96.34 %`; else what was expected."""
    low, high = result.required or (None, None)
    compares = result.type in ("difference", "non_inferiority", "trend")
    words = []
    if low is not None:
        words.append(f"{'above' if compares and low <= 0 else 'at least'} {_edge(result, low)}")
    if high is not None:
        words.append(f"{'below' if compares and high >= 0 else 'at most'} {_edge(result, high)}")
    return " and ".join(words) or one_line(result.line or result.expected or "")


_AROUND = {
    "bounds": "one-sided bounds from {} to {}",
    "runs": "runs from {} to {}",
    "possible": "known only to lie between {} and {}",
}


def around(result: Result) -> str:
    """The interval in words, with what it is; nothing without one."""
    if result.interval is None:
        return ""
    low, high = result.interval
    left = "no limit" if low is None or not math.isfinite(low) else quantity(result, low)
    right = "no limit" if high is None or not math.isfinite(high) else quantity(result, high)
    if result.interval_of == "runs" and low == high:
        return ""
    return _AROUND.get(result.interval_of or "", "from {} to {}").format(left, right)


def _edge(result: Result, value: float) -> str:
    """An edge of the region in which a claim holds; zero is zero, without a sign and decimals."""
    return quantity(result, value) if value else "0"


def _words(result: Result) -> str:
    said = "" if result.estimate is None else f"estimate {quantity(result, result.estimate, result.line or '')}"
    parts = (said, around(result), f"the claim needs {needs(result)}")
    return one_line("; ".join(part for part in parts if part))


def _finite(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _scale(values: Sequence[float], *, bounded: bool) -> Callable[[float], float]:
    """Value → x, with room on both sides of what has to be shown; a `bounded` scale ends at 0 and 1."""
    low, high = min(values), max(values)
    # Halves, because the difference of two huge numbers overflows where the numbers do not.
    room = (high / 2 - low / 2) * 0.5 or abs(high) * 0.25 or 1.0
    first = max(0.0, low - room) if bounded and low >= 0 else low - room
    last = min(1.0, high + room) if bounded and high <= 1 else high + room
    half = last / 2 - first / 2

    def to_x(value: float) -> float:
        share = (value / 2 - first / 2) / half if half and math.isfinite(half) else 0.5
        return round(STRIP_INSET + min(max(share, 0.0), 1.0) * (STRIP_WIDTH - 2 * STRIP_INSET), 1)

    return to_x


def _span(
    ends: tuple[float | None, float | None], to_x: Callable[[float], float]
) -> tuple[tuple[float, float], tuple[bool, bool]]:
    """From and to of an interval, and which of its ends are open: these reach to the edge of the drawing."""
    low, high = (None if end is None or not math.isfinite(end) else to_x(end) for end in ends)
    return (0.0 if low is None else low, STRIP_WIDTH if high is None else high), (low is None, high is None)


def _label(x: float, text: str, width: float = STRIP_WIDTH) -> Label:
    return Label(x, text, "start" if x < _LABEL_ROOM else "end" if x > width - _LABEL_ROOM else "middle")


def _lines(result: Result, to_x: Callable[[float], float], edges: Sequence[float]) -> tuple[Label, ...]:
    found = [_label(to_x(edge), _edge(result, edge)) for edge in edges]
    if len(found) == 2 and abs(found[1].x - found[0].x) < 2 * _LABEL_ROOM:
        return Label(found[0].x, found[0].text, "end"), Label(found[1].x, found[1].text, "start")
    return tuple(found)


# --- how much would decide ---


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on a curve that is pointed out."""

    x: float
    y: float
    text: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Curve:
    """The chance of a decision over the amount of evidence, on a logarithmic scale."""

    path: str
    """Of SVG."""
    target: float
    """The y of the chance that is aimed at."""
    target_text: str
    ticks: tuple[Label, ...]
    have: Mark | None
    needed: Mark | None
    unit: str
    words: str
    """The drawing in words."""


def curve(result: Result) -> Curve | None:
    """The drawing of an undecided claim; None where its report has no curve, or one that cannot be drawn."""
    power = result.power or {}
    points = _points(power.get("curve"))
    target = power.get("target")
    if len(points) < 2 or not isinstance(target, (int, float)) or not 0 <= target <= 1:
        return None
    first, last = points[0][0], points[-1][0]
    width = math.log(last / first)

    def x(n: float) -> float:
        return round(CURVE_LEFT + math.log(n / first) / width * (CURVE_RIGHT - CURVE_LEFT), 1)

    def y(chance: float) -> float:
        return round(CURVE_BOTTOM - chance * (CURVE_BOTTOM - CURVE_TOP), 1)

    def mark(name: str, text: str) -> Mark | None:
        n = power.get(name)
        at = next((point for point in points if point[0] == n), None)
        if at is None:
            return None
        near = _label(x(at[0]), text.format(n=f"{at[0]:,.0f}", chance=f"{100 * at[1]:.0f} %"))
        return Mark(near.x, y(at[1]), near.text, near.anchor)

    have, needed = mark("have", "{n} now"), mark("needed", "{n} needed")
    unit = one_line(str(power.get("unit") or result.n_of or "problems"))
    chances = dict(points)
    now = chances.get(float(power["have"])) if isinstance(power.get("have"), int) else None
    words = f"Chance of a decision over the number of {unit}"
    words += "" if now is None else f": {100 * now:.0f} % with the {power['have']:,} there are"
    words += "" if needed is None else f", {100 * target:.0f} % with {power['needed']:,}"
    return Curve(
        path="M" + "L".join(f"{x(n)} {y(chance)}" for n, chance in points),
        target=y(target),
        target_text=f"{100 * target:.0f} %",
        ticks=tuple(Label(x(n), _short(n), "middle") for n in _round_numbers(first, last)),
        have=have,
        needed=needed,
        unit=unit,
        words=words,
    )


def _points(found: object) -> list[tuple[float, float]]:
    """The points of a curve that can be drawn: sizes that grow, and chances between 0 and 1; else none."""
    if not isinstance(found, list):
        return []
    points: list[tuple[float, float]] = []
    for pair in found:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            return []
        n, chance = pair
        if not isinstance(n, (int, float)) or not isinstance(chance, (int, float)):
            return []
        if not (points[-1][0] if points else 0) < n <= 1e15 or not 0 <= chance <= 1:
            return []
        points.append((float(n), float(chance)))
    return points if points and points[0][0] >= 1 else []


def _round_numbers(first: float, last: float, most: int = 5) -> list[float]:
    """Round numbers between two others, as many as there is room for."""
    decades = [10.0**power for power in range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)]
    found: list[float] = []
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [step * decade for decade in decades for step in steps if first <= step * decade <= last]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


def _short(number: float) -> str:
    """`500`, `20k`, `3M`."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= size:
            return f"{number / (1e3 if letter == 'k' else size):,.0f}{letter}"
    return f"{number:,.0f}"
