"""Mutants and the audit as pytest items: what `--apr-mutants` adds to a run. Imported when it is given.

The one thing a reader would get wrong: a mutant's item passes when the fault is noticed. Red here is never a fault in the code
under trial; it is a claim that would not have seen one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from apr_core.contract.load import LoadedContract
from apr_core.contract.mutants import Mutant, SourceMutant
from apr_core.errors import AprError
from apr_core.pytest_items import ContractItem, rivalry
from apr_core.pytest_plugin import AUDITED, CONTROL
from apr_core.report.controls import control_text
from apr_core.trial.audit import audit_claim, cells_by_claim, fallen_parts
from apr_core.trial.control import DEFECTS, LABELS, Audited, Control
from apr_core.trial.kills import Kills
from apr_core.trial.mutants import begin, complete, whole
from apr_core.trial.session import Session
from apr_core.trial.workers import Done, Job, Workers

AUDIT = "(audit)"
"""Name of the item that audits a contract; no claim or mutant can be called that."""


class Crew:
    """Tries the mutants of one pytest run. Source mutants run side by side, ahead of the items that wait for them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.kills = Kills(session)
        self.found: dict[str, Control] = {}
        self.planned: dict[str, tuple[LoadedContract, SourceMutant]] = {}
        self.workers: Workers | None = None
        self.stream: Iterator[Done] = iter(())
        self.waiting: dict[str, tuple[LoadedContract, SourceMutant]] = {}

    def plan(self, loaded: LoadedContract, mutant: Mutant) -> None:
        """A mutant that will be asked for, so that it may be begun early."""
        if isinstance(mutant, SourceMutant):
            self.planned[f"{loaded.id}::{mutant.id}"] = (loaded, mutant)

    def control(self, loaded: LoadedContract, mutant: Mutant) -> Control:
        """What a mutant came to; tried at most once."""
        name = f"{loaded.id}::{mutant.id}"
        if name in self.found:
            return self.found[name]
        if not isinstance(mutant, SourceMutant):
            tried = begin(self.session, loaded, mutant, self.kills)
            assert isinstance(tried, Control)
            self.found[name] = tried
            return tried
        try:
            if name not in self.waiting:
                self._begin({name: (loaded, mutant)} | self.planned)
            while name not in self.found:
                done = next(self.stream)
                assert self.workers is not None  # the stream is theirs
                home, fault = self.waiting[done.key]
                self.found[done.key] = complete(self.session, home, fault, done, self.kills, self.workers)
                del self.waiting[done.key]
        except (AprError, OSError) as error:
            self._give_up(str(error))
        return self.found[name]

    def _give_up(self, reason: str) -> None:
        """The process that forks has ended: what it still had to try is an ERROR. Other mutants get a process of their own."""
        for name, (loaded, mutant) in self.waiting.items():
            self.found[name] = whole(loaded, mutant, "ERROR", reason)
        self.waiting, self.stream = {}, iter(())
        self.close()
        self.workers = None

    def _begin(self, wanted: dict[str, tuple[LoadedContract, SourceMutant]]) -> None:
        jobs: list[Job] = []
        for name, (loaded, mutant) in wanted.items():
            if name in self.found or name in self.waiting:
                continue
            tried = begin(self.session, loaded, mutant, self.kills)
            if isinstance(tried, Control):
                self.found[name] = tried
            else:
                jobs.append(tried)
                self.waiting[name] = (loaded, mutant)
        self.planned = {}
        if not jobs:
            return
        self.workers = self.workers or Workers(self.session)
        before = self.stream
        self.stream = _both(before, self.workers.run(jobs))

    def close(self) -> None:
        """End the processes."""
        if self.workers is not None:
            self.workers.close()


def _both(first: Iterator[Done], second: Iterator[Done]) -> Iterator[Done]:
    yield from first
    yield from second


class ControlOutcome(Exception):  # noqa: N818 - carries an outcome out of runtest
    """A mutant that was not killed, or a contract with a claim that cannot fail."""


class MutantItem(ContractItem):
    """One mutant of one contract: passes when every claim that it names notices."""

    def __init__(self, *, crew: Crew, mutant: Mutant, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.crew, self.mutant = crew, mutant
        self.add_marker("mutant")
        self.extra_keyword_matches |= {f"{self.loaded.id}::{mutant.id}", *mutant.killed_by}

    def runtest(self) -> None:
        """Plant, judge, and report in pytest's terms."""
        if self.rivals:
            control = whole(self.loaded, self.mutant, "ERROR", rivalry(self.loaded, self.rivals))
        else:
            control = self.crew.control(self.loaded, self.mutant)
        self.user_properties.append((CONTROL, json.dumps(control.to_json())))
        if control.outcome == "UNTESTED":
            pytest.skip(f"UNTESTED: {next(cell.reason for cell in control.cells if cell.outcome == 'UNTESTED')}")
        if control.outcome != "KILLED":
            raise ControlOutcome(control_text(control))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The fault and what did not notice it; no traceback."""
        if isinstance(excinfo.value, ControlOutcome):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line and the mutant's id."""
        return self.path, self.loaded.line_of(self.mutant.id) - 1, f"{self.loaded.id}::{self.mutant.id}"


class AuditItem(ContractItem):
    """One contract: passes when none of its claims is VACUOUS, drifted or broken, and none lets a mutant go by."""

    def __init__(self, *, crew: Crew, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.crew = crew
        self.add_marker("mutant")

    def runtest(self) -> None:
        """Audit every claim of the contract."""
        session, loaded = self.crew.session, self.loaded
        if self.rivals:
            raise ControlOutcome(rivalry(loaded, self.rivals))
        parts = list(fallen_parts(session, loaded))
        controls = [*(self.crew.control(loaded, mutant) for mutant in loaded.model.mutants), *parts]
        cells = cells_by_claim(controls)
        rows = [
            audit_claim(session, loaded, one, cells.get(f"{loaded.id}::{one.id}", {}))
            for one in loaded.model.obligations
        ]
        self.user_properties.append(
            (
                AUDITED,
                json.dumps({"audited": [asdict(row) for row in rows], "parts": [part.to_json() for part in parts]}),
            )
        )
        wrong = [row for row in rows if row.label in DEFECTS]
        if wrong:
            raise ControlOutcome("\n".join(map(_worded, wrong)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The claims that cannot fail, and why; no traceback."""
        if isinstance(excinfo.value, ControlOutcome):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file and a heading."""
        return self.path, 0, f"{self.loaded.id}: audit"


def _worded(row: Audited) -> str:
    return f"{row.label}  {row.claim}: {LABELS[row.label]}\n  {row.reason}"


def items(parent: pytest.Collector, crew: Crew, loaded: LoadedContract) -> Iterator[pytest.Item]:
    """An item per mutant, and one for the audit."""
    for mutant in loaded.model.mutants:
        yield MutantItem.from_parent(parent, name=mutant.id, crew=crew, loaded=loaded, mutant=mutant)
    yield AuditItem.from_parent(parent, name=AUDIT, crew=crew, loaded=loaded)


def controls_of(found: dict[str, dict[str, Any]]) -> tuple[Control, ...]:
    """The mutants that were tried, by contract."""
    return tuple(sorted(map(Control.from_json, found.values()), key=lambda one: (one.contract, one.kind == "part")))
