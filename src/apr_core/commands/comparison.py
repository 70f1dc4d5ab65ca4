"""`apr report diff`: what changed from one run to another, and whether anything got worse.

The one thing a reader would get wrong: only what is worse on its own makes the exit code 1. A claim that rests on fewer
problems than before, or passes because its line was moved, is said loudly, and a person has to decide what it means.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from apr_core.commands.output import emit

SAME, WORSE = 0, 1


def run(args: argparse.Namespace) -> int:
    """Compares two reports; 1 when something got worse.

    Raises:
        AprError: a report cannot be read, or the output cannot be written.
    """
    from apr_core.report.compare import compare
    from apr_core.report.compare_text import diff_data, diff_markdown, diff_text
    from apr_core.report.json import read_report

    found = compare(read_report(Path(args.first)), read_report(Path(args.second)))
    names = (args.first, args.second)
    text = diff_markdown if args.format == "markdown" else diff_text
    emit(args, partial(text, found, names), diff_data(found, names))
    return WORSE if found.worse else SAME
