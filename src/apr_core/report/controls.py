"""Mutants and audit in words: one mutant in full, the kill matrix in short, and the defects first.

The one thing a reader would get wrong: "killed" is what one wants to read here. The text says so where it matters, because a
hurried reader sees a fault and a red word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from apr_core.report.failure import WIDTH
from apr_core.report.text import clip, clip_middle, columns, one_line, pad, plural, wrap
from apr_core.trial.control import DEFECTS, KILLED, LABELS, OUTCOMES, Audited, Control

HEADINGS = {
    "KILLED": "a planted fault, noticed by every claim that it names",
    "SURVIVED": "a planted fault goes unnoticed",
    "DRIFTED": "a planted fault no longer fits the source",
    "UNTESTED": "a planted fault that cannot be tried yet",
    "ERROR": "a planted fault whose trial broke",
}
_LABEL = 12
_NAME = 40
"""Columns that the id of a mutant gets at most."""
_MARKS = {"KILLED": "killed", "SURVIVED": "SURVIVED", "DRIFTED": "DRIFTED", "UNTESTED": "untested", "ERROR": "ERROR"}


def control_text(control: Control) -> str:
    """One mutant in full: the fault, what each claim made of it, and how to try it again."""
    found = [f"{control.outcome}  {control.id}: {HEADINGS[control.outcome]}", control.where]
    label = "fault"
    for line in control.fault.splitlines() or [""]:
        found.append(f"{label:<{_LABEL}}{one_line(line) if line[:1] not in '+-' else line.rstrip()}")
        label = ""
    if control.museum:
        found += _row("museum", control.museum)
    for cell in control.cells:
        found += _row(_MARKS[cell.outcome], f"{cell.claim.rpartition('::')[2]}: {one_line(cell.reason)}")
    if control.outcome == "SURVIVED":
        found += _row("meaning", "a claim that stays green on this fault would stay green on code that has it")
    found.append(f"{'reproduce':<{_LABEL}}{reproduce(control)}")
    return "\n".join(found)


def reproduce(control: Control) -> str:
    """The command that tries one mutant again."""
    file = control.where.rpartition(":")[0]
    return f"pytest {file}::{control.id.rpartition('::')[2]} --apr-mutants"


def _row(label: str, text: str) -> list[str]:
    lines = wrap(text, WIDTH - _LABEL)
    return [f"{name:<{_LABEL}}{line}".rstrip() for name, line in zip([label, *[""] * len(lines)], lines, strict=False)]


def controls_sentence(controls: Sequence[Control]) -> str:
    """How many mutants came to what, with the denominator; nothing when none was tried."""
    if not controls:
        return ""
    counts = Counter(control.outcome for control in controls)
    parts = [f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome]]
    cached = sum(control.cached for control in controls)
    known = f" ({cached} of them known from an earlier run)" if cached else ""
    return f"{plural(len(controls), 'mutants')}: {', '.join(parts)}{known}."


def audit_sentence(audited: Sequence[Audited]) -> str:
    """How many claims got which label, with the denominator, and how many could ever be tried."""
    counts = Counter(one.label for one in audited)
    parts = [f"{counts[label]} {label}" for label in LABELS if counts[label]]
    bound = len(audited) - counts["UNBOUND"]
    return f"{plural(len(audited), 'claims')}: {', '.join(parts)}. {bound} of {len(audited)} could ever be tried."


def audit_text(audited: Sequence[Audited], controls: Sequence[Control], width: int) -> str:
    """The audit for people: what is wrong, then what is missing, then the kill matrix by contract, then the totals."""
    wrong = [one for one in audited if one.label in DEFECTS]
    survivors = [one for one in controls if one.outcome not in (KILLED, "UNTESTED")]
    found: list[str] = []
    for one in wrong:
        found += [f"{one.label}  {one.claim}: {LABELS[one.label]}", *_row("why", one.reason), ""]
    for control in survivors:
        found += [control_text(control), ""]
    found += _uncontrolled(audited)
    found += _matrix(controls, width)
    found += _legend(audited)
    found += [*wrap(controls_sentence(controls), width), *wrap(audit_sentence(audited), width)]
    verdict = f"{plural(len(wrong), 'claims')} with a defect" if wrong else "No claim is VACUOUS and no mutant survives"
    return "\n".join([*found, f"{verdict}."])


def _uncontrolled(audited: Sequence[Audited]) -> list[str]:
    without = [one for one in audited if one.label == "UNCONTROLLED"]
    if not without:
        return []
    heading = f"{plural(len(without), 'claims')} could fall, but no mutant shows it:"
    return [heading, *(f"  {one.claim}" for one in without), ""]


def _matrix(controls: Sequence[Control], width: int) -> list[str]:
    """A line per mutant: what it is, how it came out, and the claims that noticed."""
    found: list[str] = []
    for contract in dict.fromkeys(control.contract for control in controls):
        group = [control for control in controls if control.contract == contract]
        names = [clip_middle(control.id.partition("::")[2], _NAME) for control in group]
        room = max(map(columns, names))
        found += [contract, *(_line(one, pad(name, room), width) for one, name in zip(group, names, strict=True)), ""]
    return found


def _line(control: Control, name: str, width: int) -> str:
    who = ", ".join(
        cell.claim.rpartition("::")[2] + ("" if cell.outcome == KILLED else f" ({_MARKS[cell.outcome]})")
        for cell in control.cells
    )
    return clip(f"  {control.outcome:<8}  {name}  {control.kind:<8}  {who}", width)


def _legend(audited: Sequence[Audited]) -> list[str]:
    there = {one.label for one in audited}
    return [*(f"{label:<12}  {meaning}" for label, meaning in LABELS.items() if label in there), ""]
