"""Looking after the two processes of one execution: clocks, output, files, and how each of them ended.

The one thing a reader would get wrong: nothing here asks the program. Its processor time is read from the kernel's clock of its
process, what it printed is counted in a pipe, and how it ended is what `wait4` says.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.evaluation.sandbox import jail
from apr_core.evaluation.sandbox.wire import PACKET

if TYPE_CHECKING:
    from apr_core.evaluation.sandbox.zygote import Zygote

_LOOK_SECONDS = 0.002
"""The shortest time between two looks at a process's clock."""

_FOLDER_LOOK_SECONDS = 0.05

_GRACE_SECONDS = 5.0
"""What the checker has after the program's time is up, to say what it knows."""


class Child:
    """One forked process, until it has been reaped."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.ended: tuple[int, Any] | None = None
        """Wait status and resource usage."""
        self.killed: str | None = None
        """Why we ended it."""

    def reap(self) -> bool:
        """Whether it has ended; never waits."""
        if self.ended is None:
            done, status, usage = os.wait4(self.process, os.WNOHANG)
            if done:
                self.ended = status, usage
        return self.ended is not None

    def kill(self, why: str) -> None:
        """End it, and in a pid namespace of its own everything that it started."""
        if self.ended is None:
            self.killed = self.killed or why
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process, signal.SIGKILL)

    def cpu_seconds(self) -> float:
        """Processor time so far; for a process that has ended, all that it used."""
        if self.ended is not None:
            return float(self.ended[1].ru_utime + self.ended[1].ru_stime)
        with contextlib.suppress(OSError):
            clock = ~self.process << 3 | 2  # of another process, as clock_getcpuclockid(3) makes it
            seconds: float = time.clock_gettime(clock)
            return seconds
        return 0.0

    def told(self) -> dict[str, Any]:
        """For the answer."""
        assert self.ended is not None
        status, usage = self.ended
        return {
            "code": os.waitstatus_to_exitcode(status),
            "killed": self.killed,
            "cpu_seconds": self.cpu_seconds(),
            "peak_bytes": usage.ru_maxrss * 1024,
        }


class Watch:
    """Looks after the two processes of one execution."""

    def __init__(
        self, zygote: Zygote, request: Mapping[str, Any], program: Child, checker: Child, report: int, output: int
    ) -> None:
        self.zygote, self.limits, self.checker_limits = zygote, request["limits"], request["checker"]
        self.program, self.checker = program, checker
        self.report, self.output = report, output
        self.said: dict[str, Any] = {}
        """What the program's process said before it was jailed for good: `jailed` or `broke`."""
        self.printed = 0
        self.started = time.monotonic()
        self.poll = select.poll()
        for descriptor in (zygote.wake, zygote.control.fileno(), report, output):
            self.poll.register(descriptor, select.POLLIN)
        if zygote.parent is not None:
            self.poll.register(zygote.parent, select.POLLIN)

    def until_both_ended(self) -> dict[str, Any]:
        """The answer; exits the zygote when the other side has gone."""
        while True:
            for descriptor, _ in self.poll.poll(1000 * self.patience()):
                self.attend(descriptor)
            checked, ended = self.checker.reap(), self.program.reap()
            if checked and not ended:
                self.program.kill("done")
            if checked and ended:
                break
            self.enforce()
        self.attend(self.report)
        self.drain_output()
        return {
            "program": self.program.told(),
            "checker": self.checker.told(),
            "said": self.said,
            "printed": self.printed,
            "wall_seconds": time.monotonic() - self.started,
        }

    def patience(self) -> float:
        """Seconds until a limit could be reached: a process uses at most one second of processor time in a second."""
        left: list[float] = [self.wall() + _GRACE_SECONDS - self.elapsed()]
        if self.program.ended is None:
            left.append(self.wall() - self.elapsed())
            left.append(self.limits["cpu_seconds"] - self.used())
            if "mount" not in self.zygote.prison.layers:
                left.append(_FOLDER_LOOK_SECONDS)
        else:
            left.append(self.checker_limits["cpu_seconds"] - self.checker.cpu_seconds())
        return max(_LOOK_SECONDS, min(left))

    def elapsed(self) -> float:
        """Seconds since both were forked."""
        return time.monotonic() - self.started

    def used(self) -> float:
        """Processor time of the program without what jailing it took."""
        return self.program.cpu_seconds() - float(self.said.get("jailed", 0.0))

    def wall(self) -> float:
        """Seconds on the clock that the program has: more for one that works, which may have had to wait for a processor."""
        return float(self.limits["wall_seconds"] + self.limits["wall_factor"] * max(0.0, self.used()))

    def attend(self, descriptor: int) -> None:
        """Something is to be read, or somebody has gone."""
        if descriptor in (self.zygote.control.fileno(), self.zygote.parent):
            self.zygote.leave()
        elif descriptor == self.zygote.wake:
            with contextlib.suppress(BlockingIOError):
                os.read(descriptor, 4096)
        elif descriptor == self.report:
            with contextlib.suppress(BlockingIOError, ValueError):
                os.set_blocking(descriptor, False)
                text = os.read(descriptor, PACKET)
                if text:
                    self.said = json.loads(text)
                else:
                    self.forget(descriptor)
        elif not self.read_output():
            self.forget(descriptor)

    def forget(self, descriptor: int) -> None:
        """Nothing will come from there any more."""
        with contextlib.suppress(KeyError):
            self.poll.unregister(descriptor)

    def read_output(self) -> int:
        """Bytes that were printed since; they are counted and thrown away."""
        os.set_blocking(self.output, False)
        try:
            count = len(os.read(self.output, PACKET))
        except BlockingIOError:
            return 0
        self.printed += count
        return count

    def drain_output(self) -> None:
        """Count what is still in the pipe."""
        while self.printed <= self.limits["output_bytes"] and self.read_output():
            pass

    def enforce(self) -> None:
        """End what is over a limit."""
        if self.printed > self.limits["output_bytes"]:
            self.program.kill("output")
        if self.used() >= self.limits["cpu_seconds"]:
            self.program.kill("cpu")
        if self.elapsed() >= self.wall():
            self.program.kill("wall")
        if (
            "mount" not in self.zygote.prison.layers
            and jail.size(self.zygote.prison.folder) > self.limits["file_bytes"]
        ):
            self.program.kill("files")
        if self.checker.cpu_seconds() >= self.checker_limits["cpu_seconds"]:
            self.checker.kill("cpu")
        if self.elapsed() >= self.wall() + _GRACE_SECONDS:
            self.checker.kill("wall")


def end_orphans() -> None:
    """Where no pid namespace does it: end every process that a program left, again and again until none is found.

    Orphans become children of this process, which asked for that; a process that forks faster than they are found is ended by
    the limit on their number.
    """
    while found := children():
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for process in found:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, 0)


def children() -> list[int]:
    """Processes whose parent is this one, as /proc tells."""
    found, own = [], os.getpid()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if int(stat.read_bytes().rpartition(b")")[2].split()[1]) == own:
                found.append(int(stat.parent.name))
    return found
