"""`apr contract audit`: exit codes, what it prints first, JSON, and a plan that tries nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli_workplace import Apr, Workplace

pytest_plugins = ["cli_workplace"]

CODE = "def audited_double(x): return 2 * x\n"
CONTRACT = """\
title: t
version: 1.0.0
subjects: {double: "audited:audited_double"}
inputs: {x: {integer: [-9, 9]}}
obligations:
  - {id: TWICE, type: holds, claim: It doubles., check: double(x) == x + x}
  - {id: SELF, type: holds, claim: It is itself., check: double(x) == double(x)}
mutants:
  - {id: more, kind: source, of: double, replace: "2 * x", by: "2 * x + 1", killed_by: [TWICE]}
"""
ONLY_TWICE = CONTRACT.replace("  - {id: SELF, type: holds, claim: It is itself., check: double(x) == double(x)}\n", "")


@pytest.fixture
def audited(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Path:
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "audited", raising=False)
    return workplace({"audited.py": CODE, "contracts/t.apr.yaml": CONTRACT})


def test_a_vacuous_claim_is_the_first_thing_that_is_said_and_the_exit_code_is_1(audited: Path, apr: Apr) -> None:
    code, out, _ = apr("contract", "audit")
    assert code == 1
    assert out.startswith("VACUOUS  t::SELF: nothing could ever make it fall")
    assert "KILLED    more  source    TWICE" in out
    assert "2 claims: 1 CONTROLLED, 1 VACUOUS. 2 of 2 could ever be tried." in out
    assert out.rstrip().endswith("1 claim with a defect.")


def test_without_a_defect_the_exit_code_is_0(audited: Path, apr: Apr) -> None:
    (audited / "contracts/t.apr.yaml").write_text(ONLY_TWICE)
    code, out, _ = apr("contract", "audit", "contracts")
    assert (code, out.splitlines()[-1]) == (0, "No claim is VACUOUS and no mutant survives.")


@pytest.mark.parametrize(
    ("before", "after", "label"),
    [("2 * x + 1", "x + x", "SURVIVED"), ('replace: "2 * x"', 'replace: "3 * x"', "DRIFTED")],
)
def test_a_survivor_and_a_drifted_mutant_exit_with_1_and_show_the_fault(
    audited: Path, apr: Apr, before: str, after: str, label: str
) -> None:
    (audited / "contracts/t.apr.yaml").write_text(ONLY_TWICE.replace(before, after))
    code, out, _ = apr("contract", "audit")
    assert code == 1
    assert out.startswith(f"{label}  t::TWICE")
    assert f"{label}  t::more: a planted fault" in out
    assert "reproduce   pytest contracts/t.apr.yaml::more --apr-mutants" in out


def test_a_drifted_mutant_is_no_survivor_of_a_claim_that_has_another(audited: Path, apr: Apr) -> None:
    gone = '  - {id: gone, kind: source, of: double, replace: "nowhere", by: "", killed_by: [TWICE]}\n'
    (audited / "contracts/t.apr.yaml").write_text(ONLY_TWICE + gone)
    code, out, _ = apr("contract", "audit")
    assert code == 1 and "2 mutants: 1 KILLED, 1 DRIFTED" in out


def test_the_json_holds_the_kill_matrix(audited: Path, apr: Apr) -> None:
    code, out, _ = apr("contract", "audit", "--json")
    data = json.loads(out)
    assert code == 1 and data["schema"] == "apr.audit/1"
    assert {claim["claim"]: claim["label"] for claim in data["claims"]} == {
        "t::TWICE": "CONTROLLED",
        "t::SELF": "VACUOUS",
    }
    (mutant,) = data["mutants"]
    assert mutant["outcome"] == "KILLED" and mutant["fault"] == "- 2 * x\n+ 2 * x + 1"
    assert mutant["cells"][0]["counterexample"].keys() == {"x"}


def test_a_plan_tries_nothing(audited: Path, apr: Apr) -> None:
    (audited / "audited.py").write_text("raise SystemExit('imported')\n")
    code, out, _ = apr("contract", "audit", "--plan")
    assert (code, out) == (
        0,
        "1 contracts, 2 claims to judge and probe; mutants: 1 source. Nothing was tried.\n",
    )


def test_imported_prose_is_counted_as_never_to_be_tried(audited: Path, apr: Apr) -> None:
    prose = "  - {id: PROSE, type: unbound, claim: All is well.}\n"
    planned = '{id: LATER, type: holds, claim: c, check: "later(x) == 1"}'
    text = ONLY_TWICE.replace("mutants:", f"{prose}  - {planned}\nmutants:").replace(
        "inputs:", '  later: {import: "audited:later", planned: write it}\ninputs:'
    )
    text = text.replace('subjects: {double: "audited:audited_double"}', 'subjects:\n  double: "audited:audited_double"')
    (audited / "contracts/t.apr.yaml").write_text(text)
    code, out, _ = apr("contract", "audit")
    assert code == 0
    assert "3 claims: 1 CONTROLLED, 2 UNBOUND. 1 of 3 could ever be tried." in out
