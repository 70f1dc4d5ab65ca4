"""A clean process that forks: each child loads an edited module and judges some claims with it.

Run as a script, with nothing but the standard library, and never imported. It imports third-party packages once, none of the
project's own, and runs nothing in them; so a child starts in milliseconds, with the project's modules still to be loaded. The
one thing a reader would get wrong: it must stay free of threads. A fork of a process in which a parallel tensor operation has
run hangs in the child, so BLAS and OpenMP are told to use one thread before anything is imported.

Protocol, one JSON object a line over the socket whose descriptor is the argument: first `{path, preload, workers}`, answered by
`{ready, threads, modules}`; then jobs `{key, folder, seconds}`, each answered by `{key, status}` with `done`, `died` or
`timeout`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

SINGLE_THREADED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Zygote:
    """Forks a child per job, at most `workers` at a time, and says how each ended."""

    def __init__(self, channel: socket.socket, workers: int) -> None:
        self.channel, self.workers = channel, workers
        self.waiting: list[dict[str, Any]] = []
        self.running: dict[int, tuple[str, float]] = {}
        """Process id → key of the job, and when its time is up."""
        self.late: set[int] = set()
        self.wake, write = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Until the other side closes its end."""
        selector = selectors.DefaultSelector()
        selector.register(self.channel, selectors.EVENT_READ)
        selector.register(self.wake, selectors.EVENT_READ)
        buffer = b""
        while True:
            ready = [key.fileobj for key, _ in selector.select(self.patience())]
            if self.wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake, 4096)
            if self.channel in ready:
                received = self.channel.recv(65536)
                if not received:
                    return
                *lines, buffer = (buffer + received).split(b"\n")
                self.waiting += [json.loads(line) for line in lines]
            self.stop_late()
            self.reap()
            while self.waiting and len(self.running) < self.workers:
                self.start(self.waiting.pop(0))

    def patience(self) -> float | None:
        """Seconds until the next job is late; None when none runs."""
        if not self.running:
            return None
        return max(0.0, min(deadline for _, deadline in self.running.values()) - time.monotonic())

    def stop_late(self) -> None:
        """Kill the children whose time is up, with everything that they started."""
        now = time.monotonic()
        for child, (key, deadline) in list(self.running.items()):
            if now >= deadline:
                self.late.add(child)
                self.running[child] = (key, now + 10)
                kill_group(child)

    def reap(self) -> None:
        """Report the children that have ended."""
        for child, (key, _) in list(self.running.items()):
            done, status = os.waitpid(child, os.WNOHANG)
            if done == 0:
                continue
            kill_group(child)  # what it may have left behind
            ended = "done" if os.waitstatus_to_exitcode(status) == 0 else "died"
            self.say({"key": key, "status": "timeout" if child in self.late else ended})
            del self.running[child]

    def start(self, job: dict[str, Any]) -> None:
        """Fork a child for one job."""
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            self.channel.close()
            be_the_child(job)
        with contextlib.suppress(OSError):  # the child has done it already, or has ended
            os.setpgid(child, child)
        self.running[child] = (job["key"], time.monotonic() + job["seconds"])

    def say(self, message: dict[str, Any]) -> None:
        """One line to the other side."""
        self.channel.sendall(json.dumps(message).encode() + b"\n")


def kill_group(leader: int) -> None:
    """Kill a process and what belongs to its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def be_the_child(job: dict[str, Any]) -> NoReturn:
    """Do one job and end without returning into the zygote; what goes wrong is written beside the job."""
    folder = Path(job["folder"])
    code = 1
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        importlib.import_module("apr_core.trial.planting").perform(folder)
        code = 0
    except BaseException:
        with contextlib.suppress(OSError):
            (folder / "error.txt").write_text(traceback.format_exc(limit=-6), encoding="utf-8")
    finally:
        os._exit(code)


def threads() -> int:
    """Threads of this process, those of native libraries included; 1 where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("Threads:"):
                return int(line.split()[1])
    return 1


def main() -> None:
    """Read the greeting, import what is asked for, and serve."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    with channel.makefile("rb") as stream:
        # Unbuffered beyond this line: the other side sends jobs only after the answer.
        greeting = json.loads(stream.readline())
    sys.path[:] = greeting["path"]
    for name in greeting["preload"]:
        with contextlib.suppress(Exception):  # the child will meet the same fault, and report it
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # pages that nobody touches stay shared
    zygote = Zygote(channel, greeting["workers"])
    zygote.say({"ready": True, "threads": threads(), "modules": sorted(sys.modules)})
    try:
        zygote.serve()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the other side has ended without a word
    finally:
        for child in zygote.running:
            kill_group(child)


if __name__ == "__main__":
    main()
