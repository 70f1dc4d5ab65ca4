"""A comparison of two runs as text, as Markdown for a pull request, and as data.

The one thing a reader would get wrong: what got worse comes first and in full, and only the rest is folded or cut. GitHub
cuts a comment off at 65,536 characters; the Markdown stays below, and says how many lines it left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from apr_core.report.compare import GROUPS, Change, Comparison, Note, Shift
from apr_core.report.markdown import MOST_CELL, MOST_CHARACTERS, escaped
from apr_core.report.run import Run
from apr_core.report.summary import sentence, totals
from apr_core.report.text import clip, one_line, plural, wrap
from apr_core.report.wording import detail

FORMAT = "apr.diff/1"
WIDTH = 100
"""Columns of the text."""
UNLIKE = "The runs were not made alike, which may explain what follows"

Names = tuple[str, str]
"""What the first and the second run are called."""


def diff_text(found: Comparison, names: Names) -> str:
    """The comparison for people, in at most `WIDTH` columns."""
    lines = [line for row in _runs(found, names) for line in _indented(row, 0, 4)]
    lines += ["", *_indented(verdict(found), 0, 0)]
    if found.circumstances:
        lines += ["", f"{UNLIKE}:"]
        lines += [line for shift in found.circumstances for line in _indented(_shifted(shift), 2, 6)]
    for group, changes in grouped(found):
        lines += ["", f"{GROUPS[group].heading} ({len(changes)})"]
        for change in changes:
            lines += _indented(f"{_turned(change)}  {one_line(change.id)}", 2, 6)
            lines += [line for said in _said(change) for line in _indented(said, 6, 8)]
    for heading, shifts in _tables(found):
        lines += ["", f"{heading} ({len(shifts)})"]
        lines += [line for shift in shifts for line in _indented(_shifted(shift), 2, 6)]
    return "\n".join(lines)


def verdict(found: Comparison) -> str:
    """One sentence: what got worse, or that nothing did, and how many claims rest on less than before."""
    bad = [f"{len(changes)} {GROUPS[group].worse}" for group, changes in grouped(found) if GROUPS[group].worse]
    survivors, defects = (sum(shift.worse for shift in shifts) for shifts in (found.controls, found.audit))
    bad += [f"{plural(survivors, 'planted faults')} newly unnoticed"] if survivors else []
    bad += [f"{plural(defects, 'claims')} newly found with a defective check"] if defects else []
    said = f"WORSE: {', '.join(bad)}." if bad else "Nothing got worse." if found.changes else "No claim changed."
    shrunk = sum(any(_shrinks(note) for note in change.notes) for change in found.changes)
    return said + (f" {plural(shrunk, 'claims')} on FEWER cases or problems than before." if shrunk else "")


def _shrinks(note: Note) -> bool:
    return note.kind == "n" and note.text.startswith("FEWER")


def grouped(found: Comparison) -> list[tuple[str, list[Change]]]:
    """The groups that have claims, in their order."""
    groups = ((group, [change for change in found.changes if change.group == group]) for group in GROUPS)
    return [(group, changes) for group, changes in groups if changes]


def _tables(found: Comparison) -> list[tuple[str, tuple[Shift, ...]]]:
    tables = (("mutants with another outcome", found.controls), ("claims with another mark in the audit", found.audit))
    return [(heading, shifts) for heading, shifts in tables if shifts]


def _runs(found: Comparison, names: Names) -> list[str]:
    """What the two runs are, a paragraph each."""
    return [
        f"{letter}  {one_line(name)}: {sentence(run.results, run.info)} ({one_line(run.info.started)})"
        for letter, name, run in zip("AB", names, (found.first, found.second), strict=True)
    ]


def _turned(change: Change) -> str:
    """`HELD → FALSIFIED`, or the one word when it is the same."""
    before = "(new)" if change.before is None else change.before.outcome
    after = "(gone)" if change.after is None else change.after.outcome
    return before if before == after else f"{before} → {after}"


def _said(change: Change) -> Iterator[str]:
    """What there is to say of a changed claim: the evidence of its outcome, if that is another, and every note."""
    shown = change.after or change.before
    if shown is not None and (change.before is None or change.after is None or change.before.outcome != shown.outcome):
        said = detail(shown) or one_line(shown.reason)
        yield f"{said}{'' if change.after else ' (as it was)'}"
    for note in change.notes:
        yield f"{'! ' if note.loud else ''}{one_line(note.text)}"


def _shifted(shift: Shift) -> str:
    before, after = (one_line("none" if value is None else value) for value in (shift.before, shift.after))
    return f"{'! ' if shift.worse else ''}{one_line(shift.name)}: {before} → {after}"


def _indented(line: str, first: int, rest: int) -> list[str]:
    """`line` wrapped; what follows its first line is indented by `rest`."""
    found = wrap(line, WIDTH - max(first, rest))
    return [" " * (rest if index else first) + part for index, part in enumerate(found)]


def diff_markdown(found: Comparison, names: Names) -> str:
    """The comparison for a pull request, as GitHub-flavoured Markdown of at most 65,536 characters."""
    blocks = [f"## apr report diff\n\n**{escaped(verdict(found))}**\n"]
    blocks += [f"- {escaped(clip(row, 1_000))}" for row in _runs(found, names)]
    if found.circumstances:
        shown = "; ".join(escaped(clip(_shifted(shift), MOST_CELL)) for shift in found.circumstances)
        blocks.append(f"\n{UNLIKE}: {shown}.")
    sections = [
        (f"{GROUPS[group].heading} ({len(changes)})", [_row(change) for change in changes], bool(GROUPS[group].worse))
        for group, changes in grouped(found)
    ]
    sections += [
        (
            f"{heading} ({len(shifts)})",
            [f"- {escaped(_shifted(shift))}" for shift in shifts],
            any(one.worse for one in shifts),
        )
        for heading, shifts in _tables(found)
    ]
    room = MOST_CHARACTERS - sum(len(block) + 1 for block in blocks)
    for heading, rows, worse in sorted(sections, key=lambda section: not section[2]):
        block = _section(heading, rows, worse, room)
        room -= len(block) + 1
        blocks.append(block)
    return "\n".join(blocks).rstrip("\n") + "\n"


def _row(change: Change) -> str:
    said = "".join(f"\n  - {escaped(clip(line, MOST_CELL))}" for line in _said(change))
    return f"- {_turned(change)} **{escaped(clip(one_line(change.id), MOST_CELL))}**{said}"


def _section(heading: str, rows: Sequence[str], worse: bool, room: int) -> str:
    """A list under its heading, as far as there is room; one that is not worse is opened by a click."""
    opening, closing = (
        (f"\n### {heading}\n\n", "") if worse else (f"\n<details><summary>{heading}</summary>\n\n", "\n</details>")
    )
    left, kept = room - len(opening) - len(closing) - 100, []
    for row in rows:
        left -= len(row) + 1
        if left < 0:
            break
        kept.append(row)
    dropped = len(rows) - len(kept)
    if dropped:
        kept.append(f"- … {dropped:,} more left out here; `apr report diff` prints all")
    return opening + "\n".join(kept) + "\n" + closing


def diff_data(found: Comparison, names: Names) -> dict[str, Any]:
    """The comparison as JSON data."""
    return {
        "schema": FORMAT,
        "worse": found.worse,
        "verdict": verdict(found),
        "first": _run_data(names[0], found.first),
        "second": _run_data(names[1], found.second),
        "circumstances": [
            {key: getattr(one, key) for key in ("name", "before", "after")} for one in found.circumstances
        ],
        "claims": [_change_data(change) for change in found.changes],
        "controls": [shift._asdict() for shift in found.controls],
        "audit": [shift._asdict() for shift in found.audit],
    }


def _run_data(name: str, run: Run) -> dict[str, Any]:
    return {"name": name, "run": asdict(run.info), "totals": asdict(totals(run.results))}


def _change_data(change: Change) -> dict[str, Any]:
    before, after = ({} if one is None else one.to_json() for one in (change.before, change.after))
    keys = (
        "outcome",
        "reason",
        "estimate",
        "interval",
        "unit",
        "n",
        "n_of",
        "line",
        "claim",
        "evidence",
        "contract_digest",
    )
    return {
        "id": change.id,
        "group": change.group,
        "worse": change.worse,
        "before": {key: before[key] for key in keys} if before else None,
        "after": {key: after[key] for key in keys} if after else None,
        "notes": [note._asdict() for note in change.notes],
    }
