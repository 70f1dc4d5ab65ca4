"""Resource limits of a jailed process.

The one thing a reader would get wrong: these are the second line. Processor time is limited by clocks outside, which are finer
than a second; RLIMIT_CPU is there for the case that the other side is too slow to look.
"""

from __future__ import annotations

import contextlib
import math
import os
import resource
from pathlib import Path

STACK_BYTES = 64 * 2**20
"""Enough for the recursion that honest programs ask for; a deeper one crashes."""

_PENDING_SIGNALS = 64


def of(*, cpu_seconds: float, memory_bytes: int, tasks: int, file_bytes: int, open_files: int) -> dict[int, int]:
    """Resource → limit. `tasks` are processes and threads of the user in its namespace, all together."""
    return {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: math.ceil(cpu_seconds) + 2,
        resource.RLIMIT_NPROC: tasks,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: open_files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_STACK: STACK_BYTES,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: _PENDING_SIGNALS,
    }


def apply(limits: dict[int, int]) -> None:
    """Set soft and hard limits, never above a hard limit that is already there."""
    for what, wanted in limits.items():
        hard = resource.getrlimit(what)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(what, (value, value))


def tasks_of_user() -> int:
    """Processes and threads of this user that can be seen; 0 where /proc does not say."""
    count, own = 0, os.getuid()
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError, KeyError, ValueError):
            fields = dict(
                line.split(":", 1) for line in status.read_text("ascii", "replace").splitlines() if ":" in line
            )
            if int(fields["Uid"].split()[0]) == own:
                count += int(fields["Threads"])
    return count
