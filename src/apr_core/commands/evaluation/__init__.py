"""`apr eval`: completions to results, a model to results, perplexity, and the references of a benchmark.

The one thing a reader would get wrong: an evaluation exits with 0 whatever the model scores. A low score is a measurement;
whether it refutes a claim is for a contract to say.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

ACTIONS: dict[str, str] = {
    "completions": "evaluate completions that are there, in the sandbox",
    "model": "generate completions with a model and evaluate them",
    "perplexity": "perplexity of a model on a text",
    "samples": "several samples per problem: distinct ones, pass@k, and choosing one of them",
    "compare": "several results of one benchmark, paired problem by problem",
    "check-references": "run the reference solutions of a benchmark: every one must pass",
}
"""Each action is the module of its name here, with `add_arguments(parser)` and `run(args) -> int`."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `eval` and its actions."""
    family = subparsers.add_parser("eval", description="Evaluate programs and models. Programs run in a sandbox.")
    actions = family.add_subparsers(dest="action", required=True)
    for name, text in ACTIONS.items():
        parser = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        _module(name).add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the action and gives its exit code."""
    code: int = _module(args.action).run(args)
    return code


def _module(action: str) -> Any:
    return importlib.import_module(f"apr_core.commands.evaluation.{action.replace('-', '_')}")
