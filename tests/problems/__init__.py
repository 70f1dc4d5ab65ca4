"""Thirty problems of our own and solutions of them, right, wrong and hostile; README.md describes the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent
PLAIN = FOLDER / "problems.jsonl"
FORMATS = {
    "plain": PLAIN,
    "humaneval": FOLDER / "humaneval.jsonl",
    "humaneval+": FOLDER / "humaneval-plus.jsonl",
    "mbpp": FOLDER / "mbpp.jsonl",
    "mbpp+": FOLDER / "mbpp-plus.jsonl",
    "bigcodebench": FOLDER / "bigcodebench.jsonl",
}
"""Benchmark → a file in its format."""


class Solution(NamedTuple):
    """A program for one of the thirty."""

    task_id: str
    kind: str
    """`reference`, `wrong` or `hostile`."""
    name: str
    classes: tuple[str, ...]
    """Outcomes that are right for it."""
    program: str


def solutions(*kinds: str) -> list[Solution]:
    """The solutions of these kinds, or all."""
    rows = [json.loads(line) for line in (FOLDER / "solutions.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Solution(**row | {"classes": tuple(row["classes"])}) for row in rows if not kinds or row["kind"] in kinds]
