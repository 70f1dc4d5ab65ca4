"""What a program can and cannot do, with every layer that this machine has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_programs import (
    ALL,
    HONEST,
    LIMITS,
    NAMESPACES,
    RECORD,
    UNREACHABLE,
    VIOLATION,
    Try,
    as_said,
    expecting,
    program,
    summary,
)

import apr_core
from apr_core.evaluation.sandbox import LEVELS, Limits, Sandbox

NOBODY = 65534


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=LIMITS) as opened:
        yield opened


def needs(sandbox: Sandbox, name: str) -> None:
    """Skip what this machine's layers do not promise, with the reason that it gives."""
    level = "full" if name in NAMESPACES else "confined"
    if not LEVELS[level] <= set(sandbox.isolation.layers):
        pytest.skip(f"needs the level {level}: {dict(sandbox.isolation.missing)}")


@pytest.mark.parametrize("name", ALL)
def test_a_program_can_do_what_is_honest_and_nothing_else(sandbox: Sandbox, name: str) -> None:
    needs(sandbox, name)
    found = summary(sandbox.execute(program(ALL[name]), RECORD))
    assert as_said(ALL[name], found), found


def test_after_all_that_honest_programs_pass_as_before(sandbox: Sandbox) -> None:
    hostile = [one for one in ALL.values() if one.outcome == VIOLATION]
    for one in hostile:
        sandbox.execute(program(one), RECORD)
    for _ in range(10):
        assert sandbox.execute("def f():\n    return 1\n", expecting(1)).passed
    assert sandbox.retries == 0


def test_nothing_of_a_program_is_there_for_the_next(sandbox: Sandbox) -> None:
    leave = Try(
        "open('left', 'w').write('x')\nimport builtins, os\nbuiltins.left = 1\nos.environ['LEFT'] = '1'", "passed"
    )
    look = Try(
        "import builtins, os\nreturn [os.listdir('.'), hasattr(builtins, 'left'), 'LEFT' in os.environ]", "passed"
    )
    assert sandbox.execute(program(leave), RECORD).passed
    assert summary(sandbox.execute(program(look), RECORD))[1] == [[], False, False]


def test_sleeping_is_ended_by_the_clock_on_the_wall(sandbox: Sandbox) -> None:
    limits = Limits(cpu_seconds=30.0, wall_seconds=0.5)
    found = sandbox.execute("def f():\n    import time\n    time.sleep(60)\n", RECORD, limits)
    assert summary(found)[0] == "timeout"
    assert "it did not end within" in found.groups[0].detail
    assert found.cpu_seconds < 1
    assert 0.5 <= found.wall_seconds < 30


def test_the_limit_on_processor_time_is_finer_than_a_second(sandbox: Sandbox) -> None:
    limits = Limits(cpu_seconds=0.2, wall_seconds=60.0)
    found = sandbox.execute("def f():\n    while True: pass\n", RECORD, limits)
    assert summary(found)[0] == "timeout"
    assert 0.2 <= found.cpu_seconds < 0.9


def test_groups_decided_before_the_end_keep_their_result(sandbox: Sandbox) -> None:
    spec = expecting(1)
    spec["groups"].append(dict(spec["groups"][0], name="plus"))
    first_only = "calls = []\ndef f():\n    calls.append(0)\n    while len(calls) > 1: pass\n    return 1\n"
    found = sandbox.execute(first_only, spec)
    assert [(group.name, group.outcome) for group in found.groups] == [("base", "passed"), ("plus", "timeout")]
    assert not found.passed
    assert found.outcome == "timeout"


def test_a_program_that_root_runs_is_in_no_group_of_roots(sandbox: Sandbox) -> None:
    if os.geteuid() != 0 or "identity" not in sandbox.isolation.layers:
        pytest.skip("an ordinary user keeps its groups, and may not leave them")
    groups = program(Try("import os\nreturn os.getgroups()", "passed"))
    assert summary(sandbox.execute(groups, RECORD))[:2] == ["passed", []]


