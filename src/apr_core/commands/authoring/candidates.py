"""From calls that were seen to claims worth trying.

The one thing a reader would get wrong: a candidate that fits everything that was seen may still be false, or true by
accident. Those that follow from what functions usually promise are written as claims; the others as suggestions, for
the author to judge.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from apr_core.commands.authoring.domains import Domain
from apr_core.commands.authoring.probe import Seen
from apr_core.commands.authoring.signature import Plan
from apr_core.compiler.describe import describe
from apr_core.compiler.values import same
from apr_core.contract.vocabulary.arrays import is_torch


@dataclass
class Candidate:
    """An obligation that may be written, with what to say about it."""

    name: str
    """Last part of its id."""
    fields: dict[str, Any]
    """What stands in the obligation, besides its id."""
    suggestion: bool = False
    """Whether it is only suggested, as a comment."""
    mutant: str | None = None
    """What the subject gives instead, in a planted fault that this obligation must notice."""
    remark: str = ""
    """What was seen that led to it."""
    inputs: dict[str, Domain] = field(default_factory=dict)
    """Domains that replace those of the contract."""
    quiet: bool = False
    """Whether it is dropped without a word when its trial refutes it: it was a mere guess, so that is no finding."""


def candidates(function: Callable[..., Any], drafted: Plan, seen: Sequence[Seen]) -> list[Candidate]:
    """The claims and suggestions that the calls lead to, the most useful first."""
    worked = [one for one in seen if one.error is None]
    changed = sorted({name for one in worked for name in one.changed})
    if changed:
        return [_changes(drafted, worked, changed), *_refusals(drafted)]
    kind = result_kind([one.result for one in worked])
    return [
        *_finite(drafted, worked, kind),
        *_range(drafted, worked, kind),
        *_shape(drafted, worked, kind),
        _repeatable(drafted, kind),
        *_refusals(drafted),
        *_monotone(drafted, kind),
        *_symmetry(function, drafted, worked),
        *_idempotence(function, drafted, worked),
    ]


def result_kind(results: Sequence[Any]) -> str:
    """`none`, `truth`, `integer`, `real`, `array`, `numbers` (a list of them), or `other`."""
    for kind, test in _KINDS.items():
        if results and all(test(value) for value in results):
            return kind
    return "other"


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "none": lambda value: value is None,
    "truth": lambda value: isinstance(value, (bool, np.bool_)),
    "integer": lambda value: isinstance(value, (int, np.integer)) and not isinstance(value, bool),
    "real": _is_real,
    "array": lambda value: (isinstance(value, np.ndarray) and value.dtype.kind in "fiu") or is_torch(value),
    "numbers": lambda value: isinstance(value, (list, tuple)) and all(map(_is_real, value)),
}


def _finite(drafted: Plan, worked: Sequence[Seen], kind: str) -> list[Candidate]:
    if kind not in ("real", "array", "numbers") or any(_size(one.result) == 0 for one in worked):
        return []
    call = f"[isfinite(y) for y in {drafted.call}]" if kind == "numbers" else f"isfinite({drafted.call})"
    fields = {
        "type": "holds",
        "claim": "The result is finite.",
        "check": call if kind == "real" else f"all({call})",
        "if_falsified": "A division by zero, an overflow, or a logarithm or root of a number outside its domain.",
    }
    mutant = None if kind == "numbers" else "result * nan"
    return [Candidate("FINITE", fields, mutant=mutant)]


def _size(value: Any) -> int:
    return int(np.size(value)) if not is_torch(value) else int(value.numel())


def _range(drafted: Plan, worked: Sequence[Seen], kind: str) -> list[Candidate]:
    """[0, 1] is worth a claim of its own; never negative is a suggestion."""
    if kind not in ("real", "integer"):
        return []
    low, high = min(one.result for one in worked), max(one.result for one in worked)
    seen = f"seen: {describe(low)} to {describe(high)}"
    if 0 <= low < high <= 1:
        fields = {"type": "bound", "claim": "The result lies between 0 and 1.", "value": drafted.call, "within": [0, 1]}
        return [Candidate("RANGE", fields, mutant="result + 2", remark=seen)]
    if low >= 0 and math.isfinite(float(high)):
        fields = {
            "type": "bound",
            "claim": "The result is never negative.",
            "value": drafted.call,
            "within": [0, "inf"],
        }
        return [Candidate("RANGE", fields, suggestion=kind == "real", mutant="-1 - result", remark=seen)]
    return []


def _shape(drafted: Plan, worked: Sequence[Seen], kind: str) -> list[Candidate]:
    if kind != "array":
        return []
    for name in drafted.names.values():
        shapes = {tuple(getattr(one.arguments[name], "shape", ("none",))) for one in worked}
        if len(shapes) > 1 and all(
            tuple(one.result.shape) == tuple(getattr(one.arguments[name], "shape", ())) for one in worked
        ):
            fields = {
                "type": "holds",
                "claim": f"The result has the shape of {name}.",
                "check": f"shape({drafted.call}) == shape({name})",
            }
            return [Candidate("SHAPE", fields, mutant="concatenate([result, result])")]
    return []


_UNREPEATABLE = {
    "integer": "result + calls",
    "real": "result + calls",
    "array": "result + calls",
    "numbers": "[y + calls for y in result]",
    "truth": "calls % 2 == 0",
}
"""Kind of result → a fault that depends on how often the function was called."""


def _repeatable(drafted: Plan, kind: str) -> Candidate:
    """Its mutant shows that it is a claim: without one, both sides are simply the same."""
    fields = {
        "type": "equivalence",
        "claim": "Two calls with the same arguments give the same result, bit for bit.",
        "left": drafted.call,
        "right": drafted.call,
        "tolerance": {"exact": True},
        "if_falsified": "It depends on something besides its arguments: a global, a clock, or an unseeded generator.",
    }
    return Candidate("REPEATABLE", fields, mutant=_UNREPEATABLE.get(kind, "calls"))


def _changes(drafted: Plan, worked: Sequence[Seen], changed: Sequence[str]) -> Candidate:
    """For a function that works in place: which arguments it changes, and which not."""
    always = [name for name in changed if all(name in one.changed for one in worked)]
    rest = [name for name in drafted.names.values() if name not in changed]
    fields: dict[str, Any] = {
        "type": "frame",
        "claim": f"It changes {_listed(changed)} and nothing else.",
        "run": drafted.call,
    }
    if always:
        fields["changed"] = always
    if rest:
        fields["unchanged"] = rest
    return Candidate("FRAME", fields)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def _refusals(drafted: Plan) -> list[Candidate]:
    """Below the domain that works, the function raised: claim that it does so for all of what lies below."""
    found = []
    bounds = _bounds(drafted)
    for name, (wider, failure) in drafted.refused.items():
        kind = "integer" if "integer" in wider else "real"
        low, edge = wider[kind][0], drafted.domains[name][kind][0]
        below = {kind: [low, edge - 1 if kind == "integer" else -0.001]}
        if name in bounds or below[kind][0] > below[kind][1] or (kind == "real" and edge > 0.001):
            continue
        fields = {
            "type": "rejection",
            "claim": f"Any {name} below {edge:g} is refused.",
            "run": drafted.call,
            "raises": type(failure.error).__name__,
        }
        remark = (
            f"seen: {name}={describe(failure.arguments[name])} raised {type(failure.error).__name__}: {failure.error}"
        )
        found.append(Candidate(f"REFUSES-{name.upper()}", fields, remark=remark, inputs={name: below}, quiet=True))
    return found


def _bounds(drafted: Plan) -> set[str]:
    """The inputs that are, or are part of, a bound or an extent of another."""
    lists = [value for domain in drafted.domains.values() for value in domain.values() if isinstance(value, list)]
    sources = [one for values in lists for one in values if isinstance(one, str)]
    return {word for source in sources for word in re.findall(r"[A-Za-z]\w*", source)}


def _monotone(drafted: Plan, kind: str) -> list[Candidate]:
    """Both orders in every number that is drawn independently; whichever survives its trial is suggested."""
    if kind not in ("real", "integer"):
        return []
    numeric = [name for name in drafted.names.values() if {"integer", "real"} & drafted.domains[name].keys()]
    found = []
    for name in numeric:
        if name in _bounds(drafted):
            continue
        for direction, wrong in (("increasing", "down"), ("decreasing", "up")):
            fields = {"type": "monotone", "claim": f"It never goes {wrong} as {name} grows.", "value": drafted.call}
            fields |= {"in": name, "direction": direction}
            found.append(Candidate(f"{direction.upper()}-IN-{name.upper()}", fields, suggestion=True))
    return found


def _symmetry(function: Callable[..., Any], drafted: Plan, worked: Sequence[Seen]) -> list[Candidate]:
    names = list(drafted.names.values())
    if len(names) != 2 or drafted.keyword_only or drafted.domains[names[0]] != drafted.domains[names[1]]:
        return []
    if not all(_agrees(function, one.result, [one.arguments[name] for name in reversed(names)]) for one in worked):
        return []
    fields = {
        "template": "symmetry", "claim": "The order of the two arguments does not matter.",
        "function": drafted.subject, "of": names, "tolerance": {"exact": True},
    }  # fmt: skip
    return [Candidate("SYMMETRY", fields, suggestion=True)]


def _idempotence(function: Callable[..., Any], drafted: Plan, worked: Sequence[Seen]) -> list[Candidate]:
    names = list(drafted.names.values())
    if (
        len(names) != 1
        or drafted.keyword_only
        or not all(_agrees(function, one.result, [one.result]) for one in worked)
    ):
        return []
    if all(same(one.arguments[names[0]], one.result) for one in worked):  # the identity has nothing to repeat
        return []
    fields = {
        "template": "idempotence", "claim": "Doing it twice is doing it once.",
        "function": drafted.subject, "of": names[0], "tolerance": {"exact": True},
    }  # fmt: skip
    return [Candidate("IDEMPOTENCE", fields, suggestion=True)]


def _agrees(function: Callable[..., Any], expected: Any, arguments: Sequence[Any]) -> bool:
    from apr_core.compiler.values import fresh

    try:
        return same(expected, function(*map(fresh, arguments)))
    except Exception:  # it does not take such an argument, so there is nothing to suggest
        return False


def by_verdict(found: Sequence[Candidate], verdicts: Mapping[str, bool]) -> tuple[list[Candidate], list[Candidate]]:
    """Those to write as claims, and those to write as suggestions; `verdicts` says which of them held.

    A suggestion that its trial refuted is dropped. A claim that was refuted becomes a suggestion: it is a finding.
    """
    claims = [one for one in found if verdicts[one.name] and not one.suggestion]
    suggested = [
        one for one in found if verdicts[one.name] == one.suggestion and not (one.quiet and not one.suggestion)
    ]
    return claims, suggested
