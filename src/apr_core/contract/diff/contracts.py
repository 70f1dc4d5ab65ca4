"""Two contracts: which claim is which, what became of each, and what that asks of the version.

The one thing a reader would get wrong: a claim that got another id is not the same as before, even when no letter of it
changed. Gates, compound claims and the list of refuted claims name it by its id, and find nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from apr_core.contract.diff.change import Change, Level, Step, highest, merged, of_claim
from apr_core.contract.diff.claims import compare_claims
from apr_core.contract.diff.controls import compare_mutants
from apr_core.contract.diff.forms import Side
from apr_core.contract.diff.order import exactly
from apr_core.contract.diff.rules import Rule, words
from apr_core.contract.diff.view import View, view
from apr_core.contract.diff.wording import cut
from apr_core.contract.limits import NUMBER_CHARACTERS
from apr_core.contract.schema import Contract

_WORDED = {
    "title": "The contract has another title",
    "references": "The contract names other references",
    "produce": "The advice names another recipe for evidence that is missing",
    "source": "The contract was imported from another document",
}
"""Fields of a contract on which no verdict depends. One that is in neither table may mean anything."""
_ELSEWHERE = frozenset(
    ["version", "criteria", "subjects", "constants", "inputs", "setup", "evidence", "obligations", "mutants"]
)
"""Fields that are compared where a claim or a mutant uses them."""


def compare_contracts(
    old: Contract, new: Contract, *, old_id: str = "", new_id: str = "", renamed: Mapping[str, str] | None = None
) -> list[Change]:
    """Every difference in meaning between two states of a contract, the gravest first; none when they mean the same.

    The ids are what claims of other files call the two. `renamed` maps claim ids (`folder/file::ID`) to their new ones,
    for claims of other files that changed as well; those of this file are found.
    """
    renamed = {**(renamed or {}), **renamed_claims(old, new, old_id=old_id, new_id=new_id, renamed=renamed)}
    was, now = Side(old, old_id, new_id, renamed), Side(new, new_id, new_id)
    changes = [*_claims(was, now), *compare_mutants(was, now), *_contract(was, now), *_version(old, new)]
    return merged(changes)


def renamed_claims(
    old: Contract, new: Contract, *, old_id: str = "", new_id: str = "", renamed: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Claim ids of the old contract to ids of the new one, where a claim is there under another id than before.

    With two contract ids that is every claim whose own id stayed, too: the file was moved.
    """
    kept = {one.id for one in old.obligations} & {one.id for one in new.obligations}
    found = {f"{old_id}::{name}": f"{new_id}::{name}" for name in kept if old_id != new_id}
    gone = [one for one in old.obligations if one.id not in kept]
    fresh = [one for one in new.obligations if one.id not in kept]
    while True:  # a claim that combines renamed claims is known again once they are
        was, now = Side(old, old_id, new_id, {**(renamed or {}), **found}), Side(new, new_id, new_id)
        after = {one.id: view(one, now) for one in fresh}
        pairs = {}
        for before in (view(one, was) for one in gone):
            twin = next((name for name, other in after.items() if _alike(before, other)), None)
            if twin is not None:
                del after[twin]
                pairs[before.obligation.id] = twin
        if not pairs:
            return found
        found |= {f"{old_id}::{name}": f"{new_id}::{twin}" for name, twin in pairs.items()}
        gone = [one for one in gone if one.id not in pairs]
        fresh = [one for one in fresh if one.id in after]


def _alike(was: View, now: View) -> bool:
    """Whether two claims say the same, in whatever words."""
    return all(step.kind == "reworded" for step in compare_claims(was, now))


def _claims(was: Side, now: Side) -> Iterator[Change]:
    """What became of each claim."""
    after = {one.id: one for one in now.contract.obligations}
    for one in was.contract.obligations:
        other = after.pop(was.reference(one.id), None)
        if other is None:
            yield Change(
                "dropped", "obligations", (one.id,), f"The claim is gone: {_quoted(one.claim)}.", one.claim, None
            )
            continue
        if other.id != one.id:
            sentence = f"{one.id} is called {other.id} now: whatever names {one.id} finds nothing."
            yield Change("renamed", "id", (other.id,), sentence, one.id, other.id)
        for step in compare_claims(view(one, was), view(other, now)):
            yield of_claim(step, other.id)
    for one in after.values():
        yield Change("added", "obligations", (one.id,), f"A new claim: {_quoted(one.claim)}.", None, one.claim)


def _quoted(claim: str) -> str:
    return f"“{cut(claim).rstrip('.')}”"


def _contract(was: Side, now: Side) -> Iterator[Change]:
    """What no claim uses."""
    for name in type(now.contract).model_fields:
        if name in _ELSEWHERE:
            continue
        old, new = getattr(was.contract, name), getattr(now.contract, name)
        rule = words(_WORDED[name]) if name in _WORDED else Rule(exactly)
        step = rule.step(name, old, new, was, now)
        if step is not None and name == "source":  # the documents are too long for a sentence
            step = Step(name, step.kind, f"{_WORDED[name]}.", *(origin and origin.file for origin in (old, new)))
        if step is not None:
            yield of_claim(step)


def _version(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = numbers(old.version), numbers(new.version)
    if after < before:
        sentence = f"The version goes back from {old.version} to {new.version}: nobody can tell which is newer."
        yield Change("changed", "version", (), sentence, old.version, new.version)
    elif after > before:
        sentence = f"The version was raised from {old.version} to {new.version}."
        yield Change("reworded", "version", (), sentence, old.version, new.version)


def numbers(version: str) -> tuple[int, ...]:
    """`1.10.0` as (1, 10, 0)."""
    return tuple(int(part[-NUMBER_CHARACTERS:]) for part in version.split("."))


def asked(changes: list[Change]) -> Level | None:
    """The least raise of the version that announces these changes; None when there is nothing to announce."""
    return highest(change for change in changes if change.place != "version" or change.kind != "reworded")


def raised(old: str, new: str) -> Level | None:
    """By how much a version was raised; None when it was not."""
    before, after = numbers(old), numbers(new)
    if after <= before:
        return None
    levels: tuple[Level, ...] = ("major", "minor", "patch")
    return next(level for level, a, b in zip(levels, before, after, strict=True) if a != b)


def next_version(old: str, level: Level) -> str:
    """The least version that announces changes of a level."""
    major, minor, patch = numbers(old)
    return {"major": f"{major + 1}.0.0", "minor": f"{major}.{minor + 1}.0", "patch": f"{major}.{minor}.{patch + 1}"}[
        level
    ]
