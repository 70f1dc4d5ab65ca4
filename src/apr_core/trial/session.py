"""One judging session: the contracts under a root, the settings, and what has been judged so far.

Pytest items, `apr gate` and the other commands all come through `Session.judge`. The one thing a reader would get wrong:
judging never raises because of a contract or its subjects. Whatever goes wrong becomes the verdict ERROR with its text.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from apr_core.contract.load import LoadedContract, load_scale
from apr_core.contract.obligations import Compound, EvidenceObligation, Gate, Obligation, PropertyObligation, Unbound
from apr_core.contract.schema import Scale
from apr_core.errors import AprError, ContractError, Refutation, SelectionError, Untestable
from apr_core.trial.catalog import Catalog
from apr_core.trial.combine import judge_compound, judge_gate
from apr_core.trial.decide import decide_evidence
from apr_core.trial.fault import Fault
from apr_core.trial.property import try_property
from apr_core.trial.refuted import load_refuted
from apr_core.trial.result import Result
from apr_core.trial.subjects import Policy
from apr_core.trial.unbound import judge_unbound
from apr_core.verdict import Verdict

CASES = {"quick": 25, "default": 100, "full": 2000}
"""Names for `--apr-cases`."""

LEDGER = Path("falsify") / "evidence"
"""Where a project keeps the records that its claims rest on."""


@dataclass(frozen=True)
class Settings:
    """How hard to try, and on what."""

    cases: int = CASES["default"]
    seed: int = 0
    evidence: tuple[Path, ...] = ()
    """Ledger folders besides the project's own."""
    scale: str | None = None
    database: bool = True
    """Whether counterexamples are stored under `.apr/` and tried first."""


