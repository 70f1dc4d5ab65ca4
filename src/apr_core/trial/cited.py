"""The evidence that results cite, as a reader of a report sees it: what was measured, how, by whom, and the headline figure.

The one thing a reader would get wrong: `value` is here to recognise a record by. What a claim made of it, over which runs and
with which interval, is in the claim's result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.files import digest_bytes
from apr_core.trial.result import Result

if TYPE_CHECKING:
    from apr_core.evidence.ledger import Ledger
    from apr_core.evidence.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedRecord:
    """One evidence record in brief. `unknown` and None are what the record itself says: nobody can know."""

    id: str
    digest: str
    """SHA-256 of the content, in hexadecimal; the id ends with its first twelve digits."""
    file: str
    """Where the record lies: its path below the project's root, or its name when it lies elsewhere."""
    model: str
    precision: str
    role: str | None
    stage: str | None
    lineage: tuple[str, ...] | None
    """Models and stages that the subject came from, oldest first."""
    benchmark: str
    prompt: str
    backend: str
    """The backend that was used."""
    source: str
    """`measured`, `imported` or `published`."""
    tool: str
    """What measured it, or the text that prints it, with its version."""
    time: str | None
    seed: int | None
    outcome: str
    """`problems`, `examples`, `series`, `scalar` or `aggregate`."""
    n: int | None
    """Problems, examples, points or repeats."""
    measure: str
    """What `value` is: `pass@1`, `perplexity`, the name of a series."""
    value: float | None
    unit: str | None
    sha256: str | None = None
    """Of the file, byte for byte; None when there is none."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data; `from_json` is its inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CitedRecord:
        """The record that `to_json` wrote."""
        lineage = data["lineage"]
        return cls(**{**data, "lineage": None if lineage is None else tuple(lineage)})


def cite(results: Iterable[Result], ledger: Ledger, root: Path) -> tuple[CitedRecord, ...]:
    """The records that `results` rest on, oldest first. A record that has left the ledger since is left out.

    Raises:
        EvidenceError: a folder of the ledger cannot be listed.
    """
    wanted = {identity for result in results for identity in result.evidence}
    if not wanted:  # then the ledger need not be read
        return ()
    return tuple(_with_file(record, ledger, root) for record in ledger.records if record.id in wanted)


def _with_file(record: Record, ledger: Ledger, root: Path) -> CitedRecord:
    name = f"{record.id}.json"
    path = next((folder / name for folder in ledger.folders if (folder / name).exists()), None)
    if path is None:
        return cited(record, name)
    file = path.relative_to(root).as_posix() if path.is_relative_to(root) else name
    return replace(cited(record, file), sha256=digest_bytes(path.read_bytes()))


def cited(record: Record, file: str) -> CitedRecord:
    """`record`, which lies in `file`, in brief."""
    subject, protocol, source = record.subject, record.protocol, record.source
    measure, value, unit, n = _headline(record)
    version = "" if source.tool_version == "unknown" else f" {source.tool_version}"
    return CitedRecord(
        id=record.id,
        digest=record.digest,
        file=file,
        model=subject.model,
        precision=subject.precision,
        role=subject.role,
        stage=subject.stage,
        lineage=subject.lineage,
        benchmark=protocol.benchmark,
        prompt=protocol.prompt,
        backend=record.environment.backend,
        source=source.kind,
        tool=f"{source.tool}{version}",
        time=record.time,
        seed=record.seed,
        outcome=record.outcome.kind,
        n=n,
        measure=measure,
        value=value,
        unit=unit,
    )


def _headline(record: Record) -> tuple[str, float | None, str | None, int | None]:
    """Name, value and unit of the figure by which people know a record, and what it is out of."""
    from apr_core.evidence.metrics import evaluate
    from apr_core.evidence.record import (
        AggregateOutcome,
        ExamplesOutcome,
        ProblemsOutcome,
        ScalarOutcome,
    )

    outcome = record.outcome
    if isinstance(outcome, ProblemsOutcome):
        return "pass@1", evaluate("pass@1", [record]).value, "fraction", len(outcome.problems)
    if isinstance(outcome, AggregateOutcome):
        exact = None if outcome.passes is None or outcome.n is None else outcome.passes / outcome.n
        unit = "fraction" if outcome.metric.startswith("pass@") else None
        return outcome.metric, outcome.value if exact is None else exact, unit, outcome.n
    if isinstance(outcome, ExamplesOutcome):
        return "mean", evaluate("mean", [record]).value, outcome.unit, len(outcome.examples)
    if isinstance(outcome, ScalarOutcome):
        return "value", outcome.value, outcome.unit, len(outcome.repeats) or None
    last = outcome.points[-1]
    return f"{outcome.name} at step {last.step:,}", last.value, outcome.unit, len(outcome.points)
