"""Hostile programs that the sandbox must hold, and what it makes of them.

The one thing a reader would get wrong: these programs attack. `programs/` is data, and is never imported; outside the sandbox
nothing runs them but the tests, and those only the ones that say they do no harm.
"""

from __future__ import annotations

from apr_core.evaluation.battery.run import (
    attempts,
    classes,
    forms,
    honest,
    inert,
    integrity,
    late,
    outcome,
    programs,
    reached,
    tryable,
    unharmed,
)

__all__ = [
    "attempts",
    "classes",
    "forms",
    "honest",
    "inert",
    "integrity",
    "late",
    "outcome",
    "programs",
    "reached",
    "tryable",
    "unharmed",
]
