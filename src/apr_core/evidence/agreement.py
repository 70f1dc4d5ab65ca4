"""Do these records speak of the same thing? Asked before any two of them are averaged, united or compared.

The one thing a reader would get wrong: agreement of the names is not enough. Two runs of one benchmark whose problem
ids differ, or whose known digests differ, are of two benchmarks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apr_core.errors import EvidenceError
from apr_core.evidence.record import ExamplesOutcome, ProblemsOutcome, Record


def one_benchmark(records: Sequence[Record]) -> str:
    """The benchmark that all `records` share.

    Raises:
        EvidenceError: there are no records, or they name different benchmarks or benchmark digests; says which.
    """
    if not records:
        raise EvidenceError("there are no records to measure; no data is not zero. Select at least one record.")
    names = {record.protocol.benchmark.casefold(): record.protocol.benchmark for record in records}
    if len(names) > 1:
        raise EvidenceError(
            f"these {len(records)} records are of different benchmarks: {_listed(names.values())}. A measure "
            "covers one benchmark: add `benchmark` to the selection."
        )
    digests = {record.protocol.benchmark_digest for record in records} - {None}
    if len(digests) > 1:
        raise EvidenceError(
            f"these {len(records)} records name benchmark {records[0].protocol.benchmark!r} with different contents: "
            f"digests {_listed(str(digest)[:12] for digest in digests)}. Select records of one version."
        )
    return records[0].protocol.benchmark


def item_ids(record: Record) -> tuple[str, ...]:
    """The ids of the problems or examples of a record, in its order; none for one that has no items."""
    outcome = record.outcome
    if isinstance(outcome, ProblemsOutcome):
        return tuple(problem.id for problem in outcome.problems)
    if isinstance(outcome, ExamplesOutcome):
        return tuple(example.id for example in outcome.examples)
    return ()


def one_item_set(records: Sequence[Record]) -> tuple[str, ...]:
    """The item ids that all `records` share, in the order of the first; none for no records.

    Raises:
        EvidenceError: some record has other items; says how many, and names some.
    """
    first = item_ids(records[0]) if records else ()
    for record in records[1:]:
        here = set(item_ids(record))
        missing, added = [one for one in first if one not in here], sorted(here - set(first))
        if missing or added:
            raise EvidenceError(
                f"{records[0].id} and {record.id} are not of the same items: the second lacks {len(missing)} of "
                f"the first's {len(first)}{_examples(missing)} and has {len(added)} others{_examples(added)}. Select "
                "runs of one set."
            )
    return first


def _listed(words: Iterable[str]) -> str:
    return ", ".join(repr(word) for word in sorted(words))


def _examples(ids: Sequence[str]) -> str:
    if not ids:
        return ""
    return f" ({', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''})"
