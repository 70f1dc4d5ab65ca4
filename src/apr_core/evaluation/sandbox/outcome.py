"""What an execution is limited to, and what comes out of it.

The one thing a reader would get wrong: a class of failure is decided by the trusted side, from how the process ended and from
clocks that the program cannot reach. What the program says of itself can only move it from one way of failing to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CLASSES = {
    "passed": "every test of the group held",
    "wrong-answer": "it returned something, and not what was expected",
    "exception": "it raised, ended its process, or crashed it",
    "syntax-error": "it is not a program",
    "timeout": "it used more processor time than allowed, or did not end in time",
    "memory": "it asked for more memory than allowed",
    "output-flood": "it wrote more than allowed, to its output or to files",
    "sandbox-violation": "it asked the kernel for something that no honest program needs, and was ended for it",
    "infrastructure-error": "the sandbox broke; this says nothing about the program",
}
"""Failure class → what it says of a program."""

_WALL_SECONDS, _WALL_FACTOR = 5.0, 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one program may use, all groups of tests together. Bytes are bytes, seconds are seconds."""

    cpu_seconds: float = 2.0
    """Processor time of the program's process; starting the process and jailing it do not count."""
    wall_seconds: float | None = None
    """Time on the clock, which ends sleepers; None is 5 s and 20 times the processor time used so far, for busy machines."""
    memory_bytes: int = 2**30
    """Address space, the interpreter's own part (some 20 MB) included."""
    processes: int = 0
    """Processes that the program may start besides its own. With 0, trying to is a sandbox violation."""
    threads: int = 16
    """Threads that it may start."""
    file_bytes: int = 16 * 2**20
    """All that it may keep in files, and the largest of them."""
    open_files: int = 64
    """Descriptors that it may have open."""
    output_bytes: int = 2**20
    """What it may print."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = 0 if name in ("processes", "threads", "output_bytes") else 1e-3
            if value is not None and not least <= value < float("inf"):
                raise ValueError(f"the limit {name} is {value!r}; it must be a finite number of at least {least:g}")

    @property
    def wall(self) -> float:
        """Seconds on the clock after which everything has ended, whatever it did."""
        return _WALL_SECONDS + _WALL_FACTOR * self.cpu_seconds if self.wall_seconds is None else self.wall_seconds

    def to_json(self) -> dict[str, Any]:
        """As the zygote reads it, and as evidence records it."""
        given = self.wall_seconds is not None
        wall = {
            "wall_seconds": self.wall_seconds if given else _WALL_SECONDS,
            "wall_factor": 0.0 if given else _WALL_FACTOR,
        }
        return asdict(self) | wall


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupResult:
    """What came of one group of tests."""

    name: str
    outcome: str
    """One of `CLASSES`."""
    detail: str = ""
    """For a reader: the exception, the first difference, or why the process was ended."""
    integrity: str = "strong"
    """`strong`, or `weak` where the tests had to run in the program's own process."""
    returned: Any = None
    """What the calls gave, encoded, where the spec asks for that."""

    @classmethod
    def of(cls, report: Mapping[str, Any], outcome: str | None = None, detail: str | None = None) -> GroupResult:
        """From one group of the checker's report, with another outcome where that is given."""
        return cls(
            name=str(report["name"]),
            outcome=outcome or str(report["outcome"]),
            detail=str(report.get("detail") or "") if detail is None else detail,
            integrity=str(report.get("integrity") or "strong"),
            returned=report.get("returned") if outcome is None else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """What came of one program."""

    groups: tuple[GroupResult, ...]
    cpu_seconds: float = 0.0
    """Processor time of the program, by the kernel's count; without what jailing it took."""
    wall_seconds: float = 0.0
    peak_bytes: int = 0
    """The largest resident set of the program's process, the interpreter's part included."""
    attempts: int = 1
    """2 when the sandbox broke the first time."""

    @property
    def passed(self) -> bool:
        """Whether there are groups, and every one of them passed."""
        return bool(self.groups) and all(group.outcome == "passed" for group in self.groups)

    @property
    def outcome(self) -> str:
        """`passed`, or the class of the first group that did not."""
        return next((group.outcome for group in self.groups if group.outcome != "passed"), "passed")
