"""`apr gate`: open or shut, why, and what would open it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["cli_workplace"]

Workplace = Callable[[dict[str, str]], Path]
Apr = Callable[..., tuple[int, str, str]]

MODULE = "def double(x): return 2 * x\ndef cap(x): return min(x, 5)\n"

CLAIMS = """\
title: Numbers
version: 1.0.0
subjects: {double: gated:double, cap: gated:cap, later: {import: "gated:later", planned: write it}}
inputs: {n: {integer: [0, 9]}}
evidence: {runs: {model: M}}
produce: a-recipe
obligations:
  - {id: DOUBLE, type: holds, claim: It doubles., check: double(n) == n + n}
  - {id: CAP, type: holds, claim: It leaves numbers alone., check: cap(n) == n}
  - {id: LATER, type: holds, claim: It comes., check: later(n) == n}
  - {id: RUNS, type: threshold, claim: Half., metric: pass@1, of: runs, at_least: 0.5, decide: score}
"""

GATE = """\
title: Gates
version: 1.0.0
obligations:
  - {id: %s, type: gate, claim: It may be released., require: [%s]%s}
"""


def project(workplace: Workplace, require: str, more: str = "", name: str = "GATE") -> Path:
    return workplace(
        {
            "gated.py": MODULE,
            "contracts/claims.apr.yaml": CLAIMS,
            "contracts/gates/release.apr.yaml": GATE % (name, require, more),
        }
    )


def test_open(workplace: Workplace, apr: Apr) -> None:
    project(workplace, "claims::DOUBLE")
    code, out, _ = apr("gate", "release")
    assert code == 0
    assert out.startswith(
        "OPEN  gates/release::GATE  (contracts/gates/release.apr.yaml:4)\n      It may be released.\n"
    )
    assert "1 of 1 required claims pass:\n  HELD          claims::DOUBLE\n" in out
    assert "what would open it" not in out


def test_shut_by_a_false_claim(workplace: Workplace, apr: Apr) -> None:
    project(workplace, "claims::DOUBLE, claims::CAP")
    code, out, _ = apr("gate", "release")
    assert code == 1
    assert out.startswith("SHUT  ")
    assert "1 of 2 required claims pass:" in out
    assert "  FALSIFIED     claims::CAP\n" in out
    assert "what would open it:\n  - claims::CAP: " in out


def test_shut_though_nothing_is_false(workplace: Workplace, apr: Apr) -> None:
    project(workplace, "claims::LATER, claims::RUNS")
    code, out, _ = apr("gate", "release")
    assert code == 1
    assert "  UNTESTED      claims::LATER\n" in out
    assert "  - claims::LATER: write it" in out
    assert "  - claims::RUNS: produce it with the recipe a-recipe" in out


def test_what_is_allowed_is_said(workplace: Workplace, apr: Apr) -> None:
    project(workplace, "claims::DOUBLE, claims::LATER", ", allow: {'claims::LATER': UNTESTED}")
    code, out, _ = apr("gate", "release")
    assert code == 0
    assert "2 of 2 required claims pass:" in out
    assert "  UNTESTED      claims::LATER (allowed)\n" in out


def test_a_claim_that_does_not_exist_shuts(workplace: Workplace, apr: Apr) -> None:
    project(workplace, "claims::DOUBLE, claims::DUOBLE")
    code, out, _ = apr("gate", "release")
    assert code == 1
    assert "  ERROR         claims::DUOBLE\n" in out
    assert "Did you mean 'DOUBLE'?" in out


@pytest.mark.parametrize(
    "name",
    ["release", "gates/release", "gates/release::GO", "GO", "contracts/gates/release.apr.yaml", "release.apr.yaml"],
)
def test_a_gate_has_several_names(workplace: Workplace, apr: Apr, name: str) -> None:
    project(workplace, "claims::DOUBLE", name="GO")
    assert apr("gate", name)[0] == 0


def test_an_unknown_gate_names_the_nearest(workplace: Workplace, apr: Apr) -> None:
    project(workplace, "claims::DOUBLE")
    code, _, err = apr("gate", "relaese")
    assert code == 2
    assert "there is no gate 'relaese'. Nearest: gates/release::GATE." in err
    code, _, err = apr("gate", "DOUBLE")  # a claim, but no gate
    assert code == 2
    assert "there is no gate 'DOUBLE'" in err


def test_a_project_without_gates_says_so(workplace: Workplace, apr: Apr) -> None:
    workplace({"gated.py": MODULE, "contracts/claims.apr.yaml": CLAIMS})
    code, _, err = apr("gate", "release")
    assert code == 2
    assert "No contract here has an obligation of type `gate`" in err


def test_a_name_in_two_files_must_be_given_in_full(workplace: Workplace, apr: Apr) -> None:
    root = project(workplace, "claims::DOUBLE")
    (root / "contracts/gates/other.apr.yaml").write_text(GATE % ("GATE", "claims::CAP", ""))
    code, _, err = apr("gate", "GATE")
    assert code == 2
    assert "gates in 2 contracts: gates/other::GATE, gates/release::GATE" in err
    assert apr("gate", "gates/release::GATE")[0] == 0


def test_two_gates_in_one_file_must_both_be_open(workplace: Workplace, apr: Apr) -> None:
    second = "  - {id: SECOND, type: gate, claim: So may this., require: [claims::CAP]}\n"
    root = project(workplace, "claims::DOUBLE")
    file = root / "contracts/gates/release.apr.yaml"
    file.write_text(file.read_text() + second)
    code, out, _ = apr("gate", "release")
    assert code == 1
    assert "OPEN  gates/release::GATE" in out
    assert "SHUT  gates/release::SECOND" in out


def test_a_broken_gate_is_an_error_and_not_a_missing_one(workplace: Workplace, apr: Apr) -> None:
    workplace({"contracts/gates/release.apr.yaml": "title: G\nversion: 1.0.0\nobligations: [{id: A, type: gaet}]\n"})
    code, _, err = apr("gate", "release")
    assert code == 2
    assert "contracts/gates/release.apr.yaml:3:" in err


def test_json(workplace: Workplace, apr: Apr) -> None:
    project(workplace, "claims::DOUBLE, claims::LATER")
    code, out, _ = apr("gate", "release", "--json")
    [gate] = json.loads(out)
    assert code == 1
    assert gate["gate"] == "gates/release::GATE"
    assert gate["open"] is False
    assert [(claim["id"], claim["passes"], claim["opening"]) for claim in gate["claims"]] == [
        ("claims::DOUBLE", True, None),
        ("claims::LATER", False, "write it"),
    ]


def test_options_must_lead_somewhere(workplace: Workplace, apr: Apr) -> None:
    project(workplace, "claims::DOUBLE")
    code, _, err = apr("gate", "release", "--evidence", "nowhere")
    assert code == 2
    assert "there is no such folder" in err
    code, _, err = apr("gate", "release", "--scale", "nowhere")
    assert code == 2
    assert "there is no scale 'nowhere'" in err
