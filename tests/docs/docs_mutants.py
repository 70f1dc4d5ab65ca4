"""Tries every planted fault of the project in the current folder and prints what came of it as JSON.

The one thing a reader would get wrong: it is a script, run in a process of its own, because it imports the subjects of
that project.
"""

from __future__ import annotations

import json
from pathlib import Path

from apr_core.trial.mutants import try_mutants
from apr_core.trial.session import Session, Settings


def main() -> None:
    """Prints {contract: {mutant: {claim: outcome}}}."""
    session = Session(Path.cwd(), Settings(database=False))
    found = {}
    for contract in session.catalog.files:
        loaded = session.catalog.load(contract)
        pairs = [(loaded, mutant) for mutant in loaded.model.mutants]
        found[contract] = {
            control.id.rpartition("::")[2]: {cell.claim.rpartition("::")[2]: cell.outcome for cell in control.cells}
            for control in try_mutants(session, pairs)
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
