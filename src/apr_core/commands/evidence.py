"""`apr evidence`: import result files as records, and ask what the records of a project show.

The one thing a reader would get wrong: nothing here is a verdict. A comparison prints its interval and p-value for a
reader; whether a claim stands is decided by a contract, with the error rate that the contract declares.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apr_core.commands.output import add_json, emit
from apr_core.errors import SelectionError, UsageError, did_you_mean
from apr_core.project import project_root

if TYPE_CHECKING:
    from apr_core.evidence.ledger import Ledger, Selection
    from apr_core.evidence.record import Record

FOLDER = Path("falsify") / "evidence"
AUTO = "auto"
FORMATS = ("apr-leaderboard", "bigcode", "bigcodebench", "evalplus", "figures", "inspect", "lm-eval")
"""As in `evidence.importers`, which is not imported to print a help text; a test compares."""
KEYS = ("model", "role", "benchmark", "precision", "prompt", "backend", "stage", "seed", "source")
SIDE = (
    "an evidence id (or a unique beginning of it, or of its digest), or a selection such as prompt=few-shot,model=NAME"
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `evidence` and its actions."""
    family = subparsers.add_parser("evidence", description="Import and compare the records that claims are decided on.")
    actions = family.add_subparsers(dest="action", required=True)
    imported = actions.add_parser("import", help="turn result files of another program into records")
    imported.add_argument("format", metavar="FORMAT", help=f"auto (told by the content), {', '.join(FORMATS)}")
    imported.add_argument("path", metavar="PATH", help="a result file, or a folder of them")
    imported.add_argument(
        "--model", metavar="NAME", help="the model as its publisher writes it, where the file does not say it so"
    )
    imported.add_argument(
        "--score",
        metavar="NAME",
        action="append",
        help="the score that the record is of, where a file has several; may be repeated",
    )
    imported.add_argument(
        "--into", metavar="DIR", help="where the records go (default: the project's falsify/evidence)"
    )
    listed = actions.add_parser("list", help="the records, one line each")
    shown = actions.add_parser("show", help="one record: what is known about it, and what is not")
    shown.add_argument("id", metavar="ID", help="an evidence id, or a unique beginning of it or of its digest")
    for action, text in (
        ("compare", "two sides problem by problem: lost, gained, the interval and the exact test"),
        ("flips", "the problems that one side solves and the other does not"),
    ):
        pair = actions.add_parser(action, help=text)
        pair.add_argument("reference", metavar="A", help=SIDE)
        pair.add_argument("candidate", metavar="B", help="the same, for the side that is compared with A")
    united = actions.add_parser("oracle", help="the best of several runs for each problem, and what it was taken from")
    for parser in (listed, united):
        _add_selection(parser)
    for parser in actions.choices.values():
        parser.add_argument(
            "--evidence",
            metavar="DIR",
            action="append",
            help="a folder of records; may be repeated, the first is the project's",
        )
        add_json(parser)


def _add_selection(parser: argparse.ArgumentParser) -> None:
    for key in KEYS:
        parser.add_argument(
            f"--{key}", metavar=key.upper(), help=argparse.SUPPRESS if key == "role" else f"of this {key} only"
        )
    parser.add_argument("--select", metavar="WHICH", help="all (default), latest, registered, best, or an evidence id")


def run(args: argparse.Namespace) -> int:
    """Runs one action. Always 0: what the records show is no verdict."""
    return ACTIONS[args.action](args)


def _ledger(args: argparse.Namespace) -> Ledger:
    from apr_core.evidence.ledger import Ledger

    folders = [Path(folder) for folder in args.evidence or ()]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--evidence {folder}: there is no such folder. Give a folder of records.")
    ledger = Ledger(folders or [project_root(Path.cwd()) / FOLDER])
    for _, message in ledger.broken:
        print(f"apr: left out, because it is no valid record: {message}", file=sys.stderr)
    return ledger


