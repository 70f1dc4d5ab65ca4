"""Two runs side by side, by meaning: which claims came out otherwise, and what else changed that may be the reason.

The one thing a reader would get wrong: a verdict can change because the claim did. A line that was moved, a sentence that
was reworded and a contract file with another digest are therefore part of every comparison, and not only the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apr_core.report.run import Run
from apr_core.report.summary import FAILING, UNDECIDED
from apr_core.report.text import one_line, plural
from apr_core.report.wording import quantity
from apr_core.trial.control import DEFECTS, KILLED, SURVIVED
from apr_core.trial.result import Result

PASSING = frozenset({"HELD", "HELD-AS-FALSE"})


class Group(NamedTuple):
    """Claims that changed in one way."""

    heading: str
    worse: str = ""
    """For claims that make the second run worse than the first: what a sentence that counts them calls them."""


GROUPS: dict[str, Group] = {
    "fell": Group("newly fell", "newly fell"),
    "broke": Group("newly broken: the check itself fails", "newly broken"),
    "unlisted": Group("no longer false, and still listed as refuted", "still listed as refuted"),
    "lost": Group("no longer decided", "no longer decided"),
    "gone": Group("gone: in the first run and not in the second", "gone"),
    "excused": Group("false as before, and now declared to be"),
    "rewritten": Group("pass now, but are not the same claims: that may be why"),
    "recovered": Group("recovered: pass now"),
    "decided": Group("became decided"),
    "tried": Group("still open, but something was tried"),
    "reworded": Group("pass or fail as before, but are not the same claims"),
    "shrunk": Group("the outcome that they had, on less than before"),
    "moved": Group("the outcome that they had, with another estimate or other evidence"),
    "new": Group("new"),
}
"""In the order in which they are shown."""


class Note(NamedTuple):
    """One thing about a claim that is not as it was."""

    kind: str
    """`line`, `expect`, `claim`, `refuted`, `contract`, `n`, `estimate`, `evidence` or `renamed`."""
    text: str
    loud: bool = False
    """Whether it may be the reason of a better outcome, or hides a worse one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One claim that is not as it was."""

    id: str
    group: str
    """A key of GROUPS."""
    before: Result | None
    after: Result | None
    notes: tuple[Note, ...]

    @property
    def worse(self) -> bool:
        """Whether this alone makes the second run worse."""
        return GROUPS[self.group].worse != ""


class Shift(NamedTuple):
    """A mutant, an audited claim or a setting with another value than before; None where there was none."""

    name: str
    before: str | None
    after: str | None
    worse: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from the first run to the second."""

    first: Run
    second: Run
    changes: tuple[Change, ...]
    circumstances: tuple[Shift, ...]
    """Settings in which the runs differ, and which may explain the rest."""
    controls: tuple[Shift, ...]
    """Mutants with another outcome."""
    audit: tuple[Shift, ...]
    """Claims of which the audit says something else."""

    @property
    def worse(self) -> bool:
        """Whether anything got worse. A claim on fewer problems alone is not; it is only said."""
        return any(change.worse for change in self.changes) or any(
            shift.worse for shift in (*self.controls, *self.audit)
        )


def compare(first: Run, second: Run) -> Comparison:
    """What changed from `first` to `second`, claims in the order of the second run and then those that are gone."""
    before = {result.id: result for result in first.results}
    after = {result.id: result for result in second.results}
    ids = [*after, *(identity for identity in before if identity not in after)]
    found = (_change(identity, before.get(identity), after.get(identity), first, second) for identity in ids)
    return Comparison(
        first=first,
        second=second,
        changes=tuple(change for change in found if change is not None),
        circumstances=tuple(_circumstances(first, second)),
        controls=tuple(_controls(first, second)),
        audit=tuple(_audit(first, second)),
    )


def _change(identity: str, before: Result | None, after: Result | None, first: Run, second: Run) -> Change | None:
    if after is None:
        assert before is not None
        return Change(identity, "gone", before, None, tuple(_renamed(before, second, first, "is now perhaps")))
    if before is None:
        notes = tuple(_renamed(after, first, second, "was perhaps"))
        return Change(identity, _turn(None, after.outcome) or "new", None, after, notes)
    notes = tuple(_notes(before, after))
    group = _turn(before.outcome, after.outcome)
    if group in ("recovered", "decided") and after.outcome in PASSING and _another(notes):
        group = "rewritten"
    group = group or _quiet(notes)
    return Change(identity, group, before, after, notes) if group else None


