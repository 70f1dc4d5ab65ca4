"""Choosing a prompt by what was measured before.

The one thing a reader would get wrong: the best of several measured prompts is partly the luckiest. The sentence that comes with
the choice says how many were compared; its pass@1 is no estimate of the next run's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import NamedTuple

from apr_core.errors import EvidenceError
from apr_core.evaluation.prompts.table import STRATEGIES
from apr_core.evidence.metrics import evaluate, exact_mean
from apr_core.evidence.record import Record

STANDARD = "standard"


class Choice(NamedTuple):
    """A strategy, and a sentence that says why."""

    name: str
    why: str


class _Runs(NamedTuple):
    mean: Fraction
    number: int


def choose(
    benchmark: str, model: str, records: Iterable[Record], *, among: Collection[str] = tuple(STRATEGIES)
) -> Choice:
    """The strategy with the highest mean pass@1 over its runs of this model on this benchmark; `standard` without any.

    `records` are the registered ones; those of other models, other benchmarks and unknown prompts are passed over, each
    record counts once. Of equal means `standard` wins, then the order of `among`.
    """
    fitting = {
        record.id: record
        for record in records
        if record.protocol.benchmark == benchmark and record.subject.model == model
    }
    measured: dict[str, list[Fraction]] = {}
    other: set[str] = set()
    for record in fitting.values():
        if record.protocol.prompt not in among:
            other.add(record.protocol.prompt)
        elif (score := _score(record)) is not None:
            measured.setdefault(record.protocol.prompt, []).append(score)
    passed_over = (
        f" Records with the prompt {', '.join(map(repr, sorted(other)))} cannot be chosen from." if other else ""
    )
    if not measured:
        return Choice(STANDARD, f"{STANDARD}: no registered run of {model} on {benchmark} names a prompt.{passed_over}")
    table = {name: _Runs(exact_mean(scores), len(scores)) for name, scores in measured.items()}
    best = max(runs.mean for runs in table.values())
    order = [STANDARD, *(name for name in among if name != STANDARD)]
    name = next(one for one in order if one in table and table[one].mean == best)
    return Choice(name, _why(name, table, benchmark, model) + passed_over)


def _score(record: Record) -> Fraction | None:
    """pass@1 of one run; None when the record cannot say it."""
    try:
        value = evaluate("pass@1", [record]).value
    except EvidenceError:
        return None
    return None if value is None else Fraction(value)


def _why(name: str, table: dict[str, _Runs], benchmark: str, model: str) -> str:
    figures = {
        one: f"mean pass@1 {float(runs.mean):.4f} over {_counted(runs.number, 'run')}" for one, runs in table.items()
    }
    if len(table) == 1:
        return f"{name}: {figures[name]}, the only prompt measured with {model} on {benchmark}."
    ranked = sorted((one for one in table if one != name), key=lambda one: (-table[one].mean, one))
    others = "; ".join(f"{one} {figures[one]}" for one in ranked)
    tied = [one for one in ranked if table[one].mean == table[name].mean]
    how = f"as high as {' and '.join(tied)}, and first in order," if tied else "the highest"
    return (
        f"{name}: {figures[name]}, {how} of {_counted(len(table), 'prompt')} compared with {model} on {benchmark} ({others}). "
        "Optimistic: the best of several measured ones is partly the luckiest, so judge it on runs made after this choice."
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
