"""Where the answer of a command goes: `--json` to stdout, `--json FILE` and `-o FILE` to a file that is written
whole.

The one thing a reader would get wrong: `--json FILE` takes the word that follows it. In `apr contract lint --json
contracts` that word is meant as a folder to check, so a FILE that is a folder is refused with the way out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apr_core.errors import UsageError

STDOUT = "-"


def add_json(parser: argparse.ArgumentParser) -> None:
    """Adds `--json [FILE]` to a command."""
    parser.add_argument(
        "--json",
        nargs="?",
        const=STDOUT,
        metavar="FILE",
        help="print the answer as JSON; with FILE write it there and print it for people as well",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Adds `-o FILE` to a command whose answer is a document."""
    parser.add_argument("-o", "--output", metavar="FILE", help="write to FILE instead of printing")


def emit(args: argparse.Namespace, text: Callable[[], str], data: Any) -> None:
    """Prints the answer: as JSON alone for `--json`, else for people, and into the file when `--json FILE` names one."""
    document = None if args.json is None else json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if args.json == STDOUT:
        print(document, end="")
        return
    if document is not None:
        write(args.json, document, "--json")
    print(text().rstrip("\n"))


def deliver(args: argparse.Namespace, document: str) -> None:
    """Prints a document, or writes it to the file that `-o` names."""
    document = document.rstrip("\n") + "\n"
    if args.output is None or args.output == STDOUT:
        print(document, end="")
    else:
        write(args.output, document, "--output")


def write(name: str, document: str, flag: str) -> None:
    """Writes a file whole or not at all.

    Raises:
        UsageError: the name is that of a folder, or lies in a folder that does not exist.
        AprError: the file cannot be written.
    """
    from apr_core.files import write_atomic

    path = Path(name)
    if path.is_dir():
        raise UsageError(
            f"{flag} {name}: this is a folder, and a file name belongs here. Put other arguments before {flag}."
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"{flag} {name}: the folder {path.parent} does not exist. Make it first, or choose another place."
        )
    write_atomic(path, document)
