"""One claim as the page shows it: its figures in words, its drawings, and what it points at.

The one thing a reader would get wrong: long values are cut, and say so. What a reader must not miss (the outcome, what it means,
the denominator, the notes) is in fields of its own and never cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apr_core.report.chart import Curve, Strip, around, curve, needs, strip
from apr_core.report.run import Run
from apr_core.report.text import ELLIPSIS, one_line, plural
from apr_core.report.wording import assumptions, figure, meaning, needed, parts_tally, quantity, tried
from apr_core.trial.cited import CitedRecord
from apr_core.trial.control import Audited, Cell, Control
from apr_core.trial.result import Result

FELL = ("FALSIFIED", "RECOVERED", "ERROR", "REFUTED")
"""Outcomes that are told first, in this order."""
OPENING = "would open it: "
"""How the notes of a shut gate begin that say what is missing; the id of the part follows."""
MOST_CHARACTERS = 1_500
"""Of one value; the rest is in `report.json`."""
MOST_IDS = 400
"""Problems of one list that are named."""


class Anchors:
    """Fragment identifiers: readable, unique on the page, and the same for the same run."""

    def __init__(self, prefix: str, ids: Iterable[str]) -> None:
        self._of: dict[str, str] = {}
        taken: set[str] = set()
        for identity in ids:
            word = re.sub(r"[^A-Za-z0-9_.-]+", "-", identity)[:120] or "x"
            anchor, number = f"{prefix}-{word}", 2
            while anchor in taken:
                anchor, number = f"{prefix}-{word}-{number}", number + 1
            taken.add(anchor)
            self._of[identity] = anchor

    def of(self, identity: str) -> str | None:
        """The anchor of what is on the page; None for what is not."""
        return self._of.get(identity)


class Fact(NamedTuple):
    """One labelled line."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Linked:
    """A claim that something points at."""

    id: str
    outcome: str
    anchor: str | None
    opening: str = ""
    """For what a shut gate requires: what would let it pass."""

    @property
    def name(self) -> str:
        """The id inside its contract."""
        return self.id.rpartition("::")[2]


@dataclass(frozen=True, slots=True)
class Cited:
    """One record as a claim cites it."""

    name: str
    """The end of its id, which is its digest."""
    anchor: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Side:
    """The records behind one evidence name."""

    name: str
    common: str
    """What they have in common."""
    records: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Problems:
    """A list of problem ids with its name."""

    name: str
    ids: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Attack:
    """One mutant as a claim that it names sees it."""

    name: str
    anchor: str | None
    cell: Cell


@dataclass(frozen=True, slots=True)
class Card:
    """One claim with everything that is known about it."""

    result: Result
    anchor: str
    name: str
    """The id inside the contract."""
    meaning: str
    found: str
    """The figure in short."""
    needs: str
    """What it is compared with."""
    lacking: str
    """For UNDERPOWERED: how much would decide."""
    why: str
    because: tuple[Linked, ...]
    """For a compound or a gate: the parts that made it fall."""
    facts: tuple[Fact, ...]
    strip: Strip | None
    curve: Curve | None
    case: tuple[Fact, ...]
    """The counterexample."""
    problems: tuple[Problems, ...]
    sides: tuple[Side, ...]
    parts: tuple[Linked, ...]
    attacks: tuple[Attack, ...]
    audited: Audited | None


