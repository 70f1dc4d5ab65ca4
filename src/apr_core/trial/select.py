"""Which records a claim rests on, and their values in the shape that a weighing needs.

The one thing a reader would get wrong: nothing found is not an error but a reason (`Untestable`), with what is there instead;
a ledger with an unreadable file is an error for every selection by rule, because what it held may be the run that refutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apr_core.contract.load import LoadedContract
from apr_core.contract.schema import Selector
from apr_core.errors import EvidenceError, Untestable
from apr_core.evidence.metrics import PERPLEXITY_UNIT, problem_estimates
from apr_core.evidence.record import ExamplesOutcome, ProblemsOutcome, Record, SeriesOutcome
from apr_core.trial.combine import OPTIMISTIC

if TYPE_CHECKING:
    from apr_core.trial.session import Session


def select(session: Session, loaded: LoadedContract, name: str, metric: str) -> tuple[list[Record], list[str]]:
    """The records that one evidence name stands for, and notes about how they were picked; `metric` ranks `select: best`.

    Raises:
        Untestable: there are none, or a role is not bound.
        EvidenceError: a file of the ledger is broken, so that what it held may be missing from the selection.
    """
    selector: Selector = loaded.model.evidence[name]
    asked, roles = _bound(session, selector)
    choice = selector.select
    by_id = isinstance(choice, list) or choice not in ("all", "latest", "registered", "best")
    if session.ledger.broken and not by_id:
        path, why = session.ledger.broken[0]
        raise EvidenceError(
            f"{len(session.ledger.broken)} evidence file(s) cannot be read, so {name!r} may be missing a run; the first is "
            f"{path.name}: {why} Repair it or take it out."
        )
    found = session.ledger.select(asked, roles=roles, metric=metric)
    if not found.records:
        produce = loaded.model.produce
        enable = (
            f"produce it with the recipe {produce}"
            if produce
            else "record or import such a run: apr evidence import --help"
        )
        raise Untestable(f"no evidence for {name!r}: {found.explanation}", enable)
    if choice == "latest" and found.picked_from > 1 and found.records[0].time is None:
        raise EvidenceError(
            f"{name!r} selects the latest of {found.picked_from} records, but none says when it was made."
        )
    note = []
    if choice == "best" and found.picked_from > 1:
        note.append(f"{OPTIMISTIC}: {name} is the best of {found.picked_from} runs")
    records = list(found.records)
    if session.fault is not None and session.fault.records is not None:
        records = session.fault.records(records)
    return records, note


def _bound(session: Session, selector: Selector) -> tuple[dict[str, Any], dict[str, str]]:
    asked = {key: value for key, value in selector.model_dump().items() if value is not None}
    scale = session.scale
    if scale is not None:
        for key, table in (("benchmark", scale.benchmarks), ("precision", scale.precisions)):
            if key in asked:
                asked[key] = table.get(asked[key], asked[key])
        return asked, dict(scale.roles)
    if selector.role is not None:
        names = sorted(path.stem for path in (session.root / "contracts" / "scales").glob("*.yaml"))
        there = ", ".join(names) or "none yet"
        raise Untestable(
            f"the role {selector.role!r} is bound to no model: no scale was chosen",
            f"choose one: --apr-scale NAME ({there})",
        )
    return asked, {}


def run_scores(records: Sequence[Record], metric: str, items: Sequence[str]) -> list[list[float]]:
    """(runs, items): passes per problem or the value per held-out example, one row per training seed.

    Several evaluations of one seed are averaged: the seed is the unit, and they say nothing about another one.
    """
    rows: dict[int, list[list[float]]] = {}
    for record in records:
        if record.seed is None:
            raise EvidenceError(
                f"{record.id} does not say its training seed; a claim about training runs counts seeds."
            )
        outcome = record.outcome
        if isinstance(outcome, ProblemsOutcome):
            table = problem_estimates(record, int(metric.partition("@")[2] or 1))
        elif isinstance(outcome, ExamplesOutcome):
            table = {example.id: example.value for example in outcome.examples}
        else:
            raise EvidenceError(
                f"{record.id} has no results per problem or example; a claim about training runs needs them."
            )
        rows.setdefault(record.seed, []).append([table[key] for key in items])
    return [[sum(column) / len(column) for column in zip(*same, strict=True)] for same in rows.values()]


def recorded_series(records: Sequence[Record], name: str) -> tuple[list[float], list[float]] | None:
    """Values and steps when the evidence is one recorded series; None when it is values per held-out example."""
    if not any(isinstance(record.outcome, SeriesOutcome) for record in records):
        return None
    series = [
        record.outcome
        for record in records
        if isinstance(record.outcome, SeriesOutcome) and record.outcome.name == name
    ]
    if len(series) != 1:
        names = sorted({record.outcome.name for record in records if isinstance(record.outcome, SeriesOutcome)})
        raise EvidenceError(
            f"{len(series)} recorded series are called {name!r}; one is needed. There are: {', '.join(names)}."
        )
    return [point.value for point in series[0].points], [float(point.step) for point in series[0].points]


def step_tables(records: Sequence[Record], metric: str) -> list[tuple[int, dict[str, float]]]:
    """(step, example → value), in the order of the steps; perplexity is judged by the losses behind it."""
    if metric not in ("mean", "perplexity"):
        raise EvidenceError(f"a trend over held-out examples is of 'mean' or 'perplexity', not of {metric!r}.")
    tables: dict[int, dict[str, float]] = {}
    units = {record.outcome.unit for record in records if isinstance(record.outcome, ExamplesOutcome)}
    if len(units) > 1 or (metric == "perplexity" and units - {PERPLEXITY_UNIT}):
        wanted = f"{PERPLEXITY_UNIT!r}" if metric == "perplexity" else "one unit"
        raise EvidenceError(
            f"the steps are in {', '.join(map(repr, sorted(units)))}; a trend of {metric} needs {wanted}."
        )
    for record in records:
        if not isinstance(record.outcome, ExamplesOutcome) or record.outcome.step is None:
            raise EvidenceError(
                f"{record.id} is not a step: it needs values per held-out example and the number of its step."
            )
        if record.outcome.step in tables:
            raise EvidenceError(
                f"two records are of step {record.outcome.step}, the second is {record.id}; a trend takes one per step. "
                "Select them by id or by seed."
            )
        tables[record.outcome.step] = {example.id: example.value for example in record.outcome.examples}
    if len(tables) < 2:
        raise EvidenceError("a trend needs at least two steps. Evaluate before the training and after each epoch.")
    return sorted(tables.items())
