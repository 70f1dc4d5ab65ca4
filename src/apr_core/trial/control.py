"""What a planted fault came to: one row of the kill matrix, and one line of the audit. Plain data, like `Result`.

The one thing a reader would get wrong: KILLED is good news. The fault was planted on purpose, and an obligation that notices
it has shown that it can fail; SURVIVED means that the obligation would stay green on broken code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

KILLED, SURVIVED, DRIFTED, UNTESTED, ERROR = "KILLED", "SURVIVED", "DRIFTED", "UNTESTED", "ERROR"

OUTCOMES = (KILLED, SURVIVED, DRIFTED, UNTESTED, ERROR)
"""What a mutant, or one cell of the kill matrix, can come to. DRIFTED: the edit no longer fits the source, so nothing was
planted. UNTESTED: the subject or the evidence does not exist yet. ERROR: the trial broke, which is not the same as noticing
the fault."""

_WORST_FIRST = (ERROR, DRIFTED, SURVIVED, UNTESTED, KILLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One obligation under one mutant."""

    claim: str
    """`folder/file::ID`."""
    outcome: str
    """One of OUTCOMES."""
    reason: str
    """One sentence: what gave the fault away, or that nothing did."""
    counterexample: dict[str, str] | None = None
    """The case that killed: name of the input → its value as text."""
    broke: str | None = None
    """How it broke the claim, as `Result.broke` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One mutant and what every obligation that it names made of it."""

    id: str
    """`folder/file::mutant-id`."""
    contract: str
    kind: str
    """`result`, `source`, `evidence`, or `part` for a claim that a compound claim or a gate rests on."""
    of: str
    """The subject or the evidence in which the fault is planted, by its name in the contract."""
    fault: str
    """What was planted, as a line of text; for `source` the lines taken out and put in, prefixed with `-` and `+`."""
    where: str
    """`file:line` of the mutant in its contract."""
    cells: tuple[Cell, ...]
    museum: str | None = None
    """The fault of a real project that this mutant repeats, if it does."""
    seconds: float = 0.0
    cached: bool = False
    """Whether the kills were known from an earlier run on the same contract, sources and versions."""

    @property
    def outcome(self) -> str:
        """The worst of the cells: a mutant counts as killed when every obligation that it names noticed."""
        found = {cell.outcome for cell in self.cells}
        return next(outcome for outcome in _WORST_FIRST if outcome in found)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data; `from_json` is its inverse."""
        return asdict(self) | {"outcome": self.outcome}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Control:
        """The control that `to_json` wrote."""
        values = {key: value for key, value in data.items() if key != "outcome"}
        values["cells"] = tuple(Cell(**cell) for cell in values["cells"])
        return cls(**values)


LABELS: dict[str, str] = {
    "CONTROLLED": "a planted fault makes it fall",
    "FELL": "it fell on the real thing, which shows that it can",
    "UNCONTROLLED": "it can fall, but its contract names no mutant for it",
    "VACUOUS": "nothing could ever make it fall",
    "SURVIVED": "a planted fault that it should notice goes by",
    "DRIFTED": "a mutant's edit no longer fits the source",
    "UNBOUND": "it is bound to nothing that exists, so it cannot be tried",
    "UNTESTED": "nothing here could try it",
    "ERROR": "it breaks before it decides anything",
}
"""What the audit says of a claim, best first, and what the word means."""

DEFECTS = frozenset({"VACUOUS", "SURVIVED", "DRIFTED", "ERROR"})
"""Labels with which an audit fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What the audit says of one claim."""

    claim: str
    label: str
    """One of LABELS."""
    reason: str
    killed: int = 0
    """Mutants that it noticed."""
    mutants: int = 0
    """Mutants that name it."""


def killed(controls: Sequence[Control]) -> int:
    """How many mutants were noticed by every obligation that they name."""
    return sum(control.outcome == KILLED for control in controls)