def _turn(before: str | None, after: str) -> str:
    """The group of a claim by its outcomes, or nothing when they are the same. A new claim has no outcome before."""
    if before == after:
        return ""
    if after == "FALSIFIED" or (after == "REFUTED" and before in ("HELD", "RECOVERED")):
        return "fell"
    if after in FAILING:
        return "broke" if after == "ERROR" else "unlisted"
    if before is None:
        return ""
    if after in UNDECIDED:
        return "tried" if before == "ERROR" or (before, after) == ("UNTESTED", "UNDERPOWERED") else "lost"
    if before in UNDECIDED or (before, after) == ("ERROR", "REFUTED"):
        return "decided"
    if after == "REFUTED" or (after == "HELD-AS-FALSE" and before in ("FALSIFIED", "REFUTED")):
        return "excused"
    return "reworded" if before in PASSING else "recovered"


def _another(notes: Sequence[Note]) -> bool:
    """Whether it is another claim under the same id, as far as the reports show."""
    return any(note.kind in ("claim", "line", "expect") for note in notes)


def _quiet(notes: Sequence[Note]) -> str:
    """The group of a claim with the outcome that it had, by the gravest thing that changed; nothing when nothing did."""
    kinds = {note.kind for note in notes}
    if _another(notes):
        return "reworded"
    if any(note.kind == "n" and note.loud for note in notes):
        return "shrunk"
    return "moved" if kinds & {"estimate", "evidence", "n"} else ""


def _notes(before: Result, after: Result) -> Iterator[Note]:
    """Everything about one claim that changed besides its outcome, the gravest first."""
    yield from _of_the_claim(before, after)
    yield from _of_the_denominator(before, after)
    yield from _of_the_estimate(before, after)
    lost, gained = (
        [one for one in ours if one not in theirs]
        for ours, theirs in ((before.evidence, after.evidence), (after.evidence, before.evidence))
    )
    if lost or gained:
        said = [f"without {', '.join(lost)}"] if lost else []
        said += [f"with {', '.join(gained)}"] if gained else []
        yield Note("evidence", f"evidence: now {' and '.join(said)}")


def _of_the_claim(before: Result, after: Result) -> Iterator[Note]:
    """Whether it is still the same claim, judged by the same rules."""
    if before.line is not None and after.line is not None and before.line != after.line:
        how = _loosened(before.required, after.required)
        yield Note("line", f"the line was {how}: {before.line!r} → {after.line!r}", loud=True)
    if before.expect != after.expect or before.type != after.type:
        was, is_ = (f"a {one.type} that is expected to be {one.expect}" for one in (before, after))
        yield Note("expect", f"it was {was} and is {is_}", loud=True)
    if one_line(before.claim) != one_line(after.claim):
        yield Note("claim", f"the claim was reworded: {before.claim!r} → {after.claim!r}", loud=True)
    if (before.refuted is None) != (after.refuted is None):
        text = "no longer listed as refuted" if after.refuted is None else f"now listed as refuted: {after.refuted!r}"
        yield Note("refuted", f"it is {text}", loud=True)
    if None not in (before.contract_digest, after.contract_digest) and before.contract_digest != after.contract_digest:
        loud = before.outcome != after.outcome
        yield Note(
            "contract", "its contract file is not the same: `apr contract diff` says what changed in it", loud=loud
        )


def _loosened(before: Sequence[float | None] | None, after: Sequence[float | None] | None) -> str:
    """What became of the room that a claim leaves its estimate."""
    if before is None or after is None:
        return "changed"
    infinite = float("inf")
    (low, high), (lower, higher) = (
        (-infinite if one[0] is None else one[0], infinite if one[1] is None else one[1]) for one in (before, after)
    )
    if (lower, higher) == (low, high):
        return "rewritten"
    if lower <= low and high <= higher:
        return "LOOSENED"
    return "tightened" if low <= lower and higher <= high else "moved"


