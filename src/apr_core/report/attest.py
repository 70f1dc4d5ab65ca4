"""A run as an in-toto statement: what was judged, by its digests, and which claims passed, warn and failed.

The format is Statement v1 (https://in-toto.io/Statement/v1) with the predicate test-result v0.1
(https://in-toto.io/attestation/test-result/v0.1).

The one thing a reader would get wrong: nothing here looks at a contract or a record. Their digests were taken when the
claims were judged and stand in the report; a file that was changed afterwards must not be attested by accident.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from apr_core.files import digest_bytes
from apr_core.report.json import NAME as REPORT
from apr_core.report.json import json_text
from apr_core.report.run import Run
from apr_core.trial.control import DEFECTS, DRIFTED, ERROR, SURVIVED
from apr_core.trial.result import Result

NAME = "report.intoto.json"
"""The statement beside the report, not signed."""
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
SETTINGS = "apr settings"
"""Name of the configuration that says how the run was made."""

LISTS = ("passedTests", "warnedTests", "failedTests")
LISTED: dict[str, str] = {
    "HELD": "passedTests",
    "HELD-AS-FALSE": "passedTests",
    "FALSIFIED": "failedTests",
    # That somebody knows of it makes no claim true, and who reads a statement does not know the list.
    "REFUTED": "failedTests",
    "RECOVERED": "failedTests",
    "UNDERPOWERED": "warnedTests",
    "UNTESTED": "warnedTests",
    "ERROR": "failedTests",
}
"""Outcome of a claim → the list of the predicate that names it. `list_of` moves some from the first to the second."""

Descriptor = dict[str, Any]
"""A ResourceDescriptor of in-toto."""


def statement_text(run: Run) -> str:
    """The statement over `run` and the report.json that `json_text` makes of it, as ASCII JSON."""
    return text_of(statement(run, json_text(run).encode()))


def text_of(content: dict[str, Any]) -> str:
    """A statement as it is written and signed; the same statement always gives the same text."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def statement(run: Run, report: bytes) -> dict[str, Any]:
    """The statement over a run whose report.json has the bytes `report`, as JSON data."""
    contracts = [_file(name, digest) for name, digest in _contracts(run.results)]
    records = [_file(record.file, record.sha256) for record in run.records if record.sha256 is not None]
    code = {"name": _portable(run.info.root), "digest": {"gitCommit": run.info.commit}}
    subject = [_file(REPORT, digest_bytes(report)), *contracts, *records]
    # A commit that differed from the files is not what was judged.
    subject += [code] if run.info.commit is not None and run.info.dirty is False else []
    return {
        "_type": STATEMENT,
        "subject": subject,
        "predicateType": PREDICATE,
        "predicate": _predicate(run, contracts),
    }


def _predicate(run: Run, contracts: list[Descriptor]) -> dict[str, Any]:
    weak = defective(run)
    lists: dict[str, list[str]] = {name: [] for name in LISTS}
    for result in run.results:
        lists[list_of(result, weak)].append(_portable(result.id))
    whole = run.info.collected <= run.info.selected <= len(run.results)
    if lists["failedTests"]:
        outcome = "FAILED"
    else:
        outcome = "PASSED" if lists["passedTests"] and not lists["warnedTests"] and whole else "WARNED"
    return {"result": outcome, "configuration": [*contracts, _settings(run)], **lists}


def list_of(result: Result, weak: frozenset[str]) -> str:
    """Where a claim is named. One that passed although its check is in `weak`, because it may be unable to fail, warns."""
    found = LISTED[result.outcome]
    return "warnedTests" if found == "passedTests" and result.id in weak else found


def defective(run: Run) -> frozenset[str]:
    """The claims of which an audit or a planted fault showed that passing means little: VACUOUS, SURVIVED, DRIFTED, ERROR."""
    audited = {audited.claim for audited in run.audited if audited.label in DEFECTS}
    cells = [cell for control in run.controls for cell in control.cells]
    return frozenset(audited | {cell.claim for cell in cells if cell.outcome in (SURVIVED, DRIFTED, ERROR)})


def undigested(run: Run) -> list[str]:
    """The contracts and records that the claims rest on and of which the report knows no digest: no statement covers them."""
    contracts = {result.contract for result in run.results if result.contract_digest is None}
    known = {record.id for record in run.records if record.sha256 is not None}
    records = {identity for result in run.results for identity in result.evidence} - known
    return sorted(map(_portable, contracts)) + sorted(map(_portable, records))


def _contracts(results: Iterable[Result]) -> list[tuple[str, str]]:
    """Path and digest of every contract file. One that changed during the run is here with each of its digests."""
    found = {
        (result.where.rpartition(":")[0], result.contract_digest): None
        for result in results
        if result.contract_digest is not None
    }
    return list(found)


def _settings(run: Run) -> Descriptor:
    """How the run was made. The digest is that of the annotations as JSON with sorted keys and without spaces."""
    info = run.info
    said: dict[str, Any] = {
        "command": _portable(info.command),
        "started": _portable(info.started),
        "seed": info.seed,
        "cases": info.cases,
        "scale": None if info.scale is None else _portable(info.scale),
        "versions": {_portable(name): _portable(version) for name, version in info.versions.items()},
        "selected": info.selected,
        "collected": info.collected,
        "commit": info.commit,
        "dirty": info.dirty,
        "undigested": undigested(run),
    }
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return {"name": SETTINGS, "digest": {"sha256": digest_bytes(canonical.encode())}, "annotations": said}


def _file(name: str, digest: str | None) -> Descriptor:
    return {"name": _portable(name), "digest": {"sha256": digest}}


def _portable(text: str) -> str:
    """`text` as it stands in a report, where a lone surrogate is written out."""
    return text.encode("utf-8", "backslashreplace").decode()
