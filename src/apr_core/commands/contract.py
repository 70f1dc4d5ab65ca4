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
    "import": "apr_core.commands.authoring.importing",
    "lint": "apr_core.commands.authoring.lint",
    "explain": "apr_core.commands.authoring.explain",
    "audit": "apr_core.commands.authoring.audit",
    "graph": "apr_core.commands.authoring.drawing",
    "diff": "apr_core.commands.authoring.difference",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `contract` and its actions."""
    family = subparsers.add_parser("contract", description="Write, check and explain contracts.")
    actions = family.add_subparsers(dest="action", required=True)
    _add_new(actions)
    _add_import(actions)
    lint = actions.add_parser(
        "lint",
        help="every problem of every contract, with its place",
        description="Checks contracts without running anything that they claim. Exits with 1 when it finds problems.",
    )
    lint.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: the project's contracts)")
    add_json(lint)
    _add_explain(actions)
    _add_audit(actions)
    graph = actions.add_parser("graph", help="from criteria to contracts, claims, subjects and evidence")
    graph.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: the project's contracts)")
    graph.add_argument("--format", choices=GRAPH_FORMATS, default="text", help="(default: text)")
    add_output(graph)
    _add_diff(actions)
    schema = actions.add_parser(
        "schema",
        help="the JSON Schema of the language, for editors",
        description="Prints the JSON Schema of the contract language, for an editor that completes and checks YAML.",
    )
    add_output(schema)
    schema.add_argument(
        "--check", action="store_true", help="compare with the file of -o instead; exit with 1 if it differs"
    )


def _add_diff(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    diff = actions.add_parser(
        "diff",
        help="what changed by meaning: loosened, tightened, reworded; and whether the versions say so",
        usage="apr contract diff [-h] [--allow-dropped CONTRACT] [--json [FILE]] OLD [NEW] [PATH ...]",
        description="Compares contracts by what they mean, never by their text. OLD and NEW are two files, two folders, or\n"
        "revisions that git knows; with one revision, it is compared with the work tree, and PATHs narrow it\n"
        "down. A word that is an existing path is a path, any other a revision.\n\n"
        "Exits with 1 when a claim was loosened or dropped and no major version of its contract says so.",
    )
    diff.add_argument("words", nargs="+", metavar="OLD [NEW] [PATH ...]", help="for example HEAD~1, or v1.0.0 main")
    diff.add_argument(
        "--allow-dropped",
        action="append",
        default=[],
        metavar="CONTRACT",
        help="the id of a contract that may be gone, as it leaves no version to raise; may be repeated",
    )
    add_json(diff)


def _add_audit(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = actions.add_parser(
        "audit",
        help="can every claim fail, and is every planted fault noticed",
        description="Judges every claim, tries every mutant, and probes what no mutant names. Exits with 1 when a claim is\n"
        "VACUOUS (nothing could make it fall) or broken, or when a mutant survives or has drifted from the source.",
    )
    audit.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: the project's contracts)")
    audit.add_argument("--workers", type=int, metavar="N", help="processes for source mutants (default: one per core)")
    audit.add_argument(
        "--fresh",
        action="store_true",
        help="try again what was killed before on the same contract, sources and versions",
    )
    audit.add_argument("--plan", action="store_true", help="say how much there is to try, and stop")
    add_json(audit)
    add_session(audit)


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


def _add_import(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    imported = actions.add_parser(
        "import",
        help="contracts of another registry, with every claim as prose that nothing is bound to yet",
        description="Writes contracts from those of another registry, and loses nothing that they say. Every claim is of "
        "type unbound, and UNTESTED, until somebody gives it a type and an expression.",
    )
    imported.add_argument("format", metavar="FORMAT", help="pv: YAML in the schema of provable-contracts")
    imported.add_argument(
        "paths", nargs="+", metavar="FILE|DIR", help="files, or folders of which all YAML files are read"
    )
    imported.add_argument("-o", "--output", metavar="DIR", help="where to write (default: the project's contracts/)")
    imported.add_argument("--force", action="store_true", help="overwrite files that exist")
    imported.add_argument("--plan", action="store_true", help="show what would be written, and write nothing")
    add_json(imported)


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
