"""Judging in processes of their own: a zygote per kind of job, and jobs that say which module is edited how.

The one thing a reader would get wrong: which packages the zygote imports follows from what this process has imported. Resolve
the subjects of the real code first, and the children start with everything third-party that they need.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.errors import TrialError
from apr_core.trial.result import Result
from apr_core.trial.zygote import SINGLE_THREADED

if TYPE_CHECKING:
    from apr_core.trial.session import Session

SECONDS = 30.0
"""Wall time after which a child is stopped."""

REAL_SECONDS = 300.0
"""The same for a child that judges the real thing, all of a contract's claims that a mutant names."""

LOWER_HALF = (
    "apr_core.contract.load",
    "apr_core.compiler.checks",
    "apr_core.compiler.exhaustive",
    "apr_core.compiler.strategies",
)
"""Parts of the judge that no contract may name, and that import nothing that one may: a child needs no copy of its own."""

LOWER = ("apr_core.contract.", "apr_core.compiler.")
ABOVE = frozenset({"apr_core", "apr_core.contract", "apr_core.compiler", "apr_core.errors"})
"""What those bring along."""

JUDGE = (*LOWER_HALF, "apr_core.trial.session", "apr_core.evidence.ledger", "apr_core.statistics")


@dataclass(frozen=True, kw_only=True)
class Job:
    """Some obligations of a contract, to be judged with one module edited."""

    key: str
    """Names the edit: in the answer, and in the store of killing cases."""
    contract: Path
    obligations: tuple[str, ...]
    """Ids, in the order in which they are tried."""
    module: str | None = None
    """The module that is loaded from `text`; None to judge the real thing."""
    text: str | None = None
    first_kill: bool = False
    """Whether to stop at the first obligation that notices."""
    seconds: float = SECONDS


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a job came to."""

    key: str
    results: dict[str, Result] = field(default_factory=dict)
    """Obligation id → its result, for those that were judged."""
    files: tuple[Path, ...] = ()
    """Files of the project's own modules that were loaded."""
    error: str | None = None
    """Why there are no results, or none that count."""
    timed_out: bool = False
    seconds: float = 0.0
    """From being sent to being done; jobs run side by side."""


class Workers:
    """The zygotes of one session; a context manager that ends them."""

    def __init__(self, session: Session, workers: int | None = None) -> None:
        self.session = session
        self.count = max(1, workers or cores())
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="apr-mutants-"))
        except OSError as error:
            raise TrialError(
                f"no folder for the mutants can be made: {error}. Set TMPDIR to one that exists."
            ) from error
        self.lines: dict[str, _Line] = {}
        self._real: dict[Path, Done] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process and remove what they wrote."""
        for line in self.lines.values():
            line.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, jobs: Sequence[Job]) -> Iterator[Done]:
        """The jobs as they are done, in no particular order.

        Raises:
            TrialError: a zygote does not start, or ended.
        """
        for what in ("theirs", "ours"):
            chosen = [job for job in jobs if (job.module or "").startswith("apr_core.") is (what == "ours")]
            if chosen:
                yield from self._run(self._line(what), chosen)

    def real(self, contract: Path, obligations: Sequence[str]) -> Done:
        """Some obligations on the real thing, judged once per contract in a child as those under a fault are.

        What this process has done to the subjects (a `conftest.py` that sets something) is not there in a child; a claim that
        falls for want of it has not noticed any fault.
        """
        if contract not in self._real:
            job = Job(
                key=f"{contract}::(real)", contract=contract, obligations=tuple(obligations), seconds=REAL_SECONDS
            )
            (self._real[contract],) = self._run(self._line("real"), [job])
        return self._real[contract]

    def _line(self, what: str) -> _Line:
        """The zygote for edits of apr-core itself (`ours`), of anybody else's modules (`theirs`), or for none (`real`)."""
        if what not in self.lines:
            preload = [*self._third_party(), *(LOWER_HALF if what == "ours" else JUDGE)]
            line = _Line(preload, self.count)
            if line.threads > 1 or self._has_ours(what, line):
                # A fork of it could hang, or would hold the module that is to be edited. Each child imports for itself.
                line.close()
                line = _Line((), self.count)
            self.lines[what] = line
        return self.lines[what]

    def _has_ours(self, what: str, line: _Line) -> bool:
        """Whether something third-party has imported a module that may be edited."""
        own = [name for name in line.modules if name.partition(".")[0] == "apr_core"]
        if what == "ours" and not all(name in ABOVE or name.startswith(LOWER) for name in own):
            return True
        return any(self.session.policy.allows(name) for name in set(line.modules) - set(own))

    def _third_party(self) -> list[str]:
        """What this process has imported and what belongs neither to the project, nor to Python, nor to the test runner.

        A `conftest.py` and the modules of tests lie in the project under names of their own.
        """
        skipped = {*sys.stdlib_module_names, "apr_core", "pytest", "_pytest", "pluggy", "xdist", "execnet", "__main__"}
        names = [name for name in list(sys.modules) if name.partition(".")[0] not in skipped and name.count(".") < 2]
        return sorted(
            name
            for name in names
            if not self.session.policy.allows(name) and _is_a_package_module(name, self.session.root)
        )

    def _run(self, line: _Line, jobs: Sequence[Job]) -> Iterator[Done]:
        waiting = list(reversed(jobs))
        sent: dict[str, tuple[Path, float]] = {}
        while waiting or sent:
            while waiting and len(sent) < 2 * self.count:  # a full pipe on both sides would stop everything
                job = waiting.pop()
                folder = Path(tempfile.mkdtemp(dir=self.folder))
                (folder / "job.json").write_text(json.dumps(self._described(job)), encoding="utf-8")
                sent[folder.name] = (folder, time.monotonic())
                line.send({"key": folder.name, "folder": str(folder), "seconds": job.seconds})
            answer = line.receive()
            folder, started = sent.pop(answer["key"])
            yield _read(folder, answer["status"], time.monotonic() - started)
            shutil.rmtree(folder, ignore_errors=True)

    def _described(self, job: Job) -> dict[str, Any]:
        session = self.session
        settings = asdict(session.settings) | {"evidence": [str(path) for path in session.settings.evidence]}
        return asdict(job) | {
            "contract": str(job.contract),
            "root": str(session.root),
            "places": [str(place) for place in session.places],
            "settings": settings,
        }


