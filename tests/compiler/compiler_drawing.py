"""Helpers of the tests of drawn inputs: build a strategy from YAML-like data, try it, find its smallest example."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from apr_core.compiler.strategies import Case, Scope, environment
from apr_core.contract.inputs import Input
from apr_core.contract.vocabulary import VOCABULARY

_INPUTS = TypeAdapter(dict[str, Input])

LIBRARIES = ["numpy", *(["torch"] if importlib.util.find_spec("torch") else [])]


def parse(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Input models from the data that a contract holds."""
    return _INPUTS.validate_python(inputs)


def scope(
    constants: Mapping[str, Any] | None = None, functions: Mapping[str, Callable[..., Any]] | None = None
) -> Scope:
    """The vocabulary, and what is given."""
    return Scope(constants or {}, {**VOCABULARY, **(functions or {})})


def drawing(
    inputs: Mapping[str, Any],
    needed: Iterable[str] | None = None,
    *,
    constants: Mapping[str, Any] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    resolve: Callable[[str], Callable[..., Any]] | None = None,
    workroot: Path = Path("/nonexistent"),
) -> st.SearchStrategy[Case]:
    """The strategy of all inputs, or of the needed ones."""
    models = parse(inputs)
    return environment(
        models,
        models if needed is None else needed,
        scope(constants, functions),
        resolve=resolve or {}.__getitem__,
        workroot=workroot,
    )


def for_all(
    strategy: st.SearchStrategy[Case], check: Callable[[Case], Any], *, examples: int = 100, start: int = 0
) -> list[Case]:
    """Run `check` on drawn cases: it asserts, or gives a truth value. Those cases, in order."""
    seen: list[Case] = []

    @seed(start)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def try_(case: Case) -> None:
        seen.append(case)
        outcome = check(case)
        assert outcome is None or outcome, case

    try_()
    return seen


def cases(strategy: st.SearchStrategy[Case], *, examples: int = 100, start: int = 0) -> list[Case]:
    """Drawn cases."""
    return for_all(strategy, lambda case: None, examples=examples, start=start)


def smallest(strategy: st.SearchStrategy[Case], wanted: Callable[[Case], Any]) -> Case:
    """What Hypothesis shrinks to."""
    quiet = settings(max_examples=2000, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    return find(strategy, lambda case: bool(wanted(case)), settings=quiet, random=random.Random(0))
