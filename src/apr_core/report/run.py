"""What a run has to show: the one bundle that every renderer takes.

The one thing a reader would get wrong: only `results` and `info` are there for every run. Records are those that a result
cites; controls and audit are there when somebody asked for mutants, and empty means that nobody did, not that all went well.
"""

from __future__ import annotations

from dataclasses import dataclass

from apr_core.report.summary import RunInfo
from apr_core.trial.cited import CitedRecord
from apr_core.trial.control import Audited, Control
from apr_core.trial.result import Result


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its results in the order in which they are to be read, and what they rest on."""

    results: tuple[Result, ...]
    info: RunInfo
    records: tuple[CitedRecord, ...] = ()
    """The evidence that the results cite, oldest first."""
    controls: tuple[Control, ...] = ()
    """The mutants that were tried: rows of the kill matrix."""
    audited: tuple[Audited, ...] = ()
    """What the audit says of each claim that it looked at."""
