"""A few of the cases that a claim is tried on, as text.

The one thing a reader would get wrong: no subject runs on them. A subject is called only where a domain needs it to
be drawn.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity

from apr_core.compiler.describe import describe
from apr_core.compiler.exhaustive import enumerate_cases
from apr_core.compiler.strategies import Scope, environment, references
from apr_core.contract.expression import compile_expression
from apr_core.contract.inputs import Input
from apr_core.contract.load import LoadedContract
from apr_core.contract.obligations import PropertyObligation
from apr_core.contract.vocabulary import CONSTANTS, VOCABULARY
from apr_core.trial.session import Session
from apr_core.trial.subjects import resolve

SPREAD = 8
"""So many times more cases are drawn than shown: the first ones that Hypothesis draws are all alike."""

Shown = dict[str, str]
"""Name of the input → its value as text."""


def some_cases(
    session: Session, loaded: LoadedContract, obligation: PropertyObligation, needed: list[str], count: int
) -> list[Shown]:
    """Up to `count` different cases of the needed inputs, the simplest first.

    Raises:
        AprError: an input cannot be drawn, or a subject that it needs cannot be resolved.
        Untestable: an input needs a library that is not installed.
    """
    inputs: dict[str, Input] = {**loaded.model.inputs, **obligation.inputs}
    scope = _scope(session, loaded, set().union(*(references(inputs[name]) for name in needed)))
    if obligation.cases == "exhaustive":
        return [_shown(case) for case in islice(enumerate_cases(inputs, needed, scope), count)]
    found: dict[str, Shown] = {}

    def one_case(case: Mapping[str, Any]) -> None:
        shown = _shown(case)
        found.setdefault(repr(shown), shown)

    with tempfile.TemporaryDirectory(prefix="apr-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        resolver = _resolver(session)
        strategy = environment(inputs, needed, scope, resolve=resolver, workroot=Path(folder))
        test = hypothesis.given(strategy)(one_case)
        hypothesis.seed(session.settings.seed)(_settings(SPREAD * count)(test))()
    return _spread(list(found.values()), count)


def _settings(cases: int) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=cases, database=None, deadline=None, phases=(Phase.generate,), verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def _spread(cases: list[Shown], count: int) -> list[Shown]:
    """`count` of the cases at equal distances, the first among them."""
    step = max(1, len(cases) // count)
    return cases[::step][:count]


def _shown(case: Mapping[str, Any]) -> Shown:
    return {name: describe(value) for name, value in case.items()}


def _resolver(session: Session) -> Callable[[str], Callable[..., Any]]:
    return lambda reference: resolve(reference, session.policy)


def _scope(session: Session, loaded: LoadedContract, read: Iterable[str]) -> Scope:
    """What the domains may use: constants, the vocabulary, and those subjects and setup objects that they mention."""
    contract = loaded.model
    wanted = set(read)
    for name, source in reversed(contract.setup.items()):
        if name in wanted:
            compiled = compile_expression(source, names=None, functions={*VOCABULARY, *contract.subjects})
            wanted |= compiled.names | compiled.calls
    functions = {
        **VOCABULARY,
        **{name: resolve(one, session.policy) for name, one in contract.subjects.items() if name in wanted},
    }
    names: dict[str, Any] = dict(contract.constants)
    for name, source in contract.setup.items():
        if name in wanted:
            compiled = compile_expression(source, names=None, functions=functions)
            names[name] = compiled.evaluate({**CONSTANTS, **names}, functions)
    return Scope(names, functions)
