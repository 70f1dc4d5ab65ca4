"""`apr report`: the report of a run in another form, compared with that of another run, attested and verified.

The one thing a reader would get wrong: `apr report PATH` shows what a run found and judges nothing, so it exits with 0
also when claims are falsified. `apr gate` is the command that decides, and `apr report diff` the one that finds a decline.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from apr_core.commands.output import STDOUT, add_json, add_output, deliver, write
from apr_core.errors import UsageError

if TYPE_CHECKING:
    from apr_core.report.run import Run

FORMATS = ("terminal", "markdown", "html", "junit", "json")
FILE_WIDTH = 100
"""Columns of the terminal format where there is no terminal."""
REPORT = "a report.json, or the folder that --apr-report wrote"

_MODULES = {
    "diff": "apr_core.commands.comparison",
    "attest": "apr_core.commands.attestation",
    "verify": "apr_core.commands.attestation",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `report` and its actions."""
    family = subparsers.add_parser(
        "report",
        description="Shows, compares and attests what earlier runs found. `apr report PATH` is short for `apr report show\n"
        "PATH`; a folder that is called like an action is reached as ./diff.",
    )
    actions = family.add_subparsers(dest="action", required=True)
    show = actions.add_parser(
        "show",
        help="a report as text, Markdown, HTML, JUnit or JSON",
        description="Shows what an earlier run found: held, falsified and undecided. Runs nothing and exits with 0.",
    )
    show.add_argument("path", nargs="?", metavar="FILE|DIR", help=REPORT)
    show.add_argument("--format", choices=FORMATS, help="(default: terminal)")
    show.add_argument(
        "--open", action="store_true", help="open the HTML form in a browser, written anew if it is stale"
    )
    show.add_argument("--schema", action="store_true", help="print the JSON Schema of report.json instead")
    add_output(show)
    _add_diff(actions)
    _add_attest(actions)
    _add_verify(actions)


def _add_diff(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    diff = actions.add_parser(
        "diff",
        help="what changed from one run to another, and whether anything got worse",
        description="Compares two runs claim by claim. Exits with 1 when something got worse: a claim is newly FALSIFIED, ERROR\n"
        "or RECOVERED, no longer decided or gone, or a planted fault is newly unnoticed. Exits with 0 otherwise.",
    )
    diff.add_argument("first", metavar="A", help=REPORT)
    diff.add_argument("second", metavar="B", help="the same, for the run that is compared with A")
    diff.add_argument("--format", choices=("text", "markdown"), default="text", help="(default: text)")
    add_json(diff)


def _add_attest(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    attest = actions.add_parser(
        "attest",
        help="an in-toto statement about a run, signed with --key",
        description="Writes beside a report what it attests: the digests of what was judged, and which claims passed, warn and\n"
        "failed, as an in-toto statement with the predicate test-result. With --key it is signed, in a DSSE envelope.",
    )
    attest.add_argument("path", metavar="FILE|DIR", help=REPORT)
    attest.add_argument(
        "--key",
        metavar="FILE",
        help="a private key in PEM, Ed25519 or ECDSA; the passphrase of an encrypted one is taken from APR_KEY_PASSPHRASE "
        "or asked for",
    )


def _add_verify(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verify = actions.add_parser(
        "verify",
        help="whether an attestation holds for a report, the contracts and the evidence",
        description="Checks signature, report, outcomes and the files of the project. Exits with 0 when all is as attested and\n"
        "with 1 when anything is not. That is no judgement of the run: an attested run may have failed.",
    )
    verify.add_argument("path", metavar="FILE|DIR", help=REPORT)
    verify.add_argument(
        "--key", metavar="FILE", help="the public key in PEM of who must have signed; without it nobody must"
    )
    verify.add_argument(
        "--root", metavar="DIR", help="the project that was judged (default: the one around this folder)"
    )
    verify.add_argument(
        "--evidence", metavar="DIR", action="append", help="a folder of records outside of the project; may be repeated"
    )
    add_json(verify)


def run(args: argparse.Namespace) -> int:
    """Runs one action; 1 when a comparison or a verification found something, else 0.

    Raises:
        AprError: a report cannot be read, or an output cannot be written.
    """
    if args.action in _MODULES:
        code: int = importlib.import_module(_MODULES[args.action]).run(args)
        return code
    if args.schema:
        from apr_core.report.schema import schema_text

        deliver(args, schema_text())
        return 0
    if args.path is None:
        raise UsageError(
            "apr report needs a FILE or DIR: the report.json of a run, or the folder that --apr-report wrote."
        )
    return _open(args) if args.open else _show(args)


def report_file(word: str) -> Path:
    """The report.json that FILE|DIR means."""
    from apr_core.report.json import NAME

    path = Path(word)
    return path / NAME if path.is_dir() else path


def _show(args: argparse.Namespace) -> int:
    from apr_core.report.json import read_report

    deliver(args, _document(args, read_report(Path(args.path))))
    return 0


def _document(args: argparse.Namespace, run: Run) -> str:
    if args.format in (None, "terminal"):
        on_screen = args.output in (None, STDOUT) and sys.stdout.isatty()
        return _terminal(run, on_screen=on_screen)
    text: str = getattr(importlib.import_module(f"apr_core.report.{args.format}"), f"{args.format}_text")(run)
    return text


def _terminal(run: Run, *, on_screen: bool) -> str:
    """The text of every claim that fell or broke, known or not, then the summary."""
    from apr_core.report.failure import failure_text
    from apr_core.report.summary import FAILING
    from apr_core.report.terminal import lines, painted

    width = shutil.get_terminal_size((FILE_WIDTH, 24)).columns if on_screen else FILE_WIDTH
    color = on_screen and not os.environ.get("NO_COLOR")
    failing = [f"{failure_text(result)}\n\n" for result in run.results if result.outcome in (*FAILING, "REFUTED")]
    return "".join(failing) + "\n".join(painted(line) for line in lines(run, width=width, color=color))


def _open(args: argparse.Namespace) -> int:
    """Writes the HTML form where there is none that is newer than the report, and shows it."""
    from apr_core.commands.browser import show

    if args.format not in (None, "html"):
        raise UsageError(
            f"--open shows the HTML form, and --format {args.format} asks for another. Leave one of them out."
        )
    if args.output == STDOUT:
        raise UsageError("--open needs a file to show, and `-o -` prints. Leave -o out, or name a file.")
    source = report_file(args.path)
    target = source.with_suffix(".html") if args.output is None else Path(args.output)
    if args.output is not None or not _fresh(target, source):
        from apr_core.report.html import html_text
        from apr_core.report.json import read_report

        write(str(target), html_text(read_report(source)), "--output")
    print(target)
    if not show(target):
        print("apr: no browser could be opened here; open the file above in one.", file=sys.stderr)
    return 0


def _fresh(target: Path, source: Path) -> bool:
    """Whether `target` is there and not older than the report `source`."""
    try:
        return target.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except OSError:
        return False
