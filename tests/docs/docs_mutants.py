"""Tries every planted fault of the project in the current folder, in a process of its own; prints what came of it as JSON.

The one thing a reader would get wrong: a fault replaces what the subject gives, and the claim is then judged as always, on
drawn inputs. A claim that merely breaks (ERROR) has not noticed the fault.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from apr_core.contract.expression import compile_expression
from apr_core.contract.load import LoadedContract
from apr_core.contract.schema import ResultMutant
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.trial.session import Session, Settings
from apr_core.trial.subjects import resolve


def planted(session: Session, loaded: LoadedContract, mutant: ResultMutant) -> Callable[..., Any]:
    """The subject with the fault: its own result, changed as the mutant says."""
    subjects = {name: resolve(reference, session.policy) for name, reference in loaded.model.subjects.items()}
    functions = {**VOCABULARY, **subjects}
    becomes = compile_expression(mutant.becomes, names=None, functions=functions)
    subject = subjects[mutant.of]

    @wraps(subject)
    def faulty(*args: Any, **kwargs: Any) -> Any:
        call = inspect.signature(subject).bind(*args, **kwargs)
        call.apply_defaults()
        names = {**CONSTANTS, **loaded.model.constants, **call.arguments}
        return becomes.evaluate({**names, "result": subject(*args, **kwargs)}, functions)

    return faulty


def main() -> None:
    """Prints {contract: {mutant: {claim: verdict}}}."""
    session = Session(Path.cwd(), Settings(database=False))
    found: dict[str, dict[str, dict[str, str]]] = {}
    for contract in session.catalog.files:
        loaded = session.catalog.load(contract)
        for mutant in loaded.model.mutants:
            faulty = planted(session, loaded, mutant)
            claims = [one for one in loaded.model.obligations if one.id in mutant.killed_by]
            verdicts = {
                one.id: str(session.judge_obligation(loaded, one, {mutant.of: faulty}).verdict) for one in claims
            }
            found.setdefault(contract, {})[mutant.id] = verdicts
    print(json.dumps(found))


if __name__ == "__main__":
    main()
