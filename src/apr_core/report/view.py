"""What the page shows, in the order in which it shows it: plain data that the templates only have to set.

The one thing a reader would get wrong: texts here are as they came from contracts and from code under test. They are cleaned
and escaped where they enter the page, in `html.py`, and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apr_core.report.cards import FELL, Card, Cards, Fact, Linked, measured
from apr_core.report.run import Run
from apr_core.report.summary import MEANING, by_contract, by_criterion, tally, totals
from apr_core.report.text import plural
from apr_core.trial.cited import CitedRecord
from apr_core.trial.control import DEFECTS, LABELS, Audited, Cell, Control
from apr_core.trial.control import OUTCOMES as CONTROL_OUTCOMES
from apr_core.trial.result import Result

GROUPS: dict[str, tuple[str, ...]] = {
    "fell": ("FALSIFIED", "REFUTED"),
    "stood": ("HELD", "HELD-AS-FALSE"),
    "recovered": ("RECOVERED",),
    "undecided": ("UNDERPOWERED", "UNTESTED"),
    "broken": ("ERROR",),
}
"""Parts of the headline and of the bar, from left to right."""
BAR_WIDTH, BAR_GAP = 1000.0, 3.0


@dataclass(frozen=True, slots=True)
class Segment:
    """One outcome in the bar and in the legend."""

    outcome: str
    meaning: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Group:
    """Claims under one heading: a contract or a criterion."""

    name: str
    title: str
    cards: tuple[Card, ...]
    tally: str


@dataclass(frozen=True, slots=True)
class KillTable:
    """The mutants of one contract against the claims that they name."""

    contract: str
    claims: tuple[Linked, ...]
    rows: tuple[tuple[Control, str, tuple[Cell | None, ...]], ...]
    """Mutant, its anchor, and a cell per claim."""
    fates: str
    """`5 killed, 1 survived`."""


@dataclass(frozen=True, slots=True)
class Label:
    """Claims of which the audit says the same."""

    name: str
    meaning: str
    defect: bool
    claims: tuple[tuple[Audited, str | None], ...]
    """What the audit says, and the anchor of the claim."""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One line of the evidence table."""

    record: CitedRecord
    anchor: str
    value: str
    when: str
    cited: int
    """Claims that cite it."""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page."""

    run: Run
    headline: str
    lead: tuple[str, ...]
    facts: tuple[Fact, ...]
    segments: tuple[Segment, ...]
    fell: tuple[Card, ...]
    contracts: tuple[tuple[str, tuple[Group, ...]], ...]
    """Folder → its contracts."""
    criteria: tuple[Group, ...]
    gates: tuple[Card, ...]
    kills: tuple[KillTable, ...]
    fates: str
    audit: tuple[Label, ...]
    records: tuple[RecordRow, ...]
    types: tuple[str, ...]


def page(run: Run) -> Page:
    """Everything that the page of a run shows."""
    maker = Cards(run)
    cards = {result.id: maker.card(result) for result in run.results}

    def group(name: str, title: str, found: list[Result]) -> Group:
        return Group(name, title, tuple(cards[one.id] for one in found), tally(totals(found).outcomes))

    folders: dict[str, list[Group]] = {}
    for name, found in by_contract(run.results).items():
        folders.setdefault(name.rpartition("/")[0], []).append(group(name, found[0].title, found))
    return Page(
        run=run,
        headline=headline(run),
        lead=lead(run),
        facts=_circumstances(run),
        segments=segments(run),
        fell=tuple(sorted((card for card in cards.values() if card.result.outcome in FELL), key=_order)),
        contracts=tuple((folder, tuple(groups)) for folder, groups in folders.items()),
        criteria=tuple(group(name, "", found) for name, found in by_criterion(run.results).items()),
        gates=tuple(card for card in cards.values() if card.result.type == "gate"),
        kills=_kills(maker),
        fates=fates(run.controls),
        audit=_audit(maker),
        records=_records(maker),
        types=tuple(sorted({result.type for result in run.results})),
    )


def _order(card: Card) -> tuple[int, bool]:
    """New falls before known ones, and causes before what follows from them."""
    return FELL.index(card.result.outcome), bool(card.parts)


# --- the head of the page ---


def headline(run: Run) -> str:
    """The totals in one plain sentence, with their denominator."""
    outcomes = totals(run.results).outcomes
    counts = {name: sum(outcomes[one] for one in words) for name, words in GROUPS.items()}
    if not run.results:
        return "No claim was tried"
    words = [f"{counts['fell'] or 'None'} of {plural(len(run.results), 'claims')} fell", f"{counts['stood']:,} stood"]
    words += [f"{counts['recovered']:,} recovered"] if counts["recovered"] else []
    words += [f"{counts['undecided']:,} {'is' if counts['undecided'] == 1 else 'are'} undecided"]
    words += [f"{counts['broken']:,} could not be judged"] if counts["broken"] else []
    return f"{', '.join(words[:-1])} and {words[-1]}"


def lead(run: Run) -> tuple[str, ...]:
    """What the numbers mean, for somebody who has never seen such a page."""
    found, info = totals(run.results), run.info
    untested, thin = found.outcomes["UNTESTED"], found.outcomes["UNDERPOWERED"]
    words = []
    if not found.decided:
        words.append("Nothing was decided, so this run shows nothing about any claim.")
    elif found.decided < found.total:
        words.append(f"{found.decided:,} of {found.total:,} are decided; the others are as open as before.")
    if untested:
        words.append(f"For {untested:,} nothing here could try them.")
    if thin:
        words.append(f"For {thin:,} there is evidence, and it is too thin to tell.")
    if found.outcomes["HELD"]:
        words.append("HELD says that somebody tried to break a claim and did not succeed, and never more than that.")
    if info.collected > info.selected:
        words.append(f"Selected were {info.selected:,} of {plural(info.collected, 'collected claims')}.")
    if info.selected > found.total:
        words.append(f"Without a result: {plural(info.selected - found.total, 'selected claims')}.")
    return tuple(words)


def segments(run: Run) -> tuple[Segment, ...]:
    """The bar: every outcome, also those that did not occur, which have no width."""
    counts = totals(run.results).outcomes
    order = [word for words in GROUPS.values() for word in words]
    room = BAR_WIDTH - BAR_GAP * max(sum(bool(count) for count in counts.values()) - 1, 0)
    x, found = 0.0, []
    for word in order:
        width = room * counts[word] / len(run.results) if run.results else 0.0
        found.append(Segment(word, MEANING[word], counts[word], round(x, 2), round(width, 2)))
        x += width + BAR_GAP if counts[word] else 0.0
    return tuple(found)


def moment(text: str) -> str:
    """`2026-11-21 14:03 UTC`; a text that is no time as it is."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    offset = time.strftime("%z")
    return f"{time:%Y-%m-%d %H:%M}" + (" UTC" if offset == "+0000" else f" {offset}" if offset else "")


