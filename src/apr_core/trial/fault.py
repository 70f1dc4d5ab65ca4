"""A fault that is planted while claims are judged.

The one thing a reader would get wrong: an alteration of evidence goes by record and not by the name in the contract. Two names
that select the same run see the same altered run, so that comparing a run with itself stays what it is: a comparison that can
never fall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apr_core.evidence.record import Record

Alteration = Callable[[Sequence[Record]], list[Record]]
"""Records of one selection, in its order, to the records that the claim sees instead."""


@dataclass(frozen=True)
class Fault:
    """What is different from the real thing, for one judging session."""

    id: str
    """Names the fault in the store of counterexamples, so that the case that killed it is tried first next time."""
    subjects: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Subjects, by the name in the contract, that are replaced in this process."""
    records: Alteration | None = None
    inverted: bool = False
    """Whether a case counts as a refutation exactly when the claim is true of it."""
    remember: bool = False
    """Whether the killing case is stored."""
