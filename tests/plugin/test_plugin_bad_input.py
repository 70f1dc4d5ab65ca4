"""Bad input of every kind: each gets a message, no traceback reaches a user, and nothing is half written."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from foreign import run_pytest

Write = Callable[[dict[str, str]], Path]

GOOD = """
title: Good
version: 1.0.0
subjects: {f: "mine:f"}
inputs: {n: {integer: [0, 10]}}
obligations:
  - {id: GOOD, type: holds, claim: It is itself., check: f(n) == n}
"""

MODULE = """
from os import system
from shutil import rmtree as remove
import os

def f(x): return x
def wrong(): return 1
TABLE = [1]

class Hidden:
    def __call__(self, x): return x
"""


def subject(reference: str, check: str = "g(n) == n") -> str:
    return f"""
title: t
version: 1.0.0
subjects: {{g: "{reference}"}}
inputs: {{n: {{integer: [0, 10]}}}}
obligations:
  - {{id: X, type: holds, claim: c., check: "{check}"}}
"""


BROKEN = {
    "malformed": ("title: [unclosed\n", "broken.apr.yaml:"),
    "unknown key": (GOOD.replace("inputs:", "input:"), "Did you mean 'inputs'?"),
    "wrong type": (GOOD.replace("version: 1.0.0", "version: 1"), "version"),
    "unknown obligation type": (GOOD.replace("holds", "hold"), "Did you mean 'holds'?"),
    "duplicate id": (GOOD + "  - {id: GOOD, type: holds, claim: Again., check: f(n) == n}\n", "'GOOD' is taken"),
    "duplicate key": (GOOD + "title: again\n", "title"),
    "aliases": ("a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(8)), "broken.apr.yaml:"),
    "python tag": ("title: !!python/object/apply:os.system [echo]\n", "broken.apr.yaml:1"),
    "attribute": (GOOD.replace("f(n) == n", "f(n).__class__ == n"), "attribute"),
    "exhausting": (GOOD.replace("f(n) == n", "f(n) == 10 ** 10 ** 10"), ""),
    "not utf-8": ("title: caf\udce9\n", "UTF-8"),
    "empty": ("", "broken.apr.yaml:1:1"),
    "deep": ("title: " + "[" * 5000 + "\n", "broken.apr.yaml:"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_contract_is_one_red_item_with_its_place(project: Write, kind: str) -> None:
    text, shown = BROKEN[kind]
    folder = project({"mine.py": MODULE, "contracts/good.apr.yaml": GOOD})
    (folder / "contracts/broken.apr.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    done = run_pytest(folder)
    assert done.returncode == 1, done.stdout
    assert "1 passed, 1 error" in done.stdout
    assert shown in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_huge_file_is_refused_before_it_is_read(project: Write) -> None:
    folder = project({"mine.py": MODULE, "contracts/good.apr.yaml": GOOD})
    with (folder / "contracts/huge.apr.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    started = time.monotonic()
    done = run_pytest(folder)
    assert "1 passed, 1 error" in done.stdout
    assert "104,857,600 bytes" in done.stdout
    assert time.monotonic() - started < 60


SUBJECTS = {
    "missing module": ("nowhere.module:f", "ERROR", "may not call"),
    "missing in own package": ("mine:ff", "ERROR", "Did you mean 'f'?"),
    "not a function": ("mine:TABLE", "ERROR", "is list, not a function"),
    "standard library": ("os:system", "ERROR", "may not call"),
    "through an allowed module": ("mine:system", "ERROR", "was defined in 'posix'"),
    "renamed through an allowed module": ("mine:remove", "ERROR", "was defined in 'shutil'"),
    "through a module attribute": ("mine:os.system", "ERROR", "may not call"),
    "dunder": ("mine:f.__globals__", "ERROR", "has no '__globals__'"),
    "wrong arity": ("mine:wrong", "ERROR", "arguments that it does not take"),
    "raising on import": ("bomb:f", "ERROR", "ZeroDivisionError"),
    "exiting on import": ("leaver:f", "ERROR", "SystemExit"),
    "foreign package": ("numpy:sum", "ERROR", '[tool.apr] subjects = ["package"]'),
    "private half of apr-core": ("apr_core.files:write_atomic", "ERROR", "may not call"),
    "public half of apr-core": ("apr_core.statistics:holm", "FALSIFIED", ""),
}


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_subject_that_must_not_or_cannot_be_called(project: Write, kind: str) -> None:
    reference, verdict, shown = SUBJECTS[kind]
    files = {"mine.py": MODULE, "bomb.py": "1 / 0\n", "leaver.py": "raise SystemExit(0)\n"}
    folder = project({**files, "contracts/s.apr.yaml": subject(reference)})
    done = run_pytest(folder, "--apr-report", "out")
    assert done.returncode == 1
    claim = json.loads((folder / "out/report.json").read_text())["claims"][0]
    assert claim["verdict"] == verdict
    assert shown in " ".join(claim["reason"].split()), claim["reason"]
    assert "Traceback" not in done.stdout + done.stderr


def test_a_folder_named_like_an_installed_package_does_not_open_it(project: Write) -> None:
    folder = project({"yaml/zz.py": "x = 1\n", "contracts/s.apr.yaml": subject("yaml:unsafe_load", "g(str(n)) == n")})
    done = run_pytest(folder)
    assert "1 error" in done.stdout
    assert "installed package of that name" in " ".join(done.stdout.split())


def test_a_foreign_package_is_callable_once_it_is_allowed(project: Write) -> None:
    toml = '[project]\nname = "foreign"\nversion = "1"\n[tool.pytest.ini_options]\n[tool.apr]\nsubjects = ["json"]\n'
    folder = project({"pyproject.toml": toml, "contracts/s.apr.yaml": subject("json:dumps", "len(g(n)) > 0")})
    assert "1 passed" in run_pytest(folder).stdout


def test_a_command_runs_only_when_it_is_allowed(project: Write) -> None:
    text = subject("x:y", "g(n)['exit'] == 0").replace('"x:y"', "{command: [echo, hello]}")
    folder = project({"contracts/s.apr.yaml": text})
    assert "may not run" in " ".join(run_pytest(folder).stdout.split())
    toml = '[project]\nname = "foreign"\nversion = "1"\n[tool.pytest.ini_options]\n[tool.apr]\ncommands = ["echo"]\n'
    (folder / "pyproject.toml").write_text(toml)
    assert "1 passed" in run_pytest(folder).stdout


def test_a_misspelt_permission_is_refused(project: Write) -> None:
    toml = '[project]\nname = "foreign"\nversion = "1"\n[tool.pytest.ini_options]\n[tool.apr]\nsubject = ["json"]\n'
    folder = project({"pyproject.toml": toml, "mine.py": MODULE, "contracts/good.apr.yaml": GOOD})
    done = run_pytest(folder)
    assert "Did you mean 'subjects'?" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr


SLOW = """
import signal