def _circumstances(run: Run) -> tuple[Fact, ...]:
    info = run.info
    changed = " with changes" if info.dirty else ""
    facts = (
        Fact("Project", info.root),
        Fact("Started", moment(info.started)),
        Fact("Took", f"{info.seconds:,.1f} s"),
        Fact("Seed", str(info.seed)),
        Fact("Cases", f"{info.cases:,} per claim that is tried on drawn inputs"),
        Fact("Scale", info.scale or ""),
        Fact("Commit", f"{info.commit[:12]}{changed}" if info.commit else ""),
        Fact("Versions", ", ".join(f"{name} {version}" for name, version in info.versions.items())),
    )
    return tuple(fact for fact in facts if fact.text)


# --- the tables ---


def _kills(maker: Cards) -> tuple[KillTable, ...]:
    """The kill matrix, a table per contract."""
    by: dict[str, list[Control]] = {}
    for control in maker.run.controls:
        by.setdefault(control.contract, []).append(control)
    tables = []
    for contract, controls in by.items():
        claims = list(dict.fromkeys(cell.claim for control in controls for cell in control.cells))
        rows = []
        for control in controls:
            cells = {cell.claim: cell for cell in control.cells}
            anchor = maker.mutants.of(control.id) or ""
            rows.append((control, anchor, tuple(cells.get(claim) for claim in claims)))
        tables.append(KillTable(contract, tuple(map(maker.linked, claims)), tuple(rows), fates(controls)))
    return tuple(tables)


def fates(controls: Sequence[Control]) -> str:
    """`5 killed, 1 survived`: what mutants came to."""
    counts = Counter(control.outcome for control in controls)
    return ", ".join(f"{counts[outcome]:,} {outcome.lower()}" for outcome in CONTROL_OUTCOMES if counts[outcome])


def _audit(maker: Cards) -> tuple[Label, ...]:
    """What the audit says, defects first."""
    found = []
    for name in sorted(LABELS, key=lambda name: name not in DEFECTS):
        claims = tuple((one, maker.claims.of(one.claim)) for one in maker.run.audited if one.label == name)
        if claims:
            found.append(Label(name, LABELS[name], name in DEFECTS, claims))
    return tuple(found)


def _records(maker: Cards) -> tuple[RecordRow, ...]:
    """The evidence table."""
    cited = Counter(identity for result in maker.run.results for identity in set(result.evidence))
    return tuple(
        RecordRow(
            record,
            maker.records.of(record.id) or "",
            measured(record),
            "" if record.time is None else moment(record.time),
            cited[record.id],
        )
        for record in maker.run.records
    )
