"""The parent's side: many executions at once, zygotes that die, parents that die, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sandbox_programs import RECORD, expecting, program
from sandbox_programs import Try as Attempt

from apr_core.errors import AprError
from apr_core.evaluation.sandbox import Limits, Sandbox

GOOD = "def f():\n    return 1\n"
SLEEPER = program(Attempt("import time\ntime.sleep(600)", "timeout"))
PATIENT = Limits(cpu_seconds=10.0, wall_seconds=300.0)


def alive(process: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def descendants(process: int) -> list[int]:
    """Processes that a process has started, and those that these have."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += map(int, task.read_text(encoding="ascii").split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return [one for child in found for one in (child, *descendants(child))]


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Look again and again; AssertionError when it has not become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.01)


def descriptors(process: int | str = "self") -> int:
    """How many a process has open; 0 where that may not be seen, as of a zygote by an ordinary user."""
    try:
        return len(list(Path(f"/proc/{process}/fd").iterdir()))
    except PermissionError:
        return 0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=2) as opened:
        yield opened


def test_many_threads_share_the_workers_and_get_their_own_answers(sandbox: Sandbox) -> None:
    def double(number: int) -> bool:
        return sandbox.execute(f"def f():\n    return {2 * number}\n", expecting(2 * number)).passed

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(double, range(60)))
    assert sandbox.retries == 0


def test_no_more_run_at_once_than_there_are_workers(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(6) as pool:
        jobs = [
            pool.submit(sandbox.execute, SLEEPER, RECORD, Limits(cpu_seconds=9, wall_seconds=0.4)) for _ in range(6)
        ]
        start = time.monotonic()
        assert {job.result().outcome for job in jobs} == {"timeout"}
    assert time.monotonic() - start > 3 * 0.4 - 0.2


def held() -> list[int]:
    """Processes that this one has started, threads, and descriptors of all of them."""
    started = descendants(os.getpid())
    return [len(started), threading.active_count(), descriptors(), *sorted(map(descriptors, started))]


def test_executions_leave_neither_processes_nor_descriptors_nor_threads(sandbox: Sandbox) -> None:
    hostile = program(Attempt("import os\nos.fork()", ""))
    before: list[int] = []
    for number in range(60):
        assert sandbox.execute(GOOD, expecting(1)).passed
        sandbox.execute(hostile, RECORD)
        if number == 10:
            before = held()
    assert held() == before


def test_closing_ends_every_process_and_descriptor_and_removes_every_folder() -> None:
    before, open_before = set(descendants(os.getpid())), descriptors()
    with Sandbox(workers=2, without=["mount"]) as opened:
        assert opened.execute(GOOD, expecting(1)).passed
        started = set(descendants(os.getpid())) - before
        folders = [line.folder for line in opened._lines if line.folder is not None]
        assert len(started) >= 2
        assert len(folders) == 2
        assert all(folder.is_dir() for folder in folders)
    wait_until(lambda: not any(map(alive, started)))
    assert descriptors() == open_before
    assert not any(folder.exists() for folder in folders)
    opened.close()  # a second time, to no effect


def test_a_closed_sandbox_says_so(sandbox: Sandbox) -> None:
    sandbox.close()
    with pytest.raises(AprError, match="has been closed"):
        sandbox.execute(GOOD, expecting(1))


def test_closing_ends_executions_that_are_under_way() -> None:
    opened = Sandbox()
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(opened.execute, SLEEPER, RECORD, PATIENT) for _ in range(2)
        ]  # one runs, one waits for the worker
        wait_until(lambda: opened._idle.empty())
        opened.close()
        for job in jobs:
            with pytest.raises(AprError, match="has been closed"):
                job.result(timeout=60)


def test_a_zygote_that_died_is_replaced_and_its_job_tried_again() -> None:
    with Sandbox() as opened:
        (line,) = opened._lines
        assert line.process is not None
        line.process.kill()
        line.process.wait()
        found = opened.execute(GOOD, expecting(1))
        assert found.passed
        assert (found.attempts, opened.retries) == (2, 1)
        assert opened.execute(GOOD, expecting(1)).attempts == 1


