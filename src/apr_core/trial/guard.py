"""The guard around every subject.

The one thing a reader would get wrong: a subject never sees the drawn value itself but a fresh copy, and the copy is compared
with the original after the call. A function that writes into its argument is thereby caught whatever the claim was about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from hypothesis.errors import HypothesisException, UnsatisfiedAssumption

from apr_core.compiler.describe import describe
from apr_core.compiler.values import fresh, same
from apr_core.contract.vocabulary.arrays import is_torch
from apr_core.errors import Refutation, StopTrial, SubjectError, TrialError, Untestable
from apr_core.trial.subjects import EXTRAS, misuse


def guarded(name: str, subject: Callable[..., Any], shared: Collection[int]) -> Callable[..., Any]:
    """`subject` on fresh copies; a changed argument or an exception is a refutation.

    Args:
        name: what the contract calls it.
        shared: ids of read-only objects (`setup`) that are passed as they are.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        given = [value if id(value) in shared else fresh(value) for value in args]
        named = {key: value if id(value) in shared else fresh(value) for key, value in kwargs.items()}
        result = attempt(name, subject, tuple(given), named)
        for position, (original, used) in enumerate(
            zip((*args, *kwargs.values()), (*given, *named.values()), strict=True)
        ):
            if original is not used and not same(original, used, opaque=True):
                what = list(kwargs)[position - len(args)] if position >= len(args) else f"number {position + 1}"
                raise Refutation(
                    "changed", f"{name}() leaves its arguments alone", f"it changed argument {what} to {describe(used)}"
                )
        return _kept(result)

    return call


def _kept(result: Any) -> Any:
    """The result in memory of its own: a subject that reuses its buffer must not change what it gave before."""
    if isinstance(result, np.ndarray):
        return fresh(result)
    return result.clone() if is_torch(result) else result


def attempt(name: str, subject: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a subject; tell apart what refutes the claim from what breaks the trial."""
    try:
        return subject(*args, **kwargs)
    except UnsatisfiedAssumption as error:
        raise Refutation("raised", f"{name}() returns", "it called hypothesis.reject() or assume()") from error
    except (HypothesisException, Untestable, Refutation, KeyboardInterrupt, GeneratorExit):
        raise
    except MemoryError as error:
        raise TrialError(
            f"{name}() ran out of memory: {error}. Draw smaller inputs, or give the process more."
        ) from error
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in EXTRAS:
            enable = f"pip install 'apr-core[{EXTRAS[missing]}]'"
            raise Untestable(f"{name}() needs {missing}, which is not installed", enable) from None
        raise SubjectError(f"{name}() needs the module {error.name!r}, which is not installed.") from error
    except BaseException as error:
        if isinstance(error, StopTrial) or type(error).__module__.startswith("hypothesis."):
            raise
        why = misuse(subject, args, kwargs) if isinstance(error, TypeError) else None
        if why is not None:
            raise SubjectError(f"{name}() was called with arguments that it does not take: {why}.") from None
        raise Refutation("raised", f"{name}() returns", f"it raised {type(error).__name__}: {_short(error)}") from error


def _short(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        text = "(its text cannot be shown)"
    return text if len(text) <= 300 else text[:300] + "…"
