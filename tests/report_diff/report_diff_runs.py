"""Runs made by hand: claims of every outcome, and ways to change one thing about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apr_core.report.run import Run
from apr_core.report.summary import RunInfo
from apr_core.trial.control import Audited, Cell, Control
from apr_core.trial.result import Result
from apr_core.verdict import Verdict

FIELDS: dict[str, dict[str, Any]] = {
    "HELD": {"verdict": Verdict.HELD},
    "HELD-AS-FALSE": {"verdict": Verdict.FALSIFIED, "expect": "falsified"},
    "FALSIFIED": {"verdict": Verdict.FALSIFIED},
    "REFUTED": {"verdict": Verdict.FALSIFIED, "refuted": "never was"},
    "RECOVERED": {"verdict": Verdict.HELD, "refuted": "never was"},
    "UNDERPOWERED": {"verdict": Verdict.UNDERPOWERED},
    "UNTESTED": {"verdict": Verdict.UNTESTED},
    "ERROR": {"verdict": Verdict.ERROR},
}
SCORE: dict[str, Any] = {
    "type": "threshold", "estimate": 0.85, "interval": (0.80, 0.90), "interval_of": "bounds", "line": "at least 0.8",
    "required": (0.8, None), "unit": "fraction", "n": 164, "n_of": "problems", "evidence": ("ev-1", "ev-2"),
}  # fmt: skip


def claim(outcome: str = "HELD", name: str = "ONE", **fields: Any) -> Result:
    made = Result(
        id=f"a/b::{name}", contract="a/b", type="holds", claim=f"The claim {name}.", reason="So it came.",
        where="contracts/a/b.apr.yaml:7", contract_digest="cd" * 32, **FIELDS[outcome],
    )  # fmt: skip
    made = replace(made, **fields)
    assert made.outcome == outcome
    return made


def scored(outcome: str = "HELD", name: str = "ONE", **fields: Any) -> Result:
    return claim(outcome, name, **(SCORE | fields))


def run(*results: Result, info: dict[str, Any] | None = None, **fields: Any) -> Run:
    said: dict[str, Any] = {
        "root": "main", "command": "pytest falsify", "seed": 0, "cases": 100, "started": "2026-01-01T00:00:00+00:00",
        "seconds": 1.0, "versions": {"python": "3.12.1"}, "selected": len(results), "collected": len(results),
    }  # fmt: skip
    return Run(results, RunInfo(**(said | (info or {}))), **fields)


def control(outcome: str, name: str = "m") -> Control:
    cells = (Cell(claim="a/b::ONE", outcome=outcome, reason="so it came"),)
    return Control(id=f"a/b::{name}", contract="a/b", kind="result", of="f", fault="x", where="a:1", cells=cells)


def audited(label: str) -> Audited:
    return Audited(claim="a/b::ONE", label=label, reason="so it came")
