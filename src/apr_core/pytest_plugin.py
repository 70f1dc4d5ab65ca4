"""The pytest plugin: finds contract files, and turns verdicts into what pytest reports.

Loaded in every pytest run of every project that has apr-core installed, so it imports nothing beyond pytest until a contract
file is met; `apr_core.pytest_items` holds the rest. The one thing a reader would get wrong: an ERROR verdict is raised in the
test's call phase, and `pytest_report_teststatus` files it under "errors" and not under "failures", because a broken contract
says nothing about the claim.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from apr_core.pytest_items import Judgement

SUFFIX = ".apr.yaml"

TYPES = (
    "holds", "bound", "equivalence", "monotone", "frame", "rejection", "cost", "threshold", "difference",
    "non_inferiority", "trend", "compound", "gate", "unbound",
)  # fmt: skip
"""Obligation types, each of which is a marker (`-m threshold`). A test compares this with the schema, which is not imported."""

STATUS = {
    "HELD": ("passed", ".", "HELD"),
    "HELD-AS-FALSE": ("passed", ".", "HELD-AS-FALSE"),
    "FALSIFIED": ("failed", "F", "FALSIFIED"),
    "RECOVERED": ("failed", "F", "RECOVERED"),
    "REFUTED": ("xfailed", "x", "REFUTED"),
    "UNDERPOWERED": ("skipped", "u", "UNDERPOWERED"),
    "UNTESTED": ("skipped", "s", "UNTESTED"),
    "ERROR": ("error", "E", "ERROR"),
}
"""Outcome of a claim → category, letter and word in pytest's terminal."""

CONTROL, AUDITED = "apr-control", "apr-audit"
"""Names of the user properties that carry what a mutant and an audit came to."""

CONTROL_STATUS = {
    "KILLED": ("passed", ".", "KILLED"),
    "SURVIVED": ("failed", "F", "SURVIVED"),
    "DRIFTED": ("error", "E", "DRIFTED"),
    "UNTESTED": ("skipped", "s", "UNTESTED"),
    "ERROR": ("error", "E", "ERROR"),
}
"""Outcome of a mutant → category, letter and word in pytest's terminal."""