def _import(args: argparse.Namespace) -> int:
    from apr_core.evidence.ledger import Ledger

    records = _read(args)
    folder = Path(args.into or (args.evidence or [project_root(Path.cwd()) / FOLDER])[0])
    ledger = Ledger([folder])
    new = [record.id for record in records if ledger.append(record)]
    there = [record.id for record in records if record.id not in new]
    text = f"{len(records)} records into {folder}: {len(new)} new, {len(there)} there already"
    emit(
        args, lambda: "\n".join([text, *(f"  {one}" for one in new)]), {"into": str(folder), "new": new, "there": there}
    )
    return 0


def _read(args: argparse.Namespace) -> list[Record]:
    """The records of a result file, with those options that its format has.

    Raises:
        UsageError: there is no such format, it is not recognised, or it has no such option.
    """
    from apr_core.evidence.importers import IMPORTERS, recognise

    name = recognise(Path(args.path)) if args.format == AUTO else args.format
    if name not in IMPORTERS:
        raise UsageError(
            f"there is no format {name!r}; there are {', '.join(IMPORTERS)}.{did_you_mean(name, IMPORTERS)}"
        )
    if args.model is not None and not re.fullmatch(r"\S([^\x00-\x1f]{0,198}\S)?", args.model):
        raise UsageError(f"--model {args.model!r}: a name is a short line without space around it. Give one like it.")
    options = {"model": args.model, "scores": args.score}
    given = {option: value for option, value in options.items() if value is not None}
    for option in sorted(set(given) - set(signature(IMPORTERS[name]).parameters)):
        raise UsageError(f"--{option.removesuffix('s')} has no meaning for the format {name!r}. Leave it out.")
    return IMPORTERS[name](Path(args.path), **given)


def _list(args: argparse.Namespace) -> int:
    from apr_core.commands.evidence_text import list_text, row

    selection = _selected(_ledger(args), {key: getattr(args, key) for key in (*KEYS, "select")})
    emit(args, lambda: list_text(selection), [row(record) for record in selection.records])
    return 0


def _show(args: argparse.Namespace) -> int:
    from apr_core.commands.evidence_text import show_text

    record = _ledger(args).find(args.id)
    emit(args, lambda: show_text(record), {"id": record.id, **record.content})
    return 0


def _compare(args: argparse.Namespace) -> int:
    from apr_core.commands.evidence_text import compare_data, compare_text

    reference, candidate = _sides(args)
    data = compare_data(reference, candidate)
    emit(args, lambda: compare_text(data), data)
    return 0


def _flips(args: argparse.Namespace) -> int:
    from apr_core.commands.evidence_text import flips_text
    from apr_core.evidence.analysis import compare

    found = compare(*_sides(args))
    emit(args, lambda: flips_text(found), {"lost": found.lost, "gained": found.gained, "n": found.n})
    return 0


def _oracle(args: argparse.Namespace) -> int:
    from apr_core.commands.evidence_text import oracle_data, oracle_text
    from apr_core.evidence.analysis import oracle

    selection = _selected(_ledger(args), {key: getattr(args, key) for key in (*KEYS, "select")})
    found = oracle(selection.records)
    emit(args, lambda: oracle_text(found), oracle_data(found))
    return 0


def _sides(args: argparse.Namespace) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    ledger = _ledger(args)
    return _side(ledger, args.reference), _side(ledger, args.candidate)


def _side(ledger: Ledger, word: str) -> tuple[Record, ...]:
    """The records that an id or a selection `key=value,key=value` means."""
    if "=" not in word:
        return (ledger.find(word),)
    selector: dict[str, Any] = {}
    for part in word.split(","):
        key, equals, value = part.partition("=")
        if not equals or not value or key.strip() in selector:
            raise UsageError(f"{word!r} is no selection: {part!r} is not one key=value. Write model=NAME,prompt=NAME.")
        selector[key.strip()] = value.strip()
    return _selected(ledger, selector).records


def _selected(ledger: Ledger, selector: dict[str, Any]) -> Selection:
    """A selection that found something. An empty answer would read as "no such thing", and mostly is a mistyped word.

    Raises:
        SelectionError: it found nothing; says why, key by key.
    """
    selection = ledger.select(selector)
    if not selection.records:
        raise SelectionError(f"no record was selected: {selection.explanation}.")
    return selection


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "import": _import,
    "list": _list,
    "show": _show,
    "compare": _compare,
    "oracle": _oracle,
    "flips": _flips,
}