def f(x):
    if x == 0:
        with open("started", "w") as pipe:
            pipe.write("x")
        signal.pause()
    return x
"""


def test_ctrl_c_in_the_middle_leaves_no_half_written_report(project: Write) -> None:
    folder = project(
        {"mine.py": SLOW, "contracts/a.apr.yaml": GOOD.replace("[0, 10]", "[1, 10]"), "contracts/b.apr.yaml": GOOD}
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--apr-report", "out"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    os.mkfifo(folder / "started")
    pipe = os.open(folder / "started", os.O_RDONLY | os.O_NONBLOCK)
    running = subprocess.Popen(
        command, cwd=folder, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        readable, _, _ = select.select([pipe], [], [], 60)
        assert readable, "the subject was never called"
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=60)
    finally:
        running.kill()
        os.close(pipe)
    assert running.returncode == pytest.ExitCode.INTERRUPTED, output
    report = json.loads((folder / "out/report.json").read_text())
    assert [claim["id"] for claim in report["claims"]] == ["a::GOOD"]
    assert [path.name for path in (folder / "out").iterdir() if path.name.startswith((".", "tmp"))] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_the_counterexamples_does_not_change_the_verdict(project: Write) -> None:
    folder = project(
        {"mine.py": MODULE.replace("def f(x): return x", "def f(x): return 0"), "contracts/good.apr.yaml": GOOD}
    )
    (folder / ".apr").write_text("a file where the folder should be\n")
    done = run_pytest(folder)
    assert "1 failed" in done.stdout
    assert "n = 1" in done.stdout


EVIDENCE = """
title: e
version: 1.0.0
evidence: {run: {model: M}}
obligations:
  - {id: E, type: threshold, claim: c., metric: pass@1, of: run, at_least: 0.5, decide: score}
"""

RECORDS = {
    "truncated": '{"id": "x", "schema": "apr.evidence/1", "subject": {"mod',
    "not a number": '{"schema": "apr.evidence/1", "outcome": {"kind": "scalar", "value": NaN, "unit": "s"}}',
    "missing fields": '{"id": "x", "schema": "apr.evidence/1"}',
    "not an object": "[]",
}


@pytest.mark.parametrize("kind", RECORDS)
def test_broken_evidence_is_an_error_with_its_file(project: Write, kind: str) -> None:
    folder = project({"contracts/e.apr.yaml": EVIDENCE, "falsify/evidence/broken.json": RECORDS[kind]})
    done = run_pytest(folder)
    assert "1 error" in done.stdout
    assert "broken.json" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("- claim: good::GOOD\n", "refuted.yaml:1"),
        ("refuted:\n  - {claim: good::GOOD, since: '2026-01-01', note: x}\n" * 2, "refuted.yaml:3"),
        ("refuted:\n  - {claim: good, since: '2026-01-01', note: x}\n", "refuted.yaml:2"),
        (
            "refuted: [{claim: 'good::GOOD', since: a, note: b}, {claim: 'good::GOOD', since: a, note: b}]\n",
            "listed twice",
        ),
    ],
)
def test_a_broken_list_of_refuted_claims_is_an_error_with_its_place(project: Write, text: str, shown: str) -> None:
    folder = project({"mine.py": MODULE, "contracts/good.apr.yaml": GOOD, "falsify/refuted.yaml": text})
    done = run_pytest(folder, "--apr-report", "out")
    assert "1 error" in done.stdout
    assert shown in json.loads((folder / "out/report.json").read_text())["claims"][0]["reason"]
    assert "Traceback" not in done.stdout + done.stderr


def test_an_unknown_scale_names_those_there_are(project: Write) -> None:
    text = EVIDENCE.replace("{model: M}", "{role: student}")
    folder = project(
        {"contracts/e.apr.yaml": text, "contracts/scales/lab.yaml": "title: Lab\nroles: {student: tiny}\n"}
    )
    done = run_pytest(folder, "--apr-scale", "lap")
    assert "Did you mean 'lab'?" in " ".join(done.stdout.split())
    done = run_pytest(folder, "--apr-scale", "lab")
    assert "0 have model 'tiny'" in " ".join(done.stdout.split())
