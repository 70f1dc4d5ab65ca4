"""`apr contract graph`: from criteria to contracts, claims, subjects and evidence.

The one thing a reader would get wrong: a contract that cannot be read is an error here and not a gap in the picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from apr_core.commands.output import deliver
from apr_core.commands.project import contract_files
from apr_core.errors import ContractError, Problem
from apr_core.graph import FORMATS, build
from apr_core.project import project_root
from apr_core.trial.catalog import Catalog


def run(args: argparse.Namespace) -> int:
    """Draws the graph; 0. Raises ContractError with the problems of all files."""
    catalog = Catalog(project_root(Path.cwd()))
    contracts = []
    problems: list[Problem] = []
    for path in contract_files(catalog, args.paths):
        try:
            contracts.append(catalog.load_path(path))
        except ContractError as error:
            problems += error.problems
    if problems:
        raise ContractError(problems)
    deliver(args, FORMATS[args.format](build(contracts)))
    return 0
