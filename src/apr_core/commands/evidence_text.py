"""How `apr evidence` shows records and comparisons: tables of at most 100 columns for people, plain data for programs.

The one thing a reader would get wrong: ids in tables are cut to the digest at their end. It is enough to name the
record in every command.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from apr_core.evidence.analysis import Comparison, Oracle, Share, compare
from apr_core.evidence.ledger import Selection
from apr_core.evidence.record import (
    UNKNOWN,
    AggregateOutcome,
    ExamplesOutcome,
    ProblemsOutcome,
    Record,
    ScalarOutcome,
)
from apr_core.report.text import clean
from apr_core.statistics import mcnemar_exact, tango_interval

WIDTH = 100
ALPHA = 0.05


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows below headings, in at most `WIDTH` columns; wide cells fold, and text from a record is made printable."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, padding=(0, 1, 0, 0), header_style="", show_header=any(headings))
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    for cells in rows:
        grid.add_row(*(Text(clean(cell)) for cell in cells))
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(grid)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def result(record: Record) -> str:
    """The outcome in a few words; `*` marks one that is known only in total."""
    outcome = record.outcome
    if isinstance(outcome, ProblemsOutcome):
        passed = sum(problem.passes > 0 for problem in outcome.problems)
        return _share(passed, len(outcome.problems))
    if isinstance(outcome, AggregateOutcome):
        if outcome.passes is not None and outcome.n is not None:
            return _share(outcome.passes, outcome.n) + " *"
        percent = outcome.metric.startswith("pass@") and outcome.value is not None
        return f"{100 * (outcome.value or 0):.4g} % *" if percent else f"{outcome.value:g} *"
    if isinstance(outcome, ScalarOutcome):
        return f"{outcome.value:g} {outcome.unit}"
    if isinstance(outcome, ExamplesOutcome):
        return f"{len(outcome.examples)} examples"
    return f"{outcome.name}, {len(outcome.points)} points"


def _share(passed: int, n: int) -> str:
    return f"{passed}/{n} {100 * passed / n:.2f} %"


def row(record: Record) -> dict[str, Any]:
    """A record without its items."""
    outcome = {key: value for key, value in record.content["outcome"].items() if not isinstance(value, list)}
    return {
        "id": record.id,
        "time": record.time,
        "model": record.subject.model,
        "precision": record.subject.precision,
        "benchmark": record.protocol.benchmark,
        "prompt": record.protocol.prompt,
        "backend": record.environment.backend,
        "seed": record.seed,
        "source": record.source.kind,
        "outcome": outcome,
        "result": result(record),
    }


def list_text(selection: Selection) -> str:
    """One line per record."""
    headings = ("digest", "date", "benchmark", "model", "precision", "prompt", "result")
    rows = [
        (
            record.digest[:12],
            (record.time or "undated")[:10],
            record.protocol.benchmark,
            record.subject.model,
            record.subject.precision,
            record.protocol.prompt,
            result(record),
        )
        for record in selection.records
    ]
    return f"{table(headings, rows)}\n\n* known only in total\n{selection.explanation}"


def show_text(record: Record) -> str:
    """Everything that is known about a record, then what is not, then the problems that failed."""
    known: list[tuple[str, str]] = []
    unknown: list[str] = []
    content = {key: value for key, value in record.content.items() if key not in ("outcome", "schema")}
    for name, value in _leaves("", content):
        if value in (None, UNKNOWN, [], {}):
            unknown.append(name)
        else:
            known.append((name, str(value)))
    parts = [record.id, "", table(("", ""), [*known, ("outcome", _outcome(record))])]
    if unknown:
        parts += ["", *_listing("not known", unknown)]
    if isinstance(record.outcome, ProblemsOutcome):
        failed = [problem.id for problem in record.outcome.problems if not problem.passes]
        parts += ["", *_listing(f"{len(failed)} problems never passed", failed)]
    return "\n".join(parts)


def _outcome(record: Record) -> str:
    known = [
        f"{name} {value}" for name, value in row(record)["outcome"].items() if name != "kind" and value is not None
    ]
    return f"{record.outcome.kind}: {result(record)}" + (f" ({', '.join(known)})" if known else "")


def _leaves(prefix: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in _leaves(f"{prefix}.{key}" if prefix else key, item)]
    return [(prefix, value)]


def _listing(heading: str, ids: Sequence[str]) -> list[str]:
    if not ids:
        return [f"{heading}: none"]
    return [f"{heading}:", *textwrap.wrap(clean(", ".join(ids)), WIDTH, initial_indent="  ", subsequent_indent="  ")]


def compare_data(reference: Sequence[Record], candidate: Sequence[Record]) -> dict[str, Any]:
    """A comparison with its exact test and its interval, where every problem is a flip or none."""
    found = compare(reference, candidate)
    data: dict[str, Any] = asdict(found) | {"difference": found.difference}
    lost, gained = len(found.lost), len(found.gained)
    data["mcnemar_exact_p"] = mcnemar_exact(lost, gained, "two-sided") if found.binary else None
    interval = tango_interval(lost, gained, found.n, ALPHA, "two-sided") if found.binary else None
    data["interval"] = None if interval is None else [interval.low, interval.high]
    data["alpha"] = ALPHA
    return data


def compare_text(data: dict[str, Any]) -> str:
    """The comparison as a table of both sides, and one sentence about the difference."""
    n, counts = data["n"], {name: str(len(data[name])) for name in ("both", "lost", "gained", "neither", "tied")}
    sides = [
        (side, f"{100 * data[name]:.2f} %", "\n".join(data[f"{name}_ids"]))
        for side, name in (("A", "reference"), ("B", "candidate"))
    ]
    cells = [("A passes", counts["both"], counts["lost"]), ("A fails", counts["gained"], counts["neither"])]
    said = f"B less A: {100 * data['difference']:+.2f} points"
    if data["interval"] is None:
        said += (
            f". With several samples or runs a side has rates, so these are no flips ({counts['tied']} problems tie "
            "between never and always), and the exact test does not apply: a `difference` claim in a contract tests it "
            "by bootstrap."
        )
    else:
        low, high = (100 * bound for bound in data["interval"])
        said += f", {100 * (1 - data['alpha']):g} % interval {low:+.2f} to {high:+.2f} (Tango's score interval)"
        said += f"; exact McNemar p = {data['mcnemar_exact_p']:.3g}, two-sided."
    heading = f"{data['benchmark']}, {n} problems, paired"
    blocks = (
        heading,
        table(("", "", ""), sides),
        table(("", "B passes", "B fails"), cells),
        textwrap.fill(said, WIDTH),
    )
    return "\n\n".join(blocks)


def flips_text(found: Comparison) -> str:
    """The ids of the problems that flip, both ways."""
    lost = _listing(f"{len(found.lost)} of {found.n} lost: A solves them more often than B", found.lost)
    return "\n".join(
        [*lost, *_listing(f"{len(found.gained)} of {found.n} gained: B solves them more often", found.gained)]
    )


def oracle_data(found: Oracle) -> dict[str, Any]:
    """The union as plain data."""
    shares = {name: [share._asdict() for share in getattr(found, name)] for name in ("runs", "prompts", "models")}
    return asdict(found) | shares


def oracle_text(found: Oracle) -> str:
    """What the union comes to, what it was taken from, and the problems by how reliably they are solved."""
    runs = len(found.runs)
    said = [
        f"{found.benchmark}: {_share(found.solved, found.n)} solved by at least one of {_count(runs, 'run')} of "
        f"{_count(len(found.models), 'model')} with {_count(len(found.prompts), 'prompt')}.",
        f"Always solved {len(found.always)}, inconsistent {len(found.inconsistent)}, never solved {len(found.never)}.",
        "No single run need reach the union.",
    ]
    if len(found.models) > 1:
        said.append("It mixes models: it is the ceiling of none of them.")
    if found.left_out:
        least, most = found.possible
        said.append(
            f"Left out: {_count(len(found.left_out), 'run')} known only in total; with them the union is from {least} "
            f"to {most}."
        )
    blocks = [textwrap.fill(" ".join(said), WIDTH)]
    for heading, shares in (("model", found.models), ("prompt", found.prompts), ("run", found.runs)):
        if len(shares) > 1:
            rows = [_share_row(share, heading) for share in shares]
            blocks.append(table((heading, "runs", "solved", "only here"), rows))
    rates = [f"{one} ({rate:.0%})" for one, rate in sorted(found.inconsistent.items(), key=lambda pair: pair[1])]
    blocks.append("\n".join(_listing("never solved", found.never)))
    blocks.append("\n".join(_listing("inconsistent, with the share of runs that solve it", rates)))
    return "\n\n".join(blocks)


def _share_row(share: Share, heading: str) -> tuple[str, str, str, str]:
    name = share.name if heading != "run" else share.name.rpartition("-")[2]
    unique = f"{len(share.unique)}" + (f": {', '.join(share.unique[:4])}" if share.unique else "")
    return name, str(share.runs), str(share.solved), unique + (", …" if len(share.unique) > 4 else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
