"""`apr eval completions`: from a file to a result and a record, through interruptions and bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import problems
from apr_core.cli import main
from apr_core.evidence.record import load_record

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes completions into an empty project, which is the working folder."""
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def lines(*rows: dict[str, Any] | str, name: str = "c.jsonl") -> Path:
        text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return Path(name)

    return lines


def every(kind: str) -> list[dict[str, Any]]:
    """One solution of each problem."""
    found = {one.task_id: one for one in reversed(problems.solutions(kind))}
    return [{"task_id": one.task_id, "solution": one.program} for one in found.values()]


def command(file: Path, *more: str) -> list[str]:
    return [
        "eval",
        "completions",
        str(file),
        "--benchmark",
        "plain",
        "--problems",
        str(problems.PLAIN),
        "--workers",
        "2",
        *more,
    ]


def evaluated(file: Path, *more: str) -> dict[str, Any]:
    assert main(command(file, "--json", "result.json", *more)) == 0
    return json.loads(Path("result.json").read_text(encoding="utf-8"))


def test_reference_wrong_and_hostile_programs_come_out_as_they_should(write: Write) -> None:
    known = problems.solutions()
    result = evaluated(write(*({"task_id": one.task_id, "solution": one.program} for one in known)))
    numbers: Counter[str] = Counter()
    found = {(row["task_id"], sample["sample"]): sample for row in result["problems"] for sample in row["samples"]}
    for one in known:
        sample = found[one.task_id, numbers[one.task_id]]
        numbers[one.task_id] += 1
        assert sample["class"] in one.classes, (one.task_id, one.name, sample)
        assert sample["passed"] == (one.kind == "reference"), (one.task_id, one.name)
    assert result["totals"]["passed"] == result["totals"]["problems"] == 30


def test_a_result_says_what_it_rests_on_and_its_record_is_evidence(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    result = evaluated(write(*every("reference")), "--evidence", "records", "--model", "Own")
    out = capsys.readouterr()
    assert "plain: 30 of 30 (100.0 %) problems pass every test" in out.out
    assert f"isolation {result['sandbox']['level']}" in out.out
    record = load_record(next(Path("records").iterdir()))
    assert record.subject.model == "Own"
    assert record.protocol.benchmark_digest == result["benchmark"]["digest"]
    assert record.source.file_digest == result["completions"]["digest"]
    assert record.protocol.layers == tuple(result["sandbox"]["layers"])
    told = {"benchmark": "plain", "file": "c.jsonl", "named": "Own", "problems": "problems.jsonl"}
    assert record.arguments.passed is not None and record.arguments.passed.items() >= told.items()
    assert list(Path(".apr/evaluations").iterdir()) == []
    # The same completions once more are no second run of the model.
    evaluated(Path("c.jsonl"), "--evidence", "records", "--model", "Own")
    assert "are there already" in capsys.readouterr().err
    assert len(list(Path("records").iterdir())) == 1


def test_a_claim_is_judged_on_the_record(write: Write) -> None:
    half = every("reference")[:15] + every("wrong")[15:]
    evaluated(write(*half), "--evidence", "falsify/evidence", "--model", "Own")
    Path("falsify/scores.apr.yaml").write_text(
        "title: Own solves the plain problems\nversion: 1.0.0\nevidence: {own: {model: Own, benchmark: plain}}\nobligations:\n"
        + "".join(
            f"  - {{id: {name}, type: threshold, claim: {name}., metric: pass@1, of: own, at_least: {line}, decide: score}}\n"
            for name, line in (("HALF", 0.5), ("MOST", 0.9))
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "falsify", "-q", "-p", "no:cacheprovider"],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONDEVMODE": "0"},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed" in done.stdout
    assert "FALSIFIED" in done.stdout and "MOST" in done.stdout


def test_killed_anywhere_and_run_again_it_ends_as_if_nothing_had_happened(write: Write) -> None:
    rows = every("reference")[:12] + every("wrong")[:12]
    file = write(*rows)
    whole = evaluated(file, "--partial")
    for after in (1, 9):
        # The interpreter dies by a signal that nothing can catch, at the moment the given sample was written down.
        dying = (
            "import os, signal, sys\n"
            "from apr_core.evaluation import journal\n"
            "append, count = journal.Journal.append, [0]\n"
            "def counted(self, *args):\n"
            "    append(self, *args)\n"
            "    count[0] += 1\n"
            f"    if count[0] == {after}: os.kill(os.getpid(), signal.SIGKILL)\n"
            "journal.Journal.append = counted\n"
            "from apr_core.cli import main\n"
            "sys.exit(main(sys.argv[1:]))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", dying, *command(file, "--partial")], capture_output=True, check=False
        )
        assert done.returncode == -signal.SIGKILL
        (journal,) = Path(".apr/evaluations").iterdir()
        assert len(journal.read_bytes().splitlines()) >= 1 + after
        again = evaluated(file, "--partial")
        assert [strip(row) for row in again["problems"]] == [strip(row) for row in whole["problems"]]
        assert again["totals"] == whole["totals"]
        assert list(Path(".apr/evaluations").iterdir()) == []


def strip(row: dict[str, Any]) -> dict[str, Any]:
    """A problem's result without what a clock measured."""
    return {**row, "samples": [{**sample, "cpu_seconds": 0} for sample in row["samples"]]}


@pytest.mark.parametrize(
    ("rows", "more", "says"),
    [
        ([{"task_id": "own/none", "completion": "x"}], [], "'own/none': no problem of plain has this id"),
        (["{"], [], "c.jsonl:1: this is not JSON"),
        ([{"task_id": "own/run-lengths", "completion": "x"}], [], "29 of 30 problems of plain have no completion"),
        (every("reference"), ["--samples", "2"], "--samples 2: 30 of 30 problems have another number"),
        (every("reference"), ["--digest", "0" * 64], "have the digest"),
        (every("reference"), ["--evidence", "records"], "add --model NAME"),
        (every("reference"), ["--json", "nowhere/result.json"], "no file can be written there"),
        (every("reference"), ["--require-isolation", "perfect"], "perfect"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(
    write: Write, capsys: pytest.CaptureFixture[str], rows: list[Any], more: list[str], says: str
) -> None:
    assert main(command(write(*rows), *more)) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not Path(".apr").exists()


def test_an_unknown_benchmark_and_a_missing_file_of_problems_are_refused(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(write(*every("reference")))
    assert main(["eval", "completions", file, "--benchmark", "humanevil", "--problems", str(problems.PLAIN)]) == 2
    assert "Did you mean 'humaneval'?" in capsys.readouterr().err
    assert main(["eval", "completions", file, "--benchmark", "plain", "--problems", "none.jsonl"]) == 2
    assert "none.jsonl" in capsys.readouterr().err


def test_a_plan_runs_nothing(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(write(*every("reference")), "--plan")) == 0
    assert "30 completions of 30 problems of plain" in capsys.readouterr().out
    assert not Path(".apr").exists()


def test_json_on_stdout_is_json_alone(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(write(*every("reference")[:1]), "--partial", "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["schema"], result["complete"], result["totals"]["passed"]) == ("apr.evaluation/1", False, 1)
