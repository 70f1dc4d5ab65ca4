"""Negative controls: a fault planted in a subject's result, which the obligations named beside it must notice.

The one thing a reader would get wrong: a mutant is killed by a counterexample, not by an accident. An obligation that comes
out as ERROR under a mutant has not noticed anything; only FALSIFIED counts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from apr_core.contract.expression import compile_expression
from apr_core.contract.load import LoadedContract
from apr_core.contract.schema import ResultMutant
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.errors import SubjectError
from apr_core.trial.result import Result
from apr_core.trial.subjects import resolve
from apr_core.verdict import Verdict

if TYPE_CHECKING:
    from apr_core.trial.session import Session


def plant(session: Session, loaded: LoadedContract, mutant: ResultMutant) -> Callable[..., Any]:
    """The subject of a mutant with its result replaced by `becomes`.

    Raises:
        SubjectError: the subject's parameters are not known by name.
        ExpressionError: `becomes` reads something that is neither `result` nor a parameter.
    """
    subject = resolve(loaded.model.subjects[mutant.of], session.policy)
    try:
        signature = inspect.signature(subject)
    except ValueError as error:
        raise SubjectError(
            f"mutant {mutant.id}: the parameters of {mutant.of} are not known ({error}). Wrap it in a function of your own."
        ) from error
    base = {**CONSTANTS, **loaded.model.constants}
    functions = {**VOCABULARY, **{name: resolve(each, session.policy) for name, each in loaded.model.subjects.items()}}
    becomes = compile_expression(
        mutant.becomes, names={*base, *signature.parameters, "result"}, functions=set(functions)
    )

    def mutated(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        names = {**base, **bound.arguments}
        if "result" in becomes.names:  # a mutant that answers anyway must not be stopped by the subject's own refusal
            names["result"] = subject(*args, **kwargs)
        return becomes.evaluate(names, functions)

    return mutated


def try_mutant(session: Session, loaded: LoadedContract, mutant: ResultMutant) -> dict[str, Result]:
    """Obligation id → its result under the mutant, for the obligations that must be falsified by it."""
    planted = {mutant.of: plant(session, loaded, mutant)}
    return {
        name: session.judge_obligation(loaded, loaded.obligation(name), mutate=planted) for name in mutant.killed_by
    }


def survivors(results: dict[str, Result]) -> list[str]:
    """The obligations that did not notice."""
    return [name for name, result in results.items() if result.verdict is not Verdict.FALSIFIED]
