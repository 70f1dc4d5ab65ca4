"""Programs that try things, and what must come of each; run by this user, by another, and with layers left out.

Every program defines `f()`, and says what it saw by what `f()` returns. Nothing here needs pytest: it is also run as a script, by
a user without rights, and then prints `{name: [outcome, returned, detail]}` as JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from apr_core.evaluation.problem import Calls, Problem
from apr_core.evaluation.sandbox import Execution, Limits, Sandbox, spec

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=20.0, memory_bytes=2**28)

RECORD = spec.make(
    Problem(task_id="t/0", prompt="", entry_point="f", reference="", tests={"base": Calls(inputs=((),))}), record=True
)
"""What one call of `f()` returns, compared with nothing."""


def expecting(*values: Any, entry_point: str = "f") -> dict[str, Any]:
    """A spec whose only group calls `f()` once per value and expects it."""
    tests = Calls(inputs=((),) * len(values), expected=values)
    return spec.make(Problem(task_id="t/0", prompt="", entry_point=entry_point, reference="", tests={"base": tests}))


@dataclass(frozen=True)
class Try:
    """A program and what must come of it."""

    body: str
    """Of `f()`, one statement a line."""
    outcome: str
    returned: Any = None
    detail: str = ""
    """What the detail contains."""
    before: str = ""
    """Above the function."""


def program(one: Try) -> str:
    """The whole program."""
    return one.before + "\ndef f():\n" + "".join(f"    {line}\n" for line in one.body.splitlines())


VIOLATION = "sandbox-violation"
SYSCALL = "import ctypes\nctypes.CDLL(None, use_errno=True).syscall({number}, 0, 0, 0, 0, 0)\nreturn 'went on'"

HONEST = {
    "arithmetic": Try("return 6 * 7", "passed", 42),
    "a file of its own": Try("open('a', 'w').write('text')\nreturn open('a').read()", "passed", "text"),
    "a temporary file": Try(
        "import tempfile\nwith tempfile.TemporaryFile() as file:\n    return file.write(b'xyz')", "passed", 3
    ),
    "an import that is not preloaded": Try("import sqlite3, xml.dom\nreturn sqlite3.threadsafety > 0", "passed", True),
    "threads": Try(
        "found = []\nthreads = [Thread(target=found.append, args=(n,)) for n in range(4)]\n[one.start() for one in threads]\n"
        "[one.join() for one in threads]\nreturn sorted(found)",
        "passed", [0, 1, 2, 3], before="from threading import Thread",
    ),
    "asyncio": Try("return asyncio.run(g())", "passed", 3, before="import asyncio\nasync def g():\n    return 3"),
    "an alarm of its own": Try(
        "import signal\nsignal.signal(signal.SIGALRM, lambda *_: 1 / 0)\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\n"
        "try:\n    signal.pause()\nexcept ZeroDivisionError:\n    return 'woken'",
        "passed", "woken",
    ),
    "sets in the same order every time": Try("return list({'a', 'b', 'c', 'd'})", "passed"),
}  # fmt: skip

EXHAUSTION = {
    "an endless loop": Try("while True: pass", "timeout", detail="processor time"),
    "a loop that ignores signals": Try(
        "import signal\nfor one in set(signal.Signals) - {9, 19}: signal.signal(one, signal.SIG_IGN)\nwhile True: pass",
        "timeout", detail="processor time",
    ),
    "a list of ten billion": Try("return len([0] * 10**10)", "memory"),
    "memory, a little at a time": Try("found = []\nwhile True: found.append(bytes(2**25))", "memory"),
    "a file too large": Try("open('a', 'wb').write(bytes(2**26))", "exception", detail="OSError"),
    "too many descriptors": Try("found = []\nwhile True: found.append(open('/dev/null'))", "exception", detail="OSError"),
    "too many threads": Try(
        "for _ in range(1000): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "exception", detail="RuntimeError", before="import threading, time\nthreading.stack_size(32768)",
    ),
    "a flood of output": Try("while True: print('x' * 1000)", "output-flood", detail="printed"),
    "a flood that ends well": Try("print('x' * 2**21)\nreturn 1", "output-flood", detail="printed"),
    "its process ended": Try("import os\nos._exit(0)", "exception", detail="exit status 0"),
    "its process crashed": Try("import ctypes\nctypes.string_at(0)", "exception", detail="SIGSEGV"),
    "its socket closed": Try("import os, time\nos.close(3)\ntime.sleep(60)", "exception", detail="stopped answering"),
}  # fmt: skip

FORBIDDEN = {
    "fork": Try("import os\nos.fork()", VIOLATION),
    "subprocess": Try("import subprocess\nsubprocess.run(['ls'])", VIOLATION),
    "an internet socket": Try("import socket\nsocket.socket()", VIOLATION),
    "a unix socket": Try("import socket\nsocket.socket(socket.AF_UNIX)", VIOLATION),
    "a datagram to an address": Try(
        "import socket\none, _ = socket.socketpair(type=socket.SOCK_STREAM)\none.sendto(b'x', '/dev/log')", VIOLATION
    ),
    "a pair for datagrams": Try("import socket\nsocket.socketpair(type=socket.SOCK_DGRAM)", VIOLATION),
    "a signal to its parent": Try("import os\nos.kill(os.getppid(), 9)", VIOLATION),
    "a signal to everybody": Try("import os\nos.kill(-1, 9)", VIOLATION),
    "ptrace": Try("import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)\nreturn 'went on'", VIOLATION),
    "a namespace": Try("import ctypes\nctypes.CDLL(None).unshare(0x10000000)\nreturn 'went on'", VIOLATION),
    "limits of another": Try("import resource\nresource.prlimit(2, resource.RLIMIT_AS, (1, 1))", VIOLATION),
}

HIDDEN = {
    "the environment": Try(
        "import os\nreturn sorted(os.environ)", "passed",
        ["HOME", "LC_CTYPE", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TMPDIR"],
    ),
    "descriptors": Try(
        "import os\nfound = []\nfor one in range(64):\n    try: os.fstat(one)\n    except OSError: continue\n"
        "    found.append(one)\nreturn found",
        "passed", [0, 1, 2, 3],
    ),
    "a root to become": Try("import os\nos.setuid(0)", "exception", detail="PermissionError"),
    "more memory": Try(
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "exception", detail="not allowed to raise"
    ),
    "standard input": Try("import sys\nreturn sys.stdin.read()", "passed", ""),
}  # fmt: skip

UNREACHABLE = {
    "users": Try("open('/etc/passwd').read()", "exception", detail="Error"),
    "its own process in /proc": Try("open('/proc/self/environ').read()", "exception", detail="Error"),
    "the root folder": Try("import os\nos.listdir('/')", "exception", detail="PermissionError"),
    "a file in the library": Try("import os\nopen(os.__file__, 'a').write('#')", "exception", detail="Error"),
    "a way out by a link": Try(
        "import os\nos.symlink('/', 'out')\nos.listdir('out')", "exception", detail="PermissionError"
    ),
    "a way up": Try("import os\nos.listdir('../..')", "exception", detail="PermissionError"),
}

NAMESPACES = {
    "who it is": Try(
        "import os\nreturn [os.getpid(), os.getppid(), os.getuid(), os.getgid()]", "passed", [1, 0, 1000, 1000]
    ),
    "where it is": Try("import os\nreturn [os.getcwd(), os.listdir('.')]", "passed", ["/tmp", []]),
    "files up to the limit": Try(
        "for n in range(1000): open(str(n), 'wb').write(bytes(2**20))", "exception", detail="No space left"
    ),
}

ALL = HONEST | EXHAUSTION | FORBIDDEN | HIDDEN | UNREACHABLE | NAMESPACES


def main() -> None:
    """As a script: every program, and what came of it."""
    with Sandbox(limits=LIMITS) as sandbox:
        found: dict[str, Any] = {"level": sandbox.isolation.level, "missing": dict(sandbox.isolation.missing)}
        found["programs"] = {name: summary(sandbox.execute(program(one), RECORD)) for name, one in ALL.items()}
    json.dump(found, sys.stdout)


def summary(execution: Execution) -> list[Any]:
    """Outcome, returned value and detail of the only group."""
    (group,) = execution.groups
    return [group.outcome, (group.returned or [None])[0], group.detail]


def as_said(one: Try, found: list[Any]) -> bool:
    """Whether what came of a program is what must come of it."""
    outcome, returned, detail = found
    right = outcome == one.outcome and one.detail in detail
    return right and (one.returned is None or returned == one.returned)


if __name__ == "__main__":
    main()
