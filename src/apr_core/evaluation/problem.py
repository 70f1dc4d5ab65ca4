"""A problem: what is asked, and the tests that a program must pass, in one of four forms.

The one thing a reader would get wrong: tests are trusted, programs are not. Every test runs where the program cannot reach
it, except `UnitTests`, whose form needs both in one process; results of those say `integrity: weak`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of the entry point, each compared with an expected value: the form of EvalPlus, and of plain problems."""

    inputs: tuple[tuple[Any, ...], ...]
    """Positional arguments of each call: plain data of exact built-in types."""
    expected: tuple[Any, ...] | None = None
    """What each call gives; None when it is what the reference solution gives."""
    oracle: str = "equal"
    """How an output is compared: a row of `sandbox.oracles.ORACLES`."""
    atol: float = 0.0
    """Absolute tolerance on floats; 0 for what the oracle does by itself."""

    def __post_init__(self) -> None:
        if self.expected is not None and len(self.expected) != len(self.inputs):
            raise ValueError(f"{len(self.inputs)} inputs have {len(self.expected)} expected values; each needs one")


@dataclass(frozen=True, slots=True)
class CheckFunction:
    """Source that defines `check(candidate)`, which raises when the candidate is wrong: the form of HumanEval."""

    source: str
    helpers: str = ""
    """Trusted source that runs before it: functions of the prompt which the check itself calls."""


@dataclass(frozen=True, slots=True)
class Assertions:
    """Assert statements about the names that a program defines: the form of MBPP."""

    statements: tuple[str, ...]
    setup: str = ""
    """Trusted source that runs before them."""


@dataclass(frozen=True, slots=True)
class UnitTests:
    """Source of a `unittest.TestCase` that runs in the program's own namespace: the form of BigCodeBench."""

    source: str


Tests = Calls | CheckFunction | Assertions | UnitTests


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a benchmark."""

    task_id: str
    prompt: str
    """As the benchmark writes it: the beginning of a program, or a text."""
    entry_point: str
    """The function that the tests call."""
    reference: str
    """A whole program that solves it; empty when the benchmark has none."""
    tests: Mapping[str, Tests] = field(hash=False)
    """Groups by name, `base` first; the problem passes when every group does."""
    mode: Literal["continuation", "instruction"] = "continuation"
    """Whether the prompt is the beginning of a program or a text that asks for one."""
    released: date | None = None
    """When the problem was published, where the benchmark is dated."""

    def __post_init__(self) -> None:
        if not self.tests:
            raise ValueError(f"the problem {self.task_id!r} has no tests; it needs at least one group")
