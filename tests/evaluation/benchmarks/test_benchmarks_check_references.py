"""`apr eval check-references`: what does not pass is named, with class and detail, and the command exits with 1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import problems
from apr_core.cli import DONE, MISUSE, SHUT, main
from apr_core.evaluation.benchmarks import load

CALL = [{"args": [2], "expected": 4}]


def plain(task_id: str, reference: str = "", **fields: Any) -> dict[str, Any]:
    """A plain problem: doubling a number, unless `fields` say otherwise."""
    row = {"task_id": task_id, "prompt": "Double it.", "entry_point": "double", "tests": CALL, "reference": reference}
    return {key: value for key, value in (row | fields).items() if value not in (None, "")}


ROWS = [
    plain("right", "def double(x): return 2 * x"),
    plain("wrong", "def double(x): return x + 1"),
    plain("raises", "def double(x): return x / 0"),
    plain("silent"),
    plain("no-values", "def double(x): raise KeyError(x)", tests=[{"args": [2]}]),
    plain("no-program", "def double(x:"),
]


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of `ROWS`."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def check(*arguments: str | Path) -> int:
    """Runs the command."""
    return main(["eval", "check-references", "--workers", "1", *map(str, arguments)])


def test_every_exception_is_listed_by_name_with_class_and_detail(
    rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check("--benchmark", "plain", "--problems", rows, "--json") == SHUT
    data = json.loads(capsys.readouterr().out)
    assert (data["problems"], data["checked"], data["passed"]) == (6, 5, 1)
    assert data["no_reference"] == ["silent"]
    found = {one["task_id"]: (one["outcome"], one["group"]) for one in data["exceptions"]}
    assert found == {
        "wrong": ("wrong-answer", "base"), "raises": ("exception", "base"), "no-values": ("exception", "base"),
        "no-program": ("syntax-error", "base"),
    }  # fmt: skip
    details = {one["task_id"]: one["detail"] for one in data["exceptions"]}
    assert "ZeroDivisionError" in details["raises"] and "KeyError" in details["no-values"] and "4" in details["wrong"]
    assert data["digest"] == load("plain", rows).digest
    assert data["layers"] is not None and data["isolation"]


def test_the_text_names_the_score_its_denominator_and_the_exceptions(
    rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check("--benchmark", "plain", "--problems", rows) == SHUT
    text = capsys.readouterr().out
    assert text.startswith("plain: 1 of 5 reference solutions pass (20.00%)\n  wrong: wrong-answer in base: ")
    assert "not checked, they have no reference solution: silent\n" in text


@pytest.mark.parametrize("benchmark", ["humaneval+", "mbpp", "bigcodebench"])
def test_all_of_our_own_pass_and_weak_ones_are_named(
    benchmark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        check("--benchmark", benchmark, "--problems", problems.FORMATS[benchmark], "--json", tmp_path / "out.json")
        == DONE
    )
    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    ids = [problem.task_id for problem in load(benchmark, problems.FORMATS[benchmark]).problems]
    assert (data["passed"], data["checked"], data["exceptions"], data["complete"]) == (len(ids), len(ids), [], False)
    assert data["weak"] == (ids if benchmark == "bigcodebench" else [])
    assert f"does not hold as many problems as a release of {benchmark}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--benchmark", "plian", "--problems", "rows.jsonl"), "Did you mean 'plain'?"),
        (("--benchmark", "mbpp", "--problems", "rows.jsonl"), "rows.jsonl:1: the field"),
        (("--benchmark", "plain", "--problems", "none.jsonl"), "cannot read none.jsonl"),
        (("--benchmark", "plain", "--problems", "rows.jsonl", "--digest", "0" * 64), "this is another version"),
        (("--benchmark", "plain", "--problems", "rows.jsonl", "--json", "no/such/folder"), "Nothing was run."),
        (
            ("--benchmark", "plain", "--problems", "bare.jsonl"),
            "has no reference solution, so there is nothing to check",
        ),
    ],
)
def test_wrong_use_exits_with_2_and_one_paragraph(
    arguments: tuple[str, ...], message: str, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bare.jsonl").write_text(json.dumps(ROWS[3]) + "\n", encoding="utf-8")
    assert check(*arguments) == MISUSE
    out = capsys.readouterr()
    assert message in out.err and out.err.count("\n") == 1 and out.out == ""
