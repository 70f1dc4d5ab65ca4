"""What evidence could have been, at its extremes: faults that nobody had to write down, for claims about records.

The one thing a reader would get wrong: an extreme is still evidence. A share stays between 0 and 1 and a loss above 0, so that a
line at the end of its scale is found out: nothing that could be measured lies on its other side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Any

from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import Difference, EvidenceObligation, NonInferiority, Threshold, Trend
from apr_core.errors import EvidenceError
from apr_core.evidence.alter import broken, empty, fail, pass_, reverse, shift, turnable
from apr_core.evidence.record import Record
from apr_core.trial.decide import sides_of
from apr_core.trial.fault import Fault
from apr_core.trial.mutants import altered
from apr_core.trial.result import Result
from apr_core.trial.select import select
from apr_core.verdict import Verdict

if TYPE_CHECKING:
    from apr_core.trial.session import Session

Alter = Callable[[Sequence[Record]], list[Record]]

_FAR = 1e6
"""Far from every value that is measured, in its own unit."""


def _lowest(records: Sequence[Record]) -> list[Record]:
    try:
        return empty(records)
    except EvidenceError:
        return shift(records, -_FAR)


def _highest(records: Sequence[Record]) -> list[Record]:
    few = turnable(records, passing=False)
    if few == 0:
        return list(records)
    return pass_(records, few) if few is not None else shift(records, _FAR)


EXTREMES: dict[str, Alter] = {
    "every problem fails": empty,
    "every problem passes": lambda records: pass_(records, turnable(records, passing=False) or 1),
    "half of the problems fail": lambda records: fail(records, max(1, (turnable(records, passing=True) or 0) // 2)),
    "the first run fails": lambda records: [*empty(records[:1]), *records[1:]],
    "every value is far higher": lambda records: shift(records, _FAR),
    "every value is far lower": lambda records: shift(records, -_FAR),
    "every value is a little higher": lambda records: shift(records, 1.0),
    "the order is reversed": reverse,
}
"""What evidence could have been."""

BREAKAGE: dict[str, Alter] = {
    "the harness breaks on every problem": broken,
    "the harness never breaks": lambda records: broken(records, 0),
}
"""The same for the metric `errors`, which nothing else moves."""


def extremes(session: Session, loaded: LoadedContract, obligation: EvidenceObligation) -> Iterator[tuple[str, Fault]]:
    """Each extreme outcome on each side, then the sides at opposite ends, and what to call it."""
    metric = getattr(obligation, "metric", None) or "pass@1"
    chosen = {
        name: frozenset(record.id for record in select(session, loaded, name, metric)[0])
        for name in sides_of(obligation)
    }
    for name, ids in chosen.items():
        for what, alter in (BREAKAGE if metric == "errors" else EXTREMES).items():
            yield f"{name}: {what}", Fault("extreme", records=partial(altered, chosen=ids, alter=alter))
    for low, high in permutations(chosen, 2):
        yield f"{low} at its lowest, {high} at its highest", Fault("extreme", records=_apart(chosen[low], chosen[high]))


def _apart(low: frozenset[str], high: frozenset[str]) -> Alter:
    """One set of records at its lowest, and those of another that are not in it at their highest."""
    return lambda records: altered(altered(records, low, _lowest), high - low, _highest)


def evidence_lines_moved(obligation: EvidenceObligation, real: Result) -> Iterator[tuple[Any, str]]:
    """The claim with its line on the other side of the estimate: none of these can hold if the real one says something."""
    if real.estimate is None or not math.isfinite(real.estimate) or real.verdict is not Verdict.HELD:
        return
    beyond = 10 * (1 + abs(real.estimate))
    match obligation:
        case Threshold(at_least=least, at_most=most):
            if least is not None:
                yield _with(obligation, at_least=beyond, at_most=None), f"with its line moved up to {beyond:g}"
            if most is not None:
                yield _with(obligation, at_most=-beyond, at_least=None), f"with its line moved down to {-beyond:g}"
        case Difference():
            yield _with(obligation, margin=beyond), f"with a margin of {beyond:g}"
        case Trend(direction=direction):
            other = "decreasing" if direction == "increasing" else "increasing"
            yield _with(obligation, direction=other), "in the other direction"
        case NonInferiority():
            return  # its margin is a loss, and no loss lies on the other side of every estimate


def _with(obligation: Any, **changes: Any) -> Any:
    return obligation.model_copy(update={"expect": "held", **changes})
