"""Counts that every format shares: totals with their denominator, groups by contract and by criterion, what would
help.

The one thing a reader would get wrong: "decided" is not "passed". A falsified claim is decided; an undecided one is
neither good nor bad news, and stays in the denominator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from apr_core.report.text import one_line, plural
from apr_core.trial.result import OUTCOMES, Result
from apr_core.verdict import TABLE

FAILING = frozenset({"FALSIFIED", "RECOVERED", "ERROR"})
"""Outcomes that make a run red."""

UNDECIDED = frozenset({"UNDERPOWERED", "UNTESTED"})
"""Outcomes after which the claim is as open as before."""

MEANING: dict[str, str] = {
    "HELD": "tried and not broken",
    "HELD-AS-FALSE": "meant to be false, and shown to be",
    "FALSIFIED": "tried and broken",
    "REFUTED": "known to be false, and still is",
    "RECOVERED": "listed as refuted, and no longer false",
    "UNDERPOWERED": "the evidence cannot decide",
    "UNTESTED": "nothing here could try it",
    "ERROR": "the check is broken, which says nothing about the claim",
}
"""One row per outcome: what the word says to somebody who has never seen it."""

_UNUSUAL = frozenset({"HELD-AS-FALSE", "REFUTED", "RECOVERED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """The circumstances of one run."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid", "use_attribute_docstrings": True}

    root: str
    """Name of the project's root folder."""
    command: str
    """What was typed."""
    seed: int
    """Every random choice follows from it."""
    cases: int
    """Cases per claim that is tried on drawn inputs."""
    scale: str | None = None
    """The scale that bound roles to models; null if none did."""
    started: str
    """ISO 8601 time."""
    seconds: float
    """Wall time of the run."""
    versions: dict[str, str] = field(default_factory=dict)
    """Package → version, of what took part: python, apr-core, and others if imported."""
    selected: int
    """Claims that this run set out to try."""
    collected: int
    """Claims that there are in what the run was pointed at."""
    commit: str | None = None
    """The git commit that was checked out; null when there is none, or nobody looked."""
    dirty: bool | None = None
    """Whether files differed from that commit or were not in it, apart from the reports; null when nobody can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many claims came to what."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid", "use_attribute_docstrings": True}

    total: int
    """The denominator: claims with a result."""
    decided: int
    """Those of them that are held or falsified, expected or not."""
    outcomes: dict[str, int]
    """Every outcome, in a fixed order, with its number of claims."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One line that would let untested claims be tried."""

    enable: str
    """The line; empty if nobody knows one."""
    reasons: dict[str, tuple[str, ...]]
    """Why the claims are untested → their ids."""

    @property
    def claims(self) -> int:
        """How many claims it would let be tried."""
        return sum(len(ids) for ids in self.reasons.values())


def totals(results: Iterable[Result]) -> Totals:
    """The number of claims per outcome; outcomes that did not occur are there with 0."""
    counts = dict.fromkeys(OUTCOMES, 0)
    decided = 0
    for result in results:
        counts[result.outcome] += 1
        decided += TABLE[result.verdict].decided
    return Totals(total=sum(counts.values()), decided=decided, outcomes=counts)


def by_contract(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Contract → its results, in the order in which they come. `totals` of each group is a row of the matrix."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.contract, []).append(result)
    return groups


def by_criterion(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Criterion → the results that serve it, sorted by criterion. A claim that serves two is in both groups."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        for criterion in dict.fromkeys(result.criteria):
            groups.setdefault(criterion, []).append(result)
    return dict(sorted(groups.items()))


def openings(results: Iterable[Result]) -> list[Opening]:
    """The UNTESTED claims by the line that would change it, most claims first; those without a line last."""
    groups: dict[str, dict[str, list[str]]] = {}
    for result in results:
        if result.outcome == "UNTESTED":
            groups.setdefault(result.enable or "", {}).setdefault(result.reason, []).append(result.id)
    found = [Opening(enable, {why: tuple(ids) for why, ids in reasons.items()}) for enable, reasons in groups.items()]
    return sorted(found, key=lambda opening: (not opening.enable, -opening.claims))


def tally(counts: Mapping[str, int], *, explain: bool = False) -> str:
    """`18 HELD, 5 FALSIFIED`: the outcomes that occurred; with `explain` the unusual words say what they mean."""
    return ", ".join(
        f"{count:,} {outcome}" + (f" ({MEANING[outcome]})" if explain and outcome in _UNUSUAL else "")
        for outcome, count in counts.items()
        if count
    )


def sentence(results: Sequence[Result], info: RunInfo) -> str:
    """The totals in words with their denominator: `31 claims: 18 HELD, …; 24 of 31 decided.`

    Also says what is missing from the denominator: claims that were not selected, and selected ones without a result.
    """
    found = totals(results)
    words = [
        f"{plural(found.total, 'claims')}: {tally(found.outcomes, explain=True) or 'nothing was tried'}; "
        f"{found.decided:,} of {found.total:,} decided"
        + ("." if found.decided else ", so this run shows nothing about any claim.")
    ]
    if info.collected > info.selected:
        words.append(f"Selected: {info.selected:,} of {plural(info.collected, 'collected claims')}.")
    if info.selected > found.total:
        words.append(f"Without a result: {plural(info.selected - found.total, 'selected claims')}.")
    return " ".join(words)


def circumstances(info: RunInfo) -> str:
    """`seed 7 · 100 cases per claim · scale lab · python 3.12.1, apr-core 0.1.0 · 4.2 s`: what the run rests on."""
    parts = [f"seed {info.seed}", f"{plural(info.cases, 'cases')} per claim"]
    if info.scale is not None:
        parts.append(f"scale {info.scale}")
    parts.append(", ".join(f"{name} {version}" for name, version in info.versions.items()))
    parts.append(f"{info.seconds:,.1f} s")
    return one_line(" · ".join(part for part in parts if part))
