"""`apr eval compare`: several results of one benchmark against the first of them, paired problem by problem.

The one thing a reader would get wrong: several files given as one side (`a.json,b.json`) are runs of one thing, averaged per
problem; files given apart are different things.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.commands.output import add_json, emit
from apr_core.errors import UsageError

if TYPE_CHECKING:
    from apr_core.evaluation.comparison import Row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the action takes."""
    parser.add_argument(
        "results", metavar="RESULT.json", nargs="+",
        help="results of one benchmark, the reference first; runs of one side are joined by commas",
    )  # fmt: skip
    parser.add_argument("--flips", action="store_true", help="list the problems that flip")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the bootstrap (default 0)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Compares the results. Always 0: a difference is no verdict."""
    from apr_core.evaluation.comparison import compare_all, read_side

    if len(set(args.results)) < len(args.results):
        raise UsageError("a result is given twice, and would be compared with itself. Give each once.")
    sides = {name: [read_side(Path(one)) for one in name.split(",")] for name in args.results}
    rows = compare_all(sides, seed=args.seed)
    data = {"reference": args.results[0], "rows": [_row(row) for row in rows]}
    emit(args, lambda: _text(data, args.flips), data)
    return 0


def _row(row: Row) -> dict[str, Any]:
    found = row.found
    return {
        "name": row.name, "benchmark": found.benchmark, "n": found.n,
        "reference": found.reference, "candidate": found.candidate, "difference": found.difference,
        "interval": None if row.interval is None else list(row.interval), "p": row.p, "holm": row.adjusted,
        "method": row.method, "lost": list(found.lost), "gained": list(found.gained),
        "both": len(found.both), "neither": len(found.neither), "tied": len(found.tied),
    }  # fmt: skip


def _text(data: dict[str, Any], flips: bool) -> str:
    from apr_core.commands.evidence_text import table

    rows = data["rows"]
    first = rows[0]
    cells = [("A", data["reference"], f"{100 * first['reference']:.2f} %", "", "", "", "", "")]
    for letter, row in zip(map(chr, range(ord("B"), 0x110000)), rows, strict=False):
        interval = (
            "unknown" if row["interval"] is None else "{:+.2f} to {:+.2f}".format(*(100 * x for x in row["interval"]))
        )
        cells.append(
            (
                letter, row["name"], f"{100 * row['candidate']:.2f} %", f"{100 * row['difference']:+.2f}", interval,
                str(len(row["lost"])), str(len(row["gained"])), _p(row),
            )
        )  # fmt: skip
    headings = ("", "result", "pass@1", "less A", "95 % interval", "lost", "gained", "p (Holm)")
    parts = [f"{first['benchmark']}, {first['n']} problems, paired with A", table(headings, cells)]
    parts.append("; ".join(sorted({row["method"] for row in rows})))
    if flips:
        parts += [f"{row['name']}\n  lost: {_ids(row['lost'])}\n  gained: {_ids(row['gained'])}" for row in rows]
    return "\n\n".join(parts)


def _p(row: dict[str, Any]) -> str:
    return "" if row["p"] is None else f"{row['p']:.3g} ({row['holm']:.3g})"


def _ids(ids: list[str]) -> str:
    return ", ".join(ids) or "none"
