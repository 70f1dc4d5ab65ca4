"""The plugin in a foreign project: what somebody sees who has only installed apr-core and written a contract."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from foreign import run_pytest

Write = Callable[[dict[str, str]], Path]

MODULE = """
import numpy as np

def double(x):
    return 2 * x

def cap(x):
    return min(x, 100)

def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()

def unstable(x):
    e = np.exp(x)
    return e / e.sum()

def spoil(x):
    x[0] = 0.0
    return x
"""

TRUE_AND_FALSE = """
title: Numbers
version: 1.0.0
subjects: {double: toy:double, cap: toy:cap}
inputs: {n: {integer: [0, 1000]}}
obligations:
  - id: SAME
    type: holds
    claim: Doubling is adding twice.
    check: double(n) == n + n
  - id: CLIP
    type: holds
    claim: Clipping changes nothing.
    check: cap(n) == n
    if_falsified: The clip is in the way.
"""


def test_a_true_claim_holds_and_a_false_one_falls_with_the_smallest_counterexample(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    done = run_pytest(folder)
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert "n = 101" in done.stdout
    assert "The clip is in the way." in done.stdout
    assert "pytest contracts/numbers.apr.yaml::CLIP --apr-seed 0" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_printed_command_reproduces_the_same_counterexample(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    run_pytest(folder, "--apr-report", "first")
    first = claims(folder / "first")
    command = first["numbers::CLIP"]["reproduce"].split()
    assert command[0] == "pytest"
    again = run_pytest(folder, *command[1:], "--apr-report", "second")
    assert again.returncode == 1
    second = claims(folder / "second")
    assert set(second) == {"numbers::CLIP"}
    assert second["numbers::CLIP"]["counterexample"] == first["numbers::CLIP"]["counterexample"] == {"n": "101"}


def claims(folder: Path) -> dict[str, dict[str, object]]:
    report = json.loads((folder / "report.json").read_text())
    return {claim["id"]: claim for claim in report["claims"]}


def test_the_same_seed_gives_the_same_report(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    kept = ("id", "verdict", "counterexample", "n", "reason", "observed")
    seen = []
    for name in ("a", "b"):
        run_pytest(folder, "--apr-seed", "7", "--apr-report", name)
        seen.append(
            [
                {key: claim[key] for key in kept if key != "n" or claim["verdict"] == "HELD"}
                for claim in claims(folder / name).values()
            ]
        )
        for file in (folder / ".apr").rglob("*"):
            if file.is_file():
                file.unlink()
    assert seen[0] == seen[1]


def test_xdist_gives_the_same_verdicts(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    done = run_pytest(folder, "-n", "2", "--apr-report", "out")
    assert done.returncode == 1
    found = claims(folder / "out")
    assert {key: claim["verdict"] for key, claim in found.items()} == {
        "numbers::SAME": "HELD",
        "numbers::CLIP": "FALSIFIED",
    }


@pytest.mark.parametrize(
    ("arguments", "passed", "failed"),
    [
        (["contracts/numbers.apr.yaml::SAME"], 1, 0),
        (["contracts"], 1, 1),
        (["-k", "SAME"], 1, 0),
        (["-k", "CLIP"], 0, 1),
        (["-m", "holds"], 1, 1),
        (["contracts/numbers.apr.yaml::SAME", "contracts/numbers.apr.yaml"], 1, 1),
    ],
)
def test_selections(project: Write, arguments: list[str], passed: int, failed: int) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    done = run_pytest(folder, "-q", "-rN", *arguments)
    last = done.stdout.strip().splitlines()[-1]
    assert (f"{passed} passed" in last) == bool(passed)
    assert (f"{failed} failed" in last) == bool(failed)
    assert done.returncode == int(bool(failed))


def test_collect_only_lists_ids_that_can_be_pasted(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    done = run_pytest(folder, "--collect-only", "-q")
    assert done.stdout.splitlines()[:2] == ["contracts/numbers.apr.yaml::SAME", "contracts/numbers.apr.yaml::CLIP"]
    assert done.returncode == 0


def test_falsify_folder_stands_for_all_contracts(project: Write) -> None:
    folder = project(
        {
            "toy.py": MODULE,
            "contracts/deep/numbers.apr.yaml": TRUE_AND_FALSE,
            "falsify/test_own.py": "def test_own(): pass\n",
        }
    )
    done = run_pytest(folder, "falsify/", "--collect-only", "-q")
    assert done.stdout.splitlines()[:3] == [
        "falsify/test_own.py::test_own",
        "contracts/deep/numbers.apr.yaml::SAME",
        "contracts/deep/numbers.apr.yaml::CLIP",
    ]


def test_an_unknown_id_fails_and_names_the_nearest(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    done = run_pytest(folder, "contracts/numbers.apr.yaml::SAMS")
    assert done.returncode != 0
    assert "Nearest: contracts/numbers.apr.yaml::SAME" in done.stdout + done.stderr


def test_an_unknown_id_fails_and_names_the_nearest_under_xdist_too(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    done = run_pytest(folder, "-n", "2", "contracts/numbers.apr.yaml::SAMS")
    assert done.returncode != 0
    assert "Nearest: contracts/numbers.apr.yaml::SAME" in done.stdout + done.stderr


def test_an_unknown_file_fails_and_names_the_nearest(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    done = run_pytest(folder, "contracts/number.apr.yaml")
    assert done.returncode != 0
    assert "Nearest: contracts/numbers.apr.yaml" in done.stdout + done.stderr


def test_a_keyword_that_matches_nothing_fails_and_names_the_nearest(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    done = run_pytest(folder, "-k", "CLOP")
    assert done.returncode != 0
    assert "'CLOP' selects none of 2 claims" in done.stdout
    assert "CLIP" in done.stdout


def test_one_broken_contract_is_one_red_item_and_the_rest_runs(project: Write) -> None:
    folder = project(
        {
            "toy.py": MODULE,
            "contracts/numbers.apr.yaml": TRUE_AND_FALSE,
            "contracts/broken.apr.yaml": "title: x\nversion: 1.0.0\nobligation: []\n",
        }
    )
    done = run_pytest(folder)
    assert "1 failed, 1 passed, 1 error" in done.stdout
    assert "contracts/broken.apr.yaml:3:1" in done.stdout
    assert "Did you mean 'obligations'?" in done.stdout


def test_two_contracts_with_one_id_are_both_errors(project: Write) -> None:
    folder = project(
        {
            "toy.py": MODULE,
            "a/contracts/numbers.apr.yaml": TRUE_AND_FALSE,
            "b/contracts/numbers.apr.yaml": TRUE_AND_FALSE,
        }
    )
    done = run_pytest(folder)
    assert "4 error" in done.stdout
    assert "have the same contract id 'numbers'" in " ".join(done.stdout.split())


def test_a_contract_whose_id_another_file_has_is_an_error_even_alone(project: Write) -> None:
    files = {f"{name}/contracts/numbers.apr.yaml": TRUE_AND_FALSE for name in ("a", "b")}
    folder = project({"toy.py": MODULE, **files})
    assert "2 error" in run_pytest(folder, "a/contracts/numbers.apr.yaml").stdout


NOTHING = """
title: Nothing
version: 1.0.0
subjects: {later: {import: "toy:later", planned: the merge stage is still to be written}}
inputs: {n: {integer: [0, 3]}}
obligations:
  - {id: L, type: holds, claim: Later is true., check: later(n)}
