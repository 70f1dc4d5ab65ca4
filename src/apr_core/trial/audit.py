"""The audit: can every claim fall, and does it fall where a fault was planted for it?

`judge` says what is true of the code; `audit` says what that is worth. The one thing a reader would get wrong: a claim that is
FALSIFIED passes the audit. It fell on the real thing, and needs no planted fault to show that it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apr_core.contract.load import LoadedContract
from apr_core.contract.mutants import Mutant, ResultMutant
from apr_core.contract.obligations import Compound, Gate, Obligation, PropertyObligation, is_bound
from apr_core.contract.schema import PlannedSubject
from apr_core.errors import AprError, Untestable
from apr_core.trial.control import DEFECTS, DRIFTED, ERROR, KILLED, LABELS, SURVIVED, UNTESTED, Audited, Cell, Control
from apr_core.trial.fault import Fault
from apr_core.trial.mutants import plant, try_mutants
from apr_core.trial.planting import noticed
from apr_core.trial.probes import finite
from apr_core.trial.result import Result
from apr_core.trial.subjects import resolve
from apr_core.trial.vacuity import ACCIDENTS, Probing, compared_nothing, examine, under_fallen_parts
from apr_core.verdict import Verdict

if TYPE_CHECKING:
    from apr_core.trial.session import Session


@dataclass(frozen=True)
class Audit:
    """What was found: a label for each claim, and the kill matrix."""

    audited: tuple[Audited, ...]
    controls: tuple[Control, ...]

    @property
    def defects(self) -> list[Audited]:
        """Claims with which the audit fails."""
        return [one for one in self.audited if one.label in DEFECTS]

    @property
    def counts(self) -> dict[str, int]:
        """Label → number of claims, best first, those that occur."""
        found = {label: sum(one.label == label for one in self.audited) for label in LABELS}
        return {label: count for label, count in found.items() if count}


def audit(
    session: Session,
    contracts: Sequence[LoadedContract],
    *,
    workers: int | None = None,
    fresh: bool = False,
    on_step: Callable[[str], None] | None = None,
) -> Audit:
    """Judge, control and probe every claim of some contracts.

    Args:
        workers: processes in which source mutants are tried side by side; as many as cores when not given.
        fresh: try again what was killed before on the same contract, sources and versions.
        on_step: told of each mutant and each claim as it is done.
    """
    tell = on_step or (lambda _: None)
    wanted: list[tuple[LoadedContract, Mutant]] = [
        (loaded, one) for loaded in contracts for one in loaded.model.mutants
    ]
    controls: dict[str, Control] = {}
    for control in try_mutants(session, wanted, workers=workers, fresh=fresh):
        controls[control.id] = control
        tell(control.id)
    for loaded in contracts:
        for whole in fallen_parts(session, loaded):
            controls[whole.id] = whole
    cells = cells_by_claim(controls.values())
    audited = []
    for loaded in contracts:
        for obligation in loaded.model.obligations:
            audited.append(audit_claim(session, loaded, obligation, cells.get(f"{loaded.id}::{obligation.id}", {})))
            tell(audited[-1].claim)
    order = {f"{loaded.id}::{one.id}": index for index, (loaded, one) in enumerate(wanted)}
    return Audit(tuple(audited), tuple(sorted(controls.values(), key=lambda one: order.get(one.id, len(order)))))


Cells = Mapping[str, Cell]
"""Id of a mutant → what one claim made of it."""


def cells_by_claim(controls: Iterable[Control]) -> dict[str, dict[str, Cell]]:
    """Claim id → its cells: the kill matrix, read by column."""
    found: dict[str, dict[str, Cell]] = {}
    for control in controls:
        for cell in control.cells:
            found.setdefault(cell.claim, {})[control.id] = cell
    return found


def audit_claim(session: Session, loaded: LoadedContract, obligation: Obligation, cells: Cells) -> Audited:
    """The label of one claim, from what it came to, from its mutants, and from probing."""
    real = session.judge_loaded(loaded, obligation)
    label, reason = _label(session, loaded, obligation, real, cells)
    kills = sum(cell.outcome == KILLED for cell in cells.values())
    return Audited(claim=real.id, label=label, reason=reason, killed=kills, mutants=len(cells))


def _label(
    session: Session, loaded: LoadedContract, obligation: Obligation, real: Result, cells: Cells
) -> tuple[str, str]:
    if real.verdict is Verdict.ERROR:
        return ("VACUOUS" if compared_nothing(real) else "ERROR"), real.reason
    if real.verdict is Verdict.UNTESTED:
        return ("UNTESTED" if could_be_tried(session, loaded, obligation) else "UNBOUND"), real.reason
    for outcome, label in ((DRIFTED, "DRIFTED"), (ERROR, "ERROR"), (SURVIVED, "SURVIVED")):
        wrong = next((cell for cell in cells.values() if cell.outcome == outcome), None)
        if wrong is not None:
            return label, wrong.reason
    if real.verdict is Verdict.FALSIFIED and obligation.expect == "held":
        return "FELL", "it is FALSIFIED on the real thing"
    try:
        found = examine(session, loaded, obligation, real)
    except (AprError, Untestable) as error:
        found = Probing()
        if not cells:
            return "UNCONTROLLED", f"no mutant names it, and it cannot be probed: {error}"
    kills = sum(cell.outcome == KILLED for cell in cells.values())
    if found.vacuous is not None and not (found.changed and _by_value(session, loaded, obligation, cells)):
        return "VACUOUS", found.vacuous
    if obligation.expect == "falsified":
        return "FELL", "it is FALSIFIED on the real thing, as it is meant to be"
    if kills:
        return "CONTROLLED", f"{kills} of {len(cells)} mutants that name it are killed"
    untested = next((cell for cell in cells.values() if cell.outcome == UNTESTED), None)
    if untested is not None:
        return "UNTESTED", untested.reason
    how = f"it falls when probed ({found.fell})" if found.fell else "it could not be probed"
    return "UNCONTROLLED", f"no mutant names it; {how}"


def could_be_tried(session: Session, loaded: LoadedContract, obligation: Obligation) -> bool:
    """Whether all that an obligation calls exists; prose and planned subjects are bound to nothing, and so is a whole of which
    every part is."""
    if not is_bound(obligation):
        return False
    if isinstance(obligation, (Compound, Gate)):
        parts = [part.rpartition("::") for part, _ in session.judge_loaded(loaded, obligation).parts]
        homes = [(session.catalog.load(contract), name) for contract, _, name in parts]
        return any(could_be_tried(session, home, home.obligation(name)) for home, name in homes)
    subjects = loaded.model.subjects
    return not any(isinstance(subjects[name], PlannedSubject) for name in loaded.calls_of(obligation.id))


def _by_value(session: Session, loaded: LoadedContract, obligation: Obligation, cells: Cells) -> bool:
    """Whether a planted fault kills a claim that no probe could, and kills it by a value.

    A tautology is broken by NaN, which differs from itself, and by a subject that raises; neither shows that it compares
    anything. So a `result` mutant is tried again with results that are finite, and a kill by NaN in a source is not counted.
    """
    if not isinstance(obligation, PropertyObligation):
        return False
    for mutant in loaded.model.mutants:
        kill = cells.get(f"{loaded.id}::{mutant.id}")
        if kill is None or kill.outcome != KILLED or kill.broke in ACCIDENTS:
            continue
        if isinstance(mutant, ResultMutant):
            if _kills_soberly(session, loaded, obligation, mutant):
                return True
        elif "nan" not in kill.reason:
            return True
    return False


def _kills_soberly(session: Session, loaded: LoadedContract, obligation: Obligation, mutant: ResultMutant) -> bool:
    fault = plant(session, loaded, mutant)
    planted, subject = fault.subjects[mutant.of], resolve(loaded.model.subjects[mutant.of], session.policy)

    def sober(*args: Any, **kwargs: Any) -> Any:
        real = subject(*args, **kwargs)
        try:
            found = planted(*args, **kwargs)
        except Exception:
            return real
        return found if finite(found) or not finite(real) else real

    there = session.under(Fault("sober", subjects={mutant.of: sober}))
    result = there.judge_obligation(loaded, obligation)
    return noticed(result.verdict.value, obligation.expect) and result.broke not in ACCIDENTS


def fallen_parts(session: Session, loaded: LoadedContract) -> Iterator[Control]:
    """Controls that nobody has to write: a compound claim or a gate, with the claims that it rests on made to fall.

    One at a time for `all_of` and gates, which must not survive any of them; all together for `any_of`.
    """
    for obligation in loaded.model.obligations:
        if not isinstance(obligation, (Compound, Gate)):
            continue
        real = session.judge_loaded(loaded, obligation)
        parts = [part for part, _ in real.parts]
        together = isinstance(obligation, Compound) and obligation.any_of is not None
        for fallen in [parts] if together else [[part] for part in parts]:
            yield _fallen(session, loaded, obligation, fallen)


def _fallen(session: Session, loaded: LoadedContract, obligation: Compound | Gate, fallen: Sequence[str]) -> Control:
    result = under_fallen_parts(session, loaded, obligation, fallen)
    killed = result.verdict is Verdict.FALSIFIED
    claim = f"{loaded.id}::{obligation.id}"
    cell = Cell(claim=claim, outcome=KILLED if killed else SURVIVED, reason=result.reason)
    names = " and ".join(fallen)
    return Control(
        id=f"{claim} without {names}", contract=loaded.id, kind="part", of=names, fault=f"{names} falls, all others hold",
        where=f"{loaded.relative}:{loaded.line_of(obligation.id)}", cells=(cell,),
    )  # fmt: skip


def could_ever(audited: Sequence[Audited]) -> tuple[int, int]:
    """How many claims something exists for that could be tried, and how many there are."""
    return sum(one.label != "UNBOUND" for one in audited), len(audited)
