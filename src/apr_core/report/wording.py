"""One result in words: the figure it rests on, and what to say after the verdict. Shared by terminal, Markdown and
JUnit.

The one thing a reader would get wrong: rounding must not move an estimate onto the line it is compared with. 0.84996
against 0.85 is printed with the digits that tell them apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from apr_core.report.summary import MEANING, tally
from apr_core.report.text import one_line, plural
from apr_core.trial.result import OUTCOMES, Result
from apr_core.verdict import Verdict

_NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")


def meaning(result: Result) -> str:
    """What the outcome says, in a few words."""
    if result.outcome != "FALSIFIED":
        return MEANING[result.outcome]
    if result.verdict is Verdict.HELD:
        return "meant to be false, and nothing broke it"
    if result.counterexample is not None:
        return "a counterexample was found"
    return MEANING["FALSIFIED"] if result.estimate is None else "the evidence excludes it"


def number(value: float, beside: str = "") -> str:
    """`value` with four significant digits, or as many as keep it apart from the numbers in the text `beside` it."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "-∞"}.get(value, "NaN")
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    others = {float(found.replace(",", "").replace("−", "-")) for found in _NUMBER.findall(beside)}
    for digits in (4, 6, 9, 12):
        text = f"{value:.{digits}g}"
        if float(text) not in others:
            return text
    return repr(float(value))


def interval(bounds: tuple[float | None, float | None], beside: str = "") -> str:
    """`[0.787, 0.883]`, or `[0.787, ∞)` when it is open on one side."""
    low, high = bounds
    left = "(-∞" if low is None or low == -math.inf else f"[{number(low, beside)}"
    right = "∞)" if high is None or high == math.inf else f"{number(high, beside)}]"
    return f"{left}, {right}"


def tried(result: Result) -> str:
    """The denominator of one claim: `100 cases (3 discarded)`, `164 problems`; nothing if there is none."""
    if result.n is None:
        return ""
    words = plural(result.n, one_line(result.n_of or "cases"))
    return words + (f" ({result.discarded:,} discarded)" if result.discarded else "")


def figure(result: Result) -> str:
    """The estimate with its interval, its line and its denominator; without one the parts or the denominator."""
    if result.estimate is None and result.interval is not None and result.interval_of == "possible":
        against = f" against {one_line(result.line)}" if result.line else ""
        return f"{_around(result, '').strip(' ()')}{against}"
    if result.estimate is None:
        return parts_tally(result.parts) if result.parts else tried(result)
    line = one_line(result.line or "")
    words = quantity(result, result.estimate, line) + _around(result, line)
    if line:
        words += f" against {line}"
    return ", ".join(word for word in (words, tried(result)) if word)


def quantity(result: Result, value: float, beside: str = "") -> str:
    """A value of a result with its unit: a fraction as `85.37 %`, a difference of fractions as `+1.83 points`."""
    if result.unit != "fraction":
        return number(value, beside) + (f" {one_line(result.unit)}" if result.unit else "")
    points = result.type in ("difference", "non_inferiority")
    return f"{_hundredths(value, beside, signed=points)} {'points' if points else '%'}"


def _hundredths(value: float, beside: str, *, signed: bool) -> str:
    """100 · value with two decimals, or as many as keep it apart from the numbers in the text `beside` it."""
    others = {float(found.replace(",", "").replace("−", "-")) for found in _NUMBER.findall(beside)} - {value}
    sign = "+" if signed else ""
    for decimals in (2, 4, 7, 10):
        text = f"{100 * value:{sign}.{decimals}f}"
        if not any(math.isclose(float(text) / 100, other, rel_tol=1e-12) for other in others):
            return text
    return repr(100 * value)


def _around(result: Result, line: str) -> str:
    """What the interval is, in words: bounds that decided are no range of runs."""
    if result.interval is None:
        return ""
    low, high = result.interval
    if result.interval_of == "bounds" or low is None or high is None:
        scaled = result.interval
        if result.unit == "fraction":
            scaled = (None if low is None else 100 * low, None if high is None else 100 * high)
        return f" {interval(scaled, line)}"
    if result.interval_of == "runs":
        if low == high:
            return ""
        return f" (runs from {quantity(result, low)} to {quantity(result, high)})"
    return f" (between {quantity(result, low)} and {quantity(result, high)})"


def parts_tally(parts: Sequence[tuple[str, str]]) -> str:
    """`2 HELD, 1 UNTESTED of 3 parts`, in the order of the outcomes."""
    found = [outcome for _, outcome in parts]
    return tally({outcome: found.count(outcome) for outcome in OUTCOMES}) + f" of {plural(len(parts), 'parts')}"


def needed(result: Result) -> str:
    """For UNDERPOWERED: `464 problems`, as far as the result says; else nothing."""
    power = result.power or {}
    amount = power.get("needed")
    if isinstance(amount, float) and math.isfinite(amount):
        amount = math.ceil(amount)
    if not isinstance(amount, int):
        return ""
    return plural(amount, one_line(str(power.get("unit") or result.n_of or "problems")))


def assumptions(result: Result) -> str:
    """What the number needed rests on: `alpha 0.05, power 0.8, discordance 0.07`."""
    rest = {
        name: value for name, value in (result.power or {}).items() if name not in ("needed", "unit", "curve", "target")
    }
    return ", ".join(
        one_line(f"{name} {number(value) if isinstance(value, float) else value}") for name, value in rest.items()
    )


def detail(result: Result) -> str:
    """What to say after the verdict, on one line: the evidence of a decision, or what an undecided claim lacks.

    The notes are not in it: they must not be what is cut off.
    """
    if result.verdict in (Verdict.UNTESTED, Verdict.ERROR):
        said = result.reason
    elif result.verdict is Verdict.UNDERPOWERED:
        lacking = needed(result)
        said = "; ".join(word for word in (f"needs {lacking}" if lacking else result.reason, figure(result)) if word)
    elif result.verdict is Verdict.FALSIFIED:
        said = _broken(result)
    else:
        said = figure(result) or result.reason
        if result.outcome == "FALSIFIED":
            said = f"{meaning(result)}: {said}"
    if result.refuted:
        said += f"; {'known' if result.outcome == 'REFUTED' else 'listed as refuted'}: {result.refuted}"
    return one_line(said)


def _broken(result: Result) -> str:
    if result.estimate is None and result.observed:
        return f"observed {result.observed}" + (f", expected {result.expected}" if result.expected else "")
    return figure(result) if result.estimate is not None else result.reason
