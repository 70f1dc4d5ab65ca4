"""What one attempt came to: the event that every report consumes.

The one thing a reader would get wrong: `verdict` is about the claim as written. For `expect: falsified` a FALSIFIED verdict is
what the author wants; `outcome` folds that in, and is what pytest, the totals and the gates look at.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from apr_core.verdict import Verdict

OUTCOMES = ("HELD", "HELD-AS-FALSE", "FALSIFIED", "REFUTED", "RECOVERED", "UNDERPOWERED", "UNTESTED", "ERROR")
"""Columns of every summary. REFUTED: falsified and listed in refuted.yaml. RECOVERED: listed there, but no longer false."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """The problems on which two sides differ, by id, in the order of the problem set."""

    lost: tuple[str, ...]
    """Problems that the candidate passes less often than the reference."""
    gained: tuple[str, ...]
    """Problems that the candidate passes more often than the reference."""
    of: tuple[str, str]
    """Names of reference and candidate in the contract."""
    n: int
    """Problems that both sides were measured on; on all the others the sides agree."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Flips:
        """The flips that `dataclasses.asdict` wrote."""
        reference, candidate = data["of"]
        return cls(lost=tuple(data["lost"]), gained=tuple(data["gained"]), of=(reference, candidate), n=data["n"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of trying one claim. Plain data: it crosses process borders and is written to `report.json`."""

    id: str
    """`folder/file::ID`."""
    contract: str
    type: str
    claim: str
    verdict: Verdict
    reason: str
    """One sentence: why this verdict and not another."""
    title: str = ""
    criteria: tuple[str, ...] = ()
    expect: str = "held"
    refuted: str | None = None
    """The note of refuted.yaml when the claim is listed there."""
    expected: str | None = None
    observed: str | None = None
    counterexample: dict[str, str] | None = None
    """Name of the input → its value as text; the smallest found."""
    broke: str | None = None
    """How a counterexample breaks the claim: `false`, `outside`, `unequal`, `order`, `changed`, `accepted`, `cost`, `raised`,
    `nonfinite`."""
    estimate: float | None = None
    interval: tuple[float | None, float | None] | None = None
    """Two numbers around the estimate; `interval_of` says which."""
    interval_of: str | None = None
    """`bounds`: the one-sided bounds that decided. `runs`: the lowest and the highest run. `possible`: the least and the greatest
    value that runs known only in total allow."""
    line: str | None = None
    """What the estimate is compared with, as text."""
    required: tuple[float | None, float | None] | None = None
    """Where the estimate has to lie for the claim to hold, in its own unit: from, to; None for an open side."""
    unit: str | None = None
    n: int | None = None
    """The denominator: cases tried, problems, items or runs; `n_of` says which."""
    n_of: str | None = None
    discarded: int = 0
    power: dict[str, Any] | None = None
    """For UNDERPOWERED: `needed`, `unit`, and the assumptions behind the number; where it can be computed also the `curve`,
    (n, chance of a decision), and the chance that is the `target`."""
    flips: Flips | None = None
    """For a comparison of two sides that were measured problem by problem."""
    problems: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """For a metric over sets of problems: which ones, under `never solved` and `solved in some runs`."""
    evidence: tuple[str, ...] = ()
    sides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of the evidence in the contract → ids of its records."""
    notes: tuple[str, ...] = ()
    """Warnings that belong to the verdict: OPTIMISTIC selection, unpaired comparison, runs known only in total."""
    enable: str | None = None
    """For UNTESTED: the one line that would change it."""
    if_falsified: str | None = None
    backend: str | None = None
    seed: int | None = None
    versions: dict[str, str] = field(default_factory=dict)
    where: str = ""
    """`file:line` of the obligation."""
    contract_digest: str | None = None
    """SHA-256 of the contract file as it was read to judge this claim; None when the file cannot be used."""
    reproduce: str = ""
    seconds: float = 0.0
    parts: tuple[tuple[str, str], ...] = ()
    """For compound and gate: (claim id, outcome)."""

    @property
    def outcome(self) -> str:
        """The column of the summary that this result counts in."""
        if self.verdict is Verdict.FALSIFIED:
            if self.expect == "falsified":
                return "HELD-AS-FALSE"
            return "REFUTED" if self.refuted is not None else "FALSIFIED"
        if self.verdict is Verdict.HELD:
            if self.expect == "falsified":
                return "FALSIFIED"
            return "RECOVERED" if self.refuted is not None else "HELD"
        return self.verdict.value

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data; `from_json` is its inverse."""
        return asdict(self) | {"verdict": self.verdict.value, "outcome": self.outcome}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """The result that `to_json` wrote."""
        values = {key: value for key, value in data.items() if key != "outcome"}
        values["verdict"] = Verdict(values["verdict"])
        for key in ("criteria", "evidence", "notes"):
            values[key] = tuple(values[key])
        for key in ("problems", "sides"):
            values[key] = {name: tuple(ids) for name, ids in values[key].items()}
        if values["flips"] is not None:
            values["flips"] = Flips.from_json(values["flips"])
        values["parts"] = tuple((part[0], part[1]) for part in values["parts"])
        for key in ("interval", "required"):
            if values[key] is not None:
                values[key] = tuple(values[key])
        return cls(**values)
