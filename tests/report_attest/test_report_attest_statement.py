"""The statement over a run: read back by in-toto's own bindings, and honest about what the run did not decide."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import in_toto_attestation.predicates.test_result.v0.test_result_pb2 as test_result_pb2
import in_toto_attestation.v1.statement_pb2 as statement_pb2
import pytest
from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement

from apr_core.report import attest
from apr_core.report.json import json_text, read_report
from apr_core.report.run import Run
from apr_core.report.summary import RunInfo
from apr_core.trial.cited import CitedRecord
from apr_core.trial.control import Audited, Cell, Control
from apr_core.trial.result import OUTCOMES, Result
from apr_core.verdict import Verdict

FIELDS: dict[str, dict[str, Any]] = {
    "HELD": {"verdict": Verdict.HELD},
    "HELD-AS-FALSE": {"verdict": Verdict.FALSIFIED, "expect": "falsified"},
    "FALSIFIED": {"verdict": Verdict.FALSIFIED},
    "REFUTED": {"verdict": Verdict.FALSIFIED, "refuted": "never was"},
    "RECOVERED": {"verdict": Verdict.HELD, "refuted": "never was"},
    "UNDERPOWERED": {"verdict": Verdict.UNDERPOWERED},
    "UNTESTED": {"verdict": Verdict.UNTESTED},
    "ERROR": {"verdict": Verdict.ERROR},
}
RECORD = CitedRecord(
    id="bench-toy-undated-0123456789ab", digest="01" * 32, file="falsify/evidence/bench-toy-undated-0123456789ab.json",
    model="toy", precision="unknown", role=None, stage=None, lineage=None, benchmark="bench", prompt="unknown",
    backend="unknown", source="measured", tool="unknown", time=None, seed=None, outcome="problems", n=3, measure="pass@1",
    value=1.0, unit="fraction", sha256="ab" * 32,
)  # fmt: skip


def claim(outcome: str, name: str = "", **fields: Any) -> Result:
    made = Result(
        id=f"a/b::{name or outcome}", contract="a/b", type="holds", claim="So it is.", reason="So it came.",
        where="contracts/a/b.apr.yaml:7", contract_digest="cd" * 32, **FIELDS[outcome],
    )  # fmt: skip
    made = replace(made, **fields)
    assert made.outcome == outcome
    return made


def run(*results: Result, info: dict[str, Any] | None = None, **fields: Any) -> Run:
    said: dict[str, Any] = {
        "root": "main", "command": "pytest falsify", "seed": 0, "cases": 100, "started": "2026-01-01T00:00:00+00:00",
        "seconds": 1.0, "versions": {"python": "3.12.1"}, "selected": len(results), "collected": len(results),
    }  # fmt: skip
    return Run(results, RunInfo(**(said | (info or {}))), **fields)


def stated(found: Run) -> dict[str, Any]:
    return dict(json.loads(attest.statement_text(found)))


EVERYTHING = run(
    *(claim(outcome) for outcome in OUTCOMES),
    claim("HELD", "RESTS", evidence=(RECORD.id,)),
    info={"seed": 2**70, "scale": "lab", "commit": "d" * 40, "dirty": False},
    records=(RECORD,),
)


def test_in_totos_own_bindings_read_every_field_of_it() -> None:
    content = stated(EVERYTHING)
    parsed = json_format.ParseDict(content, statement_pb2.Statement())  # an unknown field would raise
    Statement.copy_from_pb(parsed).validate()
    assert parsed.type == "https://in-toto.io/Statement/v1"
    assert parsed.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    predicate = json_format.ParseDict(content["predicate"], test_result_pb2.TestResult())
    assert predicate.result == "FAILED"
    assert len([*predicate.passed_tests, *predicate.warned_tests, *predicate.failed_tests]) == 9
    assert {one.name: one.digest["sha256"] for one in parsed.subject[:3]} == {
        "report.json": sha256(json_text(EVERYTHING).encode()).hexdigest(),
        "contracts/a/b.apr.yaml": "cd" * 32,
        RECORD.file: "ab" * 32,
    }
    assert dict(parsed.subject[3].digest) == {"gitCommit": "d" * 40}
    assert [one.name for one in predicate.configuration] == ["contracts/a/b.apr.yaml", "apr settings"]


@pytest.mark.parametrize(
    ("outcome", "where"),
    [
        ("HELD", "passedTests"), ("HELD-AS-FALSE", "passedTests"), ("FALSIFIED", "failedTests"), ("REFUTED", "failedTests"),
        ("RECOVERED", "failedTests"), ("ERROR", "failedTests"), ("UNDERPOWERED", "warnedTests"), ("UNTESTED", "warnedTests"),
    ],
)  # fmt: skip
def test_an_outcome_has_its_list(outcome: str, where: str) -> None:
    predicate = stated(run(claim(outcome)))["predicate"]
    assert {name: predicate[name] for name in attest.LISTS if predicate[name]} == {where: [f"a/b::{outcome}"]}


def test_every_outcome_has_a_list() -> None:
    assert set(attest.LISTED) == set(OUTCOMES)


@pytest.mark.parametrize(
    ("outcomes", "info", "result"),
    [
        (["HELD", "HELD-AS-FALSE"], {}, "PASSED"),
        (["HELD", "UNTESTED"], {}, "WARNED"),
        (["HELD", "UNDERPOWERED"], {}, "WARNED"),
        (["HELD", "UNTESTED", "REFUTED"], {}, "FAILED"),
        (["HELD", "ERROR"], {}, "FAILED"),
        ([], {}, "WARNED"),
        (["HELD"], {"selected": 1, "collected": 2}, "WARNED"),
        (["HELD"], {"selected": 2, "collected": 2}, "WARNED"),
    ],
)
def test_a_run_passed_only_if_everything_was_tried_decided_and_passed(
    outcomes: list[str], info: dict[str, Any], result: str
) -> None:
    assert stated(run(*map(claim, outcomes), info=info))["predicate"]["result"] == result


@pytest.mark.parametrize("label", ["VACUOUS", "SURVIVED", "DRIFTED", "ERROR", "CONTROLLED", "FELL", "UNCONTROLLED"])
def test_a_claim_that_passed_a_check_with_a_defect_warns(label: str) -> None:
    audited = (
        Audited(claim="a/b::HELD", label=label, reason="it is so"),
        Audited(claim="a/b::FALSIFIED", label=label, reason=""),
    )
    found = stated(run(claim("HELD"), claim("FALSIFIED"), audited=audited))["predicate"]
    defect = label in ("VACUOUS", "SURVIVED", "DRIFTED", "ERROR")
    assert found["warnedTests"] == (["a/b::HELD"] if defect else [])
    assert found["failedTests"] == ["a/b::FALSIFIED"]


@pytest.mark.parametrize(
    ("outcome", "warns"), [("SURVIVED", True), ("DRIFTED", True), ("KILLED", False), ("UNTESTED", False)]
)
def test_a_claim_that_a_planted_fault_went_by_warns(outcome: str, warns: bool) -> None:
    cells = (Cell(claim="a/b::HELD", outcome=outcome, reason=""), Cell(claim="a/b::OTHER", outcome="KILLED", reason=""))
    control = Control(id="a/b::m", contract="a/b", kind="result", of="f", fault="x", where="a:1", cells=cells)
    found = stated(run(claim("HELD"), claim("HELD", "OTHER"), controls=(control,)))["predicate"]
    assert found["warnedTests"] == (["a/b::HELD"] if warns else [])
    assert found["result"] == ("WARNED" if warns else "PASSED")


@pytest.mark.parametrize(("commit", "dirty"), [("d" * 40, True), ("d" * 40, None), (None, None)])
def test_a_commit_that_was_not_what_was_judged_is_no_subject(commit: str | None, dirty: bool | None) -> None:
    content = stated(run(claim("HELD"), info={"commit": commit, "dirty": dirty}))
    assert not any("gitCommit" in one["digest"] for one in content["subject"])
    assert content["predicate"]["configuration"][-1]["annotations"]["dirty"] is dirty


def test_a_contract_that_changed_during_the_run_is_named_with_both_digests() -> None:
    content = stated(run(claim("HELD"), claim("HELD", "LATER", contract_digest="ef" * 32)))
    found = [one["digest"]["sha256"] for one in content["subject"] if one["name"] == "contracts/a/b.apr.yaml"]
    assert found == ["cd" * 32, "ef" * 32]


def test_what_has_no_digest_is_named_and_not_invented() -> None:
    gone = claim("HELD", evidence=("bench-gone", RECORD.id))
    found = run(
        gone, claim("ERROR", contract_digest=None, contract="broken"), records=(RECORD, replace(RECORD, sha256=None))
    )
    assert attest.undigested(found) == ["broken", "bench-gone"]
    content = stated(found)
    assert content["predicate"]["configuration"][-1]["annotations"]["undigested"] == ["broken", "bench-gone"]
    assert [one["name"] for one in content["subject"]] == ["report.json", "contracts/a/b.apr.yaml", RECORD.file]


def test_the_digest_of_the_settings_is_that_of_the_annotations() -> None:
    settings = stated(EVERYTHING)["predicate"]["configuration"][-1]
    canonical = json.dumps(settings["annotations"], sort_keys=True, separators=(",", ":"))
    assert settings["digest"] == {"sha256": sha256(canonical.encode()).hexdigest()}
    assert settings["annotations"]["seed"] == 2**70


@pytest.mark.parametrize("text", ["\ud800 and \udcff", "Ω → ☃", 'a "quoted" \\ one', "\x1b[31m\x00"])
def test_it_is_the_same_before_and_after_the_report_was_written(text: str, tmp_path: Any) -> None:
    made = run(
        claim("HELD", text, where=f"{text}.apr.yaml:1", evidence=(text,)),
        info={
            "root": text,
            "command": text,
            "scale": text,
            "versions": {text: text},
            "commit": "d" * 40,
            "dirty": False,
        },
        records=(replace(RECORD, file=text),),
    )
    (tmp_path / "report.json").write_text(json_text(made), encoding="ascii")
    before = attest.statement_text(made)
    assert before.isascii()
    assert before == attest.text_of(attest.statement(read_report(tmp_path), (tmp_path / "report.json").read_bytes()))
