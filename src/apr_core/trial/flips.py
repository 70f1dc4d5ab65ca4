"""Which problems a figure is about: those on which two sides differ, and those that a set of runs never solves.

The one thing a reader would get wrong: no flips is None, not an empty list, when a side is known only in total. An empty list
says that both sides were looked at problem by problem and differ on none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apr_core.contract.obligations import Difference, EvidenceObligation, NonInferiority, Threshold
from apr_core.evidence.metrics import Measurement
from apr_core.evidence.record import Record
from apr_core.evidence.sets import sets
from apr_core.trial.result import Flips

UNIONS = ("oracle", "never_solved")
"""Metrics for which a problem counts as solved when some run solves it."""
SET_METRICS = (*UNIONS, "always", "inconsistent")

Sides = Mapping[str, Sequence[Record]]


def flips_of(one: EvidenceObligation, sides: Sides, measured: Mapping[str, Measurement]) -> Flips | None:
    """The problems that the candidate solves less or more often than the reference; None where nobody can know."""
    if not isinstance(one, (Difference, NonInferiority)):
        return None
    tables = [_rates(one.metric, sides[name], measured[name]) for name in (one.reference, one.candidate)]
    old, new = tables
    if old is None or new is None or set(old) != set(new):
        return None
    lost = tuple(key for key in old if new[key] < old[key])
    gained = tuple(key for key in old if new[key] > old[key])
    return Flips(lost=lost, gained=gained, of=(one.reference, one.candidate), n=len(old))


def _rates(metric: str, records: Sequence[Record], found: Measurement) -> Mapping[str, float] | None:
    """Problem → how often it is solved, in the sense of the metric; None without results for each problem of each run."""
    if metric.startswith("pass@"):
        return found.items if found.item_runs == len(found.per_run) else None
    if metric not in (*UNIONS, "always"):
        return None
    known = sets(records)
    if known.totals:
        return None
    if metric == "always":
        return {one: float(known.every[one] == known.runs) for one in known.ids}
    return {one: float(known.solved[one] > 0) for one in known.ids}


def problems_of(one: EvidenceObligation, sides: Sides) -> dict[str, tuple[str, ...]]:
    """For a line drawn for a metric over sets: the problems that no run solves, and those that only some solve."""
    if not isinstance(one, Threshold) or one.metric not in SET_METRICS:
        return {}
    known = sets(sides[one.of])
    if known.totals:
        return {}
    never = tuple(each for each in known.ids if not known.solved[each])
    some = tuple(each for each in known.ids if known.solved[each] and known.every[each] < known.runs)
    return {"never solved": never, "solved in some runs": some}