class Cards:
    """Makes the cards of a run, and knows where on the page each thing is."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.outcomes: Mapping[str, str] = {result.id: result.outcome for result in run.results}
        self.claims = Anchors("claim", self.outcomes)
        self.records = Anchors("record", (record.id for record in run.records))
        self.mutants = Anchors("mutant", (control.id for control in run.controls))
        self._cited = {record.id: record for record in run.records}
        self._audits = {audited.claim: audited for audited in run.audited}
        self._attacks: dict[str, list[tuple[Control, Cell]]] = {}
        for control in run.controls:
            for cell in control.cells:
                self._attacks.setdefault(cell.claim, []).append((control, cell))

    def card(self, result: Result) -> Card:
        """The card of one claim."""
        openings = _openings(result)
        parts = tuple(self.linked(identity, outcome, openings.get(identity, "")) for identity, outcome in result.parts)
        fallen = tuple(part for part in parts if part.outcome in FELL) if result.outcome in FELL else ()
        return Card(
            result=result,
            anchor=self.claims.of(result.id) or "",
            name=result.id.removeprefix(f"{result.contract}::"),
            meaning=meaning(result),
            found=_found(result),
            needs=needs(result),
            lacking=needed(result),
            why=_why(result, fallen),
            because=fallen,
            facts=tuple(_facts(self.run, result, openings)),
            strip=strip(result),
            curve=curve(result),
            case=tuple(Fact(name, shortened(value)) for name, value in (result.counterexample or {}).items()),
            problems=tuple(_problems(result)),
            sides=tuple(self._side(name, ids) for name, ids in (result.sides or {"": result.evidence}).items() if ids),
            parts=parts,
            attacks=tuple(
                Attack(control.id.removeprefix(f"{control.contract}::"), self.mutants.of(control.id), cell)
                for control, cell in self._attacks.get(result.id, ())
            ),
            audited=self._audits.get(result.id),
        )

    def linked(self, identity: str, outcome: str = "", opening: str = "") -> Linked:
        """A claim by its id, with its outcome as the caller or else this run knows it."""
        return Linked(identity, outcome or self.outcomes.get(identity, ""), self.claims.of(identity), opening)

    def _side(self, name: str, ids: Sequence[str]) -> Side:
        records = [self._cited.get(identity) for identity in ids]
        known = [record for record in records if record is not None]
        shared: list[str] = []
        for key in ("model", "precision", "stage", "benchmark", "prompt", "backend"):
            values = {str(getattr(record, key)) for record in known}
            shared += values - {"unknown", "None"} if len(values) == 1 else ()
        cited = tuple(
            Cited(identity.rpartition("-")[2], self.records.of(identity), measured(record) if record else "")
            for identity, record in zip(ids, records, strict=True)
        )
        return Side(name, " · ".join(shared), cited)


def shortened(value: str) -> str:
    """A value from code under test, cut where it says no more."""
    if len(value) <= MOST_CHARACTERS:
        return value
    return f"{value[:MOST_CHARACTERS]}{ELLIPSIS} ({len(value):,} characters; all are in report.json)"


def measured(record: CitedRecord) -> str:
    """The headline figure of a record: `85.37 %`, `2.5 tokens/s`; nothing when it has none."""
    if record.value is None:
        return ""
    if record.unit == "fraction":
        return f"{100 * record.value:.2f} %"
    return f"{record.value:,.4g}" + (f" {record.unit}" if record.unit else "")


def _openings(result: Result) -> dict[str, str]:
    """Part of a shut gate → what would let it pass."""
    notes = [note.removeprefix(OPENING) for note in result.notes if note.startswith(OPENING)]
    return {
        identity: note.removeprefix(f"{identity}: ")
        for identity, _ in result.parts
        for note in notes
        if note.startswith(f"{identity}: ")
    }


def _found(result: Result) -> str:
    """The figure of a claim in short: the estimate, with its count where it is a share of something."""
    if result.estimate is None:
        if result.interval is not None:
            return around(result)
        if result.parts:
            return parts_tally(result.parts)
        return one_line(result.observed) if result.outcome in FELL and result.observed else tried(result)
    words = quantity(result, result.estimate, result.line or "")
    if result.unit == "fraction" and result.type == "threshold" and result.n:
        count = result.estimate * result.n
        if abs(count - round(count)) < 1e-6:
            words += f" ({round(count):,} of {result.n:,})"
    return words


def _why(result: Result, fallen: Sequence[Linked]) -> str:
    """Why a claim fell, in a line; nothing where the parts that made it fall say it."""
    if result.outcome == "REFUTED":
        return result.refuted or result.reason
    if result.outcome == "RECOVERED":
        return f"{result.reason}. It is listed as refuted: {result.refuted}"
    if result.outcome == "FALSIFIED" and fallen:
        return ""
    if result.counterexample and result.outcome == "FALSIFIED":
        return f"for {one_line(', '.join(f'{name} = {value}' for name, value in result.counterexample.items()))}"
    if result.outcome == "FALSIFIED" and result.interval_of == "runs" and len(result.evidence) > 1:
        return f"over {around(result).replace('runs', plural(len(result.evidence), 'runs'), 1) or 'runs that agree'}"
    return result.reason


def _facts(run: Run, result: Result, openings: Mapping[str, str]) -> Iterable[Fact]:
    """The labelled lines of a card, in the order of the failure text; those without a text are left out."""
    fell = result.outcome in ("FALSIFIED", "REFUTED")
    told = {f"{OPENING}{identity}: {text}" for identity, text in openings.items()}
    versions = {name: version for name, version in result.versions.items() if run.info.versions.get(name) != version}
    used = (
        f"backend {result.backend}" if result.backend else "",
        "" if result.seed is None else f"seed {result.seed}",
        ", ".join(f"{name} {version}" for name, version in versions.items()),
    )
    rows = (
        ("Figure", figure(result) if result.estimate is not None or result.interval is not None else ""),
        ("Tried", tried(result) if result.estimate is None and not result.parts else ""),
        ("Expected", result.expected if result.estimate is None else ""),
        ("Observed", result.observed if result.estimate is None else ""),
        ("Error" if result.outcome == "ERROR" else "Why", result.reason),
        ("Known to be false" if fell else "Listed as refuted", result.refuted),
        *(("Note", note) for note in result.notes if note not in told),
        ("Would decide it", _lacking(result)),
        ("To try it", result.enable),
        ("Suspect first" if fell else "If it falls", result.if_falsified),
        ("Used", "; ".join(word for word in used if word)),
        ("Serves", ", ".join(result.criteria)),
    )
    return (Fact(label, shortened(text)) for label, text in rows if text)


def _lacking(result: Result) -> str:
    """How much would decide, what there is, and what the number assumes."""
    power = result.power or {}
    amount, have = needed(result), power.get("have")
    there = f"; there are {have:,}" if amount and isinstance(have, int) else ""
    assumes = power.get("assumes")
    resting = assumes if isinstance(assumes, str) else assumptions(result)
    return ", ".join(word for word in (f"{amount}{there}", f"assuming {resting}" if resting else "") if word)


def _problems(result: Result) -> Iterable[Problems]:
    """The lists of problems that a claim is about."""
    lists: dict[str, Sequence[str]] = {}
    if result.flips is not None:
        reference, candidate = result.flips.of
        lists[f"lost: {candidate} fails more often than {reference}"] = result.flips.lost
        lists[f"gained: {candidate} passes more often than {reference}"] = result.flips.gained
    for name, ids in {**lists, **result.problems}.items():
        yield Problems(name, tuple(ids[:MOST_IDS]), len(ids))
