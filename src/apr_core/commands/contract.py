"""`apr contract`: write a contract, check contracts, and show what they say and rest on.

The one thing a reader would get wrong: `lint` exits with 1 when it finds problems, as a linter does. Exit code 2
stays what it is everywhere: the command was not used as it can be.
"""

from __future__ import annotations

import argparse
import importlib

from apr_core.commands.output import add_json, add_output, deliver
from apr_core.commands.project import add_session
from apr_core.errors import UsageError

GRAPH_FORMATS = ("text", "mermaid", "dot", "json")

_MODULES = {
    "new": "apr_core.commands.authoring.draft",
    "lint": "apr_core.commands.authoring.lint",
    "explain": "apr_core.commands.authoring.explain",
    "graph": "apr_core.commands.authoring.drawing",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `contract` and its actions."""
    family = subparsers.add_parser("contract", description="Write, check and explain contracts.")
    actions = family.add_subparsers(dest="action", required=True)
    _add_new(actions)
    lint = actions.add_parser(
        "lint",
        help="every problem of every contract, with its place",
        description="Checks contracts without running anything that they claim. Exits with 1 when it finds problems.",
    )
    lint.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: the project's contracts)")
    add_json(lint)
    _add_explain(actions)
    graph = actions.add_parser("graph", help="from criteria to contracts, claims, subjects and evidence")
    graph.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: the project's contracts)")
    graph.add_argument("--format", choices=GRAPH_FORMATS, default="text", help="(default: text)")
    add_output(graph)
    schema = actions.add_parser(
        "schema",
        help="the JSON Schema of the language, for editors",
        description="Prints the JSON Schema of the contract language, for an editor that completes and checks YAML.",
    )
    add_output(schema)
    schema.add_argument(
        "--check", action="store_true", help="compare with the file of -o instead; exit with 1 if it differs"
    )


def _add_explain(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    explain = actions.add_parser(
        "explain",
        help="what a claim says, as a test that could be pasted, with example cases",
        description="Prints one claim: its sentence, the equivalent pytest and Hypothesis function, and a few drawn cases; "
        "for a claim about evidence, the decision rule in words and the records that it rests on.",
    )
    explain.add_argument(
        "claim", metavar="ID", help="contract::ID, path/to/file.apr.yaml::ID, or a bare ID that is unique"
    )
    explain.add_argument("--cases", type=int, default=3, metavar="N", help="how many cases to draw (default: 3)")
    explain.add_argument("--seed", type=int, default=0, metavar="N", help="the seed of the drawing (default: 0)")
    add_session(explain)


def _add_new(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    new = actions.add_parser(
        "new",
        help="a first contract for a function, from its signature and a few calls",
        description="Writes a contract for a function. The function is called on drawn inputs to see what it takes and gives.",
    )
    new.add_argument("--subject", required=True, metavar="MODULE:FUNCTION", help="for example package.module:function")
    new.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=DOMAIN",
        help="the domain of a parameter, as in a contract: --input 'n={integer: [1, 9]}'; may be repeated",
    )
    new.add_argument(
        "-o", "--output", metavar="FILE", help="where to write (default: contracts/MODULE/FUNCTION.apr.yaml)"
    )
    new.add_argument("--force", action="store_true", help="overwrite a file that exists")


def run(args: argparse.Namespace) -> int:
    """Runs one action; 1 when `lint` finds problems or `schema --check` a difference."""
    if args.action == "schema":
        return _schema(args)
    code: int = importlib.import_module(_MODULES[args.action]).run(args)
    return code


def _schema(args: argparse.Namespace) -> int:
    from pathlib import Path

    from apr_core.contract.jsonschema import schema_text

    document = schema_text()
    if not args.check:
        deliver(args, document)
        return 0
    if args.output is None:
        raise UsageError("`apr contract schema --check` compares with a file and was given none. Name it with -o FILE.")
    path = Path(args.output)
    if path.is_file() and path.read_text(encoding="utf-8") == document:
        print(f"{path} is up to date")
        return 0
    state = "differs from the language" if path.exists() else "does not exist"
    print(f"{path} {state}: write it with `apr contract schema -o {path}`")
    return 1
