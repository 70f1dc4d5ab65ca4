"""The attacks are real: where nothing holds them, forging programs pass and escapes reach what they are after.

The one thing a reader would get wrong: only programs that say they do no harm are run here, and each in a process of its own with
little memory. What is shown is that the battery would notice a sandbox that does not hold.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from naive import HARNESSES

from apr_core.evaluation.battery.canaries import Canaries
from apr_core.evaluation.battery.header import hostile_programs
from apr_core.evaluation.battery.tasks import TASKS

PROGRAMS = hostile_programs()
FORGING = [(one.id, harness) for one in PROGRAMS.values() for harness in one.fools]
ESCAPES = [
    (one.id, part)
    for one in PROGRAMS.values()
    for part in one.parts
    if one.naked and (one.id, part) not in {("change_outside", "link"), ("change_outside", "rename")}
]

HOST_MAY_REFUSE = {
    "handles_opened": "opening by handle needs a capability that only root has",
    "write_into_python": "the interpreter's folders may not be writable",
    "left_in_shared_memory": "some machines have no System V memory",
    "traced": "a machine may forbid to trace what is no child",
    "descriptors_stolen": "a machine may forbid to trace what is no child",
    "parent_read": "a machine may forbid to look into other processes",
}
"""Attempts that a machine itself may hold, and why."""


@pytest.mark.parametrize("harness", HARNESSES)
@pytest.mark.parametrize("task", TASKS)
def test_a_naive_harness_passes_the_honest_program_and_fails_a_wrong_one(
    harness: str, task: str, tmp_path: Path
) -> None:
    assert HARNESSES[harness](tmp_path, task, TASKS[task].honest)
    assert not HARNESSES[harness](tmp_path, task, f"def {task}(*arguments):\n    return None\n")


@pytest.mark.parametrize(("name", "harness"), FORGING, ids=[f"{name}-{harness}" for name, harness in FORGING])
def test_a_forging_program_passes_where_nothing_holds_it(name: str, harness: str, tmp_path: Path) -> None:
    assert HARNESSES[harness](tmp_path, PROGRAMS[name].task, PROGRAMS[name].text)


@pytest.fixture(scope="module")
def canaries():
    made = Canaries()
    yield made
    made.close()


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))


def reached(canaries: Canaries, name: str, part: str, folder: Path) -> list[str]:
    """What a program reached without any sandbox: what it says, and what the canaries show."""
    told = canaries.described(part)
    (folder / "program.py").write_text(
        f"import json\nCANARY = {told!r}\n{PROGRAMS[name].text}\nprint(json.dumps(add(1, 2)))\n", encoding="utf-8"
    )
    line = [sys.executable, "-I", str(folder / "program.py")]
    found = []
    for _ in range(2 if PROGRAMS[name].reach == "leftovers" else 1):
        done = subprocess.run(
            line, cwd=folder, capture_output=True, timeout=60, preexec_fn=limited, start_new_session=True, check=False
        )
        found += json.loads(done.stdout.splitlines()[-1]) if done.stdout else []
    return [*found, *canaries.touched()]


@pytest.mark.parametrize(("name", "part"), ESCAPES, ids=["/".join(filter(None, one)) for one in ESCAPES])
def test_an_escape_reaches_something_where_nothing_holds_it(
    canaries: Canaries, name: str, part: str, tmp_path: Path
) -> None:
    found = reached(canaries, name, part, tmp_path)
    if not found and name in HOST_MAY_REFUSE:
        pytest.skip(HOST_MAY_REFUSE[name])
    assert found


def test_canaries_that_nobody_touches_stay_silent(canaries: Canaries) -> None:
    canaries.touched()
    assert canaries.touched() == []


def test_canaries_leave_nothing_behind() -> None:
    made = Canaries()
    folder, bystander = made.folder, made.bystander
    made.close()
    assert not folder.exists()
    assert bystander.poll() is not None
    assert not [name for name in os.environ if made.token.upper() in name]
