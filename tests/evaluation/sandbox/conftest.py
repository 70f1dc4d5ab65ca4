"""Conversations without the jail: a bare process forks the program's side, the test is the checker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from apr_core.evaluation.sandbox import checker

FORKER = """
import os, signal, socket, sys
from apr_core.evaluation.sandbox import candidate
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
control = socket.socket(fileno=int(sys.argv[1]))
while True:
    data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
    if not data:
        break
    process = os.fork()
    if process == 0:
        control.close()
        try:
            candidate.serve(descriptors[0])
        finally:
            os._exit(0)
    os.close(descriptors[0])
    control.send(str(process).encode())
"""

Serve = Callable[[], tuple[socket.socket, int]]
Converse = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """`serve()` starts `candidate.serve` in a new process: our end of the channel, and the process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        forker = subprocess.Popen(
            [sys.executable, "-c", FORKER, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start() -> tuple[socket.socket, int]:
        near, far = socket.socketpair()
        with far:
            socket.send_fds(ours, [b"."], [far.fileno()])
            return near, int(ours.recv(32))

    try:
        yield start
    finally:
        ours.close()
        forker.wait()


@pytest.fixture
def converse(serve: Serve) -> Converse:
    """`converse(program, spec)` gives the checker's reports of the groups."""

    def run(program: str, spec: dict[str, Any]) -> list[dict[str, Any]]:
        channel, process = serve()
        with channel:
            try:
                groups: list[dict[str, Any]] = checker.check(channel.fileno(), program, spec)["groups"]
                return groups
            finally:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    return run
