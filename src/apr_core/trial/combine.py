"""Compound claims and gates: verdicts from verdicts.

The one thing a reader would get wrong: a part counts with its *outcome*, not its bare verdict. A claim that was meant to be
false and is (HELD-AS-FALSE) is a success for the whole; a claim in refuted.yaml still shuts a gate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import Compound, Gate
from apr_core.trial.result import Result
from apr_core.verdict import ALL_OF, ANY_OF, Verdict, combine

if TYPE_CHECKING:
    from apr_core.trial.session import Session

_AS_PART = {
    "HELD": Verdict.HELD, "HELD-AS-FALSE": Verdict.HELD, "RECOVERED": Verdict.HELD, "FALSIFIED": Verdict.FALSIFIED,
    "REFUTED": Verdict.FALSIFIED, "UNDERPOWERED": Verdict.UNDERPOWERED, "UNTESTED": Verdict.UNTESTED, "ERROR": Verdict.ERROR,
}  # fmt: skip

OPTIMISTIC = "OPTIMISTIC"
"""Word at the start of a note when the evidence was picked because it was best; such a claim shuts a gate."""


def qualified(reference: str, contract_id: str) -> str:
    """`ID` in the contract's own file, or `folder/file::ID` as it is."""
    return reference if "::" in reference else f"{contract_id}::{reference}"


def part_results(session: Session, contract_id: str, references: list[str]) -> list[Result]:
    """The results of the claims that a compound or gate names, judged when they have not been."""
    return [session.judge(qualified(reference, contract_id)) for reference in references]


def judge_compound(session: Session, loaded: LoadedContract, obligation: Compound, blank: Result) -> Result:
    """all_of or any_of."""
    parts = part_results(session, loaded.id, obligation.all_of or obligation.any_of or [])
    order = ALL_OF if obligation.all_of else ANY_OF
    verdict = combine((_AS_PART[part.outcome] for part in parts), order)
    deciding = [part for part in parts if _AS_PART[part.outcome] is verdict]
    word = "all" if obligation.all_of else "any"
    held = sum(_AS_PART[part.outcome] is Verdict.HELD for part in parts)
    if verdict is Verdict.HELD and any(part.outcome == "RECOVERED" for part in deciding):
        verdict = Verdict.ERROR  # as a gate would say: refuted.yaml and the evidence contradict each other
    # What the deciding parts rest on, the whole rests on.
    picked = tuple(f"{note} ({part.id})" for part in deciding for note in part.notes if note.startswith(OPTIMISTIC))
    result = replace(
        _with_parts(blank, parts),
        notes=picked,
        verdict=verdict,
        reason=f"{held} of {len(parts)} parts held, {word} needed; decided by {_names(deciding)}",
        enable=next((part.enable for part in deciding if part.enable), None) if verdict is Verdict.UNTESTED else None,
        power=next((part.power for part in deciding if part.power), None) if verdict is Verdict.UNDERPOWERED else None,
    )
    if verdict is Verdict.FALSIFIED:
        first = deciding[0]
        shown = first.observed or first.reason
        return replace(result, expected=f"{word} of {len(parts)} claims to hold", observed=f"{first.id}: {shown}")
    return result


def judge_gate(session: Session, loaded: LoadedContract, obligation: Gate, blank: Result) -> Result:
    """Open (HELD) when every required claim is HELD or is allowed its verdict; otherwise shut, by the worst part.

    A gate that is shut because something is undecided is itself undecided, not FALSIFIED: nobody has shown that the release is
    bad. It is shut all the same, and the reason says so.
    """
    allow = {qualified(reference, loaded.id): verdict for reference, verdict in obligation.allow.items()}
    parts = part_results(session, loaded.id, obligation.require)
    shut = [part for part in parts if not _passes(part, allow.get(part.id))]
    common = _with_parts(blank, parts)
    if not shut:
        let = [part for part in parts if _AS_PART[part.outcome] is not Verdict.HELD]
        notes = tuple(f"let through by `allow`: {part.id} is {part.outcome}" for part in let)
        return replace(
            common, verdict=Verdict.HELD, reason=f"open: {len(parts)} of {len(parts)} claims pass", notes=notes
        )
    verdict = combine((_as_shutting(part) for part in shut), ALL_OF)
    needs = "; ".join(f"{part.id}: {what_would_open(part)}" for part in shut)
    return replace(
        common,
        verdict=verdict,
        reason=f"shut: {len(parts) - len(shut)} of {len(parts)} claims pass; {_names(shut)}",
        expected=f"{len(parts)} claims to pass",
        observed=f"{len(shut)} do not",
        enable=needs if verdict is Verdict.UNTESTED else None,
        notes=tuple(f"would open it: {part.id}: {what_would_open(part)}" for part in shut),
    )


def _with_parts(blank: Result, parts: list[Result]) -> Result:
    evidence = tuple(dict.fromkeys(record for part in parts for record in part.evidence))
    return replace(
        blank, parts=tuple((part.id, part.outcome) for part in parts), evidence=evidence, n=len(parts), n_of="claims"
    )


def optimistic(part: Result) -> bool:
    """Whether a result rests on evidence that was picked because it was best."""
    return any(note.startswith(OPTIMISTIC) for note in part.notes)


def _passes(part: Result, allowed: str | None) -> bool:
    if part.outcome in ("HELD", "HELD-AS-FALSE"):
        return not optimistic(part)
    return part.outcome == allowed


def _as_shutting(part: Result) -> Verdict:
    if part.outcome in ("HELD", "HELD-AS-FALSE"):
        return Verdict.UNTESTED
    return Verdict.ERROR if part.outcome == "RECOVERED" else _AS_PART[part.outcome]


def what_would_open(part: Result) -> str:
    """In one phrase, what has to happen for this claim to pass."""
    if optimistic(part):
        return "select all runs instead of the best one"
    if part.verdict is Verdict.UNDERPOWERED and part.power and part.power["needed"]:
        return f"evidence on {part.power['needed']} {part.power['unit']}"
    if part.verdict in (Verdict.UNTESTED, Verdict.UNDERPOWERED):
        return part.enable or part.reason
    if part.outcome == "RECOVERED":
        return "take it out of refuted.yaml: it holds again"
    if part.verdict is Verdict.ERROR:
        return f"repair: {part.reason}"
    return f"make it true: {part.observed or part.reason}"


def _names(parts: list[Result]) -> str:
    shown = ", ".join(f"{part.id} {part.outcome}" for part in parts[:3])
    return shown + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")