def cores() -> int:
    """Cores that this process may use; all of them where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_a_package_module(name: str, project: Path) -> bool:
    """Whether a module was loaded from an installed file, by its own name: no script, and none of the project."""
    spec = getattr(sys.modules[name], "__spec__", None)
    if spec is None or spec.name != name or spec.origin in (None, "built-in", "frozen"):
        return False
    origin = Path(spec.origin)
    return not origin.is_relative_to(project) or bool({"site-packages", "dist-packages"} & set(origin.parts))


def _read(folder: Path, status: str, seconds: float) -> Done:
    """What a child wrote."""
    key = json.loads((folder / "job.json").read_text(encoding="utf-8"))["key"]
    if status == "timeout":
        return Done(key=key, error="it did not end in time", timed_out=True, seconds=seconds)
    answer, trouble = folder / "done.json", folder / "error.txt"
    if status != "done" or not answer.exists():
        why = trouble.read_text(encoding="utf-8").strip() if trouble.exists() else "the process was killed"
        return Done(key=key, error=why, seconds=seconds)
    data = json.loads(answer.read_text(encoding="utf-8"))
    results = {name: Result.from_json(result) for name, result in data["results"].items()}
    return Done(key=key, results=results, files=tuple(map(Path, data["files"])), error=data["error"], seconds=seconds)


class _Line:
    """One zygote and the socket to it."""

    def __init__(self, preload: Sequence[str], workers: int) -> None:
        self.channel, theirs = socket.socketpair()
        # -P: the folder of the script must not be searched, where `select.py` of ours would hide Python's.
        script = [str(Path(__file__).with_name("zygote.py")), str(theirs.fileno())]
        # With our own flags, as multiprocessing does it: an `assert` that -O leaves out here must not kill a mutant there.
        command = [sys.executable, *subprocess._args_from_interpreter_flags(), "-P", *script]  # type: ignore[attr-defined]
        environment = {**os.environ, **dict.fromkeys(SINGLE_THREADED, "1")}
        self.process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # what a package prints when it is imported is not part of a report
            start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self.stream = self.channel.makefile("rb")
        self.send({"path": sys.path, "preload": list(preload), "workers": workers})
        answer = self.receive()
        self.threads: int = answer["threads"]
        """Of the zygote after its imports; more than one makes a fork unsafe."""
        self.modules: frozenset[str] = frozenset(answer["modules"])
        """What the zygote has imported."""

    def send(self, message: dict[str, Any]) -> None:
        """One line to the zygote."""
        try:
            self.channel.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise TrialError(f"the process that tries mutants has ended: {error}. Run it again.") from error

    def receive(self) -> dict[str, Any]:
        """The next line from the zygote."""
        line = self.stream.readline()
        if not line:
            raise TrialError(f"the process that tries mutants ended with status {self.process.wait()}. Run it again.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Close the socket, which ends the zygote, and wait for it."""
        self.stream.close()
        self.channel.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_jobs(
    session: Session,
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    on_done: Callable[[Done], None] | None = None,
) -> list[Done]:
    """All jobs, in their order. `on_done` is told of each as it ends.

    Raises:
        TrialError: the process that forks does not start, or ended.
    """
    found: dict[str, Done] = {}
    with Workers(session, workers) as crew:
        for done in crew.run(jobs):
            found[done.key] = done
            if on_done is not None:
                on_done(done)
    return [found[job.key] for job in jobs]
