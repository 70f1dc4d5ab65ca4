"""The samples of one task of lm-evaluation-harness, and what a metric of theirs comes to as an outcome.

The one thing a reader would get wrong: a metric called `perplexity` holds log-likelihoods here, one per document, and
only its mean is made a perplexity. None of them is per token, since the file does not count tokens.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from apr_core.errors import EvidenceError
from apr_core.evidence.importers.scores import number
from apr_core.evidence.record import ExampleResult, ExamplesOutcome, ProblemResult, ProblemsOutcome

LINE_BYTES = 64 * 2**20
"""The longest line that is read."""

_HASHES = ("doc_hash", "prompt_hash", "target_hash")
_PASS_AT_1 = ("pass@1", "pass_at_1")
_INVALID = "[invalid]"
"""What the harness puts in place of an answer when its filter found none."""

_PER_PIECE = {
    "word_perplexity": ("nats/word", 1.0),
    "byte_perplexity": ("nats/byte", 1.0),
    "bits_per_byte": ("bits/byte", math.log(2)),
}
"""Metrics whose value for a document is its log-likelihood and how many pieces it has → unit, and nats per unit."""

_TOTALS: Mapping[str, Callable[[float], float]] = {
    "mean": lambda mean: mean,
    "bits_per_byte": lambda mean: mean,
    "perplexity": math.exp,
    "weighted_perplexity": math.exp,
}
"""Aggregations of the harness that are a function of the weighted mean."""

_DEFAULT_TOTALS = {
    "acc": "mean",
    "acc_norm": "mean",
    "exact_match": "mean",
    "perplexity": "perplexity",
    "word_perplexity": "weighted_perplexity",
    "byte_perplexity": "weighted_perplexity",
    "bits_per_byte": "bits_per_byte",
}


class Row(NamedTuple):
    """One document under one filter."""

    values: dict[str, Any]
    """By metric."""
    completions: int
    """How many completions the filter left to be scored."""
    found: bool
    """Whether the filter found an answer."""


class Samples(NamedTuple):
    """A file of samples, without its texts."""

    path: Path
    digest: str
    """SHA-256 of the file."""
    rows: dict[str, dict[int, Row]]
    """By filter and `doc_id`."""
    scores: tuple[str, ...]
    """What was measured, as the harness names it, `metric,filter`, in the order of the file."""
    documents: tuple[tuple[int, str, str], ...]
    """`doc_id`, hash of the document and hash of its target, in the order of the first."""


def read_samples(path: Path, stated: str | None) -> Samples:
    """The file at `path`, which must hold the documents that `stated`, the `task_hashes` entry of the results, is of.

    Raises:
        EvidenceError: it cannot be read, is cut off, has a document twice, or is of other documents.
    """
    whole, joined = hashlib.sha256(), hashlib.sha256()
    rows: dict[str, dict[int, Row]] = {}
    documents: dict[int, tuple[str, str]] = {}
    for place, line in _lines(path):
        whole.update(line)
        value = _parsed(place, line)
        doc, prompt, target = (str(value[name]) for name in _HASHES)
        joined.update(f"{doc}{prompt}{target}".encode())
        seen = rows.setdefault(value["filter"], {})
        if value["doc_id"] in seen:
            raise EvidenceError(
                f"{place}: the document {value['doc_id']} occurs a second time under the filter {value['filter']!r}. "
                "Restore the file: two runs were written into it."
            )
        seen[value["doc_id"]] = _row(place, value)
        documents[value["doc_id"]] = (doc, target)
    if not rows:
        raise EvidenceError(f"{path}: it is empty. Restore the file, or run the harness again.")
    if stated is not None and joined.hexdigest() != stated:
        raise EvidenceError(
            f"{path}: its documents have the hash {joined.hexdigest()[:12]}, and the results file says {stated[:12]}. The "
            "samples were cut off, changed, or are of another run: restore both files."
        )
    scores = dict.fromkeys(f"{metric},{name}" for name in rows for row in rows[name].values() for metric in row.values)
    listed = tuple((doc_id, *documents[doc_id]) for doc_id in sorted(documents))
    return Samples(path, whole.hexdigest(), rows, tuple(scores), listed)


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with path.open("rb") as file:
            count = 0
            while line := file.readline(LINE_BYTES + 1):
                count += 1
                if len(line) > LINE_BYTES:
                    raise EvidenceError(f"{path}:{count}: this line has more than {LINE_BYTES:,} bytes, the most read.")
                yield f"{path}:{count}", line
    except OSError as error:
        raise EvidenceError(f"cannot read {path}: {error.strerror or error}. Check the path.") from error


def _parsed(place: str, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        cut = "" if line.endswith(b"\n") else " (the file ends here: is it truncated?)"
        raise EvidenceError(f"{place}: this is not JSON: {error}{cut}. Restore the file.") from error
    if not isinstance(value, dict) or "doc_id" not in value:
        raise EvidenceError(f"{place}: this is no sample of lm-evaluation-harness: it has no doc_id. Restore the file.")
    if not {"filter", "metrics", *_HASHES} <= set(value):
        raise EvidenceError(
            f"{place}: this sample does not say its filter and metrics, as lm-evaluation-harness does since 0.4.7: which "
            "of several answers a line is of cannot be known. Run it again with a newer version."
        )
    if type(value["doc_id"]) is not int or not isinstance(value["filter"], str) or not _texts(value["metrics"]):
        raise EvidenceError(
            f"{place}: doc_id is {value['doc_id']!r}, filter {value['filter']!r} and metrics {value['metrics']!r}; a whole "
            "number, a text and a list of texts are needed. Restore the file."
        )
    if wrong := [name for name in _HASHES if not re.fullmatch("[0-9a-f]{64}", str(value[name]))]:
        raise EvidenceError(f"{place}: {wrong[0]} is {value[wrong[0]]!r}, and a SHA-256 is needed. Restore the file.")
    return value


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _row(place: str, value: dict[str, Any]) -> Row:
    missing = [metric for metric in value["metrics"] if metric not in value]
    if missing:
        raise EvidenceError(
            f"{place}: the sample names the metric {missing[0]!r} and has no value for it. Restore the file."
        )
    answers = value.get("filtered_resps")
    first = answers[0] if isinstance(answers, list) and answers else None
    completions = len(first) if isinstance(first, list) and _texts(first) else 1
    return Row({metric: value[metric] for metric in value["metrics"]}, completions, first != _INVALID)


def outcome_of(
    samples: Samples, score: str, output_type: str | None, better: bool | None
) -> ProblemsOutcome | ExamplesOutcome:
    """What the `score` of each document makes: passes, or values in a unit.

    `better` is whether the task says that a higher value is. Only then a 1 is a pass.

    Raises:
        EvidenceError: a document has no value of its own, or none that can be read.
    """
    metric, _, name = score.partition(",")
    rows = dict(sorted(samples.rows[name].items()))
    where = f"{samples.path}: {score}"
    if lacking := [
        doc_id for doc_id, _, _ in samples.documents if metric not in getattr(rows.get(doc_id), "values", ())
    ]:
        raise EvidenceError(
            f"{where}: {len(lacking)} of {len(samples.documents)} documents have no value, the first is {lacking[0]}. A "
            "mean over the others would be another measurement: choose another score, or run again."
        )
    if metric in _PER_PIECE:
        return _per_piece(where, metric, rows)
    values = {doc_id: _number(where, doc_id, row.values[metric]) for doc_id, row in rows.items()}
    if metric in _PASS_AT_1:
        return _problems(where, values, rows)
    if better is True and set(values.values()) <= {0.0, 1.0}:
        return _problems(where, values, {doc_id: row._replace(completions=1) for doc_id, row in rows.items()})
    if metric == "perplexity" and output_type == "loglikelihood":
        values, metric = {doc_id: -value for doc_id, value in values.items()}, "nats/target"
    examples = tuple(ExampleResult(id=str(doc_id), value=value) for doc_id, value in values.items())
    return ExamplesOutcome(unit=metric, examples=examples)


def _number(where: str, doc_id: int, value: Any) -> float:
    if value is None:
        raise EvidenceError(
            f"{where}: document {doc_id} was not scored, as with --predict_only. Run the harness again without it."
        )
    if (found := number(value)) is None:
        shown = json.dumps(value)
        raise EvidenceError(
            f"{where}: document {doc_id} has the value {shown if len(shown) <= 60 else shown[:57] + '...'}, which is no "
            "finite number. A metric that is computed over all documents together has none for each: choose another."
        )
    return found


def _problems(where: str, values: Mapping[int, float], rows: Mapping[int, Row]) -> ProblemsOutcome:
    problems = []
    for doc_id, value in values.items():
        samples = rows[doc_id].completions
        passes = round(value * samples)
        if not 0 <= passes <= samples or abs(passes - value * samples) > 1e-6:
            raise EvidenceError(
                f"{where}: document {doc_id} has the value {value:g} with {samples} completions, and no number of passes "
                "gives that. Restore the file."
            )
        failure = None if passes == samples or rows[doc_id].found else "no answer found"
        problems.append(ProblemResult(id=str(doc_id), samples=samples, passes=passes, failure=failure))
    return ProblemsOutcome(problems=tuple(problems))


def _per_piece(where: str, metric: str, rows: Mapping[int, Row]) -> ExamplesOutcome:
    unit, nats = _PER_PIECE[metric]
    examples = []
    for doc_id, row in rows.items():
        pair = row.values[metric]
        found = [number(one) for one in pair] if isinstance(pair, list) else []
        if len(found) != 2 or found[0] is None or found[1] is None or found[1] <= 0:
            raise EvidenceError(
                f"{where}: document {doc_id} has the value {json.dumps(pair)}; a finite log-likelihood and a number of "
                f"{unit.partition('/')[2]}s above 0 are needed. Restore the file, or leave the document out."
            )
        examples.append(ExampleResult(id=str(doc_id), value=-found[0] / found[1] / nats, weight=found[1]))
    return ExamplesOutcome(unit=unit, examples=tuple(examples))


def overall(outcome: ProblemsOutcome | ExamplesOutcome, metric: str, metrics: list[Any] | None) -> float | None:
    """What the harness must have printed for this outcome; None when its aggregation is none that is known here.

    `metrics` is the task's `metric_list`. The metric of a code task stands there by its source, not by its name.
    """
    entries = [one for one in metrics or [] if isinstance(one, dict)]
    by_source = entries[0] if len(entries) == 1 and metric.startswith("pass") else {}
    entry = next((one for one in entries if one.get("metric") == metric), by_source)
    total = _TOTALS.get(str(entry.get("aggregation", _DEFAULT_TOTALS.get(metric))))
    if isinstance(outcome, ProblemsOutcome):
        mean = math.fsum(one.passes / one.samples for one in outcome.problems) / len(outcome.problems)
    else:
        weight = math.fsum(one.weight for one in outcome.examples)
        mean = math.fsum(one.value * one.weight for one in outcome.examples) / weight
    try:
        return None if total is None else total(mean)
    except OverflowError:
        return None
