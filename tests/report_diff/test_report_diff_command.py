"""`apr report diff` as it is typed: on two runs of a project that was changed in between, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from report_diff_runs import claim, run, scored

from apr_core.cli import main
from apr_core.report.json import json_text
from apr_core.report.run import Run
from foreign import run_pytest

CONTRACT = """
title: Halves
version: 1.0.0
subjects: {half: halves_of_ours:half}
inputs: {x: {integer: [0, 1000]}}
obligations:
  - {id: SMALLER, type: holds, claim: Half is not more., check: "half(x) <= x"}
  - {id: EXACT, type: equivalence, claim: Twice the half is the whole., left: "2 * half(x)", right: x, tolerance: {absolute: 0.5}}
"""


def write(folder: Path, name: str, found: Run) -> str:
    (folder / name).mkdir()
    (folder / name / "report.json").write_text(json_text(found), encoding="utf-8")
    return str(folder / name)


def test_two_real_runs_between_which_code_and_claim_changed(
    project: Callable[[dict[str, str]], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"contracts/halves.apr.yaml": CONTRACT, "halves_of_ours.py": "def half(x):\n    return x // 2\n"})
    assert run_pytest(root, "contracts", "--apr-report", "before", PYTHONDONTWRITEBYTECODE="1").returncode == 1
    project(
        {
            "contracts/halves.apr.yaml": CONTRACT.replace("absolute: 0.5", "absolute: 1.5"),
            "halves_of_ours.py": "def half(x):\n    return x // 2 if x != 2 else 7\n",
        }
    )
    done = run_pytest(root, "contracts", "--apr-report", "after", "--apr-cases", "full", PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 1, done.stdout
    monkeypatch.chdir(root)
    assert main(["report", "diff", "before", "after"]) == 1
    text = capsys.readouterr().out
    assert "WORSE: 1 newly fell." in text
    assert "  cases: 100 → 2000\n  contract halves: " in text
    assert "  HELD → FALSIFIED  halves::SMALLER\n" in text
    assert main(["report", "diff", "after", "before"]) == 0
    text = capsys.readouterr().out
    assert "recovered: pass now (1)\n  FALSIFIED → HELD  halves::SMALLER\n" in text
    assert "! its contract file is not the same" in text


@pytest.mark.parametrize(("after", "code"), [("HELD", 0), ("FALSIFIED", 1), ("UNTESTED", 1), ("ERROR", 1)])
def test_1_when_something_got_worse(after: str, code: int, tmp_path: Path) -> None:
    first, second = write(tmp_path, "a", run(claim("HELD"))), write(tmp_path, "b", run(claim(after)))
    assert main(["report", "diff", first, f"{second}/report.json"]) == code


def test_fewer_problems_alone_are_loud_and_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = write(tmp_path, "a", run(scored())), write(tmp_path, "b", run(scored(n=20)))
    assert main(["report", "diff", first, second]) == 0
    assert "Nothing got worse. 1 claim on FEWER cases or problems than before." in capsys.readouterr().out


def test_markdown_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = write(tmp_path, "a", run(claim("HELD"))), write(tmp_path, "b", run(claim("FALSIFIED")))
    assert main(["report", "diff", first, second, "--format", "markdown"]) == 1
    assert capsys.readouterr().out.startswith("## apr report diff\n\n**WORSE: 1 newly fell.**\n")
    assert main(["report", "diff", first, second, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["worse"] is True
    assert main(["report", "diff", first, second, "--format", "markdown", "--json", str(tmp_path / "diff.json")]) == 1
    assert capsys.readouterr().out.startswith("## apr report diff\n")
    assert json.loads((tmp_path / "diff.json").read_text(encoding="utf-8"))["claims"][0]["group"] == "fell"


def test_a_report_of_the_first_format_can_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = write(tmp_path, "b", run(claim("FALSIFIED")))
    data = json.loads(json_text(run(claim("HELD"))))
    for key in ("records", "controls", "audit"):
        del data[key]
    for key in ("flips", "problems", "sides", "contract_digest", "broke", "required"):
        data["claims"][0].pop(key, None)
    data["schema"] = "apr.report/1"
    for key in ("commit", "dirty"):
        del data["run"][key]
    (tmp_path / "first.json").write_text(json.dumps(data), encoding="utf-8")
    assert main(["report", "diff", str(tmp_path / "first.json"), second]) == 1
    assert "contract" not in capsys.readouterr().out  # it recorded no digests, and nothing is made of that


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: A, B"),
        (["a"], "the following arguments are required: B"),
        (["a", "nowhere"], "cannot read nowhere"),
        (["a", "a", "--format", "junit"], "invalid choice: 'junit'"),
    ],
)
def test_wrong_use_is_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path, "a", run(claim("HELD")))
    monkeypatch.chdir(tmp_path)
    assert main(["report", "diff", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["show", "diff", "attest", "verify"])
def test_a_folder_that_is_called_like_an_action_is_reached(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, name, run(claim("HELD")))
    monkeypatch.chdir(tmp_path)
    assert main(["report", f"./{name}"]) == 0
    short = capsys.readouterr().out
    assert main(["report", "show", name]) == 0
    assert capsys.readouterr().out == short
    assert "1 claim: 1 HELD" in short


def test_the_help_of_the_family_lists_its_actions(capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("-h", "--help"):
        assert main(["report", flag]) == 0
        assert "{show,diff,attest,verify}" in capsys.readouterr().out
