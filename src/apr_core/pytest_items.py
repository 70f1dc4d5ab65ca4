"""Contract files and claims as pytest collectors and items. Imported when the first contract file is met.

The one thing a reader would get wrong: collecting never fails. A contract that cannot be used yields one red item with all its
problems, and the rest of the run goes on.
"""

from __future__ import annotations

import difflib
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apr_core.contract.load import LoadedContract, find_files
from apr_core.contract.obligations import Obligation
from apr_core.errors import AprError
from apr_core.project import project_root
from apr_core.pytest_plugin import AUDITS, CONTROLS, JUDGEMENT, RESULTS, SUFFIX
from apr_core.report.controls import audit_sentence, controls_sentence
from apr_core.report.failure import failure_text
from apr_core.report.revision import Revision, revision
from apr_core.report.run import Run
from apr_core.report.summary import RunInfo
from apr_core.report.terminal import lines
from apr_core.report.write import write_reports
from apr_core.trial.cited import cite
from apr_core.trial.control import Audited, Control
from apr_core.trial.result import Result
from apr_core.trial.session import CASES, Session, Settings
from apr_core.verdict import Verdict

if TYPE_CHECKING:
    from apr_core.pytest_mutants import Crew


@dataclass
class Judgement:
    """What one pytest run judges with, kept on its config."""

    session: Session
    started: float = field(default_factory=time.time)
    collected: dict[str, Path] = field(default_factory=dict)
    """Claim id → file."""
    messages: list[str] = field(default_factory=list)
    """What the summary says at its end."""
    _crew: Crew | None = None
    revision: Revision = field(default_factory=lambda: Revision(None, None))
    """What was checked out when this was made: with a report, before anything is tried; under xdist, when all is done."""

    @property
    def crew(self) -> Crew:
        """What tries the mutants of this run."""
        if self._crew is None:
            from apr_core.pytest_mutants import Crew

            self._crew = Crew(self.session)
        return self._crew

    def close(self) -> None:
        """End the processes that tried mutants."""
        if self._crew is not None:
            self._crew.close()


def judgement(config: pytest.Config) -> Judgement:
    """The judgement of this run, made when first asked for."""
    if JUDGEMENT not in config.stash:
        cases = config.getoption("apr_cases") or "default"
        settings = Settings(
            cases=CASES[cases] if cases in CASES else int(cases),
            seed=int(config.getoption("apr_seed") or 0),
            evidence=tuple(Path(folder).absolute() for folder in config.getoption("apr_evidence") or ()),
            scale=config.getoption("apr_scale"),
        )
        root = config.rootpath if config.inipath is not None else project_root(config.rootpath)
        # Without a configuration file pytest's rootdir may lie below the project, beside the modules that are meant.
        judge = Judgement(Session(root, settings, places=(config.rootpath,)))
        if config.getoption("apr_report") is not None and not hasattr(config, "workerinput"):
            judge.revision = revision(root, Path(config.getoption("apr_report")))
        config.stash[JUDGEMENT] = judge
    return config.stash[JUDGEMENT]


class ContractFile(pytest.File):
    """One contract file: an item per obligation, or one red item."""

    def collect(self) -> Iterator[pytest.Item]:
        """The obligations in the order of the file."""
        judge = judgement(self.config)
        try:
            loaded = judge.session.catalog.load_path(self.path)
        except AprError as error:
            yield BrokenContract.from_parent(self, name="contract", message=str(error))
            return
        for obligation in loaded.model.obligations:
            judge.collected[f"{loaded.id}::{obligation.id}"] = self.path
            yield ClaimItem.from_parent(self, name=obligation.id, loaded=loaded, obligation=obligation)
        if self.config.getoption("apr_mutants"):
            from apr_core.pytest_mutants import items

            yield from items(self, judge.crew, loaded)


class Falsify(pytest.Directory):
    """`falsify/`: its own tests, and every contract of the `contracts/` folder beside it."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """First what lies here, then the contracts in the order of their paths."""
        for path in sorted(self.path.iterdir()):
            if self.ihook.pytest_ignore_collect(collection_path=path, config=self.config):
                continue
            if path.is_dir():
                found = [self.ihook.pytest_collect_directory(path=path, parent=self)]
            else:
                found = self.ihook.pytest_collect_file(file_path=path, parent=self)
            yield from filter(None, found)
        for path in find_files(self.path.parent / "contracts"):
            yield ContractFile.from_parent(self, path=path)


class BrokenContract(pytest.Item):
    """A contract file that cannot be used, as one red item."""

    def __init__(self, *, message: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message = message

    def runtest(self) -> None:
        """Always an error, with every problem of the file."""
        result = Result(
            id=f"{self.nodeid}", contract=self.nodeid.rpartition("::")[0], type="contract", claim="This file is a contract.",
            verdict=Verdict.ERROR, reason=self.message, reproduce=f"apr contract lint {self.path.name}",
        )  # fmt: skip
        report(self, result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The problems, without a traceback."""
        if isinstance(excinfo.value, ClaimOutcome):
            return f"This contract cannot be used.\n{self.message}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file and a heading."""
        return self.path, 0, f"{self.nodeid}: broken contract"


