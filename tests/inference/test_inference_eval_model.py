"""`apr eval model`: a tiny model, from prompts to a record on which a claim is judged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny import make_checkpoint

import problems
from apr_core.cli import main
from apr_core.evidence.record import load_record


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A tiny model in an empty project, which is the working folder."""
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return str(make_checkpoint(tmp_path / "Tiny"))


def command(checkpoint: str, *more: str) -> list[str]:
    return [
        "eval", "model", checkpoint, "--benchmark", "plain", "--problems", str(problems.PLAIN), "-o", "out",
        "--limit", "6", "--max-tokens", "12", "--device", "cpu", "--workers", "2", *more,
    ]  # fmt: skip


def result(folder: str = "out") -> dict[str, Any]:
    return json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))


def lines(folder: str = "out") -> list[dict[str, Any]]:
    text = (Path(folder) / "completions.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_model_is_evaluated_end_to_end_and_judged_on_its_record(checkpoint: str) -> None:
    more = ["--samples", "2", "--temperature", "0.9", "--seed", "3", "--evidence", "falsify/evidence"]
    assert main(command(checkpoint, *more)) == 0
    found = result()
    assert (found["totals"]["problems"], found["totals"]["samples"], found["complete"]) == (6, 12, False)
    assert {(line["task_id"], line["sample"]) for line in lines()} == {
        (row["task_id"], sample["sample"]) for row in found["problems"] for sample in row["samples"]
    }
    record = load_record(next(Path("falsify/evidence").iterdir()))
    assert (record.subject.model, record.environment.backend, record.environment.device) == (
        "Tiny", "transformers/cpu", "cpu",
    )  # fmt: skip
    sampling = record.protocol.sampling
    assert (sampling.temperature, sampling.samples, sampling.max_tokens, record.seed) == (0.9, 2, 12, 3)
    assert record.subject.digest == found["generation"]["digest"]
    assert record.protocol.prompt == "standard"
    assert record.arguments.passed is not None and record.arguments.passed["temperature"] == 0.9
    Path("falsify/scores.apr.yaml").write_text(
        "title: A random model solves nothing\nversion: 1.0.0\nevidence: {tiny: {model: Tiny, backend: transformers/cpu}}\n"
        "obligations:\n  - {id: NOTHING, type: threshold, claim: None., metric: pass@1, of: tiny, at_most: 0, decide: score}\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "falsify", "-q", "-p", "no:cacheprovider"],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONDEVMODE": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_killed_while_generating_it_goes_on_and_ends_as_if_nothing_had_happened(checkpoint: str) -> None:
    assert main(command(checkpoint)) == 0
    whole, first = lines(), result()
    dying = (
        "import os, signal, sys\n"
        "from apr_core.inference import batch\n"
        "write, count = batch.Journal.write, [0]\n"
        "def counted(self, *args):\n"
        "    write(self, *args)\n"
        "    count[0] += 1\n"
        "    if count[0] == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "batch.Journal.write = counted\n"
        "from apr_core.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = [word if word != "out" else "again" for word in command(checkpoint, "--batch-size", "2")]
    done = subprocess.run([sys.executable, "-c", dying, *words], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(lines("again")) == 3
    assert main(words) == 0
    said = {line["task_id"]: line["text"] for line in lines("again")}
    assert said == {line["task_id"]: line["text"] for line in whole} and len(lines("again")) == 6
    assert result("again")["totals"] == first["totals"]


def test_other_settings_need_another_folder(checkpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(checkpoint)) == 0
    capsys.readouterr()
    assert main(command(checkpoint, "--seed", "9", "--temperature", "1")) == 2
    error = capsys.readouterr().err
    assert "out/completions.jsonl" in error and len(lines()) == 6


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--prompt", "clever"], "there is no prompt strategy 'clever'"),
        (["--device", "cuda"], "cuda"),
        (["--samples", "0"], "--samples is 0"),
        (["--json", "nowhere/x.json"], "no file can be written there"),
        (["--chat", "--prompt", "mbpp-assertions"], "shows"),
    ],
)
def test_bad_input_is_refused_in_a_paragraph(
    checkpoint: str, capsys: pytest.CaptureFixture[str], more: list[str], says: str
) -> None:
    assert main(command(checkpoint, *more)) == 2
    error = capsys.readouterr().err
    assert says in error
    assert not Path("out/completions.jsonl").exists()


def test_auto_takes_the_prompt_that_the_evidence_favours_and_says_why(
    checkpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for prompt, seed in (("cgo", "1"), ("standard", "2")):
        words = command(
            checkpoint, "--prompt", prompt, "--seed", seed, "--temperature", "1", "--evidence", "falsify/evidence"
        )
        assert (
            main(
                [word if word != "out" else f"out-{prompt}" for word in words] + (["--chat"] if prompt == "cgo" else [])
            )
            == 0
        )
    capsys.readouterr()
    assert main(command(checkpoint, "--prompt", "auto", "--plan")) == 0
    said = capsys.readouterr().out
    assert "compared with Tiny on plain" in said and "Optimistic" in said
    assert not Path("out/completions.jsonl").exists()
