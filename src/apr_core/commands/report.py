"""`apr report`: the report of a run in another form, made from its `report.json`.

The one thing a reader would get wrong: this shows what a run found, it judges nothing. It exits with 0 also when
claims are falsified; `apr gate` is the command that decides.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from apr_core.commands.output import STDOUT, add_output, deliver
from apr_core.errors import UsageError

if TYPE_CHECKING:
    from apr_core.report.summary import RunInfo
    from apr_core.trial.result import Result

FORMATS = ("terminal", "markdown", "junit", "json")
FILE_WIDTH = 100
"""Columns of the terminal format where there is no terminal."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `report`."""
    parser = subparsers.add_parser(
        "report",
        description="Shows what an earlier run found: held, falsified and undecided. Runs nothing and exits with 0.",
    )
    parser.add_argument(
        "path", nargs="?", metavar="FILE|DIR", help="a report.json, or the folder that --apr-report wrote"
    )
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="(default: terminal)")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of report.json instead")
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Prints or writes the report; always 0.

    Raises:
        AprError: the report cannot be read, or the output cannot be written.
    """
    if args.schema:
        from apr_core.report.schema import schema_text

        deliver(args, schema_text())
        return 0
    if args.path is None:
        raise UsageError(
            "apr report needs a FILE or DIR: the report.json of a run, or the folder that --apr-report wrote."
        )
    from apr_core.report.json import read_report

    results, info = read_report(Path(args.path))
    deliver(args, _document(args, results, info))
    return 0


def _document(args: argparse.Namespace, results: Sequence[Result], info: RunInfo) -> str:
    if args.format == "json":
        from apr_core.report.json import json_text

        return json_text(results, info)
    if args.format == "junit":
        from apr_core.report.junit import junit_text

        return junit_text(results, info)
    if args.format == "markdown":
        from apr_core.report.markdown import markdown_text

        return markdown_text(results, info)
    on_screen = args.output in (None, STDOUT) and sys.stdout.isatty()
    return _terminal(results, info, on_screen=on_screen)


def _terminal(results: Sequence[Result], info: RunInfo, *, on_screen: bool) -> str:
    """The text of every claim that fell or broke, known or not, then the summary."""
    from apr_core.report.failure import failure_text
    from apr_core.report.summary import FAILING
    from apr_core.report.terminal import lines, painted

    width = shutil.get_terminal_size((FILE_WIDTH, 24)).columns if on_screen else FILE_WIDTH
    color = on_screen and not os.environ.get("NO_COLOR")
    failing = [f"{failure_text(result)}\n\n" for result in results if result.outcome in (*FAILING, "REFUTED")]
    return "".join(failing) + "\n".join(painted(line) for line in lines(results, info, width=width, color=color))