"""


def test_a_run_that_decides_nothing_is_red(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/nothing.apr.yaml": NOTHING})
    done = run_pytest(folder)
    assert done.returncode == 1
    assert "1 skipped" in done.stdout
    assert "decided nothing: 0 of 1 claims" in done.stdout
    assert "the merge stage is still to be written" in done.stdout


ARRAYS = """
title: Softmax
version: 1.0.0
subjects: {softmax: "toy:softmax", unstable: "toy:unstable", spoil: "toy:spoil"}
inputs:
  n: {integer: [1, 64]}
  x: {tensor: [n], dtype: float64, draw: mixed}
obligations:
  - {id: SUM, type: bound, claim: The shares sum to one., value: sum(softmax(x)), within: ["1 - 1e-9", "1 + 1e-9"]}
  - {id: NAIVE, type: bound, claim: So they do without the shift., value: sum(unstable(x)), within: [0.9, 1.1]}
  - {id: SPOIL, type: holds, claim: Looking does not change., check: all(spoil(x) == spoil(x)), inputs: {x: {tensor: [n]}}}
  - id: MEANT
    type: holds
    claim: Clipping at one hundred changes nothing.
    check: max(x) < 100
    expect: falsified
"""


def test_arrays_nonfinite_values_changed_arguments_and_expected_falsity(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/softmax.apr.yaml": ARRAYS})
    done = run_pytest(folder, "--apr-report", "out")
    found = claims(folder / "out")
    assert found["softmax::SUM"]["outcome"] == "HELD"
    assert found["softmax::NAIVE"]["verdict"] == "FALSIFIED"
    assert found["softmax::NAIVE"]["observed"] in ("nan", "inf")
    assert found["softmax::SPOIL"]["verdict"] == "FALSIFIED"
    assert "changed argument number 1" in str(found["softmax::SPOIL"]["observed"])
    assert found["softmax::MEANT"]["outcome"] == "HELD-AS-FALSE"
    assert "1 HELD-AS-FALSE" in done.stdout


def test_a_folder_without_a_configuration_file_inside_a_larger_repository(project: Write) -> None:
    """pytest's rootdir is then the folder itself, while the project's markers lie above it."""
    root = project({"inner/toy.py": MODULE, "inner/numbers.apr.yaml": TRUE_AND_FALSE})
    (root / "pyproject.toml").unlink()
    (root / ".git").mkdir()
    done = run_pytest(root / "inner")
    assert "1 failed, 1 passed" in done.stdout


def test_reports_are_written_and_agree(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    run_pytest(folder, "--apr-report", "out/deep")
    report = json.loads((folder / "out/deep/report.json").read_text())
    assert report["schema"] == "apr.report/2"
    assert report["totals"]["total"] == 2
    cases = ET.parse(folder / "out/deep/junit.xml").getroot().iter("testcase")
    assert sorted((case.get("name"), [child.tag for child in case if child.tag != "properties"]) for case in cases) == [
        ("CLIP", ["failure"]),
        ("SAME", []),
    ]
    assert "FALSIFIED" in (folder / "out/deep/report.md").read_text()
    assert "1 of 2 claims fell" in (folder / "out/deep/report.html").read_text()


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--apr-cases", "many", "quick, default, full"),
        ("--apr-cases", "0", "from 1"),
        ("--apr-seed", "-1", "from 0"),
        ("--apr-evidence", "nowhere", "holds records"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(project: Write, option: str, value: str, allowed: str) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE})
    done = run_pytest(folder, f"{option}={value}")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert value in done.stderr and allowed in done.stderr


def test_an_unwritable_report_folder_is_said_and_red(project: Write) -> None:
    folder = project({"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE, "out": "a file\n"})
    done = run_pytest(folder, "contracts/numbers.apr.yaml::SAME", "--apr-report", "out")
    assert done.returncode == 1
    assert "The reports were not written" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_project_without_contracts_loads_nothing_of_apr_core(project: Write) -> None:
    code = (
        "import sys\ndef test_nothing():\n"
        "    found = {name for name in sys.modules if name.startswith('apr_core')}\n"
        "    assert found == {'apr_core', 'apr_core.pytest_plugin'}\n"
    )
    folder = project({"test_plain.py": code})
    done = run_pytest(folder)
    assert done.returncode == 0, done.stdout
    assert "verdict" not in done.stdout


REFUTED = """
refuted:
  - claim: numbers::CLIP
    since: "2026-01-01"
    note: Everybody believed that no number exceeds one hundred.
