"""Mutants: the planted faults of a contract, by which its claims show that they could fall.

The one thing a reader would get wrong: a mutant that is gone makes no claim weaker, and is a loss all the same. From
then on nobody would see it if the claim could no longer fall.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apr_core.contract.diff.change import Change, Step
from apr_core.contract.diff.forms import Side
from apr_core.contract.diff.order import exactly, literals
from apr_core.contract.diff.rules import Rule, other, words

RULES: dict[str, Rule] = {
    "killed_by": Rule(
        literals, "tightened", "More claims must notice the planted fault", "Fewer claims must notice the planted fault",
        "Other claims must notice the planted fault",
    ),
    "of": other("The fault is planted elsewhere"),
    "becomes": other("The planted fault is another"),
    "museum": words("The planted fault repeats another fault of the museum"),
}  # fmt: skip
"""Field → rule. The other fields of a mutant are the fault itself, and the same or not."""
_FAULT = other("The planted fault is another", exactly)


def compare_mutants(was: Side, now: Side) -> Iterator[Change]:
    """What became of each planted fault. One that only got another id is the same: no claim is named by it."""
    after = {one.id: one for one in now.contract.mutants}
    before = [one for one in was.contract.mutants if one.id not in after]
    for one in was.contract.mutants:
        if one.id in after:
            for step in _steps(one, after.pop(one.id), was, now):
                yield Change(step.kind, f"mutants.{one.id}", (), _named(one.id, step), step.before, step.after)
    for one in before:
        twin = next((new for new in after.values() if not any(_steps(one, new, was, now))), None)
        if twin is None:
            sentence = f"A negative control is gone: the planted fault {one.id}, noticed by {', '.join(one.killed_by)}."
            yield Change("dropped", f"mutants.{one.id}", (), sentence, one.id, None)
        else:
            del after[twin.id]
            sentence = f"The planted fault {one.id} is called {twin.id} now."
            yield Change("reworded", f"mutants.{twin.id}", (), sentence, one.id, twin.id)
    for one in after.values():
        sentence = f"A new negative control: the planted fault {one.id}, noticed by {', '.join(one.killed_by)}."
        yield Change("added", f"mutants.{one.id}", (), sentence, None, one.id)


def _steps(old: Any, new: Any, was: Side, now: Side) -> Iterator[Step]:
    before, after = _fields(old, was), _fields(new, now)
    for name in {**before, **after}:
        step = RULES.get(name, _FAULT).step(name, before.get(name), after.get(name), was, now)
        if step is not None:
            yield step


def _fields(mutant: Any, side: Side) -> dict[str, Any]:
    data: dict[str, Any] = mutant.model_dump(by_alias=True)
    return data | {"id": None, "killed_by": sorted(map(side.reference, data["killed_by"]))}


def _named(name: str, step: Step) -> str:
    return f"{name}: {step.sentence}"
