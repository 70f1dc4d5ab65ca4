"""Inputs: which of two domains has more cases.

The one thing a reader would get wrong: more cases make a claim stricter. A wider interval of an *input* is tightened,
and a wider interval of a `bound` is loosened. And `heavy-tailed` has more cases than `normal`, but no other two
distributions can be compared: each reaches numbers that the other hardly ever does.
"""

from __future__ import annotations

from typing import Any

from apr_core.contract.diff.forms import Side, frozen
from apr_core.contract.diff.order import (
    OTHER,
    Compare,
    Order,
    characters,
    combined,
    exactly,
    expression,
    flag,
    interval,
    literals,
    quantity,
    real_interval,
    reversed_,
    steps,
    verbatim,
)


def domain(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Two inputs: more has more cases. Of different kinds, or by a field without a rule, they cannot be compared."""
    if type(old) is not type(new):
        return OTHER
    fields = list(type(old).model_fields)
    rules = DOMAINS.get(fields[0], {})
    return combined(rules.get(field, exactly)(getattr(old, field), getattr(new, field), was, now) for field in fields)


def _fewer(old: bool, new: bool, was: Side, now: Side) -> Order:
    """A demand on what is drawn: true has fewer cases."""
    return reversed_(flag(old, new, was, now))


def _orders(old: Any, new: Any, was: Side, now: Side) -> Order:
    """The values of a permutation, each as often as it is listed; in which order does not matter."""
    before, after = (
        side.form(value) if isinstance(value, str) else frozen(value) for value, side in ((old, was), (new, now))
    )
    if before[0] != "list" or after[0] != "list":
        return Order.SAME if before == after else OTHER
    return Order.SAME if sorted(before[1]) == sorted(after[1]) else OTHER


def _rows(old: Any, new: Any, was: Side, now: Side) -> Order:
    """Domains by field."""
    if old.keys() != new.keys():
        return OTHER
    return combined(domain(old[name], new[name], was, now) for name in old)


def _damage(old: Any, new: Any, was: Side, now: Side) -> Order:
    """A valid file and what is done to it."""
    rules: dict[str, Compare] = {"from_": expression, "corrupt": literals}
    return combined(
        rules.get(field, exactly)(getattr(old, field), getattr(new, field), was, now)
        for field in type(old).model_fields
    )


DOMAINS: dict[str, dict[str, Compare]] = {
    "integer": {"integer": interval},
    "real": {"real": real_interval},
    "boolean": {"boolean": verbatim},
    "choice": {"choice": literals},
    "text": {"text": interval, "alphabet": characters},
    "bytes": {"bytes": interval},
    "list": {"list": domain, "size": interval, "unique": _fewer},
    "permutation": {"permutation": _orders},
    "tensor": {
        "tensor": expression, "dtype": expression, "library": verbatim, "draw": steps("normal", "heavy-tailed"),
        "nonfinite": flag, "contiguous": verbatim,
    },
    "near": {"near": expression, "relative": interval},
    "rotate": {"rotate": expression, "by": expression},
    "tokens": {"tokens": expression, "vocabulary": quantity, "library": verbatim},
    "rows": {"rows": _rows, "size": interval},
    "file": {"file": _damage, "name": verbatim},
    "workdir": {"workdir": verbatim},
    "strategy": {"strategy": verbatim, "arguments": expression},
}  # fmt: skip
"""Kind of input → field → how two of them compare; more is more cases."""