JUDGEMENT: pytest.StashKey[Judgement] = pytest.StashKey()
RESULTS = pytest.StashKey[dict[str, dict[str, Any]]]()
CONTROLS = pytest.StashKey[dict[str, dict[str, Any]]]()
AUDITS = pytest.StashKey[dict[str, dict[str, Any]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Every option begins with `--apr-`: two plugins that define one name stop the run."""
    group = parser.getgroup("apr", "contracts that are tried (apr-core)")
    group.addoption(
        "--apr-cases", metavar="N", help="cases per property: quick (25), default (100), full (2000), or a number"
    )
    group.addoption("--apr-seed", metavar="SEED", help="seed of everything that is drawn (default 0)")
    group.addoption(
        "--apr-evidence", metavar="DIR", action="append", help="a folder of evidence records to judge as well"
    )
    group.addoption("--apr-report", metavar="DIR", help="write report.html, report.json and others into DIR")
    group.addoption(
        "--apr-mutants", action="store_true", help="also try the mutants of the contracts, and audit every claim"
    )
    group.addoption("--apr-scale", metavar="NAME", help="bind roles to models as contracts/scales/NAME.yaml says")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and check the options before anything runs."""
    for name in TYPES:
        config.addinivalue_line("markers", f"{name}: obligations of this type (apr-core)")
    config.addinivalue_line("markers", "mutant: planted faults and the audit, with --apr-mutants (apr-core)")
    config.addinivalue_line("markers", "criterion(id): claims that serve an acceptance criterion (apr-core)")
    for option in ("apr_cases", "apr_seed"):
        value = config.getoption(option)
        if value is not None:
            _check_option(option, value)
    for folder in config.getoption("apr_evidence") or ():
        if not Path(folder).is_dir():
            raise pytest.UsageError(f"--apr-evidence is {folder!r}, which is no folder; give one that holds records.")
    for key in (RESULTS, CONTROLS, AUDITS):
        config.stash[key] = {}


def _check_option(option: str, value: str) -> None:
    words = ("quick", "default", "full") if option == "apr_cases" else ()
    lowest = 1 if option == "apr_cases" else 0
    if value in words or (value.isascii() and value.isdigit() and int(value) >= lowest):
        return
    allowed = f"{', '.join(words)} or a whole number from {lowest}" if words else f"a whole number from {lowest}"
    raise pytest.UsageError(f"--{option.replace('_', '-')} is {value!r}; it must be {allowed}.")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Contract files, wherever a project keeps them."""
    if not file_path.name.endswith(SUFFIX):
        return None
    from apr_core.pytest_items import ContractFile

    return ContractFile.from_parent(parent, path=file_path)


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """`falsify/` beside `contracts/` stands for all the contracts: `pytest falsify/` tries them all."""
    if path.name != "falsify" or not (path.parent / "contracts").is_dir() or (path / "__init__.py").exists():
        return None
    from apr_core.pytest_items import Falsify

    return Falsify.from_parent(parent, path=path)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """A selection that finds nothing says which names come near."""
    try:
        return (yield)
    except pytest.UsageError as error:
        if not any(SUFFIX in str(part) for part in error.args):
            raise
        from apr_core.pytest_items import nearest

        raise pytest.UsageError(*(f"{part}{nearest(str(part), session.config)}" for part in error.args)) from None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """Sort out doubles before, and a selection that deselected every claim after, the other plugins."""
    if not any(SUFFIX in item.nodeid for item in items):
        return (yield)
    from apr_core.pytest_items import note_empty_selection, plan_mutants, settle

    settle(items)
    before = list(items)
    outcome = yield
    note_empty_selection(before, items, config)
    plan_mutants(items, config)
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped claim is located in its contract file, not in this package."""
    report = yield
    if SUFFIX in item.nodeid and report.skipped and isinstance(report.longrepr, tuple) and hasattr(item, "obligation"):
        path, line, _ = item.reportinfo()
        report.longrepr = (str(path), (line or 0) + 1, report.longrepr[2])
    return report


def _property(report: pytest.TestReport, wanted: str) -> dict[str, Any] | None:
    for name, value in getattr(report, "user_properties", ()):
        if name == wanted:
            found: dict[str, Any] = json.loads(str(value))
            return found
    return None


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Verdicts as pytest's own words and letters."""
    if SUFFIX not in report.nodeid or getattr(report, "when", None) != "call":
        return None
    claim, control = _property(report, "apr"), _property(report, CONTROL)
    if claim is not None:
        return STATUS[claim["outcome"]]
    return None if control is None else CONTROL_STATUS[control["outcome"]]


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Collects the results that arrive, from this process or from xdist's workers."""
    session.config.pluginmanager.register(_Listener(session.config), "apr-listener")
    return (yield)


class _Listener:
    """Reads the claims out of the test reports, wherever the tests ran."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if SUFFIX in report.nodeid and report.when == "call":
            claim, control, audit = (_property(report, name) for name in ("apr", CONTROL, AUDITED))
            if claim is not None:
                self.config.stash[RESULTS][claim["id"]] = claim
            if control is not None:
                self.config.stash[CONTROLS][control["id"]] = control
            if audit is not None:
                self.config.stash[AUDITS] |= {row["claim"]: row for row in audit["audited"]}
                self.config.stash[CONTROLS] |= {part["id"]: part for part in audit["parts"]}


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run that decided nothing is red; the reports are written."""
    if hasattr(session.config, "workerinput"):
        return
    if any(session.config.stash.get(key, None) for key in (RESULTS, CONTROLS, AUDITS)):
        from apr_core.pytest_items import finish

        finish(session, exitstatus)
    elif exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and any(SUFFIX in str(word) for word in session.config.args):
        from apr_core.pytest_items import note_missing

        note_missing(session.config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the processes that tried mutants."""
    if JUDGEMENT in config.stash and config.getoption("apr_mutants"):
        from apr_core.pytest_items import judgement

        judgement(config).close()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The verdicts with their denominator."""
    if not config.stash.get(RESULTS, None) and JUDGEMENT not in config.stash:
        return
    from apr_core.pytest_items import summarise

    summarise(terminalreporter, config)
