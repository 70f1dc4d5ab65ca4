"""A project that is judged for real: every list of an attestation has a claim in it, and its tree is committed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from apr_core.evidence.ledger import Ledger
from apr_core.evidence.record import ProblemResult, ProblemsOutcome, Protocol, Record, Source, Subject
from foreign import run_pytest

MODULE = """
def double(x):
    return 2 * x
"""
NUMBERS = """
title: Doubling
version: 1.0.0
subjects: {double: numbers_of_ours:double}
inputs: {x: {integer: [-100, 100]}}
obligations:
  - {id: EVEN, type: holds, claim: It is even., check: "double(x) % 2 == 0"}
  - {id: SMALL, type: holds, claim: It is below 50., check: "double(x) < 50"}
  - {id: NEVER, type: holds, claim: It is odd., check: "double(x) % 2 == 1", expect: falsified}
"""
SCORES = """
title: Scores
version: 1.0.0
evidence:
  toy: {model: toy, benchmark: bench}
  other: {model: other, benchmark: bench}
obligations:
  - {id: HALF, type: threshold, claim: It scores half., metric: pass@1, of: toy, at_least: 0.5, decide: score}
  - {id: RATE, type: threshold, claim: Its rate is 70 %., metric: pass@1, of: toy, at_least: 0.7, decide: {alpha: 0.05}}
  - {id: BEST, type: threshold, claim: It scores 90 %., metric: pass@1, of: toy, at_least: 0.9, decide: score}
  - {id: OTHER, type: threshold, claim: The other scores half., metric: pass@1, of: other, at_least: 0.5, decide: score}
"""
REFUTED = """
refuted:
  - claim: scores::BEST
    since: 2026-01-01
    evidence: [bench-toy-undated]
    note: it never did
"""
OUTCOMES = {
    "passedTests": ["numbers::EVEN", "numbers::NEVER", "scores::HALF"],
    "warnedTests": ["scores::RATE", "scores::OTHER"],
    "failedTests": ["numbers::SMALL", "scores::BEST"],
}
"""What must come out, by list, in the order of a report."""


def judge(folder: Path) -> Path:
    """Writes the project into `folder`, commits it, judges it, and gives its report.json."""
    files = {
        "pyproject.toml": '[project]\nname = "foreign"\nversion = "1"\n\n[tool.pytest.ini_options]\n',
        ".gitignore": "__pycache__/\n.hypothesis/\n",
        "numbers_of_ours.py": MODULE,
        "contracts/numbers.apr.yaml": NUMBERS,
        "contracts/scores.apr.yaml": SCORES,
        "falsify/refuted.yaml": REFUTED,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    problems = tuple(ProblemResult(id=f"P/{i}", samples=1, passes=int(i < 75)) for i in range(100))
    record = Record(
        subject=Subject(model="toy"), protocol=Protocol(benchmark="bench"), source=Source(kind="measured"),
        outcome=ProblemsOutcome(problems=problems),
    )  # fmt: skip
    assert Ledger([folder / "falsify" / "evidence"]).append(record)
    commit(folder)
    done = run_pytest(folder, "falsify/", "--apr-report", "out", PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 1, done.stdout + done.stderr
    return folder / "out" / "report.json"


def git(folder: Path, *words: str) -> str:
    """What a git command in `folder` prints; whoever runs the tests leaves no trace in it."""
    who = {f"GIT_{role}_{what}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=os.environ | who | own, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path) -> str:
    """Commits everything in `folder`, in a repository that is made if need be, and gives the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all of it")
    return git(folder, "rev-parse", "HEAD")
