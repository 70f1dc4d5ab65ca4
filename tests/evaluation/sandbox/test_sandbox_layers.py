"""Which layers are active, what is missing and why, and what the rest holds when some are left out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sandbox_programs import ALL, LIMITS, RECORD, VIOLATION, Try, as_said, expecting, program, summary

from apr_core.errors import AprError
from apr_core.evaluation.sandbox import CLASSES, LAYERS, LEVELS, Isolation, Sandbox, landlock, probe
from apr_core.evaluation.sandbox.layers import NEEDS, level_of
from apr_core.evaluation.sandbox.server import refuse_less

NAMESPACES = frozenset(NEEDS) | {"user", "identity"}


def test_each_level_contains_the_one_before() -> None:
    needed = list(LEVELS.values())
    assert all(lower < higher for lower, higher in pairwise(needed))
    assert needed[-1] <= set(LAYERS)


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_lost_with_any_layer_that_it_needs(level: str) -> None:
    assert level_of(LEVELS[level]) == level
    for layer in LEVELS[level]:
        assert list(LEVELS).index(level_of(LEVELS[level] - {layer})) < list(LEVELS).index(level)


def test_every_layer_is_either_active_or_missing_with_a_reason() -> None:
    found = probe.isolation()
    assert set(found.layers) | set(found.missing) == set(LAYERS)
    assert not set(found.layers) & set(found.missing)
    assert all(found.missing.values())


def test_the_machine_is_tried_once() -> None:
    assert probe.isolation() is probe.isolation()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_that_is_left_out_takes_along_what_needs_it_and_nothing_else(layer: str) -> None:
    everything, found = probe.isolation(), probe.isolation(frozenset({layer}))
    gone = {layer} | {name for name, needs in NEEDS.items() if layer in needs}
    # Root may not become somebody who cannot read its library, unless a mount shows it.
    kept = set(everything.layers) - gone - {"identity"}
    assert kept <= set(found.layers)
    assert not gone & set(found.layers)
    assert found.missing[layer] == "switched off by the caller"


def test_an_unknown_layer_is_refused_with_the_nearest() -> None:
    with pytest.raises(AprError, match=r"no layer 'seccom'.*Did you mean 'seccomp'"):
        Sandbox(without=["seccom"])


def test_less_than_required_is_refused_with_what_is_missing_and_why() -> None:
    isolation = Isolation(
        ("limits", "privileges"), {"seccomp": "the kernel has none", "landlock": "it is switched off"}
    )
    with pytest.raises(AprError) as refused:
        refuse_less(isolation, "confined")
    text = str(refused.value)
    assert "landlock: it is switched off; seccomp: the kernel has none" in text
    assert "'confined' was asked for, and this machine offers 'limits'" in text
    assert "\n" not in text
    refuse_less(isolation, "limits")
    with pytest.raises(AprError, match="offers 'limits'"):
        Sandbox(require="full", without=["seccomp", "landlock"])


def test_an_unknown_level_is_refused_with_the_nearest() -> None:
    with pytest.raises(AprError, match=r"no isolation level 'confinde'.*Did you mean 'confined'"):
        Sandbox(require="confinde")


DEGRADED = {
    "a container that allows no namespaces": NAMESPACES,
    "a kernel without Landlock": frozenset({"landlock"}),
    "a kernel without seccomp": frozenset({"seccomp"}),
    "namespaces in which nothing may be mounted": frozenset({"mount"}),
    "namespaces alone": frozenset({"seccomp", "landlock"}),
    "limits alone": NAMESPACES | {"seccomp", "landlock"},
}


@pytest.fixture(scope="module", params=DEGRADED)
def degraded(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(limits=LIMITS, without=DEGRADED[request.param]) as opened:
        yield opened


OF_NO_LAYER = (
    "arithmetic", "a file of its own", "a temporary file", "the environment", "descriptors", "standard input",
    "a flood that ends well", "its process ended", "its process crashed", "its socket closed", "a file too large",
    "a list of ten billion",
)  # fmt: skip


def test_what_needs_no_kernel_feature_holds_everywhere(degraded: Sandbox) -> None:
    found = {name: summary(degraded.execute(program(ALL[name]), RECORD)) for name in OF_NO_LAYER}
    assert not {name: one for name, one in found.items() if not as_said(ALL[name], one)}


def test_files_stay_hidden_as_long_as_one_layer_hides_them(degraded: Sandbox) -> None:
    reads = Try("open('/etc/passwd').close()\nreturn 'read'", "passed", "read")
    found = summary(degraded.execute(program(reads), RECORD))
    if {"landlock", "mount"} & set(degraded.isolation.layers):
        assert found[0] == "exception"
    else:
        assert found[:2] == ["passed", "read"]


def test_processes_are_ended_for_trying_as_long_as_there_is_seccomp(degraded: Sandbox) -> None:
    found = summary(degraded.execute(program(ALL["fork"]), RECORD))
    assert (found[0] == VIOLATION) == ("seccomp" in degraded.isolation.layers)


def test_a_process_that_a_program_leaves_does_not_outlive_it(degraded: Sandbox) -> None:
    if "seccomp" in degraded.isolation.layers:
        pytest.skip("nothing is left where nothing can be started")
    late = (
        "import os, time\nread, write = os.pipe()\nif not os.fork():\n    os.setsid()\n    if os.fork(): os._exit(0)\n"
    )
    late += "    os.write(write, str(os.getpid()).encode())\n    time.sleep(60)\nreturn int(os.read(read, 20))"
    outcome, process, detail = summary(degraded.execute(program(Try(late, "passed")), RECORD))
    assert outcome == "passed", detail
    if (
        "pid" in degraded.isolation.layers
    ):  # its number means nothing here, and the namespace has ended with its first process
        assert process < 10
    else:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_files_that_a_program_leaves_are_removed(degraded: Sandbox) -> None:
    leave = "import os\nos.mkdir('a')\nopen('a/b', 'w').write('x')\nos.chmod('a', 0)\nos.symlink('/', 'c')"
    assert degraded.execute(program(Try(leave, "passed")), RECORD).passed
    assert summary(degraded.execute(program(Try("import os\nreturn os.listdir('.')", "passed")), RECORD))[1] == []


def test_folders_deeper_than_any_path_can_name_are_removed(degraded: Sandbox) -> None:
    deep = (
        "import os\nfor _ in range(100):\n    os.mkdir('a' * 100)\n    os.chdir('a' * 100)\n    open('b', 'w').close()"
    )
    assert degraded.execute(program(Try(deep, "passed")), RECORD).passed
    assert summary(degraded.execute(program(Try("import os\nreturn os.listdir('.')", "passed")), RECORD))[1] == []
    assert degraded.retries == 0


def test_all_files_together_have_a_limit(degraded: Sandbox) -> None:
    fill = Try("import time\nfor n in range(100): open(str(n), 'wb').write(bytes(2**20))\nwhile True: pass", "")
    found = summary(degraded.execute(program(fill), RECORD))
    if "mount" in degraded.isolation.layers:
        assert found[0] == "exception" and "No space left" in found[2]
    else:
        assert found[0] == "output-flood" and "in files" in found[2]


def test_honest_programs_pass_afterwards(degraded: Sandbox) -> None:
    for _ in range(5):
        assert degraded.execute("def f():\n    return 1\n", expecting(1)).passed
    assert degraded.retries == 0


def test_the_page_of_documentation_names_every_layer_level_and_class(request: pytest.FixtureRequest) -> None:
    page = (request.config.rootpath / "docs" / "sandbox.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE))
    assert named == {*LAYERS, *LEVELS, *CLASSES}


def test_limits_and_privileges_are_there_on_every_linux() -> None:
    assert {"limits", "privileges"} <= set(probe.isolation().layers)


def test_a_layer_that_the_kernel_offers_is_active() -> None:
    """Without this, a fault in a layer would look like a machine that lacks it, and the tests of its effects would be skipped."""
    active = set(probe.isolation().layers)
    if "Seccomp:" in Path("/proc/self/status").read_text(encoding="ascii"):
        assert "seccomp" in active
    try:
        offered = landlock.version() > 0
    except OSError:
        offered = False
    assert ("landlock" in active) == offered
    kinds = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts"]
    tool = shutil.which("unshare")
    if tool and subprocess.run([tool, *kinds, "mount", "-t", "tmpfs", "x", "/tmp"], check=False).returncode == 0:
        assert set(NEEDS) | {"user", "identity"} <= active


RESTRICTED = """
import ctypes, errno, json, os, sys
from apr_core.evaluation.sandbox import Sandbox, kernel, seccomp
from apr_core.evaluation.sandbox.syscalls import NUMBERS
import sandbox_programs
numbers = [NUMBERS[kernel.MACHINE][name] for name in sys.argv[1:]]
lines = [(0x20, 0, 0, 0)]
for number in numbers:
    lines += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | errno.EPERM)]
