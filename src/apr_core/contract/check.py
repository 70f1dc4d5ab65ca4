"""Semantic checks of a contract: what its schema cannot say.

Every expression compiles with the names in its scope, every reference leads somewhere, every declaration is used.
Nothing is imported and no subject runs. The one thing a reader would get wrong: a line that a scale gives (`at_least:
h2_line`) is not known while a file is loaded on its own, so names in lines are only checked when `lines` is given.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping, Sized

from apr_core.contract.check_inputs import InputChecker
from apr_core.contract.check_obligations import ObligationChecker
from apr_core.contract.inputs import Source
from apr_core.contract.limits import DECLARATIONS
from apr_core.contract.mutants import EvidenceMutant, Mutant, ResultMutant, SourceMutant
from apr_core.contract.obligations import (
    AnyObligation,
    Compound,
    Decide,
    Difference,
    EvidenceObligation,
    Gate,
    NonInferiority,
    PropertyObligation,
    Threshold,
    Trend,
    Unbound,
)
from apr_core.contract.origin import pointed
from apr_core.contract.schema import CommandSubject, Contract
from apr_core.contract.scope import Checker, Finding, Scope, TooManyProblems, find_cycle
from apr_core.contract.vocabulary import VOCABULARY
from apr_core.contract.yaml import Location
from apr_core.errors import did_you_mean

__all__ = ["Finding", "check", "examine"]

_PARAMETER = re.compile(r"@\d+$")


def check(
    contract: Contract, *, lines: Collection[str] | None = None, metrics: Collection[str] | None = None
) -> list[Finding]:
    """All semantic problems of a contract, in no particular order.

    `lines` are the names that the scale gives to numbers, `metrics` the rows of the metric table (`pass@k` stands for
    every k); None leaves such names to be judged when the claim is tried.
    """
    return list(dict.fromkeys(examine(contract, lines=lines, metrics=metrics).findings))


def examine(
    contract: Contract, *, lines: Collection[str] | None = None, metrics: Collection[str] | None = None
) -> ContractChecker:
    """What `check` finds, and which subjects each obligation needs (`calls_of`)."""
    checker = ContractChecker(contract, lines, metrics)
    with contextlib.suppress(TooManyProblems):
        checker.run()
    return checker


class ContractChecker(Checker):
    """Checks one contract from top to bottom."""

    def __init__(self, contract: Contract, lines: Collection[str] | None, metrics: Collection[str] | None) -> None:
        super().__init__(contract)
        self.lines = lines
        self.metrics = metrics
        self.taken: dict[str, str] = {}
        self.ids_known = {obligation.id: obligation for obligation in contract.obligations}

    def run(self) -> None:
        """Checks everything, unless there is too much of it."""
        self.sizes()
        if self.findings:
            return
        self.declarations()
        self.ids()
        shared = self.shared()
        for index, obligation in enumerate(self.contract.obligations):
            self.obligation(obligation, shared, ("obligations", index))
        for index, mutant in enumerate(self.contract.mutants):
            self.mutant(mutant, ("mutants", index))
        self.cycles()
        self.unused()

    def sizes(self) -> None:
        """No section is longer than anybody writes."""
        contract = self.contract
        for section in ("subjects", "constants", "inputs", "setup", "evidence", "obligations", "mutants"):
            self.size(getattr(contract, section), (section,))
        for index, obligation in enumerate(contract.obligations):
            for section in ("inputs", "let", "for_each", "all_of", "any_of", "require"):
                self.size(getattr(obligation, section, None) or (), ("obligations", index, section))

    def size(self, entries: Sized, loc: Location) -> None:
        """One section."""
        if len(entries) > DECLARATIONS:
            self.report(loc, f"{len(entries):,} entries: at most {DECLARATIONS:,} are allowed, so split the contract.")

    def declarations(self) -> None:
        """Every name belongs to one thing."""
        contract = self.contract
        sections = (
            ("constants", "the constant", contract.constants),
            ("setup", "the object of `setup`", contract.setup),
            ("inputs", "the input", contract.inputs),
            ("subjects", "the subject", contract.subjects),
        )
        for section, what, names in sections:
            for name in names:
                self.declare(name, (section, name), what, self.taken)
                self.taken.setdefault(name, f"{what} {name!r} of the contract")

    def ids(self) -> None:
        """Ids of obligations and mutants are unique."""
        seen: dict[str, str] = {}
        rows = [("obligations", index, item.id) for index, item in enumerate(self.contract.obligations)]
        rows += [("mutants", index, item.id) for index, item in enumerate(self.contract.mutants)]
        for section, index, identifier in rows:
            if identifier in seen:
                message = f"the id {identifier!r} is taken by {seen[identifier]}: ids are unique in a file."
                self.report((section, index, "id"), message)
            seen.setdefault(identifier, f"{section}[{index}]")

    def shared(self) -> InputChecker:
        """`setup` in order, and the inputs of the contract among themselves."""
        contract = self.contract
        scope = Scope(self.base.union(contract.constants), self.functions)
        for name, source in contract.setup.items():
            inner = Scope(scope.names, scope.functions, scope.reads)
            self.compile(source, ("setup", name), inner)
            self.setup_calls[name] = inner.calls
            self.used_functions |= inner.calls
            scope = scope.adding([name])
        self.used_names |= scope.reads
        fixed = self.base.union(contract.constants, contract.setup)
        inputs = InputChecker(self, fixed, contract.inputs)
        for name in contract.inputs:
            inputs.check(name, ("inputs", name))
        inputs.report_cycle(("inputs",))
        return inputs

    def obligation(self, obligation: AnyObligation, shared: InputChecker, loc: Location) -> None:
        """One obligation."""
        if isinstance(obligation, PropertyObligation):
            ObligationChecker(self, shared, obligation, loc, dict(self.taken)).check()
        elif isinstance(obligation, EvidenceObligation):
            self.evidence(obligation, loc)
        elif isinstance(obligation, Compound):
            field = "all_of" if obligation.all_of is not None else "any_of"
            self.references(obligation.all_of or obligation.any_of or [], obligation.id, (*loc, field))
        elif isinstance(obligation, Gate):
            self.references(obligation.require, obligation.id, (*loc, "require"))
            for name in obligation.allow:
                if name not in obligation.require:
                    message = f"{name!r} is not in `require`, so there is nothing to allow."
                    self.report((*loc, "allow", name), f"{message}{did_you_mean(name, obligation.require)}", key=True)
        elif isinstance(obligation, Unbound):
            self.pointer(obligation, (*loc, "at"))

    def pointer(self, obligation: Unbound, loc: Location) -> None:
        """The place in the source that a claim in prose comes from."""
        source = self.contract.source
        if obligation.at is None:
            return
        if source is None:
            self.report(loc, "`at` points into `source.document`, and the contract has no `source`: remove one line.")
            return
        try:
            pointed(source.document, obligation.at)
        except LookupError:
            message = f"there is nothing at {obligation.at!r} in `source.document`: correct the place, or remove `at`."
            self.report(loc, message)

    def evidence(self, obligation: EvidenceObligation, loc: Location) -> None:
        """Evidence names, the metric and the lines."""
        names = list(_evidence_names(obligation))
        for field, name in names:
            self.used_evidence.add(name)
            if name not in self.contract.evidence:
                near = did_you_mean(name, self.contract.evidence)
                self.report((*loc, field), f"there is no evidence {name!r}.{near} Declare it in `evidence`.")
        if len(names) > 1 and names[0][1] == names[1][1]:
            self.report((*loc, "reference"), f"{names[0][1]!r} is compared with itself: name two sets of evidence.")
        self.metric(obligation, loc)
        known = [
            self.line(source, (*loc, field), least, strict=strict)
            for field, source, least, strict in _lines(obligation)
        ]
        if len(known) > 1:
            self.ordered(known[0], known[1], (*loc, "at_most"))
        if obligation.family is not None and not isinstance(obligation.decide, Decide):
            message = (
                "a family shares an alpha, and `decide: score` has none: remove it, or write `decide: {alpha: …}`."
            )
            self.report((*loc, "family"), message, key=True)

    def metric(self, obligation: EvidenceObligation, loc: Location) -> None:
        """The name of a metric, where the table is known. A `trend` may also name a recorded series."""
        name = getattr(obligation, "metric", None)
        if self.metrics is None or name is None or name in self.metrics:
            return
        if _PARAMETER.sub("@k", name) not in self.metrics:
            near = did_you_mean(name, self.metrics)
            message = f"there is no metric {name!r}.{near} The metrics are {', '.join(sorted(self.metrics))}."
            self.report((*loc, "metric"), message)

    def line(self, source: Source, loc: Location, least: float | None, *, strict: bool) -> float | None:
        """A line or a margin: a number, or an expression over constants and lines of the scale."""
        names = None if self.lines is None else self.base.union(self.contract.constants, self.lines)
        scope = Scope(names, VOCABULARY)
        value = self.number(source, loc, scope)
        self.used_names |= scope.reads
        if value is not None and least is not None and not (value > least or (value == least and not strict)):
            self.report(loc, f"{value} is not {'above' if strict else 'at least'} {least:g}.")
        return value

    def references(self, references: list[str], own: str, loc: Location) -> None:
        """Claim ids of this file must exist; those of other files are looked up when the claims are judged."""
        seen: set[str] = set()
        for index, reference in enumerate(references):
            if reference in seen:
                self.report((*loc, index), f"{reference!r} is listed twice: remove one.")
            seen.add(reference)
            if "::" in reference:
                continue
            if reference == own:
                self.report((*loc, index), f"{reference!r} cannot rest on itself.")
            elif reference not in self.ids_known:
                near = did_you_mean(reference, self.ids_known)
                message = (
                    f"there is no obligation {reference!r} in this file.{near} Another file's is `folder/file::ID`."
                )
                self.report((*loc, index), message)

    def cycles(self) -> None:
        """Compound claims and gates of one file must not rest on each other."""
        parts = {
            obligation.id: [name for name in _parts(obligation) if name != obligation.id]
            for obligation in self.contract.obligations
        }
        cycle = find_cycle(parts)
        if cycle:
            index = next(index for index, item in enumerate(self.contract.obligations) if item.id == cycle[0])
            self.report(("obligations", index), f"claims rest on each other: {' → '.join(cycle)}. Drop one reference.")

    def mutant(self, mutant: Mutant, loc: Location) -> None:
        """Where a fault is planted, and whether those that must notice it can see that place."""
        on_evidence = isinstance(mutant, EvidenceMutant)
        known: Mapping[str, object] = self.contract.evidence if on_evidence else self.contract.subjects
        reads: Mapping[str, Collection[str]] = self.reads if on_evidence else self.calls_of
        what = "evidence" if on_evidence else "subject"
        if mutant.of not in known:
            near = did_you_mean(mutant.of, known)
            self.report((*loc, "of"), f"there is no {what} {mutant.of!r}.{near} Declare it.")
        elif isinstance(known[mutant.of], CommandSubject):
            self.report((*loc, "of"), f"{mutant.of!r} is a program: a fault can only be planted in a function.")
        if isinstance(mutant, ResultMutant):
            # The subject's parameters are known once it is imported: until then any name may be one.
            self.compile(mutant.becomes, (*loc, "becomes"), Scope(None, self.functions))
        for index, name in enumerate(mutant.killed_by):
            self.killer(name, mutant, reads, known, (*loc, "killed_by", index))

    def killer(
        self,
        name: str,
        mutant: Mutant,
        reads: Mapping[str, Collection[str]],
        known: Collection[str],
        loc: Location,
    ) -> None:
        """One obligation that must notice a fault."""
        how = "rest on" if isinstance(mutant, EvidenceMutant) else "call"
        if name not in self.ids_known:
            self.report(loc, f"there is no obligation {name!r} in this file.{did_you_mean(name, self.ids_known)}")
        elif name not in reads:
            whose = (
                "is decided on no evidence" if isinstance(mutant, EvidenceMutant) else "is not tried on drawn inputs"
            )
            self.report(loc, f"{name!r} {whose}, so no fault planted there can falsify it.")
        elif mutant.of not in reads[name] and mutant.of in known and not isinstance(mutant, SourceMutant):
            self.report(loc, f"{name!r} does not {how} {mutant.of!r}, so this fault cannot falsify it.")

    @property
    def reads(self) -> dict[str, set[str]]:
        """Obligation id → the evidence that it rests on, for those that rest on any."""
        return {
            one.id: {name for _, name in _evidence_names(one)}
            for one in self.contract.obligations
            if isinstance(one, EvidenceObligation)
        }

    def unused(self) -> None:
        """What nothing reads is not in a contract."""
        contract = self.contract
        rows = (
            ("constants", "the constant", contract.constants, self.used_names),
            ("setup", "the object of `setup`", contract.setup, self.used_names),
            ("inputs", "the input", contract.inputs, self.used_inputs),
            ("subjects", "the subject", contract.subjects, self.used_functions),
            ("evidence", "the evidence", contract.evidence, self.used_evidence),
        )
        for section, what, declared, used in rows:
            for name in declared:
                if name not in used:
                    message = f"{what} {name!r} is not used by any obligation: use it, or remove it."
                    self.report((section, name), message, key=True)
        if contract.produce is not None and not contract.evidence:
            self.report(("produce",), "`produce` makes evidence, and the contract declares none: remove it.", key=True)


def _evidence_names(obligation: EvidenceObligation) -> Iterator[tuple[str, str]]:
    """The fields that name evidence, with their values."""
    match obligation:
        case Threshold():
            yield "of", obligation.of
        case Difference() | NonInferiority():
            yield "candidate", obligation.candidate
            yield "reference", obligation.reference
        case Trend():
            yield "series", obligation.series


def _lines(obligation: EvidenceObligation) -> Iterator[tuple[str, Source, float | None, bool]]:
    """The numbers that decide: (field, source, lower limit, whether the limit is excluded)."""
    match obligation:
        case Threshold():
            for field, source in (("at_least", obligation.at_least), ("at_most", obligation.at_most)):
                if source is not None:
                    yield field, source, None, False
        case Difference():
            yield "margin", obligation.margin, 0, False
        case NonInferiority():
            yield "margin", obligation.margin, 0, True


def _parts(obligation: AnyObligation) -> list[str]:
    """The claims that a claim rests on."""
    if isinstance(obligation, Compound):
        return obligation.all_of or obligation.any_of or []
    return obligation.require if isinstance(obligation, Gate) else []
