"""One result in full, for somebody who has to act on it.

The one thing a reader would get wrong: the order is fixed, and the same for every claim: the claim; the smallest
counterexample, or the estimate with its interval; expected and observed; what was used; what to suspect; one command
that reproduces it. The command stands on one line however long it is, because it is there to be copied.
"""

from __future__ import annotations

from collections.abc import Iterator

from apr_core.report.text import clean, one_line, wrap
from apr_core.report.wording import assumptions, figure, meaning, needed, tried
from apr_core.trial.result import Result
from apr_core.verdict import Verdict

WIDTH = 100
"""Columns at which the text is wrapped."""
MOST_CHARACTERS = 1_000
"""Of one value; the rest is in `report.json`."""
MOST_IDS = 6
"""Evidence ids that are written out."""

_LABEL = len("counterexample") + 2


def failure_text(result: Result) -> str:
    """The text of one claim that was falsified, is undecided or could not be tried; also fits one that held.

    Printable characters and newlines only; ends without a newline.
    """
    heading = f"{result.outcome}  {result.id}: {meaning(result)}"
    lines = [line for part in (heading, result.where) if part for line in wrap(one_line(part), WIDTH)]
    for label, value in _rows(result):
        lines += _labelled(label, value)
    if result.reproduce:
        lines.append(f"{'reproduce':<{_LABEL}}{one_line(result.reproduce)}")
    return "\n".join(lines)


def _rows(result: Result) -> Iterator[tuple[str, str]]:
    """Label and text of every row but the last, in the fixed order; rows without a text are left out."""
    rows = (
        ("claim", " ".join(result.claim.split())),
        *_evidence(result),
        ("expected", result.expected),
        ("observed", result.observed),
        ("error" if result.verdict is Verdict.ERROR else "why", result.reason),
        ("refuted", result.refuted),
        *(("note", note) for note in result.notes),
        ("needed", _needed(result)),
        ("to decide", result.enable),
        ("used", _used(result)),
        # Of a claim that did not fall this would read as a finding.
        ("if falsified", result.if_falsified if result.outcome in ("FALSIFIED", "REFUTED") else None),
    )
    return ((label, text) for label, text in rows if text)


def _evidence(result: Result) -> Iterator[tuple[str, str]]:
    """The counterexample, or the estimate, or the parts: whatever the verdict stands on; then how much was tried."""
    if result.counterexample is not None:
        values = [f"{name} = {_shortened(value)}" for name, value in result.counterexample.items()]
        yield "counterexample", "\n".join(values) or "(the claim has no inputs)"
    if result.estimate is not None:
        yield "estimate", figure(result)
    else:
        yield "tried", tried(result)
    if result.parts:
        widest = max(len(outcome) for _, outcome in result.parts)
        yield "parts", "\n".join(f"{outcome:<{widest}}  {identity}" for identity, outcome in result.parts)


def _shortened(value: str) -> str:
    if len(value) <= MOST_CHARACTERS:
        return value
    return f"{value[:MOST_CHARACTERS]}… ({len(value):,} characters; all are in report.json)"


def _needed(result: Result) -> str:
    amount, resting = needed(result), assumptions(result)
    return f"{amount}, assuming {resting}" if amount and resting else amount or resting


def _used(result: Result) -> str:
    """Backend, seed, versions, evidence ids."""
    more = len(result.evidence) - MOST_IDS
    words = (
        f"backend {result.backend}" if result.backend else "",
        "" if result.seed is None else f"seed {result.seed}",
        ", ".join(f"{name} {version}" for name, version in result.versions.items()),
        "evidence " + ", ".join(result.evidence[:MOST_IDS]) + (f" and {more} more" if more > 0 else "")
        if result.evidence
        else "",
    )
    return "; ".join(word for word in words if word)


def _labelled(label: str, text: str) -> list[str]:
    """`text` wrapped beside its label; its own line breaks are kept."""
    lines = [line for part in clean(text, keep="\n").split("\n") for line in wrap(part, WIDTH - _LABEL)]
    return [f"{name:<{_LABEL}}{line}".rstrip() for name, line in zip([label, *[""] * len(lines)], lines, strict=False)]
