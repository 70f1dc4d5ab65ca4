"""Which way each field of a claim is looser: the table of the whole comparison.

The one thing a reader would get wrong: the same word is looser in one type and tighter in another. A larger `margin`
lets more through in a `non_inferiority` and demands more in a `difference`; so the table goes by type first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from apr_core.contract.diff.change import Kind, Step
from apr_core.contract.diff.forms import Side
from apr_core.contract.diff.order import (
    LESS,
    MORE,
    OTHER,
    SAME,
    Compare,
    Order,
    breadth,
    combined,
    conditions,
    expression,
    flag,
    interval,
    literals,
    members,
    number,
    present,
    prose,
    reversed_,
    steps,
    verbatim,
)
from apr_core.contract.diff.wording import UNCOMPARABLE, against, difference, exchanged, show

OPPOSITE: dict[Kind, Kind] = {"loosened": "tightened", "tightened": "loosened"}


class Rule(NamedTuple):
    """How two values of a field compare, and what that says to somebody who decides about a release."""

    compare: Compare
    more: Kind | None = None
    """What more of it is; less is the opposite. None: the values can only be the same or not."""
    when_more: str = ""
    when_less: str = ""
    otherwise: str = ""
    """What happened when neither is more."""
    unordered: Kind = "changed"
    """What it is when neither is more."""
    judging: bool = False
    """As in `Step`."""

    def step(self, place: str, old: Any, new: Any, was: Side, now: Side) -> Step | None:
        """The difference between two values; None when they mean the same."""
        order = self.compare(old, new, was, now)
        if order is SAME:
            return None
        if order is OTHER or self.more is None:
            kind, phrase = self.unordered, self.otherwise or f"`{place}` changed in meaning"
        else:
            kind, phrase = (self.more, self.when_more) if order is MORE else (OPPOSITE[self.more], self.when_less)
        if kind == "changed":
            phrase = f"{phrase}, which {UNCOMPARABLE}"
        before, after = (show(value, side) for value, side in zip(difference(old, new), (was, now), strict=True))
        unordered = self.compare in _UNORDERED and isinstance(old, list) and isinstance(new, list)
        sentence = (unordered and exchanged(phrase, old, new, now)) or against(phrase, before, after)
        return Step(place, kind, sentence, before, after, self.judging)


def _tolerance(old: Mapping[str, Any], new: Mapping[str, Any], was: Side, now: Side) -> Order:
    """More is more room. `absolute` and `relative` add up to one bound, each other one is a bound of its own."""
    pairs = ("absolute", "relative")
    before, after = (any(value[name] is not None for name in pairs) for value in (old, new))
    orders = [reversed_(flag(before, after, was, now))]
    if before and after:
        orders += [number(0.0)(old[name], new[name], was, now) for name in pairs]
    for name in old.keys() - set(pairs):
        bound = present if name == "exact" else number(math.inf)
        order = bound(old[name], new[name], was, now)
        orders.append(reversed_(order) if name == "exact" else order)
    return combined(orders)


def _each(old: Mapping[str, Any], new: Mapping[str, Any], was: Side, now: Side) -> Order:
    """More is more elements to repeat the check for."""
    if old.keys() != new.keys():
        return OTHER
    return combined(members(old[name], new[name], was, now) for name in old)


def _parts(old: list[str] | None, new: list[str] | None, was: Side, now: Side) -> Order:
    """Claims that a compound combines; that it combines them in another way is told by `combines`."""
    return SAME if old is None or new is None else literals(old, new, was, now)


def _allowed(old: Mapping[str, str], new: Mapping[str, str], was: Side, now: Side) -> Order:
    """What a gate lets through for each claim that it required before and requires now: more is more."""
    both = [(old[name], new[name]) for name in old if name in new and old[name] != new[name]]
    return combined(MORE if a == "HELD" else LESS if b == "HELD" else OTHER for a, b in both)


_UNORDERED = (literals, conditions, verbatim, prose, _parts)
"""Comparisons of which lists have no order, so that a sentence can say what left and what came."""


def words(otherwise: str) -> Rule:
    """A text for readers alone."""
    return Rule(prose, otherwise=otherwise, unordered="reworded")


def other(otherwise: str, compare: Compare = expression) -> Rule:
    """Something that is the same or not."""
    return Rule(compare, otherwise=otherwise)


_AT_LEAST = Rule(number(-math.inf), "tightened", "The line from below is higher", "The line from below is lower")
_AT_MOST = Rule(number(math.inf), "loosened", "The line from above is higher", "The line from above is lower")
_METRIC = other("Another metric decides", verbatim)
_DIRECTION = other("The other direction is claimed", verbatim)
_RUN = other("Another call is tried")
_ROOM = Rule(
    _tolerance, "loosened", "The two sides may lie further apart", "The two sides must lie closer together",
    "The two sides are compared by another kind of tolerance",
)  # fmt: skip

COMMON: dict[str, Rule] = {
    "claim": words("The claim is worded differently"),
    "if_falsified": words("What to suspect first is worded differently"),
    "expect": other("What is expected of the claim is turned around", verbatim),
    "criteria": Rule(
        literals, "tightened", "The claim serves more criteria", "The claim serves fewer criteria",
        "The claim serves other criteria", judging=True,
    ),
    # properties
    "where": Rule(
        conditions, "loosened", "Fewer cases count, as the preconditions are stricter",
        "More cases count, as the preconditions are weaker", "Other cases count, as the preconditions differ",
    ),
    "let": other("A name of `let` stands for something else"),
    "for_each": Rule(
        _each, "tightened", "The check is repeated for more", "The check is repeated for fewer",
        "The check is repeated for others",
    ),
    "cases": Rule(
        steps("sampled", "exhaustive"), "tightened", "Every case is tried, no longer a sample",
        "Only a sample is tried, no longer every case",
    ),
    "nonfinite": Rule(
        steps("refuted", "allowed"), "loosened", "NaN and infinity are let through", "NaN and infinity now refute the claim"
    ),
    "limits.seconds": Rule(number(300.0), "loosened", "The trial may take longer", "The trial may take less time", judging=True),
    # claims about evidence
    "decide": other("Evidence becomes a verdict by another rule", verbatim),
    "decide.alpha": Rule(
        number(None), "loosened", "A larger error rate is accepted", "Only a smaller error rate is accepted", judging=True
    ),
    "decide.power": words("The advice on how much evidence would decide assumes another power; no verdict depends on it"),
    "family": Rule(
        literals, "tightened", "The family that shares one alpha is larger", "The family that shares one alpha is smaller",
        "The family that shares one alpha is another", judging=True,
    ),
    "family.name": words("The family goes by another name"),
    "unit": Rule(verbatim, otherwise="The inference is about another unit", judging=True),
}  # fmt: skip
"""Fields that mean the same in every type that has them."""

RULES: dict[str, dict[str, Rule]] = {
    "holds": {
        "check": Rule(
            conditions, "tightened", "What must be true is stricter", "What must be true is weaker",
            "Something else must be true",
        ),
    },
    "bound": {
        "value": other("Another value is bounded"),
        "within": Rule(
            interval, "loosened", "The allowed interval is wider", "The allowed interval is narrower",
            "The allowed interval is another",
        ),
    },
    "equivalence": {
        "left": other("The value under trial is another"),
        "right": other("The value to agree with is another"),
        "tolerance": _ROOM,
    },
    "monotone": {
        "value": other("Another value is ordered"),
        "in": other("Another input grows"),
        "direction": _DIRECTION,
        "strict": Rule(flag, "tightened", "Equal values now refute the claim", "Equal values are let through"),
    },
    "frame": {
        "run": _RUN,
        "unchanged": Rule(
            literals, "tightened", "The call must leave more unchanged", "The call must leave less unchanged",
            "The call must leave other things unchanged",
        ),
        "changed": Rule(
            literals, "tightened", "The call must change more", "The call must change less",
            "The call must change other things",
        ),
        "check": Rule(
            conditions, "tightened", "What must be true after the call is stricter",
            "What must be true after the call is weaker", "Something else must be true after the call",
        ),
    },
    "rejection": {
        "run": _RUN,
        "raises": Rule(
            breadth, "loosened", "More kinds of error will do", "Fewer kinds of error will do", "Another error is asked for"
        ),
        "message": Rule(
            present, "tightened", "The error must also say something", "The error may say anything",
            "The error must say something else",
        ),
        "leaves_nothing_in": Rule(
            present, "tightened", "Nothing may be left behind any more", "Files may be left behind",
            "Another folder must stay empty",
        ),
        "limits.seconds": Rule(number(math.inf), "loosened", "A case may take longer", "A case may take less time"),
        "limits.bytes": Rule(number(math.inf), "loosened", "A case may use more memory", "A case may use less memory"),
    },
    "cost": {
        "run": _RUN,
        "measure": other("Something else is measured", verbatim),
        "of": other("The calls of another subject are counted"),
        "at_most": Rule(number(None), "loosened", "More may be spent", "Less may be spent"),
    },
    "threshold": {"metric": _METRIC, "at_least": _AT_LEAST, "at_most": _AT_MOST},
    "difference": {
        "metric": _METRIC,
        "margin": Rule(
            number(None), "tightened", "The candidate must be better by more", "The candidate must be better by less"
        ),
    },
    "non_inferiority": {
        "metric": _METRIC,
        "margin": Rule(number(None), "loosened", "The candidate may lose more", "The candidate may lose less"),
    },
    "trend": {"of": other("Another quantity must go that way", verbatim), "direction": _DIRECTION},
    "compound": {
        "combines": other("The claims are combined in another way", verbatim),
        "all_of": Rule(
            _parts, "tightened", "More claims must hold", "Fewer claims must hold", "Other claims must hold"
        ),
        "any_of": Rule(
            _parts, "loosened", "One of more claims will do", "One of fewer claims must do", "One of other claims must do"
        ),
    },
    "gate": {
        "require": Rule(
            literals, "tightened", "The gate requires more claims", "The gate requires fewer claims",
            "The gate requires other claims",
        ),
        "allow": Rule(
            _allowed, "loosened", "The gate lets more through", "The gate lets less through",
            "The gate lets something else through",
        ),
    },
    "unbound": {
        "claim": other("The prose is all there is of this claim, and it changed", prose),
        "kind": words("Its source calls the claim something else"),
        "formal": other("The formula is all there is of this claim, and it changed", prose),
        "at": words("The claim stands elsewhere in its source"),
    },
}  # fmt: skip
"""Type → field → rule. A field that is in neither table is the same or not, letter by letter."""
