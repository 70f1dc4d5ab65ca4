"""`pytest --apr-mutants`: items, letters, exit status, reports, and the same under xdist."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from foreign import run_pytest

Write = Callable[[dict[str, str]], Path]

CODE = "def double(x): return 2 * x\n"
CONTRACT = """\
title: t
version: 1.0.0
subjects: {double: "doubling:double"}
inputs: {x: {integer: [-9, 9]}}
obligations:
  - {id: TWICE, type: holds, claim: It doubles., check: double(x) == x + x}
  - {id: EVEN, type: holds, claim: It is even., check: double(x) % 2 == 0}
mutants:
  - {id: more, kind: source, of: double, replace: "2 * x", by: "2 * x + 1", killed_by: [TWICE, EVEN]}
  - {id: thrice, kind: result, of: double, becomes: 3 * x, killed_by: [TWICE]}
"""
SURVIVOR = "  - {id: fourfold, kind: source, of: double, replace: '2 * x', by: '4 * x', killed_by: [TWICE, EVEN]}\n"
VACUOUS = CONTRACT.replace("mutants:", "  - {id: SELF, type: holds, claim: c, check: double(x) == double(x)}\nmutants:")


def project_with(project: Write, contract: str) -> Path:
    return project({"doubling.py": CODE, "contracts/t.apr.yaml": contract})


def test_mutants_are_tried_only_when_they_are_asked_for(project: Write) -> None:
    root = project_with(project, CONTRACT + SURVIVOR)
    done = run_pytest(root, "contracts", "-v")
    assert done.returncode == 0 and "more" not in done.stdout and "2 passed" in done.stdout


def test_every_mutant_is_an_item_and_a_kill_is_a_pass(project: Write) -> None:
    root = project_with(project, CONTRACT)
    done = run_pytest(root, "contracts", "--apr-mutants", "-v", "--apr-report", "out")
    assert done.returncode == 0, done.stdout
    assert "contracts/t.apr.yaml::more KILLED" in done.stdout
    assert "contracts/t.apr.yaml::thrice KILLED" in done.stdout
    assert "2 mutants: 2 KILLED." in done.stdout
    assert "2 claims: 2 CONTROLLED. 2 of 2 could ever be tried." in done.stdout
    report = json.loads((root / "out" / "report.json").read_text())
    assert {control["id"]: control["outcome"] for control in report["controls"]} == {
        "t::more": "KILLED",
        "t::thrice": "KILLED",
    }
    assert {row["claim"]: row["label"] for row in report["audit"]} == {
        "t::TWICE": "CONTROLLED",
        "t::EVEN": "CONTROLLED",
    }


def test_a_survivor_is_red_and_shows_the_fault_and_the_claim_that_slept(project: Write) -> None:
    done = run_pytest(project_with(project, CONTRACT + SURVIVOR), "contracts", "--apr-mutants")
    assert done.returncode == 1
    assert "SURVIVED  t::fourfold: a planted fault goes unnoticed" in done.stdout
    assert "- 2 * x" in done.stdout and "+ 4 * x" in done.stdout
    assert "SURVIVED    EVEN: it is HELD on the fault" in done.stdout
    assert "3 mutants: 2 KILLED, 1 SURVIVED" in done.stdout


def test_a_drifted_mutant_is_an_error(project: Write) -> None:
    drifted = CONTRACT.replace('replace: "2 * x"', 'replace: "5 * x"')
    done = run_pytest(project_with(project, drifted), "contracts", "--apr-mutants", "-v")
    assert done.returncode == 1
    assert "contracts/t.apr.yaml::more DRIFTED" in done.stdout and "1 error" in done.stdout


def test_a_claim_that_cannot_fail_makes_the_run_red(project: Write) -> None:
    done = run_pytest(project_with(project, VACUOUS), "contracts", "--apr-mutants")
    assert done.returncode == 1
    assert "VACUOUS  t::SELF: nothing could ever make it fall" in done.stdout
    assert run_pytest(project_with(project, VACUOUS), "contracts").returncode == 0


def test_one_mutant_is_run_by_the_command_that_its_failure_prints(project: Write) -> None:
    root = project_with(project, CONTRACT + SURVIVOR)
    done = run_pytest(root, "contracts/t.apr.yaml::fourfold", "--apr-mutants")
    assert done.returncode == 1 and "1 failed" in done.stdout
    assert "reproduce   pytest contracts/t.apr.yaml::fourfold --apr-mutants" in done.stdout


def test_the_keyword_of_a_claim_selects_its_mutants(project: Write) -> None:
    done = run_pytest(project_with(project, CONTRACT), "contracts", "--apr-mutants", "-k", "EVEN", "-v")
    assert "::more KILLED" in done.stdout and "thrice" not in done.stdout
    done = run_pytest(project_with(project, CONTRACT), "contracts", "--apr-mutants", "-m", "mutant", "-v")
    assert "::thrice KILLED" in done.stdout and "::TWICE" not in done.stdout


def test_xdist_gives_the_same_kill_matrix(project: Write) -> None:
    pytest.importorskip("xdist")
    root = project_with(project, CONTRACT + SURVIVOR)
    plain = run_pytest(root, "contracts", "--apr-mutants", "--apr-report", "plain")
    spread = run_pytest(root, "contracts", "--apr-mutants", "--apr-report", "spread", "-n", "2")
    assert (plain.returncode, spread.returncode) == (1, 1)

    def matrix(folder: str) -> list[tuple[str, str, str]]:
        controls = json.loads((root / folder / "report.json").read_text())["controls"]
        return sorted(
            (control["id"], cell["claim"], cell["outcome"]) for control in controls for cell in control["cells"]
        )

    assert matrix("plain") == matrix("spread")
    assert ("t::fourfold", "t::EVEN", "SURVIVED") in matrix("plain")


def test_no_process_is_left_when_the_run_is_cut_short(project: Write) -> None:
    root = project_with(project, CONTRACT + SURVIVOR)
    done = run_pytest(root, "contracts", "--apr-mutants", "-x")
    assert done.returncode == 1
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _mentions(path, b"zygote.py", root)]
    assert left == []


def _mentions(path: Path, word: bytes, root: Path) -> bool:
    try:
        return word in path.read_bytes() and (path.parent / "cwd").resolve() == root
    except OSError:
        return False


def test_mutants_alone_are_a_run_with_its_reports(project: Write) -> None:
    root = project_with(project, CONTRACT)
    done = run_pytest(root, "contracts", "--apr-mutants", "-m", "mutant", "--apr-report", "out")
    assert done.returncode == 0, done.stdout
    report = json.loads((root / "out" / "report.json").read_text())
    assert len(report["controls"]) == 2 and report["claims"] == []


def test_a_run_of_mutants_none_of_which_could_be_tried_is_red(project: Write) -> None:
    planned = CONTRACT.replace('"doubling:double"', '{planned: "soon", import: "doubling:absent"}')
    done = run_pytest(project_with(project, planned), "contracts", "--apr-mutants", "-k", "more or thrice")
    assert done.returncode == 1, done.stdout
    assert "This run decided nothing: 0 of 2 mutants were decided." in done.stdout


def test_nothing_is_planted_in_contracts_that_share_an_id(project: Write) -> None:
    blind = CONTRACT.replace("check: double(x) == x + x", "check: double(x) == double(x)")
    root = project({"doubling.py": CODE, "contracts/t.apr.yaml": CONTRACT, "other/contracts/t.apr.yaml": blind})
    done = run_pytest(root, "contracts", "other", "--apr-mutants", "-v")
    assert done.returncode == 1 and "have the same contract id" in done.stdout
    assert "t.apr.yaml::more ERROR" in done.stdout
    assert "KILLED" not in done.stdout and "VACUOUS" not in done.stdout


def test_when_the_process_that_forks_ends_its_mutants_are_errors(project: Write) -> None:
    root = project_with(project, CONTRACT + SURVIVOR)
    (root / "doubling.py").write_text("import os, signal\nPARENT = os.getppid()\n" + CODE)
    dying = "os.kill(PARENT, signal.SIGKILL); import time; time.sleep(5)"
    contract = CONTRACT.replace('by: "2 * x + 1"', f'by: "exec({dying!r})"') + SURVIVOR
    (root / "contracts/t.apr.yaml").write_text(contract)
    done = run_pytest(root, "contracts", "--apr-mutants", "-v")
    assert done.returncode == 1
    assert "::more ERROR" in done.stdout and "the process that tries mutants ended" in done.stdout
    assert "::thrice KILLED" in done.stdout
    assert "StopIteration" not in done.stdout + done.stderr and "Traceback" not in done.stdout


def test_what_a_conftest_does_to_the_subject_is_no_kill(project: Write) -> None:
    """The mutant is tried where no conftest has run: a claim that falls there anyway has noticed nothing."""
    root = project(
        {
            "setting.py": "FACTOR = 3\n",
            "doubling.py": "import setting\n\ndef double(x):\n    return setting.FACTOR * x\n",
            "conftest.py": "import setting\n\nsetting.FACTOR = 2\n",
            "contracts/t.apr.yaml": CONTRACT.replace(
                'replace: "2 * x", by: "2 * x + 1", killed_by: [TWICE, EVEN]',
                'replace: "* x", by: "* x  # the same", killed_by: [TWICE]',
            ),
        }
    )
    done = run_pytest(root, "contracts", "--apr-mutants", "-v")
    assert "contracts/t.apr.yaml::TWICE HELD" in done.stdout
    assert "contracts/t.apr.yaml::more ERROR" in done.stdout
    assert "without the fault as well, in a process of its own" in done.stdout