def test_output_is_counted_to_the_end(sandbox: Sandbox) -> None:
    prints = program(Try("print('x' * 4999, flush=True)\nreturn 1", "passed", 1))
    for allowed, outcome in ((5000, "passed"), (4999, "output-flood")):
        found = [summary(sandbox.execute(prints, RECORD, Limits(output_bytes=allowed)))[0] for _ in range(10)]
        assert set(found) == {outcome}


def test_processes_can_be_allowed(sandbox: Sandbox) -> None:
    fork = Try(
        "import os\nchild = os.fork()\nif not child: os._exit(3)\nreturn os.waitpid(child, 0)[1] >> 8", "passed", 3
    )
    assert summary(sandbox.execute(program(fork), RECORD, Limits(processes=2)))[:2] == ["passed", 3]


def test_more_processes_than_allowed_are_refused(sandbox: Sandbox) -> None:
    if "user" not in sandbox.isolation.layers:
        pytest.skip("without a user namespace other processes of this user count as well")
    bomb = "def f():\n    import os, time\n    for _ in range(50):\n        if not os.fork(): time.sleep(60)\n"
    found = summary(sandbox.execute(bomb, RECORD, Limits(processes=2, threads=0)))
    assert found[0] == "exception"
    assert "BlockingIOError" in found[2]


def test_what_a_program_used_is_measured(sandbox: Sandbox) -> None:
    busy = "def f():\n    found = bytearray(2**26)\n    for n in range(0, 2**26, 4096): found[n] = 1\n    return len(found)\n"
    found = sandbox.execute(busy, RECORD)
    assert found.passed
    assert 2**26 < found.peak_bytes < 2**28
    assert 0 < found.cpu_seconds <= LIMITS.cpu_seconds
    assert found.attempts == 1


def interpreter_for_everybody() -> str | None:
    """A Python that an ordinary user may run, if there is one."""
    for candidate in (
        getattr(sys, "_base_executable", sys.executable),
        shutil.which("python3", path="/usr/bin:/usr/local/bin"),
    ):
        if candidate is None:
            continue
        ask = [candidate, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            if subprocess.run(ask, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", check=False).returncode == 0:
                return candidate
        except PermissionError:
            continue
    return None


@pytest.fixture
def copy_for_everybody() -> Iterator[Path]:
    """A folder that everybody may read, with the package and the programs."""
    folder = Path(tempfile.mkdtemp(prefix="apr-everybody-"))
    folder.chmod(0o755)
    assert apr_core.__file__ is not None
    source = Path(apr_core.__file__).parent
    for path in [source / "__init__.py", source / "errors.py", *(source / "evaluation").rglob("*.py")]:
        target = folder / "apr_core" / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    shutil.copyfile(Path(__file__).with_name("sandbox_programs.py"), folder / "sandbox_programs.py")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test here runs as an ordinary user already")
def test_the_same_holds_for_an_ordinary_user(copy_for_everybody: Path) -> None:
    python = interpreter_for_everybody()
    if python is None:
        pytest.skip("no Python of at least 3.11 that an ordinary user may run")
    done = subprocess.run(
        [python, "-B", "sandbox_programs.py"], cwd=copy_for_everybody, user=NOBODY, group=NOBODY, extra_groups=[],
        env={"PYTHONPATH": str(copy_for_everybody)}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    promised = {name for level, names in ((("full"), NAMESPACES), ("confined", set(ALL) - set(NAMESPACES)))
                if list(LEVELS).index(found["level"]) >= list(LEVELS).index(level) for name in names}  # fmt: skip
    if not promised:
        pytest.skip(f"an ordinary user gets the level {found['level']} here: {found['missing']}")
    wrong = {name: found["programs"][name] for name in promised if not as_said(ALL[name], found["programs"][name])}
    assert not wrong
    assert set(HONEST) | set(UNREACHABLE) <= promised
