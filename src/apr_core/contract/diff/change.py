"""One change of a contract, and the level of version that it asks for.

The one thing a reader would get wrong: `changed` is not a harmless middle. It means that nobody can say which of the two
is stricter, and what cannot be shown to be as strict as before counts as loosened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

Level = Literal["patch", "minor", "major"]
Kind = Literal[
    "loosened", "changed", "dropped", "renamed", "moved", "unreadable", "tightened", "added", "reworded"
]  # fmt: skip

LEVELS: tuple[Level, ...] = get_args(Level)
"""From the least to the most."""

LEVEL_OF: dict[Kind, Level] = {
    "loosened": "major",
    "changed": "major",
    "dropped": "major",
    "renamed": "major",
    "moved": "major",
    "unreadable": "major",
    "tightened": "minor",
    "added": "minor",
    "reworded": "patch",
}
"""What a change of this kind asks of the version of its contract."""


@dataclass(frozen=True, slots=True)
class Step:
    """One difference between two values, before it is known whose it is."""

    place: str
    """The field, or what the claim rests on: `tolerance`, `inputs.n`, `subjects.slerp`."""
    kind: Kind
    sentence: str
    before: str | None = None
    after: str | None = None
    judging: bool = False
    """Whether it is about how the claim is judged. A claim that is meant to be false turns every other step around."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two contracts, in a sentence."""

    kind: Kind
    place: str
    """What changed: a field of the claims, `inputs.n`, `mutants.linear`, `version`."""
    claims: tuple[str, ...]
    """Ids of the obligations it bears on, as the new contract has them; none when it is about the contract."""
    sentence: str
    before: str | None = None
    after: str | None = None

    @property
    def level(self) -> Level:
        """The least raise of the version that announces it."""
        return LEVEL_OF[self.kind]


def of_claim(step: Step, *claims: str) -> Change:
    """A step as a change of some claims."""
    return Change(step.kind, step.place, claims, step.sentence, step.before, step.after)


def merged(changes: Iterable[Change]) -> list[Change]:
    """Changes that differ only in their claims as one, the gravest first."""
    found: dict[Change, dict[str, None]] = {}
    for change in changes:
        found.setdefault(replace(change, claims=()), {}).update(dict.fromkeys(change.claims))
    whole = [replace(change, claims=tuple(claims)) for change, claims in found.items()]
    return sorted(whole, key=lambda change: -LEVELS.index(change.level))


def highest(changes: Iterable[Change]) -> Level | None:
    """The gravest level; None when nothing changed."""
    levels: Iterator[Level] = (change.level for change in changes)
    return max(levels, key=LEVELS.index, default=None)
