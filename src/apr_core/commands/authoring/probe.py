"""Calling a function on drawn inputs to see what it takes, what it gives, and what it changes.

The one thing a reader would get wrong: nothing that is seen here is a claim. It only decides which claims are worth
writing down; those are then tried like any other.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from pydantic import TypeAdapter, ValidationError

from apr_core.commands.authoring.domains import Domain
from apr_core.compiler.describe import describe
from apr_core.compiler.strategies import Scope, environment
from apr_core.compiler.values import fresh, same
from apr_core.contract.inputs import Input
from apr_core.contract.vocabulary import VOCABULARY
from apr_core.errors import UsageError

CASES = 24
SECONDS = 2.0
"""Wall time after which no further call is made; a call that is under way is waited for."""

_ADAPTER: TypeAdapter[Input] = TypeAdapter(Input)


@dataclass(frozen=True)
class Seen:
    """One call: its arguments, and what came of it."""

    arguments: dict[str, Any]
    result: Any = None
    error: Exception | None = None
    changed: tuple[str, ...] = ()
    """Arguments that the call changed."""

    def __str__(self) -> str:
        values = ", ".join(f"{name}={describe(value)}" for name, value in self.arguments.items())
        if self.error is None:
            return f"({values}) gave {describe(self.result)}"
        return f"({values}) raised {type(self.error).__name__}: {str(self.error)[:200].rstrip('.')}"


def probe(
    call: Callable[[Mapping[str, Any]], Any], domains: Mapping[str, Domain], wanted: Sequence[str], cases: int = CASES
) -> list[Seen]:
    """What up to `cases` calls came to. `call` takes the drawn values by name; `wanted` are those that it uses.

    Raises:
        UsageError: a domain is no domain, or cannot be drawn.
    """
    models = {name: _model(name, domain) for name, domain in domains.items()}
    seen: list[Seen] = []
    stop = time.monotonic() + SECONDS

    def one_case(case: Mapping[str, Any]) -> None:
        if time.monotonic() < stop:
            seen.append(_called(call, {name: case[name] for name in wanted}))

    with tempfile.TemporaryDirectory(prefix="apr-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        strategy = environment(models, models, Scope({}, VOCABULARY), resolve=_no_strategy, workroot=Path(folder))
        test = hypothesis.given(strategy)(one_case)
        hypothesis.seed(0)(hypothesis.settings(_settings(cases))(test))()
    return seen


def _settings(cases: int) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=cases, database=None, deadline=None, phases=(Phase.generate,), verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def _model(name: str, domain: Domain) -> Input:
    try:
        return _ADAPTER.validate_python(domain)
    except ValidationError as error:
        raise UsageError(
            f"the domain {domain!r} of {name!r} is none that a contract can have: {error.errors()[0]['msg']}."
        ) from None


def _no_strategy(reference: str) -> Callable[..., Any]:
    raise UsageError(
        f"the domain `strategy: {reference}` cannot be tried while a contract is drafted. Add it by hand afterwards."
    )


def _called(call: Callable[[Mapping[str, Any]], Any], arguments: dict[str, Any]) -> Seen:
    used = {name: fresh(value) for name, value in arguments.items()}
    try:
        result = call(used)
    except Exception as error:
        return Seen(arguments, error=error)
    return Seen(arguments, result, changed=tuple(name for name in used if not same(arguments[name], used[name])))


def share_that_worked(seen: Sequence[Seen]) -> float:
    """The share of calls that returned; 0 when none was made."""
    return sum(one.error is None for one in seen) / len(seen) if seen else 0.0
