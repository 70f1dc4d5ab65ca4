"""Trying the derived mutants: first the claims on the real code, then each mutant against the claims that held there.

The one thing a reader would get wrong: what counts as noticed. A mutant is killed by a claim that falls. One that never ends is
noticed too, and is counted apart. One under which the claims only break (it cannot be imported, the trial is an ERROR) has been
noticed by no claim and has not been overlooked by one either: it is left out of the denominator, and named.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from apr_core.contract.load import LoadedContract
from apr_core.trial.edits import Edit, apply
from apr_core.trial.planting import noticed
from apr_core.trial.result import Result
from apr_core.trial.targets import Judges, Target
from apr_core.trial.workers import Done, Job, Workers
from apr_core.verdict import Verdict

KILLED, SURVIVED, TIMED_OUT, BROKE = "killed", "survived", "timed out", "broke"

OUTCOMES = (KILLED, TIMED_OUT, SURVIVED, BROKE)

RATE = "rate = (killed + timed out) / (tried - broke)"
"""How the kill rate is defined, as every report says it."""

PATIENCE = 10
"""A mutant may take so many times as long as the real code before it counts as timed out."""
LEAST_SECONDS = 10.0
CONTROL_SECONDS = 600.0
"""For the claims of one contract on the real code."""

_BATCH = 200
"""Edited texts that are held in memory at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Mutant:
    """One edit of one target."""

    target: Target
    edit: Edit
    id: str
    """`module:function:line:column:operator:number`, the same in every run on the same source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a mutant."""

    mutant: Mutant
    outcome: str
    """One of OUTCOMES."""
    killed_by: str | None = None
    """The first claim that fell, `folder/file::ID`."""
    how: str | None = None
    """How it fell, as `Result.broke` says: `raised` when the mutant crashed instead of giving a wrong value."""
    reason: str = ""
    counterexample: dict[str, str] | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The claims of a contract that can judge the mutants of a module, the quickest first."""

    claims: dict[str, float]
    """Id → seconds on the real code, without what a process costs to start."""
    overhead: float
    """Seconds to start the process, import the subjects and load the contract, and to wait for one's turn."""

    def seconds(self, claims: Sequence[str]) -> float:
        """What one mutant takes when none of these claims notices it."""
        return self.overhead + sum(self.claims[claim] for claim in claims)


@dataclass(slots=True)
class Control:
    """The claims on the real code."""

    ready: dict[tuple[str, str], Ready] = field(default_factory=dict)
    """(module, contract id) → the claims that hold there."""
    unfit: dict[str, str] = field(default_factory=dict)
    """Claim → why it cannot judge."""

    def judges(self, target: Target) -> list[tuple[Judges, tuple[str, ...]]]:
        """The contracts that can judge a target, with the claims that do, quickest first."""
        found = []
        for one in target.judges:
            ready = self.ready.get((target.place.module, one.contract.id))
            claims = () if ready is None else tuple(claim for claim in ready.claims if claim in one.claims)
            if claims:
                found.append((one, claims))
        return sorted(found, key=lambda pair: self.patience(target, *pair))

    def patience(self, target: Target, one: Judges, claims: Sequence[str]) -> float:
        """Seconds that some claims of a contract take for a mutant that none of them notices."""
        return self.ready[target.place.module, one.contract.id].seconds(claims)

    def seconds(self, target: Target) -> float:
        """What one mutant of a target takes when nothing notices it."""
        # The least overhead: that of most jobs holds the time that they waited for one another.
        start = min((ready.overhead for ready in self.ready.values()), default=0.0)
        judges = ((self.ready[target.place.module, one.contract.id], claims) for one, claims in self.judges(target))
        return sum(start - ready.overhead + ready.seconds(claims) for ready, claims in judges)