def _of_the_denominator(before: Result, after: Result) -> Iterator[Note]:
    """Fewer cases or problems. A trial stops at its counterexample, and how many cases came before it means nothing."""
    if before.n is None or after.n is None or before.counterexample is not None or after.counterexample is not None:
        return
    was, is_ = (plural(one.n or 0, one_line(one.n_of or "cases")) for one in (before, after))
    if was == is_:
        return
    fewer = after.n < before.n
    yield Note("n", f"{'FEWER: ' if fewer else ''}{was} → {is_}", loud=fewer or before.n_of != after.n_of)


def _of_the_estimate(before: Result, after: Result) -> Iterator[Note]:
    if before.estimate is None or after.estimate is None:
        ranges = before.estimate is after.estimate and None not in (before.interval, after.interval)
        if ranges and before.interval != after.interval:
            yield Note("estimate", f"the possible values: {_ends(before)} → {_ends(after)}")
        return
    if before.unit != after.unit:
        units = " → ".join(one_line(one.unit or "no unit") for one in (before, after))
        yield Note("estimate", f"the estimate is in another unit: {units}", loud=True)
    elif before.estimate != after.estimate:
        beyond = _outside(after.estimate, before.interval)
        where = f", BEYOND the interval that it had, {_ends(before)}" if beyond else ""
        was, is_ = quantity(before, before.estimate), quantity(after, after.estimate)
        if was == is_:  # rounding hides what changed
            was, is_ = repr(before.estimate), repr(after.estimate)
        yield Note("estimate", f"estimate {was} → {is_}{where}", loud=beyond)


def _outside(value: float, bounds: Sequence[float | None] | None) -> bool:
    if bounds is None:
        return False
    low, high = bounds
    return (low is not None and value < low) or (high is not None and value > high)


def _ends(result: Result) -> str:
    low, high = ("…" if end is None else quantity(result, end) for end in result.interval or (None, None))
    return f"{low} to {high}"


def _renamed(result: Result, there: Run, here: Run, verb: str) -> Iterator[Note]:
    """A claim of the other run that says the same under an id that this run does not have."""
    ids = {one.id for one in here.results}
    for other in there.results:
        if other.id not in ids and (other.type, one_line(other.claim)) == (result.type, one_line(result.claim)):
            yield Note("renamed", f"it {verb} {other.id}, which says the same")


def _circumstances(first: Run, second: Run) -> Iterator[Shift]:
    """The settings that differ, and the contract files of both runs that do."""
    before, after = _settings(first), _settings(second)
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield Shift(name, before.get(name), after.get(name))
    was, is_ = _contracts(first), _contracts(second)
    for name in was:
        if name in is_ and was[name] != is_[name]:
            yield Shift(f"contract {name}", was[name][:12], is_[name][:12])


def _settings(run: Run) -> dict[str, str | None]:
    """What may explain another outcome. Seconds, start and command always differ, and explain nothing."""
    names = ("root", "seed", "cases", "scale", "selected", "collected", "commit", "dirty")
    values = {name: getattr(run.info, name) for name in names}
    said = {name: None if value is None else str(value) for name, value in values.items()}
    return said | run.info.versions | {"mutants tried": str(len(run.controls)), "claims audited": str(len(run.audited))}


def _contracts(run: Run) -> dict[str, str]:
    """Contract id → SHA-256 of its file."""
    return {one.contract: one.contract_digest for one in run.results if one.contract_digest is not None}


def _controls(first: Run, second: Run) -> Iterator[Shift]:
    """Mutants with another outcome; those of a run that tried none are not gone."""
    before = {control.id: control.outcome for control in first.controls}
    after = {control.id: control.outcome for control in second.controls}
    yield from _shifts(before, after, lambda was, is_: is_ == SURVIVED or (was == KILLED and is_ not in (None, KILLED)))


def _audit(first: Run, second: Run) -> Iterator[Shift]:
    before = {audited.claim: audited.label for audited in first.audited}
    after = {audited.claim: audited.label for audited in second.audited}
    yield from _shifts(before, after, lambda was, is_: is_ in DEFECTS)


def _shifts(
    before: Mapping[str, str], after: Mapping[str, str], worse: Callable[[str | None, str | None], bool]
) -> Iterator[Shift]:
    if not before or not after:  # one of the runs did not look: only what is bad on its own is worth a line
        before, after = {}, {name: value for name, value in after.items() if worse(None, value)}
    for name in [*after, *(name for name in before if name not in after)]:
        was, is_ = before.get(name), after.get(name)
        if was != is_:
            yield Shift(name, was, is_, worse(was, is_))