"""


def test_a_refuted_claim_is_xfailed_and_its_recovery_is_red(project: Write) -> None:
    files = {"toy.py": MODULE, "contracts/numbers.apr.yaml": TRUE_AND_FALSE, "falsify/refuted.yaml": REFUTED}
    folder = project(files)
    done = run_pytest(folder)
    assert done.returncode == 0
    assert "1 passed, 1 xfailed" in done.stdout
    (folder / "toy.py").write_text(MODULE.replace("min(x, 100)", "x"))
    done = run_pytest(folder)
    assert done.returncode == 1
    assert "RECOVERED" in done.stdout


GATE = """
title: Release
version: 1.0.0
obligations:
  - {id: OPEN, type: gate, claim: Doubling may go out., require: ["numbers::SAME"]}
  - {id: SHUT, type: gate, claim: All may go out., require: ["numbers::SAME", "numbers::CLIP"]}
  - {id: ANY, type: compound, claim: One of them is true., any_of: ["numbers::SAME", "numbers::CLIP"]}
  - {id: CIRCLE, type: compound, claim: It holds if it holds., all_of: ["gates/back::BACK"]}
"""

BACK = """
title: And back
version: 1.0.0
obligations:
  - {id: BACK, type: compound, claim: It holds if that holds., all_of: ["gates/go::CIRCLE"]}
"""


def test_gates_and_compounds_judge_what_they_name_even_when_it_is_not_selected(project: Write) -> None:
    files = {"contracts/numbers.apr.yaml": TRUE_AND_FALSE, "contracts/gates/go.apr.yaml": GATE}
    folder = project({"toy.py": MODULE, "contracts/gates/back.apr.yaml": BACK, **files})
    run_pytest(folder, "contracts/gates/go.apr.yaml", "--apr-report", "out")
    verdicts = {key: claim["verdict"] for key, claim in claims(folder / "out").items()}
    assert verdicts == {
        "gates/go::OPEN": "HELD", "gates/go::SHUT": "FALSIFIED", "gates/go::ANY": "HELD", "gates/go::CIRCLE": "ERROR",
    }  # fmt: skip