class ClaimOutcome(Exception):  # noqa: N818 - carries a verdict out of runtest
    """A claim that did not pass."""

    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__(f"{result.verdict}: {result.claim}")


class ContractItem(pytest.Item):
    """Something that is tried of one contract."""

    def __init__(self, *, loaded: LoadedContract, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.loaded = loaded
        self.rivals: list[Path] = []
        """All files that come out with the id of this contract, when it is not the only one."""


class ClaimItem(ContractItem):
    """One obligation of one contract."""

    def __init__(self, *, obligation: Obligation, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.obligation = obligation
        self.claim_id = f"{self.loaded.id}::{obligation.id}"
        self.add_marker(getattr(obligation, "type", "equivalence"))
        criteria = {*self.loaded.model.criteria, *obligation.criteria}
        for criterion in sorted(criteria):
            self.add_marker(pytest.mark.criterion(id=criterion))
        self.extra_keyword_matches |= criteria | {self.claim_id}

    def runtest(self) -> None:
        """Try the claim and report the outcome in pytest's terms."""
        session = judgement(self.config).session
        if self.rivals:
            result = session.refuse(self.loaded, self.obligation, rivalry(self.loaded, self.rivals))
        else:
            result = session.judge_loaded(self.loaded, self.obligation)
        report(self, result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failure text of DESIGN §4; no traceback."""
        if isinstance(excinfo.value, ClaimOutcome):
            return failure_text(excinfo.value.result)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line and the claim's id."""
        return self.path, self.loaded.line_of(self.obligation.id) - 1, self.claim_id


def rivalry(loaded: LoadedContract, rivals: Iterable[Path]) -> str:
    """Why nothing of a contract is tried whose id another file has as well."""
    names = " and ".join(map(str, rivals))
    return f"{names} have the same contract id {loaded.id!r}, so a verdict would not say which was tried. Rename one of them."


def report(item: pytest.Item, result: Result) -> None:
    """Attach the result to the test report, and end the test the way its outcome says."""
    item.user_properties.append(("apr", json.dumps(result.to_json())))
    if result.outcome in ("HELD", "HELD-AS-FALSE"):
        return
    if result.outcome in ("UNDERPOWERED", "UNTESTED"):
        hint = f"; {result.enable}" if result.enable else ""
        pytest.skip(f"{result.outcome}: {result.reason}{hint}")
    if result.outcome == "REFUTED":
        pytest.xfail(f"known to be false: {result.refuted}")
    raise ClaimOutcome(result)


def plan_mutants(items: list[pytest.Item], config: pytest.Config) -> None:
    """Tell the crew what will be asked for. A worker of xdist gets a part of the items and cannot know which."""
    if config.getoption("apr_mutants") and not hasattr(config, "workerinput"):
        from apr_core.pytest_mutants import MutantItem

        for item in items:
            if isinstance(item, MutantItem) and not item.rivals:
                item.crew.plan(item.loaded, item.mutant)


def settle(items: list[pytest.Item]) -> None:
    """Drop a claim that was reached by two routes; mark claims and mutants of different files that share an id."""
    seen: set[str] = set()
    unique = []
    for item in items:
        if SUFFIX not in item.nodeid or item.nodeid not in seen:
            unique.append(item)
        seen.add(item.nodeid)
    items[:] = unique
    owners: dict[str, set[Path]] = {}
    for item in items:
        if isinstance(item, ContractItem):
            known = judgement(item.config).session.catalog.files.get(item.loaded.id, [])
            owners.setdefault(item.loaded.id, set()).update([item.path, *known])
    for item in items:
        if isinstance(item, ContractItem) and len(owners[item.loaded.id]) > 1:
            item.rivals = sorted(_short(path, item.config.rootpath) for path in owners[item.loaded.id])


def _short(path: Path, root: Path) -> Path:
    """The path below the root, or as it is when it lies elsewhere."""
    return path.relative_to(root) if path.is_relative_to(root) else path


def note_empty_selection(before: list[pytest.Item], after: list[pytest.Item], config: pytest.Config) -> None:
    """Say which claims come near when -k or -m leaves none."""
    if after or not before:
        return
    asked = config.getoption("keyword") or config.getoption("markexpr") or ""
    ids = [item.nodeid for item in before]
    judgement(config).messages.append(f"{asked!r} selects none of {len(ids)} claims.{_near(asked, ids)}")


def nearest(message: str, config: pytest.Config) -> str:
    """For a path or id that pytest did not find: what is near it."""
    wanted = message.partition(": ")[2].partition("\n")[0].strip()
    judge = judgement(config)
    ids = [f"{_short(path, config.rootpath)}::{claim.rpartition('::')[2]}" for claim, path in judge.collected.items()]
    if not ids:
        ids = [
            str(_short(path, judge.session.root)) for paths in judge.session.catalog.files.values() for path in paths
        ]
    return f"\n{_near(wanted, ids).strip()}"


def note_missing(config: pytest.Config) -> None:
    """Say which claims come near those that were asked for; xdist's workers fail to find them in silence."""
    judge = judgement(config)
    if judge.messages:
        return
    catalog = judge.session.catalog
    ids = [
        f"{catalog.load(claim.rpartition('::')[0]).relative}::{claim.rpartition('::')[2]}"
        for claim in catalog.claim_ids()
    ]
    for word in config.args:
        if SUFFIX in str(word) and str(word) not in ids:
            judge.messages.append(f"{word} selects nothing.{_near(str(word), ids)}")


def _near(wanted: str, ids: Iterable[str]) -> str:
    by_name = {identifier.rpartition("::")[2]: identifier for identifier in ids} | {
        identifier: identifier for identifier in ids
    }
    tail = wanted.rpartition("::")[2]
    found = [
        by_name[name] for word in (wanted, tail) for name in difflib.get_close_matches(word, by_name, n=3, cutoff=0.5)
    ]
    return (
        f" Nearest: {', '.join(dict.fromkeys(found))}."
        if found
        else f" There are, for example: {', '.join(list(by_name.values())[:3])}."
    )


def run_info(config: pytest.Config) -> RunInfo:
    """What the reports say about this run."""
    judge = judgement(config)
    settings = judge.session.settings
    from apr_core.trial.session import versions

    return RunInfo(
        root=judge.session.root.name,
        command=" ".join(["pytest", *map(str, config.invocation_params.args)]),
        seed=settings.seed,
        cases=settings.cases,
        scale=settings.scale,
        started=datetime.fromtimestamp(judge.started, tz=UTC).isoformat(timespec="seconds"),
        seconds=time.time() - judge.started,
        versions=versions(),
        selected=len(config.stash[RESULTS]),
        collected=max(len(judge.collected), len(config.stash[RESULTS])),
        commit=judge.revision.commit,
        dirty=judge.revision.dirty,
    )


def results_of(config: pytest.Config) -> list[Result]:
    """The results that arrived, by contract and by line, however xdist dealt them out."""

    def place(result: Result) -> tuple[str, int, str]:
        line = result.where.rpartition(":")[2]
        return result.contract, int(line) if line.isdigit() else 0, result.id

    return sorted(map(Result.from_json, config.stash[RESULTS].values()), key=place)


def whole_run(config: pytest.Config, found: list[Result]) -> Run:
    """What the reports are made of: the results, and the records that they cite.

    Raises:
        AprError: the ledger cannot be listed.
    """
    session = judgement(config).session
    controls = sorted(map(Control.from_json, config.stash[CONTROLS].values()), key=lambda one: one.contract)
    return Run(
        tuple(found),
        run_info(config),
        records=cite(found, session.ledger, session.root),
        controls=tuple(controls),
        audited=tuple(Audited(**row) for row in config.stash[AUDITS].values()),
    )


def finish(session: pytest.Session, exitstatus: int) -> None:
    """Turn a hollow run red and write the reports."""
    config = session.config
    found = results_of(config)
    decided = sum(result.outcome in ("HELD", "HELD-AS-FALSE", "FALSIFIED", "REFUTED", "RECOVERED") for result in found)
    controls = (
        [] if found else config.stash[CONTROLS].values()
    )  # where claims are selected, mutants alone decide nothing
    decided += sum(control["outcome"] in ("KILLED", "SURVIVED") for control in controls)
    judge = judgement(config)
    hollow = decided == 0 and (found or controls)
    if hollow and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        what = f"{len(found)} claims were" if found else f"{len(controls)} mutants were"
        judge.messages.append(f"This run decided nothing: 0 of {what} decided. That is a failure.")
    folder = config.getoption("apr_report")
    if folder is None:
        return
    try:
        written = write_reports(whole_run(config, found), Path(folder))
    except AprError as error:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        judge.messages.append(f"The reports were not written. {error}")
    else:
        judge.messages.append(f"Reports: {', '.join(map(str, written))}")


def summarise(terminal: Any, config: pytest.Config) -> None:
    """The verdicts, the denominator, and what else there is to say."""
    found = results_of(config)
    if found:
        terminal.section("verdicts", sep="=")
        color = bool(getattr(terminal, "hasmarkup", sys.stdout.isatty()))
        for text, markup in lines(Run(tuple(found), run_info(config)), width=terminal._tw.fullwidth, color=color):
            terminal.write_line(text, **markup)
    controls = [Control.from_json(one) for one in config.stash[CONTROLS].values()]
    audited = [Audited(**row) for row in config.stash[AUDITS].values()]
    for line in (controls_sentence(controls), audit_sentence(audited) if audited else ""):
        if line:
            terminal.write_line(line, bold=True)
    for message in judgement(config).messages:
        terminal.write_line(message, yellow=True)