@dataclass
class Session:
    """Judges claims by id and remembers the results."""

    root: Path
    settings: Settings = field(default_factory=Settings)
    places: tuple[Path, ...] = ()
    """Folders besides the root and its `src` whose modules are the project's own."""
    results: dict[str, Result] = field(default_factory=dict)
    fault: Fault | None = None
    """What is planted, in a session that tries a mutant."""
    _pending: list[str] = field(default_factory=list)

    def under(self, fault: Fault) -> Session:
        """A session on the same contracts and evidence, with nothing judged yet and a fault planted."""
        twin = copy(self)
        twin.results, twin._pending, twin.fault = {}, [], fault
        return twin

    @cached_property
    def catalog(self) -> Catalog:
        """The contract files of the project."""
        return Catalog(self.root)

    @cached_property
    def policy(self) -> Policy:
        """What contracts may call."""
        return Policy.for_root(self.root, self.places)

    @cached_property
    def scale(self) -> Scale | None:
        """The scale that binds roles, or None when none was named."""
        if self.settings.scale is None:
            return None
        return load_scale(self.catalog.scale_file(self.settings.scale))

    @cached_property
    def ledger(self) -> Any:
        """The evidence records of the project and of `--apr-evidence`."""
        from apr_core.evidence.ledger import Ledger

        return Ledger([self.root / LEDGER, *self.settings.evidence])

    @cached_property
    def refuted(self) -> Mapping[str, str]:
        """Claim id → note, for claims once believed and now known to be false."""
        return load_refuted(self.root / "falsify" / "refuted.yaml")

    @cached_property
    def database(self) -> Path | None:
        """Where counterexamples are kept, or None when nothing can be written there."""
        if not self.settings.database:
            return None
        folder = self.root / ".apr"
        try:
            folder.mkdir(exist_ok=True)
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("# Counterexamples that apr-core found, tried first next time. Safe to delete.\n*\n")
        except OSError:
            return None
        return folder / "counterexamples"

    def judge(self, claim_id: str) -> Result:
        """The result for `folder/file::ID`, judged at most once per session."""
        contract_id, _, obligation_id = claim_id.rpartition("::")
        try:
            loaded = self.catalog.load(contract_id)
            return self.judge_loaded(loaded, loaded.obligation(obligation_id))
        except AprError as error:
            return Result(
                id=claim_id, contract=contract_id, type="unknown", claim="(it cannot be read)", verdict=Verdict.ERROR,
                reason=str(error), reproduce=f"apr contract lint {contract_id}",
            )  # fmt: skip

    def judge_loaded(self, loaded: LoadedContract, obligation: Obligation) -> Result:
        """The result of an obligation whose contract is at hand, judged at most once per session."""
        claim_id = f"{loaded.id}::{obligation.id}"
        if claim_id not in self.results:
            if claim_id in self._pending:
                chain = " -> ".join([*self._pending[self._pending.index(claim_id) :], claim_id])
                return self.refuse(
                    loaded,
                    obligation,
                    f"claims depend on each other in a circle: {chain}. Remove one of the references.",
                )
            self._pending.append(claim_id)
            try:
                self.results[claim_id] = self.judge_obligation(loaded, obligation)
            finally:
                self._pending.pop()
        return self.results[claim_id]

    def refuse(self, loaded: LoadedContract, obligation: Obligation, reason: str) -> Result:
        """The result of an obligation that is not even tried."""
        return replace(self.blank(loaded, obligation), verdict=Verdict.ERROR, reason=reason)

    def judge_obligation(self, loaded: LoadedContract, obligation: Obligation) -> Result:
        """Judge one obligation of a loaded contract anew, under the planted fault if there is one."""
        started = time.perf_counter()
        blank = self.blank(loaded, obligation)
        try:
            self.refuted.get(blank.id)  # a list that cannot be read leaves no verdict that could be trusted
            if isinstance(obligation, PropertyObligation):
                result = try_property(self, loaded, obligation, blank)
            elif isinstance(obligation, EvidenceObligation):
                result = decide_evidence(self, loaded, obligation, blank)
            elif isinstance(obligation, Gate):
                result = judge_gate(self, loaded, obligation, blank)
            elif isinstance(obligation, Unbound):
                result = judge_unbound(loaded, obligation, blank)
            else:
                assert isinstance(obligation, Compound)
                result = judge_compound(self, loaded, obligation, blank)
        except Untestable as why:
            result = replace(blank, verdict=Verdict.UNTESTED, reason=why.reason, enable=why.enable)
        except Refutation as why:
            result = replace(
                blank,
                verdict=Verdict.FALSIFIED,
                reason=str(why),
                expected=why.expected,
                observed=why.observed,
                broke=why.kind,
            )
        except AprError as error:
            result = replace(blank, verdict=Verdict.ERROR, reason=str(error))
        except Exception as error:
            result = replace(
                blank, verdict=Verdict.ERROR, reason=f"apr-core itself failed: {type(error).__name__}: {error}"
            )
        return replace(result, seconds=time.perf_counter() - started)

    def blank(self, loaded: LoadedContract, obligation: Obligation) -> Result:
        """The result of an obligation before anything is known: UNTESTED, with everything that does not depend on trying."""
        claim_id = f"{loaded.id}::{obligation.id}"
        return Result(
            id=claim_id,
            contract=loaded.id,
            title=loaded.model.title,
            type=str(getattr(obligation, "type", None) or getattr(obligation, "template", "")),
            claim=obligation.claim,
            criteria=tuple(dict.fromkeys([*loaded.model.criteria, *obligation.criteria])),
            expect=obligation.expect,
            refuted=self._known(claim_id),
            verdict=Verdict.UNTESTED,
            reason="not tried",
            if_falsified=obligation.if_falsified,
            seed=self.settings.seed,
            versions=versions(),
            where=f"{loaded.relative}:{loaded.line_of(obligation.id)}",
            contract_digest=loaded.digest,
            reproduce=self.reproduce(loaded, obligation),
        )

    def _known(self, claim_id: str) -> str | None:
        """The note of refuted.yaml; none when the file is broken, which `judge_obligation` reports."""
        try:
            return self.refuted.get(claim_id)
        except AprError:
            return None

    def reproduce(self, loaded: LoadedContract, obligation: Obligation) -> str:
        """One command that tries the same claim in the same way."""
        line = f"pytest {loaded.relative}::{obligation.id}"
        if isinstance(obligation, PropertyObligation):
            line += f" --apr-seed {self.settings.seed}"
            if self.settings.cases != CASES["default"]:
                line += f" --apr-cases {self.settings.cases}"
        if self.settings.scale is not None:
            line += f" --apr-scale {self.settings.scale}"
        return line

    def seed_of(self, claim_id: str) -> int:
        """The seed of one claim: its own stream, whatever else is selected."""
        return int.from_bytes(blake2b(f"{self.settings.seed}:{claim_id}".encode(), digest_size=8).digest(), "big")


def versions() -> dict[str, str]:
    """The versions that a result depends on; of torch only when something has imported it."""
    found = {"python": platform.python_version()}
    for name in ("apr-core", "hypothesis", "numpy"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "unknown"
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = str(getattr(torch, "__version__", "unknown"))
    return found


__all__ = ["CASES", "LEDGER", "ContractError", "SelectionError", "Session", "Settings", "versions"]
