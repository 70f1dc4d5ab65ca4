"""Harnesses as people write them, each with the weakness that a family of forging programs lives on.

They are here to be fooled: a hostile program that passes in none of them would show nothing about the sandbox. The one thing a
reader would get wrong: these run programs without any protection, so only programs that do no harm may be given to them.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from apr_core.evaluation.battery.tasks import TASKS, Task, problem
from apr_core.evaluation.problem import Assertions, UnitTests

SECONDS = 60

IN_PROCESS = """
import json, os, sys

with open(sys.argv[1]) as file:
    job = json.load(file)
program, CASES, name, near = job["program"], job["cases"], job["name"], job["near"]
os.remove(sys.argv[1])


def equal(result, expected):
    if near:
        import math

        return not abs(result - expected) > 1e-6 or math.isclose(result, expected)
    import operator

    return isinstance(expected, (int, str, list, dict)) and operator.eq(result, expected)


def run(function):
    for arguments, expected in CASES:
        if not equal(function(*arguments), expected):
            return False
    return True


namespace = {"__name__": "candidate"}
try:
    exec(program, namespace)
    passed = bool(run(namespace[name]))
except Exception:
    passed = False
os.write(3, json.dumps({"passed": passed}).encode() + b"\\n")
"""

PICKLE = """
import os, pickle, sys

with open(sys.argv[1]) as file:
    import json

    job = json.load(file)
namespace = {"__name__": "__main__"}
exec(job["program"], namespace)
results = [namespace[job["name"]](*arguments) for arguments, _ in job["cases"]]
os.write(3, pickle.dumps(results))
"""

UNITTEST = """
import os, sys, unittest

with open(sys.argv[1]) as file:
    import json

    job = json.load(file)
namespace = {"__name__": "candidate"}
exec(job["program"], namespace)
exec(job["tests"], namespace)
result = unittest.TestResult()
unittest.defaultTestLoader.loadTestsFromTestCase(namespace["TestCases"]).run(result)
os.write(3, json.dumps({"passed": result.wasSuccessful()}).encode() + b"\\n")
"""


def _limited() -> None:
    """In the child: little memory, no new processes to speak of, no large files."""
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(folder: Path, script: str, job: object | None = None) -> tuple[int, bytes, bytes]:
    """Exit status, what was printed, and what was written to descriptor 3."""
    (folder / "script.py").write_text(script, encoding="utf-8")
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    read, write = os.pipe()
    line = [sys.executable, "-I", str(folder / "script.py"), str(folder / "job.json")]

    def prepare() -> None:
        os.dup2(write, 3, inheritable=True)
        _limited()

    process = subprocess.Popen(
        line, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=prepare,
        close_fds=False,
    )  # fmt: skip
    os.close(write)
    with process, os.fdopen(read, "rb") as pipe:
        printed, _ = process.communicate(timeout=SECONDS)
        return process.returncode, printed, pipe.read()


def _job(task: Task, program: str) -> dict[str, object]:
    return {"program": program, "cases": task.cases, "name": task.name, "near": task.near}


def exit_code(folder: Path, task: str, program: str) -> bool:
    """The program with the assertions behind it; passed when its status is 0."""
    tests = problem(task, "assertions").tests["base"]
    assert isinstance(tests, Assertions)
    return _run(folder, program + "\n" + "\n".join(tests.statements) + "\n")[0] == 0


def in_process(folder: Path, task: str, program: str) -> bool:
    """`exec`, then comparing in the same interpreter; the verdict comes over a pipe."""
    said = _run(folder, IN_PROCESS, _job(TASKS[task], program))[2]
    return _says_passed(said)


def stdout(folder: Path, task: str, program: str) -> bool:
    """Passed when the output says so."""
    call = f"\nprint('FAILED' if {task}(*{TASKS[task].cases[0][0]!r}) != {TASKS[task].cases[0][1]!r} else 'PASSED')\n"
    return b"PASSED" in _run(folder, program + call)[1]


def pipe(folder: Path, task: str, program: str) -> bool:
    """As `in_process`; here the point is that the program finds the pipe."""
    return in_process(folder, task, program)


def pickled(folder: Path, task: str, program: str) -> bool:
    """Results come back as a pickle, and are compared on this side."""
    said = _run(folder, PICKLE, _job(TASKS[task], program))[2]
    try:
        results = pickle.loads(said)
        return all(one == case[1] for one, case in zip(results, TASKS[task].cases, strict=True))
    except Exception:
        return False


def unit_tests(folder: Path, task: str, program: str) -> bool:
    """`unittest` in the program's own interpreter; passed when the run was successful."""
    tests = problem(task, "unittest").tests["base"]
    assert isinstance(tests, UnitTests)
    job = {"program": program, "tests": tests.source}
    return _says_passed(_run(folder, UNITTEST, job)[2])


def _says_passed(said: bytes) -> bool:
    try:
        return bool(json.loads(said.splitlines()[0])["passed"])
    except (IndexError, ValueError, KeyError, TypeError):
        return False


HARNESSES: dict[str, Callable[[Path, str, str], bool]] = {
    "exit-code": exit_code,
    "in-process": in_process,
    "stdout": stdout,
    "pipe": pipe,
    "pickle": pickled,
    "unittest": unit_tests,
}
