"""The five verdicts and everything that follows from them, in one table.

The one thing a reader would get wrong: none of them says "proved". HELD means that somebody tried to break the claim, with the
cases or the evidence that the result names, and did not succeed.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What an attempt to break a claim came to."""

    HELD = "HELD"
    FALSIFIED = "FALSIFIED"
    UNDERPOWERED = "UNDERPOWERED"
    UNTESTED = "UNTESTED"
    ERROR = "ERROR"


class Row(NamedTuple):
    """What a verdict means outside: in pytest, for the reader, and for a count of decided claims."""

    pytest: str
    decided: bool
    meaning: str


TABLE: dict[Verdict, Row] = {
    Verdict.HELD: Row("passed", True, "tried and not broken"),
    Verdict.FALSIFIED: Row("failed", True, "a counterexample, or the evidence excludes the claim"),
    Verdict.UNDERPOWERED: Row("skipped", False, "evidence exists and cannot decide"),
    Verdict.UNTESTED: Row("skipped", False, "nothing here can try it"),
    Verdict.ERROR: Row("error", False, "the contract, the environment or the harness is broken"),
}

# The first verdict of the row that occurs among the parts is the verdict of the whole.
ALL_OF = (Verdict.ERROR, Verdict.FALSIFIED, Verdict.UNTESTED, Verdict.UNDERPOWERED, Verdict.HELD)
ANY_OF = (Verdict.ERROR, Verdict.HELD, Verdict.UNDERPOWERED, Verdict.UNTESTED, Verdict.FALSIFIED)


def combine(verdicts: Iterable[Verdict], order: tuple[Verdict, ...]) -> Verdict:
    """The verdict of a whole from those of its parts, by `ALL_OF` or `ANY_OF`.

    Raises:
        ValueError: there are no parts; an empty conjunction must not hold by accident.
    """
    found = set(verdicts)
    if not found:
        raise ValueError("no verdicts to combine: a compound claim needs at least one part")
    return next(verdict for verdict in order if verdict in found)
