"""Result files that evaluation harnesses wrote, and what the tests of their importers do with them.

How the samples came about is in samples/README.md.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apr_core.evidence.record import ProblemsOutcome, Record

SAMPLES = Path(__file__).parent / "samples"
HARNESS = Path(__file__).parents[3] / "shared" / "data" / "harness"
SEVEN = "Qwen2.5-Coder-7B"


def raw(path: Path) -> Any:
    return json.loads(path.read_text())


def outcome(record: Record) -> list[tuple[str, int, int, str | None]]:
    assert isinstance(record.outcome, ProblemsOutcome)
    return [(one.id, one.samples, one.passes, one.failure) for one in record.outcome.problems]


def solved(record: Record) -> int:
    return sum(passes for _, _, passes, _ in outcome(record))


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1))
    return path


def broken(path: Path, change: Callable[[Any], object]) -> str:
    value = copy.deepcopy(raw(path))
    change(value)
    return json.dumps(value, indent=1)


def first(run: Any) -> Any:
    """The samples of the first problem of a file."""
    return next(iter(run["eval"].values()))