def test_what_breaks_twice_is_an_infrastructure_error_and_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as opened:
        for line in opened._lines:
            monkeypatch.setattr(type(line), "_start", _does_not_start)
            line.close()
        found = opened.execute(GOOD, expecting(1))
    assert (found.outcome, found.attempts, opened.retries) == ("infrastructure-error", 2, 1)
    assert found.groups[0].detail == "no more processes"
    assert not found.passed


def _does_not_start(self: object) -> None:
    raise AprError("no more processes")


PARENT = """
import sys, threading, time
from apr_core.evaluation.sandbox import Sandbox, Limits
import sandbox_programs
sandbox = Sandbox(workers=2, without=sys.argv[1:])
spec = sandbox_programs.RECORD
sleep = "def f():\\n    import time\\n    open('left', 'w').close()\\n    time.sleep(600)\\n"
limits = Limits(cpu_seconds=10, wall_seconds=300)
threading.Thread(target=sandbox.execute, args=(sleep, spec, limits), daemon=True).start()
while not sandbox._idle.qsize() == 1: time.sleep(0.01)
print("running", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("without", [[], ["user", "seccomp"], ["mount"]], ids=["full", "no namespaces", "no mount"])
def test_when_the_parent_is_killed_everything_ends(
    without: list[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *without], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)},
        cwd=Path(__file__).parent,
    )  # fmt: skip
    tmp_path.chmod(0o755)
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == b"running\n"
        wait_until(lambda: len(descendants(parent.pid)) >= 4)  # two zygotes at least, a checker and a program
        started = descendants(parent.pid)
        if "full" not in request.node.callspec.id:
            wait_until(lambda: any(tmp_path.rglob("left")))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not any(map(alive, started)))
    wait_until(lambda: not list(tmp_path.iterdir()))


def test_a_sandbox_that_a_fork_inherits_is_not_closed_by_it() -> None:
    with Sandbox(without=["mount"]) as opened:  # with a folder that closing would remove
        child = os.fork()
        if child == 0:
            try:
                opened.close()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert opened.execute(GOOD, expecting(1)).passed
        assert opened.retries == 0


def test_at_least_one_worker_is_needed() -> None:
    with pytest.raises(AprError, match="0 workers"):
        Sandbox(workers=0)


@pytest.mark.parametrize("wrong", [{"cpu_seconds": 0}, {"memory_bytes": -1}, {"wall_seconds": float("inf")}])
def test_a_limit_that_limits_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)


def test_a_program_that_works_has_more_time_on_the_clock_than_one_that_sleeps_unless_that_is_given() -> None:
    unset, given = Limits(cpu_seconds=2.0), Limits(cpu_seconds=2.0, wall_seconds=3.0)
    assert (unset.wall, unset.to_json()["wall_seconds"], unset.to_json()["wall_factor"]) == (45.0, 5.0, 20.0)
    assert (given.wall, given.to_json()["wall_seconds"], given.to_json()["wall_factor"]) == (3.0, 3.0, 0.0)
    half_a_second = "import time\nwhile time.process_time() < 0.3: pass\ntime.sleep(600)"
    with Sandbox() as opened:
        asleep = opened.execute(SLEEPER, RECORD)
        busy = opened.execute(program(Attempt(half_a_second, "")), RECORD)
    assert (asleep.outcome, busy.outcome) == ("timeout", "timeout")
    assert 5.0 <= asleep.wall_seconds < 5.0 + 20 * 0.3 <= busy.wall_seconds + 1


def test_preloaded_modules_are_there_at_once() -> None:
    loaded = "import sys\nSEEN = 'sqlite3' in sys.modules\ndef f():\n    return SEEN\n"
    with Sandbox(preload=["sqlite3"]) as opened:
        assert opened.execute(loaded, expecting(True)).passed
    with Sandbox() as opened:
        assert opened.execute(loaded, expecting(False)).passed