lines.append((0x06, 0, 0, 0x7FFF0000))
instructions = (seccomp._Instruction * len(lines))(*lines)
kernel.gain_nothing()
kernel.install_filter(seccomp._Program(len(lines), instructions))
with Sandbox(limits=sandbox_programs.LIMITS) as sandbox:
    passed = sandbox.execute("def f():\\n    return 1\\n", sandbox_programs.expecting(1)).passed
    fork = sandbox.execute("def f():\\n    import os\\n    os.fork()\\n", sandbox_programs.RECORD).outcome
    found = {"layers": sandbox.isolation.layers, "missing": dict(sandbox.isolation.missing), "passed": passed, "fork": fork}
print(json.dumps(found))
"""

REFUSED = {
    "unshare": {"user", "mount", "pid", "network", "ipc", "uts"},
    "mount": {"mount"},
    "mount_setattr": {"mount"},
    "setns": {"pid"},
    "landlock_create_ruleset": {"landlock"},
}


@pytest.mark.parametrize("call", REFUSED)
def test_what_the_machine_refuses_is_missing_for_that_reason_and_the_rest_holds(
    call: str, request: pytest.FixtureRequest
) -> None:
    """As a container's profile refuses it, or AppArmor in a user namespace that it let be made."""
    here = probe.isolation()
    if not {"seccomp", *REFUSED[call]} <= set(here.layers):
        pytest.skip(f"this machine lacks it anyway: {dict(here.missing)}")
    done = subprocess.run(
        [sys.executable, "-c", RESTRICTED, call], cwd=request.path.parent, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(here.layers) - set(found["layers"]) - {"identity"} == REFUSED[call]
    assert any("Operation not permitted" in found["missing"][layer] for layer in REFUSED[call])
    assert found["passed"]
    assert found["fork"] == VIOLATION


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has what is taken away here")
@pytest.mark.parametrize("dropped", ["-sys_admin", "-setuid,-setgid", "-all"])
def test_root_without_its_capabilities_is_confined_all_the_same(dropped: str, request: pytest.FixtureRequest) -> None:
    tool = shutil.which("setpriv")
    if tool is None or level_of(probe.isolation().layers) not in ("confined", "full"):
        pytest.skip("needs setpriv, and a machine that confines")
    look = "from apr_core.evaluation.sandbox import probe; print(probe.isolation().level)"
    command = [tool, f"--bounding-set={dropped}", "--inh-caps=-all", sys.executable, "-c", look]
    done = subprocess.run(command, cwd=request.path.parent, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() in ("confined", "full"), done.stderr
