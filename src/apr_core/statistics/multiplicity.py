"""Several tests at once: Holm's step-down correction.

The one thing a reader would get wrong: the family is what was declared before looking. To correct over those tests that
happened to run, or that look interesting, corrects nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import SupportsFloat

from apr_core.errors import EvidenceError
from apr_core.statistics._arguments import between


def holm(p_values: Sequence[SupportsFloat]) -> list[float]:
    """Adjusted p-values in the order given; rejecting those below alpha keeps the chance of any false one below alpha.

    The i-th smallest of m is multiplied by m - i + 1, then never falls below one before it, nor exceeds 1. Holds under
    any dependence. Holm 1979, "A simple sequentially rejective multiple test procedure".

    Raises `EvidenceError` for an empty family, `UsageError` for a value outside [0, 1].
    """
    raw = [between(f"p_values[{index}]", value, 0.0, 1.0, ends=True) for index, value in enumerate(p_values)]
    if not raw:
        raise EvidenceError("p_values is empty: a family needs at least one member. Declare the members of the family.")
    order = sorted(range(len(raw)), key=raw.__getitem__)
    scaled = (min(1.0, raw[index] * (len(raw) - rank)) for rank, index in enumerate(order))
    adjusted = dict(zip(order, accumulate(scaled, max), strict=True))
    return [adjusted[index] for index in range(len(raw))]
