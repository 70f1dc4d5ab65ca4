"""A clean process that forks: for each execution a checker, and after it the program's process, in its jail.

Runs under `bootstrap`, with the standard library alone and one thread. The one thing a reader would get wrong: the zygote passes
the job's descriptor on without ever reading it. Only the checker reads the job, and it is forked first; so no expected value is
in any memory that the program's process is a copy of.

Protocol, one JSON object a packet: `{limits, checker}` with one descriptor, answered by what became of both processes.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from apr_core.evaluation.sandbox import jail, kernel, namespaces
from apr_core.evaluation.sandbox.jail import Jail
from apr_core.evaluation.sandbox.watch import Child, Watch, end_orphans
from apr_core.evaluation.sandbox.wire import PACKET, receive, send

PREPARED = (
    "abc array base64 bisect calendar cmath collections.abc contextlib copy dataclasses datetime decimal enum fractions "
    "functools hashlib heapq inspect io itertools json math numbers operator queue random re statistics string struct "
    "textwrap time types typing unicodedata unittest"
)
"""Modules that programs and tests commonly import: loaded once here, they cost a child nothing."""


class Zygote:
    """Serves executions, one at a time, until the other side is gone."""

    def __init__(self, control: socket.socket, prison: Jail, own_pid_namespace: int | None, null: int) -> None:
        self.control, self.prison, self.null = control, prison, null
        self.own_pid_namespace = own_pid_namespace
        self.parent: int | None = None
        self.wake, wake_write = os.pipe()
        for descriptor in (self.wake, wake_write):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Until the other side closes its end, or ends."""
        while True:
            packet, descriptors, _, _ = socket.recv_fds(self.control, PACKET, 1)
            if not packet:
                return
            try:
                answer = self.execute(json.loads(packet), descriptors[0])
            except OSError:  # no process, namespace or descriptor is to be had: the other side starts another zygote
                self.control.send(json.dumps({"broke": traceback.format_exc(limit=-4)}).encode())
                return
            self.control.send(json.dumps(answer).encode())

    def execute(self, request: Mapping[str, Any], job: int) -> dict[str, Any]:
        """One execution, from both forks to both ends."""
        ours, theirs = socket.socketpair()
        report, report_write = os.pipe()
        checker = self._fork(lambda: self._be_checker(request, job, ours.fileno(), report_write))
        os.close(job)
        ours.close()
        output, output_write = os.pipe()
        program = self._fork(
            lambda: self._be_program(request["limits"], theirs.fileno(), report_write, output_write), own=True
        )
        theirs.close()
        os.close(report_write)
        os.close(output_write)
        try:
            return Watch(self, request, program, checker, report, output).until_both_ended()
        finally:
            self.clean_up(program, checker)
            os.close(report)
            os.close(output)

    def clean_up(self, *children: Child) -> None:
        """Leave no process and no file of an execution."""
        for child in children:
            child.kill("abandoned")
            while not child.reap():
                select.select([self.wake], [], [], 0.05)
        if self.prison.leaves_processes:
            end_orphans()
        self.prison.empty_folder()

    def leave(self) -> NoReturn:
        """End, because nobody is there any more; with nothing left behind, as far as this process may."""
        if self.prison.leaves_processes:
            end_orphans()
        with contextlib.suppress(OSError):
            self.prison.empty_folder()
            Path(self.prison.folder).rmdir()
        os._exit(0)

    def _fork(self, work: Callable[[], None], own: bool = False) -> Child:
        """A child that does `work` and ends; with `own`, in a pid namespace of its own where that is a layer."""
        if own and self.own_pid_namespace is not None:
            namespaces.next_child_in_new_pid_namespace()
        process = os.fork()
        if process == 0:
            be_the_child(work)
        if own and self.own_pid_namespace is not None:
            namespaces.next_child_in(self.own_pid_namespace)
        return Child(process)

    def _be_checker(self, request: Mapping[str, Any], job: int, channel: int, report: int) -> None:
        jail.arrange_descriptors(channel, job, self.null, self.null)
        self.prison.enter_as_checker(request["checker"])
        with socket.socket(fileno=jail.REPORT) as stream:
            answer_job(stream)

    def _be_program(self, limits: Mapping[str, Any], channel: int, report: int, output: int) -> None:
        jail.arrange_descriptors(channel, report, self.null, output)
        try:
            self.prison.enter_as_program(limits)
        except BaseException:
            os.write(jail.REPORT, json.dumps({"broke": traceback.format_exc(limit=-4)}).encode())
            raise
        serve = importlib.import_module("apr_core.evaluation.sandbox.candidate").serve
        os.write(jail.REPORT, json.dumps({"jailed": time.process_time()}).encode())
        os.close(jail.REPORT)
        serve(jail.SOCKET)


def answer_job(stream: socket.socket) -> None:
    """In the checker: read the job, check, and send the report, or why there is none."""
    checker = importlib.import_module("apr_core.evaluation.sandbox.checker")
    try:
        job = json.loads(receive(stream))
        report = {"report": checker.check(jail.SOCKET, job["program"], job["spec"])}
        text = json.dumps(report)
    except MemoryError:
        text = json.dumps({"memory": True})
    except BaseException:
        text = json.dumps({"broke": traceback.format_exc(limit=-6)})
    send(stream, text.encode())


def be_the_child(work: Callable[[], None]) -> NoReturn:
    """Do `work` and end, without returning into the zygote and without running what is registered for an exit."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        work()
        code = 0
    finally:
        os._exit(code)


def main(settings: Mapping[str, Any]) -> None:
    """Become a zygote as `settings` say, tell the other side, and serve."""
    control = socket.socket(fileno=settings["control"])
    try:
        zygote = prepare(control, settings)
    except BaseException:
        control.send(json.dumps({"broke": traceback.format_exc(limit=-4)}).encode())
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the other side may have ended meanwhile
        control.send(json.dumps({"ready": True}).encode())
        zygote.serve()
    zygote.leave()


def prepare(control: socket.socket, settings: Mapping[str, Any]) -> Zygote:
    """Everything that is done once.

    Raises:
        OSError: a layer cannot be had.
    """
    null = jail.reserve_descriptors()
    layers, readable = frozenset(settings["layers"]), list(settings["readable"])
    parent = None
    with contextlib.suppress(OSError, AttributeError):
        parent = os.pidfd_open(os.getppid())
    as_root = os.geteuid() == 0
    own = namespaces.become_zygote(layers, readable)
    prison = Jail.prepare(layers, readable, settings["folder"], as_root)
    if prison.leaves_processes:
        kernel.adopt_orphans()
    os.environ.clear()
    os.environ.update(jail.ENVIRONMENT, HOME=prison.folder, TMPDIR=prison.folder)
    for name in [*PREPARED.split(), *settings["preload"]]:
        with contextlib.suppress(Exception):  # the program that needs it will meet the same fault, and report it
            importlib.import_module(name)
    for name in ("candidate", "checker"):
        importlib.import_module(f"apr_core.evaluation.sandbox.{name}")
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "Sources"]
    zygote = Zygote(control, prison, own, null)
    zygote.parent = parent
    gc.collect()
    gc.freeze()  # what nobody touches stays shared, and is not walked in every child
    return zygote