def mutants_of(targets: Iterable[Target]) -> list[Mutant]:
    """All mutants, in the order of the targets and of their sources."""
    found = []
    for target in targets:
        seen: dict[str, int] = defaultdict(int)
        for edit in target.edits:
            name = f"{target.name}:{edit.line}:{edit.column}:{edit.operator}"
            seen[name] += 1
            found.append(Mutant(target, edit, f"{name}:{seen[name]}"))
    return found


def sample(mutants: Sequence[Mutant], limit: int | None, seed: int) -> list[Mutant]:
    """At most `limit` mutants, each with the same chance, spread evenly over targets and operators; in the given order.

    Systematic sampling: within each stratum the mutants stand in an order drawn by `seed`, at equal steps from a drawn start;
    those with the lowest places are taken.
    """
    if limit is None or limit >= len(mutants):
        return list(mutants)
    strata: dict[tuple[str, str], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        strata[mutant.target.name, mutant.edit.operator].append(mutant)
    places: dict[str, float] = {}
    for stratum, members in strata.items():
        start = _uniform(seed, *stratum)
        for index, mutant in enumerate(sorted(members, key=lambda one: _uniform(seed, one.id))):
            places[mutant.id] = (index + start) / len(members)
    chosen = {mutant.id for mutant in sorted(mutants, key=lambda one: places[one.id])[:limit]}
    return [mutant for mutant in mutants if mutant.id in chosen]


def _uniform(seed: int, *words: str) -> float:
    """A number in [0, 1) that only depends on the arguments."""
    digest = hashlib.blake2b("\0".join([str(seed), *words]).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pairs(targets: Sequence[Target]) -> dict[tuple[str, str], tuple[Target, LoadedContract, dict[str, None]]]:
    """(module, contract id) → a target in that module, the contract, and its claims about any of them."""
    found: dict[tuple[str, str], tuple[Target, LoadedContract, dict[str, None]]] = {}
    for target in targets:
        for one in target.judges:
            known = found.setdefault((target.place.module, one.contract.id), (target, one.contract, {}))
            known[2].update(dict.fromkeys(one.claims))
    return found


def positive_control(crew: Workers, targets: Sequence[Target], on_done: Callable[[], None] = lambda: None) -> Control:
    """Judge every claim on the real code, loaded in the way in which a mutant is loaded.

    Raises:
        TrialError: the process that forks does not start, or ended.
    """
    wanted = pairs(targets)
    jobs = {
        f"{module} {contract}": Job(
            key=f"{module} {contract}", contract=loaded.path, obligations=tuple(claims), module=module,
            text=target.source, seconds=CONTROL_SECONDS,
        )
        for (module, contract), (target, loaded, claims) in wanted.items()
    }  # fmt: skip
    found = Control()
    for done in crew.run(list(jobs.values())):
        module, contract = done.key.split(" ", 1)
        _note(found, module, wanted[module, contract][1], jobs[done.key], done)
        on_done()
    return found


def _note(control: Control, module: str, loaded: LoadedContract, job: Job, done: Done) -> None:
    """Sort the claims of one contract into those that can judge and those that cannot."""
    fit: dict[str, Result] = {}
    for claim in job.obligations:
        result = done.results.get(claim)
        if done.error is not None or result is None:
            control.unfit[f"{loaded.id}::{claim}"] = f"{_last_line(done.error or 'it was not judged')} ({module})"
        elif noticed(result.verdict.value, result.expect):
            control.unfit[result.id] = f"on the real code it is {result.outcome}: {result.reason}"
        elif result.verdict not in (Verdict.HELD, Verdict.FALSIFIED):
            control.unfit[result.id] = f"on the real code it is {result.verdict.value}: {result.reason}"
        else:
            fit[claim] = result
    if fit:
        spent = sum(result.seconds for result in done.results.values())
        quickest = sorted(fit, key=lambda claim: fit[claim].seconds)
        control.ready[module, loaded.id] = Ready(
            claims={claim: fit[claim].seconds for claim in quickest}, overhead=max(0.0, done.seconds - spent)
        )


def try_mutants(crew: Workers, mutants: Sequence[Mutant], control: Control) -> Iterator[Tried]:
    """Each mutant with what became of it, as they are done. One contract after the other judges what is not noticed yet.

    Raises:
        TrialError: the process that forks ended.
    """
    for start in range(0, len(mutants), _BATCH):
        waiting = {mutant.id: (mutant, control.judges(mutant.target)) for mutant in mutants[start : start + _BATCH]}
        so_far: dict[str, Tried] = {}
        for turn in itertools.count():
            jobs = [_job(mutant, judges[turn], control) for mutant, judges in waiting.values()]
            for done in crew.run(jobs):
                mutant, judges = waiting[done.key]
                tried = together(so_far.get(done.key), _settled(mutant, done))
                so_far[done.key] = tried
                if tried.outcome in (KILLED, TIMED_OUT) or turn + 1 == len(judges):
                    del waiting[done.key]
                    yield tried
            if not waiting:
                break


def _job(mutant: Mutant, judges: tuple[Judges, tuple[str, ...]], control: Control) -> Job:
    return Job(
        key=mutant.id, contract=judges[0].contract.path, obligations=judges[1], module=mutant.target.place.module,
        text=apply(mutant.target.source, mutant.edit), first_kill=True,
        seconds=max(LEAST_SECONDS, PATIENCE * control.patience(mutant.target, *judges)),
    )  # fmt: skip


def _settled(mutant: Mutant, done: Done) -> Tried:
    """What the claims of one contract made of a mutant."""
    for result in done.results.values():
        if noticed(result.verdict.value, result.expect):
            return Tried(
                mutant=mutant, outcome=KILLED, killed_by=result.id, how=result.broke, reason=_why(result),
                counterexample=result.counterexample, seconds=done.seconds,
            )  # fmt: skip
    if done.timed_out:
        return Tried(mutant=mutant, outcome=TIMED_OUT, reason=done.error or "", seconds=done.seconds)
    if done.error is not None:
        return Tried(mutant=mutant, outcome=BROKE, reason=_last_line(done.error), seconds=done.seconds)
    for result in done.results.values():
        if result.verdict not in (Verdict.HELD, Verdict.FALSIFIED):
            reason = f"{result.id} is {result.verdict.value}: {result.reason}"
            return Tried(mutant=mutant, outcome=BROKE, reason=reason, seconds=done.seconds)
    return Tried(mutant=mutant, outcome=SURVIVED, seconds=done.seconds)


def _why(result: Result) -> str:
    if result.observed is None:
        return result.reason
    return f"expected {result.expected}, observed {result.observed}"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason was given"


def together(before: Tried | None, now: Tried) -> Tried:
    """What two contracts make of one mutant together: noticed by one is noticed; broken under one is not merely survived."""
    return now if before is None or now.outcome in (KILLED, TIMED_OUT) or before.outcome == SURVIVED else before


@dataclass(frozen=True, slots=True)
class Tally:
    """Mutants by what became of them."""

    tried: int
    counts: dict[str, int]
    raised: int
    """Of those killed: how many crashed instead of giving a wrong value."""

    @property
    def detected(self) -> int:
        """The numerator of the kill rate."""
        return self.counts[KILLED] + self.counts[TIMED_OUT]

    @property
    def judged(self) -> int:
        """Its denominator."""
        return self.tried - self.counts[BROKE]

    @property
    def rate(self) -> float | None:
        """The kill rate; None when there is nothing to divide by."""
        return self.detected / self.judged if self.judged else None


def tally(tried: Iterable[Tried]) -> Tally:
    """The counts of some mutants."""
    found = list(tried)
    counts = {outcome: sum(one.outcome == outcome for one in found) for outcome in OUTCOMES}
    return Tally(len(found), counts, sum(one.outcome == KILLED and one.how == "raised" for one in found))
