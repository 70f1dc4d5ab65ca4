"""How much more evidence would decide a claim that is undecided, and how the chance of a decision grows with it.

The one thing a reader would get wrong: every number here assumes that the truth is what the estimate says, which nobody knows.
Advice sizes the next experiment; it never changes a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, stdev
from typing import Any

from apr_core.errors import EvidenceError, UsageError

POINTS = 31
"""Of a power curve, besides what there is and what is needed."""


@dataclass(frozen=True, slots=True)
class Advice:
    """How much evidence would decide, if the truth is what the estimate says."""

    needed: int | None
    unit: str
    have: int
    assumes: str
    chance: Callable[[int], float] | None = None
    """The chance that so many of `unit` decide; None when no formula gives it."""

    def as_dict(self, target: float | None = None) -> dict[str, Any]:
        """For the report; with the chance that is aimed at also the curve, where there is one."""
        plain = {"needed": self.needed, "unit": self.unit, "have": self.have, "assumes": self.assumes}
        if self.needed is None or self.chance is None or target is None:
            return plain
        return plain | {"target": target, "curve": curve(self.chance, self.have, self.needed)}


def curve(chance: Callable[[int], float], have: int, needed: int) -> list[list[float]]:
    """[n, chance] from half of what there is to twice what is needed; both of these are among the points.

    The steps are even on a logarithmic scale, for what is needed can be a hundred times what is there.
    """
    first, last = max(2, min(have, needed) // 2), 2 * needed
    steps = (first * (last / first) ** (step / (POINTS - 1)) for step in range(POINTS))
    sizes = sorted({*(round(size) for size in steps), max(2, have), needed})
    return [[size, round(chance(size), 4)] for size in sizes]


def by_formula(
    compute: Callable[[], int], unit: str, have: int | None, assumes: str, chance: Callable[[int], float] | None = None
) -> Advice:
    """What a formula says is needed; nothing where it refuses, because the estimate lies on the line."""
    try:
        needed: int | None = compute()
    except (UsageError, EvidenceError):
        needed, assumes = None, f"{assumes}, which lies on the line: then no number decides"
    return Advice(needed, unit, have or 0, assumes, chance)


def by_spread(values: Sequence[float], gap: float, alpha: float, power: float, unit: str) -> Advice:
    """What a mean `gap` away from the line needs when items vary as `values` do; by the normal formula."""
    spread = stdev(values) if len(values) > 1 else 0.0
    if gap == 0.0 or spread == 0.0:
        return Advice(None, unit, len(values), "the estimate lies on the line: then no number decides")
    normal = NormalDist()
    critical = normal.inv_cdf(1 - alpha)
    needed = max(len(values) + 1, math.ceil(((critical + normal.inv_cdf(power)) * spread / gap) ** 2))
    return Advice(
        needed, unit, len(values), f"the same spread ({spread:.3f}) and a true gap of {gap:.4f}",
        lambda n: normal.cdf(gap * math.sqrt(n) / spread - critical),
    )  # fmt: skip
