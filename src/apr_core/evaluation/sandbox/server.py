"""The sandbox as the rest of the project sees it: programs in, what came of them out.

The one thing a reader would get wrong: the expected values go from here to the checker over a socket that the zygote hands on
without reading it, and what came of an execution is decided here, from the checker's report and from how the processes ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from apr_core.errors import AprError, did_you_mean
from apr_core.evaluation.sandbox import classify, probe, sources
from apr_core.evaluation.sandbox.layers import LEVELS, Isolation
from apr_core.evaluation.sandbox.namespaces import OUTSIDE
from apr_core.evaluation.sandbox.outcome import Execution, Limits
from apr_core.evaluation.sandbox.wire import PACKET, receive, send

_START_SECONDS = 60.0
_ANSWER_SECONDS = 30.0
"""How much longer than the limits allow a zygote may take before it is taken for dead."""

_CHECKER_BASE = {"cpu_seconds": 10.0, "file_bytes": 0, "open_files": 64}
_CHECKER_BYTES = 2 * 2**30

_MOST_REPORT_BYTES = 2**30


class Broken(Exception):  # noqa: N818 - a reason, not an error of the caller's
    """The sandbox broke; the text says how."""


class Sandbox:
    """Runs programs that may be hostile, each in a process of its own, and says what came of them.

    A context manager, and safe to use from several threads; at most `workers` executions run at a time.

    Args:
        workers: zygotes, each of which runs one execution at a time.
        limits: of each execution that is not given its own.
        require: the least level of `LEVELS` that will do.
        preload: modules that every zygote imports, such as numpy; programs that use them then start in milliseconds.
        without: layers that are left out, to see what the others hold.

    Raises:
        AprError: this machine offers less than `require`, or the sandbox does not start.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        limits: Limits | None = None,
        require: str = "none",
        preload: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> None:
        if workers < 1:
            raise AprError(f"a sandbox with {workers} workers runs nothing; it needs at least 1.")
        if require not in LEVELS:
            levels = ", ".join(LEVELS)
            raise AprError(
                f"there is no isolation level {require!r}; there are {levels}.{did_you_mean(require, LEVELS)}"
            )
        self.limits = limits or Limits()
        self.isolation: Isolation = probe.isolation(frozenset(without))
        """What holds a program here."""
        refuse_less(self.isolation, require)
        self.retries = 0
        """Executions that were tried a second time because the sandbox broke."""
        self._owner = os.getpid()
        self._closed = False
        self._count = threading.Lock()
        self._lines: list[_Line] = []
        self._idle: queue.LifoQueue[_Line] = queue.LifoQueue()
        settings = {"layers": list(self.isolation.layers), "preload": list(preload)}
        try:
            for _ in range(workers):
                self._lines.append(_Line(settings))
                self._idle.put(self._lines[-1])
            for line in self._lines:  # they have all been started by now
                line.await_ready()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process, also of executions that are under way. A second call does nothing."""
        if self._closed or os.getpid() != self._owner:
            return
        self._closed = True
        for line in self._lines:
            line.stop()
        for line in [self._idle.get() for _ in self._lines]:  # those who used them have had their answer
            line.close()
            self._idle.put(line)  # for those who wait, to be told that it is closed

    def execute(self, program: str, spec: Mapping[str, Any], limits: Limits | None = None) -> Execution:
        """Run one program against the groups of tests in `spec`; waits until a worker is free.

        Never raises for what a program does, nor for what breaks on the way: that is an `infrastructure-error`, after one retry.

        Raises:
            AprError: the sandbox has been closed.
        """
        job = json.dumps({"program": program, "spec": dict(spec)}).encode("utf-8", "surrogatepass")
        names = [str(group["name"]) for group in spec["groups"]]
        limits = limits or self.limits
        line = self._idle.get()
        try:
            why = ""
            for attempt in (1, 2):
                if self._closed:
                    raise AprError("this sandbox has been closed; open another one.")
                try:
                    return classify.execution(line.run(job, limits), names, limits, attempt)
                except (Broken, OSError, EOFError, ValueError) as error:
                    line.close()
                    why = str(error) or type(error).__name__
                if attempt == 1 and not self._closed:
                    with self._count:
                        self.retries += 1
            return classify.broken(names, why)
        finally:
            self._idle.put(line)


def refuse_less(isolation: Isolation, require: str) -> None:
    """Raise AprError unless `isolation` reaches the level `require`."""
    ranks = list(LEVELS)
    if ranks.index(isolation.level) >= ranks.index(require):
        return
    wanting = [layer for layer in LEVELS[require] if layer not in isolation.layers]
    reasons = "; ".join(f"{layer}: {isolation.missing.get(layer, 'not active')}" for layer in sorted(wanting))
    raise AprError(
        f"the isolation level {require!r} was asked for, and this machine offers {isolation.level!r}. Missing are {reasons}. "
        f"Run where these can be had, or ask for {isolation.level!r} and trust the programs that much more."
    )


class _Line:
    """One zygote and the way to it. Starts it when it is needed; only one thread uses it at a time."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self.folder: Path | None = None
        self._start()

    def _start(self) -> None:
        """Start the zygote; `await_ready` says whether it did.

        Raises:
            AprError: no process can be made.
        """
        if "mount" not in self.settings["layers"]:
            self.folder = Path(tempfile.mkdtemp(prefix="apr-sandbox-"))
            if "identity" in self.settings["layers"] and os.geteuid() == 0:
                os.chown(self.folder, OUTSIDE, OUTSIDE)
        try:
            settings = dict(self.settings) | {"folder": str(self.folder or "")}
            self.process, self.control = sources.start("zygote", settings)
        except OSError as error:
            self.close()
            raise AprError(f"the sandbox does not start: {error}. Check memory and process limits.") from error

    def await_ready(self) -> None:
        """Wait until the zygote serves.

        Raises:
            AprError: it does not.
        """
        assert self.control is not None
        try:
            self.control.settimeout(_START_SECONDS)
            answer = json.loads(self.control.recv(PACKET) or b"{}")
        except OSError as error:
            self.close()
            raise AprError(f"the sandbox does not start: {error}. Check memory and process limits.") from error
        if not answer.get("ready"):
            self.close()
            said = str(answer.get("broke", "its process ended without a word")).strip().splitlines()
            raise AprError(f"the sandbox does not start: {said[-1]}. Report this with the platform's name and version.")

    def run(self, job: bytes, limits: Limits) -> dict[str, Any]:
        """One execution: the zygote's answer, with the checker's report in it.

        Raises:
            Broken, OSError, EOFError, ValueError: the sandbox broke; the line must be closed, and starts anew by itself.
        """
        if self.process is None:
            try:
                self._start()
                self.await_ready()
            except AprError as error:
                raise Broken(str(error)) from error
        control = self.control
        assert control is not None
        deadline = limits.wall + _ANSWER_SECONDS
        control.settimeout(deadline)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(deadline)
            checker = _CHECKER_BASE | {"memory_bytes": limits.memory_bytes + _CHECKER_BYTES}
            checker["cpu_seconds"] += 2 * limits.cpu_seconds
            request = {"limits": limits.to_json(), "checker": checker}
            socket.send_fds(control, [json.dumps(request).encode()], [theirs.fileno()])
            theirs.close()
            report: dict[str, Any] = {}
            with contextlib.suppress(
                BrokenPipeError, ConnectionResetError, EOFError
            ):  # the checker has ended: the answer says how
                send(ours, job)
                report = json.loads(receive(ours, _MOST_REPORT_BYTES))
        answer = json.loads(control.recv(PACKET) or b'{"broke": "the zygote ended without an answer"}')
        if "broke" in answer:
            raise Broken(str(answer["broke"]).strip().splitlines()[-1])
        return dict(answer) | {"report": report}

    def stop(self) -> None:
        """End the zygote, and with it everything that it started; whoever waits for an answer of it gets none."""
        if (process := self.process) is not None:
            process.kill()

    def close(self) -> None:
        """End the zygote, and let go of everything. Only by the thread that uses the line."""
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.process = self.control = self.folder = None
